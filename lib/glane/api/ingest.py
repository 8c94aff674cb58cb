"""`glane.ingest`: files of any kind become a data set of documents, from a notebook or a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.overrides import set_key
from glane.composition import as_told, composed
from glane.errors import ConfigError
from glane.ingestion.record import LOOK
from glane.ingestion.summary import ingest_summary, summary_lines
from glane.job.ingest import ingest_here
from glane.languages import Spoken
from glane.parquet import scan_parquet
from glane.run.directory import RunDirectory
from glane.settings import ingest_settings
from glane.settings.words import key_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested(Spoken):
    """A data set of documents, and the run that made it. `str()` of it tells what became of the files."""

    path: Path
    directory: RunDirectory

    def documents(self) -> pl.LazyFrame:
        """All documents, one a row, also those that could not be read."""
        return scan_parquet(sorted(self.path.glob("*.parquet")))

    def needs_a_look(self) -> pl.DataFrame:
        """What is neither OK nor empty, with the reasons, and places where documents may be missing."""
        place = self.path / LOOK
        with open(place, encoding="utf-8-sig") as stream:
            separator = stream.readline().removeprefix("id")[:1]
        return pl.read_csv(place, separator=separator, infer_schema=False)

    @property
    def counts(self) -> dict[str, Any]:
        """How many files and documents there are, by outcome and by kind."""
        return ingest_summary(self.directory).counts.model_dump()

    def _in_english(self) -> str:
        return "\n".join(summary_lines(self.directory))


def ingest(
    source: str | Path | Sequence[str | Path],
    data_path: str | Path,
    *,
    run_dir: str | Path | None = None,
    **overrides: Any,
) -> Ingested:
    """Read files into a Parquet data set, on all cores of this machine; one row per document.

    The same call goes on where it stopped, and does nothing where all is done.

    Args:
        source: A folder with all below it, a file, or a glob; or several of them.
        data_path: The data set: a folder that is not there yet, or is empty.
        run_dir: Where the run lives; beside the data set if not told.
        overrides: Further keys of the configuration, with two underscores for each dot: `limits__timeout_s=120`.

    Raises:
        GlaneError: for what can be mended, as the command line says it.
    """
    values = composed("ingest", ["source=x", "data.path=x", "progress=plain"], types=key_types("ingest"))
    values["source"] = [str(source)] if isinstance(source, str | Path) else [str(one) for one in source]
    values["data"]["path"] = str(data_path)
    values["run"]["dir"] = None if run_dir is None else str(run_dir)
    for name, value in overrides.items():
        set_key(values, name.split("__"), value)
    settings = ingest_settings(as_told(values, [name.replace("__", ".") for name in overrides]))
    if settings.cluster.kind != "local":
        raise ConfigError(
            f"cluster: glane.ingest works on this machine, and cannot submit to {settings.cluster.kind}. "
            f"On the command line: glane ingest … cluster={settings.cluster.kind}"
        )
    run = ingest_here(settings)
    return Ingested(path=Path(settings.data.path).expanduser(), directory=run.directory)
