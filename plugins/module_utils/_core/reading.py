# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be read: sections of the fleet, and which hosts and servers of large ones.

A control plane may read more than it is asked for where that costs nothing; it never reads less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

AGGREGATES = "aggregates"
SERVICES = "services"
HOSTS = "hosts"
SERVERS = "servers"
MIGRATIONS = "migrations"
"""Moves of servers: those that the journal ordered, and on Nova all of them."""
JOURNAL = "journal"
"""Maintenances. Locks belong to it."""
ZONES = "zones"
"""Names of availability zones and whether they are available, which Nova shows to every account."""
ZONE_SERVICES = "zone services"
"""Zones with the services in them, which Nova shows to administrators."""
FLAVORS = "flavors"
"""Flavors with their extra specs, on control planes that have flavors."""
POOLS = "pools"
"""Xen pools with their hosts, servers, storage and networks, from XenAPI on every control plane."""
POSSIBLE_HOSTS = "possible hosts"
"""Hosts on which XAPI would start the servers of ``Reading.starting``: one request for each of them."""
ADDRESSES = "addresses"
"""Servers with their addresses, for which XAPI is asked once more; Nova shows them with every server."""
CONSOLES = "consoles"
"""Consoles of the servers of ``Reading.consoles_of``: on Nova one request for each of them."""


@dataclass(frozen=True)
class Past:
    """Servers that lists leave out: deleted ones, softly deleted ones, and those that have changed
    since then (ISO 8601), deleted or not.
    """

    deleted: bool = False
    soft_deleted: bool = False
    changes_since: str | None = None


@dataclass(frozen=True)
class Page:
    """A part of a list: after the item with the id ``marker``, ``limit`` items at most, sorted by
    keys, each "asc" or "desc".
    """

    limit: int | None = None
    marker: str | None = None
    sort: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reading:
    """Sections, and what of them: None is everything.

    ``hosts`` narrows servers and migrations to those on, from or to these hosts; ``servers`` names
    further servers by name or uuid. With both, servers are those that either of them names.
    ``starting`` are uuids of servers whose possible hosts are wanted, ``consoles_of`` of those whose
    consoles are, of the type ``console_type``. ``pages`` are wanted of these sections, and of servers
    those that match ``query``, by the Compute API's names; a plane that can't read less reads all,
    and ``Fleet.paged`` tells.
    """

    sections: frozenset[str]
    hosts: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    past: Past | None = None
    starting: tuple[str, ...] = ()
    consoles_of: tuple[str, ...] = ()
    console_type: str | None = None
    pages: Mapping[str, Page] = field(default_factory=dict, hash=False)
    query: Mapping[str, str] = field(default_factory=dict, hash=False)

    def without(self, sections: Iterable[str]) -> Reading:
        return replace(self, sections=self.sections - frozenset(sections))

    def with_possible_hosts(self, servers: Iterable[str]) -> Reading:
        """Unchanged if there are no such servers."""
        starting = tuple(servers)
        if not starting:
            return self
        return replace(self, sections=self.sections | {POSSIBLE_HOSTS}, starting=starting)

    def with_consoles(self, servers: Iterable[str], kind: str | None) -> Reading:
        """Unchanged if there are no such servers."""
        ids = tuple(servers)
        if not ids:
            return self
        sections = self.sections | {CONSOLES}
        return replace(self, sections=sections, consoles_of=ids, console_type=kind)

    def with_page(self, section: str, page: Page | None) -> Reading:
        """Unchanged without a page."""
        return self if page is None else replace(self, pages={**self.pages, section: page})

    def __contains__(self, section: str) -> bool:
        return section in self.sections


def reading(
    *sections: str,
    hosts: Iterable[str] | None = None,
    servers: Iterable[str] | None = None,
    past: Past | None = None,
) -> Reading:
    return Reading(
        frozenset(sections),
        None if hosts is None else tuple(dict.fromkeys(hosts)),
        None if servers is None else tuple(dict.fromkeys(servers)),
        past,
    )
