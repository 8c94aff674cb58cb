"""What tables of persons and events take of a linkage: the folder that `glane link` wrote."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glane.api.several_runs import SeveralRuns
from glane.assess.files import read_table
from glane.errors import ConfigError, DataError, RunError
from glane.linkage.link import ENTITY
from glane.linkage.record import LinkSummary
from glane.records import read_record
from glane.surveillance.linked import Links


def read_links(folder: str, runs: SeveralRuns) -> Links:
    """Read the links of the documents of a run.

    Raises:
        ConfigError: if they are of items of a list, and not of documents.
        DataError: if they are of another run, or files are missing.
    """
    root = Path(folder).expanduser()
    try:
        summary = read_record(LinkSummary, root / "link.json")
    except FileNotFoundError:
        raise DataError(f"table.links: no link.json in {folder}. Give the out.dir of glane link.") from None
    if len(summary.key) > 1:
        raise ConfigError(
            f"table.links: {folder} links items of {summary.definition.list!r}, and a table counts documents. Its "
            "events are in entities.parquet, one row each; for a table, link documents."
        )
    if summary.fingerprint not in (None, runs.first.description().fingerprint_digest):
        raise DataError(f"table.links: {folder} was made of another run ({summary.source}). Link this run.")
    records = read_table(str(root / "links.parquet"), place="table.links")
    decisions = read_table(str(root / "decisions.parquet"), place="table.links")
    name = runs.first.id_column
    if name not in records.columns:
        raise DataError(f"table.links: {folder} names records by {summary.key[0]!r}, and the run by {name!r}.")
    return Links(records=records.select(name, ENTITY), decisions=decisions, seed=summary.definition.seed)


def with_entities(rows: pl.DataFrame, links: Links) -> pl.DataFrame:
    """Documents with their entity; one that was not linked is one by itself.

    Raises:
        RunError: if the table has a column of that name already.
    """
    name = links.records.columns[0]
    if ENTITY in rows.columns:
        raise RunError(f"table: a column {ENTITY!r} would be taken for that of the links. Rename it in the input.")
    records = links.records.with_columns(pl.col(name).cast(rows.schema[name]))
    found = rows.join(records, on=name, how="left", maintain_order="left")
    return found.with_columns(pl.coalesce(ENTITY, pl.col(name).cast(pl.String)).alias(ENTITY))
