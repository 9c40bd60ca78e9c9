# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and steps: decisions as data, which can be printed, stored, projected and carried out.

Each kind of change is one Verb (_reconcile/<subject>/verbs.py), and a step is a verb with a subject
and the verb's own arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeAlias, TypeVar

from .args import Args
from .errors import FleetError
from .model import Fleet
from .ports import Ports

OPTIONAL = re.compile(r"\[(.*?{(\w+)})\]")
"""A part of a sentence that says an argument which may be left out."""

UNCHOSEN = "a host of the scheduler's choice"
"""What a source or target that is not known yet is called."""

Execution: TypeAlias = Iterator[float] | None
"""None when a step is done, or its progress (0 to 1), which ends when the step has ended."""


A = TypeVar("A", bound=Args)


@dataclass(frozen=True)
class Verb(Generic[A]):
    """One kind of change: its sentence for readers, what it makes of a fleet, and how it is carried
    out over the ports.
    """

    name: str
    sentence: str
    args: type[A]
    effect: Callable[[Fleet, str, A], Fleet]
    execute: Callable[[Ports, str, A], Execution]
    windowed: bool = False
    """Neighbouring steps with this verb are independent of each other and may run side by side."""
    slow: bool = False
    """Takes so long by itself that its progress is shown."""
    event: bool = False
    """Done for its own sake: the state afterwards is the state before, and yet it is never already
    satisfied.
    """

    def __call__(self, subject: str, args: A, why: str = "") -> Step:
        return Step(self, subject, args, why)

    def text(self, subject: str, args: A) -> str:
        """The sentence about this subject. A part in brackets is left out where its argument is."""
        given = {f.name: getattr(args, f.name) for f in fields(args)}
        absent = {f.name for f in fields(args) if given[f.name] == f.default}
        shown = {name: _shown(value) for name, value in given.items()}
        shown.update({k: UNCHOSEN for k in ("source", "target") if not given.get(k)})
        sentence = OPTIONAL.sub(lambda part: "" if part[2] in absent else part[1], self.sentence)
        return sentence.format(subject=subject, **shown)


AnyVerb: TypeAlias = Verb[Any]
"""Whatever its arguments are: a step's own, which nobody but itself puts together with them."""


@dataclass(frozen=True)
class Step:
    """One change, made by calling its verb. ``why`` is a short clause for readers."""

    verb: AnyVerb
    subject: str
    args: Args
    why: str = ""
    waits: bool = False
    """It starts once all steps before it have ended, even those that it could run beside."""

    def __str__(self) -> str:
        return self.verb.text(self.subject, self.args)

    def project(self, fleet: Fleet) -> Fleet:
        """The fleet after this step. One whose subject is gone changes nothing."""
        return self.verb.effect(fleet, self.subject, self.args)

    def execute(self, ports: Ports) -> Execution:
        """Called by the engine only."""
        return self.verb.execute(ports, self.subject, self.args)

    def to_dict(self) -> dict[str, Any]:
        return {
            "verb": self.verb.name,
            "subject": self.subject,
            "args": self.args.to_dict(),
            "why": self.why,
            "text": str(self),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], verbs: Mapping[str, AnyVerb]) -> Step:
        verb = verbs[data["verb"]]
        return cls(verb, data["subject"], verb.args(**data["args"]), data["why"])


def project_all(fleet: Fleet, steps: Iterable[Step]) -> Fleet:
    """The fleet after the steps: what check mode shows, and what later steps are planned on."""
    for step in steps:
        fleet = step.project(fleet)
    return fleet


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
class Restoring:
    """A step that is taken even though the plan has failed, unless it was tried before: once
    ``after`` has been done, in any case without it, and no more once ``until`` has been done.
    """

    step: Step
    after: Step | None = None
    until: Step | None = None


@dataclass(frozen=True)
class Refused:
    """A step that can't be taken, as is known beforehand, and that keeps no other from being taken.
    Unless it ``fails`` the task it is only told.
    """

    step: Step
    error: FleetError
    fails: bool = True


@dataclass(frozen=True)
class Plan:
    """Steps in order. An empty plan is the only meaning of "nothing to change".

    ``window`` bounds how many neighbouring independent steps run at once. Once more than
    ``max_failures`` of them have failed, no further one is started. ``on_failure`` are steps, each
    done at once, that are taken when the plan has failed; ``restoring`` are followed to their end.
    """

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    window: int = 1
    max_failures: int = 0
    on_failure: tuple[Step, ...] = ()
    restoring: tuple[Restoring, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def failing(self) -> tuple[Refused, ...]:
        """The refused ones that fail the task, once all others are done."""
        return tuple(one for one in self.refused if one.fails)

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
