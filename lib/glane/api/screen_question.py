"""What makes a document of a run a case, by the model and by people who read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from glane.api.cases import gold_with_case, rows_with_case
from glane.api.next_documents import answer_of
from glane.assess.estimate.case import CASE, CaseDefinition
from glane.assess.review.page import chosen_fields
from glane.assess.sampling import lowest_confidence
from glane.assess.screen.ranking import SURE, YES
from glane.assess.yes import is_yes
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.task.doubts import is_doubted


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What makes a document of a run a case."""

    run: Run
    field: str | None
    value: str
    case: CaseDefinition | None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields of the task that people read.

        Raises:
            ConfigError: if the case definition speaks of none.
        """
        if self.case is None:
            return tuple(chosen_fields(self.run.task, [self.field] if self.field is not None else []))
        known = [*self.run.all().collect_schema(), *self.run.columns_beside().collect_schema()]
        named = [name for name in self.case.fields(list(dict.fromkeys(known))) if name in self.run.task.fields]
        if not named:
            raise ConfigError("case: speaks of no field of the task, so there is nothing to read.")
        return tuple(chosen_fields(self.run.task, named))

    def documents(self) -> pl.DataFrame:
        """All documents of the run: the id, YES and SURE; null where the model gave no answer."""
        usable = self.run.usable()
        columns, name = usable.collect_schema(), self.run.id_column
        if self.case is None:
            answer = answer_of(self.run, self.field or "", self.value)
            kind = columns[answer[0]]
            said = usable.with_columns(is_yes(*answer, of=kind, as_in=kind).alias(YES))
        else:
            said = rows_with_case(self.run, usable, self.case).with_columns(pl.col(CASE).fill_null(False).alias(YES))
        fields = [one for one in self.fields if f"{one}__confidence" in columns]
        sure = lowest_confidence(columns, fields) if fields else pl.lit(None, pl.Float64)
        doubted = is_doubted(columns, self.fields)
        known = said.select(name, YES, pl.when(doubted).then(None).otherwise(sure).alias(SURE))
        return self.run.all().select(name, "status").join(known, on=name, how="left").collect()

    def is_case(self, gold: pl.DataFrame) -> pl.Series:
        """Whether documents are cases, by what people said of them."""
        if self.case is not None:
            return gold_with_case((self.run,), gold, self.case)[CASE].fill_null(False)
        name = self.field or ""
        kind = self.run.usable().collect_schema()[name]
        return gold.select(is_yes(name, self.value, of=gold.schema[name], as_in=kind).alias(CASE))[CASE]

    def rows(self, ids: list[str]) -> tuple[pl.LazyFrame, pl.Expr]:
        """The rows of the result, and which of them are asked for, whatever their status."""
        return self.run.all(), pl.col(self.run.id_column).cast(pl.String).is_in(ids)
