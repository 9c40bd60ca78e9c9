# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the first databases, users and images, and keep them for later starts."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from testbeds.openstack import infrastructure, install, services
from testbeds.openstack.configure import values
from testbeds.openstack.layout import HERE, PASSWORD, Layout
from testbeds.openstack.processes import Processes, say

DATABASES = ("keystone", "placement", "glance", "neutron", "nova_api", "nova_cell0", "nova_cell1")
# Not worth keeping: made anew at every start.
PASSING = shutil.ignore_patterns("rabbitmq", "mysql-tmp", "mysql.sock", "mariadb.pid")


def made_of(layout: Layout) -> str:
    """What the saved state depends on: versions, the seed, and the ports that the catalogue names."""
    parts = [install.LOCK, HERE / "inside/seed.py", HERE / "bootstrap.py"]
    texts = [part.read_text(encoding="utf-8") for part in parts]
    seed = "\n".join([*texts, str(layout.settings.port_base)])
    return hashlib.sha256(seed.encode()).hexdigest()


def is_saved(layout: Layout) -> bool:
    return install.is_made_of(layout.saved, made_of(layout))


def restore(layout: Layout) -> None:
    """Put the state back to the saved one, if there is one."""
    shutil.rmtree(layout.state, ignore_errors=True)
    if is_saved(layout):
        shutil.copytree(layout.saved, layout.state)


def bootstrap(layout: Layout, processes: Processes) -> None:
    """With MariaDB running, empty: make everything and save it; MariaDB is stopped in the end."""
    grants = f"GRANT ALL ON *.* TO openstack@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';"
    creations = [f"CREATE DATABASE {name} CHARACTER SET utf8mb3;" for name in DATABASES]
    infrastructure.sql(layout, processes, "".join(creations) + grants)
    # The longest first: two cores do them in the time of the longest.
    makers = (make_neutron, make_nova, make_keystone, make_placement, make_glance)
    run_all([partial(maker, layout, processes) for maker in makers])
    say("databases made")
    seed(layout, processes)
    processes.stop(["keystone", "glance"])
    processes.stop(["mariadb"], within=30)
    shutil.rmtree(layout.saved, ignore_errors=True)
    shutil.copytree(layout.state, layout.saved, ignore=PASSING)
    install.mark(layout.saved, made_of(layout))
    say("users, endpoints and images made; the state is saved")


def run_all(jobs: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor() as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


def make_keystone(layout: Layout, processes: Processes) -> None:
    url = layout.url("keystone")
    manage = [
        layout.bin / "keystone-manage",
        "--config-file",
        layout.etc / "keystone/keystone.conf",
    ]
    owner = ["--keystone-user", "root", "--keystone-group", "root"]
    urls = [f"--bootstrap-{kind}-url={url}" for kind in ("admin", "internal", "public")]
    first = [f"--bootstrap-password={PASSWORD}", *urls, "--bootstrap-region-id=RegionOne"]
    for words in (
        ["fernet_setup", *owner],
        ["credential_setup", *owner],
        ["db_sync"],
        ["bootstrap", *first],
    ):
        processes.command(f"keystone-manage-{words[0]}", [*manage, *words])


def make_nova(layout: Layout, processes: Processes) -> None:
    files = [layout.etc / "nova" / name for name in ("nova.conf", "nova-db.conf")]
    given = [word for file in files for word in ("--config-file", file)]
    cell0 = f"{values(layout)['db_url']}/nova_cell0?charset=utf8"
    for words in (
        ["api_db", "sync"],
        ["cell_v2", "map_cell0", "--database_connection", cell0],
        ["cell_v2", "create_cell", "--name", "cell1"],
        ["db", "sync"],
    ):
        processes.command("nova-manage", [layout.bin / "nova-manage", *given, *words])


def make_placement(layout: Layout, processes: Processes) -> None:
    file = layout.etc / "placement/placement.conf"
    manage = [layout.bin / "placement-manage", "--config-file", file]
    processes.command("placement-manage", [*manage, "db", "sync"])


def make_glance(layout: Layout, processes: Processes) -> None:
    file = layout.etc / "glance/glance-api.conf"
    processes.command(
        "glance-manage", [layout.bin / "glance-manage", "--config-file", file, "db_sync"]
    )


def make_neutron(layout: Layout, processes: Processes) -> None:
    file = layout.etc / "neutron/neutron.conf"
    manage = [layout.bin / "neutron-db-manage", "--config-file", file]
    processes.command("neutron-db-manage", [*manage, "upgrade", "heads"])


def seed(layout: Layout, processes: Processes) -> None:
    """Users, endpoints and images, by the environment's own openstacksdk."""
    for name in ("keystone", "glance"):
        services.start(layout, processes, name)
    for name in ("keystone", "glance"):
        processes.wait_http(name)
    env = {
        **{name.upper(): value for name, value in values(layout).items()},
        "OS_CLIENT_CONFIG_FILE": layout.clouds,
        "OS_CLOUD": "xenfleet",
    }
    processes.command("seed", [layout.bin / "python", HERE / "inside/seed.py"], env)
