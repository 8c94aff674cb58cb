"""The form of a condition in which a part can be replaced: Polars' JSON. A node is its name, and what it holds."""

from __future__ import annotations

import io
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

COMPARISONS = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity", "Lt", "LtEq", "Gt", "GtEq"})
_JOINED: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "And": operator.and_, "Or": operator.or_, "Plus": operator.add, "Minus": operator.sub, "Multiply": operator.mul,
    "Eq": operator.eq, "NotEq": operator.ne, "Lt": operator.lt, "LtEq": operator.le, "Gt": operator.gt,
    "GtEq": operator.ge, "EqValidity": pl.Expr.eq_missing, "NotEqValidity": pl.Expr.ne_missing,
}  # fmt: skip
_CAST = {"Int64": pl.Int64, "Int128": pl.Int128, "Float32": pl.Float32, "Float64": pl.Float64}
_ORDERS = frozenset({"Lt", "LtEq", "Gt", "GtEq"})


class TooDeep(Exception):
    """A condition is nested too deeply to be computed."""

    def __init__(self) -> None:
        super().__init__(
            "it is nested too deeply to be computed. Write name IN (…) for a row of comparisons, or compute a part "
            "of it as a column of the input"
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its two sides."""

    op: str
    left: Any
    right: Any

    @property
    def is_order(self) -> bool:
        """Whether it says which of the two is larger."""
        return self.op in _ORDERS


def as_tree(expression: pl.Expr) -> Any:
    """An expression as a tree."""
    return json.loads(expression.meta.serialize(format="json"))


def as_expression(tree: Any) -> pl.Expr:
    """A tree as an expression. Polars' reader of JSON takes some sixty levels: what is commonly nested is joined here.

    Raises:
        TooDeep: if it is nested too deeply, all the same.
    """
    try:
        match tree:
            case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in _JOINED:
                return _JOINED[op](as_expression(left), as_expression(right))
            case {"Cast": {"expr": inner, "dtype": {"Literal": str(kind)}, "options": "Strict"}} if kind in _CAST:
                return as_expression(inner).cast(_CAST[kind])
            case {"Ternary": {"predicate": predicate, "truthy": yes, "falsy": no}}:
                return pl.when(as_expression(predicate)).then(as_expression(yes)).otherwise(as_expression(no))
            case {"Function": {"input": [inner], "function": {"Boolean": "Not"}}}:
                return as_expression(inner).not_()
            case {"Function": {"input": [inner, before, after], "function": "Replace"}}:
                return as_expression(inner).replace(as_expression(before), as_expression(after))
        return pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json")
    except (pl.exceptions.ComputeError, RecursionError):
        raise TooDeep from None


def operation(tree: Any) -> Operation | None:
    """The operator that a node is; None for all else."""
    match tree:
        case {"BinaryExpr": {"left": left, "op": str(op), "right": right}}:
            return Operation(op, left, right)
        case {"Function": {"input": [left, right], "function": {"Sql": {"Binary": str(op)}}}}:
            return Operation(op, left, right)
    return None


def is_literal(tree: Any) -> bool:
    """Whether a node is a value that the condition writes. ARRAY[…] is one with a name."""
    match tree:
        case {"Literal": _} | {"Alias": [{"Literal": _}, _]}:
            return True
    return False


def value_of(tree: Any) -> pl.Series:
    """The value of a literal."""
    return pl.select(as_expression(tree)).to_series()


def kind_of(tree: Any, schema: Mapping[str, pl.DataType]) -> pl.DataType | None:
    """The type of what an expression gives over columns of these types; None if that is no expression or fails."""
    try:
        return pl.DataFrame(schema=schema).select(as_expression(tree).alias("_")).dtypes[0]
    except (pl.exceptions.PolarsError, ValueError, TypeError):
        return None


def operations(tree: Any) -> Iterator[Operation]:
    """All operators of a tree."""
    if isinstance(tree, list):
        for part in tree:
            yield from operations(part)
    elif isinstance(tree, dict) and not is_literal(tree):
        if found := operation(tree):
            yield found
        yield from operations(list(tree.values()))
