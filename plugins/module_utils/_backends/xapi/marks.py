# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks on a guest: what Nova knows of a server and XAPI does not, stored in the VM itself. Pure.

In VM.other_config, under the prefix ``xenfleet:``, stand

- ``id``: uuid of the VM that the marks belong to. Copies and snapshots inherit other_config; marks
  with another uuid, or without one, mean nothing.
- ``vm_state``: resized, rescued, shelved, shelved_offloaded, soft-delete or error, where the power
  state does not show it; ``fault``: what led to error.
- ``task_state``: what an action is doing, and since when (``resize_finish 2026-01-31T12:00:00Z``).
  One that stays without change was left by a killed run; reset_state clears it.
- ``old``: sizes and host from before a resize or migration that awaits its confirmation, as JSON.
- ``shelved_from``: uuid of the host that it ran on when it was shelved, as its zone is looked for
  then.
- ``left``: uuid of the failed host that it ran on, from the beginning of an evacuation to its good
  end, as XAPI forgets the host when its power state is reset. On a guest that runs on another host
  a killed run left it, and a task_state: the evacuation is over.
- ``join``: on a VM that was shut down so that its host could join a pool, uuid of that host, and
  when the VM had been started, as XAPI shows it. It means nothing once the VM has been started since.
- ``auxiliary``: uuid of the VM from which it is rescued or rebuilt. That VM has ``server``, the uuid
  of the one that it is for, and is no server of its own. This mark and ``discard`` stay, whatever
  becomes of the server, until what they name is destroyed.
- ``discard``: uuids of disks that a rebuild has replaced and is about to destroy.
- ``image_type`` and ``backup_type``, on snapshots: snapshot or backup, as in Glance's images, and
  the type by which backups rotate.

``aggregate:KEY`` under that prefix is no mark, but what people want of a server (extra_specs.py).

In VM.blocked_operations the text ``xenfleet: locked`` (with a reason behind a colon) is a lock, and
``xenfleet: <vm_state>`` keeps a shelved, rescued or deleted server from being started by accident.
Other entries are never touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PREFIX = "xenfleet:"

SPECS = f"{PREFIX}aggregate:"

LOCKED = f"{PREFIX} locked"

LOCKABLE = (
    "start",
    "start_on",
    "pause",
    "unpause",
    "clean_shutdown",
    "hard_shutdown",
    "shutdown",
    "clean_reboot",
    "hard_reboot",
    "suspend",
    "resume",
    "resume_on",
    "pool_migrate",
    "migrate_send",
    "changing_memory_limits",
    "changing_static_range",
    "changing_dynamic_range",
    "changing_VCPUs",
    "changing_VCPUs_live",
    "make_into_template",
    "destroy",
)
"""What changes the guest's state, sizes or place. Not snapshot: Nova lets locked servers be imaged."""

KEPT_DOWN = ("start", "start_on")
"""What a server that is only apparently stopped must not do."""

HOLDS: Mapping[str, frozenset[str]] = {
    "resized": frozenset({"Running", "Halted", "Paused", "Suspended"}),
    "error": frozenset({"Running", "Halted", "Paused", "Suspended"}),
    "rescued": frozenset({"Halted"}),
    "shelved": frozenset({"Halted"}),
    "shelved_offloaded": frozenset({"Halted"}),
    "soft-delete": frozenset({"Halted"}),
}
"""The vm_states that are marked, and the power states that are compatible with each."""


Memory = tuple[int, int, int, int]
"""static_min, dynamic_min, dynamic_max and static_max in bytes."""

Vcpus = tuple[int, int]
"""VCPUs_max and VCPUs_at_startup."""


@dataclass(frozen=True)
class Old:
    """What a resize or migration can go back to; ``host`` and ``affinity`` are uuids or empty."""

    memory: Memory
    vcpus: Vcpus
    host: str
    affinity: str
    ran: bool

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parsed(cls, text: str) -> Old:
        """ValueError, KeyError or TypeError for a text that is not of this form."""
        data = json.loads(text)
        smin, dmin, dmax, smax = (int(v) for v in data["memory"])
        most, startup = (int(v) for v in data["vcpus"])
        return cls(
            (smin, dmin, dmax, smax),
            (most, startup),
            str(data["host"]),
            str(data["affinity"]),
            bool(data["ran"]),
        )


