# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server that an action is about: its marks, its blocks, and what most actions do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ...._core.errors import ConflictError, FleetError, NotFoundError, joined
from .. import marks
from ..directory import Place
from ..read import NULL
from ..sequence import Call, Commands, Job, on_host, power
from ..server import status

BELONGINGS = ("auxiliary", "discard")
"""Marks that name what else is the server's, which would never be found without them."""


class Guest:
    """``record`` is the VM as read at the beginning of the action, by ``begin``."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.ref = place.ref
        self.record: dict[str, Any] = place.records.rows["VM"][place.ref]
        self.own_marks: dict[str, str] = {}
        self.at_risk = False
        """From here on a failure leaves it in ERROR."""

    @property
    def id(self) -> str:
        return str(self.record["uuid"])

    @property
    def name(self) -> str:
        return str(self.record["name_label"])

    @property
    def ran(self) -> bool:
        """Whether it was up at the beginning."""
        return self.record["power_state"] != "Halted"

    @property
    def vm_state(self) -> str:
        """At the beginning."""
        return status(self.record["power_state"], (), marks.marked_state(self.record))[0]

    @property
    def evacuated_from(self) -> str:
        """See ``marks.evacuated_from``."""
        return marks.evacuated_from(self.record, self.uuid_of_host(self.record["resident_on"]))

    # --- the frame of an action ----------------------------------------------------------------------

    def through(
        self, task_state: str, body: Commands, only: tuple[str, ...] = (), force: bool = False
    ) -> Commands:
        """``body`` under a task_state, which it ends itself with ``settle``. If it fails the server
        is left as it was marked before, or in ERROR once it is ``at_risk``.

        ConflictError if it is in none of the vm_states ``only``, or, without ``force``, in the
        task_state of another run.
        """
        yield from self.begin()
        self._check(only, force)
        yield from self.task(task_state)
        try:
            yield from body
        except FleetError as error:
            if self.at_risk:
                yield from self.mark(vm_state="error", fault=error.message)
                yield from self.unblock()
            yield from self.ended()
            raise

    def _check(self, only: tuple[str, ...], force: bool) -> None:
        """Two runs may have planned at the same time."""
        busy, since = marks.task(self.record)
        what = f"server {self.name}"
        if busy is not None and not force:
            raise ConflictError(
                what,
                f"it is in task_state {busy} since {since}",
                "Wait for the run that does this, or reset its state if that run is dead",
            )
        if only and self.vm_state not in only:
            raise ConflictError(
                what,
                f"it is in vm_state {self.vm_state}, but the action requires {joined(only)}",
                "Check its status",
            )

    def up_to_date(self, body: Commands) -> Commands:
        """``body``, before which the marks go that would be wrong about what comes next: those that
        a killed run has left on a server that it had evacuated, and those of a state that somebody
        has ended by hand.
        """
        if self.evacuated_from or self._outdated:
            yield from self.begin()
            if self.evacuated_from and not self.record["current_operations"]:
                kept = [key for key in self.own_marks if key != "left"]
                yield from self.settle(self.own_marks.get("vm_state"), *kept)
            if self._outdated:
                yield from self.unblock()
                yield from self.settle()
        yield from body

    @property
    def _outdated(self) -> bool:
        """See ``marks.outdated``; not while a run is about to write other marks."""
        return marks.outdated(self.record) and marks.task(self.record)[0] is None

    def begin(self) -> Commands:
        """Read it again."""
        self.record = yield Call("VM.get_record", self.ref)
        self.own_marks = marks.marks(self.record)

    def task(self, task_state: str) -> Commands:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        yield from self.mark(task_state=f"{task_state} {now}")

    def mark(self, **changes: str | None) -> Commands:
        """Set marks; None removes one. Key by key, since others change other_config, too."""
        if not self.own_marks and any(value is not None for value in changes.values()):
            yield from self._own()
        for key, value in changes.items():
            if self.own_marks.get(key) == value:
                continue
            if key in self.own_marks:
                yield Call("VM.remove_from_other_config", self.ref, marks.PREFIX + key)
                del self.own_marks[key]
            if value is not None:
                yield Call("VM.add_to_other_config", self.ref, marks.PREFIX + key, value)
                self.own_marks[key] = value

    def _own(self) -> Commands:
        """Marks that came with a copy go; its own begin with its uuid."""
        for key in self.record["other_config"]:
            if marks.is_mark(key):
                yield Call("VM.remove_from_other_config", self.ref, key)
        yield from own(self.ref, self.id)
        self.own_marks = {"id": self.id}

    def ended(self) -> Commands:
        """The end of an action that leaves the marks as they are."""
        yield from self.settle(self.own_marks.get("vm_state"), *self.own_marks)

    def settle(self, vm_state: str | None = None, *kept: str) -> Commands:
        """The end of an action: what is marked from now on. The task_state goes last of all, so
        that nobody takes the server for free before.
        """
        stay = {*kept, *BELONGINGS} & set(self.own_marks)
        if vm_state is not None:
            yield from self.mark(vm_state=vm_state)
            stay.add("vm_state")
        stay -= {"id", "task_state"}
        last = ("task_state",) if stay else ("task_state", "id")
        gone = [*sorted(set(self.own_marks) - stay - {"id", "task_state"}), *last]
        for key in gone:
            if key in self.own_marks:
                yield Call("VM.remove_from_other_config", self.ref, marks.PREFIX + key)
                del self.own_marks[key]

    # --- blocks --------------------------------------------------------------------------------------

    def keep_down(self, vm_state: str) -> Commands:
        """Let nobody start it by accident. The blocks of the state that it was in before go."""
        blocked = yield Call("VM.get_blocked_operations", self.ref)
        rest = {op: text for op, text in blocked.items() if not marks.is_state(text)}
        text = marks.state_block(vm_state)
        wanted = marks.with_blocks(rest, marks.KEPT_DOWN, text)
        yield Call("VM.set_blocked_operations", self.ref, wanted)

    def unblock(self) -> Commands:
        """Take the blocks of states away, and leave a lock that it has."""
        blocked = yield Call("VM.get_blocked_operations", self.ref)
        wanted = marks.without_states(blocked)
        if wanted != blocked:
            yield Call("VM.set_blocked_operations", self.ref, wanted)

    def lifted(self, body: Commands, ours: Callable[[str], bool] = marks.is_ours) -> Commands:
        """``body`` without those blocks; they come back if it fails."""
        blocked = yield Call("VM.get_blocked_operations", self.ref)
        rest = {op: text for op, text in blocked.items() if not ours(text)}
        if rest == blocked:
            yield from body
            return
        yield Call("VM.set_blocked_operations", self.ref, rest)
        try:
            yield from body
        except FleetError:
            yield Call("VM.set_blocked_operations", self.ref, blocked)
            raise

    def startable(self, body: Commands) -> Commands:
        """``body`` without a lock's hold on starts. What else the lock blocks stays blocked, so
        that a run that is killed leaves the server locked, and the next one can make the lock
        whole.
        """
        blocked = yield Call("VM.get_blocked_operations", self.ref)
        locked, reason = marks.lock_of(blocked)
        if not locked:
            yield from body
            return
        rest = {
            op: text
            for op, text in blocked.items()
            if not (op in marks.KEPT_DOWN and marks.is_lock(text))
        }
        whole = marks.with_blocks(rest, marks.LOCKABLE, marks.lock_text(reason))
        if rest != blocked:
            yield Call("VM.set_blocked_operations", self.ref, rest)
        try:
            yield from body
        except FleetError:
            yield Call("VM.set_blocked_operations", self.ref, whole)
            raise
        yield Call("VM.set_blocked_operations", self.ref, whole)

    # --- power ---------------------------------------------------------------------------------------

    def halt(self, method: str = "VM.shutdown") -> Commands:
        """Down, whatever it was doing: asked first, unless the method says otherwise."""
        if (yield Call("VM.get_power_state", self.ref)) == "Halted":
            return
        yield Job(method, self.ref, reached=power("Halted"))

    def run(self, host: str) -> Commands:
        """Start it on the host with this reference."""
        yield Job("VM.start_on", self.ref, host, False, False, reached=on_host(host))

    def host(self, name: str | None) -> str | None:
        """Reference of a host of its pool; NotFoundError if it is in none or in another one."""
        return self.find("host", name) if name else None

    def planned(self, action: str, name: str | None) -> str:
        """Reference of the host that was planned for the server; NotFoundError as above, and
        ConflictError if there is none because it was off, or on a host, when that was decided.
        """
        if name:
            return self.find("host", name)
        why = f"while its power_state is {self.record['power_state']}: no host was chosen for it"
        raise self.cannot(action, why, "Run again")

    def find(self, kind: str, key: str) -> str:
        """Reference of an object of its pool. Raises NotFoundError."""
        records = self.place.records
        ref = records.find(kind, key)
        if ref is None:
            raise NotFoundError(
                f"{kind} {key}",
                f"the server's pool {records.pool['name_label'] or records.pool_id} has none of this name",
                "Choose one from the server's own pool",
            )
        return ref

    def uuid_of_host(self, ref: str) -> str:
        """Empty for none."""
        row = self.place.records.rows["host"].get(ref)
        return str(row["uuid"]) if row else ""

    def host_of_uuid(self, uuid: str) -> str:
        """NULL for none, or one that is gone."""
        hosts = self.place.records.rows["host"].items()
        return next((ref for ref, row in hosts if row["uuid"] == uuid), NULL)

    def cannot(self, action: str, why: str, remedy: str) -> ConflictError:
        return ConflictError(f"server {self.name}", f"action '{action}' is refused {why}", remedy)


def own(ref: str, uuid: str) -> Commands:
    """Make marks on a VM its own."""
    yield Call("VM.add_to_other_config", ref, f"{marks.PREFIX}id", uuid)
