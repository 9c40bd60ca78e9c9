# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines going away and coming back: power cuts, boots, toolstack restarts, the heartbeat."""

from __future__ import annotations

from contextlib import suppress

from . import gpus, guest_contact, records
from .errors import NULL, Failure
from .world import GIB, Machine, Pool, World

# From the answer HOST_IS_SLAVE to the registration with the coordinator; the first time takes longer.
HELLO_S = 1.0
JOIN_HELLO_S = 7.0
OPERATED = ("VM", "host", "pool", "SR", "VDI", "VBD", "VIF", "network")


def command(world: World, action: str, name: str) -> None:
    """kill, revive or restart_toolstack of the machine called `name`."""
    machine = world.machines[name]
    if action == "kill":
        cut_power(machine)
    elif action == "revive":
        world.spawn(boot, machine)
    else:
        world.spawn(restart_toolstack, machine)


def cut_power(machine: Machine) -> None:
    """The machine stops where it is; the pool finds out when the heartbeat stays away long enough."""
    machine.powered = False
    machine.toolstack_down()
    for uuid in list(machine.domains):
        machine.world.history.stopped(uuid)
    machine.domains.clear()
    machine.world.spawn(notice_death, machine, machine.epoch)


def notice_death(machine: Machine, epoch: int) -> None:
    """live=false after the heartbeat timeout, if the machine still isn't back."""
    machine.world.clock.wait(machine.world.settings.heartbeat_s)
    pool = machine.pool
    with pool.db.lock:
        if (
            machine.epoch == epoch
            and not machine.answers
            and pool.coordinator.answers
            and pool.db.exists("host", machine.ref)
        ):
            pool.db.update("host_metrics", pool.db.row("host", machine.ref)["metrics"], live=False)
            pool.db.touch("host", machine.ref)


def boot(machine: Machine) -> None:
    """Power on, boot, start the toolstack."""
    if machine.powered:
        return
    machine.powered = True
    epoch = machine.epoch
    machine.world.clock.wait(machine.world.settings.boot_s)
    if machine.epoch == epoch:
        start_toolstack(machine, booted=True)


def restart_toolstack(machine: Machine, pause: float | None = None) -> None:
    """The toolstack goes and comes back after `pause` (or the site's toolstack_s); guests run on."""
    machine.toolstack_down()
    epoch = machine.epoch
    machine.world.clock.wait(machine.world.settings.toolstack_s if pause is None else pause)
    if machine.epoch == epoch and machine.powered:
        start_toolstack(machine, booted=False)


def start_toolstack(machine: Machine, booted: bool) -> None:
    """Come up as coordinator or supporter, whichever the machine has become."""
    if booted:
        machine.until_reboot = False
    if machine.ejected:
        begin_anew(machine)
    if machine.joining:
        machine.pool, machine.ref = machine.joining
        machine.joining = None
    if machine.is_coordinator:
        start_coordinator(machine, booted)
    else:
        start_supporter(machine, booted)


def begin_anew(machine: Machine) -> None:
    """An ejected machine's first boot: a pool of its own with an empty local SR, TLS verification off."""
    machine.ejected = machine.keep_disabled = machine.tls_verification = False
    size = machine.tweaks.get("local_sr", 500 * GIB)
    records.add_local_sr(machine, records.new_pool(machine), size)


def start_coordinator(machine: Machine, booted: bool) -> None:
    """Sessions, tasks and running operations of the pool did not survive."""
    db = machine.pool.db
    machine.emergency = ["HOST_STILL_BOOTING"]
    machine.toolstack_up()
    with db.lock:
        db.drop_tables(("session", "task"))
        for cls in OPERATED:
            for ref in db.refs(cls):
                if db.row(cls, ref).get("current_operations"):
                    db.update(cls, ref, current_operations={})
        for vm, row in db.tables["VM"].items():
            if row["scheduled_to_be_resident_on"] != NULL:
                db.update("VM", vm, scheduled_to_be_resident_on=NULL)
    machine.world.clock.wait(1.0)
    say_hello(machine, booted)
    finish_start(machine)


def start_supporter(machine: Machine, booted: bool) -> None:
    """Wait for the coordinator in emergency mode, register with it, then come up."""
    first = (
        "agent_start_time" not in machine.pool.db.row("host", machine.ref)["other_config"]
        if known(machine)
        else False
    )
    machine.emergency = ["HOST_STILL_BOOTING"]
    machine.toolstack_up()
    epoch = machine.epoch
    machine.world.clock.wait(1.0)
    machine.emergency = None
    machine.world.clock.wait(JOIN_HELLO_S if first else HELLO_S)
    while not machine.pool.coordinator.answers or machine.pool.coordinator.emergency:
        machine.world.clock.wait(5.0)
        if machine.epoch != epoch or machine.world.clock.stopped.is_set():
            return
        if machine.is_coordinator:
            say_hello(machine, booted)
            finish_start(machine)
            return
    if not known(machine):
        machine.emergency = ["HOST_UNKNOWN_TO_MASTER", machine.uuid]
        return
    say_hello(machine, booted)
    finish_start(machine)


