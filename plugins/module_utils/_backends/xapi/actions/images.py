# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: templates and snapshots. A server's images are its snapshots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...._core.args import ActionArgs
from ...._core.errors import ConflictError, FleetError, InvalidError, NotFoundError, joined
from .. import marks
from ..sequence import Call, Commands, Job, unknowable
from .disks import destroy, own_disks
from .guest import Guest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def create_image(guest: Guest, args: ActionArgs) -> Commands:
    """Args: image_name, metadata."""
    yield from guest.through("image_snapshot", _image(guest, args, {"image_type": "snapshot"}))


def create_backup(guest: Guest, args: ActionArgs) -> Commands:
    """Args: image_name, backup_type, rotation (how many of the type to keep, this one included),
    metadata.
    """
    yield from guest.through("image_backup", _backup(guest, args))


def _image(guest: Guest, args: ActionArgs, own: dict[str, str]) -> Commands:
    yield from _snapshot(guest, args.image_name or "", args.metadata or {}, own)
    yield from guest.ended()


def _backup(guest: Guest, args: ActionArgs) -> Commands:
    own = {"image_type": "backup", "backup_type": args.backup_type or ""}
    yield from _snapshot(guest, args.image_name or "", args.metadata or {}, own)
    yield from _rotate(guest, args.backup_type or "", args.rotation or 0)
    yield from guest.ended()


def _snapshot(
    guest: Guest, name: str, metadata: Mapping[str, str], own: dict[str, str]
) -> Commands:
    """A snapshot that cannot be marked for what it is does not stay."""
    snapshot = yield Job("VM.snapshot", guest.ref, name, reached=unknowable)
    try:
        uuid = yield Call("VM.get_uuid", snapshot)
        config = marks.plain((yield Call("VM.get_other_config", snapshot)))
        own = {marks.PREFIX + key: value for key, value in {"id": uuid, **own}.items()}
        yield Call("VM.set_other_config", snapshot, {**config, **metadata, **own})
    except FleetError:
        yield from destroy(snapshot, (yield from own_disks(snapshot)), unknowable)
        raise


def _rotate(guest: Guest, kind: str, rotation: int) -> Commands:
    """Destroy the oldest backups of the type beyond ``rotation``, with their disks."""
    backups = []
    for ref in (yield Call("VM.get_snapshots", guest.ref)):
        row = yield Call("VM.get_record", ref)
        if marks.marks(row).get("backup_type") == kind:
            backups.append((str(row["snapshot_time"]), ref))
    for _time, ref in sorted(backups, reverse=True)[rotation:]:
        yield from destroy(ref, (yield from own_disks(ref)), unknowable)


def find_image(guest: Guest, image: str | None) -> Commands:
    """Reference of a template or snapshot of the server's pool, by uuid or name. NotFoundError,
    ConflictError if several have the name, InvalidError for one with the guest's memory in it, or
    for none: a Xen guest does not know what it was made from.
    """
    if not image:
        raise InvalidError(
            f"server {guest.name}", "no image is given", "Name a template or snapshot of its pool"
        )
    refs: list[str] = []
    if UUID.fullmatch(image):
        try:
            refs = [(yield Call("VM.get_by_uuid", image))]
        except NotFoundError:
            refs = []
    refs = refs or (yield Call("VM.get_by_name_label", image))
    candidates: list[tuple[str, dict[str, Any]]] = []
    for ref in refs:
        row = yield Call("VM.get_record", ref)
        if row["is_a_template"]:
            candidates.append((ref, row))
    return _only(guest, image, candidates)


def _only(guest: Guest, image: str, candidates: list[tuple[str, dict[str, Any]]]) -> str:
    records = guest.place.records
    if not candidates:
        raise NotFoundError(
            f"image {image}",
            f"the server's pool {records.pool['name_label'] or records.pool_id} has no template or"
            " snapshot of this name or uuid",
            "Name one of the server's own pool",
        )
    if len(candidates) > 1:
        raise ConflictError(
            f"image {image}",
            f"several templates or snapshots have this name: {joined([r['uuid'] for _ref, r in candidates])}",
            "Give the uuid",
        )
    ref, row = candidates[0]
    if row["power_state"] != "Halted":
        raise InvalidError(
            f"image {image}",
            "it is a checkpoint, which holds the memory of a running server besides its disks",
            "Use a template or a plain snapshot",
        )
    return ref
