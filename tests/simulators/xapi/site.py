# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site file: hosts, pools, storage, networks and guests to begin with. README.md documents its keys."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from . import records
from .context import Context
from .database import new_uuid
from .dispatch import handle
from .errors import NULL
from .server import Endpoint
from .tls import Certificates
from .vm_lifecycle import enter_domain
from .world import GIB, MIB, Guest, Machine, Pool, Settings, World

UNITS = {"": 1, "k": 1024, "m": MIB, "g": GIB, "t": 1024 * GIB}
HOST_KEYS = {
    "name",
    "count",
    "memory",
    "cpus",
    "vendor",
    "versions",
    "pool",
    "local_sr",
    "srs",
    "networks",
    "tls_verification",
    "powered",
    "other_config",
}
VM_KEYS = {
    "name", "count", "memory", "vcpus", "dirty_rate", "storage", "disk", "where", "state", "group", "placement", "other_config", "tags",
    "network", "agent",
}  # fmt: skip
TOP_KEYS = {
    "clock",
    "user",
    "password",
    "login_delay",
    "link_gbit",
    "tls",
    "address",
    "port",
    "one_address",
    "times",
    "hosts",
    "pools",
    "vms",
}
STATES = {"running": "Running", "halted": "Halted"}


class BadSite(ValueError):
    """The site file asks for something that makes no sense."""


def check_keys(what: str, entry: dict[str, Any], known: set[str]) -> None:
    if unknown := set(entry) - known:
        raise BadSite(f"{what}: unknown keys {sorted(unknown)}; known are {sorted(known)}")


def size(value: Any) -> int:
    """Bytes of "64 GiB", "512M" or a plain number."""
    match = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)(?:i?b)?\s*", str(value).lower())
    if not match:
        raise BadSite(f"not a size: {value!r}")
    return int(float(match[1]) * UNITS[match[2]])


