# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a bed up, take it down, show its state."""

from __future__ import annotations

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

from testbeds.openstack import bootstrap, infrastructure, install, services
from testbeds.openstack.api import Api
from testbeds.openstack.configure import configure
from testbeds.openstack.layout import (
    INFRASTRUCTURE,
    PORTS,
    SERVICES,
    BedError,
    Layout,
    remember,
    remembered,
)
from testbeds.openstack.processes import Processes, say, taken
from testbeds.openstack.stock import make_flavors, make_network

NOT_ALL = 3


def up(layout: Layout, *, fresh: bool) -> None:
    """Install what is missing, start from the saved state and wait until the cloud is usable.

    Nothing is done to a bed that runs, unless ``fresh``. If anything fails, nothing is left running.
    """
    processes = Processes(layout)
    install.check_machine(layout)
    if not fresh and stands(layout, processes):
        return
    # One with other settings is known by its records.
    processes.stop(processes.recorded(), signal.SIGKILL)
    if ports := taken(layout, PORTS):
        raise BedError(
            f"ports in use: {ports}; end what listens there, or give another --port-base"
        )
    keep_logs(layout)
    try:
        install.install(layout, processes)
        start(layout, processes)
    except BaseException:
        processes.stop(processes.recorded(), signal.SIGKILL)
        raise


def stands(layout: Layout, processes: Processes) -> bool:
    """Whether the bed runs, computes aside, with the settings asked for; says what is amiss."""
    dead = [name for name in (*INFRASTRUCTURE, *SERVICES) if not processes.pid(name)]
    if dead:
        if processes.running():
            say(f"the bed is broken, {', '.join(dead)} not running: starting from scratch")
        return False
    if (before := remembered(layout.root)) != layout.settings:
        raise BedError(
            f"a bed with other settings is up at {layout.root}: {before}; take it down first"
        )
    killed = [host for host in layout.hosts if not processes.pid(host)]
    say("already up" + "".join(f"; {host} is not running (start {host})" for host in killed))
    return True


def keep_logs(layout: Layout) -> None:
    """The logs of the run before stay for one more run."""
    for directory in (layout.run, layout.etc):
        directory.mkdir(parents=True, exist_ok=True)
    before = layout.root / "log.1"
    if layout.log.exists():
        shutil.rmtree(before, ignore_errors=True)
        layout.log.rename(before)
    layout.log.mkdir()


def start(layout: Layout, processes: Processes) -> None:
    """Start all processes, each as soon as what it needs answers."""
    remember(layout)
    cold = not bootstrap.is_saved(layout)
    bootstrap.restore(layout)
    configure(layout)
    with ThreadPoolExecutor(1) as pool:
        broker = pool.submit(infrastructure.start_rabbitmq, layout, processes)
        infrastructure.start_mariadb(layout, processes)
        if cold:
            bootstrap.bootstrap(layout, processes)
            infrastructure.start_mariadb(layout, processes)
        begin(layout, processes, "keystone", "placement")
        broker.result()
    say("MariaDB and RabbitMQ run")
    begin(layout, processes, "nova-conductor")
    processes.wait_http("keystone")
    processes.wait_http("placement")
    say("Keystone and Placement answer")
    begin(layout, processes, "nova-scheduler")
    # A compute that finds no conductor waits for 10 s before it asks again.
    processes.wait_log("nova-conductor", "Starting conductor node")
    begin(layout, processes, *layout.hosts, "nova-api", "neutron", "glance", "tls")
    for name in ("nova-api", "neutron", "glance"):
        processes.wait_http(name)
    processes.wait_port("keystone over TLS", of="tls")
    processes.wait_port("nova-api over TLS", of="tls")
    say("Nova, Neutron and Glance answer")
    api = Api(layout)
    wait_for_computes(layout, processes, api)
    make_flavors(api)
    make_network(api)
    say(f"ready: export OS_CLIENT_CONFIG_FILE={layout.clouds} OS_CLOUD=xenfleet")


def begin(layout: Layout, processes: Processes, *names: str) -> None:
    for name in names:
        services.start(layout, processes, name)


def wait_for_computes(layout: Layout, processes: Processes, api: Api) -> None:
    host = layout.hosts[-1]
    processes.wait(host, "and the other hosts are usable", lambda: usable(api, layout.hosts))
    say(f"{len(layout.hosts)} hosts can be scheduled to")


def usable(api: Api, hosts: list[str]) -> bool:
    """Whether all hosts report, are mapped to the cell and have inventory: can be scheduled to."""
    wanted = set(hosts)
    found = api("GET", "/os-services?binary=nova-compute")["services"]
    if not wanted <= {service["host"] for service in found if service["state"] == "up"}:
        return False
    found = api("GET", "/os-hypervisors")["hypervisors"]
    if not wanted <= {hypervisor["hypervisor_hostname"] for hypervisor in found}:
        return False
    path = "/resource_providers?resources=VCPU:1"
    found = api("GET", path, service="placement")["resource_providers"]
    return wanted <= {provider["name"] for provider in found}


def down(layout: Layout) -> None:
    """End everything; nothing in here is worth a graceful end, the state is thrown away anyway."""
    processes = Processes(layout)
    names = processes.recorded()
    processes.stop(names, signal.SIGKILL)
    say("stopped", ", ".join(names) or "nothing: no bed was up")


def status(layout: Layout) -> int:
    """Print each process, and Nova's own view; 0 if all run, NOT_ALL otherwise."""
    processes = Processes(layout)
    if not processes.running():
        print(f"no bed is up at {layout.root}; bring one up: make testbed-up")
        return NOT_ALL
    names = services.every_name(layout)
    for name in names:
        print(f"{name:16} {processes.pid(name) or 'NOT RUNNING'}")
    if processes.pid("keystone") and processes.pid("nova-api"):
        for service in Api(layout)("GET", "/os-services")["services"]:
            forced = "  forced down" if service["forced_down"] else ""
            words = [service["binary"], service["host"], service["status"], service["state"]]
            print("  " + " ".join(f"{word:15}" for word in words) + forced)
    return 0 if all(processes.pid(name) for name in names) else NOT_ALL
