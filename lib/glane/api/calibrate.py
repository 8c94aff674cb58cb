"""`glane.calibrate`: which values of a run need no review."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.api.sources import RunLike, TableLike, name_of, run_of, table_of
from glane.assess.calibrate.acceptance import accept, acceptance_text
from glane.assess.calibrate.doubted import with_doubts
from glane.assess.calibrate.page import calibration_page
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.files import as_parquet, write_folder
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The values of a run in two parts. `str()` of it says how many are accepted, and with what guarantee."""

    accepted: pl.DataFrame  # one row per value that needs no review
    to_review: pl.DataFrame
    summary: CalibrationSummary  # everything that the report shows
    language: Language

    def __str__(self) -> str:
        return acceptance_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `accepted.parquet`, `to_review.parquet`, `calibration.json` and `report.html`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "accepted.parquet": as_parquet(self.accepted),
            "to_review.parquet": as_parquet(self.to_review),
            "calibration.json": self.summary.as_json(),
            "report.html": calibration_page(self.summary, language=self.language).encode(),
        }
        write_folder(folder, files)
        return list(files)


def calibrate(
    run: RunLike,
    values: TableLike,
    *,
    alpha: float = 0.05,
    delta: float = 0.05,
    seed: int = 0,
    out_dir: str | None = None,
) -> Calibration:
    """Part a run's values into those that may be accepted without review and those to be reviewed.

    Args:
        run: A run, or its directory.
        values: The judged values of an evaluation: its `values`, or the path of its `values.parquet`.
        alpha: The share of accepted values that may be wrong.
        delta: How likely it may be that more than `alpha` are.
        seed: Of the folds.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the run is not complete, or the values do not fit it.
    """
    opened = run_of(run)
    found = accept(
        with_doubts(opened.evidence().collect(), opened.doubts().collect(), id_column=opened.id_column),
        table_of(values, place="values", id_column=opened.id_column),
        id_column=opened.settings.data.result_id,
        alpha=alpha,
        delta=delta,
        seed=seed,
    )
    result = Calibration(
        accepted=found.accepted,
        to_review=found.to_review,
        summary=found.summary.model_copy(update={"run": name_of(run), "values": name_of(values), "toy": opened.toy}),
        language=opened.task.language,
    )
    if out_dir is not None:
        result.write(out_dir)
    return result
