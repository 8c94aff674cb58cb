"""Whether the documents of a run are like those of an earlier one: their length, what is not told, what failed.

Sentinels ask the same documents again, and see the model change. They cannot see that the documents do: a hospital
with a new template, or a column of text that is cut. Here the documents of two runs are compared. They are others, so
that a difference of answers may be an epidemic: no share of a value is compared, only how answers come about.

A new template changes several of these at once in one place: length, and what is not told, or why. Each alone may have
other reasons. Length, unlike all else, knows nothing of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import fisher_exact, ks_2samp

from glane.assess.compare.alarm_budget import corrected
from glane.drift import AlarmBudget, DocumentShift, DocumentWatch, ShiftOf, Verdict
from glane.task.fields import Field, ListField
from glane.types import Missing, Status

FEWEST = 30  # documents of a place, in each run; fewer are not compared
SHARE_FLOOR = 0.1  # a share that moves by less is no alarm, however many documents there are
FAILED_FLOOR = 0.02  # of failed documents
DISTANCE_FLOOR = 0.2  # of two distributions: the largest distance between them (Kolmogorov and Smirnov)
LENGTH = "_length"
EVERYWHERE = "all"
_BUDGET = AlarmBudget()
_PLACE = "_place"
_NONE = pl.Series("value", [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The documents of one run."""

    fields: Mapping[str, Field]
    rows: pl.LazyFrame  # one row per document, whatever its status
    lengths: pl.LazyFrame | None  # the id, and the characters of its text in `_length`; None where they are not known
    id_column: str


def watch_documents(
    then: Watched, now: Watched, *, by: Sequence[str] = (), budget: AlarmBudget = _BUDGET
) -> DocumentWatch:
    """Compare the documents of two runs, in each place that both have.

    Lengths and confidences by the two-sample test of Kolmogorov and Smirnov (Smirnov 1939), shares by Fisher's exact
    test (1935). All tests are one family, corrected after Holm, at the level that `budget` leaves to one run. What is
    told must also be large: 0.1 of a share (0.02 of those that failed), 0.2 between two distributions. Documents count
    as independent: where one patient has many, small places alarm more often than promised.

    Args:
        then: The documents of the earlier run.
        now: Those of this one.
        by: Columns of both whose values are places, as a hospital; each place is compared with itself. Without any,
            all documents are compared together. Places with fewer than 30 documents in either run are left out.
        budget: How often comparisons may alarm without cause.
    """
    family: list[DocumentShift] = []
    columns = [side.rows.collect_schema() for side in (then, now)]
    wanted: list[str | None] = [name for name in by if all(name in one for one in columns)]
    compared: list[str] = []
    for column in wanted or [None]:
        sides = [_side(one, column) for one in (then, now)]
        places = [side.select(_PLACE).collect()[_PLACE] for side in sides]
        shared = _shared(*places)
        compared += [_named(column, place) for place in shared]
        for measure in _measures(sides, then, now, shared):
            family += _tested(column, measure)
        family += _mixture(column, places, shared)
    holm = corrected({at: one.p for at, one in enumerate(family)})
    judged = [
        one.model_copy(update={"p_holm": holm[at], "verdict": _verdict(one, holm[at], budget.level)})
        for at, one in enumerate(family)
    ]
    return DocumentWatch(
        places=tuple(compared),
        tests=len(family),
        budget=budget,
        has_lengths=then.lengths is not None and now.lengths is not None,
        shifts=tuple(one for one in judged if one.verdict == "drift"),
    )


def _side(watched: Watched, column: str | None) -> pl.LazyFrame:
    """The rows with their place."""
    place = pl.lit(EVERYWHERE) if column is None else pl.col(column).cast(pl.String)
    return watched.rows.with_columns(place.alias(_PLACE))


def _shared(then: pl.Series, now: pl.Series) -> list[str]:
    counts = [dict(side.drop_nulls().value_counts().iter_rows()) for side in (then, now)]
    return sorted(name for name, num in counts[0].items() if min(num, counts[1].get(name, 0)) >= FEWEST)


def _named(column: str | None, place: str) -> str:
    return place if column is None else f"{column}={place}"


class _Measure(NamedTuple):
    """What is compared in one place: of which field and reason, and the values of its documents in both runs."""

    place: str
    of: ShiftOf
    field: str
    detail: str
    then: pl.Series
    now: pl.Series


class _Asked(NamedTuple):
    """A measure: of what, and how it is read of each side."""

    of: ShiftOf
    field: str
    detail: str
    values: tuple[pl.Expr, pl.Expr]


_IS_USABLE = pl.col("status").cast(pl.String) == Status.OK.value


