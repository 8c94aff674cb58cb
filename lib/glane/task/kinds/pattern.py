"""Regular expressions of string fields: one dialect where an answer is decoded, and where it is read.

The engine's grammars are written with Rust's regular expressions, and Polars has the same. What they lack (looking
around, references to groups) is refused when the task is read, and so is what a grammar cannot hold: word boundaries,
and the start or the end of the text anywhere but at an end of an alternative.
"""

from __future__ import annotations

import re

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
