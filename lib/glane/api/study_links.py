"""Which documents are of one study, as `glane link` found it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glane.assess.files import read_table
from glane.errors import ConfigError, DataError
from glane.extraction.results import Run
from glane.linkage.link import ENTITY
from glane.linkage.record import LinkSummary
from glane.records import read_record
from glane.run.links import links_to


def entities_of(folder: str | Path, run: Run) -> dict[str, str]:
    """The entity of each linked document, by its id as text.

    Raises:
        ConfigError: if items of a list were linked, and not documents.
        DataError: if the links are of another run, or files are missing.
    """
    root = Path(folder).expanduser()
    try:
        summary = read_record(LinkSummary, root / "link.json")
    except FileNotFoundError:
        raise DataError(f"links: no link.json in {folder}. Give the out.dir of glane link.") from None
    if len(summary.key) > 1:
        raise ConfigError(
            f"links: {folder} links items of {summary.definition.list!r}. Link documents: linkage.list=null"
        )
    known = [one.id for one in links_to([run.directory])]
    is_other = summary.fingerprint not in (None, run.description().fingerprint_digest)
    if is_other or (summary.run is not None and known and summary.run.id not in known):
        raise DataError(f"links: {folder} was made of another run ({summary.source}). Link this run.")
    table = read_table(str(root / "links.parquet"), place="links")
    names = table.select(pl.col(summary.key[0]).cast(pl.String), pl.col(ENTITY).cast(pl.String))
    return dict(names.iter_rows())
