# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The union of all subjects' verbs."""

from __future__ import annotations

from collections.abc import Mapping

from .._core.plan import AnyVerb
from .aggregates import verbs as aggregates
from .hosts import verbs as hosts
from .maintenance import verbs as maintenance
from .pools import verbs as pools
from .servers import verbs as servers
from .services import verbs as services

VERBS: Mapping[str, AnyVerb] = {
    verb.name: verb
    for subject in (aggregates, services, hosts, pools, servers, maintenance)
    for verb in subject.VERBS
}
"""By name."""
