"""Regular expressions of string fields: one dialect where an answer is decoded, and where it is read.

The engine's grammars are written with Rust's regular expressions, and Polars has the same. What they lack (looking
around, references to groups) is refused when the task is read, and so is what a grammar cannot hold: word boundaries,
and the start or the end of the text anywhere but at an end of an alternative.
"""

from __future__ import annotations

import random
import re
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import polars as pl

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|.", re.DOTALL)
_DRAWS = 30


def check(pattern: str) -> None:
    """Check that a pattern can be decoded, and an answer held against it.

    Raises:
        ValueError: naming what is wrong with it.
    """
    tokens = _TOKEN.findall(pattern)
    if boundary := [token for token in tokens if token in (r"\b", r"\B", r"\<", r"\>")]:
        raise ValueError(f"{boundary[0]} (a word's boundary) cannot be held to while an answer is written")
    for place, token in enumerate(tokens):
        before, after = tokens[place - 1 : place] or ["|"], tokens[place + 1 : place + 2] or ["|"]
        if token == "^" and before[0] not in "(|":
            raise ValueError("^ stands at the start of an alternative only")
        if token == "$" and after[0] not in ")|":
            raise ValueError("$ stands at the end of an alternative only")
    try:
        is_in(pattern, "")
    except pl.exceptions.PolarsError:
        raise ValueError(
            "not a regular expression of Rust's dialect (it has no look-around (?=…) (?!…), and no references \\1)"
        ) from None


def is_in(pattern: str, text: str) -> bool:
    """Whether the pattern is found in a text, which takes time in proportion to its length, whatever the pattern."""
    return bool(pl.Series([text]).str.contains(pattern).item())


def sample(pattern: str, rng: random.Random, min_length: int, max_length: int) -> str:
    """A text that holds the pattern, for the engine that has no model; its dialect is the part that Python shares."""
    text = ""
    for draw in range(_DRAWS):
        more = 3 if min_length == 0 else 3 + draw * min_length // 4
        text = "".join(_written(parser.parse(pattern), rng, more))
        if not pattern.endswith("$"):
            text += "a" * max(min_length - len(text), 0)
        text = text[:max_length]
        if min_length <= len(text) and is_in(pattern, text):
            break
    return text


def _written(tree: Any, rng: random.Random, more: int) -> list[str]:
    """The parts of a text, with at most so many repetitions more than there must be."""
    return [part for operation, argument in tree for part in _one(operation, argument, rng, more)]


def _one(operation: Any, argument: Any, rng: random.Random, more: int) -> list[str]:
    if operation is ops.LITERAL:
        return [chr(argument)]
    if operation in (ops.IN, ops.NOT_LITERAL, ops.ANY):
        return [_character(operation, argument, rng)]
    if operation in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
        fewest, most, inner = argument
        count = rng.randint(fewest, min(most, fewest + more))
        return [part for _ in range(count) for part in _written(inner, rng, more)]
    if operation is ops.SUBPATTERN:
        return _written(argument[-1], rng, more)
    if operation is ops.BRANCH:
        return _written(rng.choice(argument[1]), rng, more)
    return []  # where a text starts and ends


def _character(operation: Any, argument: Any, rng: random.Random) -> str:
    """A visible character that this part of the pattern takes, or one of any script where none of them does."""
    if operation is ops.ANY:
        return rng.choice("abc123")
    if operation is ops.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    taken = [chr(code) for code in (*range(0x20, 0x7F), *range(0xC0, 0x180)) if _takes(argument, code)]
    return rng.choice(taken) if taken else chr(next((a[0] if o is ops.RANGE else a for o, a in argument), 0x61))


def _takes(parts: Any, code: int) -> bool:
    negated = bool(parts) and parts[0][0] is ops.NEGATE
    for operation, argument in parts:
        if (operation is ops.LITERAL and code == argument) or (
            operation is ops.RANGE and argument[0] <= code <= argument[1]
        ):
            return not negated
        if operation is ops.CATEGORY and re.fullmatch(_CATEGORIES[argument], chr(code)):
            return not negated
    return negated


_CATEGORIES = {
    ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_NOT_DIGIT: r"\D", ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S", ops.CATEGORY_WORD: r"\w", ops.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
