# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do what a remedy says: its words as a change of the site or of the options of a task.

A remedy has sentences, and a sentence has alternatives. A word that is not known here fails the test
that meets it, so that no remedy goes untried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unit.fleets import GIB, host
from unit.guests import ALLOWED
from unit.sites import ISOS, LOCAL, WISHES

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    MIGRATION_GROUP,
    Aggregate,
    ComputeService,
    Fleet,
    Host,
    Server,
)

PLENTY = 500 * GIB


@dataclass(frozen=True)
class State:
    """A site, and what a task asks for. ``only``: the servers asked for; None is all."""

    known: Fleet
    options: Mapping[str, Any] = field(default_factory=dict)
    only: str | None = None

    def having(self, **sections: Any) -> State:
        return replace(self, known=replace(self.known, **sections))

    def asking(self, **options: Any) -> State:
        return replace(self, options={**self.options, **options})

    def server(self, name: str) -> Server:
        return next(s for s in self.known.servers if s.name == name)

    def with_server(self, name: str, **fields: Any) -> State:
        return self.having(
            servers=tuple(replace(s, **fields) if s.name == name else s for s in self.known.servers)
        )

    def with_hosts(self, change: Callable[[Host], Host]) -> State:
        return self.having(hosts=tuple(change(h) for h in self.known.hosts))


Act = Callable[[State, str, re.Match[str]], State]


def _freed(state: State, _name: str, match: re.Match[str]) -> State:
    names = re.split(r", | and ", match[1])
    return state.having(
        aggregates=tuple(
            replace(a, metadata={**a.metadata, MIGRATION_GROUP: "false"}) if a.name in names else a
            for a in state.known.aggregates
        )
    )


def suitable(state: State, name: str) -> State:
    """With one more host, which has all that the server needs and wants and is where it may go."""
    server = next((s for s in state.known.servers if s.name == name), None)
    source = (server and (server.host or server.shelved_from)) or "q1"
    number = len(state.known.hosts) + 1
    new = host(
        f"q{number}",
        "p",
        memory_free=PLENTY,
        memory_total=PLENTY,
        cpus=64,
        software={"platform_version": "9.9"},
    )
    within = state.options.get("within")
    named = state.known.aggregate(within or "")
    zone = named.availability_zone if named else None

    def grown(aggregate: Aggregate) -> Aggregate:
        mine = source in aggregate.hosts
        if zone and aggregate.availability_zone and aggregate != named:
            mine = False
        return (
            replace(aggregate, hosts=(*aggregate.hosts, new.name))
            if mine or aggregate == named
            else aggregate
        )

    items = {spec.key: WISHES[spec][1] for spec in (server.extra_specs if server else ())}
    more = Aggregate(f"new{number}", items, (source, new.name))
    known = state.known
    return state.having(
        hosts=(*known.hosts, new),
        services=(*known.services, ComputeService(new.name, host_id=new.id, state="up")),
        aggregates=(*(grown(a) for a in known.aggregates), more),
        storages=tuple(
            replace(s, attached=s.attached | {new.name}) if s.id != LOCAL else s
            for s in known.storages
        ),
        networks=tuple(replace(n, hosts=n.hosts | {new.name}) for n in known.networks),
    )


def _another(state: State, name: str, _match: re.Match[str]) -> State:
    state = suitable(state, name)
    return state.asking(host=state.known.hosts[-1].name)


def _in_service(state: State, _name: str, _match: re.Match[str]) -> State:
    """The host that was asked for."""
    target = state.options["host"]
    known = state.known
    up = ComputeService(target, host_id=f"uuid-{target}", state="up")
    return state.having(
        hosts=tuple(
            replace(h, enabled=True, live=True) if h.name == target else h for h in known.hosts
        ),
        services=tuple(up if s.host == target else s for s in known.services),
        maintenances=tuple(m for m in known.maintenances if m.host != target),
    )


def _roomy(state: State, _name: str, _match: re.Match[str]) -> State:
    return state.with_hosts(lambda h: replace(h, memory_free=PLENTY))


def _alone(state: State, name: str, _match: re.Match[str]) -> State:
    return replace(state, only=name)


def _joined(state: State, _name: str, match: re.Match[str]) -> State:
    """The source, to an aggregate that every other host is in."""
    names = tuple(h.name for h in state.known.hosts)
    assert match[1] in names
    return state.having(aggregates=(*state.known.aggregates, Aggregate("together", {}, names)))


def _plugged(state: State, _name: str, _match: re.Match[str]) -> State:
    names = frozenset(h.name for h in state.known.hosts)
    return state.having(
        storages=tuple(
            s if s.id == LOCAL else replace(s, attached=names) for s in state.known.storages
        )
    )


def _connected(state: State, _name: str, _match: re.Match[str]) -> State:
    names = frozenset(h.name for h in state.known.hosts)
    return state.having(networks=tuple(replace(n, hosts=names) for n in state.known.networks))


