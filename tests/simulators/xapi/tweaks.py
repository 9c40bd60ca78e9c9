# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes behind the API's back, ordered through the inspect endpoint."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .schema import SCHEMA
from .site_values import size
from .world import Machine, Settings, World

MACHINE_KEYS = {"vendor", "cpus", "tls_verification", "password", "powered"}


def apply(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """One of `settings`, `host`, `pool_of` or `vm` says what is changed; ValueError if that is nonsense."""
    if "settings" in body:
        for key, value in body["settings"].items():
            if key not in Settings.__dataclass_fields__:
                raise ValueError(
                    f"no setting {key}; known are {sorted(Settings.__dataclass_fields__)}"
                )
            setattr(world.settings, key, type(getattr(world.settings, key))(value))
        return {"settings": vars(world.settings)}
    if "host" in body:
        return tweak_host(world.machines[body["host"]], body)
    if "pool_of" in body:
        machine = world.machines[body["pool_of"]]
        return tweak_row(machine, "pool", machine.pool.ref, body["fields"])
    if "vm" in body:
        return tweak_vm(world, body)
    raise ValueError("name what to change: settings, host, pool_of or vm")


def tweak_host(machine: Machine, body: dict[str, Any]) -> dict[str, Any]:
    """`machine` attributes, `versions` merged, `fields` of its row, `insert` or `update` of any row, `tweaks`."""
    db = machine.pool.db
    for key, value in body.get("machine", {}).items():
        if key not in MACHINE_KEYS:
            raise ValueError(f"no machine attribute {key}; known are {sorted(MACHINE_KEYS)}")
        setattr(machine, key, value)
    machine.tweaks.update(body.get("tweaks", {}))
    with db.lock:
        if versions := body.get("versions"):
            merged = {**machine.software_version, **versions}
            machine.software_version = {k: v for k, v in merged.items() if v is not None}
            row = {**db.row("host", machine.ref)["software_version"], **versions}
            db.update(
                "host",
                machine.ref,
                software_version={k: v for k, v in row.items() if v is not None},
            )
        if "vendor" in body.get("machine", {}):
            db.update(
                "host",
                machine.ref,
                cpu_info={**db.row("host", machine.ref)["cpu_info"], "vendor": machine.vendor},
            )
        if insert := body.get("insert"):
            cls = insert["class"]
            values = {
                k: machine.ref if v == "$host" else v for k, v in insert.get("values", {}).items()
            }
            return {"ref": db.insert(cls, **values)}
    if update := body.get("update"):
        return tweak_row(machine, update["class"], update["ref"], update["values"])
    return tweak_row(machine, "host", machine.ref, body.get("fields", {}))


def tweak_row(machine: Machine, cls: str, ref: str, fields: dict[str, Any]) -> dict[str, Any]:
    db = machine.pool.db
    unknown = set(fields) - set(SCHEMA.fields[cls])
    if unknown:
        raise ValueError(f"{cls} has no field {sorted(unknown)}")
    with db.lock:
        values = {
            k: datetime.fromisoformat(v) if SCHEMA.fields[cls][k].type == "datetime" else v
            for k, v in fields.items()
        }
        db.update(cls, ref, **values)
    return {"ref": ref}


def tweak_vm(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """`dirty_rate` (bytes per second, or "20 MiB"), `responsive`, `agent`, or `fields` of a VM given by name."""
    for pool in world.pools():
        with pool.db.lock:
            found = pool.db.find("VM", name_label=body["vm"])
            if not found:
                continue
            row = pool.db.row("VM", found[0])
            guest = world.guest(row["uuid"])
            if "dirty_rate" in body:
                guest.dirty_rate = size(body["dirty_rate"])
            guest.responsive = bool(body.get("responsive", guest.responsive))
            if "agent" in body:
                flag = {} if body["agent"] else {"sim:no_agent": "true"}
                rest = {k: v for k, v in row["other_config"].items() if k != "sim:no_agent"}
                pool.db.update("VM", found[0], other_config=rest | flag)
            return tweak_row(pool.coordinator, "VM", found[0], body.get("fields", {}))
    raise ValueError(f"no VM called {body['vm']}")
