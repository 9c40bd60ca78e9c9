# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a joining host's database leaves in the pool's: same uuids, new references."""

from __future__ import annotations

from typing import Any

from .database import Database, Row
from .errors import NULL
from .world import Machine, Pool

DEVICE_RESET = {"currently_attached": False, "current_operations": {}}


def copy_row(row: Row, mapping: dict[str, str], **changed: Any) -> dict[str, Any]:
    """A row for the other database: references translated, those that lead nowhere null."""

    def moved(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("OpaqueRef:"):
            return mapping.get(value, NULL)
        return value

    return {k: moved(v) for k, v in row.items()} | changed


class Merge:
    """One host's objects on their way from its own database into the pool's."""

    def __init__(self, machine: Machine, source: Database, target: Pool) -> None:
        self.machine, self.source, self.pool = machine, source, target
        self.db = target.db
        self.mapping: dict[str, str] = {}
        self.host = ""

    def host_record(self) -> str:
        """The host, not live and disabled, without interfaces yet; its tags and description are not taken along."""
        row = self.source.row("host", self.machine.ref)
        metrics = self.db.insert("host_metrics", memory_total=self.machine.memory, live=False)
        kept = copy_row(
            row,
            {},
            enabled=False,
            metrics=metrics,
            tags=[],
            name_description="Default install",
            current_operations={},
        )
        kept["other_config"] = {
            k: v
            for k, v in row["other_config"].items()
            if k not in ("agent_start_time", "boot_time")
        }
        self.host = self.db.insert("host", **kept)
        self.mapping[self.machine.ref] = self.host
        self.pool.hosts[self.host] = self.machine
        return self.host

    def rest(self) -> None:
        """Networks, interfaces, storage, then VMs with their devices."""
        self.physical_networks()
        for ref, row in self.source.tables["PIF"].items():
            if row["physical"] or row["management"]:
                self.mapping[ref] = self.db.insert(
                    "PIF",
                    **copy_row(row, self.mapping, uuid="", metrics=self.db.insert("PIF_metrics")),
                )
        self.storage()
        self.vms()

    def physical_networks(self) -> None:
        """Physical and internal management networks become the pool's of the same bridge."""
        for ref, row in self.source.tables["network"].items():
            physical = any(
                self.source.row("PIF", p)["physical"]
                for p in self.source.get("network", ref, "PIFs")
            )
            if physical or row["other_config"].get("is_host_internal_management_network") == "true":
                found = self.db.find("network", bridge=row["bridge"])
                self.mapping[ref] = (
                    found[0] if found else self.db.insert("network", **copy_row(row, {}, uuid=""))
                )

    def network_for(self, ref: str) -> str:
        """The network of a VIF: known already, or by name, or created again with another uuid."""
        if ref not in self.mapping and self.source.exists("network", ref):
            row = self.source.row("network", ref)
            found = self.db.find("network", name_label=row["name_label"]) or self.db.find(
                "network", bridge=row["bridge"]
            )
            if not found:
                bridge = f"xapi{self.pool.networks}"
                self.pool.networks += 1
                found = [self.db.insert("network", **copy_row(row, {}, uuid="", bridge=bridge))]
            self.mapping[ref] = found[0]
        return self.mapping.get(ref, NULL)

    def storage(self) -> None:
        for ref, row in self.source.tables["SR"].items():
            self.mapping[ref] = self.db.insert("SR", **copy_row(row, {}, shared=False))
        for row in self.source.tables["PBD"].values():
            self.db.insert("PBD", **copy_row(row, self.mapping, uuid="", currently_attached=False))
        for ref, row in self.source.tables["VDI"].items():
            self.mapping[ref] = self.db.insert(
                "VDI", **copy_row(row, self.mapping, current_operations={}, parent=NULL)
            )
        self.relink("VDI", ("snapshot_of", "parent"))

    def vms(self) -> None:
        for ref, row in self.source.tables["VM"].items():
            if row["is_default_template"]:
                continue
            metrics = self.db.insert("VM_metrics", memory_actual=row["memory_dynamic_min"])
            kept = copy_row(
                row,
                self.mapping,
                metrics=metrics,
                guest_metrics=NULL,
                groups=[],
                current_operations={},
            )
            self.mapping[ref] = self.db.insert("VM", **kept)
        self.relink("VM", ("snapshot_of", "parent"))
        self.db.update(
            "host",
            self.host,
            control_domain=self.mapping[
                self.source.row("host", self.machine.ref)["control_domain"]
            ],
        )
        for cls in ("VBD", "VIF"):
            for row in self.source.tables[cls].values():
                if cls == "VIF":
                    self.network_for(row["network"])
                self.db.insert(cls, **copy_row(row, self.mapping, **DEVICE_RESET))

    def relink(self, cls: str, fields: tuple[str, ...]) -> None:
        """References within a class can only be translated once all its objects are there."""
        for ref, row in self.source.tables[cls].items():
            if ref in self.mapping:
                self.db.update(
                    cls, self.mapping[ref], **{f: self.mapping.get(row[f], NULL) for f in fields}
                )


def refresh_cpu_info(pool: Pool) -> None:
    """pool.cpu_info levels down to what all hosts have."""
    infos = [pool.db.row("host", h)["cpu_info"] for h in pool.hosts]
    count = sum(int(i.get("cpu_count", "0")) for i in infos)
    pool.db.update(
        "pool",
        pool.ref,
        cpu_info={**pool.db.row("pool", pool.ref)["cpu_info"], "cpu_count": str(count)},
    )
