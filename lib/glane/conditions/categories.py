"""What conditions compare with columns of categories: a slip there would match no row, and be taken for a finding.

It is looked for by trying: an expression is computed for all categories of its columns, and a text that it is compared
with must be among what comes out. So `LOWER(syndrome) = 'flu'` is checked as `syndrome = 'flu'` is.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from glane.conditions.trees import TooDeep, as_expression, as_tree, is_literal
from glane.errors import ConfigError, did_you_mean

Cells = Mapping[str, Sequence[object]]  # of columns: cells that together hold all their categories; of lists, lists
_EQUALITIES = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity"})
_PATTERNS = frozenset({"StartsWith", "EndsWith", "Contains", "Find"})  # what LIKE and its kin become, and STRPOS
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
    for asked, literal in compared(as_tree(condition)):
        names = list(dict.fromkeys(as_expression(asked).meta.root_names()))
        plain, values = _plain(asked, known)
        given = _given(plain, values)
        if given is None:
            continue
        if literal is None:
            if not (given if given.dtype == pl.Boolean() else given.is_not_null()).any():
                raise ConfigError(
                    f"{place}: no value of {names[0]!r} fits the pattern that it is compared with. "
                    f"{did_you_mean('', _texts(next(iter(values.values()))))}"
                )
            continue
        for value in pl.select(as_expression(literal).explode()).to_series():
            if not _is_one(value, given):
                raise ConfigError(
                    f"{place}: {value!r} is no value of {' and '.join(map(repr, names))}. "
                    f"{did_you_mean(str(value), _texts(given))}"
                )


def _known(schema: Mapping[str, pl.DataType], cells: Cells) -> dict[str, pl.Series]:
    known: dict[str, pl.Series] = {}
    for name, kind in schema.items():
        if name in cells and kind != pl.Null():
            coded = isinstance(kind, pl.Categorical | pl.Enum)
            known[name] = pl.Series(name, cells[name], dtype=pl.String() if coded else kind, strict=False)
        elif isinstance(kind, pl.Enum):
            known[name] = pl.Series(name, kind.categories, dtype=pl.String())
        if kind == pl.Boolean():
            known[name] = pl.Series(name, [True, False])
    return known


def compared(tree: Any) -> Iterator[tuple[Any, Any]]:
    """What is compared with a literal, beside that; and what asks for a pattern, beside None. Both in Polars' JSON."""
    if isinstance(tree, list):
        for part in tree:
            yield from compared(part)
    if not isinstance(tree, dict) or is_literal(tree):
        return
    for part in tree.values():
        yield from compared(part)
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


def _plain(tree: Any, known: Mapping[str, pl.Series]) -> tuple[Any, dict[str, pl.Series]]:
    """A tree in which items of lists and fields of records are columns, and all values of each column that is known."""
    values: dict[str, pl.Series] = {}

    def replaced(node: Any) -> Any:
        if isinstance(node, list):
            return [replaced(part) for part in node]
        if not isinstance(node, dict) or is_literal(node):
            return node
        found = _values_of(node, known)
        if found is not None:
            name = json.dumps(node)  # what is written twice is one value
            values[name] = found
            return {"Column": name}
        match node:
            case {"Function": {"function": {"StructExpr": _}}}:  # a field that is of no categories
                return node
        return {key: replaced(part) for key, part in node.items()}

    return replaced(tree), values


def _values_of(tree: Any, known: Mapping[str, pl.Series]) -> pl.Series | None:
    """All values of a column of categories, of a field of a record, or of the items of a list at any place."""
    match tree:
        case {"Column": name}:
            return known.get(name)
        case {"Function": {"input": [inner, *_], "function": {"StructExpr": {"FieldByName": name}}}}:
            record = _values_of(inner, known)
            if record is None or not isinstance(record.dtype, pl.Struct) or name not in dict(record.dtype):
                return None
            field = record.struct.field(name)
            return None if field.null_count() == len(field) else field  # no field of categories
        case {"Function": {"input": [inner, _], "function": {"ListExpr": {"Get": _}}}}:
            items = _values_of(inner, known)
            return None if items is None or not isinstance(items.dtype, pl.List) else items.explode()
    return None


def _given(tree: Any, values: Mapping[str, pl.Series]) -> pl.Series | None:
    """All that an expression can give; of a list alone, its items. None where that cannot be told."""
    names = list(dict.fromkeys(as_expression(tree).meta.root_names()))
    if not names or any(name not in values for name in names):
        return None
    if tree == {"Column": names[0]} and isinstance(values[names[0]].dtype, pl.List):
        return values[names[0]].explode()
    if any(isinstance(values[name].dtype, pl.List) for name in names):  # of several items, what is asked may be of all
        return None
    columns = [values[name].alias(name).extend_constant(None, 1).to_frame() for name in names]
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
