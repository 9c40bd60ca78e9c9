# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells of one pool tried out: an action on its servers in every mark, again, the way back, the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from contract.matrix.marks.outside import Pool, bare
from contract.matrix.marks.scenes import Cell, Deed
from contract.matrix.marks.stage import MarksStage, name_of, pool_of

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE

Outcomes = dict[tuple[str, str], str]
"""By the title of the action and the name of the mark."""

BACK: Mapping[str, str] = {
    "RESCUE": "unrescue",
    "VERIFY_RESIZE": "revert_resize",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
    "SOFT_DELETED": "restore",
    "ERROR": "reboot_hard",
    "SHUTOFF": "start",
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
}
"""By status, what brings a server back to ACTIVE, if need be in several steps."""
MOST = 5
POWER = {"Running": 1, "Paused": 3, "Halted": 4, "Suspended": 7}
"""As Nova numbers them."""
SIDE_BY_SIDE = 8


def try_all(stage: MarksStage) -> list[Trial]:
    pools: dict[str, list[Cell]] = {}
    for cell in stage.cells:
        pools.setdefault(pool_of(cell), []).append(cell)
    # The biggest first, so that none of them is what is waited for in the end.
    trials = [Trial(stage, p, c) for p, c in sorted(pools.items(), key=lambda one: -len(one[1]))]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as workers:
        list(workers.map(Trial.all, trials))
    return trials


