# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova's times: in UTC, mostly without saying so."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(text: str | None) -> str | None:
    """As the model has times: to the second, with a Z."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%SZ") if text else None


def moment(text: str) -> datetime:
    """To compare with others."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
