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
from glane.run.links import links_to
from glane.run.whole import read_together
from glane.surveillance.linked import Links


def read_links(folder: str, runs: SeveralRuns, *, setting: str = "table.links") -> Links:
    """Read the links of the documents of a run.

    Args:
        folder: The out.dir of `glane link`.
        runs: Whose documents are linked.
        setting: That names the folder.

    Raises:
        ConfigError: if they are of items of a list, and not of documents.
        DataError: if they are of another run, or files are missing.
    """
    root = Path(folder).expanduser()
    with read_together(root, ("links.parquet", "decisions.parquet", "link.json"), place=setting):
        return _links(root, folder, runs, setting)


def _links(root: Path, folder: str, runs: SeveralRuns, setting: str) -> Links:
    try:
        summary = read_record(LinkSummary, root / "link.json")
    except FileNotFoundError:
        raise DataError(f"{setting}: no link.json in {folder}. Give the out.dir of glane link.") from None
    if len(summary.key) > 1:
        raise ConfigError(
            f"{setting}: {folder} links items of {summary.definition.list!r}, and documents are counted here. "
            "Its events are in entities.parquet, one row each. Link documents: linkage.list=null"
        )
    if not _is_of(summary, runs):
        raise DataError(f"{setting}: {folder} was made of another run ({summary.source}). Link this run.")
    records = read_table(str(root / "links.parquet"), place=setting)
    decisions = read_table(str(root / "decisions.parquet"), place=setting)
    name = runs.first.id_column
    if name not in records.columns:
        raise DataError(f"{setting}: {folder} names records by {summary.key[0]!r}, and the run by {name!r}.")
    return Links(records=records.select(name, ENTITY), decisions=decisions, seed=summary.definition.seed)


def _is_of(summary: LinkSummary, runs: SeveralRuns) -> bool:
    """Whether links may be of these runs; those of a table can only be told by the ids that they name."""
    if summary.fingerprint not in (None, runs.first.description().fingerprint_digest):
        return False
    known = [one.id for one in links_to(run.directory for run in runs.runs)]
    return summary.run is None or not known or summary.run.id in known  # other runs may have the same ids


def with_entities(
    usable: pl.DataFrame, failed: pl.DataFrame, links: Links, *, folder: str
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Documents with their entity. One without an answer that was not linked is an entity by itself.

    Raises:
        DataError: if a document with an answer was not linked: it would count as a person or event of its own.
        RunError: if the table has a column of that name already.
    """
    name = links.records.columns[0]
    if ENTITY in usable.columns:
        raise RunError(f"table: a column {ENTITY!r} would be taken for that of the links. Rename it in the input.")
    records = links.records.with_columns(pl.col(name).cast(usable.schema[name], strict=False)).drop_nulls(name)
    found, others = (rows.join(records, on=name, how="left", maintain_order="left") for rows in (usable, failed))
    if strangers := found[ENTITY].null_count():
        raise DataError(
            f"table.links: {folder} does not name {strangers} of the {found.height} documents, and each would count "
            "as a person or event of its own. Link again, so that all documents are linked together: a run by run.dir, "
            f"of several runs one table with the records of all by source=FILE id_column={name}."
        )
    return found, others.with_columns(pl.coalesce(ENTITY, pl.col(name).cast(pl.String)).alias(ENTITY))
