"""`glane.studies`: the effects of studies as an evidence table for a meta-analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.sources import RunLike, TableLike, run_of
from glane.api.study_bias import bias_rows
from glane.api.study_links import entities_of
from glane.assess.files import as_parquet, read_table, take_away, write_folder
from glane.errors import ConfigError, DataError, RunError, did_you_mean
from glane.exports.delimited import Manner, csv_bytes
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.run.links import links_to
from glane.settings.studies import CountsAs
from glane.spreadsheets import without_formulas
from glane.synthesis.bias import Bias, bias_table
from glane.synthesis.effect import CLUSTERED, Effect, effect_of
from glane.synthesis.page import evidence_page
from glane.synthesis.quoted import quoting_of
from glane.synthesis.r_script import SCRIPT, r_script
from glane.synthesis.record import BiasTold, EvidenceSummary, StudyTold
from glane.synthesis.studies import Report, Row, rows_of, studies_of, twice
from glane.synthesis.table import analyses_told, effects_table
from glane.task.fields import ListField, ObjectField
from glane.toys import notice, notice_lines
from glane.types import Language

_NEEDED = ("outcome", "measure", "estimate", "ci_low", "ci_high")
_OF_A_REPORT = ("study", "registration", "publication_year", "design")
_USE, _ANALYSIS = "use", "analysis"
_BIAS = ("risk_of_bias.csv", "risk_of_bias.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Studies(Spoken):
    """Effects with their studies. `str()` of it says how many are used, and why others are not."""

    rows: Sequence[Row]
    summary: EvidenceSummary
    bias: Sequence[Bias] = ()
    questions: Mapping[str, str] = field(default_factory=dict)

    def _in_english(self) -> str:
        told = self.summary
        used = told.states.get("used", 0)
        pooled = sum(1 for one in told.analyses if one.studies > 1)
        return "\n".join(
            [
                *notice_lines(told.toy),
                f"{told.effects} effects of {told.studies} studies, in {told.documents} documents with an answer "
                f"({told.failed} without one, {told.without_effects} that tell no effect)",
                f"used {used}; not used {told.effects - used}: {_counted(told.states, but='used')}",
                f"signs: {_counted(told.signs)}",
                f"outcomes with two studies or more: {pooled} of {len(told.analyses)}",
                *([] if told.bias is None else [_bias_line(told.bias)]),
            ]
        )

    def table(self) -> pl.DataFrame:
        """One row per effect, with the columns that R's metafor takes, and the quote."""
        return effects_table(self.rows, {row.report: row.overall for row in self.bias})

    def write(self, folder: str, *, language: Language = "fr") -> list[str]:
        """Write `effects.csv`, `meta.R`, `effects.parquet`, `studies.json` and `report.html`; return their names.

        With judgements on the risk of bias, also `risk_of_bias.csv` and `risk_of_bias.parquet`.

        Raises:
            RunError: if the file system refuses.
        """
        found = self.table()
        plain = Manner(truths=("TRUE", "FALSE"))
        upper = pl.col(pl.Boolean).cast(pl.String).str.to_uppercase()
        files = {
            "effects.csv": csv_bytes(without_formulas(found.drop("quote").with_columns(upper)), plain),
            SCRIPT: r_script(language, notice=notice(self.summary.toy, language) or None).encode(),
            "effects.parquet": as_parquet(found),
            "studies.json": self.summary.as_json(),
            "report.html": evidence_page(
                self.summary, self.rows, bias=self.bias, questions=self.questions, language=language
            ).encode(),
        }
        if self.bias:
            listed = without_formulas(bias_table(self.bias, with_quotes=False))
            files[_BIAS[0]] = csv_bytes(listed, plain)
            files[_BIAS[1]] = as_parquet(bias_table(self.bias, with_quotes=True))
        else:
            take_away(folder, _BIAS, of="effects.csv", is_strict=False)
        write_folder(folder, files, of=[] if self.summary.run_link is None else [self.summary.run_link])
        return list(files)


def _bias_line(told: BiasTold) -> str:
    others = {name: number for name, number in told.states.items() if name != "judged"}
    return (
        f"risk of bias, overall: {_counted(told.judged)}; without a judgement: {_counted(others)}; answers without a "
        f"quote, not used: {told.without_quote}"
    )


