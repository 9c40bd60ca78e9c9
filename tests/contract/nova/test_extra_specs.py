# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extra specs as the Nova on the bed itself matches them, and the flavors that it shows."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from testbeds.openstack.client import Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova import flavors
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import Api
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import UnsupportedError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.placing.extra_specs import (
    OPERATORS,
    heeded,
    matches,
    unmet,
)

pytestmark = pytest.mark.nova

SCOPE = "aggregate_instance_extra_specs:"

# --- matching ---------------------------------------------------------------------------------------

WORDS = st.one_of(
    st.sampled_from(
        ["5", "5.0", "10", "-1", "1e3", "nan", "inf", "ssd", "a", "ab", "b", "", "2.1.0"]
    ),
    st.text(alphabet="ab1,. <>=\t", max_size=4),
)
WANTED = st.one_of(
    WORDS,
    st.builds(
        lambda sign, words: " ".join([sign, *words]),
        st.sampled_from([*OPERATORS, ">", "<", "or", "s"]),
        st.lists(WORDS | st.just("<or>"), max_size=4),
    ),
)


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    """The module of Nova's operators, which imports nothing else of Nova."""
    (path,) = Bed.required().layout.venv.glob(
        "lib/python*/site-packages/nova/scheduler/filters/extra_specs_ops.py"
    )
    spec = importlib.util.spec_from_file_location("extra_specs_ops", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nova_has_the_same_operators(theirs: ModuleType) -> None:
    assert {*theirs.op_methods, "<or>"} == {*OPERATORS}


@settings(max_examples=2000, deadline=None)
@given(WORDS, WANTED)
@example("5", "<or>")
@example("five", "= 5")
def test_operators_match_as_novas_do(theirs: ModuleType, value: str, wanted: str) -> None:
    """Where Nova's raise an exception nothing matches."""
    try:
        expected = theirs.match(value, wanted)
    except (ValueError, IndexError):
        expected = False
    assert matches(value, wanted) is expected


ASK = """
import json, sys
from types import SimpleNamespace as Some
from nova import objects
from nova.scheduler.filters.aggregate_instance_extra_specs import AggregateInstanceExtraSpecsFilter
objects.register_all()
asked = AggregateInstanceExtraSpecsFilter()
print(json.dumps([
    asked.host_passes(
        Some(aggregates=[Some(metadata=one) for one in metadata]),
        objects.RequestSpec(flavor=objects.Flavor(extra_specs=specs)),
    )
    for metadata, specs in json.load(sys.stdin)
]))
"""
VALUES = {
    "ssd": ("true", "", ",", "a", "3, true"),
    "gen": ("3", "3, 4", " 5"),
    "availability_zone": ("a", "b"),
}
TEXTS = ("true", "<or> a <or> 3", "s!= a", "", "<in> ru", "<all-in> t e")
NUMBERS = (">= 4", "== 3", "= 3", "!= 3", "<= 4")
"""Not asked of what is no number: the filter raises an exception then."""


def _case(draw: random.Random) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Metadata of the aggregates of a host, and a flavor's extra specs."""
    metadata = [
        {key: draw.choice(VALUES[key]) for key in draw.sample([*VALUES], 2)}
        for _number in range(draw.randrange(3))
    ]
    specs = {
        f"{draw.choice(('', SCOPE, 'hw:'))}{key}": draw.choice(NUMBERS if key == "gen" else TEXTS)
        for key in draw.sample([*VALUES], draw.randrange(3))
    }
    return metadata, specs


def test_hosts_pass_as_they_pass_novas_filter(bed: Bed) -> None:
    draw = random.Random(11)
    cases = [_case(draw) for _number in range(1500)]
    done = subprocess.run(
        [bed.layout.bin / "python", "-c", ASK],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    expected = json.loads(done.stdout.splitlines()[-1])
    ours = [
        not unmet([Aggregate("", one) for one in metadata], heeded(specs))
        for metadata, specs in cases
    ]
    assert ours == expected
    assert 300 < sum(expected) < len(cases) - 300


# --- reading ----------------------------------------------------------------------------------------

Make = Callable[..., str]


@pytest.fixture
def make(bed: Bed) -> Iterator[Make]:
    """Makes flavors, which are gone after the test."""
    made: list[str] = []

    def make(name: str, *, public: bool = True, **specs: str) -> str:
        body = {"name": name, "ram": 64, "vcpus": 1, "disk": 0}
        body |= {"os-flavor-access:is_public": public}
        flavor: dict[str, Any] = bed.api("POST", "/flavors", {"flavor": body})["flavor"]
        made.append(flavor["id"])
        scoped = {f"{SCOPE}{key}": value for key, value in specs.items()}
        bed.api("POST", f"/flavors/{flavor['id']}/os-extra_specs", {"extra_specs": scoped})
        return str(flavor["id"])

    yield make
    for uuid in made:
        bed.api("DELETE", f"/flavors/{uuid}")


def test_all_flavors_with_their_specs(
    make: Make, bed: Bed, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other projects among them, and on several pages."""
    fast, hidden = make("fast", ssd="true"), make("hidden", public=False, ssd="<in> t")
    monkeypatch.setattr(flavors, "PAGE", 2)
    with bed.requests() as requests:
        read = flavors.read_flavors(api)
    listed = bed.api("GET", "/flavors/detail?is_public=None")["flavors"]
    assert [(f.id, f.name) for f in read] == sorted(
        ((one["id"], one["name"]) for one in listed), key=lambda one: one[1]
    )
    specs = {f.id: f.extra_specs for f in read}
    assert specs[fast] == {f"{SCOPE}ssd": "true"}
    assert specs[hidden] == {f"{SCOPE}ssd": "<in> t"}
    pages = [one for one in requests if one.path.endswith("/flavors/detail")]
    assert len(pages) == len(read) // 2 + 1


def test_an_old_cloud_shows_no_extra_specs(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Api, "highest", (2, 60))
    with pytest.raises(UnsupportedError, match=r"ends at microversion 2\.60, .* needs 2\.61"):
        flavors.read_flavors(api)
