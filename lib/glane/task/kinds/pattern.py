"""Regular expressions of string fields, in one dialect for decoding and for checking answers.

The engine's grammars use Rust's regular expressions, and so does Polars. Features that these lack (lookaround,
backreferences) are refused when the task is read. So are features that a grammar cannot express: word boundaries, and
anchors that are not at an end of an alternative.
"""

from __future__ import annotations

import re

import polars as pl

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|.", re.DOTALL)
_DRAWS = 30


def check(pattern: str) -> None:
    """Check that a pattern can be used for decoding and for checking answers.

    Raises:
        ValueError: naming the fault.
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
    """Whether the pattern is found in a text. The time is linear in the text for every pattern."""
    return bool(pl.Series([text]).str.contains(pattern).item())
