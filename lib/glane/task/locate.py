"""A JSON parser that also gives the offsets of each value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # written in C; the stubs leave it out
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null|NaN|-?Infinity")
_LITERALS = {
    "true": True, "false": False, "null": None,
    "NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Node:
    """A JSON value and its place: `json.loads(text[start:end]) == value`, in code points."""

    value: Any
    start: int
    end: int
    members: dict[str, Node] | None = None  # of an object; the last one of a duplicate key
    items: list[Node] | None = None  # of an array


def locate(text: str) -> Node:
    """Return the value of a JSON text with the places of all values inside. The time is linear in the text.

    It accepts what `json.loads` accepts, including duplicate keys and NaN.

    Raises:
        ValueError: for a text that is not JSON; the message gives the place, never the text.
        RecursionError: for brackets nested deeper than the interpreter's stack.
    """
    node = _node(text, _skip(text, 0))
    if (rest := _skip(text, node.end)) < len(text):
        raise _not_json(rest)
    return node


def _node(text: str, start: int) -> Node:
    # A single function, so that each bracket takes one stack frame only.
    match text[start : start + 1]:
        case '"':
            string, end = _string(text, start)
            return Node(value=string, start=start, end=end)
        case "{":
            members: dict[str, Node] = {}
            at = _skip(text, start + 1)
            more = not text.startswith("}", at)
            while more:
                if not text.startswith('"', at):
                    raise _not_json(at)
                name, at = _string(text, at)
                at = _skip(text, at)
                if not text.startswith(":", at):
                    raise _not_json(at)
                members[name] = node = _node(text, _skip(text, at + 1))
                at, more = _next(text, node.end, "}")
            value = {name: node.value for name, node in members.items()}
            return Node(value=value, start=start, end=at + 1, members=members)
        case "[":
            items: list[Node] = []
            at = _skip(text, start + 1)
            more = not text.startswith("]", at)
            while more:
                items.append(node := _node(text, at))
                at, more = _next(text, node.end, "]")
            return Node(value=[node.value for node in items], start=start, end=at + 1, items=items)
        case _:
            return _scalar(text, start)


def _next(text: str, end: int, closing: str) -> tuple[int, bool]:
    """After an entry: the place of the next one and True, or the place of the closing bracket and False."""
    at = _skip(text, end)
    if text.startswith(",", at):
        return _skip(text, at + 1), True
    if text.startswith(closing, at):
        return at, False
    raise _not_json(at)


def _string(text: str, start: int) -> tuple[str, int]:
    try:
        value, end = scanstring(text, start + 1, True)
    except json.JSONDecodeError as error:  # the original error holds the whole text
        raise _not_json(error.pos) from None
    return value, end


def _scalar(text: str, start: int) -> Node:
    found = _SCALAR.match(text, start)
    if found is None:
        raise _not_json(start)
    whole, fraction, exponent = found.groups()
    value: Any
    if whole is None:
        value = _LITERALS[found[0]]
    elif fraction or exponent:
        value = float(found[0])
    else:
        value = int(whole)
    return Node(value=value, start=start, end=found.end())


def _skip(text: str, at: int) -> int:
    # Answers are compact, so most places have no white space to skip.
    if text[at : at + 1] not in {" ", "\t", "\n", "\r"}:
        return at
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it also matches the empty string


def _not_json(at: int) -> ValueError:
    return ValueError(f"not JSON at character {at}")
