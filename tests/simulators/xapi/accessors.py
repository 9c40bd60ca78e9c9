# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated accessors of every class: get, set, add_to, remove_from, get_all*, get_by_*."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from . import where
from .context import Context
from .errors import Failure
from .schema import SCHEMA, Call
from .values import unmarshal

# Explicit calls that do no more than the generated accessor of their field would.
PLAIN_SETTERS = {
    "VM": "set_platform add_to_platform remove_from_platform set_other_config add_to_other_config "
    "remove_from_other_config set_blocked_operations add_to_blocked_operations remove_from_blocked_operations "
    "set_actions_after_crash set_HVM_boot_policy set_domain_type set_bios_strings set_appliance "
    "set_has_vendor_device set_NVRAM add_to_NVRAM remove_from_NVRAM set_HVM_shadow_multiplier",
    "task": "set_other_config add_to_other_config remove_from_other_config set_progress set_result set_error_info",
    "SR": "set_name_label set_name_description",
    "VDI": "set_name_label set_name_description set_sharable set_read_only set_on_boot set_allow_caching",
    "VBD": "set_mode",
    "PBD": "set_device_config",
    "network": "set_default_locking_mode add_purpose remove_purpose",
    "VIF": "set_locking_mode set_ipv4_allowed add_ipv4_allowed remove_ipv4_allowed set_ipv6_allowed add_ipv6_allowed "
    "remove_ipv6_allowed",
    "PIF": "set_disallow_unplug",
    "host": "set_iscsi_iqn set_multipathing set_numa_affinity_policy set_https_only",
    "pool": "set_https_only set_igmp_snooping_enabled set_ha_host_failures_to_tolerate add_to_guest_agent_config "
    "remove_from_guest_agent_config set_update_sync_enabled",
}
PLAIN = {f"{cls}.{name}" for cls, names in PLAIN_SETTERS.items() for name in names.split()}


def map_key(cls: str, field: str, key: str) -> str:
    """A key of a map field; INTERNAL_ERROR if the map is keyed by an enum that lacks it."""
    declared = SCHEMA.fields[cls][field].type
    return unmarshal(declared[1:].split(" -> ")[0], key)


def setter(cls: str, field: str) -> Callable[..., None]:
    def run(ctx: Context, ref: str, value: Any) -> None:
        ctx.db.update(cls, ref, **{field: value})

    return run


def map_adder(cls: str, field: str) -> Callable[..., None]:
    def run(ctx: Context, ref: str, key: str, value: str) -> None:
        key = map_key(cls, field, key)
        current = ctx.db.get(cls, ref, field)
        if key in current:
            raise Failure("MAP_DUPLICATE_KEY", cls, field, ref, key)
        ctx.db.update(cls, ref, **{field: {**current, key: value}})

    return run


def map_remover(cls: str, field: str) -> Callable[..., None]:
    def run(ctx: Context, ref: str, key: str) -> None:
        key = map_key(cls, field, key)
        ctx.db.update(
            cls, ref, **{field: {k: v for k, v in ctx.db.get(cls, ref, field).items() if k != key}}
        )

    return run


def set_adder(cls: str, field: str) -> Callable[..., None]:
    def run(ctx: Context, ref: str, value: Any) -> None:
        current = ctx.db.get(cls, ref, field)
        if value not in current:
            ctx.db.update(cls, ref, **{field: [*current, value]})

    return run


def set_remover(cls: str, field: str) -> Callable[..., None]:
    def run(ctx: Context, ref: str, value: Any) -> None:
        ctx.db.update(cls, ref, **{field: [v for v in ctx.db.get(cls, ref, field) if v != value]})

    return run


def by_uuid(cls: str) -> Callable[..., str]:
    def run(ctx: Context, uuid: str) -> str:
        found = ctx.db.find(cls, uuid=uuid)
        if not found:
            raise Failure("UUID_INVALID", cls, uuid)
        return found[0]

    return run


def matching(ctx: Context, cls: str, expr: str) -> list[str]:
    columns = dict(SCHEMA.columns(cls))
    test = where.compile_expression(expr, set(columns))

    def column_of(ref: str, column: str) -> Any:
        return ctx.db.get(cls, ref, columns[column])

    return [ref for ref in ctx.db.refs(cls) if test(partial(column_of, ref))]


def reader(cls: str, name: str) -> Callable[..., Any] | None:
    """The implementation of a reading accessor, by its name."""
    if name == "get_all":
        return lambda ctx: ctx.db.refs(cls)
    if name == "get_all_records":
        return lambda ctx: {r: ctx.db.record(cls, r) for r in ctx.db.refs(cls)}
    if name == "get_all_where":
        return lambda ctx, expr: matching(ctx, cls, expr)
    if name == "get_all_records_where":
        return lambda ctx, expr: {r: ctx.db.record(cls, r) for r in matching(ctx, cls, expr)}
    if name == "get_record":
        return lambda ctx, ref: ctx.db.record(cls, ref)
    if name == "get_by_uuid":
        return by_uuid(cls)
    if name == "get_by_name_label":
        return lambda ctx, label: ctx.db.find(cls, name_label=label)
    field = name.removeprefix("get_")
    if name.startswith("get_") and field in SCHEMA.fields[cls]:
        return lambda ctx, ref: ctx.db.get(cls, ref, field)
    return None


WRITERS = (
    ("set_", setter),
    ("add_to_", map_adder),
    ("remove_from_", map_remover),
    ("add_", set_adder),
    ("remove_", set_remover),
)


def accessor(call: Call) -> Callable[..., Any] | None:
    """The generic implementation of a call; None if it has none (create, destroy, and whatever does more)."""
    cls, name = call.name.split(".")
    if (read := reader(cls, name)) is not None:
        return read
    if not call.implicit and call.name not in PLAIN:
        return None
    for prefix, maker in WRITERS:
        field = name.removeprefix(prefix)
        if name.startswith(prefix) and field in SCHEMA.fields[cls]:
            return maker(cls, field)
    return None
