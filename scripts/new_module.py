# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a module that runs, with its documentation and tests, and prints what is left to do.

One whose name ends in ``_info`` reads, any other brings something into a wanted state. Until it is changed, it shows
hosts and changes nothing.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from string import Template

import generate
import returns
from yaml_text import load

SKELETON = Path(__file__).resolve().parent / "skeleton"
PLACES = {
    "module.py": "plugins/modules/{name}.py",
    "test.py": "tests/unit/modules/test_{name}.py",
    "target.yml": "tests/integration/targets/{name}/tasks/main.yml",
}

LEFT = """\
{name} runs. Its files:
  {module}  documentation, options, and what is read
  {returns}  what it returns
  {test}
  {target}
From these follow RETURN, plugins/action/{name}.py and meta/runtime.yml, which make format keeps.

What is left, beside giving them their contents:
{steps}
Then: make format lint; make unit integration ARGS="-k {name}"; make docs sanity
"""
READING = (
    "what it shows: a view in plugins/module_utils/_glue",
    "what it decides: a function of the fleet, in its subject's folder of plugins/module_utils/_reconcile",
)
CHANGING = (
    "what it changes: verbs, and methods of the ports in both backends, with tests in tests/contract",
    "what it decides: a planner in its subject's folder of plugins/module_utils/_reconcile, with a table of cases in\n"
    "    that of tests/unit/reconcile",
    "what it shows: a view in plugins/module_utils/_glue",
    "tests/contract/rules/test_result_keys.py: a line, so that both control planes return the same keys",
)
README = "README.md: its name in the table of modules"


def create(root: Path, name: str) -> dict[str, Path]:
    """Write everything, and return the files that a person goes on with, by their skeleton's name."""
    written = {skeleton: root / place.format(name=name) for skeleton, place in PLACES.items()}
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise SystemExit(
            f"{name!r} is not the name of a module: small letters, digits, underscores"
        )
    if there := [path for path in written.values() if path.exists()]:
        raise SystemExit(f"{there[0].relative_to(root)} exists")
    said = words(root, name)
    for skeleton, path in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(skeleton, said), encoding="utf-8")
    source = root / returns.SOURCE
    text = inserted(source.read_text(encoding="utf-8"), name, filled("returns.yml", said))
    source.write_text(text, encoding="utf-8")
    generate.write(root)
    return {**written, "returns.yml": source}


def words(root: Path, name: str) -> dict[str, str]:
    reads = name.endswith("_info")
    noun = name.removesuffix("_info").replace("_", " ")
    nouns = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    galaxy = load((root / "galaxy.yml").read_text(encoding="utf-8"))
    return {
        "name": name,
        "kind": "info" if reads else "state",
        "noun": noun,
        "nouns": nouns,
        "key": (nouns if reads else noun).replace(" ", "_"),
        "version": galaxy["version"],
        # Only a module may have one, says ansible-test.
        "shebang": "#!/usr/bin/python",
    }


def filled(skeleton: str, said: dict[str, str]) -> str:
    template = (SKELETON / said["kind"] / f"{skeleton}.txt").read_text(encoding="utf-8")
    return Template(template).substitute(said)


def inserted(source: str, name: str, entry: str) -> str:
    """Among the modules, which stand in the order of their names."""
    head, begin, modules = source.partition("\nmodules:\n")
    entries = re.split(r"\n(?=  \w+:\n)", modules)
    entries.append(entry)
    entries.sort(key=lambda one: one.split(":")[0].strip())
    return head + begin + "\n".join(one.rstrip("\n") + "\n" for one in entries)


def remaining_work(root: Path, name: str, written: dict[str, Path]) -> str:
    steps = (*(READING if name.endswith("_info") else CHANGING), README)
    places = {key.split(".")[0]: str(path.relative_to(root)) for key, path in written.items()}
    width = max(len(place) for place in places.values())
    return LEFT.format(
        name=name,
        module=places["module"].ljust(width),
        returns=places["returns"].ljust(width),
        test=places["test"],
        target=places["target"],
        steps="".join(f"  - {step}\n" for step in steps),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="for instance xen_network, or xen_network_info")
    name = parser.parse_args().name
    print(remaining_work(generate.ROOT, name, create(generate.ROOT, name)), end="")


if __name__ == "__main__":
    main()
