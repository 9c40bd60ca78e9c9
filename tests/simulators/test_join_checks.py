# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pre-join check of the simulator, recognized by its error code, through the API of the joiner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.xenfleet.compute.tests.simulators.client import Client
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

NULL = "OpaqueRef:NULL"
PASSWORD = "secret"


@dataclass
class Pair:
    """A joiner and a target, each a fresh host of its own."""

    sim: Simulator
    joiner: str
    target: str

    @property
    def on_joiner(self) -> Client:
        return Client(self.sim.hosts[self.joiner])

    def tweak(self, host: str, **body: Any) -> str:
        ref: str = self.sim.post("/tweak", {"host": host, **body})["ref"]
        return ref

    def pool(self, host: str, **fields: Any) -> None:
        self.sim.post("/tweak", {"pool_of": host, "fields": fields})

    def ref(self, host: str) -> str:
        return Client(self.sim.hosts[host]).host(host)

    def pif(self, host: str) -> str:
        pif: str = Client(self.sim.hosts[host])("host.get_management_interface", self.ref(host))
        return pif

    def update(self, host: str, cls: str, ref: str, **values: Any) -> None:
        self.tweak(host, update={"class": cls, "ref": ref, "values": values})

    def insert(self, on: str, cls: str, **values: Any) -> str:
        return self.tweak(on, insert={"class": cls, "values": values})

    def join(
        self, method: str = "pool.join", target: str = "", password: str = PASSWORD
    ) -> list[str]:
        address = self.sim.get("/state")["hosts"][target or self.target]["address"]
        return self.on_joiner.error(method, address, "root", password)


Case = Callable[[Pair], list[str]]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def private_vm(client: Client, name: str = "guest") -> str:
    """A halted VM without disks."""
    record = {
        "name_label": name,
        "user_version": "1",
        "is_a_template": False,
        "affinity": NULL,
        "VCPUs_params": {},
        "VCPUs_max": "1",
        "VCPUs_at_startup": "1",
        "actions_after_shutdown": "destroy",
        "actions_after_reboot": "restart",
        "actions_after_crash": "restart",
        "PV_bootloader": "",
        "PV_kernel": "",
        "PV_ramdisk": "",
        "PV_args": "",
        "PV_bootloader_args": "",
        "PV_legacy_args": "",
        "HVM_boot_policy": "BIOS order",
        "HVM_boot_params": {},
        "platform": {},
        "PCI_bus": "",
        "other_config": {},
        "recommendations": "",
    }
    sizes = dict.fromkeys(("static_max", "dynamic_max", "dynamic_min", "static_min"), str(2**28))
    vm: str = client("VM.create", record | {f"memory_{k}": v for k, v in sizes.items()})
    return vm


@case
def wrong_password(pair: Pair) -> list[str]:
    assert pair.join(password="wrong") == [
        "SESSION_AUTHENTICATION_FAILED",
        "root",
        "Authentication failure",
    ]
    return []


@case
def supporter_as_target(pair: Pair) -> list[str]:
    coordinator = pair.sim.get("/state")["hosts"]["three1"]["address"]
    assert pair.join(target="three2") == ["HOST_IS_SLAVE", coordinator]
    return []


@case
def dead_target(pair: Pair) -> list[str]:
    pair.sim.post("/faults", {"action": "kill", "target": pair.target})
    return ["JOINING_HOST_CONNECTION_FAILED"]


@case
def pooling_restricted(pair: Pair) -> list[str]:
    pair.pool(pair.joiner, restrictions={"restrict_pooling": "true"})
    return ["LICENCE_RESTRICTION"]


@case
def pool_size_restricted(pair: Pair) -> list[str]:
    pair.pool(pair.joiner, restrictions={"restrict_pool_size": "true"})
    assert pair.join(target="three1") == ["LICENCE_RESTRICTION", "Pool_size"]
    return []


@case
def no_management_interface(pair: Pair) -> list[str]:
    pair.update(pair.joiner, "PIF", pair.pif(pair.joiner), management=False)
    return ["HOST_STILL_BOOTING"]


@case
def ha_on_joiner(pair: Pair) -> list[str]:
    pair.pool(pair.joiner, ha_enabled=True)
    return ["HA_IS_ENABLED"]


@case
def clustered_joiner(pair: Pair) -> list[str]:
    return [
        "CLUSTERING_ENABLED",
        pair.insert(pair.joiner, "Cluster_host", host="$host", enabled=True),
    ]


