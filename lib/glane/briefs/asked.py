"""What a condition asks for: each value that it compares with, and how, a NOT before it taken in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from glane.conditions import read_condition
from glane.conditions.trees import COMPARISONS, as_tree, is_literal, operation, value_of

EQ, NOT, LT, LE, GT, GE, ANY = "=", "<>", "<", "<=", ">", ">=", "any"
_OPS: Mapping[str, str] = {
    "Eq": EQ, "EqValidity": EQ, "NotEq": NOT, "NotEqValidity": NOT, "Lt": LT, "LtEq": LE, "Gt": GT, "GtEq": GE,
}  # fmt: skip
_OPPOSITE: Mapping[str, str] = {EQ: NOT, NOT: EQ, LT: GE, GE: LT, GT: LE, LE: GT, ANY: NOT}
_TURNED: Mapping[str, str] = {LT: GT, GT: LT, LE: GE, GE: LE}  # `65 <= age`
_INTERVAL = re.compile(r"\bINTERVAL\s+'?(\d+)", re.IGNORECASE)


class Asked(NamedTuple):
    """A value, and how a column is compared with it; ANY where that cannot be told."""

    how: str
    value: Any


def asked_of(condition: str, *, place: str) -> tuple[Asked, ...]:
    """All values that a condition compares with.

    Args:
        condition: In SQL.
        place: The setting that says it.

    Raises:
        ConfigError: if it is no condition.
    """
    found = list(_walk(as_tree(read_condition(condition, place=place)), is_not=False))
    return (*found, *(Asked(ANY, int(one)) for one in _INTERVAL.findall(condition)))


def _walk(tree: Any, *, is_not: bool) -> Iterator[Asked]:
    match tree:
        case {"Function": {"input": [inner], "function": {"Boolean": "Not"}}}:
            yield from _walk(inner, is_not=not is_not)
            return
        case {"Function": {"input": [left, right], "function": {"Sql": {"IsIn": _}}}} if is_literal(right):
            yield from _values(right, EQ, is_not=is_not)
            yield from _walk(left, is_not=is_not)
            return
        case {"Function": {"input": [left, right], "function": {"StringExpr": _}}} if is_literal(right):
            yield from _values(right, ANY, is_not=is_not)
            return
    if (found := operation(tree)) is not None and found.op in COMPARISONS:
        how = _OPS[found.op]
        for side, as_told in ((found.right, how), (found.left, _TURNED.get(how, how))):
            if is_literal(side):
                yield from _values(side, as_told, is_not=is_not)
            else:
                yield from _walk(side, is_not=is_not)
    elif isinstance(tree, list):
        for part in tree:
            yield from _walk(part, is_not=is_not)
    elif isinstance(tree, dict) and not is_literal(tree):
        yield from _walk(list(tree.values()), is_not=is_not)


def _values(literal: Any, how: str, *, is_not: bool) -> Iterator[Asked]:
    values = value_of(literal)
    for value in (values.explode() if values.dtype.is_nested() else values).drop_nulls().to_list():
        yield Asked(_OPPOSITE[how] if is_not else how, value)
