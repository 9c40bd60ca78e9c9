# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes and what they have started. From 2.19 on ansible-core puts each worker into a session of its own, so
that killing a playbook's process group spares the task that runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path


def kill(process: subprocess.Popen[str], number: signal.Signals = signal.SIGKILL) -> None:
    """Signal the process and everything below it at one moment, as a power cut would."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)
    for pid in (*descendants(process.pid), process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)


def descendants(pid: int) -> dict[int, str]:
    """Ids of the processes below that one, each with its start time, since ids are used again."""
    all_of_them = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
    known = {one: parent_and_start(one) for one in all_of_them}
    children: dict[int, str] = {}
    level = {pid}
    while level:
        level = {child for child, (parent, _start) in known.items() if parent in level}
        children.update({child: known[child][1] for child in level})
    return children


def alive(processes: dict[int, str]) -> dict[int, str]:
    """Those of the descendants that still run."""
    return {pid: start for pid, start in processes.items() if parent_and_start(pid)[1] == start}


def parent_and_start(pid: int) -> tuple[int, str]:
    """Parent and start time of a process; none of one that has ended and awaits its parent's notice."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    return (0, "") if fields[0] in "ZX" else (int(fields[1]), fields[19])
