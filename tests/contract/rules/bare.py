# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task asks for as plain requests to Nova: how Nova itself answers, whatever a module says.

Requests are sent one after the other until one is refused; those that were accepted are undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until

Params = Mapping[str, Any]
Asked = tuple[str, str, Any, Callable[[], Any] | None]
"""Method, path and body, and what undoes it."""

ACTIONS = {
    "start": "os-start",
    "stop": "os-stop",
    "pause": "pause",
    "unpause": "unpause",
    "suspend": "suspend",
    "resume": "resume",
}
NOBODY = "00000000-0000-4000-8000-000000000000"
LISTS = (
    ("aggregate", "/os-aggregates"),
    ("compute_service", "/os-services"),
    ("hypervisor", "/os-hypervisors/detail"),
    ("server", "/servers/detail?all_tenants=1"),
)


class Bare:
    """``answer`` is None where a task has no counterpart among plain requests."""

    def __init__(self, bed: Bed, user: str = "admin") -> None:
        self.bed = bed
        self.user = user

    def answer(self, module: str, params: Params) -> str | None:
        """The number of the first refusal, else of success."""
        requests = {
            "aggregate": self._aggregate,
            "aggregate_host": self._members,
            "compute_service": self._service,
            "server_action": self._server,
            **{f"{kind}_info": lambda _params, path=path: self._list(path) for kind, path in LISTS},
        }[module]
        undo: list[Callable[[], Any]] = []
        sent = False
        try:
            for method, path, body, back in requests(params):
                sent = True
                self.bed.api(method, path, body, user=self.user)
                undo += [back] if back else []
        except ApiError as exc:
            return str(exc.status)
        finally:
            for back in reversed(undo):
                back()
        return "2xx" if sent else None

    def _named(self, name: str) -> dict[str, Any] | None:
        listed = self.bed.api("GET", "/os-aggregates")["aggregates"]
        return next((one for one in listed if one["name"] == name), None)

    def _path(self, name: str) -> str:
        """The list is how a name becomes a number; a number that nobody has stands for no name."""
        aggregate = self._named(name)
        return f"/os-aggregates/{aggregate['id'] if aggregate else 999999}"

    def _act(self, name: str, action: str, body: Any) -> Any:
        return self.bed.api("POST", f"{self._path(name)}/action", {action: body})

    def _aggregate(self, params: Params) -> Iterator[Asked]:
        name, zone = params["name"], params.get("availability_zone")
        aggregate = self._named(name)
        if params.get("state") == "absent":
            yield "DELETE", self._path(name), None, None
            return
        zoned = {} if zone is None else {"availability_zone": zone}
        renamed = {"name": params["new_name"]} if params.get("new_name") else {}
        if aggregate is None:
            body = {"aggregate": {"name": name, **zoned}}
            yield "POST", "/os-aggregates", body, lambda: self._delete_aggregate(name)
        elif zoned or renamed:
            body = {"aggregate": {**zoned, **renamed}}
            yield "PUT", self._path(name), body, lambda: self._restore(aggregate)
        if params.get("metadata"):
            body = {"set_metadata": {"metadata": params["metadata"]}}
            yield "POST", f"{self._path(name)}/action", body, lambda: self._restore(aggregate)
        if params.get("hosts") is not None:
            gone = [h for h in (aggregate or {}).get("hosts", []) if h not in params["hosts"]]
            yield from self._moves(name, "remove_host", "add_host", gone)
            yield from self._moves(name, "add_host", "remove_host", params["hosts"])

    def _restore(self, former: dict[str, Any] | None) -> None:
        """Name and metadata as they were; an aggregate that was not there goes by its creation."""
        if former is None:
            return
        path = f"/os-aggregates/{former['id']}"
        now = self.bed.api("GET", path)["aggregate"]
        if now["name"] != former["name"]:
            self.bed.api("PUT", path, {"aggregate": {"name": former["name"]}})
        changes = {key: former["metadata"].get(key) for key in now["metadata"]}
        if changes != now["metadata"]:
            self.bed.api("POST", f"{path}/action", {"set_metadata": {"metadata": changes}})

    def _members(self, params: Params) -> Iterator[Asked]:
        actions = ["add_host", "remove_host"]
        if params.get("state") == "absent":
            actions.reverse()
        yield from self._moves(params["aggregate"], *actions, params["hosts"])

    def _moves(self, name: str, action: str, reverse: str, hosts: Any) -> Iterator[Asked]:
        for host in hosts:
            back = {"host": host}
            yield (
                "POST",
                f"{self._path(name)}/action",
                {action: {"host": host}},
                lambda back=back: self._act(name, reverse, back),
            )

    def _service(self, params: Params) -> Iterator[Asked]:
        """Of the compute service, whichever binary: the others are found in the list of all."""
        binary = params.get("binary", "nova-compute")
        listed = self.bed.api("GET", "/os-services")["services"]
        fields = ("status", "disabled_reason", "forced_down")
        body = {key: params[key] for key in fields if key in params}
        for host in params["hosts"]:
            of_host = [s for s in listed if host == s["host"] or binary != "nova-compute"]
            service = next((s for s in of_host if s["binary"] == binary), None)
            path = f"/os-services/{service['id'] if service else NOBODY}"
            if params.get("state") == "absent":
                yield "DELETE", path, None, None
            elif "wait_for" not in params:
                former = {k: service[k] for k in fields if service and service[k] is not None}
                yield "PUT", path, body, lambda path=path, body=former: self._put(path, body)

    def _put(self, path: str, body: dict[str, Any]) -> None:
        self.bed.api("PUT", path, body)

    def _server(self, params: Params) -> Iterator[Asked]:
        """Those that are no server first, and so none of the others is touched. Nova knows no names, and
        so none that two servers have.
        """
        listed = self.bed.api("GET", "/servers?all_tenants=1")["servers"]
        known = {
            word: [s["id"] for s in listed if word in (s["id"], s["name"])]
            for word in params["servers"]
        }
        if any(len(ids) > 1 for ids in known.values()):
            return
        for ids in sorted(known.values(), key=len):
            uuid = ids[0] if ids else NOBODY
            path = f"/servers/{uuid}/action"
            yield "POST", path, self._action(params), lambda uuid=uuid: self._settled(uuid)

    def _settled(self, uuid: str) -> None:
        """A live migration that was accepted only to fail has left the server alone."""
        until(
            f"server {uuid} without a task",
            lambda: self.bed.server(uuid)["OS-EXT-STS:task_state"] is None,
        )

    @staticmethod
    def _list(path: str) -> Iterator[Asked]:
        yield "GET", path, None, None

    @staticmethod
    def _action(params: Params) -> dict[str, Any]:
        action = params["action"]
        if action.startswith("reboot"):
            return {"reboot": {"type": action.removeprefix("reboot_").upper()}}
        if action == "live_migrate":
            return {"os-migrateLive": {"host": params.get("host"), "block_migration": "auto"}}
        return {ACTIONS[action]: None}

    def _delete_aggregate(self, name: str) -> None:
        aggregate = self._named(name)
        if aggregate is None:
            return
        for host in aggregate["hosts"]:
            self._act(name, "remove_host", {"host": host})
        self.bed.api("DELETE", f"/os-aggregates/{aggregate['id']}")