def _counted(counts: Mapping[Any, int], *, but: str = "") -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items() if name != but) or "none"


def studies(
    run: RunLike,
    *,
    list_field: str = "effects",
    counts_as: CountsAs = "RR",
    links: str | Path | None = None,
    decisions: TableLike | None = None,
    bias: RunLike | Sequence[RunLike] = (),
    out_dir: str | None = None,
) -> Studies:
    """Make an evidence table of the effects that a run found.

    Args:
        run: A complete run of the task `effect_sizes`, or of one with a list of such fields.
        list_field: The list that has one effect in each item.
        counts_as: The measure of counts for which the text writes none: RR, OR or RD.
        links: The folder of `glane link` that says which documents are of one study. Others are brought together by
            their registration number; a document without one is a study.
        decisions: An `effects.csv` (or such a table) whose column `use` a person has changed.
        bias: Complete runs of the task `risk_of_bias_randomised` over documents with the same ids.
        out_dir: Where the files go; None: nowhere.

    Raises:
        GlaneError: if the run is not complete, has no such list, or links or decisions do not fit it.
    """
    found = run_of(run)
    if not found.is_complete:
        raise RunError(f"{found.directory.root}: not complete. An evidence table is of a complete run.")
    _check_list(found, list_field)
    usable = found.usable().collect()
    reports = [_report(row, found) for row in usable.iter_rows(named=True)]
    effects = [one for row in usable.iter_rows(named=True) for one in _effects(row, found, list_field)]
    told = studies_of(reports, {} if links is None else entities_of(links, found))
    decided = None if decisions is None else _table_of(decisions)
    known = {} if decided is None else _decisions(decided, effects)
    rows = rows_of(effects, told, counts_as=counts_as, decisions=known)
    if decided is not None:
        _check_outcomes(decided, known.keys(), rows)
    if several := twice(rows):
        raise DataError(
            f"decisions: more than one row of a study has use = TRUE in one outcome, for {len(several)} studies. A "
            "study counts once: leave one row of each."
        )
    summary = _summary(found, usable, rows, list_field, counts_as, None if links is None else str(links))
    result = Studies(rows=rows, summary=summary)
    if judged_by := [bias] if isinstance(bias, Run | str | Path) else list(bias):
        labels, designs = {key: study.label for key, study in told.items()}, {one.id: one.design for one in reports}
        judged, questions = bias_rows(judged_by, labels, designs)
        toys = [found.toy, *(run_of(one).toy for one in judged_by)]
        more = {"bias": _bias_told(judged_by, judged), "toy": next((one for one in toys if one is not None), None)}
        summary = summary.model_copy(update=more)
        result = replace(result, bias=judged, questions=questions, summary=summary)
    if out_dir is not None:
        result.write(out_dir)
    return result


def _check_list(run: Run, name: str) -> None:
    field = run.task.fields.get(name)
    if field is None:
        raise ConfigError(f"list: the task has no field {name!r}. {did_you_mean(name, run.task.fields)}")
    inner = field.items if isinstance(field, ListField) else None
    lacking = [one for one in _NEEDED if not isinstance(inner, ObjectField) or one not in inner.fields]
    if lacking:
        raise ConfigError(
            f"list: the items of {name!r} lack {', '.join(lacking)}. Take the task effect_sizes, or give your fields "
            "its names."
        )


def _report(row: Mapping[str, Any], run: Run) -> Report:
    told = {name: row.get(name) for name in _OF_A_REPORT}
    return Report(
        id=str(row[run.id_column]), name=told["study"], registration=told["registration"],
        year=told["publication_year"], design=told["design"],
    )  # fmt: skip


def _effects(row: Mapping[str, Any], run: Run, name: str) -> Iterator[Effect]:
    field = run.task.fields[name]
    assert isinstance(field, ListField)
    assert isinstance(field.items, ObjectField)
    quotes = row.get(f"{name}__evidence")
    for at, told in enumerate(row[name] or []):
        quote = quotes[at]["quote"] if quotes and at < len(quotes) and quotes[at] else None
        quoting = quoting_of(told, field.items.fields, quote) if field.evidence else "not_asked"
        is_clustered = row.get("design") in CLUSTERED
        yield effect_of(str(row[run.id_column]), at + 1, told, is_clustered=is_clustered, quote=quote, quoting=quoting)


