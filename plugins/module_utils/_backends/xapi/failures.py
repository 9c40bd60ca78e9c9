# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""XenAPI's error codes in an operator's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..._core.errors import (
    AuthError,
    BackendError,
    ConflictError,
    FleetError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    StartingError,
    UnavailableError,
    UnsupportedError,
)
from .codes import EMERGENCY, GENERAL, Meaning
from .codes_guest import GUESTS, STORAGE
from .codes_host import HOSTS, JOIN

KINDS: Mapping[str, type[FleetError]] = {
    "auth": AuthError,
    "backend": BackendError,
    "conflict": ConflictError,
    "forbidden": ForbiddenError,
    "invalid": InvalidError,
    "missing": NotFoundError,
    "starting": StartingError,
    "unavailable": UnavailableError,
    "unsupported": UnsupportedError,
}

CAUSES: Mapping[str, Meaning] = {**GENERAL, **EMERGENCY, **HOSTS, **JOIN, **GUESTS, **STORAGE}

UNREADY = frozenset(EMERGENCY)
"""What a host in emergency mode answers to every call, login included (gen_server.ml)."""


MISSING = ("(not given)",) * 4
"""Stands in for parameters that a template names; XAPI sends fewer than documented at times."""


def failure(
    code: str, params: Sequence[str], what: str, name: Callable[[str], str] = str
) -> FleetError:
    """The error for ``code``; ``what`` is the object or the attempt, ``name`` turns references into names."""
    shown = [name(p) for p in params]
    if code == "HOST_NOT_ENOUGH_FREE_MEMORY":
        shown = [_memory(p) for p in shown]
    padded = [*shown, *MISSING]
    kind, cause, remedy = _row(code, len(shown))
    return KINDS[kind](
        what,
        cause.format(padded, code=code, all=", ".join(shown)),
        remedy.format(padded),
        code=code,
        params=list(shown),
    )


def _memory(text: str) -> str:
    """Bytes as an operator reads them; a name as it is."""
    if not text.isdigit():
        return text
    if int(text) < 2**20:
        return f"{text} B"
    mebibytes = int(text) / 2**20
    return f"{mebibytes / 1024:.4g} GiB" if mebibytes >= 1024 else f"{mebibytes:.4g} MiB"


def _row(code: str, count: int) -> Meaning:
    """The row for that number of parameters, the code, its family, or unknown codes."""
    for key in (f"{code}/{count}", code):
        if key in CAUSES:
            return CAUSES[key]
    for prefix in ("SR_BACKEND_FAILURE", "HA_"):
        if code.startswith(prefix):
            return CAUSES[f"{prefix}*"]
    if code.endswith("_IN_PROGRESS"):
        return CAUSES["*_IN_PROGRESS"]
    return CAUSES["*/0"] if not count else CAUSES["*"]
