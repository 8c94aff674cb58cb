"""The runs of a multiverse: opened, and refused where they are no ways of asking one question of the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from glane.api.several_runs import SeveralRuns
from glane.api.sources import refuse_uncarried
from glane.assess.compare.runs_table import differing_settings, differing_texts
from glane.assess.estimate.case import CASE
from glane.assess.estimate.question import Method, Population, Question, check
from glane.assess.evaluate.leaf import categories_of
from glane.assess.multiverse.figures import check_between
from glane.assess.multiverse.levels import Asked
from glane.assess.multiverse.record import FACTORS
from glane.assess.yes import check_value
from glane.errors import ConfigError, DataError, GlaneError, RunError, did_you_mean
from glane.extraction.results import Run, open_run
from glane.extraction.specification import Asking, asking_of, factor_of
from glane.run.find import find_runs
from glane.settings.shapes import as_answer
from glane.type_words import both_type_words

What = Literal["prevalence", "count", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The specifications, the chosen one first."""

    runs: tuple[Run, ...]
    asked: tuple[Asked, ...]
    asking: tuple[Asking, ...]
    answers: tuple[pl.DataFrame, ...]  # of each, its rows with values: the id, the field, and what the question needs
    ids: pl.Series  # of all documents, sorted; the same in all runs


def question_of(
    field: str | None, case: str | None, *, what: What, value: str | bool, method: Method, by: str | None,
    between: Sequence[str], clusters: tuple[str, ...], population: Population,
) -> Question:  # fmt: skip
    """The question of a multiverse.

    Raises:
        ConfigError: if it asks for a field and a case, or for half a contrast.
    """
    if (field is None) == (case is None):
        raise ConfigError("field, case: give the field that is asked about, or a case definition, one of both.")
    if (by is None) != (not between) or (between and (len(between) != 2 or between[0] == between[1])):
        raise ConfigError("by, between: a difference between groups needs by=COLUMN and two of its values.")
    return Question(
        what=what, field=CASE if field is None else field, case=case, value=as_answer(value), method=method, by=by,
        clusters=clusters, population=population,
    )  # fmt: skip


def pair_of(between: Sequence[str]) -> tuple[str, str] | None:
    """The two groups of a contrast; None without."""
    return (between[0], between[1]) if between else None


def opened_universe(
    runs: Sequence[str | Path], question: Question, between: tuple[str, str] | None, *, chosen: str
) -> Universe:
    """Open the runs of a multiverse, and check that they can stand beside each other.

    Raises:
        ConfigError: if the chosen run is none of them, or the question does not fit one of them.
        DataError: for fewer than two, for two that ask alike, or for other documents.
        RunError: if a run is not complete.
    """
    places = _chosen_first(runs, chosen)
    opened = [open_run(place) for place in places]
    asking = [asking_of(run) for run in opened]
    _refuse_repeated(places, asking)
    ids = _same_ids(places, opened)
    return Universe(
        runs=tuple(opened),
        asked=_asked(places, opened, asking),
        asking=tuple(asking),
        answers=tuple(_answers(place, run, question, between) for place, run in zip(places, opened, strict=True)),
        ids=ids,
    )


def _chosen_first(runs: Sequence[str | Path], chosen: str) -> list[str]:
    found = find_runs([str(run) for run in runs])
    if found.incomplete:
        raise RunError(
            f"runs: {', '.join(found.incomplete)} not complete. A specification that is left out is one that nobody "
            "sees: run its command again to its end, or name the other runs one by one."
        )
    if len(found.paths) < 2:
        raise DataError(
            f"runs: only {', '.join(found.paths)}; at least two specifications are needed, as runs=[runs/a,runs/b] or "
            "runs='runs/*'."
        )
    which = [place for place in found.paths if _resolved(place) == _resolved(chosen)]
    if not which:
        raise ConfigError(f"chosen: {chosen} is none of the runs. {did_you_mean(chosen, found.paths)}")
    return [which[0], *(place for place in found.paths if place != which[0])]


def _resolved(place: str) -> Path:
    return Path(place).expanduser().resolve()


def _refuse_repeated(places: Sequence[str], asking: Sequence[Asking]) -> None:
    known: dict[str, str] = {}
    for place, one in zip(places, asking, strict=True):
        if (same := known.setdefault(one.fingerprint, place)) != place:
            raise DataError(
                f"runs: {place} asks exactly as {same} (the same task, prompt, model and reading). Counted twice, it "
                "would weigh twice: leave one of them out."
            )


def _same_ids(places: Sequence[str], runs: Sequence[Run]) -> pl.Series:
    """The ids of all documents; the same in all runs."""
    first = runs[0].all().select(runs[0].id_column).collect().to_series().sort()
    for place, run in zip(places[1:], runs[1:], strict=True):
        if run.id_column != first.name:
            raise DataError(f"runs: {place} has its ids in {run.id_column!r}, {places[0]} in {first.name!r}.")
        other = run.all().select(run.id_column).collect().to_series().sort()
        if other.dtype != first.dtype:
            told, first_told = both_type_words(other.dtype, first.dtype)
            raise DataError(f"runs: the ids of {place} are {told}, those of {places[0]} {first_told}.")
        if not other.equals(first):
            more = other.to_frame().join(first.to_frame(), on=first.name, how="anti").height
            less = first.to_frame().join(other.to_frame(), on=first.name, how="anti").height
            raise DataError(
                f"runs: {place} has {more} documents that {places[0]} has not, and lacks {less} of its {len(first)}. "
                "Specifications are of the same documents: make all runs with the same data.path, data.where, "
                "data.sample and data.limit."
            )
    return first


def _answers(place: str, run: Run, question: Question, between: tuple[str, str] | None) -> pl.DataFrame:
    """The rows with values of one run, as the question needs them. What does not fit is said before a seal is made."""
    try:
        refuse_uncarried(run, by=question.by, clusters=question.clusters)
        rows = SeveralRuns(runs=(run,)).usable(question)
        if question.is_share:
            categories = categories_of(run.task.fields.get(question.field))
            check_value(question.field, question.value, kind=rows.schema[question.field], categories=categories)
        check(rows, rows.head(0).select(run.id_column, question.field), question, run.id_column)
        if between is not None:
            check_between(rows, question, between)
    except GlaneError as error:
        raise type(error)(f"{place}: {error}") from None
    return rows


def _asked(places: Sequence[str], runs: Sequence[Run], asking: Sequence[Asking]) -> tuple[Asked, ...]:
    settings = [run.description().settings for run in runs]
    differing, texts = differing_settings(settings), differing_texts(settings)
    return tuple(
        Asked(
            run=place, fingerprint=one.fingerprint, task=f"{run.task.name} {run.task.version}",
            model=run.description().model, toy=run.toy,
            digests={"wording": one.wording, "model": one.model, "reading": one.reading},
            settings={
                factor: {key: value for key, value in differs.items() if factor_of(key) == factor} for factor in FACTORS
            },
            texts={key: value for key, value in said.items() if factor_of(key) == "wording"},
        )
        for place, run, one, differs, said in zip(places, runs, asking, differing, texts, strict=True)
    )  # fmt: skip
