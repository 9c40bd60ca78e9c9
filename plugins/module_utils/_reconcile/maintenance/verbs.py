# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of maintenances: what the journal records about a host, and about moves of its servers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..._core.args import Args
from ..._core.model import Fleet, Maintenance
from ..._core.plan import Verb
from ..._core.ports import JournalPort, Ports
from ..._core.reading import JOURNAL, reading
from ..common.changes import change_maintenance, finish_move
from ..engine.waiting import present


def _journal(ports: Ports) -> JournalPort:
    return present(ports.journal, "journal")


@dataclass(frozen=True, kw_only=True)
class BeginArgs(Args):
    """The switches are those that are about to be turned off."""

    name: str
    host_id: str | None
    service_disabled: bool
    host_disabled: bool
    booted_at: str | None = None

    def of(self, host: str) -> Maintenance:
        return Maintenance(
            host=host,
            name=self.name,
            host_id=self.host_id,
            service_disabled=self.service_disabled,
            host_disabled=self.host_disabled,
            booted_at=self.booted_at,
        )


def _begun(fleet: Fleet, host: str, args: BeginArgs) -> Fleet:
    if fleet.open_maintenance(host):
        return fleet
    return replace(fleet, maintenances=(*fleet.maintenances, args.of(host)))


def _begin(ports: Ports, host: str, args: BeginArgs) -> None:
    _journal(ports).begin(args.of(host))


begin = Verb(
    "maintenance.begin", "begin maintenance {name} of {subject}", BeginArgs, _begun, _begin
)


@dataclass(frozen=True, kw_only=True)
class AdvanceArgs(Args):
    name: str
    phase: str


def _advanced(fleet: Fleet, host: str, args: AdvanceArgs) -> Fleet:
    return change_maintenance(fleet, host, phase=args.phase)


def _advance(ports: Ports, host: str, args: AdvanceArgs) -> None:
    current = ports.read(reading(JOURNAL)).open_maintenance(host)
    if current is not None and current.id is not None:
        _journal(ports).advance(current.id, args.phase)


advance = Verb(
    "maintenance.advance",
    "record maintenance {name} of {subject} as {phase}",
    AdvanceArgs,
    _advanced,
    _advance,
)


@dataclass(frozen=True, kw_only=True)
class SettleArgs(Args):
    migration: int | None
    id: str
    source: str
    target: str | None
    status: str


def _settled(fleet: Fleet, _server: str, args: SettleArgs) -> Fleet:
    return finish_move(fleet, args.migration, args.status, args.target)


def _settle(ports: Ports, _server: str, args: SettleArgs) -> None:
    """Close the record of a move whose run was killed."""
    if args.migration is not None:
        _journal(ports).finish_move(args.migration, args.status, args.target)


settle_move = Verb(
    "maintenance.settle_move",
    "record move of {subject} from {source} to {target} as {status}",
    SettleArgs,
    _settled,
    _settle,
)

VERBS = (begin, advance, settle_move)
