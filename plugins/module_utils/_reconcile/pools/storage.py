# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for shared storage: it exists on the pool, is plugged on every host, is the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..._core.errors import ConflictError, InvalidError, joined
from ..._core.model import Fleet, Pool, Storage
from ..._core.plan import Plan, Step, Verdict
from ..common.lookup import called, find_storage, get_pool
from ..common.refusals import refuse
from . import verbs
from .settings import default_sr_step

SECRET_KEYS = ("password", "cifspassword", "chappassword", "incoming_chappassword")
"""Keys of device_config that storage managers read a secret from; each has a twin with the suffix
_secret that takes the uuid of a secret kept by XAPI instead.
"""


@dataclass(frozen=True)
class StorageWanted:
    """None means "not managed"."""

    name: str
    pool: str | None = None
    host: str | None = None
    """A member of the pool, in place of its name."""
    type: str | None = None
    device_config: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "user"
    description: str = ""
    default: bool = False
    """Make it the default SR; False leaves the default as it is, since a pool keeps one."""


def plan_storage(fleet: Fleet, wanted: StorageWanted) -> Plan:
    """Create the SR if there is none of that name, plug it wherever it is not, make it the default.

    Raises NotFoundError, ConflictError, InvalidError, PlanRefused.
    """
    _check_values(wanted)
    pool = get_pool(fleet, wanted.pool, wanted.host)
    storage = find_storage(fleet, pool, wanted.name)
    if storage is None:
        return Plan(tuple(_creation(fleet, pool, wanted)))
    _check_same(storage, pool, wanted)
    plugs, verdicts = _plugs(fleet, pool, storage)
    default = default_sr_step(pool, called(pool), storage.id, storage.name)
    return Plan((*plugs, *(default if wanted.default else ())), verdicts)


def _check_values(wanted: StorageWanted) -> None:
    subject = f"SR {wanted.name}"
    if not wanted.name.strip():
        raise InvalidError("SR", "the name is empty", "Give it one")
    secrets = [k for k in wanted.device_config if k in SECRET_KEYS]
    if secrets:
        raise InvalidError(
            subject,
            f"device_config would carry {joined(secrets)} in clear text",
            "Keep it as a secret of the pool (xe secret-create) and give that one's uuid under the "
            "same key with the suffix _secret",
        )


def _creation(fleet: Fleet, pool: Pool, wanted: StorageWanted) -> list[Step]:
    if not wanted.type:
        raise InvalidError(
            f"SR {wanted.name}",
            f"pool {called(pool)} has none of this name, and no type to create it with was given",
            "Give type and device_config, or correct the name",
        )
    offline = [
        Verdict(h.name, "block", "it is not live, so the SR could not be plugged there", "Start it")
        for h in fleet.members(pool.id)
        if not h.live
    ]
    if offline:
        raise refuse(f"SR {wanted.name}", f"cannot be created on pool {called(pool)}", offline)
    args = verbs.CreateStorageArgs(
        pool_id=pool.id,
        pool=called(pool),
        type=wanted.type,
        content_type=wanted.content_type,
        description=wanted.description,
        device_config=dict(wanted.device_config),
    )
    steps = [verbs.create_sr(wanted.name, args)]
    if wanted.default:
        # The uuid is not known yet: carrying the step out looks the SR up by its name.
        default = verbs.DefaultStorageArgs(pool_id=pool.id, storage=wanted.name)
        steps.append(verbs.set_default_sr(called(pool), default))
    return steps


def _check_same(storage: Storage, pool: Pool, wanted: StorageWanted) -> None:
    """What is fixed at creation must agree; an SR is never made over."""
    differs = []
    if not storage.shared:
        differs.append("it is not shared")
    if wanted.type and wanted.type != storage.type:
        differs.append(f"its type is {storage.type}, not {wanted.type}")
    differs += [
        f"its device_config has {key}={storage.device_config[key]}, not {value}"
        for key, value in wanted.device_config.items()
        if storage.device_config.get(key, value) != value
    ]
    if differs:
        raise ConflictError(
            f"SR {storage.name}",
            f"pool {called(pool)} has one of this name, but {joined(differs)}",
            "Choose another name, or correct the options: none of this can be changed in place",
        )


def _plugs(fleet: Fleet, pool: Pool, storage: Storage) -> tuple[list[Step], tuple[Verdict, ...]]:
    """One step per live host that lacks it; a host that is down plugs it when it starts."""
    missing = [h for h in fleet.members(pool.id) if h.name not in storage.attached]
    steps = [
        verbs.plug_sr(storage.name, verbs.PlugArgs(storage_id=storage.id, host=h.name))
        for h in missing
        if h.live
    ]
    warnings = tuple(
        Verdict(h.name, "warn", f"not live, so SR {storage.name} stays unplugged there for now")
        for h in missing
        if not h.live
    )
    return steps, warnings
