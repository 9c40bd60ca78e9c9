# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors, which others are made of and which don't change themselves."""

from __future__ import annotations

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    FleetError,
    MissingLibraryError,
    PlanInterrupted,
)

CAUSE = BackendError("server 1", "broke", "Mend it")


@pytest.mark.parametrize(
    "error",
    [
        BackendError("server 1", "broke", "Mend it", done=[]),
        MissingLibraryError("XenAPI", "Traceback"),
        PlanInterrupted("stop 1", "broke", "Mend it", causes=[CAUSE]),
    ],
)
def test_an_error_said_otherwise_is_another_one(error: FleetError) -> None:
    before = dict(vars(error))
    other = error.altered(what="server web", remedy="Wait", result={"host": "c1"}, left=2)
    assert vars(error) == before
    assert type(other) is type(error)
    assert str(other) == other.message == f"server web: {error.cause}. Wait."
    assert other.details == {**error.details, "left": 2}
    assert other.result == {"host": "c1"}
    same = {"what", "remedy", "details", "result"}
    assert {k: v for k, v in vars(other).items() if k not in same} == {
        k: v for k, v in before.items() if k not in same
    }


def test_what_is_not_altered_stays() -> None:
    assert vars(CAUSE.altered()) == vars(CAUSE)
    assert str(CAUSE.altered(done=[])) == str(CAUSE)