def known(machine: Machine) -> bool:
    """Whether the pool still has the machine's host."""
    return machine.pool.db.exists("host", machine.ref)


def say_hello(machine: Machine, booted: bool) -> None:
    """live=true, enabled=false, fresh start times; guests that no longer run there are Halted."""
    db, now = machine.pool.db, machine.world.clock.now()
    with db.lock:
        row = db.row("host", machine.ref)
        times = {"agent_start_time": records.float_text(now)}
        if booted:
            times["boot_time"] = records.float_text(now)
        db.update(
            "host",
            machine.ref,
            enabled=False,
            address=machine.address,
            current_operations={},
            other_config={**row["other_config"], **times},
            software_version=records.host_values(machine)["software_version"],
        )
        db.update(
            "host_metrics",
            row["metrics"],
            live=True,
            memory_total=machine.memory,
            last_updated=machine.world.clock.time(),
        )
        for vm in db.find("VM", resident_on=machine.ref):
            if (
                db.row("VM", vm)["uuid"] not in machine.domains
                and not db.row("VM", vm)["is_control_domain"]
            ):
                reset_vm(machine.pool, vm)


def finish_start(machine: Machine) -> None:
    """Start-up storage, then the host enables itself unless it was disabled to stay so."""
    machine.emergency = ["HOST_STILL_BOOTING"]
    machine.world.clock.wait(1.0)
    machine.emergency = None
    machine.starting = False
    pool = machine.pool
    with pool.db.lock:
        if not machine.answers or not pool.db.exists("host", machine.ref):
            return
        lag = machine.world.settings.pbd_lag_s
        if not lag:
            attach_storage(pool, machine)
        if not machine.keep_disabled and not pool.db.row("host", machine.ref)["pending_guidances"]:
            pool.db.update("host", machine.ref, enabled=True)
    if lag:
        machine.world.clock.wait(lag)
        with pool.db.lock:
            attach_storage(pool, machine)


def attach_storage(pool: Pool, machine: Machine) -> None:
    """Make the PBDs of shared SRs the coordinator has, and plug every PBD of the host."""
    db = pool.db
    nosync = db.row("pool", pool.ref)["other_config"].get("sync_create_pbds") == "nosync"
    if machine is not pool.coordinator and not nosync:
        for pbd in db.find("PBD", host=pool.coordinator.ref):
            row = db.row("PBD", pbd)
            if db.row("SR", row["SR"])["shared"] and not db.find(
                "PBD", host=machine.ref, SR=row["SR"]
            ):
                config = {k: v for k, v in row["device_config"].items() if k != "SRmaster"}
                db.insert(
                    "PBD", host=machine.ref, SR=row["SR"], device_config=config, other_config={}
                )
    failing = machine.tweaks.get("pbd_plug_fails", [])
    for pbd in db.find("PBD", host=machine.ref):
        if db.row("SR", db.row("PBD", pbd)["SR"])["name_label"] not in failing:
            db.update("PBD", pbd, currently_attached=True)


def reset_vm(pool: Pool, vm: str) -> None:
    """The VM's row as Halted, whatever became of the guest."""
    db = pool.db
    db.update(
        "VM",
        vm,
        power_state="Halted",
        resident_on=NULL,
        scheduled_to_be_resident_on=NULL,
        domid=-1,
        current_operations={},
    )
    for cls in ("VBD", "VIF"):
        for device in db.get("VM", vm, f"{cls}s"):
            db.update(cls, device, currently_attached=False)
    guest_contact.remove_consoles(db, vm)
    gpus.release(db, vm)


def shut_down(machine: Machine, reboot: bool) -> None:
    """What happens after host.reboot or host.shutdown returned: guests go, the power goes (and comes back)."""
    from . import evacuate

    epoch = machine.epoch
    machine.world.clock.wait(machine.world.settings.fuse_s)
    if machine.epoch != epoch:
        return
    if machine.pool.coordinator.answers:
        with suppress(Failure):  # whatever could not be moved loses its host below
            evacuate.clear_for_poweroff(machine)
    cut_power(machine)
    if reboot:
        boot(machine)
