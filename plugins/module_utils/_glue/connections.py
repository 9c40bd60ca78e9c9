# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to open backends: the composition root, and the seam that tests may replace."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._backends.store.store import Store, preload
from .._backends.xapi.fleet import XenFleet, connect
from .._core.errors import ConfigError
from .._core.model import Fleet, Records, XenView
from .._core.ports import Ports, Reporter
from .._core.wait import SystemClock
from .._reconcile.fleet import assemble

preload()

RECORDS = "records"
XEN = "xen"


def default_store() -> str:
    """``$XDG_STATE_HOME/xenfleet/store.db``, by default under ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return str(Path(base).expanduser() / "xenfleet" / "store.db")


class Connections:
    """The backends of one task, each opened when first needed and closed with the task."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._store: Store | None = None
        self._xen: XenFleet | None = None
        self._view: XenView | None = None

    @property
    def store(self) -> Store:
        if self._store is None:
            where = self._params.get("store") or default_store()
            self._store = Store.open(where, self._params.get("store_password"))
        return self._store

    @property
    def xen(self) -> XenFleet:
        if self._xen is None:
            self._xen = self._connect()
        return self._xen

    def _connect(self) -> XenFleet:
        params = self._params
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
        return connect(
            params["endpoints"],
            params["username"],
            params["password"],
            validate_certs=params["validate_certs"],
            ca_cert=params.get("ca_cert"),
            timeout=params["timeout"],
        )

    def read(self, *sections: str) -> Fleet:
        """Read the sections anew and put them together.

        With the records alone, hosts and states are those of the last reading of the coordinators
        in this task, if there was one: a transaction on the store must not wait for the network.
        """
        if XEN in sections:
            self._view = self.xen.read()
            self.store.follow({h.id: h.name for h in self._view.hosts})
        records: Records | None = self.store.read() if RECORDS in sections else None
        return assemble(
            records,
            self._view,
            default_zone=self._params.get("default_availability_zone") or "nova",
        )

    def ports(self, reporter: Reporter, sections: Sequence[str]) -> Ports:
        """Ports for carrying out a plan; those of the coordinators only if they were read."""
        store = self.store
        xen = self.xen if XEN in sections else None
        return Ports(
            read=self.read,
            records=store.aggregates,
            services=store.services,
            journal=store.journal,
            servers=xen.servers if xen else None,
            hosts=xen.hosts if xen else None,
            pools=xen.pools if xen else None,
            clock=SystemClock(),
            reporter=reporter,
            wait=bool(self._params.get("wait", True)),
            wait_timeout=float(self._params.get("wait_timeout") or 600.0),
        )

    def close(self) -> None:
        for backend in (self._xen, self._store):
            if backend is not None:
                backend.close()