def _table_of(table: TableLike) -> pl.DataFrame:
    found = table if isinstance(table, pl.DataFrame) else read_table(str(table), place="decisions")
    if lacking := [name for name in ("id", "item", _USE) if name not in found.columns]:
        raise DataError(f"decisions: no column {', '.join(lacking)}. Give an effects.csv that glane studies wrote.")
    return found.with_columns(pl.col("id").cast(pl.String), pl.col("item").cast(pl.Int64))


def _decisions(found: pl.DataFrame, effects: Sequence[Effect]) -> dict[tuple[str, int], bool]:
    """What people decided, by document and item: a row without an answer in `use` is as if it were not there."""
    told: dict[tuple[str, int], bool] = {}
    for key, item, use in found.select("id", "item", _USE).iter_rows():
        answer = str(use).strip().lower()
        if answer in ("true", "false"):
            told[key, item] = answer == "true"
        elif use is not None:
            raise DataError("decisions: the column use holds something else than TRUE, FALSE or nothing.")
    if strangers := len(told.keys() - {(one.report, one.item) for one in effects}):
        raise DataError(
            f"decisions: {strangers} rows are of effects that this run does not have. Give the effects.csv of this run."
        )
    return told


def _check_outcomes(found: pl.DataFrame, decided: Set[tuple[str, int]], rows: Sequence[Row]) -> None:
    """Refuse decisions on effects of other outcomes: of another run, or of an analysis that a person changed."""
    if _ANALYSIS not in found.columns:
        return
    ours = {(row.effect.report, row.effect.item): _outcome(row.analysis) for row in rows}
    theirs = found.select("id", "item", _ANALYSIS).drop_nulls().iter_rows()
    if others := sum(ours[key, item] != _outcome(name) for key, item, name in theirs if (key, item) in decided):
        raise DataError(
            f"decisions: {others} rows are in another analysis than this run has them in: the table is of another "
            "run, or its column analysis was changed, and use alone is taken back. Give the effects.csv of this run; "
            "meta.R takes a table with changed analyses as it is."
        )


def _outcome(analysis: str) -> str:
    """Without the measure, which counts_as can change, and without the apostrophe that keeps a text from being run."""
    return analysis.rpartition(" | ")[0].lstrip("'")


def _summary(
    run: Run, usable: pl.DataFrame, rows: Sequence[Row], name: str, counts_as: CountsAs, links: str | None
) -> EvidenceSummary:
    there = {row.study.id: row.study for row in rows}
    link = next(iter(links_to([run.directory])), None)
    intervals = [row.effect for row in rows if row.effect.has_interval]
    return EvidenceSummary(
        run=str(run.directory.root), run_link=link, fingerprint=run.description().fingerprint_digest,
        model=run.description().model, toy=run.toy, list=name, counts_as=counts_as, documents=usable.height,
        failed=run.rejected().select(pl.len()).collect().item(),
        without_effects=usable.height - len({row.effect.report for row in rows}), effects=len(rows),
        studies=len(there),
        brought_together=tuple(
            StudyTold(study=one.label, by=one.by, reports=one.reports) for one in there.values() if len(one.reports) > 1
        ),
        linkage=links, states=dict(Counter(row.state for row in rows).most_common()),
        signs=dict(Counter(sign for row in rows for sign in row.signs).most_common()),
        decided=sum(row.is_decided for row in rows),
        without_level=sum(one.level is None for one in intervals), analyses=analyses_told(rows),
    )  # fmt: skip


def _bias_told(runs: Sequence[RunLike], rows: Sequence[Bias]) -> BiasTold:
    return BiasTold(
        runs=links_to(run_of(one).directory for one in runs),
        judged=dict(Counter(row.overall for row in rows if row.overall is not None).most_common()),
        states=dict(Counter(row.state for row in rows).most_common()),
        without_quote=sum(len(row.without_quote) for row in rows),
    )
