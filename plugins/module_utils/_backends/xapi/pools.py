# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Xen pools over XenAPI: members, coordinator, shared storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.errors import ConfigError, NotFoundError
from ..._core.model import XenView
from ..._core.ports import JobState
from .directory import Directory, Place
from .hosts import change_map
from .join_mark import set_join_mark
from .session import SLOW, Refused
from .tasks import Judge, TaskHandle, Tasks


class XenPools:
    """PoolPort."""

    def __init__(self, directory: Directory, tasks: Tasks) -> None:
        self._directory = directory
        self._tasks = tasks

    def poll(self, handles: Sequence[Any]) -> list[JobState]:
        """The states of started joins and ejects, in the same order."""
        return self._tasks.poll(handles)

    # --- the pool's own record --------------------------------------------------------------------------------------

    def set_name(self, pool_id: str, name: str) -> None:
        """Name it."""
        self._set(pool_id, "name_label", name)

    def set_description(self, pool_id: str, description: str) -> None:
        """Describe it."""
        self._set(pool_id, "name_description", description)

    def set_tags(self, pool_id: str, tags: Sequence[str]) -> None:
        """Replace its tags."""
        self._set(pool_id, "tags", list(dict.fromkeys(tags)))

    def _set(self, pool_id: str, field: str, value: Any) -> None:
        self._directory.perform(
            "pool",
            pool_id,
            f"set {field} of {{}}",
            lambda p: p.call(f"pool.set_{field}", p.ref, value),
        )

    def set_other_config(self, pool_id: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key."""
        self._directory.perform(
            "pool",
            pool_id,
            "set other_config of {}",
            lambda p: change_map(p, "pool", "other_config", changes),
        )

    def enable_tls_verification(self, pool_id: str) -> None:
        """Let its hosts verify each other's certificates. XAPI takes it back on the host itself only
        (host.emergency_disable_tls_verification).
        """
        self._directory.perform(
            "pool",
            pool_id,
            "enable TLS verification of {}",
            lambda p: p.call("pool.enable_tls_verification", timeout=SLOW),
        )

    def designate_coordinator(self, pool_id: str, host: str) -> None:
        """Hand the coordinator's part to another member.

        ConfigError if its address was not given, since nobody could be asked afterwards.
        """

        def designate(place: Place) -> None:
            self._check_address(place.records.rows["host"][place.ref]["address"], host)
            place.call("pool.designate_new_master", place.ref, timeout=SLOW)

        self._directory.perform("host", host, "make {} the coordinator", designate)

    def _check_address(self, address: str, host: str) -> None:
        if not self._directory.offers(address):
            raise ConfigError(
                f"host {host}",
                f"its address {address} is not among those given, so it could not be asked as coordinator",
                f"Add {address} to the list of addresses",
            )

    # --- members ----------------------------------------------------------------------------------------------------

    def start_join(self, host: str, pool_id: str) -> TaskHandle:
        """Ask the joiner to join. Its task dies with its sessions; the pool's list of hosts is what counts."""
        address = self._directory.find("pool", pool_id).records.coordinator["address"]
        what = f"join of {{}} to the pool at {address}"

        def join(place: Place) -> TaskHandle:
            records = place.records
            reached = _member(records.rows["host"][place.ref]["uuid"], pool_id, wanted=True)
            name, password = records.connection.credentials
            return self._tasks.start(place, what, reached, "pool.join", address, name, password)

        return self._directory.perform("host", host, what, join)

    def start_eject(self, host: str, pool_id: str) -> TaskHandle:
        """Ask the coordinator to eject the host: local disks are wiped, the host reboots."""
        what = "eject of {}"

        def eject(place: Place) -> TaskHandle:
            reached = _member(place.records.rows["host"][place.ref]["uuid"], pool_id, wanted=False)
            return self._tasks.start(place, what, reached, "pool.eject", place.ref)

        return self._directory.perform("host", host, what, eject)

    def note_stopped(self, server_id: str, host_id: str | None) -> None:
        """Keep on the guest that it is shut down for this host's join; None ends that."""
        self._directory.perform("VM", server_id, "mark {}", lambda p: set_join_mark(p, host_id))

    # --- storage ----------------------------------------------------------------------------------------------------

    def set_default_sr(self, pool_id: str, storage_id: str) -> None:
        """New disks, suspend images and crash dumps go there."""

        def point(place: Place) -> None:
            # XAPI takes any reference here without looking, so it must be a real one.
            pool = place.records.pool_ref
            for field in ("default_SR", "suspend_image_SR", "crash_dump_SR"):
                place.call(f"pool.set_{field}", pool, place.ref)

        self._directory.perform("SR", storage_id, "make {} the default", point)

    def create_sr(self, pool_id: str, spec: Mapping[str, Any]) -> str:
        """Keys: name, description, type, content_type, device_config, size.

        XAPI ignores failures to plug it on members, so look at ``attached`` afterwards.
        """
        what = f"create SR {spec['name']} on {{}}"

        def create(place: Place) -> str:
            handle = self._tasks.start(
                place,
                what,
                _has_storage(pool_id, spec["name"]),
                "SR.create",
                place.records.pool["master"],
                {k: str(v) for k, v in (spec.get("device_config") or {}).items()},
                str(spec.get("size") or 0),
                spec["name"],
                spec.get("description") or "",
                spec["type"],
                spec.get("content_type") or "",
                True,
                {},
            )
            return self._tasks.finish(handle)

        ref = self._directory.perform("pool", pool_id, what, create)
        return self._storage_id(pool_id, ref, spec["name"])

    def _storage_id(self, pool_id: str, ref: str, name: str) -> str:
        """By name if the reference was lost with its task."""
        self._directory.read()
        rows = self._directory.find("pool", pool_id).records.rows["SR"]
        row = rows.get(ref) or next((r for r in rows.values() if r["name_label"] == name), None)
        if row is None:
            raise NotFoundError(
                f"SR {name}", "it has disappeared although it was just created", "Run again"
            )
        return str(row["uuid"])

    def plug(self, storage_id: str, host: str) -> None:
        """Attach the SR on that host, making its PBD after the coordinator's if there is none."""
        what = f"plug {{}} on host {host}"

        def plug(place: Place) -> None:
            pbd = _pbd(place, host) or self._new_pbd(place, host)
            handle = self._tasks.start(place, what, _plugged(storage_id, host), "PBD.plug", pbd)
            self._tasks.finish(handle)

        self._directory.perform("SR", storage_id, what, plug)

    def _new_pbd(self, place: Place, host: str) -> str:
        records = place.records
        model = _pbd(place, records.coordinator["name_label"])
        if model is None:
            raise NotFoundError(
                records.name(place.ref),
                "the coordinator has no PBD of it to copy",
                "Create the SR again, or introduce it on the coordinator",
            )
        config = records.rows["PBD"][model]["device_config"]
        record = {
            "host": _host_ref(place, host),
            "SR": place.ref,
            # XAPI sets SRmaster itself and refuses it from clients (xapi_pbd.ml).
            "device_config": {k: v for k, v in config.items() if k != "SRmaster"},
            "other_config": {},
        }
        try:
            return str(place.call("PBD.create", record))
        except Refused as refused:
            if refused.code == "PBD_EXISTS":
                return refused.params[2]
            raise


def _host_ref(place: Place, host: str) -> str:
    ref = place.records.find("host", host)
    if ref is None:
        raise NotFoundError(f"host {host}", "the SR's pool has no such host", "Join it first")
    return ref


def _pbd(place: Place, host: str) -> str | None:
    owner = _host_ref(place, host)
    rows = place.records.rows["PBD"].items()
    return next((r for r, p in rows if p["SR"] == place.ref and p["host"] == owner), None)


def _member(host_id: str, pool_id: str, *, wanted: bool) -> Judge:
    """``distinct`` counts a joiner to the new pool as soon as that lists it."""

    def judge(view: XenView) -> bool | None:
        host = next((h for h in view.hosts if h.id == host_id), None)
        if host is not None and host.joining:
            return None
        return (host is not None and host.pool_id == pool_id) == wanted

    return judge


def _has_storage(pool_id: str, name: str) -> Judge:
    return lambda view: any(s.name == name and s.pool_id == pool_id for s in view.storages)


def _plugged(storage_id: str, host: str) -> Judge:
    return lambda view: any(s.id == storage_id and host in s.attached for s in view.storages)
