# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB and RabbitMQ, run from where their packages were unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess

from testbeds.openstack.layout import ADDRESS, BedError, Layout
from testbeds.openstack.processes import Command, Processes, environment

# Relative to the data directory: a path of its own could exceed what a socket's address can hold.
SOCKET = "mysql.sock"
# A broker without work should not keep a core busy, and listens on loopback only.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


def libraries(layout: Layout) -> dict[str, str]:
    places = [*layout.sys.glob("usr/lib/*-linux-gnu*"), *layout.sys.glob("lib/*-linux-gnu*")]
    return {"LD_LIBRARY_PATH": os.pathsep.join(str(place) for place in places)}


def mariadb_options(layout: Layout) -> list[str]:
    """Options of the server and of making its first tables. Durability is off: all is throw-away."""
    return [
        "--no-defaults",
        f"--basedir={layout.sys}/usr",
        f"--datadir={layout.state}/mysql",
        f"--tmpdir={layout.state}/mysql-tmp",
        f"--lc-messages-dir={layout.sys}/usr/share/mysql",
        f"--plugin-dir={layout.sys}/usr/lib/mysql/plugin",
        "--user=root",
        "--innodb-log-file-size=16M",
        "--innodb-buffer-pool-size=256M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=0",
        "--innodb-use-native-aio=0",
        "--skip-log-bin",
        "--skip-name-resolve",
    ]


def start_mariadb(layout: Layout, processes: Processes) -> None:
    """Start the server, on an empty database if there is none, and wait until it listens."""
    data = layout.state / "mysql"
    if not data.exists():
        data.mkdir(parents=True)
        make = [layout.sys / "usr/bin/mariadb-install-db", *mariadb_options(layout)]
        make += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        processes.command("mariadb-install-db", make, libraries(layout))
    server: Command = [
        layout.sys / "usr/sbin/mariadbd",
        *mariadb_options(layout),
        f"--bind-address={ADDRESS}",
        f"--port={layout.port('mariadb')}",
        f"--socket={SOCKET}",
        "--pid-file=mariadb.pid",
        "--max-connections=500",
        "--character-set-server=utf8mb3",
        "--performance-schema=off",
        # Its default locks gaps between rows: concurrent moves deadlock in Placement, which then
        # sleeps for a second and tries again (placement/objects/allocation.py, _set_allocations).
        "--transaction-isolation=READ-COMMITTED",
    ]
    processes.spawn("mariadb", server, libraries(layout))
    processes.wait_port("mariadb")


def sql(layout: Layout, processes: Processes, statements: str) -> None:
    """Run statements as the database's root."""
    data = layout.state / "mysql"
    argv = [*_client(layout), "-e", statements]
    processes.command("mariadb-client", argv, libraries(layout), cwd=data)


def rows(layout: Layout, query: str) -> list[list[str]]:
    """The rows that a query finds, as text; NULL is "NULL"."""
    done = subprocess.run(
        [*_client(layout), "--batch", "--skip-column-names", "-e", query],
        env=environment(libraries(layout)),
        cwd=layout.state / "mysql",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BedError(f"{query}: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def _client(layout: Layout) -> list[str]:
    return [f"{layout.sys}/usr/bin/mariadb", "--no-defaults", "-uroot", f"--socket={SOCKET}"]


def start_rabbitmq(layout: Layout, processes: Processes) -> None:
    """Start an empty broker, with a port mapper of its own, and wait until it listens."""
    home = layout.state / "rabbitmq"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "plugins").write_text("[].\n", encoding="utf-8")
    erlang = layout.sys / "usr/lib/erlang"
    (mapper,) = erlang.glob("erts-*/bin/epmd")
    port = layout.port("epmd")
    processes.spawn("epmd", [mapper, "-address", ADDRESS, "-port", port])
    processes.wait_port("epmd")
    (server,) = layout.sys.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
    env = {
        **libraries(layout),
        "HOME": home,
        "PATH": f"{erlang}/bin{os.pathsep}{os.environ['PATH']}",
        "ERL_EPMD_ADDRESS": ADDRESS,
        "ERL_EPMD_PORT": port,
        "RABBITMQ_NODENAME": f"testbed{layout.port('rabbitmq')}@localhost",
        "RABBITMQ_DIST_PORT": layout.port("erlang distribution"),
        "RABBITMQ_MNESIA_BASE": home / "mnesia",
        "RABBITMQ_LOG_BASE": layout.log,
        "RABBITMQ_CONFIG_FILE": layout.etc / "rabbitmq/rabbitmq.conf",
        "RABBITMQ_CONF_ENV_FILE": home / "none",
        "RABBITMQ_ENABLED_PLUGINS_FILE": home / "plugins",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
    }
    processes.spawn("rabbitmq", [server], env)
    processes.wait_port("rabbitmq")
