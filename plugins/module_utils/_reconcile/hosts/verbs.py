# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of hypervisor hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..._core.args import Args, NoArgs
from ..._core.model import Fleet
from ..._core.plan import Verb
from ..._core.ports import HostPort, Ports
from ..common.changes import change_host, merged, shared_plugged
from ..common.readiness import missing_for_service
from ..engine.waiting import Waiting, present, readiness


def _hosts(ports: Ports) -> HostPort:
    return present(ports.hosts, "hosts")


def _enabled(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    return change_host(fleet, host, lambda h: replace(h, enabled=True))


def _enable(ports: Ports, host: str, _args: NoArgs) -> None:
    _hosts(ports).enable(host)


enable = Verb("host.enable", "enable host {subject}", NoArgs, _enabled, _enable)


def _disabled(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    return change_host(fleet, host, lambda h: replace(h, enabled=False))


def _disable(ports: Ports, host: str, _args: NoArgs) -> None:
    _hosts(ports).disable(host)


disable = Verb("host.disable", "disable host {subject}", NoArgs, _disabled, _disable)


@dataclass(frozen=True, kw_only=True)
class ConfigArgs(Args):
    """None removes a key."""

    changes: Mapping[str, str | None]


def _configured(fleet: Fleet, host: str, args: ConfigArgs) -> Fleet:
    return change_host(
        fleet, host, lambda h: replace(h, other_config=merged(h.other_config, args.changes))
    )


def _set_other_config(ports: Ports, host: str, args: ConfigArgs) -> None:
    _hosts(ports).set_other_config(host, args.changes)


set_other_config = Verb(
    "host.set_other_config",
    "set other_config of host {subject}: {changes}",
    ConfigArgs,
    _configured,
    _set_other_config,
)


def _ready(fleet: Fleet, name: str, _args: NoArgs) -> Fleet:
    host = fleet.host(name)
    if host is None:
        return fleet
    fleet = change_host(fleet, name, lambda h: replace(h, enabled=True, live=True, operations=()))
    return shared_plugged(fleet, host.pool_id, name)


def _await_ready(ports: Ports, host: str, _args: NoArgs) -> Waiting:
    return readiness(ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, None))


await_ready = Verb(
    "host.await_ready",
    "wait until host {subject} is live, enabled and has its storage",
    NoArgs,
    _ready,
    _await_ready,
    slow=True,
)

VERBS = (enable, disable, set_other_config, await_ready)
