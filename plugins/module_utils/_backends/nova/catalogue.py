# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flavors and images, which people name and actions want by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._core.args import ActionArgs
from ..._core.errors import ConflictError, NotFoundError, joined
from .api import PAGE, Api
from .read_servers import is_uuid

GONE = "gone"


def resolved(api: Api, args: ActionArgs) -> ActionArgs:
    """The arguments of an action with ids in place of the names of flavor and image.

    Raises NotFoundError, and ConflictError for a name that several have.
    """
    if args.flavor:
        args = replace(args, flavor=flavor_id(api, args.flavor))
    if args.image:
        args = replace(args, image=image_id(api, args.image))
    return args


def flavor_id(api: Api, word: str) -> str:
    """Of the flavor with this id, else of the one with this name; is_public=None shows an admin
    those of other projects, too.
    """
    flavors = list(
        api.listed("/flavors", "flavors", api.version("2.1"), is_public="None", limit=PAGE)
    )
    return _only("flavor", word, flavors)


def image_id(api: Api, word: str) -> str:
    if is_uuid(word):
        return word
    return _only("image", word, api.image_service("/images", name=word)["images"])


def _only(kind: str, word: str, items: Sequence[Mapping[str, Any]]) -> str:
    ids = [str(item["id"]) for item in items]
    named = [str(item["id"]) for item in items if item["name"] == word]
    if word in ids:
        return word
    if not named:
        raise NotFoundError(f"{kind} {word}", "the cloud shows none of this name", "Check the name")
    if len(named) > 1:
        raise ConflictError(f"{kind} {word}", f"{joined(named)} have this name", "Give the id")
    return named[0]


def image_status(api: Api, image: str) -> str:
    """Glance's word (queued, saving, active ...), or ``gone``."""
    try:
        return str(api.image_service(f"/images/{image}")["status"])
    except NotFoundError:
        return GONE
