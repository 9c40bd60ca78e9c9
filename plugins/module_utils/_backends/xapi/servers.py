# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests over XenAPI."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.access import Address, Console
from ..._core.args import ActionArgs
from ..._core.polling import BatchPoll
from ..._core.ports import JobState
from .access import addresses, consoles
from .actions.guest import Guest
from .actions.table import ACTIONS
from .directory import Directory, Place
from .read import NULL
from .sequence import Work
from .tasks import Tasks


class XenServers:
    """ServerPort.

    Actions of several calls are carried forward by ``poll``: one that is not polled to its end
    stays in its task_state, like that of a killed run.
    """

    def __init__(self, directory: Directory, tasks: Tasks) -> None:
        self._directory = directory
        self._tasks = tasks
        self._batch = BatchPoll(self._states)

    def start_action(self, action: str, args: ActionArgs) -> Work:
        """Errors before the first change are raised here, UnsupportedError among them; ``poll``
        reports all others.
        """
        row = ACTIONS[action]
        what = f"{action.replace('_', '-')} of {{}}"

        def start(place: Place) -> Work:
            guest = Guest(place)
            whole = row.action(guest, args)
            # Another evacuation ends that one by itself, or knows the host by its mark.
            if action != "evacuate":
                whole = guest.up_to_date(whole)
            work = Work(self._directory, self._tasks, place, what, whole, row.jobs)
            return work.begin()

        work = self._directory.perform("VM", args.id, what, start)
        return self._batch.begun(work, JobState(done=work.done, error=work.error))

    def possible_hosts(self, servers: Sequence[str]) -> dict[str, frozenset[str]]:
        """By uuid, names of the hosts on which XAPI would start each server, and of the one that it runs
        on, where its own devices are not free. One that is on its way to a host is left out.
        """
        what = "find the hosts that can start {}"
        asked = {s: self._directory.perform("VM", s, what, _possible_hosts) for s in servers}
        return {s: hosts for s, hosts in asked.items() if hosts is not None}

    def addresses(self) -> dict[str, tuple[Address, ...]]:
        """By uuid, of the servers that were read last and that have any."""
        answers = self._directory.ask("VM_guest_metrics.get_all_records")
        parts = (addresses(records, rows) for records, rows in answers)
        return {server: found for part in parts for server, found in part.items()}

    def consoles(self, servers: Sequence[str]) -> dict[str, tuple[Console, ...]]:
        """By uuid, of those of these servers that were read last."""
        answers = self._directory.ask("console.get_all_records")
        parts = (consoles(records, rows, servers) for records, rows in answers)
        return {server: found for part in parts for server, found in part.items()}

    def poll(self, handles: Sequence[Work]) -> list[JobState]:
        """The states of started actions, in the same order. One look is at all that are running."""
        return self._batch.poll(handles)

    def _states(self, works: Sequence[Work]) -> dict[Work, JobState]:
        jobs = {id(work): work.job for work in works if work.job is not None}
        states = dict(zip(jobs, self._tasks.poll(list(jobs.values())), strict=True))
        return {work: work.polled(states.get(id(work))) for work in works}


def _possible_hosts(place: Place) -> frozenset[str] | None:
    row = place.records.rows["VM"][place.ref]
    if row["scheduled_to_be_resident_on"] != NULL:
        # The answer would be that host alone (get_possible_hosts_for_vm in xapi_vm_helpers.ml).
        return None
    refs = place.records.connection.call("VM.get_possible_hosts", place.ref)
    return place.records.host_names({*refs, row["resident_on"]})
