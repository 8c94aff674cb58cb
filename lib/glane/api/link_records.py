"""The records that a linkage takes: rows of a run or of a table, where what is not verified says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from glane.errors import ConfigError, did_you_mean
from glane.extraction.results import Run
from glane.settings.link import LinkDefinition
from glane.types import Alignment

_SIGNS = ("not_in_quote", "leaked_from_example", "forced_quote")
_JOINED = "; "  # between the items of a list, in a line list


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecords:
    """One row per record: the key, and the columns of the definition."""

    rows: pl.DataFrame
    key: tuple[str, ...]
    unverified: Mapping[str, int]  # by column: values that were made null


def records_of_run(run: Run, definition: LinkDefinition) -> LinkRecords:
    """The rows of a run with values, or the items of one of its lists.

    Raises:
        ConfigError: for a column that there is not.
        DataError: if a column of the input is needed, and the input cannot be read.
    """
    listed = definition.list
    rows = run.line_list(explode=listed, for_spreadsheet=False).collect()
    key = (run.id_column,) if listed is None else (run.id_column, f"{listed}__item")
    if listed is not None:
        rows = rows.drop_nulls(f"{listed}__item")
    rows = _with_lists(rows, run, definition.columns)
    if beside := [name for name in definition.columns if name not in rows.columns]:
        inputs = run.columns_beside()
        known = [*rows.columns, *inputs.collect_schema().names()]
        _check(beside, known)
        rows = rows.join(inputs.select(run.id_column, *beside).collect(), on=run.id_column, how="left")
    return _verified(rows, key, definition, listed)


def records_of_table(table: pl.DataFrame, id_column: str, definition: LinkDefinition) -> LinkRecords:
    """The rows of a table.

    Raises:
        ConfigError: for a column that there is not.
    """
    _check([id_column, *definition.columns], table.columns)
    return _verified(table, (id_column,), definition, None)


def _check(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"linkage: no column {name!r} there. {did_you_mean(name, known)}")


def _with_lists(rows: pl.DataFrame, run: Run, columns: Sequence[str]) -> pl.DataFrame:
    """Lists of plain values as lists, which a line list joins."""
    schema = run.usable().collect_schema()
    lists = [name for name in columns if isinstance(kind := schema.get(name), pl.List) and _is_plain(kind)]
    if not lists:
        return rows
    whole = run.usable().select(run.id_column, *lists).collect()
    return rows.drop(lists).join(whole, on=run.id_column, how="left", maintain_order="left")


def _is_plain(kind: pl.List) -> bool:
    return not isinstance(kind.inner, pl.Struct | pl.List)


def _verified(
    rows: pl.DataFrame, key: tuple[str, ...], definition: LinkDefinition, listed: str | None
) -> LinkRecords:  # fmt: skip
    cells, counts = [], {}
    for name in definition.columns:
        is_doubted = _is_unverified(rows, name, listed)
        counts[name] = rows.select((is_doubted & pl.col(name).is_not_null()).sum()).item()
        cells.append(pl.when(~is_doubted).then(pl.col(name)).alias(name))
    return LinkRecords(rows=rows.select(*key, *cells), key=key, unverified=counts)


def _is_unverified(rows: pl.DataFrame, name: str, listed: str | None) -> pl.Expr:
    """Whether a value is one that its document does not show: by its own quote, or that of the item it is of."""
    owners = [name] if listed is None or not name.startswith(f"{listed}.") else [name, listed]
    owner = next((one for one in owners if f"{one}__alignment" in rows.columns), None)
    found = [pl.lit(False)]
    if owner is not None:
        found.append(pl.col(f"{owner}__alignment").cast(pl.String) == Alignment.NONE)
    if f"{name}__supports" in rows.columns:
        found.append(pl.col(f"{name}__supports").not_())
    for sign in _SIGNS:
        kind = rows.schema.get(sign)
        if kind == pl.String:
            found.append(pl.col(sign).str.split(_JOINED).list.contains(name))
        elif isinstance(kind, pl.List):
            found.append(pl.col(sign).list.contains(name))
    return pl.any_horizontal(one.fill_null(False) for one in found)
