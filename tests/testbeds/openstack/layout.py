# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of a bed lies, what it listens on, and what ``up`` can be asked for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
# Of use on loopback only, and only while a bed runs.
PASSWORD = "testbed"
ADDRESS = "127.0.0.1"

# Offsets to the port base. A bed takes all of them.
PORTS = {
    "keystone": 0,
    "placement": 1,
    "glance": 2,
    "nova-api": 3,
    "mariadb": 4,
    "rabbitmq": 5,
    "epmd": 6,
    "erlang distribution": 7,
    "neutron": 8,
    "keystone over TLS": 9,
    "nova-api over TLS": 10,
}
PATHS = {"keystone": "/v3", "nova-api": "/v2.1"}
INFRASTRUCTURE = ("mariadb", "epmd", "rabbitmq")
SERVICES = (
    "keystone",
    "placement",
    "nova-conductor",
    "nova-scheduler",
    "nova-api",
    "neutron",
    "glance",
    "tls",
)


class BedError(Exception):
    """A part of the bed does not work; the message names it, the cause and where to read on."""


class Unsuitable(BedError):
    """This machine, user or directory can have no bed at all."""


@dataclass(frozen=True)
class Settings:
    """What ``up`` can be asked for; times in seconds. The other commands take over what it was."""

    port_base: int = int(os.environ.get("XENFLEET_TESTBED_PORTS") or 0)
    """0: chosen among free ones (ports.py)."""
    computes: int = 4
    report_interval: int = 2
    service_down_time: int = 8
    shelved_offload_time: int = 0
    debug: bool = False
    software: str = os.environ.get("XENFLEET_TESTBED_SOFTWARE") or ""
    """The directory of another bed whose installed software this one uses; empty: its own."""


@dataclass(frozen=True)
class Layout:
    """A bed's directory and settings: names, paths and addresses, no effects."""

    root: Path
    settings: Settings

    @property
    def software(self) -> Path:
        return Path(self.settings.software or self.root).absolute()

    @property
    def sys(self) -> Path:
        """Unpacked Debian packages."""
        return self.software / "sys"

    @property
    def venv(self) -> Path:
        return self.software / "venv"

    @property
    def bin(self) -> Path:
        return self.venv / "bin"

    @property
    def state(self) -> Path:
        """Databases, images and guests of the bed that runs."""
        return self.root / "state"

    @property
    def saved(self) -> Path:
        """The state after the first bootstrap, from which every start begins."""
        return self.root / "saved"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def clouds(self) -> Path:
        return self.root / "clouds.yaml"

    @property
    def ca_cert(self) -> Path:
        """The authority of what is served over TLS; another one at each start."""
        return self.state / "tls.pem"

    @property
    def faults(self) -> Path:
        """Read by the virt driver at every use (inside/testbed_driver.py)."""
        return self.state / "faults.json"

    @property
    def hosts(self) -> list[str]:
        """Names of the compute hosts, which are those of their processes, too."""
        return [f"compute{number}" for number in range(1, self.settings.computes + 1)]

    def port(self, name: str) -> int:
        return self.settings.port_base + PORTS[name]

    def url(self, name: str) -> str:
        """Where a service answers: its endpoint in the catalogue."""
        return f"http://{ADDRESS}:{self.port(name)}{PATHS.get(name, '')}"

    def tls_url(self, name: str) -> str:
        """Where keystone and nova-api answer over TLS."""
        return f"https://{ADDRESS}:{self.port(f'{name} over TLS')}{PATHS[name]}"


def default_root() -> Path:
    """``XENFLEET_TESTBED``, or a directory that make clean removes."""
    return Path(os.environ.get("XENFLEET_TESTBED") or REPOSITORY / ".cache/openstack").absolute()


def remembered(root: Path) -> Settings | None:
    """The settings that the bed at that root was last brought up with."""
    try:
        return Settings(**json.loads((root / "run/settings.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def remember(layout: Layout) -> None:
    text = json.dumps(asdict(layout.settings))
    (layout.run / "settings.json").write_text(text, encoding="utf-8")
