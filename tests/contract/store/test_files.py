# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQLite file: who may see it, when it is made, and which ones are not touched."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import StoreError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Records


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(store: Store) -> None:
    store.aggregates.create("edge", None)


@pytest.fixture
def no_umask() -> Iterator[None]:
    """The careless setting."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
def test_only_its_owner_may_see_it(sqlite: Place) -> None:
    path, store = Path(sqlite.target), sqlite.open()
    write(store)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    with store.aggregates.exclusive():
        store.aggregates.create("core", None)
        beside = [p for p in path.parent.iterdir() if p != path]
        assert [p.name for p in beside] == ["store.db-journal"]
        assert [mode(p) for p in beside] == [0o600]


def test_a_directory_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with closing(Store.open(str(tmp_path / "store.db"))) as store:
        write(store)
    assert (mode(tmp_path), mode(tmp_path / "store.db")) == (0o755, 0o600)


def test_reading_makes_nothing(sqlite: Place) -> None:
    path, store = Path(sqlite.target), sqlite.open()
    store.follow({"7d3b2c1e-0000-4000-8000-000000000001": "cmp-1"})
    assert store.read() == Records()
    assert not path.parent.exists()


def test_reading_changes_nothing(sqlite: Place) -> None:
    path = Path(sqlite.target)
    write(sqlite.open())
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir()))
    time.sleep(0.02)
    assert len(sqlite.open().read().aggregates) == 1
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(path.parent.iterdir())) == before


def test_a_refused_first_write_leaves_an_empty_store(sqlite: Place) -> None:
    store = sqlite.open()
    with pytest.raises(Exception, match="aggregate x"):
        store.aggregates.delete("x")
    assert store.read() == Records()
    assert sqlite.tables() == set()


def test_what_a_killed_writer_left_is_rolled_back_by_reading(sqlite: Place) -> None:
    """A journal that lies beside the file means that the file is half-written."""
    path = Path(sqlite.target)
    write(sqlite.open())
    if (child := os.fork()) == 0:
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE xenfleet_aggregates SET name = 'half'")
        writer.execute("CREATE TABLE padding AS SELECT hex(randomblob(400000)) AS x")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert path.with_name("store.db-journal").stat().st_size > 0
    assert [a.name for a in sqlite.open().read().aggregates] == ["edge"]


@pytest.mark.parametrize("extra", [stat.S_IWGRP, stat.S_IWOTH], ids=["group", "others"])
@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_refused_when_others_may_write_to_it(
    sqlite: Place, extra: int, use: Callable[[Store], object]
) -> None:
    path = Path(sqlite.target)
    with sqlite.open().aggregates.exclusive():
        pass
    path.chmod(0o600 | extra)
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        use(sqlite.open())
    assert str(caught.value) == (
        f"store {path}: accounts other than its owner may write to it, so its contents cannot be trusted. "
        f"Check its contents, then run chmod go-w {path}."
    )
    assert path.read_bytes() == before


def test_a_file_that_all_may_read_is_accepted(sqlite: Place) -> None:
    write(sqlite.open())
    Path(sqlite.target).chmod(0o644)
    assert len(sqlite.open().read().aggregates) == 1


@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_other_files_are_left_alone(tmp_path: Path, use: Callable[[Store], object]) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no database\n" * 500)
    notes.chmod(0o600)
    for target in (notes, tmp_path, notes / "store.db"):
        with (
            closing(Store.open(str(target))) as store,
            pytest.raises(StoreError, match=r"^store /"),
        ):
            use(store)
    assert notes.read_text() == "no database\n" * 500
    assert list(tmp_path.iterdir()) == [notes]


def test_another_programs_database_is_shared_with(sqlite: Place) -> None:
    path = Path(sqlite.target)
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE hosts (name)")
    path.chmod(0o600)
    store = sqlite.open()
    assert store.read() == Records()
    write(store)
    assert sqlite.sql("SELECT count(*) FROM hosts") == [(0,)]
    assert len(store.read().aggregates) == 1


def test_the_home_directory_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with closing(Store.open("~/fleet/store.db")) as store:
        write(store)
    assert (tmp_path / "fleet" / "store.db").exists()


def test_odd_names_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#%41 b.db"
    with closing(Store.open(str(path))) as store:
        write(store)
    assert list(tmp_path.iterdir()) == [path]
