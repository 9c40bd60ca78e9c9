# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pytest plugin that notes what each test costs: wall time, and processor time of the test and of the
processes that it has waited for.

``-p harness.costing`` with ``DURATIONS=FILE`` in the environment appends a JSON line for each test to the
file: ``{"test": ..., "seconds": ..., "busy": ...}``, setup and teardown included. A fixture that several
tests share counts for the test that made it.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Generator

import pytest


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    began, busy = time.monotonic(), processor_seconds()
    outcome = yield
    if path := os.environ.get("DURATIONS"):
        line = {
            "test": item.nodeid,
            "seconds": round(time.monotonic() - began, 3),
            "busy": round(processor_seconds() - busy, 3),
        }
        # One write of less than a page to a file opened for appending stays whole between workers.
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return outcome
