# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""First users, endpoints and images; run once, by the services' own Python, with the values of configure.py."""

from __future__ import annotations

import os
from typing import Any

import openstack

ENDPOINTS = {
    "compute": "nova",
    "placement": "placement",
    "image": "glance",
    "network": "neutron",
}
# Name: KiB of zeros.
IMAGES = {"cirros": 64, "cirros-rescue": 32}


def main() -> None:
    identity = openstack.connect().identity
    make_users(identity)
    for kind, name in ENDPOINTS.items():
        service = identity.create_service(type=kind, name=name)
        url = os.environ[f"{name.upper()}_URL"]
        for interface in ("public", "internal", "admin"):
            identity.create_endpoint(
                service_id=service.id, interface=interface, region_id="RegionOne", url=url
            )
    # Anew: the first connection's catalogue has no images.
    image = openstack.connect().image
    for name, kib in IMAGES.items():
        image.create_image(
            name=name,
            disk_format="raw",
            container_format="bare",
            visibility="public",
            data=b"\0" * 1024 * kib,
            validate_checksum=False,
            allow_duplicates=True,
        )


def make_users(identity: Any) -> None:
    """The services' users; demo, member of a project of its own; reader of the project admin."""
    if not identity.find_role("service", ignore_missing=True):
        identity.create_role(name="service")
    roles = {role.name: role for role in identity.roles()}
    admin = identity.find_project("admin", ignore_missing=False)
    service = identity.create_project(name="service", domain_id="default")
    demo = identity.create_project(name="demo", domain_id="default")
    wanted = dict.fromkeys(ENDPOINTS.values(), (service, ("service", "admin")))
    wanted |= {"demo": (demo, ("member", "reader")), "reader": (admin, ("reader",))}
    for name, (project, names) in wanted.items():
        user = identity.create_user(
            name=name,
            password=os.environ["PASSWORD"],
            domain_id="default",
            default_project_id=project.id,
        )
        for role in names:
            identity.assign_project_role_to_user(project, user, roles[role])
    # The admin acts in the project demo, too: for servers of another project on hosts by name.
    user = identity.find_user("admin", ignore_missing=False)
    identity.assign_project_role_to_user(demo, user, roles["admin"])


if __name__ == "__main__":
    main()
