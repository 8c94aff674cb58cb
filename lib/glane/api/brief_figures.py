"""The figures of a brief: computed of a run, corrected by a review where there is one, each with its sentence."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.api.brief_corrected import Correction, Corrector
from glane.api.brief_rows import Facts, facts_of, names_of
from glane.api.reviewed import Reviewed
from glane.api.sources import TableLike, refuse_shifted
from glane.briefs.coverage import are_of_other_sources, has_gaps
from glane.briefs.ids import figure_id
from glane.briefs.plan import all_of, columns_of, days_before, days_of, domain_of, measures_of, place_of, within
from glane.briefs.record import Claim, Days, LeftOut, Measure, Place, Value
from glane.briefs.sentences import sentence
from glane.briefs.values import counts, value_of
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.settings.brief_definition import BriefDefinition
from glane.task.fields import StringField
from glane.type_words import type_words

_MOST_IDS = 1000  # of the documents of a figure, that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a brief as claims, and what they are of."""

    claims: tuple[Claim, ...]
    facts: Facts
    days: Days | None
    domain: str | None
    failed: int
    left_out: tuple[LeftOut, ...]
    review: Reviewed | None


def figures_of(run: Run, definition: BriefDefinition, gold: TableLike | None) -> Figures:
    """Compute all figures of a brief.

    Raises:
        GlaneError: if the brief does not fit the run, or the review.
    """
    if definition.period is not None:
        refuse_shifted(run, **{"brief.period": definition.period.column})
    facts = facts_of(run, run.usable(), _columns(definition))
    first_day, last_day = _days_there(facts, definition)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    days = None if definition.period is None else days_of(definition.period, last_day, today=today)
    place = None if definition.place is None else place_of(definition.place)
    kind = None if place is None else facts.rows.schema[place.column]
    domain = domain_of(definition, days, place, kind)
    measures = measures_of(
        definition, days=days, place=place, domain=domain, groups=lambda column, of: _groups(run, facts, column, of)
    )
    failed = _failed(run, definition, days)
    corrector = None if gold is None else Corrector(run, definition, facts, gold)
    maker = _Maker(run, definition, facts, corrector, place, (first_day, last_day), failed)
    claims = tuple(maker.claim(one) for one in measures)
    reviewed = None if corrector is None else corrector.reviewed
    return Figures(
        claims=claims, facts=facts, days=days, domain=domain, failed=failed,
        left_out=_left_out(facts, definition, domain), review=reviewed,
    )  # fmt: skip


def _left_out(facts: Facts, definition: BriefDefinition, domain: str | None) -> tuple[LeftOut, ...]:
    """What measures by a column say nothing of."""
    found = []
    is_there = facts.holds(domain)
    for one in definition.measures:
        if one.by is None:
            continue
        there = facts.rows.filter(is_there)[one.by]
        others = set(facts.rows[one.by].drop_nulls().to_list()) - set(there.drop_nulls().to_list())
        values, unnamed = tuple(sorted(map(str, others))), there.null_count()
        if values or unnamed:
            found.append(LeftOut(measure=one.name, by=one.by, values=values, unnamed=unnamed))
    return tuple(found)


def _columns(definition: BriefDefinition) -> list[str]:
    conditions = [one.case for one in definition.measures]
    conditions += [one.among.case for one in definition.measures if one.among is not None]
    conditions += [] if definition.where is None else [definition.where.case]
    key = None if definition.statements is None else definition.statements.key
    conditions += [] if key is None else [one.case for one in key.cases]
    return list(dict.fromkeys([*columns_of(definition), *names_of(conditions, place="brief")]))


def _days_there(facts: Facts, definition: BriefDefinition) -> tuple[datetime.date | None, datetime.date | None]:
    """The first and the last day of documents."""
    if definition.period is None:
        return None, None
    name = definition.period.column
    if facts.rows.schema[name] not in (pl.Date, pl.Datetime):
        raise ConfigError(f"brief.period: {name!r} is {type_words(facts.rows.schema[name])}, and must be a date.")
    day = facts.rows[name].dt.date()
    return day.min(), day.max()  # type: ignore[return-value]


def _groups(run: Run, facts: Facts, column: str, condition: str | None) -> list[Any]:
    if isinstance(run.task.fields.get(column), StringField):
        raise ConfigError(
            f"brief.measures: by: {column!r} is text that the model has taken from documents, which would stand in a "
            "figure as it is. Choose an enum, a boolean or a number of the task, or a column of the input."
        )
    values = facts.rows.filter(facts.holds(condition))[column].drop_nulls()
    if values.dtype.is_nested():
        raise ConfigError(f"brief.measures: by: {column!r} holds lists or records. Choose a column of plain values.")
    found = values.unique().to_list()
    return sorted(found, key=str)


