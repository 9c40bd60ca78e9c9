# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML-RPC and JSON-RPC envelopes, as XAPI writes and reads them."""

from __future__ import annotations

import json
import re
import xmlrpc.client
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import Failure

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Malformed(Exception):
    """The body is no call at all: HTTP 500."""


class SmallInt(int):
    """An int that XML-RPC carries as a number (valid_ref_counts), where other ints are decimal text."""


@dataclass
class Request:
    method: str
    params: list[Any]
    id: int | str | None = None
    version: str = "xml"


def escaped(text: str) -> str:
    """Text for XML; control characters but tab and line ends are dropped."""
    if UNPRINTABLE.search(text):
        text = UNPRINTABLE.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stamp(value: datetime) -> str:
    return value.strftime("%Y%m%dT%H:%M:%SZ")


def xml_text(value: Any) -> str:
    """`<value>…</value>` of a value, as answers and task.result have it: ints are untyped text."""
    if isinstance(value, str):
        return f"<value>{escaped(value)}</value>"
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, SmallInt):
        return f"<value><i4>{int(value)}</i4></value>"
    if isinstance(value, dict):
        members = [
            f"<member><name>{escaped(str(k))}</name>{xml_text(v)}</member>"
            for k, v in value.items()
        ]
        return f"<value><struct>{''.join(members)}</struct></value>"
    if isinstance(value, list | tuple):
        return f"<value><array><data>{''.join(map(xml_text, value))}</data></array></value>"
    if isinstance(value, float):
        return f"<value><double>{value!r}</double></value>"
    if isinstance(value, datetime):
        return f"<value><dateTime.iso8601>{stamp(value)}</dateTime.iso8601></value>"
    return f"<value>{'' if value is None else value}</value>"


def json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {str(k): json_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(v) for v in value]
    return "" if value is None else value


def read_xml(body: bytes) -> Request:
    try:
        params, method = xmlrpc.client.loads(body)
    except (
        Exception
    ) as exc:  # expat, binascii and xmlrpc.client each have their own errors for bad XML
        raise Malformed(str(exc)) from exc
    if method is None:
        raise Malformed("no methodName")
    return Request(method, list(params))


def read_json(body: bytes) -> Request:
    try:
        call = json.loads(body)
        request = Request(
            call["method"], list(call["params"]), call["id"], str(call.get("jsonrpc", "1.0"))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Malformed(str(exc)) from exc
    if not isinstance(request.id, int | str) or isinstance(request.id, bool):
        raise Malformed("id must be an int or a string")
    return request


def answer_xml(outcome: Any) -> bytes:
    """The methodResponse of a value, or of a Failure."""
    if isinstance(outcome, Failure):
        envelope = {"Status": "Failure", "ErrorDescription": outcome.details}
    else:
        envelope = {"Status": "Success", "Value": outcome}
    body = f"<params><param>{xml_text(envelope)}</param></params>"
    return f"<?xml version='1.0'?><methodResponse>{body}</methodResponse>".encode()


def answer_json(request: Request, outcome: Any) -> bytes:
    failed = isinstance(outcome, Failure)
    answer: dict[str, Any]
    if request.version == "2.0":
        answer = {"jsonrpc": "2.0", "id": request.id}
        if failed:
            answer["error"] = {
                "code": 1,
                "message": outcome.details[0],
                "data": outcome.details[1:],
            }
        else:
            answer["result"] = json_value(outcome)
    else:
        answer = {
            "result": None if failed else json_value(outcome),
            "error": outcome.details if failed else None,
            "id": request.id,
        }
    return json.dumps(answer).encode()
