"""The documents of the rows that leave, and whose they are: read once more, so that identifiers are found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import polars as pl

from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.settings.pseudonymise import ExportPseudonyms


def documents_of(run: Run, told: ExportPseudonyms) -> dict[str, list[dict[str, Any]]]:
    """The documents of each row: `document` (id), `text`, `person`, `known` values.

    Raises:
        ConfigError: if a column is not there, or a row is of documents of several persons.
        DataError: if documents are not there any more.
    """
    data, inputs = run.settings.data, run.inputs()
    names = inputs.collect_schema().names()
    asked = dict.fromkeys(told.known_columns, "known_columns")
    asked |= {} if told.person_column is None else {told.person_column: "person_column"}
    for name, setting in asked.items():
        if name not in names:
            raise ConfigError(
                f"pseudonyms.{setting}: the input of this run has no column {name!r}. {did_you_mean(name, names)}"
            )
    rows = inputs.select(
        pl.col(run.id_column).cast(pl.String).alias("row"),
        pl.col(data.id_column).cast(pl.String).alias("document"),
        pl.col(data.text_column).cast(pl.String).alias("text"),
        (pl.lit(None, pl.String) if told.person_column is None else pl.col(told.person_column).cast(pl.String)).alias(
            "person"
        ),
        *(pl.col(name).alias(f"known {number}") for number, name in enumerate(told.known_columns)),
    )
    wanted = run.all().select(pl.col(run.id_column).cast(pl.String).alias("row"))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.join(wanted, on="row", how="semi").collect().iter_rows(named=True):
        known = [value for number in range(len(told.known_columns)) for value in _each(row[f"known {number}"])]
        one = {"document": row["document"], "text": row["text"], "person": row["person"]}
        found.setdefault(row["row"], []).append(one | {"known": known})
    if missing := [name for name in wanted.collect()["row"] if name not in found]:
        raise DataError(f"pseudonyms: the documents of {len(missing)} rows are not in the input any more.")
    _refuse_several(found, told.person_column)
    return found


def _refuse_several(found: Mapping[str, Sequence[Mapping[str, Any]]], column: str | None) -> None:
    """Refuse rows of documents of several persons: their dates would be shifted as those of one of them."""
    several = sum(len({one["person"] for one in documents}) > 1 for documents in found.values())
    if several:
        raise ConfigError(
            f"pseudonyms.person_column: {several} rows of this run are of documents of several persons by {column!r}, "
            "and what is replaced in a row is replaced as of one. Leave person_column out, and each row is taken for a "
            f"person; or extract with data.group_by={column}."
        )


def _each(value: object) -> Iterator[str]:
    """The values that a cell holds, as texts: a list or a record holds several."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _each(one)
    elif value is not None and not isinstance(value, bool) and (text := written(value)):
        yield text


def written(value: object) -> str:
    """A value of a person as a text would have it: a day without its midnight, a whole number without decimals."""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, date) else str(value)


def persons_of(documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Whose each row is: what the column says of its documents, else the row by itself."""
    return {name: some[0]["person"] or name for name, some in documents.items()}
