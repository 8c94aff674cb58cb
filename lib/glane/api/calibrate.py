"""`glane.calibrate`: which values of a run need no review."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.api.clusters import clusters_of
from glane.api.evaluate import Evaluation
from glane.api.gold import origin_beside
from glane.api.numbers import check_numbers
from glane.api.sources import Names, RunLike, TableLike, name_of, names_in, run_of, table_of
from glane.assess.calibrate.acceptance import Documents, accept
from glane.assess.calibrate.doubted import with_doubts
from glane.assess.calibrate.page import calibration_page
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.calibrate.shapes import shapes
from glane.assess.calibrate.tested import Risks
from glane.assess.calibrate.told import acceptance_text
from glane.assess.files import as_parquet, write_folder
from glane.assess.right_answers import RightAnswers
from glane.languages import Spoken
from glane.run.links import RunLink, links_to
from glane.settings.calibrate import CalibrateSettings
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Spoken):
    """The values of a run in two parts. `str()` of it says how many are accepted, and with what guarantee."""

    accepted: pl.DataFrame  # one row per value that can be used; `source` says whether it is reviewed or accepted
    to_review: pl.DataFrame
    line_list: pl.DataFrame  # one row per document, each field with its `__source`
    summary: CalibrationSummary  # everything that the report shows
    language: Language
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
        return acceptance_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `accepted`, `to_review` and `line_list` as Parquet, `calibration.json` and `report.html`.

        Returns:
            The names of the files.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "accepted.parquet": as_parquet(self.accepted),
            "to_review.parquet": as_parquet(self.to_review),
            "line_list.parquet": as_parquet(self.line_list),
            "calibration.json": self.summary.as_json(),
            "report.html": calibration_page(self.summary, language=self.language).encode(),
        }
        write_folder(folder, files, of=self.links)
        return list(files)


def calibrate(
    run: RunLike,
    values: TableLike | Evaluation,
    *,
    alpha: float = 0.05,
    delta: float = 0.05,
    missed: float | None = None,
    clusters: Names = (),
    pooled: Names = (),
    seed: int = 0,
    out_dir: str | None = None,
) -> Calibration:
    """Part a run's values into those that may be accepted without review and those to be reviewed.

    The values of each predicted category of booleans and enums are tested by themselves: at most `alpha` of the
    accepted "true" is wrong, at most `alpha` of the accepted "false", and so on.

    Args:
        run: A run, or its directory.
        values: The judged values: an evaluation, its `values`, or the path of its `values.parquet`. An evaluation, and
            its folder, also tell where the right answers are from.
        alpha: The share of accepted values that may be wrong, in each group.
        delta: How likely it may be that more than `alpha` are, in any.
        missed: The share of documents without a value, or with "false", that may hide one; tested for each field if
            given, with the rest. Otherwise it is told with a limit.
        clusters: Columns of the run or its input that say which documents go together, such as a patient's; those with
            the same text if empty.
        pooled: Fields with categories whose values are tested together.
        seed: Of the folds.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the run is not complete, or the values do not fit it.
    """
    check_numbers(CalibrateSettings, alpha=alpha, delta=delta, missed=missed, seed=seed)
    opened = run_of(run)
    known = shapes(opened.task.fields, pooled=names_in(pooled))
    judged, origin = _judged(values)
    table, are_known = clusters_of(opened, names_in(clusters), opened.usable())
    found = accept(
        with_doubts(opened.evidence().collect(), opened.doubts().collect(), id_column=opened.id_column),
        table_of(judged, place="values", id_column=opened.id_column),
        id_column=opened.id_column,
        risks=Risks(alpha=alpha, delta=delta, missed=missed),
        shapes=known,
        documents=Documents(table=table, columns=names_in(clusters), are_known=are_known),
        seed=seed,
    )
    result = Calibration(
        accepted=found.accepted,
        to_review=found.to_review,
        line_list=found.line_list,
        summary=found.summary.model_copy(
            update={"run": name_of(run), "values": name_of(judged), "toy": opened.toy, "right_answers": origin}
        ),
        language=opened.task.language,
        links=links_to([opened.directory]),
    )
    if out_dir is not None:
        result.write(out_dir)
    return result


def _judged(values: TableLike | Evaluation) -> tuple[TableLike, RightAnswers | None]:
    """The judged values, and where the right answers are from, if that is told with them."""
    if isinstance(values, Evaluation):
        return values.values, values.summary.right_answers
    return values, None if isinstance(values, pl.DataFrame) else origin_beside(values)
