# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of hypervisor hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..._core.args import Args, NoArgs
from ..._core.errors import UnavailableError
from ..._core.model import Fleet
from ..._core.plan import Verb
from ..._core.ports import HostPort, Ports
from ..common.changes import change_host, merged, shared_plugged
from ..common.readiness import missing_for_service
from ..engine.passing import over_refusals
from ..engine.waiting import Waiting, present, readiness

LEAST_UPTIME = timedelta(seconds=60)
"""Between two starts of a host there is more than this."""


def _hosts(ports: Ports) -> HostPort:
    return present(ports.hosts, "hosts")


def _enabled(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    return change_host(fleet, host, lambda h: replace(h, enabled=True))


def _enable(ports: Ports, host: str, _args: NoArgs) -> Waiting | None:
    """One that turns out to be away is waited for, until it can do what a host in service does.

    The pool's record of a host that has lost its power stays as it was for minutes, so that only the
    host itself tells (HOST_OFFLINE, HOST_STILL_BOOTING).
    """
    try:
        _hosts(ports).enable(host)
    except UnavailableError as error:
        ports.reporter.line(f"host {host}: waits, {error.cause}")
    else:
        return None

    def missing(fleet: Fleet) -> tuple[str, ...]:
        lacking = missing_for_service(fleet, host, None)
        if "enabled" in lacking:
            _hosts(ports).enable(host)
        return lacking

    return readiness(ports, f"host {host}", missing)


enable = Verb("host.enable", "enable host {subject}", NoArgs, _enabled, _enable)


def _disabled(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    return change_host(fleet, host, lambda h: replace(h, enabled=False))


def _disable(ports: Ports, host: str, _args: NoArgs) -> Waiting | None:
    return over_refusals(ports, f"host {host}", lambda: _hosts(ports).disable(host))


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


@dataclass(frozen=True, kw_only=True)
class RebootArgs(Args):
    """When it had been started before."""

    since: str


def rebooted(since: str, booted_at: str | None) -> bool:
    """A toolstack that restarts calculates this time anew, so that it differs a little, or by as much
    as the clock was set right (get_start_time in xapi's dbsync_slave.ml).
    """
    if booted_at is None:
        return False
    later = datetime.fromisoformat(booted_at) - datetime.fromisoformat(since)
    return later > LEAST_UPTIME


def _has_rebooted(fleet: Fleet, host: str, _args: RebootArgs) -> Fleet:
    return change_host(fleet, host, lambda h: replace(h, live=True, operations=(), booted_at=None))


def _await_reboot(ports: Ports, host: str, args: RebootArgs) -> Waiting:
    def missing(fleet: Fleet) -> tuple[str, ...]:
        known = fleet.host(host)
        if known is not None and rebooted(args.since, known.booted_at):
            return ()
        return (f"restarted: XAPI says that it runs since {args.since}",)

    look = "Restart it and run again, or set wait_for_reboot to false if what was done needs no restart"
    return readiness(ports, f"host {host}", missing, look=look)


await_reboot = Verb(
    "host.await_reboot",
    "wait until host {subject}, up since {since}, has restarted",
    RebootArgs,
    _has_rebooted,
    _await_reboot,
    slow=True,
)

VERBS = (enable, disable, set_other_config, await_ready, await_reboot)
