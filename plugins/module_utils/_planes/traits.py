# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of each control plane."""

from __future__ import annotations

from .._backends.nova.limits import FILTERS as NOVA_FILTERS
from .._backends.nova.limits import SORT_KEYS as NOVA_SORT_KEYS
from .._backends.nova.limits import UNSUPPORTED as BEYOND_NOVA
from .._backends.xapi.actions.table import STEPWISE
from .._backends.xapi.limits import NEEDED
from .._backends.xapi.limits import UNSUPPORTED as BEYOND_XAPI
from .._core.traits import Traits, Words

XAPI_WORDS = Words(
    unknown_host="it is unknown to every coordinator that answered",
    find_host="Check the name and that endpoints lists the coordinator of its pool",
    unknown_service="there is no record of it, and the host is unknown to every coordinator that answered",
    name_host=(
        "Use the name that XAPI has for it (name_label, in the same case), and give its address in endpoints"
    ),
    lost_host=(
        "Bring it back; if it has failed for good, its servers must be started elsewhere first"
    ),
    asks_all=True,
)

XAPI = Traits(
    host_switch=True,
    endpoints_are_hosts=True,
    locks_bind_everybody=True,
    lists_operations=True,
    reset_by_power=True,
    late_arrivals=True,
    hosts_in_pools=True,
    stepwise=STEPWISE,
    needed=NEEDED,
    unsupported=BEYOND_XAPI,
    words=XAPI_WORDS,
)

NOVA = Traits(
    scheduler=True,
    service_processes=True,
    keeps_stopped=True,
    late_numbers=True,
    pins_zones=True,
    lists_migrations=True,
    unsupported=BEYOND_NOVA,
    filters=NOVA_FILTERS,
    sort_keys=NOVA_SORT_KEYS,
    words=Words(
        unknown_host="Nova knows no such host",
        find_host="Check the name; it is that of the compute service, as compute_service_info lists it",
        unknown_service="Nova knows none",
        name_host="Use the name that Nova's service list has for it, in the same case",
        lost_host=(
            "Start nova-compute there and run again; if the host is lost, fence it and evacuate them"
        ),
    ),
)
