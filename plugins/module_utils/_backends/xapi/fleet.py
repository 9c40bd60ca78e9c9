# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XenAPI backend: sessions with all coordinators, and the ports that work through them."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from ..._core.errors import ConfigError
from ..._core.model import XenView
from .directory import Directory
from .endpoint import parse_endpoint
from .hosts import XenHosts
from .pools import XenPools
from .servers import XenServers
from .session import Access
from .tasks import Tasks


class XenFleet:
    """Made by connect(). A context manager that logs out at its end."""

    def __init__(self, directory: Directory, grace: float) -> None:
        self._directory = directory
        tasks = Tasks(directory, grace)
        self.hosts = XenHosts(directory)
        self.pools = XenPools(directory, tasks)
        self.servers = XenServers(directory, tasks)

    def read(self) -> XenView:
        """The present state of all pools whose coordinators answer; the rest is ``unreachable``.

        UnavailableError if none answers, AuthError if one refuses the credentials, ConfigError for
        a supporter without its coordinator, a refused certificate, or two hosts of one name.
        """
        return self._directory.read()

    def close(self) -> None:
        """Log out everywhere. Never raises."""
        self._directory.close()

    def __enter__(self) -> XenFleet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect(
    endpoints: Sequence[str],
    username: str,
    password: str,
    *,
    validate_certs: bool = True,
    ca_cert: str | None = None,
    timeout: float = 30.0,
    grace: float = 20.0,
) -> XenFleet:
    """Log in to every coordinator among the endpoints.

    ``timeout`` bounds each request, in seconds. ``grace`` is how long the effect of an operation
    may still come after its task was lost in a restart of a toolstack. Errors are those of
    XenFleet.read, and MissingLibraryError.
    """
    if not endpoints:
        raise ConfigError("XenAPI", "no host address was given", "Give the coordinators' addresses")
    parsed = [parse_endpoint(text) for text in endpoints]
    access = Access.make(
        username, password, validate_certs=validate_certs, ca_cert=ca_cert, timeout=timeout
    )
    directory = Directory(parsed, access)
    try:
        directory.open()
    except BaseException:
        directory.close()
        raise
    return XenFleet(directory, grace)
