# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers, and which of them each filter finds on either control plane."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STATUSES = {
    "web1": "ACTIVE",
    "web2": "SHUTOFF",
    "web10": "PAUSED",
    "db1": "SUSPENDED",
    "db2": "SHELVED_OFFLOADED",
    "mail1": "RESCUE",
    "build1": "VERIFY_RESIZE",
    "sick1": "ERROR",
    "vault1": "ACTIVE",
    "late1": "PAUSED",
    "trash1": "SOFT_DELETED",
    "gone1": "DELETED",
    "gone2": "DELETED",
}
HOSTS = {
    "web1": "busy",
    "web2": "busy",
    "web10": "busy",
    "db1": "idle",
    "db2": None,
    "mail1": "idle",
    "build1": "idle",
    "sick1": "busy",
    "vault1": "idle",
    "late1": "busy",
    "trash1": "busy",
    "gone1": "busy",
    "gone2": "idle",
}
"""build1 was migrated there from busy. The aggregate racks is idle, in the zone east."""
TAGS = {
    "web1": ["prod", "web"],
    "web2": ["web"],
    "web10": ["old", "web"],
    "db1": ["db", "prod"],
    "trash1": ["web"],
    "gone1": ["web"],
}
METADATA = {
    "web1": {"role": "front"},
    "web2": {"role": "front", "tier": "1"},
    "db1": {"role": "back", "tier": "1"},
    "gone1": {"role": "front"},
}
SERVERS = frozenset(STATUSES)
DELETED = frozenset({"gone1", "gone2"})
GONE = DELETED | {"trash1"}
LIVE = SERVERS - GONE
LATE = DELETED | {"vault1", "late1"}
"""Deleted, locked and paused at last, after a time that is SINCE in filters. Nova itself changes
deleted servers, when it has cleaned up after them.
"""


@dataclass(frozen=True)
class Case:
    """Options, with a host's part and a server's name in place of what differs. ``query`` is the
    same to Nova's own list, which finds those in ``coarser``, too.
    """

    filters: dict[str, Any]
    names: frozenset[str]
    query: str | None = None
    coarser: frozenset[str] = field(default=frozenset())

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.filters.items()) or "none"


def case(names: str, query: str | None = None, coarser: str = "", **filters: Any) -> Case:
    return Case(filters, frozenset(names.split()), query, frozenset(coarser.split()))


def words(names: frozenset[str]) -> str:
    return " ".join(names)


SINCE, BUSY, IDLE = "<since>", "<busy>", "<idle>"

