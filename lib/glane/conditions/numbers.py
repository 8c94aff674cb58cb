"""Numbers in a condition: whole ones are computed in 64 bits, whatever their columns' width, and NaN is null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from glane.conditions.trees import as_expression, as_tree, is_literal, kind_of, operation

_NODES = frozenset({"Column", "BinaryExpr", "Function", "Cast", "Ternary"})
_ARITHMETIC = {
    "Plus": pl.Expr.add, "Minus": pl.Expr.sub, "Multiply": pl.Expr.mul,
    "Add": pl.Expr.add, "Sub": pl.Expr.sub, "Mul": pl.Expr.mul,
}  # fmt: skip


def with_numbers(tree: Any, schema: Mapping[str, pl.DataType]) -> Any:
    """The tree with all whole numbers as Int64, and null for NaN.

    Sums, differences and products are computed in 128 bits and must fit 64: what does not fails, and never wraps.
    """
    if isinstance(tree, list):
        return [with_numbers(part, schema) for part in tree]
    if not isinstance(tree, dict) or is_literal(tree):
        return tree
    tree = _power({name: with_numbers(part, schema) for name, part in tree.items()})
    if len(tree) != 1 or not _NODES.issuperset(tree):
        return tree
    kind = kind_of(tree, schema)
    if kind is None:
        return tree
    if kind.is_float():
        floats = _computed_in(kind, tree)
        return as_tree(_without_nan(as_expression(tree) if floats is None else floats, kind))
    if not kind.is_integer():
        return tree
    exact = _computed_in(pl.Int128(), tree)
    if exact is not None:
        return as_tree(exact.cast(pl.Int64()))
    return tree if kind == pl.Int64() else as_tree(as_expression(tree).cast(pl.Int64()))


def _without_nan(expression: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """The expression with null for NaN. `fill_nan` would say the expression four times: a tree must not grow so."""
    return expression.replace(pl.Series([math.nan], dtype=kind), pl.Series([None], dtype=kind))


def _power(tree: Any) -> Any:
    """A power as one of floats, as in SQL: of whole numbers, Polars' wraps."""
    match tree:
        case {"Function": {"input": [base, exponent], "function": {"Pow": _}}}:
            return as_tree(as_expression(base).cast(pl.Float64()).pow(as_expression(exponent).cast(pl.Float64())))
    return tree


def _computed_in(kind: pl.DataType, tree: Any) -> pl.Expr | None:
    """A sum, a difference or a product computed in a type; None if this is none."""
    found = operation(tree)
    if found is None or found.op not in _ARITHMETIC:
        return None
    return _ARITHMETIC[found.op](as_expression(found.left).cast(kind), as_expression(found.right).cast(kind))
