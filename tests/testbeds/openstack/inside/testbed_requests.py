# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrap an API's WSGI application: a line of JSON for each request, written before the answer leaves.

So whoever has an answer finds its line. Of a body nothing is kept but an action's name: the first
key of what is posted to .../action, which for Nova tells the request apart from others.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
wrapped = importlib.import_module(os.environ["TESTBED_APPLICATION"]).application
LOG = os.environ["TESTBED_REQUESTS"]
VERSION_HEADERS = ("HTTP_OPENSTACK_API_VERSION", "HTTP_X_OPENSTACK_NOVA_API_VERSION")


def action_of(environ: Environ) -> str | None:
    """What is posted to an action URL; its body stays readable for the application."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if environ["REQUEST_METHOD"] != "POST" or not environ["PATH_INFO"].endswith("/action"):
        return None
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        return str(next(iter(json.loads(body))))
    except (ValueError, TypeError, StopIteration):
        return None


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    began, action = time.monotonic(), action_of(environ)
    answer: dict[str, Any] = {}

    def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        answer["status"] = int(status.split(maxsplit=1)[0])
        named = {name.lower(): value for name, value in headers}
        answer["id"] = named.get("x-openstack-request-id")
        return start_response(status, headers, *rest)

    body = wrapped(environ, note)
    version = next((environ[name] for name in VERSION_HEADERS if name in environ), None)
    line = {
        "method": environ["REQUEST_METHOD"],
        "path": environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
        "query": environ.get("QUERY_STRING", ""),
        "action": action,
        "microversion": version,
        "user_agent": environ.get("HTTP_USER_AGENT", ""),
        "status": answer.get("status"),
        "request_id": answer.get("id"),
        "ms": round((time.monotonic() - began) * 1000),
    }
    # One write to a file opened for appending: lines of several processes do not mix.
    with open(LOG, "ab", buffering=0) as log:
        log.write(json.dumps(line).encode() + b"\n")
    return body
