# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Match extra specs with the metadata of aggregates, as Nova's AggregateInstanceExtraSpecsFilter does
(nova/scheduler/filters/aggregate_instance_extra_specs.py, extra_specs_ops.py and utils.py).

A spec is a key and what is wanted of its value: a text that must be equal, or an operator and words.
The values that a host has for a key are those of all its aggregates; one that matches is enough, and
a host without any does not match.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..._core.model import Aggregate, ExtraSpec

SCOPE = "aggregate_instance_extra_specs"

Test = Callable[[str, Sequence[str]], bool]


def matches(value: str, wanted: str) -> bool:
    """Whether a value is as wanted. Where Nova's own filter fails, at a text that is compared as a
    number and at ``<or>`` alone, nothing matches.
    """
    words = wanted.split()
    test = OPERATORS.get(words[0]) if words else None
    if test is None:
        return value == wanted
    return len(words) > 1 and test(value, words[1:])


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, words: Sequence[str]) -> bool:
        try:
            return compare(float(value), float(words[0]))
        except ValueError:
            return False

    return test


def _text(compare: Callable[[str, str], bool]) -> Test:
    return lambda value, words: compare(value, words[0])


OPERATORS: Mapping[str, Test] = {
    "=": _number(operator.ge),
    "==": _number(operator.eq),
    "!=": _number(operator.ne),
    ">=": _number(operator.ge),
    "<=": _number(operator.le),
    "s==": _text(operator.eq),
    "s!=": _text(operator.ne),
    "s<": _text(operator.lt),
    "s<=": _text(operator.le),
    "s>": _text(operator.gt),
    "s>=": _text(operator.ge),
    "<in>": _text(operator.contains),
    "<all-in>": lambda value, words: all(word in value for word in words),
    # Every other word is taken for a further <or>.
    "<or>": lambda value, words: value in words[::2],
}
"""By the first word. Nova has no > and < for numbers; a text that begins with one is no operator."""


def values(aggregates: Iterable[Aggregate], key: str) -> frozenset[str]:
    """Those that they have for a key; commas separate several in one item."""
    items = (a.metadata[key] for a in aggregates if key in a.metadata)
    return frozenset(value.strip() for item in items for value in item.split(","))


def unmet(aggregates: Sequence[Aggregate], specs: Iterable[ExtraSpec]) -> tuple[ExtraSpec, ...]:
    """The specs that the metadata of these aggregates together does not fulfil."""
    return tuple(
        spec
        for spec in specs
        if not any(matches(value, spec.wanted) for value in values(aggregates, spec.key))
    )


def heeded(specs: Mapping[str, str]) -> tuple[ExtraSpec, ...]:
    """Of a flavor's extra specs those that the filter looks at: in its own scope, and without any."""
    split = ((key.partition(":"), wanted) for key, wanted in specs.items())
    return tuple(
        ExtraSpec(rest if colon else scope, wanted)
        for (scope, colon, rest), wanted in split
        if not colon or scope == SCOPE
    )
