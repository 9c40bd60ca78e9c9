# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the parts of the test suite (parts.py), some at a time, and sum up.

``python tests/run.py`` runs the quick tier and ``--all`` the full one; names as arguments run only those
parts. All commands of a part run, so that one run shows every finding. One that ends with exit code 77 was
skipped with what follows it in its part, and its last line of output says why (automake's convention).

Busy parts come first, two at a time and the longest first; parts that measure simulated time follow and have
the processors to themselves; parts on a cloud, which mostly wait, run beside both. What each part and each
test took is kept in ``.cache/log/durations.json``.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from durations import Durations
from parts import BUSY, PARTS, TIMED, WAITING, Commands, Part

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache/log"
AT_A_TIME = 2
SKIPPED = 77
LIMIT_S = 4200
PARTING_S = 90
INTERRUPTED = 130
COUNTED = re.compile(r"(\d+) (passed|failed|error|skipped)")
CLOSING = re.compile(r"^(?:=+ )?\d+ (?:passed|failed|skipped|error).* in [\d.]+s", re.M)


class Interruption:
    """What SIGINT and SIGTERM do: what runs is ended as past its time limit, and nothing more begins. The commands
    have sessions of their own, so that a terminal's Ctrl-C does not reach them.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.running: dict[int, threading.Event] = {}
        """Process groups, each with what is set once it is over."""

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: self.interrupt())

    def interrupt(self) -> None:
        if not self.asked.is_set():
            self.asked.set()
            for group, over in list(self.running.items()):
                threading.Thread(target=end, args=(group, over), daemon=True).start()

    def begun(self, group: int) -> threading.Event:
        """Note a command that has just begun; what is returned is to be set once it is over."""
        over = self.running[group] = threading.Event()
        if self.asked.is_set():
            threading.Thread(target=end, args=(group, over), daemon=True).start()
        return over


interruption = Interruption()


@dataclass
class Result:
    """What one part came to: ``ok``, ``FAILED`` or ``skipped``, and its commands' output."""

    part: Part
    verdict: str = "ok"
    seconds: float = 0.0
    busy: float = 0.0
    """Processor time in seconds; what outlives a command, as a cloud does, is not in it."""
    output: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """The last line of a part that was skipped."""
        lines = [line for line in "".join(self.output).splitlines() if line.strip()]
        return lines[-1] if lines and self.verdict == "skipped" else ""


def environment(part: Part) -> dict[str, str]:
    """What the Makefile exports, so that this file also works without make, and the durations' file."""
    return {
        **os.environ,
        "ANSIBLE_HOME": str(ROOT / ".cache/ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"),
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_ADDOPTS": "-p harness.costing" + " -p harness.entered" * (part.kind == WAITING),
        "DURATIONS": str(durations_of(part)),
        "ENTERED": str(entered_by(part)),
    }


def durations_of(part: Part) -> Path:
    return LOGS / f"{part.name}.durations.jsonl"


def entered_by(part: Part) -> Path:
    return LOGS / f"{part.name}.entered.json"


def run_command(part: Part, command: tuple[str, ...]) -> tuple[int, list[tuple[float, str]], float]:
    """Run one command to its end; past LIMIT_S, end it and everything it started.

    Returns exit code, lines of output, each with the seconds from the start at which it came, and
    processor time in seconds.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(part),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    over = interruption.begun(process.pid)
    limit = threading.Timer(LIMIT_S, end, (process.pid, over))
    limit.start()
    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(read_output, process, live=part.kind == TIMED)
        _pid, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        over.set()
        del interruption.running[process.pid]
        process.returncode = os.waitstatus_to_exitcode(status)
        lines = reading.result()
    took = time.monotonic() - began
    if took >= LIMIT_S:
        lines.append((took, f"\nended after {LIMIT_S} s\n"))
    return process.returncode, lines, usage.ru_utime + usage.ru_stime


def end(group: int, over: threading.Event) -> None:
    """End a process group. Asked first, pytest reports what it has found, and a cloud is taken down; what then is
    left of the group would keep its output open.
    """
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGINT)
        over.wait(PARTING_S)
        os.killpg(group, signal.SIGKILL)


def read_output(process: subprocess.Popen[str], *, live: bool) -> list[tuple[float, str]]:
    """Collect a command's output, echoing it as it comes when ``live``."""
    began, lines = time.monotonic(), []
    for line in process.stdout or ():
        lines.append((time.monotonic() - began, line))
        if live:
            print(line, end="", flush=True)
    return lines


def run_part(part: Part, commands: Commands, durations: Durations) -> Result:
    """Run all commands of a part, keep what they print and say how it went."""
    result, started = Result(part), time.monotonic()
    log = LOGS / f"{part.name}.log"
    for old in (log, durations_of(part), entered_by(part)):
        old.unlink(missing_ok=True)
    for command in commands:
        if interruption.asked.is_set():
            result.verdict = "FAILED"
            result.shown.append("interrupted\n")
            break
        began = time.monotonic()
        code, lines, busy = run_command(part, command)
        text = "".join(line for _when, line in lines)
        took = time.monotonic() - began
        durations.add_command(part, command, took, busy, lines)
        result.busy += busy
        result.output.append(text)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{text}")
        if code == SKIPPED:
            result.verdict = "skipped"
            break
        if code:
            result.verdict = "FAILED"
            result.shown.append(f"$ {' '.join(command)}  (exit code {code})\n{text}")
    result.seconds = time.monotonic() - started
    durations.add_part(part, result.seconds, result.busy, durations_of(part))
    shown = result.reason if result.verdict == "skipped" else "".join(result.shown)
    report = f"{result.verdict:8} {part.name} ({result.seconds:.0f} s)\n"
    print(report + (shown if part.kind != TIMED else ""), flush=True)
    return result


def run_parts(wanted: list[Part], durations: Durations, *, full: bool) -> list[Result]:
    """Run the wanted parts in the order that the module's first lines describe."""

    def run(part: Part) -> Result:
        return run_part(part, part.commands(full=full), durations)

    def of(kind: str) -> list[Part]:
        """The longest first, by what they took the last time."""
        return sorted((p for p in wanted if p.kind == kind), key=durations.expected, reverse=True)

    with ThreadPoolExecutor(len(PARTS)) as clouds, ThreadPoolExecutor(AT_A_TIME) as processors:
        waiting = [clouds.submit(run, part) for part in of(WAITING)]
        results = list(processors.map(run, of(BUSY)))
        results += [run(part) for part in of(TIMED)]
        return results + [one.result() for one in waiting]


def counts(results: list[Result]) -> Counter[str]:
    """Tests by outcome, summed up over the closing lines of all runs of pytest."""
    kinds: Counter[str] = Counter()
    for result in results:
        for closing in CLOSING.findall("".join(result.output)):
            kinds.update({kind: int(number) for number, kind in COUNTED.findall(closing)})
    return kinds


def print_summary(results: list[Result], durations: Durations, seconds: float) -> None:
    print("\nDearest tests              time  processor")
    print(durations.dearest())
    print("\nSummary                    time  processor")
    for result in results:
        times = f"{result.seconds:5.0f} s {result.busy:5.0f} s"
        print(f"  {result.verdict:8} {result.part.name:14} {times}  {result.reason}".rstrip())
    print(f"  in all                  {seconds:5.0f} s\n")
    if tests := counts(results):
        failed = tests["failed"] + tests["error"]
        print(f"{tests['passed']} passed, {failed} failed, {tests['skipped']} skipped")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Run the test suite, or parts of it.")
    parser.add_argument("--all", action="store_true", help="the full tier")
    parser.add_argument("parts", nargs="*", help=", ".join(p.name for p in PARTS))
    given = parser.parse_args(arguments)
    known = {part.name: part for part in PARTS}
    if unknown := [name for name in given.parts if name not in known]:
        parser.error(f"no part named {', '.join(unknown)}; there are: {', '.join(known)}")
    named = [known[name] for name in given.parts]
    # A part that only the full tier has is run when it is asked for by name.
    full = given.all or any(not part.quick for part in named)
    wanted = named or [part for part in PARTS if part.commands(full=full)]
    LOGS.mkdir(parents=True, exist_ok=True)
    interruption.listen()
    durations, began = Durations(LOGS / "durations.json"), time.monotonic()
    results = run_parts(wanted, durations, full=full)
    durations.save()
    print_summary(results, durations, time.monotonic() - began)
    if interruption.asked.is_set():
        return INTERRUPTED
    return int(any(result.verdict == "FAILED" for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
