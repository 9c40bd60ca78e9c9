# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs: each is whole, and all of them are known by name."""

from __future__ import annotations

import importlib
import re
import string
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.actions import (
    ACTIONS as NOVA_ACTIONS,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.actions.table import (
    ACTIONS as XAPI_ACTIONS,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import (
    ActionArgs,
    Args,
    MoveArgs,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Step, Verb
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile import verbs
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.verbs import VERBS

FOLDER = Path(verbs.__file__).parent


def all_verbs() -> Iterator[Verb[Any]]:
    """Those that any module makes."""
    for path in sorted(FOLDER.glob("*/*.py")):
        module = importlib.import_module(f"..{path.parent.name}.{path.stem}", verbs.__name__)
        for value in vars(module).values():
            if isinstance(value, Verb):
                yield value


def sample(verb: Verb[Any]) -> Args:
    """With a value of the right kind for each field that has no default."""
    hints = get_type_hints(verb.args)
    kinds = {
        name: next(value for kind, value in SAMPLES.items() if kind in str(hint))
        for name, hint in hints.items()
    }
    return verb.args(**{f.name: kinds[f.name] for f in fields(verb.args) if f.default is MISSING})


SAMPLES: dict[str, Any] = {"Mapping": {"a": "b"}, "Sequence": ["a"], "bool": True, "int": 5}
SAMPLES["str"] = "word"


def test_every_verb_is_registered_under_a_name_of_its_own() -> None:
    by_id = {id(verb): verb for verb in all_verbs()}
    assert {id(verb) for verb in VERBS.values()} >= set(by_id)
    assert all(name == verb.name for name, verb in VERBS.items())
    listed = [
        verb.name
        for path in FOLDER.glob("*/verbs.py")
        for verb in importlib.import_module(f"..{path.parent.name}.verbs", verbs.__name__).VERBS
    ]
    assert sorted(listed) == sorted(VERBS)


def test_every_action_has_a_verb() -> None:
    assert {f"server.{name}" for name in TABLE} <= set(VERBS)
    assert all(issubclass(VERBS[f"server.{name}"].args, ActionArgs) for name in TABLE)


def test_every_action_is_a_row_of_each_backend() -> None:
    assert set(XAPI_ACTIONS) == set(NOVA_ACTIONS) == set(TABLE)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_the_sentence_names_what_the_verb_has(verb: Verb[Any]) -> None:
    named = {part[1] for part in string.Formatter().parse(verb.sentence) if part[1]}
    assert "subject" in named
    assert named <= {"subject", *(f.name for f in fields(verb.args))}
    assert verb.text("it", sample(verb))


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_arguments_are_typed(verb: Verb[Any]) -> None:
    assert verb.args.__dataclass_params__.frozen
    assert "Any" not in str(get_type_hints(verb.args))


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_step_comes_back_as_it_was_stored(verb: Verb[Any]) -> None:
    step = verb("it", sample(verb), "because")
    assert Step.from_dict(step.to_dict(), VERBS) == step


def test_what_is_left_out_is_not_said() -> None:
    evacuate = VERBS["server.evacuate"]
    assert evacuate.text("web", MoveArgs(id="1")) == "evacuate web"
    assert evacuate.text("web", MoveArgs(id="1", target="c2")) == "evacuate web to c2"
    anywhere = evacuate.text("web", MoveArgs(id="1", source="c1", target=None))
    assert anywhere == "evacuate web from c1 to a host of the scheduler's choice"


def test_a_secret_is_neither_shown_nor_stored() -> None:
    step = VERBS["server.rescue"]("web1", ActionArgs(id="1", admin_pass="s3cret"))
    assert "s3cret" not in repr(step) + str(step) + str(step.to_dict())
    assert step.to_dict()["args"] == {"id": "1"}


def test_ports_are_for_verbs_and_the_engine() -> None:
    """So that nothing changes that no step shows."""
    plugins = FOLDER.parents[1]
    named = {
        path.relative_to(plugins).as_posix()
        for folder in (plugins / "modules", FOLDER)
        for path in folder.rglob("*.py")
        if re.search(r"\bPorts\b", path.read_text(encoding="utf-8"))
    }
    reconcile = FOLDER.relative_to(plugins).as_posix()
    others = {name for name in named if not name.startswith(f"{reconcile}/engine/")}
    assert {name for name in others if not name.endswith("verbs.py")} == {
        f"{reconcile}/servers/{helper}.py" for helper in ("starting", "move_journal")
    }
