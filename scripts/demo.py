# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows the collection at work on three simulated hosts: a pool is made of them, guests run on it, and one host
goes through maintenance, reboot included, without a guest noticing. Ends with status 0 only if all of that is so.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import XenAPI

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from harness.playbooks import RECAP, ROOT, Playbooks
from harness.processes import kill
from simulators.launch import Simulator

GIB = 1024**3
HOST = "xen2"
KINDS = {"web": (2, 6), "app": (3, 4), "db": (6, 2)}
"""Kind of guest to its GiB of memory and how many there are."""

POOL = {
    "pool_create_aggregate": "production",
    "pool_create_availability_zone": "zone-a",
    "pool_create_hosts": ["xen1", "xen2", "xen3"],
    "pool_create_storage": {
        "name": "nfs1",
        "type": "nfs",
        "device_config": {"server": "nas.example.com", "serverpath": "/srv/xen"},
    },
    "pool_create_max_parallel": 2,
}


class Demo:
    """One simulated site and the playbooks that are run on it."""

    def __init__(self, site: Simulator, directory: Path) -> None:
        self.site = site
        self.books = Playbooks(site, directory)
        self.noted = directory / "during.json"
        self.maintenance = {
            "host_maintenance_host": HOST,
            "host_maintenance_name": "2026-11 security updates",
            "host_maintenance_tasks_file": str(Path(__file__).with_name("demo_work.yml")),
            "demo_inspect": site.inspect,
            "demo_noted": str(self.noted),
            "demo_coordinator": next(iter(site.hosts.values())),
        }

    def play(self, name: str, variables: dict[str, Any]) -> int:
        """Run a playbook of the collection, showing its output as it comes; its number of changes."""
        heading(f"ansible-playbook xenfleet.compute.{name}")
        playbook = ROOT / "playbooks" / f"{name}.yml"
        process, _results = self.books.start(playbook, **variables)
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line)
                if line.strip():
                    print(f"  {line.rstrip().rstrip('*')}", flush=True)
            process.wait()
        finally:
            stop(process)
        recap = RECAP.findall("".join(lines))
        if process.returncode or not recap:
            raise SystemExit(f"FAILED: {name}, exit status {process.returncode}")
        return int(dict(part.split("=") for part in recap[-1].split())["changed"])

    def places(self) -> dict[str, str]:
        return {n: vm["host"] or "-" for n, vm in self.site.get("/state")["vms"].items()}


def main() -> int:
    # Being killed ends the run by an exception, as Ctrl-C does, so that what was started here is stopped.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    started = time.monotonic()
    with Simulator("demo") as site, tempfile.TemporaryDirectory() as directory:
        heading("three simulated hosts, each on its own")
        for name, url in site.hosts.items():
            print(f"  {name}  {url}")
        claims = show(Demo(site, Path(directory)))
    heading(f"claims, after {time.monotonic() - started:.0f} s")
    for claim, holds in claims.items():
        print(f"  {'ok' if holds else 'FAILED'}: {claim}")
    return 0 if all(claims.values()) else 1


def show(demo: Demo) -> dict[str, bool]:
    """The whole story; what it claims, and whether that is so."""
    demo.play("pool_create", POOL)
    heading("a dozen guests start, through the plain XenAPI client")
    with session(demo.site) as xen:
        start_guests(xen)
    before = demo.places()
    for host in sorted(set(before.values())):
        print(f"  {host}: {', '.join(sorted(n for n, h in before.items() if h == host))}")
    demo.play("host_maintenance", demo.maintenance)
    again = {
        "pool_create": demo.play("pool_create", POOL),
        "host_maintenance": demo.play("host_maintenance", demo.maintenance),
    }
    state = json.loads(demo.noted.read_text(encoding="utf-8"))
    during = {n: vm["host"] or "-" for n, vm in state["vms"].items()}
    after, guests = demo.places(), demo.site.get("/vms")
    heading("the guests, as the simulator saw them")
    print_guests(guests, before, during, after)
    reboots = [
        e for e in demo.site.get("/journal?mutating=1") if e["method"].endswith("host.reboot")
    ]
    return {
        f"{HOST} was empty and disabled while it was worked on": HOST not in during.values()
        and state["hosts"][HOST]["enabled"] is False,
        f"{HOST} was rebooted and is in service": len(reboots) == 1
        and demo.site.get("/state")["hosts"][HOST]["enabled"] is True,
        "every guest is back where it was": before == after and len(before) == 12,
        "no guest was ever down": all(g["downtime_s"] == 0 and g["running"] for g in guests),
        **{f"{name} run again changes nothing": changed == 0 for name, changed in again.items()},
    }


