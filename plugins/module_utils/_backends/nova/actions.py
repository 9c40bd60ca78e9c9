# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's server actions: what is sent for each, and in which microversions.

Most say ``null`` and have been there since 2.1. A request is sent at the highest version up to the
action's own ``most`` that the cloud has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._core.args import ActionArgs
from .completion import (
    Judge,
    aborted,
    by_events,
    cold_migrated,
    evacuated,
    gone,
    imaged,
    in_state,
    live_migrated,
)

Versions = tuple[str, str]

SECRETS = ("admin_pass", "user_data")
"""Arguments that are not to be shown."""


@dataclass(frozen=True)
class NovaAction:
    """``body`` makes the request's body, ``versions`` returns the least and the highest
    microversion for these arguments, ``judge`` decides from what is seen later how it stands; without
    one the answer is the end.
    """

    body: Callable[[ActionArgs], Mapping[str, Any] | None]
    judge: Judge | None
    versions: Callable[[ActionArgs], Versions] = field(default=lambda _args: ("2.1", "2.1"))
    method: str = "POST"
    path: str = "/servers/{server}/action"
    records: frozenset[str] = frozenset()
    """migration_type of the record that its request makes."""

    @property
    def on_migration(self) -> bool:
        """Whether it is about a migration in progress, which has to be looked up first."""
        return "{migration}" in self.path


def _null(name: str) -> Callable[[ActionArgs], Mapping[str, Any]]:
    return lambda _args: {name: None}


def _with(name: str, keys: Mapping[str, str]) -> Callable[[ActionArgs], Mapping[str, Any]]:
    """A body of those arguments that are given; ``keys`` are what the API calls them."""

    def body(args: ActionArgs) -> Mapping[str, Any]:
        given = {
            key: value for arg, key in keys.items() if (value := getattr(args, arg)) is not None
        }
        return {name: given or None}

    return body


def _always(least: str, most: str) -> Callable[[ActionArgs], Versions]:
    return lambda _args: (least, most)


def _target(args: ActionArgs) -> str | None:
    return args.target or None


def _live_migrate(args: ActionArgs) -> Mapping[str, Any]:
    return {"os-migrateLive": {"host": _target(args), "block_migration": "auto"}}


def _migrate(args: ActionArgs) -> Mapping[str, Any]:
    return {"migrate": {"host": _target(args)} if _target(args) else None}


def _migrate_versions(args: ActionArgs) -> Versions:
    """A target can be named from 2.56 on."""
    return ("2.56", "2.56") if _target(args) else ("2.1", "2.56")


def _evacuate(args: ActionArgs) -> Mapping[str, Any]:
    given = {"host": _target(args), "adminPass": args.admin_pass}
    return {"evacuate": {k: v for k, v in given.items() if v is not None}}


def _evacuate_versions(args: ActionArgs) -> Versions:
    """Up to 2.13 the caller says whether storage is shared. From 2.95 on an evacuated server is left
    stopped; with ``start`` it runs again if it ran before, as it always did up to 2.94.
    """
    return ("2.14", "2.94" if args.start else "2.95")


REBUILD = {
    "image": ("imageRef", "2.1"),
    "name": ("name", "2.1"),
    "admin_pass": ("adminPass", "2.1"),
    "metadata": ("metadata", "2.1"),
    "preserve_ephemeral": ("preserve_ephemeral", "2.1"),
    "description": ("description", "2.19"),
    "key_name": ("key_name", "2.54"),
    "user_data": ("user_data", "2.57"),
    "trusted_image_certificates": ("trusted_image_certificates", "2.63"),
    "hostname": ("hostname", "2.90"),
}
"""Argument → what the API calls it, and since when."""


def _rebuild_versions(args: ActionArgs) -> Versions:
    """From 2.93 on servers on volumes, too."""
    least = [since for arg, (_key, since) in REBUILD.items() if getattr(args, arg) is not None]
    return max(least, key=_minor, default="2.1"), "2.93"


def _lock_versions(args: ActionArgs) -> Versions:
    return ("2.73", "2.73") if args.reason else ("2.1", "2.73")


def _unshelve_versions(args: ActionArgs) -> Versions:
    """A zone from 2.77 on, a host from 2.91 on."""
    if args.host:
        return "2.91", "2.91"
    return ("2.77", "2.91") if args.availability_zone else ("2.1", "2.91")


