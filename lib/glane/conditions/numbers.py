"""Numbers in a condition: whole ones are computed in 64 bits, whatever their columns' width, and NaN is null."""

from __future__ import annotations

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
    tree = {name: with_numbers(part, schema) for name, part in tree.items()}
    if len(tree) != 1 or not _NODES.issuperset(tree):
        return tree
    kind = kind_of(tree, schema)
    if kind is None:
        return tree
    if kind.is_float():
        return as_tree(as_expression(tree).fill_nan(None))
    if not kind.is_integer():
        return tree
    exact = _exact(tree)
    if exact is not None:
        return as_tree(exact)
    return tree if kind == pl.Int64() else as_tree(as_expression(tree).cast(pl.Int64()))


def _exact(tree: Any) -> pl.Expr | None:
    """Arithmetic of two whole numbers that fails rather than wraps; None if this is none."""
    found = operation(tree)
    if found is None or found.op not in _ARITHMETIC:
        return None
    left, right = (as_expression(side).cast(pl.Int128()) for side in (found.left, found.right))
    return _ARITHMETIC[found.op](left, right).cast(pl.Int64())
