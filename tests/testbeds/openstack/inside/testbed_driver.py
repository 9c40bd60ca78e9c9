# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nova's fake virt driver with what hosts in processes of their own need besides.

* A host's guests are kept in a file in its state_path, as its node's uuid is: a restarted nova-compute
  is the same host with the same guests. (Nova's fake driver draws a new uuid, and refuses to start.)
* A live migration takes a while, can be aborted, completed by force, and made to fail.
* A snapshot uploads a few bytes, so that its image becomes active.
* The power states that Nova reads back follow pause, suspend and migration.
* A host does not look up the allocations of all its servers after every action, and deletes one once
  more where Placement asks for that.

What is slow or fails stands in faults.json beside the hosts' state_path; it is read at every use, and
while something is slow, so that a change ends the wait.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
from typing import Any, ClassVar

import nova.conf
from nova import exception
from nova.compute import power_state, task_states
from nova.image import glance
from nova.virt import fake
from nova.virt.testbed_hooks import HOOKS
from oslo_log import log as logging

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
TRIES = 3
# Nova lets a migration be aborted from a moment before the driver is told to begin it.
EARLY_S = 3
# What Nova understands as a host's refusal: it goes on to the next one, and the server stays ACTIVE.
# Any other error is a breakdown.
REFUSALS = ("check_can_live_migrate_destination", "check_can_live_migrate_source")


def faults() -> dict[str, Any]:
    """What is wrong with this host now."""
    path = os.path.join(os.path.dirname(CONF.state_path), "faults.json")
    try:
        with open(path, encoding="utf-8") as file:
            everywhere = json.load(file)
    except FileNotFoundError:
        return {}
    return {**everywhere, **everywhere.get("hosts", {}).get(CONF.host, {})}


def patient(delete: Any) -> Any:
    """That deletion of allocations, tried again where Placement asks for that: 409, as another
    request has changed something meanwhile. Nova does so with all other changes of allocations; this
    one it gives up, and with it the server, which goes to ERROR at the end of a move
    (nova/scheduler/client/report.py, delete_allocation_for_instance).
    """

    def method(*args: Any, **kwargs: Any) -> Any:
        for _try in range(TRIES - 1):
            try:
                return delete(*args, **kwargs)
            except exception.AllocationDeleteFailed as exc:
                LOG.warning("Once more: %s", exc)
                time.sleep(0.2)
        return delete(*args, **kwargs)

    return method


class Guests(dict):
    """FakeInstances by uuid, kept in a file. Actions on several servers run in threads: a change in the
    midst of a save would make that fail, and leave a guest in the file that is gone.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.lock = threading.RLock()
        try:
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
        except FileNotFoundError:
            kept = {}
        for uuid, (name, state) in kept.items():
            super().__setitem__(uuid, fake.FakeInstance(name, state, uuid))

    def save(self) -> None:
        with self.lock:
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump({uuid: (guest.name, guest.state) for uuid, guest in self.items()}, file)
            os.replace(self.path + ".new", self.path)

    def __setitem__(self, uuid: str, guest: fake.FakeInstance) -> None:
        with self.lock:
            super().__setitem__(uuid, guest)
            self.save()

    def __delitem__(self, uuid: str) -> None:
        with self.lock:
            super().__delitem__(uuid)
            self.save()


class TestbedDriver(fake.FakeDriverWithoutFakeNodes):
    capabilities: ClassVar[dict[str, Any]] = {
        **fake.FakeDriver.capabilities,
        "supports_bfv_rescue": True,
    }
    vcpus = 16
    memory_mb = 16384
    local_gb = 1024

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        super().__init__(virtapi, read_only)
        self.instances = Guests(os.path.join(CONF.state_path, "guests.json"))
        # What was asked of a live migration, and when: "abort" or "complete", by the server's uuid.
        self.asked: dict[str, tuple[str, float]] = {}
        # A request to Placement for each server of the host, after every action on one of them. Only
        # what makes providers anew uses the answers: PCI devices, and drivers that ask for a reshape
        # (nova/compute/resource_tracker.py, _update_to_placement). Here is neither.
        client = virtapi.reportclient
        client.get_allocations_for_provider_tree = lambda _context, _node: {}
        client.delete_allocation_for_instance = patient(client.delete_allocation_for_instance)

    def set_state(self, instance: Any, state: int) -> None:
        if instance.uuid in self.instances:
            self.instances[instance.uuid].state = state
            self.instances.save()

    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        super().power_off(instance, timeout, retry_interval)
        self.instances.save()

    def power_on(self, *args: Any, **kwargs: Any) -> None:
        super().power_on(*args, **kwargs)
        self.instances.save()

    def pause(self, instance: Any) -> None:
        self.set_state(instance, power_state.PAUSED)

    def unpause(self, instance: Any) -> None:
        self.set_state(instance, power_state.RUNNING)

    def suspend(self, _context: Any, instance: Any) -> None:
        self.set_state(instance, power_state.SUSPENDED)

    def resume(self, _context: Any, instance: Any, *_args: Any, **_kwargs: Any) -> None:
        self.set_state(instance, power_state.RUNNING)

    def migrate_disk_and_power_off(
        self, _context: Any, instance: Any, *_args: Any, **_kwargs: Any
    ) -> None:
        self.set_state(instance, power_state.SHUTDOWN)

    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        if instance.uuid not in self.instances:
            raise exception.InstanceNotRunning(instance_id=instance.uuid)
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        api = glance.API()
        name = api.get(context, image_id)["name"]
        update_task_state(
            task_state=task_states.IMAGE_UPLOADING,
            expected_state=task_states.IMAGE_PENDING_UPLOAD,
        )
        record = {"name": name, "disk_format": "raw", "container_format": "bare"}
        data = io.BytesIO(b"\0" * 4096)
        api.update(context, image_id, record, data=data, purge_props=False)

    def live_migration(
        self,
        context: Any,
        instance: Any,
        dest: str,
        post_method: Any,
        recover_method: Any,
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        wish = self.copy_memory(instance)
        failing = faults().get("fail", {})
        if wish == "abort":
            recover_method(context, instance, dest, migrate_data, migration_status="cancelled")
        elif "live_migration_late" in failing:
            raise exception.MigrationError(reason=failing["live_migration_late"])
        elif "live_migration" in failing:
            # As the libvirt driver does when copying fails.
            recover_method(context, instance, dest, migrate_data)
        else:
            post_method(context, instance, dest, block_migration, migrate_data)

    def copy_memory(self, instance: Any) -> str | None:
        """Take live_migration_seconds, unless asked to abort or to complete; what was asked."""
        began = time.monotonic()
        while True:
            wish, when = self.asked.get(instance.uuid, (None, 0.0))
            # One that is older was meant for the migration before.
            asked = wish if when > began - EARLY_S else None
            if asked or time.monotonic() - began >= faults().get("live_migration_seconds", 0):
                self.asked.pop(instance.uuid, None)
                return asked
            time.sleep(0.1)

    def live_migration_force_complete(self, instance: Any) -> None:
        self.asked[instance.uuid] = ("complete", time.monotonic())

    def live_migration_abort(self, instance: Any) -> None:
        self.asked[instance.uuid] = ("abort", time.monotonic())

    def post_live_migration(
        self, context: Any, instance: Any, block_device_info: Any, migrate_data: Any = None
    ) -> None:
        """The guest has left: forget it here, whatever is wrong with destroying guests."""
        super().destroy(context, instance, None, block_device_info)

    def get_console_output(self, _context: Any, instance: Any) -> str:
        return f"testbed console of {instance.uuid} on {CONF.host}\n"


def with_faults(name: str) -> Any:
    """That method of the driver, slow and failing as the faults say."""
    real = getattr(TestbedDriver, name)

    def method(self: TestbedDriver, *args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        while time.monotonic() - began < faults().get("delay", {}).get(name, 0):
            time.sleep(0.1)
        if name in (failing := faults().get("fail", {})):
            if name in REFUSALS:
                raise exception.MigrationPreCheckError(reason=failing[name])
            raise exception.NovaException(failing[name])
        return real(self, *args, **kwargs)

    method.__name__ = name
    return method


for hook in HOOKS:
    setattr(TestbedDriver, hook, with_faults(hook))
