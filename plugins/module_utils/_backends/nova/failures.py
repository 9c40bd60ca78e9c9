# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what Nova, Keystone and their client libraries raise to FleetErrors."""

from __future__ import annotations

from collections.abc import Iterator
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
    404: (NotFoundError, "Look at what there is with the info modules"),
    409: (ConflictError, "Wait until what is under way has ended, or change that state first"),
    501: (UnsupportedError, "The hypervisor's driver would have to support it"),
    502: (UnavailableError, "Try again later"),
    503: (UnavailableError, "Try again later"),
    504: (UnavailableError, "Try again later"),
}
"""A fault that a controller does not expect is a 500, whatever its own code is
(nova/api/openstack/wsgi.py expected_errors).
"""


def from_response(response: Any, what: str, who: str = "Nova") -> FleetError:
    """The error that a service's answer stands for, in its own words."""
    kind, remedy = BY_STATUS.get(
        response.status_code, (BackendError, "Look into the logs of nova-api for the request")
    )
    request_id = response.headers.get("x-openstack-request-id", "")
    return kind(
        what,
        _message(response, who),
        remedy,
        http_status=response.status_code,
        request_id=request_id,
    )


def _message(response: Any, who: str) -> str:
    """``{"<kind>": {"code": 409, "message": "..."}}``; a proxy in between answers otherwise."""
    with suppress(ValueError, AttributeError, TypeError):
        for fault in response.json().values():
            if isinstance(fault, dict) and fault.get("message"):
                return f"{who} answers {response.status_code}: {_plain(fault['message'])}"
    return f"{who} answers {response.status_code} {response.reason or ''}".rstrip()


def _plain(text: object) -> str:
    """On one line: schema errors come with the schema."""
    return " ".join(str(text).split())[:500]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Client libraries' exceptions as FleetErrors. keystoneauth's are not the SDK's."""
    # At the top they would be loaded for those without a cloud, too.
    import keystoneauth1.exceptions as ksa  # noqa: PLC0415
    import openstack.exceptions as sdk  # noqa: PLC0415

    try:
        yield
    except FleetError:
        raise
    except (ksa.Unauthorized, ksa.MissingAuthPlugin) as exc:
        raise AuthError(what, _first_line(exc), BY_STATUS[401][1]) from exc
    except (ksa.ConnectFailure, ksa.ConnectTimeout, ksa.RetriableConnectionFailure) as exc:
        raise UnavailableError(
            what, _first_line(exc), "Check the address, the network and TLS, and try again"
        ) from exc
    except (ksa.MissingRequiredOptions, ksa.NoMatchingPlugin, ksa.OptionError) as exc:
        raise ConfigError(what, _first_line(exc), _CREDENTIALS) from exc
    except (ksa.EndpointNotFound, ksa.DiscoveryFailure) as exc:
        raise ConfigError(
            what,
            _first_line(exc),
            "Check auth_url, region_name and interface against the cloud's catalogue",
        ) from exc
    except ksa.HttpError as exc:
        kind, remedy = BY_STATUS.get(exc.http_status, (BackendError, "Look into Keystone's logs"))
        raise kind(what, _first_line(exc), remedy, http_status=exc.http_status) from exc
    except (sdk.ConfigException, ksa.ClientException, sdk.SDKException) as exc:
        raise ConfigError(what, _first_line(exc), _CREDENTIALS) from exc


_CREDENTIALS = (
    "Name a cloud of clouds.yaml with the option cloud or OS_CLOUD, or give auth; clouds.yaml is "
    "looked for in the current directory, ~/.config/openstack, /etc/openstack and at "
    "OS_CLIENT_CONFIG_FILE"
)


def _first_line(exc: BaseException) -> str:
    lines = [line for line in str(exc).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(exc).__name__
