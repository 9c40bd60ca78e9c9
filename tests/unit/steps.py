# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps as tests write them down: as in results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Step
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.verbs import VERBS


def step(verb: str, subject: str, args: Mapping[str, Any] | None = None, why: str = "") -> Step:
    return Step.from_dict({"verb": verb, "subject": subject, "args": args or {}, "why": why}, VERBS)
