"""The form of a condition in which a part can be replaced: Polars' JSON. A node is its name, and what it holds."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

COMPARISONS = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity", "Lt", "LtEq", "Gt", "GtEq"})
_ORDERS = frozenset({"Lt", "LtEq", "Gt", "GtEq"})


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
    """A tree as an expression."""
    return pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json")


def operation(tree: Any) -> Operation | None:
    """The operator that a node is; None for all else."""
    match tree:
        case {"BinaryExpr": {"left": left, "op": str(op), "right": right}}:
            return Operation(op, left, right)
        case {"Function": {"input": [left, right], "function": {"Sql": {"Binary": str(op)}}}}:
            return Operation(op, left, right)
    return None


def is_literal(tree: Any) -> bool:
    """Whether a node is a value that the condition writes."""
    return isinstance(tree, dict) and "Literal" in tree


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
