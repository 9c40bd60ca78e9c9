# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get the software: MariaDB and RabbitMQ unpacked from Debian's packages, OpenStack in an environment.

Both are made once and kept until what they are made of changes. A mark, written last, says what
that was, so that a part whose making was interrupted is made anew.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbeds.openstack.layout import HERE, BedError, Layout, Unsuitable
from testbeds.openstack.processes import Processes, locked, say

LOCK = HERE / "requirements.lock"
DEBIAN = ("mariadb-server-core", "mariadb-server", "mariadb-client-core", "rabbitmq-server")
# Enough of what apt brings with these to run; another libc than the machine's would break all.
UNPACKED = re.compile(r"(mariadb|mysql|rabbitmq|erlang|lib(?!c6|c-bin|perl))(?!.*-perl_)")
# Nova loads virt drivers from its own package nova.virt alone.
INTO_NOVA = ("testbed_driver.py", "testbed_hooks.py")
MECHANISM = "testbed_mech"


def check_machine(layout: Layout) -> None:
    """Unsuitable, before anything is done, for what this machine or place can never do."""
    missing = [tool for tool in ("apt-get", "dpkg") if not shutil.which(tool)]
    if missing:
        raise Unsuitable(
            f"{' and '.join(missing)} not found: the testbed needs Debian or a descendant of it"
        )
    if os.geteuid() != 0:
        raise Unsuitable("the testbed's MariaDB and Keystone are set up to run as root: be root")
    if re.search(r"\s", f"{layout.root}{layout.software}"):
        raise Unsuitable(
            f"RabbitMQ cannot run from a path with blanks: {layout.root}; give another --root"
        )


def install(layout: Layout, processes: Processes) -> None:
    """Download and unpack what is missing or has changed. Beds that share it take turns."""
    with locked(layout.software, "install.lock"):
        with ThreadPoolExecutor(2) as pool:
            parts = [
                pool.submit(part, layout, processes)
                for part in (install_debian, install_environment)
            ]
            for part in parts:
                part.result()
        install_drivers(layout)


def install_debian(layout: Layout, processes: Processes) -> None:
    made_of = json.dumps([str(layout.software), UNPACKED.pattern, *DEBIAN])
    if is_made_of(layout.sys, made_of):
        return
    download(layout, processes)
    shutil.rmtree(layout.sys, ignore_errors=True)
    layout.sys.mkdir()
    for package in sorted((layout.software / "debs").glob("*.deb")):
        if UNPACKED.match(package.name):
            processes.command("dpkg", ["dpkg", "-x", package, layout.sys])
    # The place that Erlang was built for is written into its start script.
    erl = layout.sys / "usr/lib/erlang/bin/erl"
    text = erl.read_text(encoding="utf-8")
    root = f"ROOTDIR={layout.sys}/usr/lib/erlang"
    erl.write_text(text.replace("ROOTDIR=/usr/lib/erlang", root), encoding="utf-8")
    mark(layout.sys, made_of)
    say("MariaDB and RabbitMQ unpacked")


def download(layout: Layout, processes: Processes) -> None:
    """Fetch the packages with all they depend on, and install none of them."""
    cache = layout.software / "debs"
    shutil.rmtree(cache, ignore_errors=True)
    (cache / "partial").mkdir(parents=True)
    options = [f"Dir::Cache::archives={cache}", "APT::Sandbox::User=root", "Debug::NoLocking=true"]
    fetch = ["apt-get", "-y", "-q", "--no-install-recommends", "--download-only", "--reinstall"]
    fetch += [word for option in options for word in ("-o", option)] + ["install", *DEBIAN]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        processes.command("apt-get", fetch, quiet)
    except BedError:
        # No package lists yet, or stale ones.
        processes.command("apt-get", ["apt-get", "-q", "update"], quiet)
        processes.command("apt-get", fetch, quiet)


def install_environment(layout: Layout, processes: Processes) -> None:
    made_of = json.dumps([str(layout.software), sys.version, LOCK.read_text(encoding="utf-8")])
    if is_made_of(layout.venv, made_of):
        return
    shutil.rmtree(layout.venv, ignore_errors=True)
    uv = shutil.which("uv") or install_uv(layout, processes)
    # The machine knows which authorities it trusts, those of a proxy among them.
    env = {"UV_SYSTEM_CERTS": "true", "UV_PYTHON_DOWNLOADS": "never"}
    processes.command("uv", [uv, "venv", "-q", "--python", sys.executable, layout.venv], env)
    python = layout.bin / "python"
    into = ["--compile-bytecode", "--python", python, "-r", LOCK]
    processes.command("uv", [uv, "pip", "install", "-q", *into], env)
    mark(layout.venv, made_of)
    say("OpenStack installed")


def install_uv(layout: Layout, processes: Processes) -> Path:
    tools = layout.software / "tools"
    if not (tools / "bin/uv").exists():
        processes.command("venv", [sys.executable, "-m", "venv", "--clear", tools])
        quietly = ["-q", "--disable-pip-version-check"]
        processes.command("pip", [tools / "bin/pip", "install", *quietly, "uv>=0.5"])
    return tools / "bin/uv"


def install_drivers(layout: Layout) -> None:
    """The drivers of ours that Nova and Neutron load, as they are now."""
    (site,) = layout.venv.glob("lib/python3*/site-packages")
    for name in INTO_NOVA:
        renew(HERE / "inside" / name, site / "nova/virt" / name)
    renew(HERE / f"inside/{MECHANISM}.py", site / f"{MECHANISM}.py")
    # Neutron finds its drivers by entry points of installed distributions.
    info = site / f"{MECHANISM}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {MECHANISM}\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    entry = f"[neutron.ml2.mechanism_drivers]\ntestbed = {MECHANISM}:TestbedMechanismDriver\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")


def renew(source: Path, target: Path) -> None:
    """Copy what has changed; another bed may be starting a process that loads it."""
    if not (target.exists() and filecmp.cmp(source, target, shallow=False)):
        shutil.copy(source, target)


def is_made_of(directory: Path, made_of: str) -> bool:
    """Whether a directory was completed, and of just that."""
    file = directory / ".made-of"
    return file.exists() and file.read_text(encoding="utf-8") == made_of


def mark(directory: Path, made_of: str) -> None:
    (directory / ".made-of").write_text(made_of, encoding="utf-8")