def _minor(version: str) -> int:
    return int(version.split(".")[1])


RESIZE = frozenset({"migration", "resize"})
ONE_SERVER = "/servers/{server}"
ONE_MIGRATION = ONE_SERVER + "/migrations/{migration}"

ACTIONS: Mapping[str, NovaAction] = {
    "start": NovaAction(_null("os-start"), in_state("active")),
    "stop": NovaAction(_null("os-stop"), in_state("stopped")),
    "reboot_soft": NovaAction(lambda _args: {"reboot": {"type": "SOFT"}}, by_events("active")),
    "reboot_hard": NovaAction(lambda _args: {"reboot": {"type": "HARD"}}, by_events("active")),
    "pause": NovaAction(_null("pause"), in_state("paused")),
    "unpause": NovaAction(_null("unpause"), in_state("active")),
    "suspend": NovaAction(_null("suspend"), in_state("suspended")),
    "resume": NovaAction(_null("resume"), in_state("active")),
    "lock": NovaAction(_with("lock", {"reason": "locked_reason"}), None, _lock_versions),
    "unlock": NovaAction(_null("unlock"), None),
    "rebuild": NovaAction(
        _with("rebuild", {arg: key for arg, (key, _since) in REBUILD.items()}),
        by_events("active", "stopped"),
        _rebuild_versions,
    ),
    "resize": NovaAction(_with("resize", {"flavor": "flavorRef"}), cold_migrated, records=RESIZE),
    "confirm_resize": NovaAction(_null("confirmResize"), in_state("active", "stopped")),
    "revert_resize": NovaAction(_null("revertResize"), in_state("active", "stopped")),
    "create_image": NovaAction(
        _with("createImage", {"image_name": "name", "metadata": "metadata"}),
        imaged,
        # From 2.45 on the image's id is in the answer's body.
        _always("2.1", "2.45"),
    ),
    "create_backup": NovaAction(
        _with(
            "createBackup",
            {
                "image_name": "name",
                "backup_type": "backup_type",
                "rotation": "rotation",
                "metadata": "metadata",
            },
        ),
        imaged,
        _always("2.1", "2.45"),
    ),
    "shelve": NovaAction(_null("shelve"), in_state("shelved", "shelved_offloaded")),
    "shelve_offload": NovaAction(_null("shelveOffload"), in_state("shelved_offloaded")),
    "unshelve": NovaAction(
        _with("unshelve", {"availability_zone": "availability_zone", "host": "host"}),
        in_state("active"),
        _unshelve_versions,
    ),
    "rescue": NovaAction(
        _with("rescue", {"image": "rescue_image_ref", "admin_pass": "adminPass"}),
        in_state("rescued"),
        # From 2.87 on servers on volumes, too.
        _always("2.1", "2.87"),
    ),
    "unrescue": NovaAction(_null("unrescue"), in_state("active")),
    # The API waits for the guest's agent before it answers.
    "change_password": NovaAction(_with("changePassword", {"admin_pass": "adminPass"}), None),
    "trigger_crash_dump": NovaAction(
        _null("trigger_crash_dump"), by_events(), _always("2.17", "2.17")
    ),
    "reset_state": NovaAction(_with("os-resetState", {"state": "state"}), None),
    "delete": NovaAction(lambda _args: None, gone("soft-delete"), method="DELETE", path=ONE_SERVER),
    "force_delete": NovaAction(_null("forceDelete"), gone()),
    "restore": NovaAction(_null("restore"), in_state("active")),
    # From 2.34 on asynchronous, from 2.68 on without force; what is sent is the same since 2.25.
    "live_migrate": NovaAction(
        _live_migrate, live_migrated, _always("2.25", "2.68"), records=frozenset({"live-migration"})
    ),
    "migrate": NovaAction(_migrate, cold_migrated, _migrate_versions, records=RESIZE),
    "evacuate": NovaAction(
        _evacuate, evacuated, _evacuate_versions, records=frozenset({"evacuation"})
    ),
    # From 2.65 on a queued one, too.
    "live_migrate_abort": NovaAction(
        lambda _args: None, aborted, _always("2.24", "2.65"), "DELETE", ONE_MIGRATION
    ),
    "live_migrate_force_complete": NovaAction(
        _null("force_complete"),
        live_migrated,
        _always("2.22", "2.22"),
        path=ONE_MIGRATION + "/action",
    ),
}