@dataclass
class Trial:
    """``complaints`` say what should not have been so."""

    stage: MarksStage
    pool: str
    cells: Sequence[Cell]
    outcomes: Outcomes = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _latest: Pool | None = None

    def all(self) -> None:
        self.stage.prepare(self.pool)
        self._look("before")
        by_deed = [(d, list(c)) for d, c in groupby(self.cells, lambda cell: cell.deed)]
        for deed, cells in by_deed:
            self._try(deed, cells)
        self._look("after it")
        for deed, cells in by_deed:
            self._again(deed, cells)
        self._back()
        self._end()

    def expect(self, actual: object, expected: object, what: str) -> None:
        if actual != expected:
            self.complaints.append(f"{self.pool}: {what} is {actual!r}, not {expected!r}")

    # --- the action ----------------------------------------------------------------------------------

    def _try(self, deed: Deed, cells: Sequence[Cell]) -> None:
        """Those that are refused are found out first, as one refusal keeps a task from all of them."""
        cells_by_name = {name_of(cell): cell for cell in cells}
        before = self._latest or self._seen()
        first = self._run(deed, cells_by_name, check_mode=True)
        refused = refusals(first, cells_by_name)
        rest = [name for name in cells_by_name if name not in refused]
        foreseen = self._run(deed, rest, check_mode=True) if refused and rest else first
        again = self._run(deed, refused) if refused else {}
        self.expect(refusals(again, refused), refused, f"what is refused of {deed.title}")
        real = self._run(deed, rest) if rest else {}
        self.expect(real.get("failed", False), False, f"{deed.title}: {real.get('msg')}")
        after = self._latest = self._seen()
        expected, found = by_name(foreseen), by_name(real)
        for name, cell in cells_by_name.items():
            what = f"{deed.title} of {name}"
            outcome = "refused" if name in refused else outcome_of(found, name, after.status(name))
            self.outcomes[deed.title, cell.mark.name] = outcome
            if not outcome.startswith("done"):
                self.expect(after.state(name), before.state(name), f"{what}: what is {outcome}")
            elif cell.mark.task_state is None and name in expected:
                self.expect(f"done {expected[name]['status']}", outcome, f"{what}: the prediction")

    def _run(
        self, deed: Deed, names: Collection[str], *, check_mode: bool = False
    ) -> dict[str, Any]:
        result = self.stage.run(
            self.pool, deed.action, names, check_mode=check_mode, **deed.options
        )
        if result.get("failed"):
            for word in ("another object", "OpaqueRef"):
                self.expect(word in result["msg"], False, f"that {result['msg']!r} has {word!r}")
            self.expect(bool(result["error"]["remedy"]), True, f"a remedy in {result['msg']!r}")
        return result

    def _again(self, deed: Deed, cells: Sequence[Cell]) -> None:
        """An action with an end state has nothing more to do."""
        action = TABLE[deed.action]
        done = [c for c in cells if self.outcomes[deed.title, c.mark.name].startswith("done")]
        if done and not action.event and not action.move:
            result = self._run(deed, [name_of(c) for c in done])
            self.expect(result.get("failed", False), False, f"again, {result.get('msg')}")
            self.expect(result.get("actions", []), [], f"what {deed.title} does again")

    # --- the way back, and the end -------------------------------------------------------------------

    def _back(self) -> None:
        """Whatever was done to a server, it comes back and nothing of it is left."""
        self._unless_done("unlock", list(self._seen().servers))
        self._step({s: "reset_state" for s in self._statuses() if " " in s}, vm_state="active")
        for _round in range(MOST):
            if not self._step(BACK):
                break
        pool = self._seen()
        for name, row in pool.servers.items():
            self.expect(pool.status(name), "ACTIVE", f"{name} in the end")
            self.expect(bare(row), True, f"that {name} has no marks, {row['other_config']},")
        self._look("after the way back")

    def _statuses(self) -> Iterator[str]:
        pool = self._seen()
        return (pool.status(name) for name in pool.servers)

    def _step(self, ways: Mapping[str, str], **options: Any) -> bool:
        todo: dict[str, list[str]] = {}
        pool = self._seen()
        for name in pool.servers:
            if action := ways.get(pool.status(name)):
                todo.setdefault(action, []).append(name)
        for action, names in todo.items():
            self._unless_done(action, names, **options)
        return bool(todo)

    def _unless_done(self, action: str, names: Collection[str], **options: Any) -> None:
        if names:
            result = self.stage.run(self.pool, action, names, **options)
            self.expect(result.get("failed", False), False, f"{action}: {result.get('msg')}")

    def _end(self) -> None:
        self._unless_done("force_delete", list(self._seen().servers))
        pool = self._seen()
        left = [row["name_label"] for row in pool.vms.values() if not row["is_a_snapshot"]]
        self.expect(left, ["golden"], "what is left in the end")
        self.complaints += [f"{self.pool}: {one}, in the end" for one in pool.complaints()]

    # --- looking -------------------------------------------------------------------------------------

    def _seen(self) -> Pool:
        return Pool(self.stage.clients[self.pool])

    def _look(self, when: str) -> None:
        """Nothing is left over, and server_info shows what runs."""
        shown, pool = self.stage.shown(self.pool), self._seen()
        self.complaints += [f"{self.pool}: {one}, {when}" for one in pool.complaints()]
        for name, row in pool.servers.items():
            acting = pool.acting(row)
            power = shown[name]["power_state"]
            self.expect(power, POWER[acting["power_state"]], f"{name}: power {when}")
            if acting["resident_on"] in pool.hosts:
                here = pool.hosts[acting["resident_on"]]
                self.expect(shown[name]["host"], here, f"{name}: host {when}")


def by_name(result: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in result.get("servers", [])}


def outcome_of(found: Mapping[str, Any], name: str, status: str) -> str:
    """A server that is gone is in no result."""
    outcome = found[name]["outcome"] if name in found else "done"
    return f"done {status}" if outcome == "done" else str(outcome)


def refusals(result: Mapping[str, Any], names: Collection[str]) -> dict[str, str]:
    """By name, the causes of a task that was refused as a whole."""
    if not result.get("failed"):
        return {}
    error = result["error"]
    if verdicts := error["details"].get("verdicts"):
        return {v["subject"].removeprefix("server "): v["reason"] for v in verdicts}
    (name,) = [one for one in names if one in result["msg"]]
    return {name: error["cause"]}
