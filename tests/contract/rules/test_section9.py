# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule on aggregates, services and hosts has a test named by its number, or a reason why not.

The numbers are those of the list of rules that a control plane in Nova's manner must keep: 1 to 22
on aggregates, 23 to 30 on services, 31 to 50 on servers, 51 on host maintenance, 52 on rights.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent

ROWS = {*range(1, 32), 51, 52}

NOT_HERE = {
    19: "zones are read from aggregates and services; there is no listing of zones to hide any",
    20: "XAPI has no image cache to fill",
    22: "a coordinator leaves a Xen pool by xen_pool_member, whose own target tests it",
    51: "host power and maintenance_mode are no calls here; host_maintenance is the way",
}


def test_every_row_has_a_test_or_a_reason() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*_rules.py"))
    tested = {int(n) for n in re.findall(r"^def test_row_(\d\d)_", text, re.M)}
    assert ROWS - tested == set(NOT_HERE)
    assert not tested & set(NOT_HERE)
