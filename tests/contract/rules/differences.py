# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the control planes answer differently, where only one can be asked, and where the modules
answer otherwise than Nova itself: all of it, each with the reason. The tests hold it to what
happens, and the page of the documentation is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass

RULES = {
    1: "an aggregate's name",
    2: "names of aggregates are unique",
    3: "an aggregate that does not exist",
    4: "a zone's name",
    5: "a zone is never unset",
    6: "metadata: keys, values, merging",
    7: "the zone among the metadata is the zone",
    8: "another zone for a host that another aggregate holds in one",
    9: "another zone for hosts with servers",
    10: "a host's name",
    11: "a host without a compute service",
    12: "a host that is in another zone",
    13: "a host with servers enters a zone",
    14: "a host that is a member already",
    15: "a host with servers leaves a zone",
    16: "a host that is no member",
    17: "deleting an aggregate that has hosts",
    18: "many aggregates, one zone",
    19: "availability of zones",
    20: "image caching",
    21: "aggregates that are Xen pools, by their operational_state",
    22: "the coordinator leaves last",
    23: "only compute services are updated",
    24: "the reason for disabling, and empty updates",
    25: "a service that does not exist",
    26: "a reason is forgotten",
    27: "forced down until evacuations are completed",
    28: "deleting a service that is in use",
    29: "deleting a service leaves its aggregates",
    30: "status, state and host_status",
    31: "disabled hosts as targets and sources",
    32: "a server that does not exist",
    33: "actions in the wrong state",
    40: "targets of live migrations",
    41: "a live migration that fails",
    51: "maintenance mode and power of hosts",
    52: "accounts without the right",
    53: "how far servers may go",
    54: "metadata of aggregates steers servers",
}

UNTESTED = {
    20: "There is no module for it.",
    22: "A coordinator leaves a Xen pool by ``xen_pool_member``, whose own tests check this.",
    51: "Nova has no replacement for these calls; use ``host_maintenance`` on both.",
}


@dataclass(frozen=True)
class Difference:
    """The verdicts on the same request."""

    rule: int
    xapi: str
    nova: str
    reason: str


ZONE_OF_SERVERS = (
    "XAPI binds no server to a zone, so that its zone may change with that of its host. Nova may have bound it, "
    "and has refused this since 29.0.2 and 30.0."
)

DIFFERENCES: dict[str, Difference] = {
    "a zone for a host with servers": Difference(
        9, "done", "refused 501 unsupported", ZONE_OF_SERVERS
    ),
    "servers enter a zone with their host": Difference(
        13, "done", "refused 501 unsupported", ZONE_OF_SERVERS
    ),
    "a stopped server": Difference(
        31,
        "refused 400 invalid",
        "done",
        "With Nova a stopped server stays on its host, disabled or not. XAPI keeps it on none unless it can start "
        "on one host only, so that it is new to the host that it starts on.",
    ),
    "force": Difference(
        33,
        "done",
        "refused 501 unsupported",
        "XAPI can cut a server's power at once. Nova has no such call: it shuts down and cuts the power "
        "after the time that the image grants.",
    ),
    "a paused server": Difference(
        40,
        "refused 409 conflict",
        "done",
        "Nova moves paused servers, and its driver decides. XAPI moves running ones only.",
    ),
    "out of a zone": Difference(
        53,
        "refused 400 invalid",
        "done",
        "Nova keeps only those servers in a zone that were asked for one when they were created. XAPI knows "
        "no zones, so that every server is kept in that of its host.",
    ),
    "within": Difference(
        53,
        "done",
        "refused 501 unsupported",
        "Nova's scheduler has rules of its own. Without one the plan chooses, and can be told how far.",
    ),
    "a host without the item": Difference(
        54,
        "refused 400 invalid",
        "failed",
        "On XAPI the plan compares what the server wants with the metadata. Nova's scheduler does it once the "
        "migration is accepted, which then fails for lack of a valid host, and the server stays where it is.",
    ),
}

SOFTLY = (
    "XAPI has no softly deleted servers. Nova counts those of the host, which its list leaves out, and "
    "refuses in its own words."
)

ONE_PLANE: dict[tuple[int, str], str] = {
    (9, "nova"): SOFTLY,
    (13, "nova"): SOFTLY,
    (52, "nova"): (
        "The store has no accounts: the file system or PostgreSQL decides who may read and write it."
    ),
}
"""By rule and the plane on which some of its checks are made alone."""

STRICT = (
    "Nova checks a zone's name in the aggregate's own field, but not among the metadata, where it "
    "may also differ. A zone that no server could name, or two at once, are refused here."
)
LATER = (
    "Nova accepts every live migration to a host that exists, and the server stays where it is because "
    "the scheduler finds no valid host. What is known to end so is refused at once."
)

DEPARTURES: dict[tuple[int, str, str], str] = {
    (6, "refused 400 invalid", "2xx"): (
        "Nova's pattern for keys lets a line end pass as the last character."
    ),
    (7, "refused 400 invalid", "2xx"): STRICT,
    (14, "nothing to do", "409"): "A task states what is to be, and that is so already.",
    (16, "nothing to do", "404"): "A task states what is to be, and that is so already.",
    (21, "refused 409 conflict", "2xx"): (
        "These were rules of Nova's XenAPI driver, and were removed with it from Nova 23. They hold "
        "here as long as an aggregate says that it is a pool. A member of the pool leaves the aggregate "
        "together with the pool, as that driver ejected it."
    ),
    (24, "refused 400 invalid", "2xx"): (
        "Nova drops a reason that comes with forced_down alone; a task that gives one is refused."
    ),
    (29, "nothing to do", "404"): "A task states what is to be, and that is so already.",
    (31, "refused 409 conflict", "2xx"): LATER,
    (31, "refused 400 invalid", "2xx"): LATER,
    (33, "nothing to do", "409"): "A task states what is to be, and that is so already.",
    (40, "refused 400 invalid", "2xx"): LATER,
}
"""By rule, the modules' verdict and Nova's number, 2xx for any success."""
