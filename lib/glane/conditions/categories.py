"""What conditions compare with columns of categories: a slip there would match no row, and be taken for a finding.

It is looked for by trying: an expression is computed for all categories of its columns, and a text that it is compared
with must be among what comes out. So `LOWER(syndrome) = 'flu'` is checked as `syndrome = 'flu'` is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from glane.conditions.trees import TooDeep, as_expression, as_tree, is_literal
from glane.errors import ConfigError, did_you_mean

Cells = Mapping[str, Sequence[object]]  # of columns: cells that together hold all their categories; of lists, lists
_EQUALITIES = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity"})
_PATTERNS = frozenset({"StartsWith", "EndsWith", "Contains"})  # what LIKE and its kin become
_MOST_ROWS = 10_000  # combinations of categories that are tried


def check_categories(condition: pl.Expr, schema: Mapping[str, pl.DataType], *, cells: Cells, place: str) -> None:
    """Check that what a condition compares with columns of categories can be one of them.

    Args:
        condition: Of `glane.conditions.read_condition`.
        schema: Of its columns. Booleans and enumerations are columns of categories by their type.
        cells: Of the others that are.
        place: The setting that says it.

    Raises:
        ConfigError: for a value that is none of them, with the nearest that is, and for a pattern that fits none.
    """
    known = _known(schema, cells)
    for asked, literal in _asked(as_tree(condition)):
        names = list(dict.fromkeys(as_expression(asked).meta.root_names()))
        if not names or any(name not in known for name in names):
            continue
        given = _given(asked, names, known)
        if given is None:
            continue
        if literal is None:
            if given.dtype == pl.Boolean() and not given.any():
                raise ConfigError(
                    f"{place}: no value of {names[0]!r} fits the pattern that it is compared with. "
                    f"{did_you_mean('', _texts(known[names[0]]))}"
                )
            continue
        for value in pl.select(as_expression(literal).explode()).to_series():
            if not _is_one(value, given):
                raise ConfigError(
                    f"{place}: {value!r} is no value of {' and '.join(map(repr, names))}. "
                    f"{did_you_mean(str(value), _texts(given))}"
                )


def _known(schema: Mapping[str, pl.DataType], cells: Cells) -> dict[str, pl.Series]:
    known = {
        name: pl.Series(name, held, dtype=schema[name], strict=False)
        for name, held in cells.items()
        if name in schema and schema[name] != pl.Null()
    }
    for name, kind in schema.items():
        if kind == pl.Boolean():
            known[name] = pl.Series(name, [True, False])
        elif isinstance(kind, pl.Enum):
            known[name] = pl.Series(name, kind.categories, dtype=kind)
    return known


def _asked(tree: Any) -> Iterator[tuple[Any, Any]]:
    """What is compared with a literal, beside that; and what asks for a pattern, beside None. Both in Polars' JSON."""
    if isinstance(tree, list):
        for part in tree:
            yield from _asked(part)
    if not isinstance(tree, dict) or is_literal(tree):
        return
    for part in tree.values():
        yield from _asked(part)
    match tree:
        case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in _EQUALITIES:
            pairs = ((left, right), (right, left))
        case {"Function": {"input": [left, right], "function": {"Sql": {"IsIn": _}} | {"ListExpr": {"Contains": _}}}}:
            pairs = ((left, right), (right, left))
        case {"Function": {"input": [_, {"Literal": _}], "function": {"StringExpr": form}}}:
            if _PATTERNS & ({form} if isinstance(form, str) else set(form)):
                yield tree, None
            return
        case _:
            return
    yield from ((one, other) for one, other in pairs if is_literal(other) and not is_literal(one))


def _given(tree: Any, names: Sequence[str], known: Mapping[str, pl.Series]) -> pl.Series | None:
    """All that an expression can give; of a list alone, its items. None where that cannot be told."""
    if tree == {"Column": names[0]} and isinstance(known[names[0]].dtype, pl.List):
        return known[names[0]].explode()
    if any(isinstance(known[name].dtype, pl.List) for name in names):  # of several items, what is asked may be of all
        return None
    columns = [known[name].extend_constant(None, 1).to_frame() for name in names]
    if math.prod(column.height for column in columns) > _MOST_ROWS:
        return None
    rows = functools.reduce(lambda one, other: one.join(other, how="cross"), columns)
    try:
        return rows.select(as_expression(tree).alias("_")).to_series()
    except (pl.exceptions.PolarsError, ValueError, TypeError, TooDeep):  # another check says that it cannot be computed
        return None


def _is_one(value: object, given: pl.Series) -> bool:
    """Whether a literal can equal one of the values. Booleans are compared with numbers as 0 and 1."""
    if given.dtype == pl.Boolean() and isinstance(value, int | float):
        return value in (0, 1)
    is_text = isinstance(given.dtype, pl.String | pl.Boolean | pl.Enum | pl.Categorical)
    return not (is_text and isinstance(value, str)) or value in _texts(given)


def _texts(values: pl.Series) -> list[str]:
    plain = values.explode() if isinstance(values.dtype, pl.List) else values
    return [] if plain.dtype.is_nested() else plain.cast(pl.String).drop_nulls().unique().to_list()