def _measures(sides: Sequence[pl.LazyFrame], then: Watched, now: Watched, places: Sequence[str]) -> Iterator[_Measure]:
    """What is compared: each measure is read by itself, so that memory holds one column of both runs."""
    asked = [_Asked("failed", "", "", (~_IS_USABLE, ~_IS_USABLE)), *_of_fields(sides, then, now)]
    if then.lengths is not None and now.lengths is not None:
        asked.append(_Asked("length", "", "", (pl.col(LENGTH), pl.col(LENGTH))))
    for of, field, detail, values in asked:
        found = []
        for side, watched, value in zip(sides, (then, now), values, strict=True):
            rows = side.filter(_IS_USABLE) if field else side
            if of == "length" and watched.lengths is not None:
                rows = rows.join(watched.lengths, on=watched.id_column, how="left")
            table = rows.select(_PLACE, value.alias("value")).drop_nulls().collect()
            found.append(table.partition_by(_PLACE, as_dict=True, include_key=False))
        for place in places:
            one, other = (of_places[place,]["value"] if (place,) in of_places else _NONE for of_places in found)
            if min(len(one), len(other)) >= FEWEST:
                yield _Measure(place, of, field, detail, one, other)


def _of_fields(sides: Sequence[pl.LazyFrame], then: Watched, now: Watched) -> Iterator[_Asked]:
    one, other = (side.collect_schema() for side in sides)
    for name, field in then.fields.items():
        if name not in now.fields or name not in one or name not in other:
            continue
        if isinstance(field, ListField) != isinstance(now.fields[name], ListField):
            continue
        empty = _is_empty(name, field)
        yield _Asked("without a value", name, "", (empty, empty))
        if (reason := f"{name}__missing") in one and reason in other:
            for why in Missing:
                yield _Asked("reason", name, str(why), (_is(reason, why), _is(reason, why)))
        if (sure := f"{name}__confidence") in one and sure in other:
            yield _Asked("confidence", name, "", (_confidence(sure, one), _confidence(sure, other)))


def _is_empty(name: str, field: Field) -> pl.Expr:
    column = pl.col(name)
    return column.is_null() | (column.list.len() == 0) if isinstance(field, ListField) else column.is_null()


def _is(column: str, reason: Missing) -> pl.Expr:
    return (pl.col(column).cast(pl.String) == reason.value).fill_null(False)


def _confidence(name: str, schema: pl.Schema) -> pl.Expr:
    return pl.col(name).list.min() if isinstance(schema[name], pl.List) else pl.col(name)


def _tested(column: str | None, measure: _Measure) -> list[DocumentShift]:
    """The test of one measure; none where neither run has any of it."""
    place, of, field, detail, then, now = measure
    place = _named(column, place)
    if of not in ("length", "confidence"):
        return _of_shares(place, of, field, detail, int(then.sum()), len(then), int(now.sum()), len(now))
    found = ks_2samp(then.to_numpy(), now.to_numpy(), method="asymp")
    one, other = (float(np.median(side.to_numpy())) for side in (then, now))
    effect, p = float(found.statistic), float(found.pvalue)
    shift = DocumentShift(
        place=place, of=of, field=field, detail=detail, verdict="same", then=one, now=other, effect=effect, p=p
    )
    return [shift]


def _of_shares(
    place: str, of: ShiftOf, field: str, detail: str, yes_then: int, num_then: int, yes_now: int, num_now: int
) -> list[DocumentShift]:
    if not yes_then + yes_now:
        return []
    then, now = yes_then / num_then, yes_now / num_now
    p = float(fisher_exact([[yes_then, num_then - yes_then], [yes_now, num_now - yes_now]]).pvalue)
    effect = abs(now - then)
    shift = DocumentShift(
        place=place, of=of, field=field, detail=detail, verdict="same", then=then, now=now, effect=effect, p=p
    )
    return [shift]


def _mixture(column: str | None, sides: Sequence[pl.Series], places: Sequence[str]) -> list[DocumentShift]:
    """The share of each place in all documents."""
    found: list[DocumentShift] = []
    for place in [] if column is None else places:
        (one, num), (other, num_now) = ((int((side == place).sum()), len(side)) for side in sides)
        found += _of_shares(_named(column, place), "share of documents", "", "", one, num, other, num_now)
    return found


def _verdict(one: DocumentShift, p_holm: float, level: float) -> Verdict:
    floor = {"length": DISTANCE_FLOOR, "confidence": DISTANCE_FLOOR, "failed": FAILED_FLOOR}.get(one.of, SHARE_FLOOR)
    return "drift" if p_holm <= level and one.effect >= floor else "same"
