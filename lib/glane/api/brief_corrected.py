"""The corrected figures of a brief: counts of cases among the documents of its filter, with limits that are theirs.

The review of the whole run corrects each of them, as it corrects the rows of a table. That is possible where it is
known which documents are in the filter: by columns of the input. Where the model has extracted what the filter asks
for, that is uncertain as well. Counts are then estimated of the whole run, as documents that are in the filter and are
cases, by the review; a share, whose whole would be uncertain too, is not corrected, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.api.brief_rows import Facts, names_of
from glane.api.estimate import estimate
from glane.api.reviewed import Reviewed, asked_field, check_sample, reviewed_of
from glane.api.several_runs import together
from glane.api.sources import TableLike
from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.notes import note
from glane.assess.estimate.question import Population, Question, check, joined_rows
from glane.briefs.plan import all_of, as_in, within
from glane.briefs.record import Measure
from glane.briefs.values import Corrected
from glane.errors import GlaneError
from glane.extraction.results import Run
from glane.settings.brief_definition import BriefDefinition, MeasureSettings
from glane.surveillance.dimensions import PERIOD, PLACE, Key
from glane.surveillance.part import Part, Parts
from glane.surveillance.periods import Calendar

_BY, _WHERE, _WINDOW = "__by", "__where", "__window"
_CORRECTED = ("count", "share", "rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a review makes of a figure: a count, or why there is none."""

    count: Corrected | None = None
    note: str | None = None


class Corrector:
    """Corrects the counts of a brief by a review."""

    def __init__(self, run: Run, definition: BriefDefinition, facts: Facts, gold: TableLike) -> None:
        self._runs, self._definition, self._facts, self._gold = together([run]), definition, facts, gold
        self._extracted = set(run.task.fields)
        self._rows: dict[str, pl.DataFrame] = {}
        self._parts: dict[tuple[str | None, ...], Parts] = {}
        self.reviewed: Reviewed | None = None

    def of(self, measure: Measure) -> Correction:
        """What the review makes of a measure. Persons, ratios and medians are not corrected.

        Raises:
            GlaneError: if the review does not fit the run or the measure.
        """
        if measure.kind not in _CORRECTED or self._definition.unit == "person":
            return Correction()
        asked = next(one for one in self._definition.measures if one.name == measure.name)
        try:
            if uncertain := self._uncertain(asked):
                return self._of_uncertain(measure, asked, uncertain)
            part = self._part(measure, asked)
            return Correction(count=_counted(part, measure), note=part.note)
        except GlaneError as error:
            raise type(error)(f"brief.measures.{measure.name}: {error}") from None

    def _uncertain(self, asked: MeasureSettings) -> list[str]:
        """The columns by which documents are in the filter that the model extracted."""
        one, conditions = self._definition, [None if asked.among is None else asked.among.case]
        conditions.append(None if one.where is None else one.where.case)
        columns = [one.period and one.period.column, one.place and one.place.column, asked.by]
        names = [*names_of(conditions, place="brief"), *filter(None, columns)]
        return [name for name in dict.fromkeys(names) if name in self._extracted]

    def _of_uncertain(self, measure: Measure, asked: MeasureSettings, names: list[str]) -> Correction:
        columns = ", ".join(names)
        if measure.kind == "share":
            self._joined(asked)  # a review that does not fit is told all the same
            return Correction(note=note("whole_extracted", columns=columns))
        population: Population = "process" if measure.kind == "rate" else "run"
        found = estimate(
            self._runs.first, self._gold, case=measure.case, what="count", level=measure.level, population=population
        )  # fmt: skip
        self._joined(asked)
        [one] = found.figures
        told = joined_notes(one.note, note("filter_extracted", columns=columns))
        return Correction(
            count=Corrected(estimate=one.estimate, low=one.low, high=one.high, reviewed=one.n_gold), note=told
        )  # fmt: skip

    def _part(self, measure: Measure, asked: MeasureSettings) -> Part:
        keys = self._keys(measure, asked)
        name = (asked.case, asked.by, None if asked.among is None else asked.among.case)
        found = self._parts.get(name)
        if found is None or not found.tells(keys):
            rows = self._joined(asked).join(
                self._with_keys(measure, asked), on=self._facts.id_column, how="left", maintain_order="left"
            )
            question = _question(asked, measure.level)
            found = self._parts[name] = Parts.of(rows, keys, question)
        return found.part(keys)

    def _joined(self, asked: MeasureSettings) -> pl.DataFrame:
        """The run with the truth of the reviewed documents beside it, for the condition of a measure."""
        assert asked.case is not None
        if asked.case not in self._rows:
            question, runs = _question(asked, self._definition.level), self._runs
            self.reviewed = reviewed_of(
                self._gold, runs, question.field, case=asked.case, weight=None, inclusion_probability=None
            )  # fmt: skip
            rows = runs.usable(question)
            check_sample(self.reviewed, rows, runs)
            check(rows, self.reviewed.table, question, runs.first.id_column)
            self._rows[asked.case] = joined_rows(rows, self.reviewed.table, question, runs.first.id_column)
        return self._rows[asked.case]

    def _keys(self, measure: Measure, asked: MeasureSettings) -> dict[str, Key]:
        """The keys that cut the run, and what each is in the documents of the measure."""
        found: dict[str, Key] = {}
        one = self._definition
        if one.period is not None and measure.period is not None:
            found |= {PERIOD: measure.period.first} if one.period.first is None else {_WINDOW: True}
        if measure.place is not None:
            found[PLACE] = str(as_in(measure.place.value, self._facts.rows.schema[measure.place.column]))
        if asked.by is not None:
            found[_BY] = measure.group
        if one.where is not None or asked.among is not None:
            found[_WHERE] = True
        return found

    def _with_keys(self, measure: Measure, asked: MeasureSettings) -> pl.DataFrame:
        """The documents with their keys."""
        one, rows = self._definition, self._facts.rows
        told = []
        if one.period is not None and measure.period is not None:
            calendar = Calendar(every=one.period.every, weeks=one.period.weeks)
            told.append(rows.select(calendar.first_days(pl.col(one.period.column)).alias(PERIOD)).to_series())
            told.append(self._facts.holds(within(one.period.column, measure.period)).alias(_WINDOW))
        if one.place is not None:
            told.append(rows[one.place.column].cast(pl.String).alias(PLACE))
        if asked.by is not None:
            values = [None if value is None else str(value) for value in rows[asked.by].to_list()]
            told.append(pl.Series(_BY, values, dtype=pl.String))
        where = None if one.where is None else one.where.case
        among = None if asked.among is None else asked.among.case
        told.append(self._facts.holds(all_of(where, among)).alias(_WHERE))
        return rows.select(self._facts.id_column).with_columns(*told)


def _question(asked: MeasureSettings, level: float) -> Question:
    return Question(what="count", field=asked_field(None), case=asked.case, level=level, population="run")


def _counted(part: Part, measure: Measure) -> Corrected:
    """The count of a part as a brief tells it: a rate has the chance in it that cases occur by, too."""
    is_rate = measure.kind == "rate"
    return Corrected(
        estimate=part.estimate, low=part.low_of_process if is_rate else part.low,
        high=part.high_of_process if is_rate else part.high, reviewed=part.reviewed,
        reviewed_here=part.reviewed_here,
    )  # fmt: skip
