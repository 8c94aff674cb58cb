"""The documents of the rows that leave, and whose they are: read once more, so that identifiers are found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.settings.pseudonymise import ExportPseudonyms


def documents_of(run: Run, told: ExportPseudonyms) -> dict[str, list[dict[str, Any]]]:
    """The documents of each row: `document` (id), `text`, `person`, `known` values."""
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
        *(pl.col(name).cast(pl.String).alias(f"known {number}") for number, name in enumerate(told.known_columns)),
    )
    wanted = run.all().select(pl.col(run.id_column).cast(pl.String).alias("row"))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.join(wanted, on="row", how="semi").collect().iter_rows(named=True):
        known = [row[f"known {number}"] for number in range(len(told.known_columns))]
        one = {"document": row["document"], "text": row["text"], "person": row["person"]}
        found.setdefault(row["row"], []).append(one | {"known": [value for value in known if value]})
    if missing := [name for name in wanted.collect()["row"] if name not in found]:
        raise DataError(f"pseudonyms: the documents of {len(missing)} rows are not in the input any more.")
    return found


def persons_of(documents: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Whose each row is: what the column says of its first document, else the row by itself."""
    return {name: some[0]["person"] or name for name, some in documents.items()}
