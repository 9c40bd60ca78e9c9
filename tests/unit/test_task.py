# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task reports when a step fails: all that stays done, and nothing that was undone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    FleetError,
    LockedError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import NullReporter
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.runner import failure
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.task import Task
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.planes import control_plane

CREATE = step("aggregate.create", "prod", {"zone": None})
BROKEN = step("aggregate.set_metadata", "nowhere", {"changes": {"a": "1"}})


def reconcile(store: Path, planner: Any, **options: Any) -> FleetError:
    """The error of a task on a real store whose plan has a step that must fail."""
    task = Task({"store": str(store)})

    def result(fleet: Fleet) -> Mapping[str, Any]:
        return {"names": [a.name for a in fleet.aggregates]}

    try:
        with pytest.raises(FleetError) as caught:
            task.reconcile(planner, needs=reading(AGGREGATES), result=result, **options)
    finally:
        task.close()
    return caught.value


def names(store: Path) -> list[str]:
    task = Task({"store": str(store)})
    try:
        return [a.name for a in task.read(reading(AGGREGATES)).aggregates]
    finally:
        task.close()


def test_a_transaction_that_was_taken_back_claims_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    error = reconcile(store, lambda fleet: Plan((CREATE, BROKEN)), exclusive=True)
    assert isinstance(error, NotFoundError)
    assert "are kept" not in error.message
    assert failure(error)["changed"] is False
    assert names(store) == []


def test_without_a_transaction_what_was_done_is_reported(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    error = reconcile(store, lambda fleet: Plan((CREATE, BROKEN)))
    assert "1 of 2 steps were completed and are kept" in error.message
    assert failure(error)["changed"] is True
    assert names(store) == ["prod"]


def test_a_later_round_that_fails_reports_what_the_earlier_ones_did(tmp_path: Path) -> None:
    def planner(fleet: Fleet) -> Plan:
        return Plan((BROKEN,)) if fleet.aggregates else Plan((CREATE,))

    store = tmp_path / "store.db"
    error = reconcile(store, planner, rounds=3)
    assert [step["verb"] for step in error.details["done"]] == ["aggregate.create"]
    assert failure(error)["changed"] is True
    assert names(store) == ["prod"]


def test_so_does_one_that_cannot_be_planned(tmp_path: Path) -> None:
    def planner(fleet: Fleet) -> Plan:
        if fleet.aggregates:
            raise NotFoundError("host xen1", "it is unknown")
        return Plan((CREATE,))

    error = reconcile(tmp_path / "store.db", planner, rounds=3)
    assert [step["verb"] for step in error.details["done"]] == ["aggregate.create"]
    assert failure(error)["changed"] is True


def test_rounds_that_do_not_suffice_are_a_failure(tmp_path: Path) -> None:
    def planner(fleet: Fleet) -> Plan:
        return Plan((step("aggregate.create", f"a{len(fleet.aggregates)}", {"zone": None}),))

    store = tmp_path / "store.db"
    error = reconcile(store, planner, rounds=2)
    assert "create aggregate a2: after 2 rounds of planning" in error.message
    assert [step["subject"] for step in error.details["done"]] == ["a0", "a1"]
    assert failure(error)["changed"] is True
    assert names(store) == ["a0", "a1"]


def test_several_locks_are_held_together_or_none_of_them(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    other = control_plane({"store": str(store)})
    journal = other.ports(NullReporter(), reading(AGGREGATES)).journal
    assert journal
    locks = ["pool:b", "pool:a"]
    with journal.lock("pool:b", "a test"):
        error = reconcile(store, lambda fleet: Plan((CREATE,)), lock=locks)
    assert isinstance(error, LockedError)
    assert names(store) == []
    with journal.lock("pool:a", "a test"):
        error = reconcile(store, lambda fleet: Plan((CREATE,)), lock=locks)
    assert isinstance(error, LockedError)
    other.close()
