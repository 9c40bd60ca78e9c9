# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions as data: a plan can be printed, compared, stored, projected onto a fleet and carried
out.

A step's verb names one entry of each of three tables that must agree: its sentence here, its effect
on the model
(_reconcile/effects/project.py) and its execution (_reconcile/engine/executions.py). A test compares
their keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SENTENCES: Mapping[str, str] = {
    "aggregate.create": "create aggregate {subject}",
    "aggregate.rename": "rename aggregate {subject} to {name}",
    "aggregate.set_zone": "set availability zone of aggregate {subject} to {zone}",
    "aggregate.set_metadata": "set metadata of aggregate {subject}: {changes}",
    "aggregate.add_host": "add host {host} to aggregate {subject}",
    "aggregate.remove_host": "remove host {host} from aggregate {subject}",
    "aggregate.delete": "delete aggregate {subject}",
    "service.enable": "enable compute service of {subject}",
    "service.disable": "disable compute service of {subject}, reason: {reason}",
    "service.set_forced_down": "set forced_down of compute service of {subject} to {forced_down}",
    "service.delete": "delete compute service of {subject}",
    "service.await_up": "wait until compute service of {subject} is up",
    "maintenance.begin": "begin maintenance {name} of {subject}",
    "maintenance.advance": "record maintenance {name} of {subject} as {phase}",
    "maintenance.settle_move": "record move of {subject} from {source} to {target} as {status}",
    "host.enable": "enable host {subject}",
    "host.disable": "disable host {subject}",
    "host.set_other_config": "set other_config of host {subject}: {changes}",
    "host.await_ready": "wait until host {subject} is live, enabled and has its storage",
    "pool.set_name": "set name of pool {subject} to {name}",
    "pool.set_description": "set description of pool {subject}",
    "pool.set_default_sr": "make {storage} the default SR of pool {subject}",
    "pool.set_other_config": "set other_config of pool {subject}: {changes}",
    "pool.set_tags": "set tags of pool {subject} to {tags}",
    "pool.designate_coordinator": "make {host} the coordinator of pool {subject}",
    "pool.join": "join host {subject} to pool {pool}",
    "pool.eject": "eject host {subject} from pool {pool}",
    "sr.create": "create shared SR {subject} ({type}) on pool {pool}",
    "sr.plug": "plug SR {subject} on host {host}",
    "server.live_migrate": "live-migrate {subject} from {source} to {target}",
    "server.cold_migrate": "cold-migrate {subject} from {source} to {target} and confirm it",
    "server.await_migration": "wait until {subject} has moved from {source} to {target}",
    "server.confirm_resize": "confirm the resize of {subject}",
    "server.start": "start {subject}",
    "server.stop": "stop {subject}",
    "server.reboot_soft": "soft-reboot {subject}",
    "server.reboot_hard": "hard-reboot {subject}",
    "server.pause": "pause {subject}",
    "server.unpause": "unpause {subject}",
    "server.suspend": "suspend {subject}",
    "server.resume": "resume {subject}",
    "server.lock": "lock {subject}",
    "server.unlock": "unlock {subject}",
    "server.rebuild": "rebuild {subject} from image {image}",
    "server.resize": "resize {subject}",
    "server.migrate": "cold-migrate {subject} from {source} to {target}",
    "server.revert_resize": "revert the resize of {subject}",
    "server.create_image": "create image {image_name} of {subject}",
    "server.create_backup": "create {backup_type} backup {image_name} of {subject}, keep {rotation}",
    "server.shelve": "shelve {subject}",
    "server.shelve_offload": "offload the shelved {subject} from its host",
    "server.unshelve": "unshelve {subject}",
    "server.rescue": "rescue {subject}",
    "server.unrescue": "unrescue {subject}",
    "server.change_password": "change the password of {subject}",
    "server.trigger_crash_dump": "trigger a crash dump of {subject}",
    "server.live_migrate_abort": "abort the live migration of {subject}",
    "server.live_migrate_force_complete": "force the live migration of {subject} to complete",
    "server.evacuate": "evacuate {subject} from {source} to {target}",
    "server.delete": "delete {subject}",
    "server.force_delete": "delete {subject} for good",
    "server.restore": "restore {subject}",
    "server.reset_state": "set the vm_state of {subject} to {state}",
}

WINDOWED = frozenset({"pool.join"} | {v for v in SENTENCES if v.startswith("server.")})
"""Neighbouring steps with the same one of these verbs are independent of each other and may run
side by side.
"""

UNCHOSEN = "a host of the scheduler's choice"
"""What a source or target that nobody knows yet is called."""

EVENTS = frozenset(
    {
        "server.reboot_soft",
        "server.reboot_hard",
        "server.rebuild",
        "server.create_image",
        "server.create_backup",
        "server.change_password",
        "server.trigger_crash_dump",
    }
)
"""Verbs that are done for their own sake: the state after them is the state before, and yet they
are never already satisfied.
"""


@dataclass(frozen=True)
class Step:
    """One change. ``args`` holds what its verb needs, ids included; ``why`` is a short clause for
    readers; ``secret`` are further args, which are never shown or stored.
    """

    verb: str
    subject: str
    args: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        shown = {k: _shown(v) for k, v in self.args.items()}
        shown.update({k: UNCHOSEN for k in ("source", "target") if not self.args.get(k)})
        return SENTENCES[self.verb].format(subject=self.subject, **shown)

    def to_dict(self) -> dict[str, Any]:
        return {
            "verb": self.verb,
            "subject": self.subject,
            "args": dict(self.args),
            "why": self.why,
            "text": str(self),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        return cls(data["verb"], data["subject"], data["args"], data["why"])


@dataclass(frozen=True)
class Verdict:
    """What a planner decided about one subject: act, skip, warn or block, and why. ``remedy`` goes
    with block.
    """

    subject: str
    decision: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.subject}: {self.reason}"
        return f"{text}. {self.remedy}" if self.remedy else text


@dataclass(frozen=True)
class Plan:
    """Steps in order. An empty plan is the only meaning of "nothing to change".

    ``window`` bounds how many neighbouring independent steps run at once. Once more than
    ``max_failures`` of them have failed, no further one is started.
    """

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    window: int = 1
    max_failures: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(str(v) for v in self.verdicts if v.decision == "warn")

    def text(self) -> str:
        """The steps as a numbered list, for diffs."""
        lines = [
            f"{i:>3}. {step}{f'  ({step.why})' if step.why else ''}"
            for i, step in enumerate(self.steps, 1)
        ]
        return "".join(f"{line}\n" for line in lines)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"-{k}" if v is None else f"{k}={v}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) for v in value) or "none"
    return "none" if value is None else str(value) or '""'
