# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options for reaching Xen hosts, as in module_utils/_glue/argspec.py XAPI."""

    DOCUMENTATION = r"""
options:
  endpoints:
    description:
      - Addresses of the hosts of the fleet, of coordinators, supporters and stand-alone hosts.
      - An address without a scheme means C(https://). Use C(http://) only where nobody can listen in.
      - A supporter is covered by its coordinator, whose address must be in the list, too. Credentials are never sent to
        an address that is not listed.
      - If not set, the environment variable E(XENFLEET_ENDPOINTS) is used, comma-separated.
    type: list
    elements: str
  username:
    description:
      - Account on the hosts, the same on all of them.
      - If not set, the environment variable E(XENFLEET_USERNAME) is used.
    type: str
    default: root
  password:
    description:
      - Its password.
      - If not set, the environment variable E(XENFLEET_PASSWORD) is used.
    type: str
  timeout:
    description:
      - Seconds to wait for one answer of a host. Long operations run as tasks on the host and are not bound by it.
      - If not set, the environment variable E(XENFLEET_TIMEOUT) is used.
    type: float
    default: 60.0
requirements:
  - XenAPI (Python library), for O(control_plane=xapi) and for Xen pools
"""
