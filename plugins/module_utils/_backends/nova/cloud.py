# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OpenStack cloud's compute service: reading it, and the ports that change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.model import CloudView
from ..._core.reading import (
    AGGREGATES,
    CONSOLES,
    FLAVORS,
    HOSTS,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    ZONE_SERVICES,
    ZONES,
    Reading,
)
from .aggregates import NovaAggregates
from .api import Api, preload, sign_in
from .consoles import read_consoles
from .flavors import read_flavors
from .hosts import read_hosts
from .migrations import read_migrations
from .queries import find_servers
from .servers import NovaServers
from .services import NovaServices, read_services
from .zones import read_zones

__all__ = ["NovaCloud", "connect", "preload"]


def connect(options: Mapping[str, Any]) -> NovaCloud:
    """Options as openstack.cloud names them; the rest comes from clouds.yaml and OS_* variables.

    Signs in with the first request. Raises MissingLibraryError, and ConfigError for a cloud that
    is not known or that lacks what signing in needs.
    """
    return NovaCloud(sign_in(options))


class NovaCloud:
    """One region's compute service, as one account sees it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.aggregates = NovaAggregates(api)
        self.services = NovaServices(api)
        self.servers = NovaServers(api)

    def read(self, wanted: Reading) -> CloudView:
        """The sections that are wanted; each is one request, or one per page, unless narrowed."""
        zones = None
        if wanted.sections & {ZONES, ZONE_SERVICES}:
            # First, since the others need an account with more rights.
            zones = read_zones(self._api, with_services=ZONE_SERVICES in wanted)
        return CloudView(
            aggregates=self.aggregates.read() if AGGREGATES in wanted else (),
            services=read_services(self._api) if SERVICES in wanted else (),
            hosts=read_hosts(self._api, wanted.pages.get(HOSTS)) if HOSTS in wanted else (),
            servers=find_servers(self._api, wanted) if SERVERS in wanted else (),
            migrations=read_migrations(self._api, wanted) if MIGRATIONS in wanted else (),
            zones=zones,
            flavors=read_flavors(self._api) if FLAVORS in wanted else (),
            consoles=read_consoles(self._api, wanted.consoles_of, wanted.console_type)
            if CONSOLES in wanted
            else {},
        )

    def close(self) -> None:
        """End the connections."""
        self._api.close()
