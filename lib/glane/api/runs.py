"""`glane.runs`: the runs in a folder, and what was made of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glane.assess.files import write_folder
from glane.job.runs.collect import collect
from glane.job.runs.page import run_pages
from glane.job.runs.records import RunEntry
from glane.job.runs.table import runs_text
from glane.languages import Spoken
from glane.types import Language

_COLUMNS: dict[str, Any] = {
    "run": pl.String, "run_id": pl.String, "created": pl.String, "task": pl.String, "model": pl.String,
    "toy": pl.String, "state": pl.String, "rows": pl.Int64, "done": pl.Int64, "ok": pl.Int64, "leaks": pl.Int64,
    "gpu_hours": pl.Float64, "energy_kwh": pl.Float64, "f1": pl.Float64, "f1_low": pl.Float64,
    "f1_high": pl.Float64, "f1_documents": pl.Int64, "gold_kind": pl.String, "evaluation": pl.String,
    "error": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs(Spoken):
    """The runs below some folders, the latest first. `str()` of it is a table."""

    entries: tuple[RunEntry, ...]

    def _in_english(self) -> str:
        return runs_text(self.entries)

    @property
    def table(self) -> pl.DataFrame:
        """One row per run: where, what, how far, leaks, cost, F1 of the latest evaluation and where that is."""
        return pl.DataFrame([{name: one[name] for name in _COLUMNS} for one in self.as_values()], schema=_COLUMNS)

    def as_values(self) -> list[dict[str, Any]]:
        """The same as plain values, with all that was made of each run."""
        return [one.as_values() for one in self.entries]

    def write(self, folder: str, *, language: Language = "fr") -> list[str]:
        """Write `index.html`, and a page for each run, into a folder of their own; return their names.

        Raises:
            RunError: if the folder is a run's, or the file system refuses.
        """
        pages = run_pages(self.entries, folder, language=language)
        write_folder(folder, pages)
        return list(pages)


def runs(folder: str | Path | Sequence[str | Path] = "runs") -> Runs:
    """List the runs below a folder, or several, with the evaluations, reviews and estimates found there.

    These are known by the run's id, wherever the run was moved to. Reads no document and no record.

    Raises:
        RunError: if a folder is not there.
    """
    folders = [folder] if isinstance(folder, str | Path) else list(folder)
    return Runs(entries=tuple(collect(folders)))
