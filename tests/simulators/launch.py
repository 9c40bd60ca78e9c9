# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop a XenAPI simulator from tests, scenarios and the demonstration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent


class Simulator:
    """A running simulator: `hosts` are URLs by name, `inspect` is the URL of the inspect endpoint.

    `site` is the path of a site file, the name of one in sites/ ("demo"), or the site itself as a mapping.
    """

    def __init__(self, site: str | Path | dict[str, Any]) -> None:
        self.scratch: tempfile.TemporaryDirectory[str] | None = None
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "xapi"), str(self.site_file(site))],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"the simulator did not start, exit status {self.stop()}")
        ready = json.loads(line)
        self.hosts: dict[str, str] = ready["hosts"]
        self.inspect: str = ready["inspect"]

    def site_file(self, site: str | Path | dict[str, Any]) -> Path:
        if isinstance(site, dict):
            self.scratch = tempfile.TemporaryDirectory()
            path = Path(self.scratch.name) / "site.yml"
            path.write_text(yaml.safe_dump(site), encoding="utf-8")
            return path
        named = HERE / "sites" / f"{site}.yml"
        return named if named.exists() else Path(site)

    @property
    def pid(self) -> int:
        return self.process.pid

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """A JSON answer of the inspect endpoint; RuntimeError with its text if it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.inspect + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                raw = answer.read()
        except urllib.error.HTTPError as exc:
            raise RuntimeError(f"{method} {path}: {exc.code} {exc.read().decode()}") from exc
        return raw if path == "/ca.pem" else json.loads(raw)

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.request("POST", path, body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def stop(self) -> int:
        """End the process (by its id) and return its exit status."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        if self.scratch:
            self.scratch.cleanup()
            self.scratch = None
        return status

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
