# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private PostgreSQL server on loopback, for the store's tests.

Like what it tests against, it imports nothing of the collection.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_WITHIN_S = 30
# The server refuses to run as root; any account without rights will do.
ACCOUNTS = ("postgres", "nobody")


def find_binaries() -> Path | None:
    """Directory with initdb and postgres: Debian keeps the server's off PATH. Newest first."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    on_path = shutil.which("postgres")
    candidates = [*versions, *([Path(on_path).resolve().parent] if on_path else [])]
    return next(
        (p for p in candidates if (p / "initdb").exists() and (p / "postgres").exists()), None
    )


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server of its own until the block ends; give the libpq URL of its maintenance database.

    Raises RuntimeError, with the remedy, if the server isn't installed or doesn't start.
    """
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server found; install the package postgresql")
    with tempfile.TemporaryDirectory(prefix="xenfleet-postgres-") as directory:
        home = Path(directory)
        account = _unprivileged()
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
        data = home / "data"
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]
        _run([str(binaries / "initdb"), "-D", str(data), *options], account, home)
        port = _free_port()
        server = _start(binaries, data, port, account)
        try:
            _wait_until_ready(server, port, home / "log")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            # Fast shutdown: clients that tests left connected are disconnected.
            server.send_signal(signal.SIGINT)
            server.wait(READY_WITHIN_S)


def _unprivileged() -> pwd.struct_passwd | None:
    """The account to run as, or None where this process is not root to begin with."""
    if os.geteuid() != 0:
        return None
    existing = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = next((existing[name] for name in ACCOUNTS if name in existing), None)
    if account is None:
        raise RuntimeError(f"PostgreSQL does not run as root, and no user is called {ACCOUNTS}")
    return account


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(command: list[str], account: pwd.struct_passwd | None, directory: Path) -> None:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, **_as(account)
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


def _start(
    binaries: Path, data: Path, port: int, account: pwd.struct_passwd | None
) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (data.parent / "log").open("wb") as log:
        return subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), *arguments],
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **_as(account),
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """The port file's last line says "ready" once the server takes connections."""
    status = log.parent / "data" / "postmaster.pid"
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.05)
    said = log.read_text(errors="replace")[-2000:]
    if server.poll() is None:
        server.kill()
    raise RuntimeError(f"PostgreSQL on port {port} is not ready after {READY_WITHIN_S} s: {said}")