def _failed(run: Run, definition: BriefDefinition, days: Days | None) -> int:
    """The documents of the period that have no answer."""
    if days is None or definition.period is None or definition.period.column in run.task.fields:
        return run.rejected().select(pl.len()).collect().item()
    found = facts_of(run, run.rejected(), [definition.period.column])
    return int(found.holds(within(definition.period.column, days)).sum())


class _Maker:
    """Makes a claim of each measure."""

    def __init__(
        self, run: Run, definition: BriefDefinition, facts: Facts, corrector: Corrector | None, place: Place | None,
        there: tuple[datetime.date | None, datetime.date | None], failed: int,
    ) -> None:  # fmt: skip
        self._run, self._definition, self._facts, self._corrector = run, definition, facts, corrector
        self._place, self._there, self._failed = place, there, failed
        self._is_drifted = bool(run.drifted_fields())
        self._fingerprint = run.description().fingerprint_digest

    def claim(self, measure: Measure) -> Claim:
        """The claim of a measure."""
        value, ids = self._value(measure)
        alpha = self._definition.alpha
        return Claim(
            id=figure_id(self._fingerprint, measure, value), kind="figure", measure=measure, value=value,
            fr=sentence(measure, value, "fr", alpha=alpha), en=sentence(measure, value, "en", alpha=alpha),
            documents=tuple(ids), status="verified",
        )  # fmt: skip

    def _value(self, measure: Measure) -> tuple[Value, list[str]]:
        is_case, is_there = self._facts.holds(measure.case), self._facts.holds(measure.among)
        now = counts(self._facts.rows, is_case, is_there, self._definition.person)
        before = self._before(measure) if measure.kind == "ratio" else None
        cases = self._facts.rows.filter(is_case)
        numbers = None if measure.field is None else self._numbers(cases, measure.field)
        correction = Correction() if self._corrector is None else self._corrector.of(measure)
        value = value_of(measure, now, before=before, numbers=numbers, corrected=correction.count)
        told = {
            "note": correction.note,
            "failed": self._failed, "unknown": self._unknown(measure, is_there),
            "is_incomplete": self._is_incomplete(measure), "is_mixed": self._is_mixed(measure),
            "is_drifted": self._is_drifted and measure.kind == "ratio",
        }  # fmt: skip
        ids = cases[self._facts.id_column].head(_MOST_IDS).cast(pl.String).to_list()
        return value.model_copy(update=told), ids

    def _unknown(self, measure: Measure, is_there: pl.Series) -> int:
        """Of how many that are looked at the condition is neither true nor false."""
        case = next(one.case for one in self._definition.measures if one.name == measure.name)
        if case is None:
            return 0
        is_told = self._facts.holds(case) | self._facts.holds(f"NOT ({case})")
        return counts(self._facts.rows, is_there & ~is_told, is_there, self._definition.person).cases

    def _before(self, measure: Measure) -> Any:
        """What was counted in the period before."""
        assert measure.before is not None
        domain = self._domain(measure.before)
        asked = next(one for one in self._definition.measures if one.name == measure.name)
        is_there, is_case = self._facts.holds(domain), self._facts.holds(all_of(domain, asked.case))
        return counts(self._facts.rows, is_case, is_there, self._definition.person)

    def _domain(self, days: Days | None) -> str | None:
        """The condition on the documents of the brief in other days; in all, if none are told."""
        kind = None if self._place is None else self._facts.rows.schema[self._place.column]
        return domain_of(self._definition, days, self._place, kind)

    def _numbers(self, cases: pl.DataFrame, field: str) -> pl.Series:
        if not cases.schema[field].is_numeric():
            raise ConfigError(
                f"brief.measures: a median of {field!r}, which is {type_words(cases.schema[field])} and no number."
            )
        return cases[field]

    def _is_incomplete(self, measure: Measure) -> bool:
        """Whether days of its periods have no documents, and should."""
        (first, last), period = self._there, self._definition.period
        if measure.period is None or period is None or first is None or last is None:
            return False
        before = days_before(period, measure.period)
        looked = [measure.period] if measure.before is None else [measure.period, measure.before]
        if min(one.first for one in looked) < first or measure.period.last > last:
            return True
        days = self._facts.rows.filter(self._facts.holds(self._domain(None)))[period.column].dt.date()
        return has_gaps(days, looked, beside=[before] if measure.before is None else [])

    def _is_mixed(self, measure: Measure) -> bool:
        """Whether sources have documents in one of the two periods of a ratio only."""
        period = self._definition.period
        if measure.before is None or period is None or period.source is None:
            return False
        now, before = (
            self._facts.rows.filter(self._facts.holds(self._domain(one)))[period.source]
            for one in (measure.period, measure.before)
        )
        return are_of_other_sources(now, before)
