# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directory of the coordinators among the endpoints, and of the objects that they last reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ..._core.errors import ConfigError, FleetError, NotFoundError, UnavailableError, joined
from ..._core.model import XenView
from .endpoint import Endpoint
from .failures import UNREADY, failure
from .read import PoolRecords, read_pool
from .session import Access, Connection, Refused
from .translate import distinct, view

S = TypeVar("S")
T = TypeVar("T")

THREADS = 16

WORDS = {"host": "host", "pool": "pool", "VM": "server", "SR": "SR", "network": "network"}


@dataclass
class _EndpointSession:
    """One endpoint: logged in, or a supporter of another address, or silent for a reason.

    The connection stays the same when it logs in again, so that handles of operations keep theirs.
    """

    endpoint: Endpoint
    connection: Connection
    coordinator: str | None = None
    reason: str | None = "no answer yet"
    records: PoolRecords | None = None

    @property
    def live(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Place:
    """An object: its reference, the pool it is in and the connection to that pool's coordinator."""

    records: PoolRecords
    ref: str

    def call(self, method: str, *params: object, timeout: float | None = None) -> object:
        """As Connection.call."""
        return self.records.connection.call(method, *params, timeout=timeout)

    def error(self, refused: Refused, what: str) -> FleetError:
        """The FleetError for a refusal; ``{}`` in ``what`` stands for the object."""
        return self.records.error(refused, what.replace("{}", self.records.name(self.ref)))


class Directory:
    """Sessions with all coordinators among the endpoints, found again at each read."""

    def __init__(self, endpoints: Sequence[Endpoint], access: Access) -> None:
        self._sessions = [
            _EndpointSession(e, Connection(e, access)) for e in dict.fromkeys(endpoints)
        ]
        self.pools: list[PoolRecords] = []

    def open(self) -> None:
        """Log in everywhere. AuthError or ConfigError from any endpoint, UnavailableError if none answers."""
        self._each(self._login, self._sessions)
        self._check_supporters([])
        if not any(session.live for session in self._sessions):
            raise self._nobody()

    def read(self) -> XenView:
        """All pools.

        Coordinators that changed are found; endpoints whose hosts a pool lists are not asked.
        """
        pools = self._read([session for session in self._sessions if session.live])
        silent = [s for s in self._sessions if not s.live and not _listed(s, pools)]
        self._each(self._login, silent)
        pools += self._read([session for session in silent if session.live])
        self._check_supporters(pools)
        if not pools:
            raise self._nobody()
        self.pools = distinct(pools)
        return view(self.pools, self._unreachable(pools))

    def close(self) -> None:
        """Log out everywhere; hosts that do not answer are passed over."""
        self._each(lambda session: session.connection.logout(), self._sessions)

    # --- looking up -------------------------------------------------------------------------------------------------

    def find(self, kind: str, key: str) -> Place:
        """The object as last read; NotFoundError if no pool has it."""
        for records in self.pools:
            ref = records.find(kind, key)
            if ref is not None:
                return Place(records, ref)
        asked = joined([r.connection.endpoint.text for r in self.pools])
        raise NotFoundError(
            f"{WORDS[kind]} {key}",
            f"it is unknown to every pool that was asked ({asked})",
            "Check the name and the list of addresses",
        )

    def perform(self, kind: str, key: str, what: str, action: Callable[[Place], T]) -> T:
        """Run ``action`` on the object, once more after a fresh read if it was not found there.

        ``what`` names the attempt in errors, with ``{}`` where the object's name belongs.
        References change when a host joins a pool, coordinators change too; a call with a dead
        reference, or to a supporter, has had no effect.
        """
        try:
            place = self.find(kind, key)
            return action(place)
        except NotFoundError:
            pass
        except Refused as refused:
            stale = refused.code == "HANDLE_INVALID" and place.ref in refused.params
            if not (stale or refused.code == "HOST_IS_SLAVE"):
                raise place.error(refused, what) from refused
        self.read()
        place = self.find(kind, key)
        try:
            return action(place)
        except Refused as refused:
            raise place.error(refused, what) from refused

    def ask(self, method: str) -> list[tuple[PoolRecords, Any]]:
        """What every pool as last read answers to this call, which takes no arguments."""

        def one(records: PoolRecords) -> tuple[PoolRecords, Any]:
            try:
                return records, records.connection.call(method)
            except Refused as refused:
                raise records.error(
                    refused, f"{method} on {records.connection.endpoint.text}"
                ) from refused

        return self._each(one, self.pools)

    def offers(self, address: str) -> bool:
        """Whether that address is one of the given endpoints, so that credentials may go there."""
        return any(session.endpoint.serves(address) for session in self._sessions)

    # --- endpoints --------------------------------------------------------------------------------------------------

    def _login(self, session: _EndpointSession) -> None:
        session.coordinator = None
        try:
            session.connection.login()
            session.reason = None
        except UnavailableError as exc:
            session.reason = exc.cause
        except Refused as refused:
            self._turned_away(session, refused)

    def _turned_away(self, session: _EndpointSession, refused: Refused) -> None:
        error = failure(refused.code, refused.params, f"XenAPI at {session.endpoint.text}")
        if refused.code == "HOST_IS_SLAVE":
            session.coordinator = refused.params[0] if refused.params else ""
        elif refused.code not in UNREADY:
            raise error from refused
        session.reason = error.cause

    def _read(self, sessions: Sequence[_EndpointSession]) -> list[PoolRecords]:
        pools = self._each(self._read_one, sessions)
        return [records for records in pools if records is not None]

    def _read_one(self, session: _EndpointSession) -> PoolRecords | None:
        try:
            session.records = read_pool(session.connection, session.records)
        except UnavailableError as exc:
            session.reason = exc.cause
        except Refused as refused:
            self._turned_away(session, refused)
        return session.records if session.live else None

    def _each(self, work: Callable[[S], T], items: Sequence[S]) -> list[T]:
        """Side by side, since each waits for another host; all end before an error is raised."""
        if not items:
            return []
        with ThreadPoolExecutor(min(THREADS, len(items))) as threads:
            jobs = [threads.submit(work, item) for item in items]
        return [job.result() for job in jobs]

    def _check_supporters(self, pools: Sequence[PoolRecords]) -> None:
        """A supporter is covered by its coordinator, if that was given; credentials go nowhere else."""
        for session in self._sessions:
            address = session.coordinator
            if address is None or self.offers(address) or _listed(session, pools):
                continue
            raise ConfigError(
                f"XenAPI at {session.endpoint.text}",
                f"the host is a supporter of the pool coordinated by {address}",
                f"Give {address} instead of it, or in addition",
                coordinator=address,
            )

    def _unreachable(self, pools: Sequence[PoolRecords]) -> dict[str, str]:
        return {
            session.endpoint.text: session.reason
            for session in self._sessions
            if session.reason is not None and not _listed(session, pools)
        }

    def _nobody(self) -> FleetError:
        reasons = self._unreachable([])
        return UnavailableError(
            "XenAPI",
            "no coordinator answers: " + "; ".join(f"{e}: {r}" for e, r in reasons.items()),
            "Check that the hosts are up and their toolstacks run, then run again",
            unreachable=reasons,
        )


def _listed(session: _EndpointSession, pools: Iterable[PoolRecords]) -> bool:
    """A pool that was read lists the endpoint's host, so that it is known whether it answers or not."""
    return any(records.lists(session.endpoint) for records in pools)
