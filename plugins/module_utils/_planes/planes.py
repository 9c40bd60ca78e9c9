# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control planes: which backend knows what, and how their answers make one fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from .._core.model import Fleet, Records, Server, XenView
from .._core.ports import Ports, Reporter
from .._core.reading import (
    ADDRESSES,
    AGGREGATES,
    CONSOLES,
    HOSTS,
    JOURNAL,
    MIGRATIONS,
    POOLS,
    POSSIBLE_HOSTS,
    SERVERS,
    SERVICES,
    ZONE_SERVICES,
    ZONES,
    Reading,
)
from .._core.traits import Traits
from .._core.wait import SystemClock
from .assemble import assemble, assemble_cloud, with_sections
from .backends import Backends
from .recorded_servers import RecordedServers
from .traits import NOVA, XAPI

IN_STORE = frozenset(
    {AGGREGATES, SERVICES, HOSTS, SERVERS, MIGRATIONS, JOURNAL, ZONES, ZONE_SERVICES}
)
"""Hosts and servers are shown with the zones and services of the store."""
IN_XEN = frozenset({SERVICES, HOSTS, SERVERS, POOLS, ZONES, ZONE_SERVICES})
ASKED_AFTERWARDS = frozenset({POSSIBLE_HOSTS, CONSOLES})
"""What XAPI is asked about single servers, once they have been read."""


class ControlPlane(Protocol):
    """Reads the fleet, and gives the ports that change it."""

    traits: Traits

    def read(self, wanted: Reading) -> Fleet:
        """What is wanted, read again."""

    def read_more(self, fleet: Fleet, had: Reading, wanted: Reading) -> Fleet:
        """What is wanted, of which some was read a moment ago."""

    def read_inside(self, wanted: Reading) -> Fleet:
        """What is wanted, inside ``records.exclusive()``, which must not wait for the network."""

    def ports(self, reporter: Reporter, wanted: Reading) -> Ports:
        """Ports for carrying out a plan that was made on such a reading."""

    def close(self) -> None:
        """Log out and disconnect."""


def control_plane(params: Mapping[str, Any]) -> ControlPlane:
    """The one that the options name; nothing is opened yet."""
    backends = Backends(params)
    return NovaPlane(backends) if params.get("control_plane") == "nova" else XapiPlane(backends)


class XapiPlane:
    """Records in the store, hosts and servers from the coordinators, one reading of each a time."""

    traits = XAPI

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._view: XenView | None = None

    def read(self, wanted: Reading) -> Fleet:
        if wanted.sections & IN_XEN:
            self._view = self._backends.xen.read()
            self._backends.store.follow({h.id: h.name for h in self._view.hosts})
            if ADDRESSES in wanted:
                self._view = self._with_addresses(self._view)
        return self._with_answers(self.read_inside(wanted), wanted)

    def read_more(self, fleet: Fleet, had: Reading, wanted: Reading) -> Fleet:
        """The coordinators are not asked again for what they have said."""
        more = wanted.sections - had.sections
        if more - ASKED_AFTERWARDS:
            if not had.sections & IN_XEN:
                return self.read(wanted)
            if ADDRESSES in more and self._view is not None:
                self._view = self._with_addresses(self._view)
            fleet = self.read_inside(wanted)
        return self._with_answers(fleet, wanted)

    def _with_addresses(self, view: XenView) -> XenView:
        found = self._backends.xen.servers.addresses()
        servers = (replace(s, addresses=found.get(s.id, ())) for s in view.servers)
        return replace(view, servers=tuple(servers))

    def _with_answers(self, fleet: Fleet, wanted: Reading) -> Fleet:
        """To questions about some servers."""
        if POSSIBLE_HOSTS in wanted:
            hosts = self._backends.xen.servers.possible_hosts(wanted.starting)
            fleet = replace(fleet, possible=hosts)
        if CONSOLES in wanted:
            consoles = self._backends.xen.servers.consoles(wanted.consoles_of)
            fleet = replace(fleet, consoles=consoles)
        return fleet

    def read_inside(self, wanted: Reading) -> Fleet:
        """Hosts and states are those of the last reading of the coordinators in this task."""
        records: Records | None = None
        if wanted.sections & IN_STORE:
            past = wanted.past
            deleted = past is not None and (past.deleted or past.changes_since is not None)
            records = self._backends.store.read(deleted=deleted)
        return assemble(records, self._view, default_zone=_default_zone(self._backends))

    def ports(self, reporter: Reporter, wanted: Reading) -> Ports:
        """Those of the coordinators only if they were read."""
        store = self._backends.store
        xen = self._backends.xen if wanted.sections & IN_XEN else None
        return Ports(
            read=self.read,
            records=store.aggregates,
            services=store.services,
            journal=store.journal,
            servers=RecordedServers(xen.servers, store.servers, self._server_as_read)
            if xen
            else None,
            hosts=xen.hosts if xen else None,
            pools=xen.pools if xen else None,
            traits=self.traits,
            atomic=True,
            **_waiting(self._backends, reporter),
        )

    def _server_as_read(self, server_id: str) -> Server | None:
        """As read last."""
        servers = self._view.servers if self._view else ()
        return next((s for s in servers if s.id == server_id), None)

    def close(self) -> None:
        self._backends.close()


class NovaPlane:
    """All from Nova, except the journal, which is in the store, and Xen pools, if those are asked
    for: their hosts are then those that XenAPI lists.
    """

    traits = NOVA

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def read(self, wanted: Reading) -> Fleet:
        from_xen = POOLS in wanted
        asked = wanted.without((POOLS, JOURNAL, *((HOSTS, SERVERS) if from_xen else ())))
        view = self._backends.nova.read(asked) if asked.sections else None
        if view and view.hosts and JOURNAL in wanted:
            # One store may keep the journals of several clouds whose hosts have the same names.
            hosts = {h.name: h.id for h in view.hosts}
            self._backends.store.follow({uuid: name for name, uuid in hosts.items()})
        fleet = assemble_cloud(
            view,
            self._backends.store.read().maintenances if JOURNAL in wanted else (),
            self._backends.xen.read() if from_xen else None,
            default_zone=_default_zone(self._backends),
        )
        return replace(fleet, paged=frozenset(asked.pages) & asked.sections)

    def read_more(self, fleet: Fleet, had: Reading, wanted: Reading) -> Fleet:
        """Only what is missing; each section is a request or more."""
        missing = wanted.without(had.sections)
        return with_sections(fleet, self.read(missing), missing) if missing.sections else fleet

    def read_inside(self, wanted: Reading) -> Fleet:
        """Nova has no transactions."""
        return self.read(wanted)

    def ports(self, reporter: Reporter, wanted: Reading) -> Ports:
        nova = self._backends.nova
        xen = self._backends.xen if POOLS in wanted else None
        return Ports(
            read=self.read,
            records=nova.aggregates,
            services=nova.services,
            journal=self._backends.store.journal if JOURNAL in wanted else None,
            servers=xen.servers if xen else nova.servers,
            hosts=xen.hosts if xen else None,
            pools=xen.pools if xen else None,
            traits=self.traits,
            atomic=False,
            **_waiting(self._backends, reporter),
        )

    def close(self) -> None:
        self._backends.close()


def _default_zone(backends: Backends) -> str:
    return backends.params.get("default_availability_zone") or "nova"


def _waiting(backends: Backends, reporter: Reporter) -> dict[str, Any]:
    params = backends.params
    return {
        "clock": SystemClock(),
        "reporter": reporter,
        "wait": bool(params.get("wait", True)),
        "wait_timeout": float(params.get("wait_timeout") or 600.0),
    }
