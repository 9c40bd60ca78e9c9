# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start OpenStack's services, each a process; none of these functions waits until it answers."""

from __future__ import annotations

from collections.abc import Mapping

from testbeds.openstack import infrastructure
from testbeds.openstack.layout import ADDRESS, HERE, INFRASTRUCTURE, SERVICES, BedError, Layout
from testbeds.openstack.processes import Processes

# Name: module with the WSGI application, processes, threads, environment with paths below etc/.
# Keystone and Placement cache in memory, so they have one process each.
APIS: dict[str, tuple[str, int, int, dict[str, str]]] = {
    "keystone": (
        "keystone.wsgi.api",
        1,
        4,
        {"OS_KEYSTONE_CONFIG_DIR": "keystone", "OS_KEYSTONE_CONFIG_FILES": "keystone.conf"},
    ),
    "placement": ("placement.wsgi.api", 1, 4, {"OS_PLACEMENT_CONFIG_DIR": "placement"}),
    "glance": (
        "glance.wsgi.api",
        1,
        1,
        {"OS_GLANCE_CONFIG_DIR": "glance", "OS_GLANCE_CONFIG_FILES": "glance-api.conf"},
    ),
    "neutron": (
        "neutron.wsgi.api",
        1,
        1,
        {"OS_NEUTRON_CONFIG_DIR": "neutron", "OS_NEUTRON_CONFIG_FILES": "neutron.conf"},
    ),
    "nova-api": (
        "nova.wsgi.osapi_compute",
        2,
        1,
        {
            "OS_NOVA_CONFIG_DIR": "nova",
            "OS_NOVA_CONFIG_FILES": "api-paste.ini;nova.conf;nova-db.conf",
        },
    ),
}


def start(layout: Layout, processes: Processes, name: str) -> None:
    """Start one process of the bed by its name; nothing if it runs."""
    if name in APIS:
        start_api(layout, processes, name)
    elif name in ("nova-conductor", "nova-scheduler"):
        start_nova(layout, processes, name, name, "nova-db.conf")
    elif name in layout.hosts:
        start_nova(layout, processes, name, "nova-compute", f"{name}.conf")
    elif name == "tls":
        start_tls(layout, processes)
    elif name == "mariadb":
        infrastructure.start_mariadb(layout, processes)
    elif name in ("rabbitmq", "epmd"):
        infrastructure.start_rabbitmq(layout, processes)
    else:
        raise BedError(f"no process is called {name}; there are {', '.join(every_name(layout))}")


def every_name(layout: Layout) -> list[str]:
    return [*INFRASTRUCTURE, *SERVICES, *layout.hosts]


def start_nova(
    layout: Layout, processes: Processes, name: str, program: str, *more_files: str
) -> None:
    files = [layout.etc / "nova" / file for file in ("nova.conf", *more_files)]
    given = [word for file in files for word in ("--config-file", file)]
    log = layout.log / f"{name}.log"
    processes.spawn(name, [layout.bin / program, *given, "--log-file", log])


def start_tls(layout: Layout, processes: Processes) -> None:
    """The APIs that clients sign in to and ask first, over TLS as well."""
    names = ("keystone", "nova-api")
    pairs = [f"{layout.port(f'{name} over TLS')}:{layout.port(name)}" for name in names]
    program = HERE / "inside/testbed_tls.py"
    processes.spawn("tls", [layout.bin / "python", program, layout.ca_cert, *pairs])


def start_api(layout: Layout, processes: Processes, name: str) -> None:
    """An API under uWSGI, wrapped by the request log."""
    application, workers, threads, settings = APIS[name]
    options: Mapping[str, object] = {
        "http-socket": f"{ADDRESS}:{layout.port(name)}",
        "wsgi-file": HERE / "inside/testbed_requests.py",
        "processes": workers,
        "threads": threads,
        "buffer-size": 65535,
        "listen": 100,
        "add-header": "Connection: close",
        "procname-prefix": f"{name} ",
    }
    flags = ["master", "enable-threads", "lazy-apps", "need-app", "die-on-term"]
    flags += ["disable-logging", "http-chunked-input"]
    env: dict[str, object] = {
        "TESTBED_APPLICATION": application,
        "TESTBED_REQUESTS": layout.log / f"{name}.requests",
    }
    for variable, value in settings.items():
        is_directory = variable.endswith("_DIR")
        env[variable] = layout.etc / value if is_directory else value
    given = [word for key, value in options.items() for word in (f"--{key}", value)]
    argv = [layout.bin / "uwsgi", *given, *(f"--{flag}" for flag in flags)]
    processes.spawn(name, argv, env)
