"""Right and found answers as plain values, read from the columns of a table. Answers made by people are checked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from glane.assess.remedies import brought_into
from glane.errors import DataError, did_you_mean, told
from glane.task.fields import EnumField, Field, ListField, ObjectField
from glane.type_words import type_words

_SHOWN = 5  # ids that a message names
_BLOCK = 5_000  # documents that are held as Python values at once


def answers_of(fields: Mapping[str, Field], table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the values of every row of a table, as `answer_of` returns them."""
    wanted = {*fields, *(f"{name}__precision" for name in fields)}
    names = [name for name in table.columns if name in wanted]
    for block in table.select(names).iter_slices(_BLOCK):
        for row in block.iter_rows(named=True):
            yield answer_of(fields, row)


def answer_of(fields: Mapping[str, Field], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of one row, or of one record in it, as `glane.assess.evaluate.matching` compares them."""
    return {name: _value(field, row.get(name), row.get(f"{name}__precision")) for name, field in fields.items()}


def _value(field: Field, raw: Any, precision: Any = None) -> Any:
    if raw is None or raw != raw:  # what pandas writes for a number that is not there
        return None
    if isinstance(field, ListField):
        items = [_item(field.items, one) for one in raw]
        return [item for item in items if item is not None]
    return answer_of(field.fields, raw) if isinstance(field, ObjectField) else field.gold_value(raw, precision)


def _item(field: Field, raw: Any) -> Any:
    if not isinstance(field, ObjectField) and isinstance(raw, Mapping):
        return _value(field, raw.get("date"), raw.get("date__precision"))
    return _value(field, raw)


def check_ids(table: pl.DataFrame, id_column: str, *, place: str) -> None:
    """Check that every row has an id of its own.

    Raises:
        DataError: naming the column, or the first ids that are wrong.
    """
    if id_column not in table.columns:
        raise DataError(
            f"{place}: no column {id_column!r}, the id of the run. {did_you_mean(id_column, table.columns)}"
        )
    if missing := table[id_column].null_count():
        raise DataError(f"{place}.{id_column}: {missing} rows have no id. Remove them, or give them the run's ids.")
    twice = table[id_column].filter(table[id_column].is_duplicated()).unique(maintain_order=True)
    if len(twice):
        raise DataError(
            f"{place}.{id_column}: {len(twice)} ids stand in several rows, {some_ids(twice.to_list())} for example. "
            "One row per document is needed: keep the adjudicated one."
        )


def gold_fields(
    fields: Mapping[str, Field], gold: pl.DataFrame, wanted: Collection[str], *, place: str = "gold"
) -> dict[str, Field]:
    """Return the fields that the right answers have columns for, records without the members that these lack.

    A partial date needs its precision beside it: `2025-03-01` alone may be a day or a month. Without, it is compared as
    a day, and a month that the run found as its first day.

    Args:
        fields: The task's.
        gold: One column per field, of the type that the result has.
        wanted: The fields to compare; all that have a column if empty.
        place: What a message calls the table.

    Raises:
        DataError: if a wanted field has no column, no field has one, or a column has another type.
    """
    if strange := [name for name in wanted if name not in fields]:
        raise DataError(f"fields: {strange[0]!r} is no field of the task. {did_you_mean(strange[0], fields)}")
    if lacking := [name for name in wanted if name not in gold.columns]:
        raise DataError(f"{place}: no column {lacking[0]!r}. {did_you_mean(lacking[0], gold.columns)}")
    present = [name for name in fields if name in gold.columns and (not wanted or name in wanted)]
    if not present:
        raise DataError(
            f"{place}: no column is a field of the task. It has {', '.join(gold.columns)}; the fields are "
            f"{', '.join(fields)}."
        )
    return {
        name: _told_precision(_pruned(fields[name], gold.schema[name], f"{place}.{name}"), name, gold.columns)
        for name in present
    }


def _told_precision(field: Field, name: str, columns: Collection[str]) -> Field:
    """Without a precision in the right answers, a partial date is compared as a day."""
    if _has_precision(field) and f"{name}__precision" not in columns:
        return field.model_copy(update={"precision": "day"})
    return field


def _has_precision(field: Field) -> bool:
    return not isinstance(field, ListField | ObjectField) and field.has_precision


def _pruned(field: Field, kind: pl.DataType, place: str) -> Field:
    """The field without the members that a column of this type lacks."""
    if kind == pl.Null:
        return field
    if isinstance(field, ListField) and isinstance(kind, pl.List | pl.Array):
        return _pruned_list(field, _instance(kind.inner), place)
    if isinstance(field, ObjectField) and isinstance(kind, pl.Struct):
        members = _members(kind)
        kept = {
            name: _told_precision(_pruned(inner, members[name], f"{place}.{name}"), name, members)
            for name, inner in field.fields.items()
            if name in members
        }
        if not kept:
            raise DataError(f"{place}: has none of the members {', '.join(field.fields)}.")
        return field.model_copy(update={"fields": kept})
    if isinstance(field, ListField | ObjectField) or not field.takes_column(kind):
        remedy = (
            ""
            if place.count(".") > 1 or "[" in place
            else brought_into(place.partition(".")[2], kind, _expected(field))
        )
        raise DataError(
            f"{place}: the column is {type_words(kind)}; the task's {field.type} needs {_expected(field)}.{remedy}"
        )
    return field


def _pruned_list(field: ListField, inner: pl.DataType, place: str) -> Field:
    if _has_precision(field.items):
        members = _members(inner) if isinstance(inner, pl.Struct) else {"date": inner}
        _pruned(
            field.items, members.get("date", pl.String()), f"{place}[]{'.date' if isinstance(inner, pl.Struct) else ''}"
        )
        return field.model_copy(update={"items": _told_precision(field.items, "date", members)})
    items = _pruned(field.items, inner, f"{place}[]")
    kept = items.fields if isinstance(items, ObjectField) else ()
    return field.model_copy(update={"items": items, "keys": tuple(key for key in field.keys if key in kept)})


def _expected(field: Field) -> str:
    if isinstance(field, ListField):
        return f"List({_expected(field.items)})"
    if isinstance(field, ObjectField):
        return f"Struct of {', '.join(f'{name}: {_expected(inner)}' for name, inner in field.fields.items())}"
    return field.gold_column()


def check_gold(fields: Mapping[str, Field], gold: pl.DataFrame, id_column: str) -> None:
    """Check the values of right answers: whole numbers, known categories.

    Raises:
        DataError: naming the column, the first ids and what would be valid, but no value: it may be a document's word.
    """
    for name, field in fields.items():
        wrong = [
            id_
            for block in gold.select(pl.col(id_column).alias("id"), pl.col(name).alias("value")).iter_slices(_BLOCK)
            for id_, value in block.iter_rows()
            if not _is_valid(field, value)
        ]
        if wrong:
            raise DataError(f"gold.{name}: {some_ids(wrong)} ({len(wrong)} rows) {_complaint(field)}.")


def _is_valid(field: Field, value: Any) -> bool:
    if value is None or value != value:
        return True
    if isinstance(field, ListField):
        return all(_is_valid_item(field.items, one) for one in value)
    if isinstance(field, ObjectField):
        return all(_is_valid(inner, value.get(name)) for name, inner in field.fields.items())
    return field.is_gold(value)


def _is_valid_item(field: Field, value: Any) -> bool:
    """An item may be a date beside its precision."""
    return (isinstance(value, Mapping) and not isinstance(field, ObjectField)) or _is_valid(field, value)


def _complaint(field: Field) -> str:
    if isinstance(field, ListField):
        return f"has an item that {_complaint(field.items)}"
    if not isinstance(field, ObjectField):
        return field.gold_complaint()
    inner = [one for one in field.fields.values() if isinstance(one, EnumField)]
    valid = "; ".join(", ".join(one.values) for one in inner)
    return "has a member that the task does not allow" + (f" (categories: {valid})" if valid else "")


def some_ids(ids: Collection[Any]) -> str:
    """The first of some ids, for a message."""
    shown = [told(one).strip("'") for one in ids][:_SHOWN]
    return ", ".join(shown) + (", …" if len(ids) > _SHOWN else "")


def _members(kind: pl.Struct) -> dict[str, pl.DataType]:
    return {field.name: _instance(field.dtype) for field in kind.fields}


def _instance(kind: Any) -> pl.DataType:
    return kind() if isinstance(kind, type) else kind