def is_spec(key: str) -> bool:
    """Whether a key of other_config says what the server wants of aggregates."""
    return key.startswith(SPECS)


def is_mark(key: str) -> bool:
    """Whether a key of other_config is a mark, whoever it belongs to."""
    return key.startswith(PREFIX) and not is_spec(key)


def marks(vm: Mapping[str, Any]) -> dict[str, str]:
    """The marks of a VM without their prefix; none if they were inherited from another one."""
    values = {
        key.removeprefix(PREFIX): value for key, value in vm["other_config"].items() if is_mark(key)
    }
    return values if values.get("id") == vm["uuid"] else {}


def plain(config: Mapping[str, str]) -> dict[str, str]:
    """other_config without marks, whoever they belong to."""
    return {key: value for key, value in config.items() if not is_mark(key)}


def marked_state(vm: Mapping[str, Any]) -> str | None:
    """The vm_state that is marked, unless the power state contradicts it."""
    state = marks(vm).get("vm_state", "")
    return state if vm["power_state"] in HOLDS.get(state, ()) else None


def outdated(vm: Mapping[str, Any]) -> bool:
    """Whether a vm_state is marked that the power state contradicts, since somebody has started it."""
    return "vm_state" in marks(vm) and marked_state(vm) is None


def task(vm: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """``(task_state, since)`` as marked; since is ISO 8601."""
    state, _space, since = marks(vm).get("task_state", "").partition(" ")
    return state or None, since or None


def evacuated_from(vm: Mapping[str, Any], here: str) -> str:
    """Uuid of the failed host that a guest was evacuated from by a run which was killed before it
    could unmark it; empty if there is none. ``here`` is the uuid of the host that it is resident on.
    """
    source = marks(vm).get("left", "")
    return source if vm["power_state"] == "Running" and here and source != here else ""


def stopped_for_join(vm: Mapping[str, Any], started: str | None) -> str:
    """Uuid of the host for whose join to a pool a guest was shut down; empty if it has been started
    since, at another time than that which was ended. ``started`` is None where XAPI shows no time.
    """
    host, _space, ended = marks(vm).get("join", "").partition(" ")
    return host if vm["power_state"] == "Halted" and started in (None, ended) else ""


def resized_from(vm: Mapping[str, Any]) -> str:
    """Uuid of the host on which a guest ran before a resize or migration; empty if it was off."""
    try:
        old = Old.parsed(marks(vm)["old"])
    except (ValueError, KeyError, TypeError):
        return ""
    return old.host if old.ran else ""


def state_block(vm_state: str) -> str:
    return f"{PREFIX} {vm_state}"


def lock_text(reason: str | None) -> str:
    return f"{LOCKED}: {reason}" if reason else LOCKED


def is_lock(text: str) -> bool:
    return text == LOCKED or text.startswith(f"{LOCKED}: ")


def is_ours(text: str) -> bool:
    return text.startswith(f"{PREFIX} ")


def is_state(text: str) -> bool:
    """Whether a block is of ours and keeps the server in a state."""
    return is_ours(text) and not is_lock(text)


def lock_of(blocked: Mapping[str, str]) -> tuple[bool, str | None]:
    """Whether it is locked, and why."""
    text = next((t for t in blocked.values() if is_lock(t)), None)
    if text is None:
        return False, None
    return True, text.removeprefix(LOCKED).removeprefix(": ") or None


def without_states(blocked: Mapping[str, str]) -> dict[str, str]:
    """Without the blocks of states. A lock then holds for what they had blocked, too."""
    rest = {op: text for op, text in blocked.items() if not is_state(text)}
    locked, reason = lock_of(rest)
    return with_blocks(rest, LOCKABLE, lock_text(reason)) if locked else rest


def with_blocks(
    blocked: Mapping[str, str], operations: tuple[str, ...], text: str
) -> dict[str, str]:
    """With these operations blocked, too; those that are blocked already keep their text."""
    return {**dict.fromkeys(operations, text), **blocked}
