# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find hosts and servers by the names that users give, and filter lists as the Compute API does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from ..._core.errors import ConflictError, NotFoundError, joined
from ..._core.model import ComputeService, Fleet, Host, Server
from ..._core.reading import HOSTS, Page
from .lookup import silent
from .paging import page_of


def services_named(fleet: Fleet, hosts: Sequence[str]) -> list[ComputeService]:
    """The services of these hosts, each once, in the order asked for.

    NotFoundError names every host without a service. Names are compared as they are written.
    """
    wanted = list(dict.fromkeys(hosts))
    missing = [name for name in wanted if fleet.service(name) is None]
    if missing:
        known = [s.host for s in fleet.services]
        words = fleet.traits.words
        raise NotFoundError(
            f"compute service of host {joined(missing)}",
            words.unknown_service + (silent(fleet) if words.asks_all else ""),
            _did_you_mean(missing[0], known) or f"Known hosts: {joined(known)}",
            hosts=missing,
        )
    return [s for s in (fleet.service(name) for name in wanted) if s is not None]


def servers_named(fleet: Fleet, wanted: Iterable[str]) -> list[Server]:
    """The servers with these names or uuids, each once, in the order asked for.

    NotFoundError names every unknown one, ConflictError every name that several servers have.
    """
    chosen: dict[str, Server] = {}
    missing: list[str] = []
    ambiguous: dict[str, list[str]] = {}
    for word in wanted:
        matches = matching(fleet, word)
        if not matches:
            missing.append(word)
        elif len(matches) > 1:
            ambiguous[word] = sorted(s.id for s in matches)
        else:
            chosen.setdefault(matches[0].id, matches[0])
    if missing:
        raise NotFoundError(
            f"server {joined(missing)}",
            "no server has this name or uuid" + silent(fleet),
            _did_you_mean(missing[0], [s.name for s in fleet.servers])
            or "Look for it with xenfleet.compute.server_info",
            servers=missing,
        )
    if ambiguous:
        word, ids = next(iter(ambiguous.items()))
        raise ConflictError(
            f"server {word}",
            f"{len(ids)} servers have this name: {joined(ids)}",
            "Give the uuid of the one that you want",
            servers=ambiguous,
        )
    return list(chosen.values())


def matching(fleet: Fleet, word: str) -> list[Server]:
    """The server with this uuid, or all with this name."""
    by_id = fleet.server(word.lower())
    return [by_id] if by_id else [s for s in fleet.servers if s.name == word]


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    folded = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.8)
    return f"Did you mean {folded[close[0]]}?" if close else ""


# --- filters --------------------------------------------------------------------------------------


def filter_services(
    fleet: Fleet, host: str | None = None, binary: str | None = None
) -> list[ComputeService]:
    return [s for s in fleet.services if host in (None, s.host) and binary in (None, s.binary)]


def filter_hosts(fleet: Fleet, host: str | None = None, pattern: str | None = None) -> list[Host]:
    """By name. ``pattern`` is a part of the name whatever its case, as SQL's LIKE %pattern% in
    Nova's own query.
    """
    part = (pattern or "").lower()
    return sorted(
        (h for h in fleet.hosts if host in (None, h.name) and part in h.name.lower()),
        key=lambda h: h.name,
    )


def page_to_read(page: Page | None, host: str | None, pattern: str | None) -> Page | None:
    """What of it the control plane can cut: it has no end where hosts are left out afterwards. Nova
    refuses a pattern together with a page (nova/api/openstack/compute/hypervisors.py).
    """
    if page is None or (host is None and not pattern):
        return page
    return replace(page, limit=None)


def listed_hosts(
    fleet: Fleet, page: Page | None, host: str | None = None, pattern: str | None = None
) -> list[Host]:
    """Those that match, by name, or a page of them by id or as the control plane gave it."""
    found = filter_hosts(fleet, host, pattern)
    if page is None:
        return found
    ids = {h.id for h in found}
    return page_of(fleet, HOSTS, fleet.hosts, page, lambda h: h.id in ids)
