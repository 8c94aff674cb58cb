"""`glane.multiverse`: one figure under several wordings, models and readings of the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.api.clusters import clusters_or_warning
from glane.api.estimate import estimate
from glane.api.gold import gold_of
from glane.api.multiverse_runs import Universe, What, opened_universe, pair_of, question_of
from glane.api.numbers import check_numbers
from glane.api.seal import choice_of, gold_file, read_seal
from glane.api.sources import Names, TableLike, names_in
from glane.assess.bootstrap import Method as Interval
from glane.assess.estimate.question import Method, Population, Question
from glane.assess.files import as_parquet, write_folder
from glane.assess.multiverse.contrast import corrected_figure
from glane.assess.multiverse.figures import RawFigures, order_of, raw_figures
from glane.assess.multiverse.levels import levels_of, names_of
from glane.assess.multiverse.page import multiverse_page
from glane.assess.multiverse.record import MultiverseSummary, Specification
from glane.assess.multiverse.seal import checked
from glane.assess.multiverse.spread import corrected_spread, raw_spread
from glane.assess.multiverse.table import specifications_table
from glane.assess.multiverse.terminal import multiverse_text
from glane.errors import GlaneError
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.run.inputs import are_same_inputs
from glane.run.links import RunLink, links_to
from glane.settings.evaluate import BootstrapSettings
from glane.settings.multiverse import MultiverseSettings
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiverse(Spoken):
    """A figure under all specifications. `str()` of it is a few short tables."""

    summary: MultiverseSummary
    language: Language
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
        return multiverse_text(self.summary)

    @property
    def table(self) -> pl.DataFrame:
        """One row per specification, the lowest figure first."""
        return specifications_table(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `multiverse.json`, `specifications.parquet` and `report.html`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {"multiverse.json": self.summary.as_json(), "specifications.parquet": as_parquet(self.table)}
        files["report.html"] = multiverse_page(self.summary, language=self.language).encode()
        write_folder(folder, files, of=self.links)
        return list(files)


def multiverse(
    runs: Sequence[str | Path],
    field: str | None = None,
    *,
    chosen: str | Path,
    gold: TableLike | None = None,
    case: str | None = None,
    what: What = "prevalence",
    value: str | bool = "true",
    method: Method = "auto",
    by: str | None = None,
    between: Sequence[str] = (),
    clusters: Names = (),
    population: Population = "auto",
    weight: str | None = None,
    inclusion_probability: str | None = None,
    samples: int = 1000,
    interval: Interval = "bca",
    seed: int = 0,
    seal: str | Path | None = None,
    out_dir: str | None = None,
) -> Multiverse:
    """Tell whether a figure would survive another reasonable way of asking.

    Each run is a specification: the same documents, asked with another wording, model or reading. The figures are
    shown beside each other, with the one that was chosen; they are not averaged (Simonsohn, Simmons and Nelson, Nat.
    Hum. Behav. 2020;4:1208; Steegen et al., Perspect. Psychol. Sci. 2016;11:702).

    Args:
        runs: Run directories and glob patterns; at least two complete runs of the same documents.
        field: What the figure is of; None with `case`.
        chosen: The run whose figure is stood for.
        gold: Right answers of a sample of the documents; see `glane.estimate`. Then each figure is corrected, too.
        case: A case definition: a condition in SQL on fields and columns of one document.
        what: Which figure.
        value: Of shares and counts: the value that counts as yes.
        method: Of correction.
        by: A column of the runs or of their input; the figure is then a difference between two of its groups.
        between: These two: the first minus the second.
        clusters: Columns whose values go together, as hospital or patient: the intervals follow them.
        population: What the documents come from (process), or these documents alone (run); see `glane.estimate`.
        weight: The column of gold that holds weights.
        inclusion_probability: The column that holds the probability with which a document came into the sample.
        samples: Resamples of documents for the intervals of raw figures; 0 for none.
        interval: How these are made.
        seed: Of the resampling.
        seal: The `seal.json` of `glane.seal_question`, if the choice was sealed.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the runs are no specifications of one question, or the question does not fit them or gold.
    """
    check_numbers(BootstrapSettings, samples=samples)
    check_numbers(MultiverseSettings, seed=seed)
    question = question_of(
        field, case, what=what, value=value, method=method, by=by, between=between, clusters=names_in(clusters),
        population=population,
    )  # fmt: skip
    pair, known = pair_of(between), read_seal(seal)
    universe = opened_universe(runs, question, pair, chosen=str(chosen))
    used = None if gold is None else gold_file(gold)
    reviewed = None if gold is None else gold_of(gold, universe.runs)
    raw = raw_figures(
        universe.answers, question, ids=universe.ids, between=pair, chosen=0, samples=samples, method=interval,
        seed=seed, clusters=clusters_or_warning(universe.runs[0], question.clusters),
    )  # fmt: skip
    found = [_specification(universe, place, raw) for place in range(len(universe.runs))]
    if reviewed is not None:
        weights = _Weights(weight=weight, inclusion_probability=inclusion_probability)
        found = [
            _corrected(one, universe, place, reviewed.table, question, pair, weights) for place, one in enumerate(found)
        ]
    choice = choice_of(universe, question, pair, weight=weight, inclusion_probability=inclusion_probability)
    order = order_of({one.run: one.figure for one in found})
    summary = MultiverseSummary(
        question=question, between=pair, chosen=found[0].run, documents=len(universe.ids), clusters=raw.clusters,
        is_same_input=_have_same_inputs(universe.runs),
        samples=samples, levels=levels_of(universe.asked),
        specifications=tuple(sorted(found, key=lambda one: order.index(one.run))),
        raw=raw_spread(found, found[0], is_contrast=pair is not None),
        corrected=None if gold is None else corrected_spread(found, found[0], is_contrast=pair is not None),
        gold=used, right_answers=None if reviewed is None else reviewed.right_answers,
        seal=checked(known, choice, used),
    )  # fmt: skip
    result = Multiverse(
        summary=summary, language=universe.runs[0].task.language, links=links_to(run.directory for run in universe.runs)
    )
    if out_dir is not None:
        result.write(out_dir)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """The column of gold that says how its documents were drawn."""

    weight: str | None
    inclusion_probability: str | None


def _have_same_inputs(runs: Sequence[Run]) -> bool:
    first, *others = [one.description() for one in runs]
    return all(are_same_inputs(first, other) for other in others)


def _specification(universe: Universe, place: int, raw: RawFigures) -> Specification:
    one, rows = universe.asked[place], universe.answers[place]
    names = names_of(universe.asked)[place]
    return Specification(
        run=one.run, fingerprint=one.fingerprint, task=one.task, model_name=one.model, toy=one.toy,
        is_unasked=universe.runs[place].settings.model.prompt_style == "bare" or None,
        wording=names["wording"], model=names["model"], reading=names["reading"],
        settings={key: told for part in one.settings.values() for key, told in part.items()},
        documents=rows.height, without_values=len(universe.ids) - rows.height, figure=raw.figures[place],
        difference=raw.differences[place],
    )  # fmt: skip


def _corrected(
    one: Specification, universe: Universe, place: int, gold: pl.DataFrame, question: Question,
    between: tuple[str, str] | None, weights: _Weights,
) -> Specification:  # fmt: skip
    """A specification with its corrected figure. Reviewed documents without values in its run are left out."""
    run, rows, name = universe.runs[place], universe.answers[place], universe.ids.name
    kept = gold
    if name in gold.columns and gold.schema[name] == universe.ids.dtype:
        kept = gold.join(universe.ids.to_frame().join(rows, on=name, how="anti"), on=name, how="anti")
    try:
        found = estimate(
            run, kept, None if question.case is not None else question.field, case=question.case, what=question.what,
            value=question.value, method=question.method, by=question.by, clusters=question.clusters,
            population=question.population, weight=weights.weight,
            inclusion_probability=weights.inclusion_probability,
        ).summary  # fmt: skip
    except GlaneError as error:
        raise type(error)(f"{one.run}: {error}") from None
    figure = corrected_figure(found.estimates, found.together, between)
    return one.model_copy(update={"corrected": figure, "gold_left_out": gold.height - kept.height})
