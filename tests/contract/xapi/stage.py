# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One site with its backend and a plain session to look with, for tests of actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.xapi.sites import eventually, finish
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import XenFleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import FleetError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Server

GIB = 2**30

STARTS = (
    "start",
    "resume",
    "reboot_hard",
    "rebuild",
    "rescue",
    "unrescue",
    "restore",
    "unshelve",
    "resize",
    "revert_resize",
)


@dataclass
class Stage:
    """``api`` is the XenAPI library's own session."""

    sim: Simulator
    fleet: XenFleet
    api: Any

    def vm(self, name: str = "web") -> str:
        """Reference of the only VM of this name, snapshots included."""
        (ref,) = self.api.VM.get_by_name_label(name)
        return str(ref)

    def record(self, name: str = "web") -> Any:
        return self.api.VM.get_record(self.vm(name))

    def ours(self, name: str = "web") -> dict[str, str]:
        """What stands in other_config under the prefix, without id."""
        config = self.record(name)["other_config"]
        return {
            key.removeprefix("xenfleet:"): value
            for key, value in config.items()
            if key.startswith("xenfleet:") and key != "xenfleet:id"
        }

    def clean(self, name: str = "web") -> bool:
        """Nothing of ours is left on the VM."""
        record = self.record(name)
        texts = [*record["other_config"], *record["blocked_operations"].values()]
        return not any(text.startswith("xenfleet:") for text in texts)

    def guest(self, name: str = "web") -> Any:
        """The inspect endpoint's view."""
        return self.sim.get("/state")["vms"][name]

    def server(self, name: str = "web") -> Server:
        """What a run that knows nothing of this one reads."""
        return next(s for s in self.fleet.read().servers if s.name == name)

    def states(self, name: str = "web") -> tuple[str, str, str | None]:
        server = self.server(name)
        return server.status, server.vm_state, server.task_state

    def begin(self, verb: str, name: str = "web", **args: Any) -> Any:
        """On the server's own host where it starts, which a planner would have chosen, or on xen1."""
        server = self.server(name)
        if verb in STARTS:
            args.setdefault("host", server.resized_from or server.host or server.affinity or "xen1")
        return self.fleet.servers.start_action(verb, ActionArgs(id=server.id, **args))

    def act(self, verb: str, name: str = "web", **args: Any) -> FleetError | None:
        return finish(self.fleet.servers, self.begin(verb, name, **args)).error

    def done(self, verb: str, name: str = "web", **args: Any) -> None:
        """The action must succeed."""
        error = self.act(verb, name, **args)
        assert error is None, f"{verb} of {name}: {error}"

    def halfway(self, handle: Any, status: str, task_state: str, name: str = "web") -> None:
        """Polled until others see it in this status and task_state."""

        def there() -> bool:
            state = self.fleet.servers.poll([handle])[0]
            assert not state.done, f"ended before it was seen in {task_state}: {state}"
            server = self.server(name)
            return (server.status, server.task_state) == (status, task_state)

        eventually(there)

    def disks(self, name: str = "web") -> dict[str, str]:
        """Device → reference of the VDI of a VM's disks."""
        vbds = [self.api.VBD.get_record(v) for v in self.record(name)["VBDs"]]
        return {v["userdevice"]: v["VDI"] for v in vbds if v["type"] == "Disk"}

    def vdis(self) -> set[str]:
        return set(self.api.VDI.get_all())

    def fail(self, method: str, *error: str, **more: Any) -> None:
        """The next call of this method fails."""
        fault = {
            "action": "error",
            "method": method,
            "error": list(error or ("INTERNAL_ERROR", "x")),
        }
        self.sim.post("/faults", {**fault, **more})

    def template(self, name: str = "golden", **values: Any) -> str:
        """A template with a disk of its own; its uuid."""
        ref = self.api.VM.clone(self.vm("model"), name)
        self.api.VM.set_is_a_template(ref, True)
        for key, value in values.items():
            getattr(self.api.VM, f"set_{key}")(ref, value)
        return str(self.api.VM.get_uuid(ref))
