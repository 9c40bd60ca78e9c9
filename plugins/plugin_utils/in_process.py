# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run modules in the controller's process, if the task is for that machine, user and interpreter.

A module in its own process takes ten times as long to start as it works; here the libraries are
imported once, when the controller loads this plugin, before it forks a worker for each task. Any
other task runs as an ordinary module. Validation, scrubbing of secrets and results are the same
both ways; only here there is live progress.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._core.ports import NullReporter
from ..module_utils._glue.argspec import Spec
from ..module_utils._glue.overlay import Overlay
from ..module_utils._glue.runner import Body, execute

CENSORED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

display = Display()


class DisplayReporter(NullReporter):
    """Prints progress at once, under the task's host; keeps warnings for the result."""

    def __init__(self, host: str, secrets: set[str]) -> None:
        self._host = host
        self._secrets = secrets
        self.warnings: list[str] = []

    def line(self, text: str) -> None:
        display.display(f"  [{self._host}] {remove_values(text, self._secrets)}")

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


class InProcess(ActionBase):
    """The in-process way, or the ordinary one. ``module`` has the SPEC and the body ``run``."""

    module: Any
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._in_process(task_vars):
            remote = self._execute_module(
                module_name=self._name, task_vars=task_vars, wrap_async=self._task.async_val
            )
            return {**result, **remote}
        return {**result, **self._run_here(self.module.SPEC, self.module.run)}

    @property
    def _name(self) -> str:
        return str(self._task.resolved_action or self._task.action)

    def _in_process(self, task_vars: dict[str, Any]) -> bool:
        """Local connection, nobody else's rights, nothing in the background, this interpreter."""
        elsewhere = self._connection.transport != "local"
        if elsewhere or self._task.async_val or self._task.become:
            return False
        wanted = task_vars.get("ansible_python_interpreter")
        return wanted is None or _same_interpreter(str(self._templar.template(wanted)))

    def _run_here(self, spec: Spec, body: Body) -> dict[str, Any]:
        # What the controller had loaded is not this task's garbage. Every worker would look through
        # it again, once the controller's counters, which they inherit, have come near the threshold.
        gc.freeze()
        self._export_environment()
        validator = ArgumentSpecValidator(spec.argument_spec(), **spec.rules())
        validated = validator.validate(_plain(self._task.args))
        secrets = set(validated._no_log_values)
        params = validated.validated_parameters
        if validated.error_messages:
            failed = {"failed": True, "msg": self._complaint(validated)}
            return _finished(failed, spec, params, secrets)
        reporter = DisplayReporter(self._host_name(), secrets)
        try:
            result = execute(
                body,
                params,
                check_mode=self._task.check_mode,
                reporter=reporter,
                overlay=Overlay(_overlay_path()),
            )
        except Exception as exc:
            result = {
                "failed": True,
                "msg": f"unexpected {type(exc).__name__}: {exc}",
                "exception": traceback.format_exc(),
            }
        if not self._task.diff:
            result.pop("diff", None)
        if reporter.warnings:
            result["warnings"] = reporter.warnings
        return _finished(result, spec, params, secrets)

    def _complaint(self, validated: ValidationResult) -> str:
        """The words of AnsibleModule."""
        error = validated.errors[0]
        if not isinstance(error, UnsupportedError):
            return str(validated.errors.msg)
        return f"Unsupported parameters for ({self._name}) module: {validated.errors.msg}"

    def _host_name(self) -> str:
        return self._task.delegate_to or "localhost"

    def _export_environment(self) -> None:
        """The task's ``environment``, for options that fall back to it; this process ends with the
        task.
        """
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        os.environ.update({k: str(v) for k, v in environment.items()})


def _same_interpreter(wanted: str) -> bool:
    """Not resolved: the link in a virtual environment is what makes its libraries available."""
    return Path(wanted) == Path(sys.executable)


def _overlay_path() -> str | None:
    """Only a play that is under --check as a whole predicts from task to task."""
    if not context.CLIARGS.get("check"):
        return None
    return os.path.join(constants.DEFAULT_LOCAL_TMP, "xenfleet-predicted.jsonl")


def _plain(args: Any) -> Any:
    """Without the tags and proxies that templating leaves on values, which XML-RPC and drivers
    refuse.
    """
    return json.loads(json.dumps(args, default=str))


def _finished(
    result: dict[str, Any], spec: Spec, params: dict[str, Any], secrets: set[str]
) -> dict[str, Any]:
    """Scrubbed of secrets, wherever they stand, and with the options it was called with."""
    invocation = {"module_args": _censored(spec.options, params)}
    scrubbed: dict[str, Any] = remove_values({**result, "invocation": invocation}, secrets)
    return scrubbed


def _censored(
    options: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any]
) -> dict[str, Any]:
    """The options as they were given, without the values of those that are no_log."""
    return {name: _shown(options.get(name, {}), value) for name, value in params.items()}


def _shown(option: Mapping[str, Any], value: Any) -> Any:
    if value is None:
        return None
    if option.get("no_log"):
        return CENSORED
    nested = option.get("options")
    return _censored(nested, value) if nested and isinstance(value, dict) else value
