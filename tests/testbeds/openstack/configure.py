# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the services' configuration from the templates in conf/."""

from __future__ import annotations

import shutil
import string
from pathlib import Path

from testbeds.openstack.layout import ADDRESS, HERE, PASSWORD, Layout

# Template: its place below etc/.
FILES = {
    "keystone.conf.in": "keystone/keystone.conf",
    "placement.conf.in": "placement/placement.conf",
    "glance-api.conf.in": "glance/glance-api.conf",
    "neutron.conf.in": "neutron/neutron.conf",
    "nova.conf.in": "nova/nova.conf",
    "nova-db.conf.in": "nova/nova-db.conf",
    "rabbitmq.conf.in": "rabbitmq/rabbitmq.conf",
}
# Pipelines that come with the packages, unchanged.
PASTE = {
    "nova/api-paste.ini": "nova/api-paste.ini",
    "glance/glance-api-paste.ini": "glance/glance-api-paste.ini",
    "neutron/api-paste.ini": "neutron/api-paste.ini",
}
DIRECTORIES = (
    "glance/images",
    "glance/lock",
    "glance/staging",
    "glance/tasks",
    "keystone/credential-keys",
    "keystone/fernet-keys",
    "mysql-tmp",
    "neutron/lock",
    "nova/lock",
)


def values(layout: Layout) -> dict[str, object]:
    """What the templates and the seed are filled with."""
    settings = layout.settings
    return {
        "root": layout.root,
        "state": layout.state,
        "password": PASSWORD,
        "amqp_port": layout.port("rabbitmq"),
        "amqp_url": f"rabbit://openstack:{PASSWORD}@{ADDRESS}:{layout.port('rabbitmq')}/",
        "db_url": f"mysql+pymysql://openstack:{PASSWORD}@{ADDRESS}:{layout.port('mariadb')}",
        "keystone_url": layout.url("keystone"),
        "placement_url": layout.url("placement"),
        "glance_url": layout.url("glance"),
        "neutron_url": layout.url("neutron"),
        "nova_url": layout.url("nova-api"),
        "keystone_tls_url": layout.tls_url("keystone"),
        "nova_tls_url": layout.tls_url("nova-api"),
        "ca_cert": layout.ca_cert,
        "debug": str(settings.debug).lower(),
        "report_interval": settings.report_interval,
        "service_down_time": settings.service_down_time,
        "shelved_offload_time": settings.shelved_offload_time,
    }


def configure(layout: Layout) -> None:
    """Write all configuration, and make the directories it names."""
    for name, place in FILES.items():
        render(layout, name, layout.etc / place)
    render(layout, "clouds.yaml.in", layout.clouds)
    for source, place in PASTE.items():
        shutil.copy(layout.venv / "etc" / source, layout.etc / place)
    for name in DIRECTORIES:
        (layout.state / name).mkdir(parents=True, exist_ok=True)
    for host in layout.hosts:
        render(layout, "nova-compute.conf.in", layout.etc / f"nova/{host}.conf", host=host)
        (layout.state / host / "lock").mkdir(parents=True, exist_ok=True)


def render(layout: Layout, name: str, to: Path, **more: str) -> None:
    template = string.Template((HERE / "conf" / name).read_text(encoding="utf-8"))
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(template.substitute(values(layout), **more), encoding="utf-8")
