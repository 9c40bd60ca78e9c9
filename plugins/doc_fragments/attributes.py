# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of the collection supports, and those that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted result without changing anything.
    support: full
    details:
      - In a play that runs under C(--check) as a whole, on the controller, each task plans on top of what the
        tasks before it would have done, so that the play shows every step of the real run.
  diff_mode:
    description: Returns details on what has changed, or would change, in diff mode.
    support: full
  idempotent:
    description: Running it again when nothing has changed changes nothing.
    support: full
  action_group:
    description: Use C(group/xenfleet.compute.all) in C(module_defaults) to set connection options for every module.
    support: full
    membership:
      - xenfleet.compute.all
      - xenfleet.compute.xapi
      - xenfleet.compute.nova
      - xenfleet.compute.store
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the predicted result without changing anything.
    support: full
    details:
      - It never changes anything. In a play under C(--check) it shows the state that the tasks before it would have
        left.
  diff_mode:
    description: Returns details on what has changed, or would change, in diff mode.
    support: N/A
    details:
      - It never changes anything.
  idempotent:
    description: Running it again when nothing has changed changes nothing.
    support: full
  action_group:
    description: Use C(group/xenfleet.compute.all) in C(module_defaults) to set connection options for every module.
    support: full
    membership:
      - xenfleet.compute.all
      - xenfleet.compute.xapi
      - xenfleet.compute.nova
      - xenfleet.compute.store
"""
