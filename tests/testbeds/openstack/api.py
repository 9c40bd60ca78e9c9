# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services' REST APIs as they are, without an SDK."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from testbeds.openstack.layout import PASSWORD, Layout

# Past any proxy of the environment: a bed is on this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The request log leaves these requests out: they look at a cloud and are not what is tested.
OBSERVER = "testbed-observer"
TYPES = {"nova-api": "compute", "placement": "placement"}
PATHS = {"neutron": "/v2.0", "glance": "/v2"}


class ApiError(Exception):
    """A service refused: its HTTP ``status`` and ``message``."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status
        self.message = message


class Api:
    """Requests as one user in one project. Tokens outlive a bed, so one is enough."""

    def __init__(self, layout: Layout, project: str = "admin", user: str = "admin") -> None:
        self.layout = layout
        self.project = project
        self.user = user
        self.token: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        microversion: str = "latest",
        service: str = "nova-api",
    ) -> Any:
        """The JSON answer (None if empty) to a request below the service's endpoint.

        ``microversion`` is for nova-api and placement. Raises ApiError for status 400 and above.
        """
        self.token = self.token or self.log_in()
        headers = {"X-Auth-Token": self.token}
        if service in TYPES:
            headers["OpenStack-API-Version"] = f"{TYPES[service]} {microversion}"
        return send(
            method, self.layout.url(service) + PATHS.get(service, "") + path, body, headers
        )[0]

    def log_in(self) -> str:
        domain = {"id": "default"}
        user = {"name": self.user, "domain": domain, "password": PASSWORD}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": self.project, "domain": domain}}
        body = {"auth": {"identity": identity, "scope": scope}}
        _answer, headers = send("POST", f"{self.layout.url('keystone')}/auth/tokens", body, {})
        return headers["X-Subject-Token"]


def send(
    method: str, url: str, body: Any, headers: Mapping[str, str]
) -> tuple[Any, Mapping[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    given = {"Content-Type": "application/json", "User-Agent": OBSERVER, **headers}
    for name, value in given.items():
        request.add_header(name, value)
    try:
        with DIRECT.open(request, timeout=90) as answer:
            text = answer.read()
            return json.loads(text) if text else None, answer.headers
    except urllib.error.HTTPError as exc:
        raise ApiError(method, url, exc.code, message_of(exc.read())) from exc


def message_of(text: bytes) -> str:
    """What the service said: ``{"badRequest": {"code": 400, "message": ...}}`` in most of them."""
    try:
        (fault,) = json.loads(text).values()
        return str(fault["message"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return text.decode(errors="replace")
