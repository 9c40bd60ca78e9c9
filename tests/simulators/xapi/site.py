# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site file: hosts, pools, storage, networks to begin with; README.md documents its keys."""

from __future__ import annotations

from typing import Any

from . import records
from .gpus import add_gpu
from .listening import listen
from .site_guests import VM_KEYS, add_vms
from .site_values import BadSite, check_keys, numbered, size
from .tls import Certificates
from .world import Machine, Pool, Settings, World

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
    "gpus",
}
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
            for _gpu in range(int(entry.get("gpus", 0))):
                add_gpu(machine, pool)
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
