# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API over HTTP: openstacksdk signs in, finds the endpoint, negotiates and retries.

Requests go through the SDK's adapter and not through its resources, since each needs a
microversion of its own: the SDK sends add_host without any (so that the answer lacks the uuid),
pins live migration to 2.30 (so that the call blocks and ``force`` is honoured), and always takes
hypervisors at 2.88, where capacity is gone.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._core.errors import MissingLibraryError, UnavailableError, UnsupportedError
from .failures import body_of, from_response, translated

if TYPE_CHECKING:
    from openstack.connection import Connection

PAGE = 1000
"""What Nova's max_limit gives at most by default."""

PATIENCE_S = 60
"""Seconds to wait for one answer, unless the options or clouds.yaml say; the SDK's default is no
limit.
"""
Version = tuple[int, int]


class Answer(NamedTuple):
    """``request_id`` is what Nova calls the request's instance action by."""

    body: dict[str, Any]
    request_id: str


def preload() -> None:
    """Import the SDK if it is installed, and what signing in with a password loads on first use. A
    process that forks for its tasks does it once, since it takes half a second.
    """
    with suppress(MissingLibraryError):
        load()
        import keystoneauth1.loading  # noqa: PLC0415  # comes with the SDK

        keystoneauth1.loading.get_plugin_loader("password")


def load() -> Any:
    """The SDK's connection module. Raises MissingLibraryError."""
    try:
        import openstack.config  # noqa: PLC0415  # only those with a cloud need it
        import openstack.connection  # noqa: PLC0415
    except ImportError as exc:
        raise MissingLibraryError("openstacksdk", traceback.format_exc()) from exc
    # What it warns of ends in an error that says more; without a handler it would go to stderr.
    logging.getLogger("keystoneauth").addHandler(logging.NullHandler())
    return openstack


def sign_in(options: Mapping[str, Any]) -> Api:
    """An Api for these options. Nothing is sent yet.

    Raises MissingLibraryError; ConfigError for an unknown cloud or missing credentials.
    """
    openstack = load()
    given = dict(options)
    renamed = {
        "verify": given.pop("validate_certs", None),
        "cacert": given.pop("ca_cert", None),
        "cert": given.pop("client_cert", None),
        "key": given.pop("client_key", None),
    }
    given.update({k: v for k, v in renamed.items() if v is not None})
    given["auth"] = {k: v for k, v in given.pop("auth", {}).items() if v is not None}
    name = given.pop("cloud", None)
    with translated("OpenStack cloud " + (name or "of the environment")):
        config = openstack.config.OpenStackConfig(override_defaults={"api_timeout": PATIENCE_S})
        region = config.get_one(cloud=name, **given)
        connection = openstack.connection.Connection(config=region)
    return Api(connection, region.name or "of the environment")


class Api:
    """Requests to the Compute API. Every method raises FleetErrors only."""

    def __init__(self, connection: Connection, cloud: str) -> None:
        self._connection = connection
        self.cloud = f"OpenStack cloud {cloud}"
        self._highest: Version | None = None

    def close(self) -> None:
        self._connection.close()

    @property
    def highest(self) -> Version:
        """The highest microversion that the cloud has. UnavailableError if it does not say: the SDK
        keeps to itself why.
        """
        if self._highest is None:
            with translated(self.cloud):
                data = self._connection.compute.get_endpoint_data()
            maximum = data.max_microversion if data else None
            if not maximum:
                raise UnavailableError(
                    self.cloud,
                    "its Compute API does not say which microversions it has",
                    "See whether nova-api answers at the catalogue's address, and try again",
                )
            self._highest = (int(maximum[0]), int(maximum[1]))
        return self._highest

    def version(self, least: str, most: str | None = None, what: str = "") -> str:
        """The microversion to ask for: the highest that the cloud has, up to ``most``.

        UnsupportedError if the cloud is older than ``least``.
        """
        low = _parsed(least)
        high = max(low, _parsed(most or least))
        if self.highest < low:
            raise UnsupportedError(
                self.cloud,
                f"its Compute API ends at microversion {_written(self.highest)}, and "
                f"{what or 'this'} needs {least}",
                "Upgrade Nova there",
            )
        return _written(min(high, self.highest))

    def get(self, path: str, version: str, **query: Any) -> dict[str, Any]:
        """The answer's body."""
        return self.send("GET", path, version, params=query).body

    def listed(self, path: str, key: str, version: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page, following the links in the answers."""
        while True:
            body = self.get(path, version, **query)
            yield from body[key]
            following = [x for x in body.get(f"{key}_links", ()) if x["rel"] == "next"]
            if not following or not body[key]:
                return
            query = {**query, "marker": self._marker(body[key][-1])}

    @staticmethod
    def _marker(item: Mapping[str, Any]) -> str:
        """Migrations have an id that is a number, and are distinguished by their uuid (2.59)."""
        return str(item.get("uuid") or item["id"])

    def image_service(self, path: str, **query: Any) -> dict[str, Any]:
        """The body of Glance's answer to a GET."""
        with translated(self.cloud):
            response = self._connection.image.get(path, params=query, raise_exc=False)
        if response.status_code >= 400:
            raise from_response(response, self.cloud, "Glance")
        return body_of(response, self.cloud, "Glance")

    def send(
        self,
        method: str,
        path: str,
        version: str,
        *,
        what: str = "",
        secrets: Sequence[str] = (),
        **request: Any,
    ) -> Answer:
        """A successful answer. ``secrets`` are not to be shown in errors."""
        with translated(what or self.cloud):
            response = self._connection.compute.request(
                path, method, microversion=version, raise_exc=False, **request
            )
        if response.status_code >= 400:
            raise from_response(response, what or self.cloud, secrets=secrets)
        return Answer(
            body_of(response, what or self.cloud),
            response.headers.get("x-openstack-request-id", ""),
        )

    def post(
        self, path: str, version: str, body: Mapping[str, Any], *, what: str = ""
    ) -> dict[str, Any]:
        return self.send("POST", path, version, what=what, json=body).body

    def put(
        self, path: str, version: str, body: Mapping[str, Any], *, what: str = ""
    ) -> dict[str, Any]:
        return self.send("PUT", path, version, what=what, json=body).body

    def delete(self, path: str, version: str, *, what: str = "") -> None:
        self.send("DELETE", path, version, what=what)


def _parsed(version: str) -> Version:
    major, minor = version.split(".")
    return int(major), int(minor)


def _written(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
