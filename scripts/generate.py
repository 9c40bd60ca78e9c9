# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what follows from other files: action plugins, action groups, and documentation that several places share.

``make format`` runs it; the unit tests ask ``stale`` whether it was run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nova_documents
import returns
from yaml_text import lines, load

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = "xenfleet.compute"
GROUPS = ("xapi", "nova", "store")
"""Each is the name of a documentation fragment, too; a module that extends it takes its options."""

ACTION = """\
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by make format, for the module of the same name.

from __future__ import annotations

from ..modules import {name}
from ..plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    module = {name}
"""
BELOW = re.compile(
    r"^(?P<indent> +)# Written by make format from plugins/doc_fragments/(?P<fragment>\w+)\.py\.\n"
    r".*?^(?P<end> +# End of what is written\.\n)",
    re.MULTILINE | re.DOTALL,
)
GROUPS_BEGIN = "\n  # Written by make format.\n"


def wanted(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Every file that is written, as a whole or in part, with its text; None if it must go."""
    modules = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted((root / "plugins/modules").glob("*.py"))
    }
    returned = returns.read(root)
    if unknown := returned.keys() - modules:
        raise SystemExit(f"{returns.SOURCE} has modules that do not exist: {sorted(unknown)}")
    for name, text in modules.items():
        with_returned = returns.with_return(name, text, returned)
        yield root / f"plugins/modules/{name}.py", with_suboptions(root, with_returned)
        yield root / f"plugins/action/{name}.py", ACTION.format(name=name)
    for path in sorted((root / "plugins/action").glob("*.py")):
        if path.stem not in modules:
            yield path, None
    yield root / nova_documents.PAGE, nova_documents.page(root)
    runtime = root / "meta/runtime.yml"
    yield runtime, with_groups(runtime.read_text(encoding="utf-8"), modules)


def with_groups(runtime: str, modules: Mapping[str, str]) -> str:
    """meta/runtime.yml with the groups of the modules that take each group's options."""
    head, begin, _old = runtime.partition(GROUPS_BEGIN)
    extends = {
        name: documentation(text)["extends_documentation_fragment"]
        for name, text in modules.items()
    }
    groups = ""
    for group in GROUPS:
        members = [name for name in modules if f"{COLLECTION}.{group}" in extends[name]]
        groups += "".join([f"  {group}:\n", *(f"    - {name}\n" for name in members)])
    return head + begin + groups


def documentation(text: str) -> dict[str, Any]:
    """DOCUMENTATION of a module or of the class of a fragment."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assign(
                targets=[ast.Name(id="DOCUMENTATION")], value=ast.Constant(value=str() as found)
            ):
                loaded: dict[str, Any] = load(found)
                return loaded
    raise SystemExit("no DOCUMENTATION in a file that must have it")


def with_suboptions(root: Path, text: str) -> str:
    """Fragments can't stand below an option, so where a module marks the place, their text is written there."""
    return BELOW.sub(lambda match: _suboptions(root, match), text)


def _suboptions(root: Path, match: re.Match[str]) -> str:
    fragment, indent = match["fragment"], match["indent"]
    source = (root / f"plugins/doc_fragments/{fragment}.py").read_text(encoding="utf-8")
    options = documentation(source)["options"]
    above = match.string[: match.start()].rstrip().splitlines()
    parent = next(
        line.strip(" :")
        for line in reversed(above)
        if len(line) - len(line.lstrip()) == len(indent) - 4
    )
    own = re.compile(rf"\bO\((?=(?:{'|'.join(options)})\b)")
    for option in options.values():
        option["description"] = [own.sub(f"O({parent}.", one) for one in option["description"]]
    begin = match.group().splitlines(keepends=True)[0]
    return begin + "".join(f"{line}\n" for line in lines(options, len(indent))) + match["end"]


def stale(root: Path = ROOT) -> list[str]:
    """Files that are not as they would be written."""
    return [
        str(path.relative_to(root))
        for path, text in wanted(root)
        if text != (path.read_text(encoding="utf-8") if path.exists() else None)
    ]


def write(root: Path = ROOT) -> None:
    for path, text in list(wanted(root)):
        if text is None:
            path.unlink()
        elif not path.exists() or text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
