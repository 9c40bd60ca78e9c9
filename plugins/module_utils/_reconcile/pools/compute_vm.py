# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VM in which a host's nova-compute runs, around joins and ejects of its host.

It is the one guest that may run on a host which is to join a pool, or to leave it: it is shut down
before, and started after a join, also one that has failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..._core.errors import joined
from ..._core.model import Fleet, Host, Server
from ..._core.plan import Restoring, Step, Verdict
from ..common.compute_vm import is_compute_vm
from .compute_vm_verbs import ComputeVmArgs, shut_down, start
from .membership_verbs import MemberArgs, eject, join


@dataclass(frozen=True)
class Work:
    """Steps in order, and those of them that are taken even if one fails."""

    steps: tuple[Step, ...] = ()
    restoring: tuple[Restoring, ...] = ()

    def __add__(self, later: Work) -> Work:
        return Work((*self.steps, *later.steps), (*self.restoring, *later.restoring))


@dataclass(frozen=True)
class ComputeVms:
    """Those that ``wanted`` means: see ``is_compute_vm``."""

    fleet: Fleet
    wanted: Sequence[str]

    def knows(self, server: Server) -> bool:
        return is_compute_vm(server, self.wanted)

    def running(self, host: Host) -> list[Server]:
        return [s for s in self._of(host) if s.power_state == "Running" and s.vm_state == "active"]

    def stopped(self, host: Host) -> list[Server]:
        """Those that an earlier run has shut down for a join of this host."""
        return [s for s in self.fleet.servers if s.stopped_for_join == host.name]

    def _of(self, host: Host) -> Iterator[Server]:
        return (s for s in self.fleet.servers if s.host == host.name and self.knows(s))

    def others(self, hosts: Iterable[Host]) -> Fleet:
        """The fleet without those that run on these hosts: what else speaks against a change?"""
        ours = {s.id for h in hosts for s in self.running(h)}
        return _without(self.fleet, ours)

    def unnamed(self) -> Fleet:
        """The fleet without any: they may have the same name on every host."""
        return _without(self.fleet, {s.id for s in self.fleet.servers if self.knows(s)})

    def blockers(self, host: Host) -> Iterator[Verdict]:
        """What keeps the host's from being shut down."""
        running = self.running(host)
        if len(running) > 1:
            yield Verdict(
                host.name,
                "block",
                f"more than one running VM is meant by compute_vm: {joined([s.name for s in running])}",
                "Give the uuid of the one in which nova-compute runs, and shut the others down",
            )
            return
        for server in running:
            if found := _hindrance(server):
                yield Verdict(host.name, "block", *found)

    def left_down(self, hosts: Iterable[Host], decision: str = "block") -> Iterator[Verdict]:
        """What must not go unnoticed where an earlier run was killed and this one can't end it."""
        for host in hosts:
            for server in self.stopped(host):
                yield Verdict(
                    host.name,
                    decision,
                    f"its compute VM {server.name} is still shut down for its join",
                    "Run again once the host is ready, or start the VM yourself",
                )

    # --- steps ------------------------------------------------------------------------------------

    def around_joins(self, joiners: Sequence[Host], args: MemberArgs, window: int) -> Work:
        """No VM is down for longer than the joins that run beside its host's."""
        affected = any(self.running(h) or self.stopped(h) for h in joiners)
        size = max(1, window) if affected else max(1, len(joiners))
        steps: list[Step] = []
        restoring: list[Restoring] = []
        for first in range(0, len(joiners), size):
            batch = joiners[first : first + size]
            downs = {s.id: _down(s, h, h.id) for h in batch for s in self._to_stop(h)}
            ups = [_up(s, h) for h in batch for s in (*self._to_stop(h), *self.stopped(h))]
            steps += [*downs.values(), *(join(h.name, args) for h in batch), *ups]
            restoring += [Restoring(up, downs.get(_id(up))) for up in ups]
        return Work(tuple(steps), tuple(restoring))

    def _to_stop(self, host: Host) -> list[Server]:
        return [] if host.joining else self.running(host)

    def after_joins(self, members: Sequence[Host]) -> Work:
        """Those of members that an earlier run could not start again."""
        ups = tuple(_up(s, h) for h in members for s in self.stopped(h))
        return Work(ups, tuple(Restoring(up) for up in ups))

    def around_ejects(self, leaving: Sequence[Host], args: MemberArgs) -> Work:
        """It is started again only if its host stays."""
        steps: list[Step] = []
        restoring: list[Restoring] = []
        for host in leaving:
            out = eject(host.name, args)
            for server in self.running(host):
                down = _down(server, host)
                steps.append(down)
                restoring.append(Restoring(_up(server, host), down, until=out))
            steps.append(out)
        return Work(tuple(steps), tuple(restoring))


def _without(fleet: Fleet, ids: set[str]) -> Fleet:
    return replace(fleet, servers=tuple(s for s in fleet.servers if s.id not in ids))


def _hindrance(server: Server) -> tuple[str, str] | None:
    """A reason and its remedy. A shutdown that is in progress is waited for."""
    name = f"its compute VM {server.name}"
    if server.locked:
        return f"{name} is locked", "Unlock it: server_action with action unlock"
    if server.task_state == "powering-off":
        return None
    if server.task_state:
        return f"{name} is in task_state {server.task_state}", "Wait until that has ended"
    if "clean_shutdown" not in server.allowed:
        return (
            f"{name} cannot be shut down cleanly: it has no guest tools, or XAPI blocks that",
            "Install the guest tools in it, or shut it down yourself and start it after the join",
        )
    return None


def _down(server: Server, host: Host, for_join: str = "") -> Step:
    return shut_down(server.name, ComputeVmArgs(id=server.id, host=host.name, for_join=for_join))


def _up(server: Server, host: Host) -> Step:
    return start(server.name, ComputeVmArgs(id=server.id, host=host.name))


def _id(step: Step) -> str:
    return step.args.id if isinstance(step.args, ComputeVmArgs) else ""
