"""`glane.evaluate`: a run against right answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from glane.api.clusters import evaluated_clusters
from glane.api.gold import gold_of
from glane.api.numbers import check_numbers
from glane.api.sources import Names, RunLike, TableLike, name_of, names_in, run_of, table_of
from glane.assess.compare.terminal import evaluation_text
from glane.assess.evaluate.evaluation import evaluate as evaluated
from glane.assess.evaluate.leaf import with_rules
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.evaluate.report import evaluation_report
from glane.assess.files import as_parquet, write_folder
from glane.errors import DataError
from glane.languages import Spoken
from glane.run.links import RunLink, links_to
from glane.settings.evaluate import BootstrapSettings, EvaluateSettings
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Spoken):
    """How right a run is. `str()` of it is a short table."""

    values: pl.DataFrame  # one row per compared value
    fields: pl.DataFrame  # one row per field, and per group and field
    summary: EvaluationSummary  # everything that the report shows
    language: Language
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
        return evaluation_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `evaluation.json`, `report.html`, `fields.parquet` and `values.parquet`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "evaluation.json": self.summary.as_json(),
            "report.html": evaluation_report(self.summary, language=self.language).encode(),
            "fields.parquet": as_parquet(self.fields),
            "values.parquet": as_parquet(self.values),
        }
        write_folder(folder, files, of=self.links)
        return list(files)


def evaluate(
    run: RunLike,
    gold: TableLike,
    *,
    spans: TableLike | None = None,
    by: Names = (),
    fields: Names = (),
    clusters: Names = (),
    compare: Mapping[str, Any] | None = None,
    weighted: bool = True,
    samples: int = 1000,
    method: Literal["bca", "percentile"] = "bca",
    seed: int = 0,
    out_dir: str | None = None,
) -> Evaluation:
    """Compare a complete run with right answers, field by field.

    Args:
        run: A run, or its directory.
        gold: Right answers: the run's id column, and one column per field; or the path of their Parquet file, of a file
            that Label Studio exported, or of a folder of brat (`glane.export`).
        spans: The passages that support them: id, field, item, start, end; where documents are grouped, also document.
            Those that were marked in Label Studio or brat, if there are some.
        by: Columns of the run or of gold whose groups are measured, too.
        fields: Compare these only; all that gold has if empty.
        clusters: Columns whose values go together, as a patient's; identical texts if empty. Intervals follow them.
        compare: Rules of comparison in place of the task's own, by field.
        weighted: Use gold's weights, if it has some: measures of the whole run, not of the documents compared.
        samples: Resamples of documents for intervals; 0 for none.
        method: Of the intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
        seed: Of the resampling.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the run is not complete, or gold does not fit it, or is what the run or its export says itself.
    """
    check_numbers(BootstrapSettings, samples=samples)
    check_numbers(EvaluateSettings, seed=seed)
    opened = run_of(run)
    task, described = opened.task, opened.description()
    right = gold_of(gold, [opened])
    marked = right.spans if spans is None else table_of(spans, place="spans", id_column=opened.id_column)
    origin = right.right_answers
    together, are_copies_known = evaluated_clusters(opened, names_in(clusters))
    found = evaluated(
        with_rules(task.fields, compare or {}, place="compare"),
        opened.all(),
        right.table,
        id_column=opened.id_column,
        spans=marked,
        by=names_in(by),
        wanted=names_in(fields),
        is_weighted=weighted,
        chance=Chance(samples=samples, method=method, seed=seed),
        clusters=together,
        are_copies_known=are_copies_known,
        is_grouped=opened.settings.data.group_by is not None,
    )
    all_equal = found.summary.overall.exact == 1
    if origin.kind == "model" and all_equal:
        raise DataError(
            f"gold: {name_of(gold)}: these are the answers of the run itself, as its records or an export hold them: "
            "compared with these, it would equal itself. Give right answers that people made: glane review makes a "
            "page for them."
        )
    about = {
        "right_answers": origin.model_copy(update={"all_equal": True} if origin.kind == "table" and all_equal else {}),
        "run": name_of(run),
        "task": f"{task.name} {task.version}",
        "model": described.model,
        "toy": described.toy,
        "fingerprint": described.fingerprint_digest,
        "gold": name_of(gold),
    }
    summary = found.summary.model_copy(update=about)
    result = Evaluation(
        values=found.values,
        fields=found.fields,
        summary=summary,
        language=task.language,
        links=links_to([opened.directory]),
    )
    if out_dir is not None:
        result.write(out_dir)
    return result
