"""How much a translated program may take, and what it may use."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

import polars.exceptions

MIB = 1 << 20
MODULES = (
    "__future__", "bisect", "calendar", "collections", "collections.abc", "copy", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "heapq", "itertools", "math", "numbers", "operator", "polars", "polars.selectors",
    "re", "statistics", "string", "textwrap", "typing", "unicodedata",
)  # fmt: skip
OTHER_ERROR = "another_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one program."""

    timeout_s: float = 60.0  # by the clock on the wall, the start of its process included
    memory_mib: int = 2048  # of addresses of its process, its libraries included
    max_rows: int = 100_000  # of each table that it returns
    max_tables: int = 100
    max_output_mib: int = 32  # of all that it returns, as JSON


def known_errors() -> frozenset[str]:
    """The names of exceptions that are told: Python's own and those of Polars. A program could hide text in others."""
    found = [*vars(builtins).values(), *vars(polars.exceptions).values()]
    return frozenset(one.__name__ for one in found if isinstance(one, type) and issubclass(one, BaseException))
