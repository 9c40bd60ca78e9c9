# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XenAPI data model as data: classes, fields, calls, enums (schema.json, made by make_schema.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import NULL

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Not a field of the API: the VMs that have memory reserved on a host.
SCHEDULED = "scheduled VMs"

# Sets that XAPI derives from a reference on the other side: (class, field) -> (class, field holding the reference).
REVERSE = {
    ("VM", "VBDs"): ("VBD", "VM"),
    ("VM", "VIFs"): ("VIF", "VM"),
    ("VM", "snapshots"): ("VM", "snapshot_of"),
    ("VM", "children"): ("VM", "parent"),
    ("VM", "consoles"): ("console", "VM"),
    ("VM", "VTPMs"): ("VTPM", "VM"),
    ("VM", "VUSBs"): ("VUSB", "VM"),
    ("VM", "VGPUs"): ("VGPU", "VM"),
    ("host", "PCIs"): ("PCI", "host"),
    ("host", "PGPUs"): ("PGPU", "host"),
    ("GPU_group", "PGPUs"): ("PGPU", "GPU_group"),
    ("GPU_group", "VGPUs"): ("VGPU", "GPU_group"),
    ("PGPU", "resident_VGPUs"): ("VGPU", "resident_on"),
    ("VDI", "VBDs"): ("VBD", "VDI"),
    ("VDI", "snapshots"): ("VDI", "snapshot_of"),
    ("SR", "VDIs"): ("VDI", "SR"),
    ("SR", "PBDs"): ("PBD", "SR"),
    ("host", "PBDs"): ("PBD", "host"),
    ("host", "PIFs"): ("PIF", "host"),
    ("host", "resident_VMs"): ("VM", "resident_on"),
    ("host", "host_CPUs"): ("host_cpu", "host"),
    ("host", SCHEDULED): ("VM", "scheduled_to_be_resident_on"),
    ("network", "PIFs"): ("PIF", "network"),
    ("network", "VIFs"): ("VIF", "network"),
    ("PIF", "bond_master_of"): ("Bond", "master"),
    ("PIF", "VLAN_slave_of"): ("VLAN", "tagged_PIF"),
    ("VM_appliance", "VMs"): ("VM", "appliance"),
    ("task", "subtasks"): ("task", "subtask_of"),
}

# The database keeps these groups of fields under one name joined with "__" (get_all_where uses those names).
NAMESPACES = {
    "VM": ("memory", "VCPUs", "actions", "PV", "HVM"),
    "VM_metrics": ("memory", "VCPUs"),
    "host": ("API_version",),
    "host_metrics": ("memory",),
    "VBD": ("qos",),
    "VIF": ("qos",),
    "PIF_metrics": ("io",),
    "VIF_metrics": ("io",),
    "VBD_metrics": ("io",),
}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    qualifier: str
    default: Any


@dataclass(frozen=True)
class Call:
    """One API call; `params` are (name, type, required) without the session."""

    name: str
    session: bool
    result: str
    params: tuple[tuple[str, str, bool], ...]
    implicit: bool

    @property
    def mandatory(self) -> int:
        return sum(required for _name, _type, required in self.params)


def words(text: str) -> list[str]:
    """The names in a text, for lists too long to quote each."""
    return text.split()


def empty_value(type_name: str) -> Any:
    """What a field of the type holds when nothing was given."""
    if type_name.endswith(" map"):
        return {}
    if type_name.endswith(" set"):
        return []
    if type_name.endswith(" ref"):
        return NULL
    return {"int": 0, "float": 0.0, "bool": False, "datetime": EPOCH}.get(type_name, "")


class Schema:
    """Lookups over schema.json."""

    def __init__(self, path: Path) -> None:
        raw = json.loads(path.read_text(encoding="utf-8"))
        self.enums: dict[str, list[str]] = raw["enums"]
        self.fields: dict[str, dict[str, Field]] = {}
        self.calls: dict[str, Call] = {}
        for cls, entry in raw["classes"].items():
            self.fields[cls] = {f[0]: self.field(*f) for f in entry["fields"]}
            for name, (session, result, params) in entry["calls"].items():
                call = Call(
                    f"{cls}.{name}",
                    session,
                    result,
                    tuple((p[0], p[1], p[2]) for p in params),
                    False,
                )
                self.calls[call.name] = call
            for name in entry["implicit"]:
                self.calls[f"{cls}.{name}"] = self.accessor(cls, name)
            if f"{cls}.get_all_records" in self.calls:
                for name in ("get_all_where", "get_all_records_where"):
                    self.calls[f"{cls}.{name}"] = Call(
                        f"{cls}.{name}", True, "", (("expr", "string", True),), True
                    )
        self.alias = {name.replace(".", "_", 1): name for name in self.calls}
        self.by_lower = {cls.lower(): cls for cls in self.fields}

    @staticmethod
    def field(name: str, type_name: str, qualifier: str, default: Any) -> Field:
        if type_name == "datetime":
            default = EPOCH
        elif default is None:
            default = empty_value(type_name)
        return Field(name, type_name, qualifier, default)

    def accessor(self, cls: str, name: str) -> Call:
        """The signature of a generated accessor, from its name."""
        own = ("self", f"{cls} ref", True)
        text = ("value", "string", True)
        if name in ("get_all", "get_all_records"):
            params: tuple[tuple[str, str, bool], ...] = ()
        elif name in ("get_by_uuid", "get_by_name_label"):
            params = (text,)
        elif name == "create":
            params = (("args", f"{cls} record", True),)
        elif name == "destroy" or name.startswith("get_"):
            params = (own,)
        elif (field := self.fields[cls].get(name.removeprefix("set_"))) and name.startswith("set_"):
            params = (own, ("value", field.type, True))
        elif name.startswith("add_to_"):
            params = (own, ("key", "string", True), text)
        elif name.startswith("remove_from_"):
            params = (own, ("key", "string", True))
        else:
            params = (own, text)
        return Call(f"{cls}.{name}", True, "", params, True)

    def db_name(self, cls: str, field: str) -> str:
        """The column name of a field: name_label is name__label, memory_static_max memory__static_max."""
        if field in ("name_label", "name_description"):
            return field.replace("_", "__", 1)
        for space in NAMESPACES.get(cls, ()):
            if field.startswith(space + "_"):
                return space + "__" + field[len(space) + 1 :]
        return field

    def columns(self, cls: str) -> Iterator[tuple[str, str]]:
        """(column name, field name) of a class."""
        for field in self.fields[cls]:
            yield self.db_name(cls, field), field


SCHEMA = Schema(Path(__file__).with_name("schema.json"))