@case
def cluster_on_vlan(pair: Pair) -> list[str]:
    pif = pair.insert(pair.target, "PIF", host="$host", VLAN=7, management=False)
    pair.insert(pair.target, "Cluster", pool_auto_join=True)
    pair.insert(pair.target, "Cluster_host", host="$host", PIF=pif)
    return ["POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK", "7"]


@case
def no_address_on_cluster_network(pair: Pair) -> list[str]:
    pair.insert(pair.target, "Cluster", pool_auto_join=True)
    pair.insert(pair.target, "Cluster_host", host="$host", PIF=pair.pif(pair.target))
    pair.update(pair.joiner, "PIF", pair.pif(pair.joiner), IP="")
    return ["POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK"]


@case
def ha_on_target(pair: Pair) -> list[str]:
    pair.pool(pair.target, ha_enabled=True)
    return ["HA_IS_ENABLED"]


@case
def itself(pair: Pair) -> list[str]:
    assert pair.join(target=pair.joiner) == [
        "OPERATION_NOT_ALLOWED",
        "Host cannot become slave of itself",
    ]
    return []


@case
def already_in_the_pool(pair: Pair) -> list[str]:
    pair.joiner = pair.target = "three1"
    return ["OPERATION_NOT_ALLOWED", "Host is already part of a pool"]


@case
def coordinator_of_others(pair: Pair) -> list[str]:
    pair.joiner = "three1"
    return ["JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS"]


@case
def running_guest(pair: Pair) -> list[str]:
    client = pair.on_joiner
    client("VM.start", private_vm(client), False, False)
    assert pair.join("pool.join_force") == ["JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"]
    return ["JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"]


@case
def busy_guest(pair: Pair) -> list[str]:
    client = pair.on_joiner
    pair.update(pair.joiner, "VM", private_vm(client), current_operations={"OpaqueRef:x": "clone"})
    return ["JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS"]


@case
def pending_guidance_on_joiner(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, fields={"pending_guidances": ["reboot_host"]})
    return ["HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY", pair.ref(pair.joiner)]


@case
def pending_guidance_on_target(pair: Pair) -> list[str]:
    pair.tweak(pair.target, fields={"pending_guidances": ["restart_toolstack"]})
    return ["HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY", pair.ref(pair.target)]


@case
def other_platform_version(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"platform_version": "3.2.1"})
    assert pair.join("pool.join_force") == ["HOSTS_NOT_COMPATIBLE"]
    return ["HOSTS_NOT_COMPATIBLE"]


@case
def other_brand(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"product_brand": "XenServer"})
    return ["HOSTS_NOT_COMPATIBLE"]


@case
def other_build(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"git_id": "deadbeef"})
    return ["HOSTS_NOT_HOMOGENEOUS", "Software version differs"]


@case
def other_processor(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, machine={"vendor": "AuthenticAMD"})
    return ["HOSTS_NOT_HOMOGENEOUS", "CPUs differ"]


@case
def shared_storage(pair: Pair) -> list[str]:
    client = pair.on_joiner
    client("SR.create", client.host(pair.joiner), {}, "0", "library", "", "iso", "iso", True, {})
    return ["JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS"]


@case
def bonds(pair: Pair) -> list[str]:
    pair.insert(pair.joiner, "Bond")
    return ["POOL_JOINING_HOST_HAS_BONDS"]


@case
def tunnels(pair: Pair) -> list[str]:
    pair.insert(pair.joiner, "tunnel")
    return ["POOL_JOINING_HOST_HAS_TUNNELS"]


@case
def network_sriov(pair: Pair) -> list[str]:
    pair.insert(pair.joiner, "network_sriov")
    return ["POOL_JOINING_HOST_HAS_NETWORK_SRIOVS"]


@case
def vlan_that_does_not_manage(pair: Pair) -> list[str]:
    client = pair.on_joiner
    network = client("network.create", {"name_label": "vlan 12", "other_config": {}})
    client("VLAN.create", pair.pif(pair.joiner), "12", network)
    return ["POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS"]


@case
def other_management_vlan(pair: Pair) -> list[str]:
    pair.update(pair.joiner, "PIF", pair.pif(pair.joiner), VLAN=42)
    return ["POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH", "42", "-1"]


@case
def other_authentication(pair: Pair) -> list[str]:
    pair.tweak(
        pair.target, fields={"external_auth_type": "AD", "external_auth_service_name": "corp"}
    )
    return ["POOL_JOINING_EXTERNAL_AUTH_MISMATCH"]


@case
def other_edition(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, fields={"edition": "trial"})
    return ["LICENSE_HOST_POOL_MISMATCH", "host edition trial differs from pool edition xcp-ng"]


