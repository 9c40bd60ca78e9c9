# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which flavors are shown for which aggregate."""

from __future__ import annotations

import pytest
from unit.fleets import fleet

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate, Flavor
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.flavors import (
    flavors_of,
)

SCOPE = "aggregate_instance_extra_specs:"
FAST = Aggregate("fast", {"ssd": "true", "gen": "3,4"})


@pytest.mark.parametrize(
    ("specs", "meant"),
    [
        ({}, False),
        ({"hw:cpu_policy": "dedicated"}, False),
        ({f"{SCOPE}ssd": "true"}, True),
        ({f"{SCOPE}ssd": "true", "hw:cpu_policy": "dedicated"}, True),
        ({f"{SCOPE}ssd": "true", f"{SCOPE}gen": "<or> 4 <or> 5"}, True),
        ({f"{SCOPE}ssd": "true", f"{SCOPE}gen": ">= 5"}, False),
        ({f"{SCOPE}ssd": "true", f"{SCOPE}gpu": "1"}, False),
        ({"ssd": "true"}, True),
        ({f"{SCOPE}ssd": "true", "gpu": "1"}, False),
    ],
)
def test_meant_for_an_aggregate(specs: dict[str, str], meant: bool) -> None:
    flavor = Flavor("1", "one", specs)
    assert flavors_of(fleet(aggregates=[FAST], flavors=[flavor]), FAST) == (flavor,) * meant


def test_one_aggregate_does_not_answer_for_another() -> None:
    both = Flavor("1", "both", {f"{SCOPE}ssd": "true", f"{SCOPE}rack": "1"})
    rack = Aggregate("rack", {"rack": "1"})
    known = fleet(aggregates=[FAST, rack], flavors=[both])
    assert [flavors_of(known, one) for one in known.aggregates] == [(), ()]
