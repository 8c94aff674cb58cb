"""Which documents are of one study, as `glane link` found it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from glane.api.links import read_links
from glane.api.several_runs import together
from glane.extraction.results import Run


def entities_of(folder: str | Path, run: Run) -> dict[str, str]:
    """The entity of each linked document, by its id as text; raises as `read_links`."""
    records = read_links(str(folder), together([run]), setting="links").records
    return dict(records.select(pl.all().cast(pl.String)).iter_rows())
