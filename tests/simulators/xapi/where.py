# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression language of get_all_where: field "column" = "literal", and, or, not, parentheses, true, false."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from .errors import Failure, internal

TOKEN = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(field|and|or|not|true|false)\b|([()=]))"""
)

Row = Callable[[str], Any]
Test = Callable[[Row], bool]


def lex(text: str) -> list[tuple[str, str]]:
    """(kind, text) tokens; kind "text" is a quoted string."""
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = TOKEN.match(stripped, at)
        if not match:
            raise Failure("INVALID_VALUE", text, 'Failure("lexing: empty token")')
        quoted = match[1] if match[1] is not None else match[2]
        tokens.append(("text", quoted) if quoted is not None else ("word", match[3] or match[4]))
        at = match.end()
    return tokens


def literal(value: Any) -> str:
    """A field's value as the database writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y%m%dT%H:%M:%SZ")
    if isinstance(value, list):
        return "(" + " ".join(f"'{v}'" for v in value) + ")"
    if isinstance(value, dict):
        return "(" + " ".join(f"('{k}' '{v}')" for k, v in value.items()) + ")"
    return str(value)


class Parser:
    """Recursive descent; `or` and `and` bind alike from the left within their level, `not` takes all that follows."""

    def __init__(self, text: str, columns: set[str]) -> None:
        self.text, self.columns = text, columns
        self.tokens, self.at = lex(text), 0

    def bad(self) -> Failure:
        return Failure(
            "INVALID_VALUE", self.text, "Xapi_database.Db_filter_parse.MenhirBasics.Error"
        )

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, kind: str, word: str | None = None) -> str:
        got, text = self.peek()
        if got != kind or (word is not None and text != word):
            raise self.bad()
        self.at += 1
        return text

    def parse(self) -> Test:
        test = self.either()
        if self.peek()[0] != "end":
            raise self.bad()
        return test

    def either(self) -> Test:
        left = self.both()
        while self.peek() == ("word", "or"):
            self.at += 1
            left = any_of(left, self.both())
        return left

    def both(self) -> Test:
        left = self.atom()
        while self.peek() == ("word", "and"):
            self.at += 1
            left = all_of(left, self.atom())
        return left

    def atom(self) -> Test:
        kind, word = self.peek()
        if kind != "word":
            raise self.bad()
        self.at += 1
        if word in ("true", "false"):
            return lambda row: word == "true"
        if word == "not":
            inner = self.either()
            return lambda row: not inner(row)
        if word == "(":
            inner = self.either()
            self.take("word", ")")
            return inner
        if word != "field":
            raise self.bad()
        column = self.take("text")
        self.take("word", "=")
        wanted = self.take("text")
        if column not in self.columns:
            raise internal("missing field", column, "")
        return lambda row: literal(row(column)) == wanted


def any_of(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def all_of(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)


def compile_expression(text: str, columns: set[str]) -> Test:
    """A test over a function from column name to value; INVALID_VALUE or INTERNAL_ERROR if the text is bad."""
    return Parser(text, columns).parse()
