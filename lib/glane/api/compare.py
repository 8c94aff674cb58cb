"""`glane.compare`: runs beside each other, with right answers or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from glane.api.clusters import evaluated_clusters
from glane.api.gold import gold_of
from glane.api.numbers import check_numbers
from glane.api.sources import Names, TableLike, name_of, names_in
from glane.assess.compare.candidates import Candidate
from glane.assess.compare.comparison import compare_runs
from glane.assess.compare.record import ComparisonSummary
from glane.assess.compare.report import comparison_report
from glane.assess.compare.runs_table import cost_of, differing_settings, runs_table
from glane.assess.compare.terminal import comparison_text
from glane.assess.evaluate.leaf import with_rules
from glane.assess.evaluate.measures import Chance
from glane.assess.files import as_parquet, write_folder
from glane.errors import DataError
from glane.extraction.results import Run, open_run
from glane.languages import Spoken
from glane.run.find import find_runs
from glane.run.links import RunLink, links_to
from glane.run.summary import Summary, read_summary
from glane.settings.evaluate import BootstrapSettings, CompareSettings
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Spoken):
    """How runs differ. `str()` of it is a few short tables."""

    runs: pl.DataFrame  # one row per run: how it was asked, how good it is, what it cost
    differences: pl.DataFrame  # one row per value that differs from the first run's
    summary: ComparisonSummary  # everything that the report shows
    incomplete: tuple[str, ...]  # runs that were matched and left out
    language: Language
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
        return comparison_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `comparison.json`, `report.html`, `runs.parquet` and `differences.parquet`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "comparison.json": self.summary.as_json(),
            "report.html": comparison_report(self.summary, language=self.language).encode(),
            "runs.parquet": as_parquet(self.runs),
            "differences.parquet": as_parquet(self.differences),
        }
        write_folder(folder, files, of=self.links)
        return list(files)


def compare(
    runs: Sequence[str | Path],
    *,
    gold: TableLike | None = None,
    fields: Names = (),
    compare: Mapping[str, Any] | None = None,
    weighted: bool = True,
    samples: int = 1000,
    method: Literal["bca", "percentile"] = "bca",
    seed: int = 0,
    clusters: Names = (),
    out_dir: str | None = None,
) -> Comparison:
    """Compare runs with the first of them: which is better, where there are right answers; else how much they agree.

    Args:
        runs: Run directories and glob patterns; at least two complete runs.
        gold: Right answers; see `glane.evaluate`.
        fields: Compare these only; all that the runs share if empty.
        compare: Rules of comparison in place of those of the first run's task, by field.
        weighted: Use gold's weights, if it has some.
        samples: Resamples of documents for intervals; 0 for none.
        method: Of the intervals.
        seed: Of the resampling.
        clusters: Columns whose values go together, as a patient's, in the first run or its input; identical texts if
            empty. Intervals and tests follow them.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if there are fewer than two complete runs, or they cannot be compared.
    """
    check_numbers(BootstrapSettings, samples=samples)
    check_numbers(CompareSettings, seed=seed)
    places = find_runs([str(run) for run in runs])
    if len(places.paths) < 2:
        raise DataError(
            f"runs: only {', '.join(places.paths)}; at least two are needed, as runs=[runs/a,runs/b] or runs='runs/*'."
        )
    opened = [open_run(place) for place in places.paths]
    differing = differing_settings([run.description().settings for run in opened])
    candidates = [
        _candidate(run, name=place, rules={} if number else compare or {}, differs=differs)
        for number, (place, run, differs) in enumerate(zip(places.paths, opened, differing, strict=True))
    ]
    first, reviewed, origin = opened[0], None, None
    if gold is not None:
        right = gold_of(gold, [first])
        reviewed, origin = right.table, right.right_answers
    together, are_copies_known = evaluated_clusters(opened[0], names_in(clusters))
    found = compare_runs(
        candidates,
        reviewed,
        wanted=names_in(fields),
        is_weighted=weighted,
        chance=Chance(samples=samples, method=method, seed=seed),
        clusters=together,
        are_copies_known=are_copies_known,
    )
    result = Comparison(
        runs=runs_table(found.summary),
        differences=found.differences,
        summary=found.summary.model_copy(update={"gold": name_of(gold), "right_answers": origin}),
        incomplete=places.incomplete,
        language=opened[0].task.language,
        links=links_to(run.directory for run in opened),
    )
    if out_dir is not None:
        result.write(out_dir)
    return result


def _candidate(run: Run, *, name: str, rules: Mapping[str, Any], differs: Mapping[str, str]) -> Candidate:
    task = run.task
    # A run that was killed right after it was published has no summary yet.
    cost = cost_of(read_summary(run.directory, Summary)) if run.directory.summary.exists() else None
    return Candidate(
        name=name,
        fields=with_rules(task.fields, rules, place="compare"),
        rows=run.all(),
        id_column=run.settings.data.result_id,
        task=f"{task.name} {task.version}",
        model=run.description().model,
        toy=run.toy,
        settings=differs,
        cost=cost,
    )
