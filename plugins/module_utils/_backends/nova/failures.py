# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""FleetErrors for what Nova, Keystone and their client libraries answer or raise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..._core.errors import (
    AuthError,
    BackendError,
    ConfigError,
    ConflictError,
    FleetError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)

BY_STATUS: dict[int, tuple[type[FleetError], str]] = {
    400: (InvalidError, "Correct the value"),
    401: (AuthError, "Check the credentials in clouds.yaml, OS_* variables or the option auth"),
    403: (ForbiddenError, "Use an account that Nova's policy lets do this, usually an admin's"),
    404: (NotFoundError, "List what exists with the info modules"),
    409: (
        ConflictError,
        "Wait until the operation in progress has ended, or change that state first",
    ),
    501: (UnsupportedError, "The hypervisor's driver would have to support it"),
    502: (UnavailableError, "Try again later"),
    503: (UnavailableError, "Try again later"),
    504: (UnavailableError, "Try again later"),
}
"""A fault that a controller does not expect is a 500, whatever its own code is
(nova/api/openstack/wsgi.py expected_errors).
"""

LOCKED = "Unlock it first, or use an account that may override the lock, usually an admin's"
"""For Instance %(instance_uuid)s is locked (nova/exception.py InstanceIsLocked)."""


def from_response(
    response: Any, what: str, who: str = "Nova", secrets: Sequence[str] = ()
) -> FleetError:
    """The error that a service's answer stands for, in its own words, which may quote a value that
    it does not like.
    """
    kind, remedy = BY_STATUS.get(
        response.status_code, (BackendError, "Check the logs of nova-api for the request")
    )
    request_id = response.headers.get("x-openstack-request-id", "")
    said = _message(response, who, secrets)
    return kind(
        what,
        said,
        LOCKED if response.status_code == 409 and said.endswith(" is locked") else remedy,
        http_status=response.status_code,
        request_id=request_id,
    )


def _message(response: Any, who: str, secrets: Sequence[str]) -> str:
    """``{"<kind>": {"code": 409, "message": "..."}}``; a proxy in between answers otherwise."""
    with suppress(ValueError, AttributeError, TypeError):
        for fault in response.json().values():
            if isinstance(fault, dict) and fault.get("message"):
                said = _plain(fault["message"], secrets)
                return f"{who} answers {response.status_code}: {said}"
    return f"{who} answers {response.status_code} {response.reason or ''}".rstrip()


def _plain(text: object, secrets: Sequence[str]) -> str:
    """On one line: schema errors come with the schema."""
    shown = str(text)
    for secret in secrets:
        for form in (secret, repr(secret)[1:-1]):
            shown = shown.replace(form, "********")
    return " ".join(shown.split())[:500]


def body_of(response: Any, what: str, who: str = "Nova") -> dict[str, Any]:
    """The JSON object that a successful answer holds, none if it is empty."""
    try:
        body: dict[str, Any] = response.json() if response.content else {}
    except ValueError as exc:
        raise BackendError(
            what, f"{who}'s answer is not JSON", "Check that its endpoint is the service itself"
        ) from exc
    return body


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Client libraries' exceptions as FleetErrors. keystoneauth's are not the SDK's."""
    try:
        yield
    except FleetError:
        raise
    except Exception as exc:
        error = _translation(what, exc)
        if error is None:
            raise
        raise error from exc


def _translation(what: str, exc: Exception) -> FleetError | None:
    # At the top they would be loaded for those without a cloud, too.
    import keystoneauth1.exceptions as ksa  # noqa: PLC0415
    import openstack.exceptions as sdk  # noqa: PLC0415

    said = _first_line(exc)
    match exc:
        case ksa.Unauthorized() | ksa.MissingAuthPlugin():
            return AuthError(what, said, BY_STATUS[401][1])
        case ksa.ConnectionError():
            return UnavailableError(what, _unreachable(exc), _REACH)
        case ksa.EndpointNotFound() | ksa.DiscoveryFailure() | sdk.ServiceDisabledException():
            return ConfigError(what, said, _CATALOGUE)
        case ksa.HttpError():
            kind, remedy = BY_STATUS.get(exc.http_status, (BackendError, "Check Keystone's logs"))
            return kind(what, said, remedy, http_status=exc.http_status)
        case ksa.ClientException() | sdk.SDKException():
            return ConfigError(what, said, _CREDENTIALS)
        case OSError():
            return ConfigError(what, said, _FILES)
    # keystoneauth raises these for options that are missing, or that its plugin does not have.
    if type(exc) in (Exception, TypeError):
        return ConfigError(what, said, "Correct auth and auth_type")
    return None


_CREDENTIALS = (
    "Name a cloud of clouds.yaml with the option cloud or OS_CLOUD, or give auth; clouds.yaml is "
    "looked for in the current directory, ~/.config/openstack, /etc/openstack and at "
    "OS_CLIENT_CONFIG_FILE, and ignored if it is not valid YAML"
)
_CATALOGUE = "Check auth_url, project_name, region_name and interface against the cloud's catalogue"
_REACH = "Check the address, the network and the certificates (ca_cert), and try again"
_FILES = "Check the files that clouds.yaml, ca_cert, client_cert and client_key name"


def _unreachable(exc: BaseException) -> str:
    """What was asked for and, of the exceptions behind it, the first: the system's own words."""
    first = exc
    while following := first.__cause__ or first.__context__:
        first = following
    return f"{_first_line(exc).split(': HTTP', maxsplit=1)[0]}: {_first_line(first)}"


def _first_line(exc: BaseException) -> str:
    lines = [line for line in str(exc).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(exc).__name__
