# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the matrix needs of a control plane: servers in every status, and how to look at them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from contract.matrix.cells import Cell
from contract.rules.control import Control

Result = dict[str, Any]


class Stage(ABC):
    """One control plane. All that is looked at is looked at by a plain client, never by modules."""

    plane: ClassVar[str]
    shows: ClassVar[frozenset[str]]
    """The statuses that a server can have there."""
    side_by_side: ClassVar[int] = 1
    """How many chains of cells are gone through at the same time."""

    def __init__(self, control: Control) -> None:
        self.control = control

    @abstractmethod
    def prepare(self, cells: Collection[Cell]) -> None:
        """Bring servers into the statuses of all these cells, in bulk: one of its own for each cell
        that ``starts``; the others may share one per status.
        """

    @abstractmethod
    def server(self, cell: Cell) -> str:
        """Uuid of the cell's server, which for DELETED is gone."""

    @abstractmethod
    def params(self, cell: Cell) -> Result:
        """Options of server_action beside action and servers."""

    @abstractmethod
    def status(self, uuid: str) -> str:
        """DELETED for one that is gone."""

    @abstractmethod
    def state(self, uuid: str) -> Any:
        """All of the server that an action could change, comparable."""

    @abstractmethod
    def mutations(self, uuid: str) -> list[str]:
        """Every call since the last question that changes something about this server."""

    @abstractmethod
    def chain(self, cell: Cell) -> str:
        """Cells of one chain are gone through one after the other, those of others beside them."""

    def during(self, cell: Cell) -> AbstractContextManager[None]:
        """What has to be so while the cell's real run lasts."""
        return nullcontext()

    def foreseen(self, _cell: Cell, outcome: str) -> str:
        """What check mode can know of it beforehand."""
        return outcome

    def run(self, cell: Cell, *, check_mode: bool) -> Result:
        """The result of the module's body."""
        return self.control.run(
            "server_action",
            check_mode=check_mode,
            action=cell.action,
            servers=[self.server(cell)],
            **self.params(cell),
        )

    @abstractmethod
    def close(self) -> None:
        """Put everything back for tests that come next."""
