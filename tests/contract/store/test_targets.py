# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What names a store, what is refused, and that no password is ever shown."""

from __future__ import annotations

import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store import engine
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    ConfigError,
    FleetError,
    MissingLibraryError,
    StoreError,
    UnavailableError,
)

SECRET = "s3cr3t-Xv7"
PACKAGE = Path(engine.__file__).parent


def shown_by(caught: pytest.ExceptionInfo[FleetError]) -> str:
    """Everything that a report could take from the error."""
    error = caught.value
    return "".join([*traceback.format_exception(error), repr(error), str(error.to_dict())])


@pytest.mark.parametrize(
    "target",
    [
        f"postgresql://fleet:{SECRET}@db.example/fleet",
        f"postgresql+psycopg://fleet:{SECRET}@db.example/fleet",
        f"postgresql://fleet@db.example/fleet?password={SECRET}",
        f"postgresql://fleet:{SECRET}@db.example:port/fleet",
        f"mysql://fleet:{SECRET}@db.example/fleet",
        f"sqlite:///{SECRET}.db",
        f"://{SECRET}",
    ],
)
def test_unusable_url(target: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store.open(target)
    assert caught.value.remedy
    assert SECRET not in shown_by(caught)


def test_password_in_a_url_has_a_remedy() -> None:
    with pytest.raises(ConfigError, match=r"store_password or in XENFLEET_STORE_PASSWORD"):
        Store.open(f"postgresql://fleet:{SECRET}@db.example/fleet")


@contextmanager
def login_of(server: str, role: str) -> Iterator[str]:
    """URL of a login that needs SECRET as its password, whatever others need on that server."""
    where = urlsplit(server)
    line = f"host all {role} 127.0.0.1/32 scram-sha-256\n"
    with psycopg.connect(server, autocommit=True) as admin:
        (row,) = admin.execute("SHOW hba_file").fetchall()
        rules = Path(row[0])
        before = rules.read_text()
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
        rules.write_text(line + before)
        try:
            admin.execute("SELECT pg_reload_conf()")
            yield f"postgresql://{role}@127.0.0.1:{where.port}{where.path}"
        finally:
            rules.write_text(before)
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("password", [None, f"not-{SECRET}"])
def test_refused_password(server: str, password: str | None) -> None:
    with (
        login_of(server, "clerk") as url,
        closing(Store.open(url, password)) as store,
        pytest.raises(AuthError, match=r"store_password or in XENFLEET_STORE_PASSWORD") as caught,
    ):
        store.read()
    assert SECRET not in shown_by(caught)


def test_right_password_without_rights(server: str) -> None:
    with login_of(server, "reader") as url, closing(Store.open(url, SECRET)) as store:
        assert store.read().aggregates == ()
        with pytest.raises(StoreError, match=r"permission denied .* Check the account's rights"):
            store.aggregates.create("edge", None)


@pytest.mark.parametrize("use", [Store.read, lambda store: store.aggregates.create("edge", None)])
def test_no_server(use: Callable[[Store], object]) -> None:
    with (
        closing(Store.open("postgresql://fleet@127.0.0.1:1/fleet", SECRET)) as store,
        pytest.raises(
            UnavailableError, match=r"^store postgresql://fleet@127\.0\.0\.1:1/fleet: "
        ) as caught,
    ):
        use(store)
    assert SECRET not in shown_by(caught)
    assert SECRET not in repr(vars(store)) + repr(vars(store.aggregates))


def test_a_driver_that_repeats_the_password(server: str) -> None:
    """A password mistaken for the database's name comes back in the server's message."""
    url = f"{server.rpartition('/')[0]}/{SECRET}"
    with (
        closing(Store.open(url, SECRET)) as store,
        pytest.raises(FleetError) as caught,
    ):
        store.read()
    assert 'database "********" does not exist' in caught.value.cause


def test_the_password_is_not_stored(place: Place) -> None:
    with closing(Store.open(place.target, SECRET)) as store:
        store.aggregates.create("edge", "zone-1")
        with store.journal.lock("host cmp-1", "drain"):
            contents = place.contents()
    assert "host cmp-1" in contents
    assert SECRET not in contents


@pytest.mark.parametrize(
    ("url", "environment", "sslmode"),
    [
        ("postgresql://fleet@db.example/fleet", {}, "verify-full"),
        ("postgresql://fleet@db.example/fleet?sslmode=verify-ca", {}, None),
        ("postgresql://fleet@db.example/fleet", {"PGSSLMODE": "require"}, None),
        ("postgresql://fleet@127.0.0.1/fleet", {}, None),
        ("postgresql:///fleet?host=/run/postgresql", {}, None),
        ("postgresql:///fleet?host=db.example", {}, "verify-full"),
        ("postgresql:///fleet", {}, None),
        ("postgresql:///fleet", {"PGHOST": "db.example"}, "verify-full"),
    ],
)
def test_a_remote_servers_certificate_is_verified(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], sslmode: str | None
) -> None:
    for name in ("PGSSLMODE", "PGHOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    target = engine.parse(url)
    assert isinstance(target, engine.PostgresqlDatabase)
    assert engine.connect_args(target.url).get("sslmode") == sslmode


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingLibraryError, match=r"python -m pip install psycopg\[binary\]"):
        Store.open("postgresql://fleet@127.0.0.1/fleet")


def test_without_sqlalchemy() -> None:
    """Every file can be imported, and the first use reports what is missing."""
    names = sorted(p.stem for p in PACKAGE.glob("*.py"))
    package = engine.__name__.rpartition(".")[0]
    script = f"""
import importlib, sys
sys.modules["sqlalchemy"] = None
sys.path[:0] = {sys.path!r}
modules = {{name: importlib.import_module("{package}." + name) for name in {names!r}}}
try:
    modules["store"].Store.open("/nowhere/store.db")
except Exception as exc:
    print(type(exc).__name__, exc.details["library"], "sqlalchemy" in exc.trace)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "MissingLibraryError SQLAlchemy True\n"
