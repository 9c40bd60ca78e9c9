# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specifications in pieces that modules put together, as doc_fragments/ documents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import env_fallback


def _env(name: str) -> tuple[Any, list[str]]:
    return (env_fallback, [name])


@dataclass(frozen=True)
class Spec:
    """One piece of an argument specification, with the rules that go with its options."""

    options: Mapping[str, Mapping[str, Any]]
    mutually_exclusive: Sequence[Sequence[str]] = ()
    required_together: Sequence[Sequence[str]] = ()
    required_one_of: Sequence[Sequence[str]] = ()
    required_if: Sequence[Sequence[Any]] = ()
    required_by: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def rules(self) -> dict[str, Any]:
        """The rules as AnsibleModule and ArgumentSpecValidator take them."""
        return {
            "mutually_exclusive": [list(r) for r in self.mutually_exclusive],
            "required_together": [list(r) for r in self.required_together],
            "required_one_of": [list(r) for r in self.required_one_of],
            "required_if": [list(r) for r in self.required_if],
            "required_by": {k: list(v) for k, v in self.required_by.items()},
        }

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {name: dict(option) for name, option in self.options.items()}


def merge(*specs: Spec) -> Spec:
    """All pieces in one."""
    return Spec(
        {name: option for spec in specs for name, option in spec.options.items()},
        [r for spec in specs for r in spec.mutually_exclusive],
        [r for spec in specs for r in spec.required_together],
        [r for spec in specs for r in spec.required_one_of],
        [r for spec in specs for r in spec.required_if],
        {k: v for spec in specs for k, v in spec.required_by.items()},
    )


CONTROL_PLANE = Spec(
    {
        "control_plane": {
            "type": "str",
            "choices": ["xapi", "nova"],
            "default": "xapi",
            "fallback": _env("XENFLEET_CONTROL_PLANE"),
        },
        "validate_certs": {"type": "bool", "fallback": _env("XENFLEET_VALIDATE_CERTS")},
        "ca_cert": {"type": "path", "fallback": _env("XENFLEET_CA_CERT")},
        "default_availability_zone": {
            "type": "str",
            "default": "nova",
            "fallback": _env("XENFLEET_DEFAULT_AVAILABILITY_ZONE"),
        },
    }
)

XAPI = Spec(
    {
        "endpoints": {
            "type": "list",
            "elements": "str",
            "fallback": _env("XENFLEET_ENDPOINTS"),
        },
        "username": {"type": "str", "default": "root", "fallback": _env("XENFLEET_USERNAME")},
        "password": {"type": "str", "no_log": True, "fallback": _env("XENFLEET_PASSWORD")},
        "timeout": {"type": "float", "default": 60.0, "fallback": _env("XENFLEET_TIMEOUT")},
    }
)

AUTH_SECRETS = ("password", "passcode", "token", "application_credential_secret")
AUTH_PLAIN = (
    "auth_url",
    "username",
    "user_id",
    "user_domain_name",
    "user_domain_id",
    "project_name",
    "project_id",
    "project_domain_name",
    "project_domain_id",
    "domain_name",
    "domain_id",
    "default_domain",
    "system_scope",
    "application_credential_id",
    "application_credential_name",
)

NOVA = Spec(
    {
        "cloud": {"type": "str"},
        "auth": {
            "type": "dict",
            "options": {
                **{name: {"type": "str"} for name in AUTH_PLAIN},
                **{name: {"type": "str", "no_log": True} for name in AUTH_SECRETS},
            },
        },
        "auth_type": {"type": "str"},
        "region_name": {"type": "str"},
        "interface": {"type": "str", "choices": ["public", "internal", "admin"]},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path"},
        "api_timeout": {"type": "int"},
    }
)
"""As openstack.cloud names them. What is not given comes from clouds.yaml and OS_* variables, which
openstacksdk reads itself.
"""

STORE = Spec(
    {
        "store": {"type": "str", "fallback": _env("XENFLEET_STORE")},
        "store_password": {
            "type": "str",
            "no_log": True,
            "fallback": _env("XENFLEET_STORE_PASSWORD"),
        },
    }
)

CONNECTION = merge(CONTROL_PLANE, XAPI, NOVA, STORE)
"""What every module takes, so that one module_defaults group serves all of them."""

WAIT = Spec(
    {
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 600.0},
    }
)

HOST_GROUP = Spec(
    {
        "hosts": {"type": "list", "elements": "str"},
        "aggregate": {"type": "str"},
    },
    mutually_exclusive=[("hosts", "aggregate")],
    required_one_of=[("hosts", "aggregate")],
)
"""What is done to one host after the other."""

WITHIN = Spec({"within": {"type": "str"}})
"""How far servers may go."""

DRAIN = Spec(
    {
        "anti_affinity": {"type": "str", "choices": ["enforce", "relax"], "default": "enforce"},
        "cold_migrate": {"type": "bool", "default": False},
        **WITHIN.options,
    }
)
"""How servers leave a host."""
