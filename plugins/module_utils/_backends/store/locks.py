# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks that a run holds for longer than a transaction, by lease.

A holder renews its lease for as long as it lives. A killed one's lock is free at once for runs on
the same machine, which see that its process is gone, and for all others when its lease has run out.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..._core.errors import FleetError, LockedError
from .schema import ISO
from .tables import tables
from .transactions import Database

with suppress(ImportError):
    import sqlalchemy as sa

LEASE = 60.0
"""Seconds for which a lock outlives a holder that other machines can't see any more."""

DEAD = frozenset("ZX")
"""States of a process that has ended and awaits its parent's notice (proc(5))."""


@dataclass(frozen=True)
class Owner:
    """A process, distinguished from others with its number by its start, and by where it runs."""

    node: str
    machine: str
    """Boot id and PID namespace: what has to be equal for a process number to mean the same."""
    pid: int
    process_started: str

    @classmethod
    def current(cls) -> Owner:
        """This process."""
        pid = os.getpid()
        return cls(os.uname().nodename, _machine(), pid, started(pid) or "")


def _machine() -> str:
    """Empty where there is no /proc, so that only leases count."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def started(pid: int) -> str | None:
    """When the process started, in clock ticks since boot; None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in DEAD else fields[19]


def abandoned(holder: Owner, expires_at: datetime, me: Owner, moment: datetime) -> bool:
    """Whether the holder's lock may be taken: its process is seen to be gone or, when it cannot be
    seen from here, its lease has run out.
    """
    if me.machine and me.machine == holder.machine:
        return started(holder.pid) != holder.process_started
    return expires_at < moment


@contextmanager
def hold_lock(database: Database, name: str, purpose: str) -> Iterator[None]:
    """Hold the lock for the block. LockedError while another live run holds it, and at the end if
    it was lost meanwhile.
    """
    token = _acquire(database, name, purpose)
    ended = threading.Event()
    renewer = threading.Thread(
        target=_renew, args=(database, token, ended), name=f"lock {name}", daemon=True
    )
    renewer.start()
    try:
        yield
    except BaseException:
        _end(renewer, ended)
        with suppress(FleetError):  # the first error is the one to report
            _release(database, token)
        raise
    _end(renewer, ended)
    if not _release(database, token):
        raise LockedError(
            name,
            f"its lock was lost to another run, as it could not be renewed for {LEASE:g} s",
            "Check what both runs did, then run again",
        )


def _end(renewer: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    renewer.join()


def _acquire(database: Database, name: str, purpose: str) -> str:
    locks, me, token = tables().locks, Owner.current(), str(uuid.uuid4())
    with database.apart() as connection:
        moment = _moment(connection)
        row = connection.execute(sa.select(locks).where(locks.c.name == name)).one_or_none()
        if row is not None:
            holder = Owner(row.node, row.machine, row.pid, row.process_started)
            expires_at = datetime.fromisoformat(row.expires_at)
            if not abandoned(holder, expires_at, me, moment):
                raise _locked(row, here=holder.machine == me.machine)
            connection.execute(sa.delete(locks).where(locks.c.name == name))
        values = {
            "name": name,
            "token": token,
            **asdict(me),
            "purpose": purpose,
            "acquired_at": moment.strftime(ISO),
            "expires_at": _expiry(moment),
        }
        connection.execute(sa.insert(locks).values(values))
    return token


def _locked(row: sa.Row[tuple[object, ...]], *, here: bool) -> LockedError:
    freed = "when its process ends" if here else f"after {row.expires_at} unless it is renewed"
    return LockedError(
        row.name,
        f"process {row.pid} on {row.node} has been working on it since {row.acquired_at} "
        f"({row.purpose})",
        f"Wait for that run, or end it; its lock is free {freed}",
        node=row.node,
        pid=row.pid,
        purpose=row.purpose,
        since=row.acquired_at,
        expires_at=row.expires_at,
    )


def _renew(database: Database, token: str, ended: threading.Event) -> None:
    """A renewal that fails is tried again: three of them fit into a lease."""
    locks = tables().locks
    while not ended.wait(LEASE / 4):
        with suppress(FleetError), database.apart() as connection:
            connection.execute(
                sa.update(locks)
                .where(locks.c.token == token)
                .values(expires_at=_expiry(_moment(connection)))
            )


def _release(database: Database, token: str) -> bool:
    """Whether the lock was still ours."""
    locks = tables().locks
    with database.apart() as connection:
        return bool(connection.execute(sa.delete(locks).where(locks.c.token == token)).rowcount)


def _expiry(moment: datetime) -> str:
    return (moment + timedelta(seconds=LEASE)).strftime(ISO)


def _moment(connection: sa.Connection) -> datetime:
    """The time by one clock for all holders: the server's, if there is one."""
    if connection.dialect.name == "postgresql":
        clock = sa.select(sa.func.clock_timestamp())
        return connection.execute(clock).scalar_one().astimezone(UTC)
    return datetime.now(UTC)
