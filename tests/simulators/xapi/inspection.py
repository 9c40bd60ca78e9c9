# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inspect endpoint: what is really going on, for tests and demonstrations."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import power, tweaks
from .errors import NULL
from .faults import BadFault
from .world import Machine, Pool, World


def host_state(machine: Machine) -> dict[str, Any]:
    db = machine.pool.db
    row = db.tables["host"].get(machine.ref, {})
    metrics = db.tables["host_metrics"].get(row.get("metrics", NULL), {})
    names = {r["uuid"]: r["name_label"] for r in db.tables["VM"].values()}
    return {
        "uuid": machine.uuid,
        "ref": machine.ref,
        "address": machine.address,
        "url": machine.url(),
        "role": "coordinator" if machine.is_coordinator else "supporter",
        "powered": machine.powered,
        "answers": machine.answers,
        "emergency": machine.emergency,
        "enabled": row.get("enabled"),
        "live": metrics.get("live"),
        "memory": machine.memory,
        "memory_free": db.get("host_metrics", row["metrics"], "memory_free") if metrics else None,
        "guests": sorted(names.get(u, u) for u in machine.domains),
        "other_config": row.get("other_config", {}),
    }


def sr_state(pool: Pool, sr: str) -> dict[str, Any]:
    db = pool.db
    names = {m.ref: m.name for m in pool.members}
    pbds = [db.row("PBD", p) for p in db.get("SR", sr, "PBDs")]
    return {
        "uuid": db.row("SR", sr)["uuid"],
        "type": db.row("SR", sr)["type"],
        "shared": db.row("SR", sr)["shared"],
        "pbds": {names.get(p["host"], p["host"]): p["currently_attached"] for p in pbds},
        "vdis": len(db.get("SR", sr, "VDIs")),
    }


def pool_state(pool: Pool) -> dict[str, Any]:
    db = pool.db
    row = next(iter(db.tables["pool"].values()))
    return {
        "uuid": row["uuid"],
        "name": row["name_label"],
        "coordinator": pool.coordinator.name,
        "hosts": [m.name for m in pool.members],
        "ha_enabled": row["ha_enabled"],
        "other_config": row["other_config"],
        "default_SR": db.tables["SR"].get(row["default_SR"], {}).get("name_label"),
        "srs": [
            {"name": r["name_label"], **sr_state(pool, ref)} for ref, r in db.tables["SR"].items()
        ],
        "networks": [r["name_label"] for r in db.tables["network"].values()],
    }


def vm_states(pool: Pool) -> dict[str, dict[str, Any]]:
    """VMs by name (name and uuid where a name occurs twice), without control domains."""
    db, result = pool.db, {}
    names = {m.ref: m.name for m in pool.members}
    running = {u for m in pool.members for u in m.domains}
    for row in db.tables["VM"].values():
        if row["is_control_domain"]:
            continue
        label = (
            row["name_label"]
            if row["name_label"] not in result
            else f"{row['name_label']} {row['uuid']}"
        )
        result[label] = {
            "uuid": row["uuid"],
            "power_state": row["power_state"],
            "host": names.get(row["resident_on"]),
            "memory": row["memory_dynamic_max"],
            "has_domain": row["uuid"] in running,
            "is_a_template": row["is_a_template"],
            "is_a_snapshot": row["is_a_snapshot"],
            "other_config": row["other_config"],
            "tags": row["tags"],
        }
    return result


def state(world: World) -> dict[str, Any]:
    result: dict[str, Any] = {"hosts": {}, "pools": [], "vms": {}}
    for pool in world.pools():
        with pool.db.lock:
            result["pools"].append(pool_state(pool))
            for label, vm in vm_states(pool).items():
                result["vms"][label if label not in result["vms"] else f"{label} {vm['uuid']}"] = vm
    for machine in world.machines.values():
        with machine.pool.db.lock:
            result["hosts"][machine.name] = host_state(machine)
    return result


def journal(world: World, query: dict[str, list[str]]) -> list[dict[str, Any]]:
    return world.journal.shown(query.get("mutating") == ["1"], int(query.get("since", ["0"])[0]))


def clock(world: World) -> dict[str, float]:
    return {"now": world.clock.now(), "factor": world.clock.factor}


def add_fault(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """A fault to come, or without `method` a power command that happens at once."""
    if body.get("action") in ("kill", "revive", "restart_toolstack") and "method" not in body:
        if body.get("target") not in world.machines:
            raise BadFault(f"target must be one of {sorted(world.machines)}")
        power.command(world, body["action"], body["target"])
        return {"done": body["action"]}
    return dict(vars(world.faults.add(body)))


def clear_faults(world: World) -> dict[str, Any]:
    world.faults.clear()
    return {"cleared": True}


class Handler(BaseHTTPRequestHandler):
    """GET, POST and DELETE of JSON."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Inspector

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        world, query = self.server.world, parse_qs(parts.query)
        if parts.path == "/ca.pem":
            self.reply(200 if world.ca_pem else 404, world.ca_pem or b"", "application/x-pem-file")
            return
        pages: dict[str, Callable[[], Any]] = {
            "/state": lambda: state(world),
            "/journal": lambda: journal(world, query),
            "/vms": world.history.shown,
            "/faults": world.faults.shown,
            "/clock": lambda: clock(world),
        }
        self.answer(pages.get(parts.path))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        world = self.server.world
        pages: dict[str, Callable[[], Any]] = {
            "/faults": lambda: add_fault(world, json.loads(raw)),
            "/tweak": lambda: tweaks.apply(world, json.loads(raw)),
        }
        self.answer(pages.get(urlsplit(self.path).path))

    def do_DELETE(self) -> None:
        self.answer(
            (lambda: clear_faults(self.server.world))
            if urlsplit(self.path).path == "/faults"
            else None
        )

    def answer(self, page: Callable[[], Any] | None) -> None:
        if page is None:
            self.reply(404, b'{"error": "no such page"}', "application/json")
            return
        try:
            status, body = 200, page()
        except (ValueError, KeyError, TypeError) as exc:
            status, body = 400, {"error": f"{type(exc).__name__}: {exc}"}
        self.reply(status, json.dumps(body, default=str).encode(), "application/json")

    def reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the endpoint is polled."""


class Inspector(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"