CASES = [
    case(words(LIVE), ""),
    case("web1 web2 web10", "name=web", name="web"),
    case("web1 web10", "name=web1", name="web1"),
    case("web1", "name=^web1$", name="^web1$"),
    case("web1 db1 mail1 build1 sick1 vault1 late1", "name=[a-z]1$", name="[a-z]1$"),
    case("", "name=WEB[0-9]{3}", name="WEB[0-9]{3}"),
    case("web1 web2 web10 sick1 late1", f"host={BUSY}", host=BUSY),
    case("db1 mail1 build1 vault1", f"host={IDLE}", host=IDLE),
    case("", "host=nowhere", host="nowhere"),
    case("web1 vault1", "status=ACTIVE", status="ACTIVE"),
    case("web2", "status=shutoff", status="shutoff"),
    case("web10 late1", "status=PAUSED", status="PAUSED"),
    case("db1", "status=SUSPENDED", status="SUSPENDED"),
    case("db2", "status=SHELVED_OFFLOADED", status="SHELVED_OFFLOADED"),
    case("", "status=SHELVED", status="SHELVED"),
    case("mail1", "status=RESCUE", status="RESCUE"),
    case("build1", "status=VERIFY_RESIZE", status="VERIFY_RESIZE"),
    case("sick1", "status=ERROR", status="ERROR"),
    case("trash1", "status=SOFT_DELETED&soft_deleted=1", status="SOFT_DELETED"),
    case("gone1 gone2", "status=DELETED", status="DELETED"),
    case("", "status=MIGRATING", status="MIGRATING"),
    case("db1 mail1 build1 vault1", availability_zone="east"),
    case("", "availability_zone=west", availability_zone="west"),
    case("web1 vault1", "vm_state=active", vm_state="active"),
    case("web10 late1", "vm_state=paused", vm_state="paused"),
    case("db2", "vm_state=shelved_offloaded", vm_state="shelved_offloaded"),
    case("mail1", "vm_state=rescued", vm_state="rescued"),
    case("build1", "vm_state=resized", vm_state="resized"),
    case("trash1", "vm_state=soft-delete&soft_deleted=1", vm_state="soft-delete"),
    case("gone1 gone2", "vm_state=deleted&deleted=1", vm_state="deleted"),
    case("", "task_state=migrating", task_state="migrating"),
    case("db1 mail1 build1 vault1", aggregate="racks"),
    case("web1 web2", metadata={"role": "front"}),
    case("web2", metadata={"role": "front", "tier": 1}),
    case("web2 db1", metadata={"tier": "1"}),
    case("", metadata={"role": ""}),
    case("web1 web2 web10", "tags=web", tags=["web"]),
    case("web1", "tags=web,prod", tags=["web", "prod"]),
    case("web1 web10 db1", "tags-any=old,prod", tags_any=["old", "prod"]),
    case(words(LIVE - {"web1"}), "not-tags=web,prod", not_tags=["web", "prod"]),
    case(
        words(LIVE - {"web1", "web2", "web10", "db1"}),
        "not-tags-any=web,prod",
        not_tags_any=["web", "prod"],
    ),
    case("vault1", "locked=true", locked=True),
    case(words(LIVE - {"vault1"}), "locked=false", locked=False),
    case(words(LATE), f"changes-since={SINCE}", changes_since=SINCE),
    case(words(SERVERS), "changes-since=2001-01-01T00:00:00Z", changes_since="2001-01-01"),
    case("", "changes-since=2100-01-01T00:00:00Z", changes_since="2100-01-01T00:00:00Z"),
    case(words(GONE), "deleted=1", deleted=True),
    case(words(LIVE | {"trash1"}), "soft_deleted=1", soft_deleted=True),
    # Combinations.
    case("web1", f"name=1$&host={BUSY}&status=ACTIVE", name="1$", host=BUSY, status="ACTIVE"),
    case("web2", "tags=web", "web1 web10", tags=["web"], metadata={"tier": "1"}),
    case("web2 web10", "name=web&not-tags=prod", name="web", not_tags=["prod"]),
    case("web1 web10", "tags=web&tags-any=old,prod", tags=["web"], tags_any=["old", "prod"]),
    case("vault1", f"host={IDLE}&locked=1", host=IDLE, locked=True),
    case("mail1", f"host={IDLE}&vm_state=rescued", aggregate="racks", vm_state="rescued"),
    case("gone2", f"deleted=1&host={IDLE}", deleted=True, host=IDLE),
    case("trash1 gone1", f"deleted=1&host={BUSY}", deleted=True, host=BUSY),
    case("gone2", deleted=True, availability_zone="east"),
    case("gone1 gone2", "deleted=1&name=gone", deleted=True, name="gone"),
    case("trash1", "deleted=1&tags=web", deleted=True, tags=["web"]),
    case("", deleted=True, metadata={"role": "front"}),
    case("trash1", "deleted=1&status=SOFT_DELETED", deleted=True, status="SOFT_DELETED"),
    case(
        "gone1 gone2",
        f"changes-since={SINCE}&status=DELETED",
        changes_since=SINCE,
        status="DELETED",
    ),
    case("late1 gone1", f"changes-since={SINCE}&host={BUSY}", changes_since=SINCE, host=BUSY),
    case("gone1 gone2", f"changes-since={SINCE}&deleted=1", changes_since=SINCE, deleted=True),
    case(
        "", "changes-since=2100-01-01T00:00:00Z&deleted=1", changes_since="2100-01-01", deleted=True
    ),
    case("vault1", f"changes-since={SINCE}&locked=1", changes_since=SINCE, locked=True),
    case("web1", "uuid=<web1>", id="<web1>"),
    case("trash1", "uuid=<trash1>&soft_deleted=1", id="<trash1>"),
    case("", "uuid=<gone1>", id="<gone1>"),
    case("gone1", "uuid=<gone1>&deleted=1", id="<gone1>", deleted=True),
    case("", "uuid=<web1>&deleted=1", id="<web1>", deleted=True),
    case("gone2", f"uuid=<gone2>&changes-since={SINCE}", id="<gone2>", changes_since=SINCE),
    case("", f"uuid=<web1>&changes-since={SINCE}", id="<web1>", changes_since=SINCE),
    case("web1 db1 trash1", id=["<db1>", "<web1>", "<trash1>", "<gone1>"]),
    case("web1", id=["<db1>", "<web1>"], status="ACTIVE"),
    case("gone1", id=["<web1>", "<gone1>"], deleted=True),
]
