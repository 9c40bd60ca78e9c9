# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's body, with the same result in its own process and in the controller's."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._core.errors import FleetError, MissingLibraryError
from .._core.ports import NullReporter, Reporter
from .._planes.planes import ControlPlane
from .._reconcile.common.values import check_zone
from .argspec import Spec
from .overlay import Overlay
from .task import Task

Body = Callable[[Task], Mapping[str, Any]]


class CollectingReporter(NullReporter):
    """Keeps warnings for the result; a module's process has nowhere to print progress to."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def execute(
    body: Body,
    params: Mapping[str, Any],
    *,
    check_mode: bool,
    reporter: Reporter,
    overlay: Overlay | None = None,
    plane: ControlPlane | None = None,
) -> dict[str, Any]:
    """The body's result, or a failed one made of its FleetError. Without a plane it is the one that the
    options name.
    """
    task = Task(params, check_mode=check_mode, reporter=reporter, overlay=overlay, plane=plane)
    try:
        if zone := params.get("default_availability_zone"):
            check_zone("option default_availability_zone", zone)
        return dict(body(task))
    except FleetError as exc:
        return failure(exc)
    finally:
        task.close()


def failure(exc: FleetError) -> dict[str, Any]:
    result: dict[str, Any] = {
        **exc.result,
        "failed": True,
        "changed": bool(exc.details.get("done")),
        "msg": exc.message,
        "error": exc.to_dict(),
    }
    if isinstance(exc, MissingLibraryError) and exc.trace:
        result["exception"] = exc.trace
    return result


def run_module(spec: Spec, body: Body) -> None:
    """main() of every module."""
    module = AnsibleModule(
        argument_spec=spec.argument_spec(), supports_check_mode=True, **spec.rules()
    )
    reporter = CollectingReporter()
    try:
        result = execute(body, module.params, check_mode=module.check_mode, reporter=reporter)
    except Exception as exc:
        module.fail_json(
            msg=f"unexpected {type(exc).__name__}: {exc}", exception=traceback.format_exc()
        )
    for warning in reporter.warnings:
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
