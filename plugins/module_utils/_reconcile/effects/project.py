# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet looks like once a step has been taken: a pure function per verb.

Check mode shows projected state, a play under --check plans each task upon the projection of the
tasks before it, and the tests hold every planner to "plan, project, plan again finds nothing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._core.actions import SERVER_VERBS
from ..._core.model import Fleet
from ..._core.plan import Step
from . import actions, records, servers, xen
from .xen import Effect


def project(fleet: Fleet, step: Step) -> Fleet:
    """The fleet after the step. A step whose subject is gone changes nothing."""
    return EFFECTS[step.verb](fleet, step)


def project_all(fleet: Fleet, steps: Iterable[Step]) -> Fleet:
    for step in steps:
        fleet = project(fleet, step)
    return fleet


EFFECTS: Mapping[str, Effect] = {
    "aggregate.create": records.create,
    "aggregate.rename": records.rename,
    "aggregate.set_zone": records.set_zone,
    "aggregate.set_metadata": records.set_metadata,
    "aggregate.add_host": records.add_host,
    "aggregate.remove_host": records.remove_host,
    "aggregate.delete": records.delete,
    "service.enable": records.service_enable,
    "service.disable": records.service_disable,
    "service.set_forced_down": records.set_forced_down,
    "service.delete": records.service_delete,
    "service.await_up": records.service_up,
    "maintenance.begin": records.begin,
    "maintenance.advance": records.advance,
    "maintenance.settle_move": records.settle_move,
    "host.enable": xen.host_enabled(True),
    "host.disable": xen.host_enabled(False),
    "host.set_other_config": xen.host_config,
    "host.await_ready": xen.host_ready,
    "pool.set_name": xen.pool_field("name", "name"),
    "pool.set_description": xen.pool_field("description", "description"),
    "pool.set_default_sr": xen.default_sr,
    "pool.set_other_config": xen.pool_config,
    "pool.set_tags": xen.pool_field("tags", "tags"),
    "pool.designate_coordinator": xen.pool_field("coordinator", "host"),
    "pool.join": xen.join,
    "pool.eject": xen.eject,
    "sr.create": xen.create_sr,
    "sr.plug": xen.plug,
    "server.live_migrate": servers.live_migrate,
    "server.cold_migrate": servers.cold_migrate,
    "server.await_migration": servers.await_migration,
    "server.confirm_resize": servers.confirm_resize,
    **dict.fromkeys(SERVER_VERBS, actions.act),
}
