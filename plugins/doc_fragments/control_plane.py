# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The choice of the control plane, as in module_utils/_glue/argspec.py CONTROL_PLANE."""

    DOCUMENTATION = r"""
options:
  control_plane:
    description:
      - Where aggregates, zones and services live. With V(xapi) they live in the collection's own store, and hosts and
        servers come from XenAPI. With V(nova) all of them are those of an OpenStack cloud; only the journal of
        maintenances and locks are kept in the store.
      - Xen pools and their storage are reached through XenAPI on both.
      - If not set, the environment variable E(XENFLEET_CONTROL_PLANE) is used.
    type: str
    choices: [xapi, nova]
    default: xapi
  validate_certs:
    description:
      - Whether TLS certificates must be valid and match their addresses.
      - By default they must, unless, on V(nova), C(verify) in C(clouds.yaml) says otherwise.
      - If not set, the environment variable E(XENFLEET_VALIDATE_CERTS) is used.
    type: bool
  ca_cert:
    description:
      - File with the certificates of the authorities to trust, in PEM format, in place of the system's.
      - If not set, the environment variable E(XENFLEET_CA_CERT) is used.
    type: path
  default_availability_zone:
    description:
      - Zone of hosts that no aggregate puts into one. On V(nova) it matters only while there is no such host.
      - Like the name of any zone it has no C(:), control characters or surrounding blanks.
      - If not set, the environment variable E(XENFLEET_DEFAULT_AVAILABILITY_ZONE) is used.
    type: str
    default: nova
"""
