"""Runs that answered alike, taken as one: the increments of a collection that grows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.api.cases import rows_with_case, watch_of
from glane.api.clusters import are_copies_known
from glane.assess.clusters import CLUSTER, cluster_numbers
from glane.assess.estimate.case import CASE, CaseDefinition
from glane.assess.estimate.question import Question, rows_of_run
from glane.errors import ConfigError, DataError
from glane.extraction.fingerprint import changes
from glane.extraction.results import Run
from glane.languages import say

_TEXT = "__text"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralRuns:
    """Complete runs of one task, model and prompt over different documents; at least one."""

    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        """The run whose task and settings speak for all."""
        return self.runs[0]

    @property
    def names(self) -> list[str]:
        """Their directories."""
        return [str(run.directory.root) for run in self.runs]

    @property
    def folders(self) -> list[str]:
        """The folders that their documents are from."""
        return [str(_folder(Path(run.settings.data.path).expanduser())) for run in self.runs]

    def usable(self, question: Question, groups: Sequence[str] = (), *, extracted: bool = False) -> pl.DataFrame:
        """The rows with values that a question needs, with the columns `groups` (see `rows_of_run`).

        Raises:
            DataError: if a document is in two of the runs.
        """
        found = self._rows(question, groups, usable=True, extracted=extracted)
        ids = found[self.first.id_column]
        if len(self.runs) > 1 and ids.n_unique() < len(ids):
            raise DataError(
                f"run.dirs: {len(ids) - ids.n_unique()} documents are in more than one of the {len(self.runs)} runs. "
                "Each document counts once: leave a run out, or make increments with data.skip_done_in."
            )
        return found

    def are_copies_known(self) -> bool:
        """Whether the texts of all runs can be read again, by which copies of one text go together."""
        return all(map(are_copies_known, self.runs))

    def num_drawn_from(self, reviewed: pl.Series) -> int:
        """The usable documents of the runs that some of the reviewed ones are of."""
        found = [run.usable().select(self.first.id_column).collect().to_series() for run in self.runs]
        return sum(len(ids) for ids in found if reviewed.is_in(ids.implode()).any())

    def failed(self, question: Question, groups: Sequence[str] = ()) -> pl.DataFrame:
        """The rows without values, with the columns that a question needs, and `groups`.

        A document counts once, and not at all where another run has its values: as when a run reads again what an
        earlier one could not.
        """
        found = self._rows(question, groups, usable=False, extracted=True)
        if len(self.runs) == 1:
            return found
        usable = pl.concat([run.usable().select(self.first.id_column).collect() for run in self.runs])
        return found.unique(self.first.id_column, keep="last", maintain_order=True).join(
            usable, on=self.first.id_column, how="anti", maintain_order="left"
        )

    def _rows(self, question: Question, groups: Sequence[str], *, usable: bool, extracted: bool) -> pl.DataFrame:
        found = []
        case = None if question.case is None else CaseDefinition(question.case)
        watch = None if case is None or not usable else watch_of(self.first, case)
        for run in self.runs:
            frame = run.usable() if usable else run.rejected()
            if case is not None:
                frame = rows_with_case(run, frame, case, watch=watch)
            rows = rows_of_run(
                frame, question, id_column=run.id_column,
                carried=run.settings.data.carry_columns, inputs=run.columns_beside, groups=groups, extracted=extracted,
            )  # fmt: skip
            found.append(_with_text(rows, run) if usable and not question.clusters else rows)
        for note in () if watch is None else watch.notes(CASE):
            say(f"note: {note}", to=sys.stderr)
        together = pl.concat(found)
        if not usable or question.clusters:
            return together
        return together.with_columns(cluster_numbers(together, [_TEXT]).alias(CLUSTER)).drop(_TEXT)

    def drifted(self) -> list[str]:
        """The fields in which sentinels of any run drifted."""
        return sorted({field for run in self.runs for field in run.drifted_fields()})


def _folder(path: Path) -> Path:
    """The folder of a file, or of all that a glob can find; or a folder itself."""
    whole = path.absolute()
    first = next((at for at, part in enumerate(whole.parts) if set(part) & set("*?[")), None)
    found = whole if first is None else Path(*whole.parts[:first])
    return (found if first is not None or found.is_dir() else found.parent).resolve()


def together(runs: Sequence[Run]) -> SeveralRuns:
    """Check that runs answered alike.

    Raises:
        ConfigError: if there is none.
        DataError: if they differ in model, prompt, task or engine.
    """
    if not runs:
        raise ConfigError("run.dirs: no complete run there.")
    first = runs[0]
    for other in runs[1:]:
        if differ := changes(first.description().fingerprint, other.description().fingerprint):
            raise DataError(
                f"run.dirs: {other.directory.root} answers otherwise than {first.directory.root}: {', '.join(differ)}. "
                "Error rates are those of one way of asking. Estimate each run by itself."
            )
    return SeveralRuns(runs=tuple(runs))


def _with_text(rows: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The rows with the digest of their text, by which copies go together; null where that cannot be told.

    The result tells only of those copies that met in one process, so texts are read; not of groups, which have several.
    """
    alone = rows.with_columns(pl.lit(None, pl.UInt64).alias(_TEXT))
    if run.settings.data.group_by is not None:
        return alone
    try:
        text = pl.col(run.settings.data.text_column).hash().alias(_TEXT)
        texts = run.documents().select(run.id_column, text).collect()
    except DataError:
        return alone
    return rows.join(texts, on=run.id_column, how="left", maintain_order="left")
