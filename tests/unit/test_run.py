# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runner of the tests does with its parts: ends, failures, what is skipped, and an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
RUNNER = """
import sys
from pathlib import Path
import run
from parts import BUSY, Part
run.LOGS = Path({logs!r})
run.PARTS = tuple(Part(name, BUSY, quick=commands) for name, commands in {parts!r})
sys.exit(run.main([]))
"""
Parts = list[tuple[str, tuple[tuple[str, ...], ...]]]


def runner(logs: Path, parts: Parts) -> subprocess.Popen[str]:
    """tests/run.py with other parts, and as a shell starts what is to run in the background."""
    program = RUNNER.format(logs=str(logs), parts=parts)
    return subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def test_every_command_of_a_part_runs_and_one_failure_fails_all(tmp_path: Path) -> None:
    parts = [("bad", (shell("exit 3"), shell(f"touch {tmp_path}/second"))), ("good", (("true",),))]
    process = runner(tmp_path, parts)
    output, _none = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "FAILED   bad" in output
    assert "(exit code 3)" in output
    assert "ok       good" in output
    assert (tmp_path / "second").exists()


def test_what_is_skipped_says_why_and_skips_the_rest_of_its_part(tmp_path: Path) -> None:
    script = shell("echo SKIPPED: there is no cloud; exit 77")
    process = runner(tmp_path, [("cloud", (script, shell(f"touch {tmp_path}/second")))])
    output, _none = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "skipped  cloud" in output
    assert "SKIPPED: there is no cloud" in output
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_what_runs_and_begins_nothing_more(
    tmp_path: Path, number: signal.Signals
) -> None:
    script = f"trap 'touch {tmp_path}/tidied; exit 1' INT; touch {tmp_path}/begun; sleep 300 & wait"
    parts = [(f"part{i}", (shell(script), shell(f"touch {tmp_path}/next"))) for i in range(3)]
    process = runner(tmp_path, parts)
    end = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(number)
    output, _none = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert (tmp_path / "tidied").exists()
    assert not (tmp_path / "next").exists()
    assert "interrupted" in output
