# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find an aggregate by the word that users give for it: its name or its id."""

from __future__ import annotations

from ..._core.model import Aggregate, Fleet


def find_aggregate(fleet: Fleet, word: str) -> Aggregate | None:
    """The aggregate of that name, else the one with that id, as Nova's own client has it (novaclient:
    utils.py find_resource). OpenStackClient asks in the other order (openstack: Resource.find).
    """
    return fleet.aggregate(word) or aggregate_with_id(fleet, word)


def aggregate_with_id(fleet: Fleet, word: str) -> Aggregate | None:
    """The aggregate whose id the word is written like, if there is one."""
    if not (word.isascii() and word.isdecimal()):
        return None
    return next((a for a in fleet.aggregates if a.id == int(word)), None)
