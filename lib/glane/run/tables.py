"""Other shapes of a result: flat for spreadsheets, long for checking what was found against the texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from glane.errors import ConfigError, did_you_mean

_JOINED = "; "  # between the items of a list, in one cell
_ITEM = "item"
_EVIDENCE = {"quote": pl.String(), "start": pl.Int64(), "end": pl.Int64(), "alignment": pl.String()}

Get = Callable[[str], pl.Expr]


def line_list(rows: pl.LazyFrame, fields: Sequence[str], *, explode: str | None = None) -> pl.LazyFrame:
    """Return rows whose every cell is a plain value, for CSV, R and Excel.

    Evidence becomes `<field>__quote`, `__start`, `__end` and `__alignment`; the items of a list are joined by "; "; a
    list of records is told by the number of its items, `<field>__count`, unless it is the one to `explode`: then there
    is one row per item, its members as `<field>__<member>`, and a document without items keeps one row. Probabilities
    and conflicts are left to the full result.

    Raises:
        ConfigError: if `explode` is no list of the task.
    """
    schema = rows.collect_schema()
    if explode is not None:
        lists = [name for name in fields if isinstance(schema[name], pl.List)]
        if explode not in lists:
            raise ConfigError(f"explode: {explode!r} is no list of this task. {did_you_mean(explode, lists)}")
        beside = [name for name in schema if name == explode or _belongs(name, explode)]
        parallel = [name for name in beside if isinstance(schema[name], pl.List)]
        rows = rows.explode(parallel, empty_as_null=True)
        schema = rows.collect_schema()
    cells = [cell for name, kind in schema.items() for cell in _cells(name, kind, pl.col(name))]
    return rows.select(cells)


def _belongs(name: str, field: str) -> bool:
    return name.startswith(f"{field}__") and not name.endswith(("__missing", "__conflicts"))


def _cells(name: str, kind: pl.DataType, value: pl.Expr) -> list[pl.Expr]:
    if name.endswith(("__probabilities", "__conflicts")):
        return []
    if isinstance(kind, pl.Struct):
        if name.endswith("__evidence"):
            stem = name.removesuffix("evidence")
            return [value.struct.field(part).alias(f"{stem}{part}") for part in _EVIDENCE]
        inner = [(field.name, field.dtype) for field in kind.fields]
        return [
            cell
            for part, dtype in inner
            for cell in _cells(f"{name}__{part}", _instance(dtype), value.struct.field(part))
        ]
    if isinstance(kind, pl.List):
        item = _instance(kind.inner)
        if name.endswith("__evidence"):
            quotes = value.list.eval(pl.element().struct.field("quote"))
            return [_join(quotes).alias(f"{name.removesuffix('evidence')}quote")]
        if isinstance(item, pl.Struct | pl.List):
            return [value.list.len().alias(f"{name}__count")]
        return [_join(value.list.eval(pl.element().cast(pl.String))).alias(name)]
    if isinstance(kind, pl.Categorical | pl.Enum):
        return [value.cast(pl.String).alias(name)]
    return [value.alias(name)]


def _join(items: pl.Expr) -> pl.Expr:
    return items.list.join(_JOINED, ignore_nulls=True)


def evidence(rows: pl.LazyFrame, fields: Sequence[str], *, id_column: str) -> pl.LazyFrame:
    """Return one row per value found: id, field, item, value (as text), quote, start, end, alignment, confidence.

    `item` counts the items of a list from 0; members of a record are fields named `<list>.<member>`.
    """
    schema = dict(rows.collect_schema())
    base = rows.select(pl.col(id_column), pl.lit(None, pl.Int64).alias(_ITEM), pl.exclude(id_column))
    tables = _tables(base, schema, pl.col, fields, id_column, prefix="")
    return pl.concat(tables) if tables else _table(base, id_column, "", pl.lit(None, pl.String), {}, pl.col).limit(0)


def _tables(
    frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], get: Get, names: Sequence[str], id_column: str, prefix: str
) -> list[pl.LazyFrame]:
    found = []
    for name in names:
        kind, full = schema[name], f"{prefix}{name}"
        if isinstance(kind, pl.List):
            found += _of_list(frame, schema, get, name, id_column, full)
        elif isinstance(kind, pl.Struct) and not _is_partial_date(kind):
            inner = _members(kind)
            plain = [part for part in inner if "__" not in part]
            found += _tables(frame, inner, _inside(get(name)), plain, id_column, f"{full}.")
        else:
            found.append(_table(frame, id_column, full, _text(kind, get(name)), schema, get, name))
    return found


def _of_list(
    frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], get: Get, name: str, id_column: str, full: str
) -> list[pl.LazyFrame]:
    kind = schema[name]
    assert isinstance(kind, pl.List)
    item = _instance(kind.inner)
    beside = [one for one in (name, f"{name}__evidence", f"{name}__confidence") if one in schema]
    exploded = (
        frame.select(pl.col(id_column), pl.col(_ITEM).alias("__outer"), *(get(one).alias(one) for one in beside))
        .filter(pl.col(name).is_not_null() & (pl.col(name).list.len() > 0))
        .with_columns(pl.int_ranges(0, pl.col(name).list.len(), dtype=pl.Int64).alias(_ITEM))
        .explode([_ITEM, *beside])
        .with_columns(pl.coalesce("__outer", _ITEM).alias(_ITEM))
    )
    inner_schema = {one: _instance(k.inner) if isinstance(k := schema[one], pl.List) else k for one in beside}
    if isinstance(item, pl.Struct) and not _is_partial_date(item):
        members = _members(item)
        plain = [part for part in members if "__" not in part]
        return _tables(exploded, members, _inside(pl.col(name)), plain, id_column, f"{full}.")
    if isinstance(item, pl.List):
        return _tables(exploded, {name: item}, pl.col, [name], id_column, full.removesuffix(name))
    return [_table(exploded, id_column, full, _text(item, pl.col(name)), inner_schema, pl.col, name)]


def _table(
    frame: pl.LazyFrame,
    id_column: str,
    field: str,
    value: pl.Expr,
    schema: Mapping[str, pl.DataType],
    get: Get,
    name: str = "",
) -> pl.LazyFrame:
    passage, probability = f"{name}__evidence", f"{name}__confidence"
    parts = [
        (get(passage).struct.field(part) if passage in schema else pl.lit(None)).cast(dtype).alias(part)
        for part, dtype in _EVIDENCE.items()
    ]
    confidence = get(probability) if probability in schema else pl.lit(None)
    return frame.select(
        pl.col(id_column),
        pl.lit(field).alias("field"),
        pl.col(_ITEM),
        value.alias("value"),
        *parts,
        confidence.cast(pl.Float64).alias("confidence"),
    ).filter(pl.col("value").is_not_null())


def _inside(struct: pl.Expr) -> Get:
    return lambda part: struct.struct.field(part)


def _members(kind: pl.Struct) -> dict[str, pl.DataType]:
    return {field.name: _instance(field.dtype) for field in kind.fields}


def _is_partial_date(kind: pl.Struct) -> bool:
    return [field.name for field in kind.fields] == ["date", "date__precision"]


def _text(kind: pl.DataType, value: pl.Expr) -> pl.Expr:
    if isinstance(kind, pl.Struct):  # a partial date in a list
        return value.struct.field("date").cast(pl.String)
    return value.cast(pl.String)


def _instance(kind: object) -> pl.DataType:
    """A data type as an instance: Polars gives classes for those without parameters."""
    return kind() if isinstance(kind, type) else kind  # type: ignore[return-value]