def numbered(entry: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """(index, name) of the objects an entry stands for: name1..nameN if it has a count."""
    if "count" not in entry:
        yield 0, entry["name"]
        return
    for n in range(int(entry["count"])):
        yield n, f"{entry['name']}{n + 1}"


def settings_of(site: dict[str, Any]) -> Settings:
    times = dict(site.get("times", {}))
    check_keys("times", times, set(Settings.__dataclass_fields__))
    settings = Settings(**times)
    settings.link = float(site.get("link_gbit", 10)) * 1e9 / 8
    settings.login_delay = float(site.get("login_delay", 5.0))
    return settings


def build(site: dict[str, Any]) -> World:
    """The whole site, with its servers up."""
    check_keys("site", site, TOP_KEYS)
    world = World(float(site.get("clock", {}).get("factor", 1.0)), settings_of(site))
    for entry in site["hosts"]:
        check_keys("host", entry, HOST_KEYS)
        for _n, name in numbered(entry):
            add_machine(world, name, entry, site)
    certificates = Certificates(site.get("tls", False))
    listen(world, site, certificates)
    world.ca_pem = certificates.ca_pem
    pools = form_pools(world, site)
    for entry in site.get("vms", []):
        check_keys("vm", entry, VM_KEYS)
        add_vms(world, pools, entry)
    for machine in world.machines.values():
        machine.toolstack_up()
    return world


def add_machine(world: World, name: str, entry: dict[str, Any], site: dict[str, Any]) -> None:
    if name in world.machines:
        raise BadSite(f"two hosts are called {name}")
    world.machines[name] = Machine(
        world,
        name,
        str(site.get("user", "root")),
        str(site.get("password", "secret")),
        size(entry.get("memory", "64 GiB")),
        int(entry.get("cpus", 16)),
        str(entry.get("vendor", "GenuineIntel")),
        {k: str(v) for k, v in entry.get("versions", {}).items()},
        tls_verification=bool(entry.get("tls_verification", True)),
    )


def listen(world: World, site: dict[str, Any], certificates: Certificates) -> None:
    """An address and port for every machine: one port for all on addresses of their own, or one address for all."""
    machines = list(world.machines.values())
    if one := site.get("one_address"):
        for machine in machines:
            machine.endpoint = endpoint(machine, one, 0, certificates)
            machine.address = f"{machine.endpoint.address}:{machine.endpoint.port}"
        return
    base = site.get("address", "127.77.0.0")
    fixed = int(site.get("port", 0))
    for _attempt in range(20):
        try:
            port = fixed
            for n, machine in enumerate(machines):
                machine.address = nth_address(base, n)
                if port and in_use(machine.address, port):
                    raise OSError(f"{machine.address}:{port} is in use")
                machine.endpoint = endpoint(machine, machine.address, port, certificates)
                port = machine.endpoint.port
            return
        except OSError:
            for machine in machines:
                if machine.endpoint:
                    machine.endpoint.close()
                    machine.endpoint = None
            if fixed:
                raise
    raise BadSite("no port is free on all addresses")


def nth_address(base: str, n: int) -> str:
    """The n-th host address (from 0) after a base like 127.77.0.0."""
    a, b, c, d = (int(p) for p in base.split("."))
    number = (a << 24) + (b << 16) + (c << 8) + d + 1 + n
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def in_use(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((address, port)) == 0


def endpoint(machine: Machine, address: str, port: int, certificates: Certificates) -> Endpoint:
    return Endpoint(
        address,
        port,
        lambda method, params: handle(machine, method, params),
        certificates.context(address, machine.name),
    )


def form_pools(world: World, site: dict[str, Any]) -> dict[str, Pool]:
    """Pools by name; the first host of a pool is its coordinator, hosts of none are alone under their own name."""
    pools: dict[str, Pool] = {}
    for entry in site["hosts"]:
        for _n, name in numbered(entry):
            machine, key = world.machines[name], entry.get("pool", name)
            if key in pools:
                pool = pools[key]
                records.add_host(machine, pool, enabled=True)
                records.add_pif(machine, pool)
            else:
                pool = pools[key] = records.new_pool(machine)
            records.add_local_sr(machine, pool, size(entry.get("local_sr", "500 GiB")))
            row = pool.db.row("host", machine.ref)
            pool.db.update(
                "host",
                machine.ref,
                other_config={**row["other_config"], **entry.get("other_config", {})},
            )
            if key == name:
                furnish(pool, entry)
            if not entry.get("powered", True):
                machine.powered = False
    for name, entry in site.get("pools", {}).items():
        check_keys(f"pool {name}", entry, {"srs", "networks", "other_config", "name"})
        pools[name].db.update(
            "pool",
            pools[name].ref,
            name_label=entry.get("name", name),
            other_config=dict(entry.get("other_config", {})),
        )
        furnish(pools[name], entry)
    return pools


def furnish(pool: Pool, entry: dict[str, Any]) -> None:
    """Shared SRs and private networks."""
    db = pool.db
    for sr in entry.get("srs", []):
        check_keys("sr", sr, {"name", "type", "size", "default"})
        config = {"server": "192.0.2.9", "serverpath": f"/{sr['name']}"}
        hosts = [m.ref for m in pool.members]
        ref = records.add_sr(
            pool,
            hosts,
            sr["name"],
            sr.get("type", "nfs"),
            size(sr.get("size", "4 TiB")),
            True,
            config,
        )
        if sr.get("default"):
            db.update("pool", pool.ref, default_SR=ref, suspend_image_SR=ref, crash_dump_SR=ref)
    for network in entry.get("networks", []):
        db.insert(
            "network",
            name_label=network["name"],
            bridge=network.get("bridge", f"xapi{pool.networks}"),
        )
        pool.networks += 1


def add_vms(world: World, pools: dict[str, Pool], entry: dict[str, Any]) -> None:
    """The VMs of one entry; on a pool they are spread over its hosts in turn."""
    where = entry.get("where")
    pool = pools.get(str(where)) or (
        world.machines[str(where)].pool if where in world.machines else None
    )
    if pool is None:
        raise BadSite(f"vm {entry['name']}: `where` must name a host or a pool, not {where!r}")
    members = [world.machines[where]] if where in world.machines else pool.members
    group = group_of(pool, entry)
    for (_n, name), machine in zip(numbered(entry), cycle(members)):
        add_vm(world, pool, machine, name, entry, group)


def group_of(pool: Pool, entry: dict[str, Any]) -> list[str]:
    name = entry.get("group")
    if not name:
        return []
    found = pool.db.find("VM_group", name_label=name)
    return found or [
        pool.db.insert(
            "VM_group", name_label=name, placement=entry.get("placement", "anti_affinity")
        )
    ]


def add_vm(
    world: World, pool: Pool, machine: Machine, name: str, entry: dict[str, Any], group: list[str]
) -> None:
    db = pool.db
    other_config = {str(k): str(v) for k, v in entry.get("other_config", {}).items()}
    if not entry.get("agent", True):
        other_config["sim:no_agent"] = "true"
    vm = records.new_vm(
        db, name, size(entry.get("memory", "2 GiB")), int(entry.get("vcpus", 2)), other_config=other_config, groups=list(group),
        tags=list(entry.get("tags", [])),
    )  # fmt: skip
    world.guests[db.row("VM", vm)["uuid"]] = Guest(
        dirty_rate=size(entry.get("dirty_rate", "5 MiB"))
    )
    add_disk(pool, machine, vm, entry)
    network = (
        db.find("network", name_label=entry["network"])
        if "network" in entry
        else db.find("network", bridge="xenbr0")
    )
    db.insert(
        "VIF",
        VM=vm,
        network=network[0],
        device="0",
        MAC=records.random_mac(),
        MAC_autogenerated=True,
        MTU=1500,
    )
    if STATES[entry.get("state", "running")] == "Running":
        ctx = Context(world, pool.coordinator, db, "site", epoch=pool.coordinator.epoch)
        enter_domain(ctx, vm, machine, False)


def add_disk(pool: Pool, machine: Machine, vm: str, entry: dict[str, Any]) -> None:
    """A disk on the default SR (storage: shared), the host's own (local), a named SR, or none."""
    db, storage = pool.db, entry.get("storage", "shared")
    if storage == "none":
        return
    if storage == "shared":
        sr = db.row("pool", pool.ref)["default_SR"]
    elif storage == "local":
        sr = next(
            db.row("PBD", p)["SR"]
            for p in db.find("PBD", host=machine.ref)
            if not db.row("SR", db.row("PBD", p)["SR"])["shared"]
        )
    else:
        sr = next(iter(db.find("SR", name_label=storage)), NULL)
    if sr == NULL:
        raise BadSite(f"vm {entry['name']}: no SR for storage {storage!r}")
    vdi = db.insert(
        "VDI", name_label=f"{db.row('VM', vm)['name_label']} disk", SR=sr, virtual_size=size(entry.get("disk", "10 GiB")), type="user",
        managed=True, location=new_uuid(),
    )  # fmt: skip
    db.insert(
        "VBD",
        VM=vm,
        VDI=vdi,
        userdevice="0",
        bootable=True,
        mode="RW",
        type="Disk",
        other_config={"owner": ""},
    )
