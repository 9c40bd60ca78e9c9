# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options for the store, as in module_utils/_glue/argspec.py STORE."""

    DOCUMENTATION = r"""
options:
  store:
    description:
      - Where the collection keeps aggregates, service states, maintenances and locks. Either the path of an SQLite
        file, or a URL such as C(postgresql://fleet@db.example.com/fleet) where several control nodes work on one fleet.
      - By default C(xenfleet/store.db) under E(XDG_STATE_HOME), which is C(~/.local/state) unless set.
      - If not set, the environment variable E(XENFLEET_STORE) is used.
    type: str
  store_password:
    description:
      - Password for a store that is given as a URL, which must not contain it.
      - If not set, the environment variable E(XENFLEET_STORE_PASSWORD) is used.
    type: str
requirements:
  - SQLAlchemy 2 (Python library)
  - psycopg 3 (Python library), for a store on PostgreSQL
"""
