# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a site, say where it is, serve until asked to stop."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

import yaml

from . import (
    coordinator,
    disks,
    eject,
    evacuate,
    events,
    host,
    join,
    migrate,
    network,
    pool,
    site,
    snapshots,
    storage,
    vm_fields,
    vm_lifecycle,
)
from .inspection import Inspector
from .site_values import BadSite

MODULES = (
    coordinator,
    disks,
    eject,
    evacuate,
    events,
    host,
    join,
    migrate,
    network,
    pool,
    snapshots,
    storage,
    vm_fields,
    vm_lifecycle,
)

ENDING = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Print {"hosts": {NAME: URL}, "inspect": URL} when ready; exit 0 on SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="xapi", description="A XenAPI simulator: serves the hosts of a site file on loopback."
    )
    parser.add_argument("site", type=Path, metavar="SITE.yml")
    options = parser.parse_args()
    # Blocked and waited for, before any thread starts: a handler that sets an event can run while the
    # main thread is in wait() and holds that event's lock, and the process then never ends.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        world = site.build(yaml.safe_load(options.site.read_text(encoding="utf-8")))
    except (BadSite, OSError, KeyError, ValueError) as exc:
        print(f"{options.site}: {type(exc).__name__}: {exc}", file=sys.stderr)
        return 2
    inspector = Inspector(world)
    threading.Thread(
        target=inspector.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    print(
        json.dumps(
            {
                "hosts": {m.name: m.url() for m in world.machines.values()},
                "inspect": inspector.url(),
            }
        ),
        flush=True,
    )
    signal.sigwait(ENDING)
    world.clock.stopped.set()
    for machine in world.machines.values():
        if machine.endpoint:
            machine.endpoint.close()
    inspector.shutdown()
    return 0
