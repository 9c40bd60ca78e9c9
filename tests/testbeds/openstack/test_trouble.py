# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``up`` says and leaves behind where it cannot do its work; at roots of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from testbeds.openstack import configure, install, lifecycle, ports
from testbeds.openstack.client import Bed
from testbeds.openstack.commands import bed_py
from testbeds.openstack.layout import HERE, BedError, Layout, Settings, remember
from testbeds.openstack.processes import Processes, locked

pytestmark = pytest.mark.nova


@pytest.fixture
def port_base(tmp_path: Path) -> Iterator[int]:
    """Of no bed that is up or comes up."""
    with ExitStack() as claims:
        free = claims.enter_context(ports.chosen(Layout(tmp_path, Settings(port_base=0))))
        yield free.settings.port_base


@contextmanager
def listening(port: int) -> Iterator[None]:
    with socket.socket() as other:
        # A connection of a bed that was there lingers for a minute.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def test_up_names_the_port_that_is_taken(tmp_path: Path, port_base: int) -> None:
    with listening(port_base + 3):
        code, said = bed_py("up", "--root", tmp_path, "--port-base", port_base)
    assert code == 1
    assert f"{port_base + 3} for nova-api" in said
    assert "--port-base" in said
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_beds_that_come_up_at_the_same_time_take_different_ports(tmp_path: Path) -> None:
    first, second = (Layout(tmp_path / name, Settings(port_base=0)) for name in ("a", "b"))
    with ports.chosen(first) as one, ports.chosen(second) as other:
        bases = {one.settings.port_base, other.settings.port_base}
    assert len(bases) == 2


def test_ports_of_the_last_time_are_taken_again_if_they_are_free(tmp_path: Path) -> None:
    layout = Layout(tmp_path, Settings(port_base=0))
    layout.run.mkdir()
    with ports.chosen(layout), ports.chosen(layout) as other:
        last = other.settings.port_base
        remember(other)
    with ports.chosen(layout) as again:
        assert again.settings.port_base == last
    with listening(last + 1), ports.chosen(layout) as another:
        assert another.settings.port_base != last


def test_a_directory_that_cannot_hold_a_bed_is_skipped(tmp_path: Path) -> None:
    code, said = bed_py("up", "--root", tmp_path / "with blank")
    assert code == 77
    assert "SKIPPED: RabbitMQ cannot run from a path with blanks" in said


def test_a_machine_without_apt_is_skipped(tmp_path: Path) -> None:
    empty = {"PATH": str(tmp_path)}
    code, said = bed_py("up", "--root", tmp_path / "bed", env=empty)
    assert code == 77
    assert "SKIPPED: apt-get and dpkg not found" in said


def test_status_where_no_bed_is(tmp_path: Path) -> None:
    code, said = bed_py("status", "--root", tmp_path)
    assert code == 3
    assert "make testbed-up" in said
    assert Bed.running(tmp_path) is None


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "bed.py"), "down", "--root", str(tmp_path)]
    with locked(tmp_path):
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert second.stdout
        assert "waiting" in second.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.5)
    assert second.wait(20) == 0
    assert "no bed was up" in second.stdout.read()


def test_what_was_not_completed_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    assert not install.is_made_of(tmp_path, "lock 1")
    install.mark(tmp_path, "lock 1")
    assert install.is_made_of(tmp_path, "lock 1")
    assert not install.is_made_of(tmp_path, "lock 2")


def test_a_failed_up_names_the_part_and_leaves_nothing_running(
    tmp_path: Path, port_base: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB lacks a directory, while RabbitMQ starts beside it."""
    software = str(Bed.required().layout.software)
    layout = Layout(tmp_path, Settings(port_base=port_base, software=software))
    monkeypatch.setattr(install, "install", lambda *_: None)
    monkeypatch.setattr(configure, "DIRECTORIES", ())
    with pytest.raises(BedError) as failed:
        lifecycle.up(layout, fresh=False)
    assert str(failed.value).startswith("mariadb-install-db failed, exit code 1: ")
    assert str(layout.log / "mariadb-install-db.out") in str(failed.value)
    assert (layout.log / "rabbitmq.out").exists()
    assert Processes(layout).recorded() == []
    assert processes_below(tmp_path) == []


def processes_below(root: Path) -> list[str]:
    """Command lines of processes that run that name a directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root) in words:
            found.append(words)
    return found
