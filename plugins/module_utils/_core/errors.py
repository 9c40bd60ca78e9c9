# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure that a user may see.

    FleetError
    ├── InvalidError       400  a value breaks a rule, whoever asks
    ├── ForbiddenError     403  the account may not do this
    ├── NotFoundError      404  the named object does not exist
    ├── ConflictError      409  the object's present state forbids it
    │   ├── LockedError         another run works on the object
    │   └── PlanRefused         blockers, all of them at once
    ├── UnsupportedError   501  the control plane cannot do this
    ├── ConfigError             options that contradict each other or the machine
    ├── MissingLibraryError     a Python library is not installed
    ├── StoreError              the SQL store is unusable
    ├── BackendError            a remote system failed or refused
    │   ├── AuthError           credentials refused
    │   ├── UnavailableError    cannot be reached now; trying again may help
    │   │   └── StartingError       is still starting, and has begun nothing
    │   └── WaitTimeout         the awaited state did not come in time
    └── PlanInterrupted         a step failed after others had been done

The numbers are those that the Compute API answers in the same situation. Messages name the object,
then the cause, then the remedy, each a clause of its own, so that a report stays readable whichever
layer raised it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self


class FleetError(Exception):
    """Base of all: ``what`` names the object, ``cause`` says why, ``remedy`` what to do next."""

    code: ClassVar[str] = "fleet"
    status: ClassVar[int | None] = None

    def __init__(self, what: str, cause: str, remedy: str = "", **details: Any) -> None:
        self.what: Final = what
        self.cause: Final = cause
        self.remedy: Final = remedy
        self.details: Final[Mapping[str, Any]] = details
        self.result: Final[Mapping[str, Any]] = {}
        """What the failed task's result shows besides the error, such as the state it has left."""
        super().__init__(self.message)

    @property
    def message(self) -> str:
        text = f"{self.what}: {self.cause.rstrip('.')}."
        return f"{text} {self.remedy.rstrip('.')}." if self.remedy else text

    def altered(
        self,
        *,
        what: str | None = None,
        remedy: str | None = None,
        result: Mapping[str, Any] | None = None,
        **details: Any,
    ) -> Self:
        """The same error, said otherwise or with more details; errors themselves don't change."""
        other = type(self).__new__(type(self))
        # Subclasses are made of other arguments.
        vars(other).update(vars(self))
        vars(other).update(
            what=self.what if what is None else what,
            remedy=self.remedy if remedy is None else remedy,
            result=self.result if result is None else result,
            details={**self.details, **details},
        )
        other.args = (other.message,)
        return other

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, as returned under ``error`` by every module."""
        return {
            "code": self.code,
            "status": self.status,
            "object": self.what,
            "cause": self.cause,
            "remedy": self.remedy,
            "details": dict(self.details),
        }


class InvalidError(FleetError):
    """A value that no state of the system would accept (HTTP 400)."""

    code = "invalid"
    status = 400


class ForbiddenError(FleetError):
    """The account lacks the right (HTTP 403, RBAC_PERMISSION_DENIED)."""

    code = "forbidden"
    status = 403


class NotFoundError(FleetError):
    """The named object does not exist (HTTP 404)."""

    code = "not_found"
    status = 404


class ConflictError(FleetError):
    """The object's present state forbids the change (HTTP 409)."""

    code = "conflict"
    status = 409


class LockedError(ConflictError):
    """Another run holds the lock; ``details`` says who and since when."""

    code = "locked"


class PlanRefused(ConflictError):
    """Nothing was changed because of blockers; ``details["verdicts"]`` lists every one of them."""

    code = "plan_refused"


class UnsupportedError(FleetError):
    """The control plane cannot do this at all (HTTP 501)."""

    code = "unsupported"
    status = 501


class ConfigError(FleetError):
    """Options that contradict each other, or that this machine cannot serve."""

    code = "config"


class MissingLibraryError(FleetError):
    """A Python library is missing where the task runs; ``trace`` is the import's traceback."""

    code = "missing_library"

    def __init__(self, library: str, trace: str = "") -> None:
        self.trace = trace
        super().__init__(
            f"Python library {library}",
            "is not installed for the interpreter that runs this task",
            f"Install it there: python -m pip install {library}",
            library=library,
        )


class StoreError(FleetError):
    """The SQL store cannot be opened, has an unknown schema version, or failed."""

    code = "store"


class BackendError(FleetError):
    """A remote system failed or refused; ``details`` carries its own code and parameters."""

    code = "backend"


class AuthError(BackendError):
    """Credentials were refused."""

    code = "authentication"


class UnavailableError(BackendError):
    """The remote system cannot be reached now. Trying again later may help."""

    code = "unavailable"


class StartingError(UnavailableError):
    """The remote system answers that it is still starting. It will be ready without anybody's help,
    and what was asked for was not begun.
    """


class WaitTimeout(BackendError):
    """The awaited state did not come in time; ``details["last"]`` is the last state seen."""

    code = "timeout"


class PlanInterrupted(FleetError):
    """A step failed after others had been done.

    ``details``: ``done``, ``failed`` and ``remaining``, lists of steps as dictionaries. ``causes``
    are the errors themselves.
    """

    code = "interrupted"

    def __init__(
        self,
        what: str,
        cause: str,
        remedy: str,
        *,
        causes: Sequence[FleetError] = (),
        **details: Any,
    ) -> None:
        self.causes = tuple(causes)
        super().__init__(what, cause, remedy, **details)


def joined(items: Sequence[str] | Mapping[str, Any], none: str = "none", most: int = 12) -> str:
    """``a, b and c``, cut after ``most`` items; for messages."""
    names = list(items)
    if not names:
        return none
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
