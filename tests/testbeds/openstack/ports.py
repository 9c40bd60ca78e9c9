# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose a bed's ports, so that beds of several checkouts run beside each other on one machine."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from testbeds.openstack.layout import PORTS, BedError, Layout, remembered
from testbeds.openstack.processes import Processes, taken

# Below the ports that Linux hands out by itself (32768 on).
BLOCKS = range(24000, 29000, 100)


@contextmanager
def chosen(layout: Layout) -> Iterator[Layout]:
    """The layout with ports of its own, which no other ``up`` takes before this block ends.

    Those asked for, or those of the bed that runs, or those it had the last time if they are free (its saved
    state belongs to them), or else the first block that is free.
    """
    if layout.settings.port_base:
        yield layout
        return
    before = remembered(layout.root)
    if before and Processes(layout).running():
        yield on(layout, before.port_base)
        return
    with ExitStack() as claims:
        for base in [*([before.port_base] if before else []), *BLOCKS]:
            candidate = on(layout, base)
            if claims.enter_context(claimed(base)) and not taken(candidate, PORTS):
                yield candidate
                return
        raise BedError(f"no free ports from {BLOCKS[0]} to {BLOCKS[-1]}; give a --port-base")


def on(layout: Layout, base: int) -> Layout:
    return replace(layout, settings=replace(layout.settings, port_base=base))


@contextmanager
def claimed(base: int) -> Iterator[bool]:
    """Whether no other process is about to take these ports; the kernel ends the claim of a dead one."""
    directory = Path(tempfile.gettempdir()) / "xenfleet-testbed-ports"
    directory.mkdir(mode=0o1777, exist_ok=True)
    with (directory / str(base)).open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
