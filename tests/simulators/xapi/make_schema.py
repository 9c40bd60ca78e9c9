# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distil a XenAPI data model dump (xenapi.json of a xapi build) into schema.json: names, types, arity, defaults.

Usage: python make_schema.py XENAPI.JSON > schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

CLASSES = (
    "session subject role task event pool pool_update VM VM_metrics VM_guest_metrics "
    "VM_appliance host host_metrics host_cpu network VIF VIF_metrics PIF PIF_metrics Bond "
    "VLAN tunnel network_sriov SM SR VDI VBD VBD_metrics PBD console message secret VM_group "
    "Cluster Cluster_host Certificate PCI PGPU GPU_group VUSB VTPM VGPU"
)


def default_of(type_name: str, text: str | None) -> Any:
    """The JSON value of a field's default as the data model writes it; None if it has none."""
    if text is None:
        return None
    if text == "Null":
        return "OpaqueRef:NULL"
    if type_name.endswith(" map"):
        return {}
    if type_name.endswith(" set"):
        return []
    if type_name == "int":
        return int(text)
    if type_name == "float":
        return float(text)
    if type_name == "bool":
        return text == "true"
    return text[1:-1] if text.startswith('"') else text


def distil_class(cls: dict[str, Any]) -> dict[str, Any]:
    """Fields as [name, type, qualifier, default]; explicit calls as {name: [has session, result, params]}."""
    calls = {}
    for message in cls["messages"]:
        if message["implicit"]:
            continue
        params = message["params"]
        session = bool(params) and params[0]["name"] == "session_id"
        rest = [[p["name"], p["type"], p["required"]] for p in params[session:]]
        calls[message["name"]] = [session, message["result"][0], rest]
    return {
        "fields": [
            [f["name"], f["type"], f["qualifier"], default_of(f["type"], f.get("default"))]
            for f in cls["fields"]
        ],
        "implicit": sorted(m["name"] for m in cls["messages"] if m["implicit"]),
        "calls": calls,
    }


def distil(model: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole schema: the classes the simulator has tables for and every enum they use."""
    chosen = [c for c in model if c["name"] in CLASSES.split()]
    enums = {e["name"]: [v["name"] for v in e["values"]] for c in model for e in c["enums"]}
    return {"classes": {c["name"]: distil_class(c) for c in chosen}, "enums": enums}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as source:
        schema = distil(json.load(source))
    lines = [f" {json.dumps(name)}: {json.dumps(cls)}" for name, cls in schema["classes"].items()]
    enums = [
        f" {json.dumps(name)}: {json.dumps(values)}" for name, values in schema["enums"].items()
    ]
    print('{"classes": {\n' + ",\n".join(lines) + '\n}, "enums": {\n' + ",\n".join(enums) + "\n}}")


if __name__ == "__main__":
    main()
