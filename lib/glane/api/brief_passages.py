"""The passages of a run that a brief reads: quotes of fields, widened to whole sentences, a part of them at a time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.api.brief_figures import Figures
from glane.api.sources import table_of
from glane.briefs.bundles import in_order
from glane.briefs.passages import widened
from glane.briefs.record import Quote
from glane.briefs.terms import terms_of
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.settings.brief_definition import BriefDefinition
from glane.types import Alignment

_FOUND = "brief.statements.found"
_TOGETHER = 2000  # documents whose texts are in memory at a time
_START, _END = "start", "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A document of the brief with its passages."""

    text: str
    quotes: tuple[Quote, ...]


class Passages:
    """What a brief reads of a run."""

    def __init__(self, run: Run, definition: BriefDefinition, figures: Figures) -> None:
        """Find the places of the quotes.

        Raises:
            ConfigError: for a run of groups, or a field that has no quotes.
        """
        asked = definition.statements
        assert asked is not None
        _check(run, asked.fields)
        chosen = None if asked.found is None else _found(run, asked.found)
        self._run, self._name = run, run.id_column
        rows = figures.facts.rows.filter(figures.facts.holds(figures.domain))
        doubts = run.doubts().filter(pl.col("sign") == "suspicious").select(self._name).unique().collect()
        self.suspicious = rows.join(doubts, on=self._name, how="semi").height
        self.rows = rows.join(doubts, on=self._name, how="anti")
        self._day = None if definition.period is None else definition.period.column
        self._place = asked.place
        is_asked = pl.lit(False)
        for name in asked.fields:
            is_asked |= (pl.col("field") == name) | pl.col("field").str.starts_with(f"{name}.")
        read = self.rows if chosen is None else self.rows.join(chosen, on=self._name, how="semi")
        self.found = None if chosen is None else read.height
        self._spans = (
            run.evidence().filter(is_asked & pl.col(_START).is_not_null() & (pl.col("alignment") != Alignment.NONE))
            .select(self._name, _START, _END).unique().collect()
            .join(read.select(self._name), on=self._name, how="semi")
        )  # fmt: skip
        quotes = run.evidence().filter(is_asked & pl.col("quote").is_not_null()).select("quote").unique().collect()
        self.terms = terms_of(quotes["quote"])
        self.quoted = self._spans[self._name].n_unique()

    def documents(self) -> Iterator[Told]:
        """The documents with passages, in the order of digests of their ids."""
        known = {str(one): one for one in self._spans[self._name].unique().to_list()}
        ordered = in_order(known)
        for first in range(0, len(ordered), _TOGETHER):
            yield from self._part([known[one] for one in ordered[first : first + _TOGETHER]])

    def _part(self, ids: Sequence[Any]) -> Iterator[Told]:
        chosen = pl.DataFrame({self._name: pl.Series(ids, dtype=self._spans.schema[self._name])})
        texts = dict(
            self._run.documents().join(chosen.lazy(), on=self._name, how="semi")
            .select(self._name, self._run.settings.data.text_column).collect().iter_rows()
        )  # fmt: skip
        about = {
            row[self._name]: row for row in self.rows.join(chosen, on=self._name, how="semi").iter_rows(named=True)
        }
        spans: dict[Any, set[tuple[int, int]]] = {}
        for one, start, end in self._spans.join(chosen, on=self._name, how="semi").iter_rows():
            spans.setdefault(one, set()).add(widened(texts[one] or "", start, end))
        for one in ids:
            text = texts[one] or ""
            yield Told(text=text, quotes=tuple(self._quote(about[one], text, *span) for span in sorted(spans[one])))

    def _quote(self, row: dict[str, Any], text: str, start: int, end: int) -> Quote:
        day = None if self._day is None else row[self._day]
        place = None if self._place is None else row[self._place]
        return Quote(
            number=1, document=str(row[self._name]), text=text[start:end], start=start, end=end,
            day=day.date() if isinstance(day, datetime.datetime) else day, place=None if place is None else str(place),
        )  # fmt: skip

    def places(self) -> list[str]:
        """Where documents of the brief are from."""
        return [] if self._place is None else sorted(map(str, self.rows[self._place].drop_nulls().unique().to_list()))


def _found(run: Run, path: str) -> pl.DataFrame:
    """The ids of documents that a search found.

    Raises:
        DataError: for a table without ids, or none of whose ids is of the run.
    """
    name = run.id_column
    table = table_of(path, place=_FOUND, id_column=name)
    if name not in table.columns:
        raise DataError(f"{_FOUND}: no column {name!r}. {did_you_mean(name, table.columns)}")
    ids = run.all().select(name).collect()
    chosen = table.select(name).unique()
    if chosen.schema[name] != ids.schema[name]:
        chosen, ids = (one.with_columns(pl.col(name).cast(pl.String)) for one in (chosen, ids))
    if ids.join(chosen, on=name, how="semi").is_empty():
        raise DataError(
            f"{_FOUND}: none of the {chosen.height:,} ids in {path} is one of the run. Search in the same documents: "
            "glane embed of the data set that the run read."
        )
    return chosen.with_columns(pl.col(name).cast(run.all().collect_schema()[name]))


def _check(run: Run, fields: Sequence[str]) -> None:
    if run.settings.data.group_by is not None:
        raise ConfigError(
            "brief.statements: this run reads several documents as one, and passages of groups cannot be read here. "
            "Leave statements out: figures of such a run can be told."
        )
    for name in fields:
        if name.partition(".")[0] not in run.task.fields:
            raise ConfigError(
                f"brief.statements.fields: the run has no field {name!r}. {did_you_mean(name, run.task.fields)}"
            )