def print_guests(guests: list[dict[str, Any]], *places: dict[str, str]) -> None:
    print("  guest  before  during  after  moves  downtime  longest pause")
    for guest in sorted(guests, key=lambda g: g["vm"]):
        before, during, after = (place[guest["vm"]] for place in places)
        moves = guest["moves"]
        pause = max((move["pause_s"] for move in moves), default=0.0) * 1000
        print(
            f"  {guest['vm']:<5}  {before:<6}  {during:<6}  {after:<5}  {len(moves):>5}"
            f"  {guest['downtime_s']:>6.1f} s  {pause:>10.0f} ms"
        )


def heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def stop(process: subprocess.Popen[str]) -> None:
    """End a playbook that was interrupted, its workers included."""
    if process.poll() is None:
        kill(process, signal.SIGTERM)
        process.wait()


# --- guests, through the plain XenAPI client ------------------------------------------------------


@contextlib.contextmanager
def session(site: Simulator) -> Iterator[Any]:
    """A login at the coordinator, which is the first host."""
    coordinator, *_supporters = site.hosts.values()
    xen = XenAPI.Session(coordinator)
    xen.xenapi.login_with_password("root", "secret")
    try:
        yield xen.xenapi
    finally:
        xen.xenapi.session.logout()


def start_guests(xen: Any) -> None:
    """Spread over the hosts, each with a disk on the pool's default SR."""
    hosts = sorted(xen.host.get_all(), key=xen.host.get_name_label)
    storage = xen.pool.get_default_SR(xen.pool.get_all()[0])
    names = [(f"{kind}{i + 1}", gib) for kind, (gib, count) in KINDS.items() for i in range(count)]
    for number, (name, gib) in enumerate(names):
        vm = xen.VM.create(guest_record(name, gib * GIB))
        xen.VBD.create(disk_record(vm, xen.VDI.create(image_record(name, storage))))
        xen.VM.start_on(vm, hosts[number % len(hosts)], False, False)


def guest_record(name: str, memory: int) -> dict[str, Any]:
    """Every field that VM.create wants."""
    empty = (
        "name_description PV_kernel PV_ramdisk PV_args PV_bootloader_args PV_legacy_args HVM_boot_policy "
        "PCI_bus recommendations"
    )
    return {
        **dict.fromkeys(empty.split(), ""),
        **{
            f"memory_{kind}": str(memory)
            for kind in ("static_max", "dynamic_max", "dynamic_min", "static_min")
        },
        **{key: {} for key in ("VCPUs_params", "HVM_boot_params", "platform", "other_config")},
        "name_label": name,
        "user_version": "1",
        "is_a_template": False,
        "affinity": "OpaqueRef:NULL",
        "VCPUs_max": "2",
        "VCPUs_at_startup": "2",
        "actions_after_shutdown": "destroy",
        "actions_after_reboot": "restart",
        "actions_after_crash": "restart",
        "PV_bootloader": "pygrub",
    }


def image_record(name: str, storage: str) -> dict[str, Any]:
    return {
        "name_label": f"{name} disk",
        "name_description": "",
        "SR": storage,
        "virtual_size": str(8 * GIB),
        "type": "system",
        "sharable": False,
        "read_only": False,
        "other_config": {},
    }


def disk_record(vm: str, image: str) -> dict[str, Any]:
    return {
        "VM": vm,
        "VDI": image,
        "userdevice": "0",
        "bootable": True,
        "mode": "RW",
        "type": "Disk",
        "unpluggable": False,
        "empty": False,
        "other_config": {},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }


if __name__ == "__main__":
    sys.exit(main())
