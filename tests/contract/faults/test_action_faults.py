# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that go wrong, through server_action with ``wait``, the same faults on both planes.

Each fault has one test, which runs on both; TESTS names it, and ``test_every_fault_is_tested``
holds the file to that. Each test asserts what is reported and how soon, what a plain client then sees,
and that running again after the cause is gone finishes the work or finds nothing left to do.
"""

from __future__ import annotations

import time

import pytest
from contract.faults.stage import ServerView, Stage

TESTS = {
    "the server goes to ERROR midway": "test_server_goes_to_error",
    "a live migration fails": "test_live_migration_fails",
    "a live migration is aborted by somebody else": "test_live_migration_is_aborted",
    "the server is deleted midway": "test_server_is_deleted",
    "the server's host dies midway": "test_host_dies",
    "somebody has locked the server": "test_locked_by_another",
    "the server is busy": "test_busy_server",
    "the server becomes busy after the plan was made": "test_server_gets_busy",
    "the time to wait is over": "test_wait_is_over",
    "one of several fails": "test_one_of_several_fails",
}


def test_every_fault_is_tested() -> None:
    tests = {name for name in globals() if name.startswith("test_")}
    assert tests - {"test_every_fault_is_tested"} == set(TESTS.values())


def test_server_goes_to_error(stage: Stage) -> None:
    """Reported at once, with the words of the failure."""
    action, options = stage.breaking
    with stage.broken():
        run = stage.act(action, **options)
    run.fails("server web1", "no disk left")
    assert run.outcomes() == {"web1": "failed"}
    assert run.result["servers"][0]["status"] == "ERROR"
    assert stage.view().vm_state == "error"
    stage.done("reboot_hard")
    assert stage.view().vm_state == "active"
    stage.done(action, **options)


def test_live_migration_fails(stage: Stage) -> None:
    """The server is ACTIVE afterwards, as it would be had it moved."""
    with stage.moves_fail():
        run = stage.act("live_migrate", host=stage.idle)
    run.fails("web1")
    assert stage.view() == ServerView("active", None, stage.busy)
    stage.done("live_migrate", host=stage.idle)
    assert stage.view() == ServerView("active", None, stage.idle)
    stage.kept("live_migrate", host=stage.idle)


def test_live_migration_is_aborted(stage: Stage) -> None:
    with (
        stage.moves_slow(),
        stage.meanwhile(lambda: stage.view().task_state == "migrating", stage.abort),
    ):
        run = stage.act("live_migrate", host=stage.idle)
    run.fails("web1", "cancelled", code=run.error["code"])
    assert stage.view() == ServerView("active", None, stage.busy)
    stage.done("live_migrate", host=stage.idle)
    assert stage.view().host == stage.idle


def test_server_is_deleted(stage: Stage) -> None:
    run = stage.delete_midway()
    run.fails("web1", stage.gone, code=run.error["code"])
    assert run.outcomes() == {"web1": "failed"}
    assert stage.view().vm_state == "deleted"
    again = stage.act("stop")
    assert again.error["status"] == 404
    stage.kept("delete")


def test_host_dies(stage: Stage) -> None:
    code, words = stage.killed
    with (
        stage.stops_slow(20),
        stage.meanwhile(lambda: stage.view().task_state == "powering-off", stage.kill),
    ):
        run = stage.act("stop")
    run.fails("web1", words, code=code, within=60)
    stage.revive()
    stage.until(stage.settled)
    assert stage.view().vm_state == "stopped"
    stage.kept("stop")


def test_locked_by_another(stage: Stage) -> None:
    code, words = stage.locked
    stage.lock()
    run = stage.act("stop")
    run.fails("web1", words, code=code, within=10)
    assert stage.lock_remedy in run.error["remedy"]
    assert stage.view() == ServerView("active", None, stage.busy)
    stage.unlock()
    stage.done("stop")
    assert stage.view().vm_state == "stopped"


def test_busy_server(stage: Stage) -> None:
    """Refused before anything is asked of the plane."""
    with stage.stops_slow(10):
        stage.stop("web1")
        stage.until(lambda: not stage.settled())
        run = stage.act("stop", "web1")
    run.fails("web1", "while it is in task_state powering-off", code="conflict", within=8)
    assert run.error["status"] == 409
    assert not run.result["changed"]
    stage.until(stage.settled)
    stage.kept("stop")
    stage.done("start")


def test_server_gets_busy(stage: Stage) -> None:
    """Between the plan and the request for it: web2 goes first and takes its time."""

    def stop_later() -> None:
        time.sleep(3)
        stage.stop("web1")

    with (
        stage.stops_slow(8, other=5),
        stage.meanwhile(lambda: stage.view("web2").task_state == "powering-off", stop_later),
    ):
        run = stage.act("stop", "web2", "web1", max_parallel=1)
    assert run.error["code"] == "interrupted"
    assert run.outcomes() == {"web2": "done", "web1": "failed"}
    assert "web1" in run.result["msg"]
    (failed,) = run.error["details"]["failed"]
    assert failed["error"]["status"] == 409
    assert stage.busy_words in failed["error"]["cause"]
    assert failed["error"]["remedy"]
    assert run.seconds < 60
    stage.until(stage.settled)
    stage.kept("stop", "web1", "web2")


def test_wait_is_over(stage: Stage) -> None:
    """The server is left as it is, and its state is named."""
    with stage.stops_slow(12):
        run = stage.act("stop", wait_timeout=3)
        run.fails("web1", "within 3 s", "task_state powering-off", code="timeout", within=10)
        assert stage.view() == ServerView("active", "powering-off", stage.busy)
        assert run.result["servers"][0]["task_state"] == "powering-off"
        stage.until(stage.settled)
    assert stage.view().vm_state == "stopped"
    stage.kept("stop")


@pytest.mark.parametrize("limit", [None, 0])
def test_one_of_several_fails(stage: Stage, limit: int | None) -> None:
    """web1 fails first; the other is not started if none may fail, and is done otherwise."""
    with stage.moves_fail():
        run = stage.act(
            "live_migrate", "web1", "web2", host=stage.idle, max_parallel=1, max_failures=limit
        )
    other = "done" if limit is None else "left"
    assert run.outcomes() == {"web1": "failed", "web2": other}
    assert stage.view("web2").host == (stage.idle if limit is None else stage.other)
    assert stage.view() == ServerView("active", None, stage.busy)
    assert "web1" in run.result["msg"]
    stage.done("live_migrate", "web1", "web2", host=stage.idle)
    assert (stage.view().host, stage.view("web2").host) == (stage.idle, stage.idle)
