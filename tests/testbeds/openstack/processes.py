# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of a bed: started in sessions of their own, known by id and start time, stopped by these."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from testbeds.openstack.api import DIRECT
from testbeds.openstack.layout import ADDRESS, BedError, Layout

BEGAN = time.monotonic()
Command = Sequence[object]


def say(*words: object) -> None:
    """Tell how far it is, with the seconds since the command began."""
    print(f"[{time.monotonic() - BEGAN:6.1f}s]", *words, flush=True)


@contextmanager
def locked(root: Path, name: str = ".lock") -> Iterator[None]:
    """One command at a time changes a bed; a second waits. The kernel frees the lock of a dead one."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command is at work on {root}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start_time(pid: int) -> str | None:
    """When that process started; None if it has ended (a zombie has), since ids are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def last_words(log: Path) -> str:
    """The last line of a log that isn't empty: most often the cause."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip()[:400] for line in reversed(lines) if line.strip()), "")


def environment(more: Mapping[str, object] | None = None) -> dict[str, str]:
    """This process's environment, less what would mislead the services: OpenStack settings, and a
    proxy between them.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    direct = {
        name: f"{os.environ.get(name, '')},{ADDRESS},localhost" for name in ("no_proxy", "NO_PROXY")
    }
    given = {name: str(value) for name, value in (more or {}).items()}
    return {**mine, **direct, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", **given}


class Processes:
    """The processes of one bed, each with a record ``run/NAME.pid`` and an output ``log/NAME.out``."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def record(self, name: str) -> Path:
        return self.layout.run / f"{name}.pid"

    def output(self, name: str) -> Path:
        return self.layout.log / f"{name}.out"

    def pid(self, name: str) -> int | None:
        """The id of a process that runs, else None."""
        try:
            pid, started = json.loads(self.record(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return int(pid) if started and start_time(pid) == started else None

    def recorded(self) -> list[str]:
        return sorted(file.stem for file in self.layout.run.glob("*.pid"))

    def running(self) -> list[str]:
        return [name for name in self.recorded() if self.pid(name)]

    def spawn(self, name: str, argv: Command, env: Mapping[str, object] | None = None) -> None:
        """Start a process that outlives this one; nothing if it runs already."""
        if self.pid(name):
            return
        with self.output(name).open("ab") as output:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(env),
                cwd=self.layout.root,
                start_new_session=True,
            )
        text = json.dumps([process.pid, start_time(process.pid)])
        self.record(name).write_text(text, encoding="utf-8")

    def stop(self, names: Sequence[str], number: int = signal.SIGTERM, within: float = 10) -> None:
        """Signal processes with all they started, kill what is left after ``within`` s, and wait for
        the last: a worker that lives a moment longer than its master holds the port.
        """
        pids = {pid for name in names if (pid := self.pid(name))}
        for signal_number, limit in ((number, within), (signal.SIGKILL, 10)):
            for member in members(pids):
                with suppress(ProcessLookupError):
                    os.kill(member, signal_number)
            end = time.monotonic() + limit
            while members(pids) and time.monotonic() < end:
                time.sleep(0.05)
        for name in names:
            self.record(name).unlink(missing_ok=True)

    def command(
        self,
        name: str,
        argv: Command,
        env: Mapping[str, object] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Run to the end; BedError with its last words if it fails."""
        log = self.output(name)
        with log.open("ab") as output:
            code = subprocess.call(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(env),
                cwd=cwd or self.layout.root,
            )
        if code:
            raise BedError(f"{name} failed, exit code {code}: {last_words(log)}\n  see {log}")

    def wait(self, name: str, what: str, probe: Callable[[], bool], within: float = 180) -> None:
        """Poll until ``probe``; BedError if the process ends before, or time runs out."""
        end = time.monotonic() + within
        while not probe():
            log = self.output(name)
            if not self.pid(name):
                raise BedError(f"{name} has ended: {last_words(log)}\n  see {log}")
            if time.monotonic() > end:
                text = f"{name} {what} not within {within:.0f} s: {last_words(log)}"
                raise BedError(f"{text}\n  see {log} and the other files there")
            time.sleep(0.1)

    def wait_port(self, name: str, of: str | None = None) -> None:
        """Until that port is listened on, by the process of that name or the one given."""
        port = self.layout.port(name)
        self.wait(of or name, f"listens on port {port}", lambda: listens(port))

    def wait_http(self, name: str) -> None:
        url = f"http://{ADDRESS}:{self.layout.port(name)}/"
        self.wait(name, f"answers at {url}", lambda: answers(url))

    def wait_log(self, name: str, text: str) -> None:
        log = self.layout.log / f"{name}.log"

        def logged() -> bool:
            return log.exists() and text in log.read_text(encoding="utf-8", errors="replace")

        self.wait(name, f"logs {text!r}", logged)


def members(sessions: set[int]) -> set[int]:
    """All live processes of the sessions that these lead; zombies are not."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX" and int(fields[3]) in sessions:
                found.add(int(file.parent.name))
    return found


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((ADDRESS, port)) == 0


def answers(url: str) -> bool:
    """Anything but a server's own failure will do: some services want a token even for that."""
    try:
        with DIRECT.open(url, timeout=10):
            return True
    except urllib.error.HTTPError as exc:
        return exc.code < 500
    except OSError:
        return False


def taken(layout: Layout, names: Mapping[str, int]) -> str:
    """Which of a bed's ports another process listens on, in words; empty if none."""
    found = []
    for name in names:
        with socket.socket() as probe:
            # As the services do: a port that merely lingers in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, layout.port(name)))
            except OSError as exc:
                found.append(f"{layout.port(name)} for {name} ({exc.strerror})")
    return ", ".join(found)
