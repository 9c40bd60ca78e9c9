# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backends of one task, each opened from the task's options when first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._backends.nova.cloud import NovaCloud
from .._backends.nova.cloud import connect as connect_nova
from .._backends.nova.cloud import preload as preload_nova
from .._backends.store.store import Store
from .._backends.store.store import preload as preload_store
from .._backends.xapi.fleet import XenFleet
from .._backends.xapi.fleet import connect as connect_xen
from .._core.errors import ConfigError

preload_store()
if os.environ.get("XENFLEET_CONTROL_PLANE") != "xapi":
    preload_nova()

NOVA_OPTIONS = (
    "cloud",
    "auth",
    "auth_type",
    "region_name",
    "interface",
    "validate_certs",
    "ca_cert",
    "client_cert",
    "client_key",
    "api_timeout",
)


def default_store() -> str:
    """``$XDG_STATE_HOME/xenfleet/store.db``, by default under ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return str(Path(base).expanduser() / "xenfleet" / "store.db")


class Backends:
    """Closed with the task."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self._store: Store | None = None
        self._xen: XenFleet | None = None
        self._nova: NovaCloud | None = None

    @property
    def store(self) -> Store:
        if self._store is None:
            where = self.params.get("store") or default_store()
            self._store = Store.open(where, self.params.get("store_password"))
        return self._store

    @property
    def nova(self) -> NovaCloud:
        if self._nova is None:
            given = {name: self.params.get(name) for name in NOVA_OPTIONS}
            self._nova = connect_nova({k: v for k, v in given.items() if v is not None})
        return self._nova

    @property
    def xen(self) -> XenFleet:
        if self._xen is None:
            self._xen = self._connect_xen()
        return self._xen

    def _connect_xen(self) -> XenFleet:
        params = self.params
        if not params.get("endpoints"):
            raise ConfigError(
                "option endpoints",
                "no host addresses were given",
                "List the addresses of all hosts of the fleet in endpoints or XENFLEET_ENDPOINTS",
            )
        if not params.get("password"):
            raise ConfigError(
                "option password",
                f"no password was given for {params['username']}",
                "Set it in the task from a vault, or in XENFLEET_PASSWORD",
            )
        return connect_xen(
            params["endpoints"],
            params["username"],
            params["password"],
            validate_certs=params["validate_certs"] is not False,
            ca_cert=params.get("ca_cert"),
            timeout=params["timeout"],
        )

    def close(self) -> None:
        for backend in (self._xen, self._nova, self._store):
            if backend is not None:
                backend.close()