def _itemized(state: State, name: str, match: re.Match[str]) -> State:
    """What the server wants, beside what others do, in every aggregate and one for hosts in none."""
    items = {spec.key: WISHES[spec][1] for spec in state.server(name).extra_specs}
    assert set(items) == set(re.split(r", | and ", match[1]))
    known = state.known
    inside = {n for a in known.aggregates for n in a.hosts}
    others = Aggregate("others", {}, tuple(h.name for h in known.hosts if h.name not in inside))
    return state.having(
        aggregates=tuple(
            replace(a, metadata={**a.metadata, **_added(a.metadata, items)})
            for a in [*known.aggregates, *([others] if others.hosts else [])]
        )
    )


def _added(metadata: Mapping[str, str], items: Mapping[str, str]) -> dict[str, str]:
    """An item holds several values between commas."""
    return {k: ", ".join(v for v in (metadata.get(k), value) if v) for k, value in items.items()}


def _without(uuid: str) -> Act:
    return lambda state, name, _match: state.with_server(
        name, storage=state.server(name).storage - {uuid}
    )


def _server(**fields: Any) -> Act:
    return lambda state, name, _match: state.with_server(name, **fields)


def _option(**options: Any) -> Act:
    return lambda state, _name, _match: state.asking(**options)


STOPPED = _server(status="SHUTOFF", vm_state="stopped", power_state="Halted", host=None)

WORDS: Mapping[str, tuple[Act, str]] = {
    # what a clause says: what is done, and what the refusal of that server no longer says
    r"set within to (\S+)(?: to allow that)?": (
        lambda state, _name, match: state.asking(within=match[1]),
        r"instead of|in common|no membership",
    ),
    r'set migration_group of aggregates? (.+) to "false"': (_freed, "no migration group"),
    r"bring a host of the group into service": (lambda s, name, _m: suitable(s, name), ""),
    r"bring a suitable host into service": (lambda s, name, _m: suitable(s, name), ""),
    r"bring a suitable host into service with within set to (\S+)": (
        lambda s, name, match: suitable(s.asking(within=match[1]), name),
        "",
    ),
    r"move its disk from SR local to a shared one and (bring a suitable host .*)": (
        lambda s, name, match: do(_without(LOCAL)(s, name, match), name, match[1])[0],
        "",
    ),
    r"bring another host of the pool into service first": (
        lambda s, name, _m: suitable(s, name),
        "",
    ),
    r"add a host": (lambda s, name, _m: suitable(s, name), ""),
    r"choose another host": (_another, ""),
    r"bring it back into service": (_in_service, "service|maintenance|disabled"),
    r"make room(?: on it)?|stop or shrink servers in the pool": (_roomy, "memory"),
    r"(?:move|start) fewer servers": (_alone, "memory"),
    r"take it out of the group": (_server(groups=()), "anti-affinity"),
    r"relax anti_affinity for this maintenance": (_option(enforce_groups=False), "anti-affinity"),
    r"add (\S+) to an aggregate": (_joined, "no aggregate in common"),
    r"plug the SR there(?: \(xen_sr\))?": (_plugged, "SR nfs|SR isos"),
    r"eject its CD": (_without(ISOS), "SR isos"),
    r"move its disk to a shared SR": (_without(LOCAL), "SR local"),
    r"connect the network there": (_connected, "network lan"),
    r"give it fewer virtual CPUs": (_server(vcpus=1), "CPUs"),
    r"set (.+) in the metadata of an aggregate of the host": (_itemized, "with the wanted"),
    r"take the tag or item aggregate:KEY from the server": (
        _server(extra_specs=()),
        "with the wanted",
    ),
    r"bring it back \(server_action: .*\)": (_server(vm_state="active", stand_in=False), "rescued"),
    r"unpause it": (_server(power_state="Running", vm_state="active"), "paused"),
    r"stop it|delete it|stop the server": (STOPPED, ""),
    r"remove that block(?: first)?": (_server(blocked={}), "blocked_operations"),
    r"install the guest tools or detach the device": (_server(allowed=ALLOWED), "does not allow"),
    r"wait until that has ended and run again": (_server(task_state=None), "task_state"),
    r"unlock it first": (_server(locked=False), "locked"),
}
"""Sentences begin with a capital, alternatives don't. Nothing at all is said any more of a server
where no words are given.
"""


def sentences(remedy: str) -> list[str]:
    return remedy.rstrip(".").split(". ")


def alternatives(sentence: str) -> list[str]:
    """Not those in parentheses, nor the names of a list."""
    comma = ", or " if sentence.startswith("Set ") else ", (?:or )?"
    return re.split(rf"{comma}(?![^(]*\))", sentence)


def is_lift(sentence: str) -> bool:
    return sentence.startswith(("Set within", "Set migration_group"))


def do(state: State, name: str, clause: str) -> tuple[State, str]:
    """The state afterwards, and what is no longer to be said."""
    clause = clause[:1].lower() + clause[1:]
    for words, (act, gone) in WORDS.items():
        if match := re.fullmatch(words, clause):
            return act(state, name, match), gone
    raise AssertionError(f"nobody knows how to: {clause}")
