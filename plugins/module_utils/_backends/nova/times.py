# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova's timestamps: in UTC, mostly without saying so."""

from __future__ import annotations

from datetime import datetime


def utc(stamp: str | None) -> str | None:
    """As the model has them: to the second, with a Z."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%dT%H:%M:%SZ") if stamp else None
