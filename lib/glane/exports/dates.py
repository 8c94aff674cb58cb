"""Dates of a run whose documents were pseudonymised before a model read them: which were shifted, and by how much."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from glane.corpus.pseudonymised import known_rules
from glane.exports.bundle import Table, Variable
from glane.extraction.codebook import with_shift
from glane.extraction.results import Run
from glane.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """By how many days at most dates were shifted, and which columns of the input with those in the texts."""

    days: int
    columns: Collection[str]
    is_of_texts: bool

    @property
    def note(self) -> str:
        """What the user must know of it."""
        return (
            f"dates were shifted before a model read the documents, by up to {self.days} days, by another number for "
            "each person or document (data.pseudonyms): periods cannot be compared between persons, and counts by week "
            "or month are wrong"
        )

    def told(self, table: Table, task: Task) -> Table:
        """The table, with descriptions that say it of each column of dates that was shifted."""
        described = [
            replace(one, description=with_shift(one.description, self.days, task.language))
            if self._is_shifted(one, task)
            else one
            for one in table.variables
        ]
        return replace(table, variables=tuple(described))

    def _is_shifted(self, one: Variable, task: Task) -> bool:
        if one.kind not in ("date", "datetime"):
            return False
        column = one.source.partition(".")[0].partition("__")[0]
        return one.source in self.columns if one.role == "input" else self.is_of_texts and column in task.fields


def shift_of(run: Run) -> Shift | None:
    """What was shifted; None where dates are as they were."""
    rules = known_rules(run.description().fingerprint)
    if rules is None:
        return None
    is_of_texts = rules.dates == "shifted"
    known = () if "birth_date" in rules.keep else rules.known_columns  # written as the texts have them
    days = {name for name, kind in run.all().collect_schema().items() if kind in (pl.Date, pl.Datetime)}
    columns = days.intersection([*rules.shift_columns, *known])
    if not is_of_texts and not columns:
        return None
    return Shift(days=rules.most_days, columns=columns, is_of_texts=is_of_texts)