@case
def other_network_backend(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"network_backend": "bridge"})
    return ["OPERATION_NOT_ALLOWED", "Network backends differ"]


@case
def other_sdn_controller(pair: Pair) -> list[str]:
    pair.pool(pair.joiner, vswitch_controller="192.0.2.1")
    return ["OPERATION_NOT_ALLOWED", "SDN controller differs"]


@case
def other_api_version(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, fields={"API_version_minor": 21})
    return ["POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION", "2.21", "2.23"]


@case
def other_db_schema(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"db_schema": "5.799"})
    return ["POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA", "5.799", "5.909"]


@case
def no_db_schema(pair: Pair) -> list[str]:
    pair.tweak(pair.joiner, versions={"db_schema": None})
    return ["POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA", "", "5.909"]


@case
def other_updates(pair: Pair) -> list[str]:
    pair.insert(pair.target, "pool_update", enforce_homogeneity=True)
    text = f"Updates on local host {pair.joiner} and pool host {pair.target} differ"
    return ["HOSTS_NOT_HOMOGENEOUS", text]


@case
def other_address_type(pair: Pair) -> list[str]:
    pair.update(pair.joiner, "PIF", pair.pif(pair.joiner), primary_address_type="IPv6")
    return ["OPERATION_NOT_ALLOWED", "Primary address type differs"]


@case
def clashing_network_purposes(pair: Pair) -> list[str]:
    for host, purpose in ((pair.joiner, "nbd"), (pair.target, "insecure_nbd")):
        client = Client(pair.sim.hosts[host])
        network = client("PIF.get_network", pair.pif(host))
        client("network.add_purpose", network, purpose)
    return ["OPERATION_NOT_ALLOWED", "Incompatible network purposes: nbd and insecure_nbd"]


@case
def other_tls_verification(pair: Pair) -> list[str]:
    pair.pool(pair.joiner, tls_verification_enabled=False)
    return ["POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH"]


@case
def clashing_certificates(pair: Pair) -> list[str]:
    for host in (pair.joiner, pair.target):
        pair.insert(host, "Certificate", type="ca", name="corp.pem", fingerprint=host)
    return ["POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT", "corp.pem"]


@case
def updates_in_progress(pair: Pair) -> list[str]:
    pair.tweak(pair.target, fields={"current_operations": {"OpaqueRef:x": "apply_updates"}})
    return ["NOT_SUPPORTED_DURING_UPGRADE"]


@case
def storage_driver_missing(pair: Pair) -> list[str]:
    theirs = pair.insert(pair.target, "SM", type="nfs", features={"VDI_CREATE": 1})
    return ["POOL_JOINING_SM_FEATURES_INCOMPATIBLE", theirs, ""]


@case
def storage_driver_too_old(pair: Pair) -> list[str]:
    mine = pair.insert(pair.joiner, "SM", type="nfs", features={"VDI_CREATE": 1})
    theirs = pair.insert(pair.target, "SM", type="nfs", features={"VDI_CREATE": 2})
    return ["POOL_JOINING_SM_FEATURES_INCOMPATIBLE", theirs, mine]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """A fresh joiner and target for every case, and a pool of three to be refused by."""
    site = {
        "clock": {"factor": 100},
        "hosts": [
            {"name": "joiner", "count": len(CASES), "memory": "8 GiB"},
            {"name": "target", "count": len(CASES), "memory": "8 GiB"},
            {"name": "three", "count": 3, "memory": "8 GiB", "pool": "three"},
        ],
    }
    with Simulator(site) as running:
        yield running


@pytest.mark.parametrize("name", CASES)
def test_join_is_refused(sim: Simulator, name: str) -> None:
    number = list(CASES).index(name) + 1
    pair = Pair(sim, f"joiner{number}", f"target{number}")
    expected = CASES[name](pair)
    if expected:
        assert pair.join() == expected
    state = sim.get("/state")["hosts"]
    assert state[f"joiner{number}"]["role"] == "coordinator"


def test_force_relaxes_only_homogeneity(sim: Simulator) -> None:
    """With another processor and a wrong schema, join names the first and join_force the second."""
    site = {
        "clock": {"factor": 100},
        "hosts": [
            {"name": "joiner"},
            {"name": "target", "vendor": "AuthenticAMD", "versions": {"db_schema": "1.0"}},
        ],
    }
    with Simulator(site) as running:
        pair = Pair(running, "joiner", "target")
        assert pair.join()[0] == "HOSTS_NOT_HOMOGENEOUS"
        assert pair.join("pool.join_force")[0] == "POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA"
