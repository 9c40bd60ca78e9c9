# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real OpenStack on loopback, for tests: Keystone, Placement, Glance, Neutron, Nova with several hosts."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from dataclasses import fields
from pathlib import Path
from types import FrameType

from testbeds.openstack import faults, install, lifecycle, ports, services
from testbeds.openstack.layout import (
    BedError,
    Layout,
    Settings,
    Unsuitable,
    default_root,
    remembered,
)
from testbeds.openstack.processes import Processes, locked, say

# As tests/run.py and automake understand it.
SKIPPED = 77


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument("--root", type=Path, default=default_root(), help="default: %(default)s")
    whole = argparse.ArgumentParser(prog="bed.py", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", parents=[root], help="install, start, wait until usable")
    up.add_argument("--fresh", action="store_true", help="start from scratch if it is up")
    for setting in fields(Settings):
        option = f"--{setting.name.replace('_', '-')}"
        if setting.type == "bool":
            up.add_argument(option, action="store_true")
        else:
            kind = str if setting.type == "str" else int
            up.add_argument(option, type=kind, default=setting.default, help="default: %(default)s")
    commands.add_parser(
        "status", parents=[root], help="processes, and what Nova sees; 3: not all run"
    )
    commands.add_parser("down", parents=[root], help="end everything")
    commands.add_parser("install", parents=[root], help="only download and install")
    commands.add_parser("reset", parents=[root], help="down, and forget the saved databases")
    for name, help_text in (
        ("kill", "end one process at once (SIGKILL), as a power cut would"),
        ("stop", "end one process in good order"),
        ("start", "start one process that was ended"),
    ):
        commands.add_parser(name, parents=[root], help=help_text).add_argument("name")
    fault = commands.add_parser(
        "fault", parents=[root], help="show or replace the faults: README.md"
    )
    fault.add_argument("faults", nargs="?", type=json.loads, metavar="JSON")
    logs = commands.add_parser("logs", parents=[root], help="list the logs, or the end of one's")
    logs.add_argument("name", nargs="?")
    return whole


def main(argv: list[str]) -> int:
    """Run one command; 1 if the bed fails, SKIPPED where none can be, each with a word that says why."""
    given = parser().parse_args(argv)
    # A command that is asked to end tidies up as one that fails does.
    signal.signal(signal.SIGTERM, interrupted)
    root = given.root.absolute()
    settings = remembered(root) or Settings()
    if given.command == "up":
        settings = Settings(
            **{field.name: getattr(given, field.name) for field in fields(Settings)}
        )
    layout = Layout(root, settings)
    try:
        if given.command in ("status", "logs", "fault"):
            return look(layout, given)
        with locked(root):
            change(layout, given)
    except Unsuitable as exc:
        say("SKIPPED:", exc)
        return SKIPPED
    except BedError as exc:
        say("FAILED:", exc)
        return 1
    return 0


def interrupted(_number: int, _frame: FrameType | None) -> None:
    sys.exit("ended by SIGTERM")


def change(layout: Layout, given: argparse.Namespace) -> None:
    processes = Processes(layout)
    match given.command:
        case "up":
            with ports.chosen(layout) as chosen:
                lifecycle.up(chosen, fresh=given.fresh)
        case "down":
            lifecycle.down(layout)
        case "reset":
            lifecycle.down(layout)
            shutil.rmtree(layout.saved, ignore_errors=True)
        case "install":
            install.check_machine(layout)
            layout.log.mkdir(parents=True, exist_ok=True)
            install.install(layout, processes)
        case "start":
            need(processes, "mariadb")
            services.start(layout, processes, given.name)
            if given.name in services.APIS:
                processes.wait_http(given.name)
        case "kill" | "stop":
            need(processes, given.name)
            number = signal.SIGKILL if given.command == "kill" else signal.SIGTERM
            processes.stop([given.name], number)


def need(processes: Processes, name: str) -> None:
    if not processes.pid(name):
        running = ", ".join(processes.running()) or "nothing"
        raise BedError(f"{name} is not running at {processes.layout.root}; running: {running}")


def look(layout: Layout, given: argparse.Namespace) -> int:
    if given.command == "status":
        return lifecycle.status(layout)
    need(Processes(layout), "keystone") if given.command == "fault" else None
    if given.command == "fault" and given.faults is not None:
        faults.write(layout, given.faults)
    elif given.command == "fault":
        print(json.dumps(faults.read(layout)))
    elif given.name:
        for file in sorted(layout.log.glob(f"{given.name}.*")):
            text = file.read_text(encoding="utf-8", errors="replace").splitlines()
            print(f"== {file}", *text[-40:], sep="\n")
    else:
        print(*sorted(str(file) for file in layout.log.glob("*")), sep="\n")
    return 0
