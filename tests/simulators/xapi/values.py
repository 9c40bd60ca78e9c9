# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments as they came off the wire, checked and converted to the types the data model declares."""

from __future__ import annotations

import re
import xmlrpc.client
from datetime import UTC, datetime
from typing import Any

from .errors import internal
from .schema import SCHEMA, empty_value, words

MAP = re.compile(r"\((.+) -> (.+)\) map")


def shown(value: Any) -> str:
    """A value as the marshaller's error texts print it."""
    if isinstance(value, bool):
        return f"B({str(value).lower()})"
    if isinstance(value, int):
        return f"I({value})"
    return f"S({value})" if isinstance(value, str) else repr(value)


def mismatch(wanted: str, value: Any) -> Exception:
    return internal(f"Failure(\"Expected {wanted}, got '{shown(value)}'\")")


def to_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise mismatch("int", value)
    try:
        return int(value)
    except ValueError:
        raise internal(f'Failure("int_of_string: {value}")') from None


def to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise mismatch("float", value)
    try:
        return float(value)
    except ValueError:
        raise internal('Failure("float_of_string")') from None


def to_datetime(value: Any) -> datetime:
    if isinstance(value, xmlrpc.client.DateTime):
        value = value.value
    if isinstance(value, str):
        digits = re.sub(r"[-:]", "", value.removesuffix("Z"))
        try:
            return datetime.strptime(digits, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            pass
    raise mismatch("datetime", value)


def to_record(cls: str, value: Any) -> dict[str, Any]:
    """A constructor record: every field without a default must be there, read-only ones are dropped."""
    if not isinstance(value, dict):
        raise mismatch("dict", value)
    record = {}
    for field in SCHEMA.fields[cls].values():
        if field.qualifier == "RO/runtime":
            continue
        if field.name in value:
            record[field.name] = unmarshal(field.type, value[field.name])
        elif field.default == empty_value(field.type) and field.name in REQUIRED.get(cls, ()):
            raise internal(f'Server_helpers.Dispatcher_FieldNotFound("{field.name}")')
        else:
            record[field.name] = field.default
    return record


# The constructor fields a client must give; the first missing one is named.
REQUIRED = {
    "VM": words(
        "user_version is_a_template affinity memory_static_max memory_dynamic_max "
        "memory_dynamic_min memory_static_min VCPUs_params VCPUs_max VCPUs_at_startup "
        "actions_after_shutdown actions_after_reboot actions_after_crash PV_bootloader PV_kernel "
        "PV_ramdisk PV_args PV_bootloader_args PV_legacy_args HVM_boot_policy HVM_boot_params "
        "platform PCI_bus other_config recommendations"
    ),
    "VDI": ["SR", "virtual_size", "type", "sharable", "read_only", "other_config"],
    "VBD": [
        "VM",
        "VDI",
        "userdevice",
        "bootable",
        "mode",
        "type",
        "empty",
        "other_config",
        "qos_algorithm_type",
        "qos_algorithm_params",
    ],
    "VIF": [
        "device",
        "network",
        "VM",
        "MAC",
        "MTU",
        "other_config",
        "qos_algorithm_type",
        "qos_algorithm_params",
    ],
    "PBD": ["host", "SR", "device_config"],
    "network": ["other_config"],
}


def unmarshal(type_name: str, value: Any) -> Any:
    """`value` as `type_name`; a wrong type is INTERNAL_ERROR, as XAPI has no code for it."""
    if type_name == "int":
        return to_int(value)
    if type_name == "float":
        return to_float(value)
    if type_name == "datetime":
        return to_datetime(value)
    if type_name == "bool":
        if not isinstance(value, bool):
            raise mismatch("bool", value)
        return value
    if type_name.endswith(" record"):
        return to_record(type_name.removesuffix(" record"), value)
    if type_name.endswith(" set"):
        if not isinstance(value, list):
            raise internal(f"Failure(\"Expecting Rpc.Enum, but found '{shown(value)}'\")")
        return [unmarshal(type_name.removesuffix(" set"), v) for v in value]
    if match := MAP.fullmatch(type_name):
        if not isinstance(value, dict):
            raise mismatch("dict", value)
        return {unmarshal(match[1], k): unmarshal(match[2], v) for k, v in value.items()}
    if not isinstance(value, str):
        raise mismatch("string", value)
    if type_name.startswith("enum "):
        known = SCHEMA.enums[type_name.removeprefix("enum ")]
        found = next((k for k in known if k.lower() == value.lower()), None)
        if found is None:
            raise internal('Failure("Unknown tag/contents")')
        return found
    return value
