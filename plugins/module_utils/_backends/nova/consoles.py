# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of consoles. Each has a token of its own in it, which opens the console for a while
(nova/api/openstack/compute/remote_consoles.py), so that they are neither logged nor part of errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..._core.access import Console
from ..._core.errors import FleetError, UnavailableError
from .api import Api

NOVNC = "novnc"
PROTOCOLS: Mapping[str, str] = {
    NOVNC: "vnc",
    "spice-html5": "spice",
    "serial": "serial",
    "webmks": "mks",
}
LEAST: Mapping[str, str] = {"webmks": "2.8"}
AT_ONCE = 8
"""Requests on their way at the same time."""


def read_consoles(
    api: Api, servers: Sequence[str], kind: str | None
) -> dict[str, tuple[Console, ...]]:
    """One console of each server. Errors of one server are in its console; UnavailableError ends
    it all, as does UnsupportedError for a cloud that is too old.
    """
    chosen = kind or NOVNC
    version = api.version(LEAST.get(chosen, "2.6"), what=f"a console of type {chosen}")
    make = partial(_console, api, version, chosen)
    with ThreadPoolExecutor(min(AT_ONCE, len(servers))) as threads:
        consoles = list(threads.map(make, servers))
    return {one: (console,) for one, console in zip(servers, consoles, strict=True)}


def _console(api: Api, version: str, kind: str, server: str) -> Console:
    protocol = PROTOCOLS[kind]
    body = {"remote_console": {"protocol": protocol, "type": kind}}
    path, what = f"/servers/{server}/remote-consoles", f"console of server {server}"
    try:
        answer = api.post(path, version, body, what=what)
    except UnavailableError:
        raise
    except FleetError as error:
        return Console(protocol, kind, error=error.cause)
    return Console(protocol, kind, url=str(answer["remote_console"]["url"]))
