# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the parts of the test suite, some at a time, and sum up.

``python tests/run.py`` runs everything; part names as arguments run only those. A part is a list
of commands; all of them run, so that one run shows every finding. A command that ends with
exit code 77 was skipped, and its last line of output says why (automake's convention). pytest begins
when the lanes that take much processor time have ended, since it measures simulated time; its
closing line is the one to be read.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "ansible_collections.xenfleet.compute"
LOGS = ROOT / ".cache/log"
SKIPPED = 77
LIMIT_S = 4200
PARTING_S = 90

Command = list[str]
PARTS: dict[str, list[Command]] = {
    "lint": [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "-p", f"{PACKAGE}.plugins"],
        ["yamllint", "--strict", "."],
        ["env", "PYTHONPATH=.tree", "lint-imports", "--no-logo"],
        ["antsibull-changelog", "lint"],
        ["ansible-lint", "--offline", "--strict", "--nocolor", "-q"],
    ],
    "docs": [["tests/utils/docs.sh"]],
    "build": [["tests/utils/build.sh"]],
    "sanity": [["tests/utils/sanity.sh"]],
    "sanity-newest": [["tests/utils/sanity.sh", "newest"]],
    "molecule": [["tests/utils/molecule.sh"]],
    "oldest": [["tests/utils/tests_on.sh", "oldest"]],
    "newest": [["tests/utils/tests_on.sh", "newest"]],
    # Two clouds, as the tests on one run one after the other and mostly wait.
    "nova": [["tests/utils/testbed.sh", "1", "--ignore=tests/contract", "tests"]],
    "nova-contract": [["tests/utils/testbed.sh", "2", "tests/contract"]],
    "pytest": [
        ["pytest", "-q", "-m", "not nova", "-n", "2", "--dist", "worksteal", "--durations=10"]
    ],
}
# Parts of one lane run one after the other, the lanes beside each other.
BUSY_LANES = (
    ("sanity", "sanity-newest"),
    ("lint", "docs", "build", "molecule", "oldest", "newest"),
)
WAITING_LANES = (("nova",), ("nova-contract",))
AFTER_BUSY = "pytest"


@dataclass
class Result:
    """What one part came to: ``ok``, ``FAILED`` or ``skipped``, and its commands' output."""

    part: str
    verdict: str = "ok"
    seconds: float = 0.0
    busy: float = 0.0
    """Processor time in seconds; what outlives a command, as a cloud does, is not in it."""
    output: list[str] = field(default_factory=list)

    @property
    def closing_line(self) -> str:
        lines = [line for line in "".join(self.output).splitlines() if line.strip()]
        return lines[-1] if lines else ""


def environment() -> dict[str, str]:
    """What the Makefile exports, so that this file also works without make."""
    return {
        **os.environ,
        "ANSIBLE_HOME": str(ROOT / ".cache/ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"),
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
    }


def run_command(command: Command, *, live: bool) -> tuple[int, str, float]:
    """Run one command to its end; past LIMIT_S, end it and everything it started. Returns exit
    code, output and processor time in seconds.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    over = threading.Event()
    limit = threading.Timer(LIMIT_S, end, (process.pid, over))
    limit.start()
    with ThreadPoolExecutor(1) as reader:
        output = reader.submit(read_output, process, live=live)
        _pid, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        over.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        late = time.monotonic() - began >= LIMIT_S
        told = output.result() + (f"\nended after {LIMIT_S} s\n" if late else "")
        return process.returncode, told, usage.ru_utime + usage.ru_stime


def end(group: int, over: threading.Event) -> None:
    """End a process group. Asked first, pytest tells what it has found, and a cloud is taken down."""
    os.killpg(group, signal.SIGINT)
    if not over.wait(PARTING_S):
        os.killpg(group, signal.SIGKILL)


def read_output(process: subprocess.Popen[str], *, live: bool) -> str:
    """Collect a command's output, echoing it as it comes when ``live``."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if live:
            print(line, end="", flush=True)
    return "".join(lines)


def run_part(part: str) -> Result:
    """Run all commands of a part, keep what they print and tell how it went."""
    result, started = Result(part), time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{part}.log"
    log.unlink(missing_ok=True)
    for command in PARTS[part]:
        code, output, busy = run_command(command, live=part == AFTER_BUSY)
        result.busy += busy
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{output}")
        if code == SKIPPED:
            result.verdict = "skipped"
        elif code:
            result.verdict = "FAILED"
            result.output.append(f"$ {' '.join(command)}  (exit code {code})\n")
        result.output.append(output if code or part == AFTER_BUSY else "")
    result.seconds = time.monotonic() - started
    report = f"{result.verdict:8} {part} ({result.seconds:.0f} s)\n"
    if part != AFTER_BUSY:
        report += "".join(result.output)
    print(report, end="" if report.endswith("\n") else "\n", flush=True)
    return result


def run_lanes(wanted: Sequence[str]) -> list[Result]:
    """Run the wanted parts; the result of AFTER_BUSY comes last."""
    with ThreadPoolExecutor(len(BUSY_LANES) + len(WAITING_LANES)) as pool:

        def begin(lanes: Sequence[Sequence[str]]) -> list[Future[list[Result]]]:
            return [pool.submit(run_lane, [p for p in lane if p in wanted]) for lane in lanes]

        busy, waiting = begin(BUSY_LANES), begin(WAITING_LANES)
        results = [result for lane in busy for result in lane.result()]
        last = [run_part(AFTER_BUSY)] if AFTER_BUSY in wanted else []
        return [*results, *(result for lane in waiting for result in lane.result()), *last]


def run_lane(parts: list[str]) -> list[Result]:
    return [run_part(part) for part in parts]


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no part named {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    wanted = names or list(PARTS)
    results = run_lanes(wanted)
    print("\nSummary                    time  processor")
    for result in results:
        reason = f"  {result.closing_line}" if result.verdict == "skipped" else ""
        times = f"{result.seconds:5.0f} s {result.busy:5.0f} s"
        print(f"  {result.verdict:8} {result.part:14} {times}{reason}")
    if AFTER_BUSY in wanted:
        print(results[-1].closing_line)
    return int(any(result.verdict == "FAILED" for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
