"""Which documents stay with the small model: those of which every field that decides is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from glane.assess.calibrate.line_list import ACCEPTED, REVIEWED, SOURCE
from glane.assess.calibrate.record import AcceptedGroup, CalibrationSummary
from glane.assess.cascade.record import KeptGroup

_SURE, _JUDGED = "__sure", "__judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The ids of the documents that stay and of the others, and what is known of the values of those that stay."""

    stay: pl.Series
    asked: pl.Series  # for the large model, in the order of the run
    groups: tuple[KeptGroup, ...]


def routed(
    documents: pl.DataFrame, values: pl.DataFrame, calibration: CalibrationSummary, *, accepted: pl.DataFrame,
    to_review: pl.DataFrame, fields: Sequence[str], id_column: str,
) -> Routed:  # fmt: skip
    """Part the documents of the small model's run.

    A document stays if it is usable, and of every field that decides all values are accepted. A field without a value
    is accepted if the calibration has tested what such silence hides (`missed`). Values that people have judged are
    taken by the thresholds as if nobody had: so the judged documents of both parts are a random part of each. What
    people found to be wrong among them is counted.

    Args:
        documents: One row each, in the order of the run: the id, and whether it is `usable`.
        values: Of the run: id, field, item, value, confidence, doubted.
        calibration: Of the run.
        accepted: As the calibration parted the values.
        to_review: The others.
        fields: Those that decide.
        id_column: The name of the id.
    """
    marked = _marked(values.filter(pl.col("field").is_in(list(fields))), calibration, accepted, to_review, id_column)
    stay = documents.filter("usable").select(id_column)
    for name in fields:
        mine = marked.filter(pl.col("field") == name)
        by_document = mine.group_by(id_column).agg(pl.col(_SURE).all().alias("_met"))
        silence = pl.lit(is_silence_accepted(calibration, name))
        met = stay.join(by_document, on=id_column, how="left").filter(pl.col("_met").fill_null(silence))
        stay = met.select(id_column)
    kept, said = (
        table.join(stay, on=id_column, how="semi") for table in (marked, accepted.filter(pl.col(SOURCE) == REVIEWED))
    )
    groups = [one for name in fields for one in _groups(name, calibration, kept, said, stay, id_column)]
    asked = documents.filter(~pl.col(id_column).is_in(stay[id_column].implode()))[id_column]
    return Routed(stay=stay[id_column], asked=asked, groups=tuple(groups))


def is_silence_accepted(calibration: CalibrationSummary, field: str) -> bool:
    """Whether documents without a value in a field were tested, and hide few enough."""
    return any(one.value is None and one.is_accepted for one in calibration.silence.get(field, ()))


def _marked(
    values: pl.DataFrame, calibration: CalibrationSummary, accepted: pl.DataFrame, to_review: pl.DataFrame, key: str
) -> pl.DataFrame:  # fmt: skip
    """Values with whether they are accepted, and whether they were judged."""
    keys = [key, "field", "item"]
    parts = [
        accepted.filter(pl.col(SOURCE) == ACCEPTED).select(*keys, pl.lit(True).alias("_sure")),
        to_review.select(*keys, pl.lit(False).alias("_sure")),
    ]
    found = values.join(pl.concat(parts), on=keys, how="left", nulls_equal=True)
    is_judged = pl.col("_sure").is_null()
    by_threshold = ~pl.col("doubted") & (pl.col("confidence") >= _threshold(calibration)).fill_null(False)
    return found.with_columns(
        is_judged.alias(_JUDGED), pl.when(is_judged).then(by_threshold).otherwise("_sure").alias(_SURE)
    )


def _threshold(calibration: CalibrationSummary) -> pl.Expr:
    """The threshold of each value's group; null where none is safe enough."""
    found: pl.Expr = pl.lit(None, pl.Float64)
    for name, entry in calibration.fields.items():
        for group in entry.groups:
            is_it = pl.col("field") == name
            is_it = is_it if group.value is None else is_it & (pl.col("value") == group.value)
            found = pl.when(is_it).then(pl.lit(group.threshold, pl.Float64)).otherwise(found)
    return found


def _groups(
    name: str, calibration: CalibrationSummary, kept: pl.DataFrame, said: pl.DataFrame, stay: pl.DataFrame, key: str
) -> Iterator[KeptGroup]:  # fmt: skip
    """The groups of a field. `said` are the right values by people: those that the model gave have its confidence."""
    mine, said = (table.filter(pl.col("field") == name) for table in (kept, said))
    for group in calibration.fields[name].groups:
        of_group = pl.lit(True) if group.value is None else pl.col("value") == group.value
        right = said.filter(of_group & pl.col("confidence").is_not_null()).height
        yield _of_values(name, group, calibration.alpha, mine.filter(of_group), right=right)
    silent = stay.join(mine, on=key, how="anti")
    for one in calibration.silence.get(name, ()):
        if one.value is None and one.is_accepted and calibration.missed is not None:
            yield KeptGroup(
                field=name,
                value=None,
                is_silence=True,
                accepted=one.documents,
                kept=silent.height,
                wrong_at_most=min(silent.height, _at_most(calibration.missed, one.documents)),
                judged=0,
                judged_wrong=silent.join(said, on=key, how="semi").height,
            )


def _of_values(name: str, group: AcceptedGroup, alpha: float, kept: pl.DataFrame, *, right: int) -> KeptGroup:
    """A group of values that stay. Of judged ones it is known what is wrong; the bound is of the others."""
    judged = kept.filter(_JUDGED).height
    others = kept.height - judged
    return KeptGroup(
        field=name,
        value=group.value,
        is_silence=False,
        accepted=group.run.accepted,
        kept=others,
        wrong_at_most=min(others, _at_most(alpha, group.run.accepted)),
        judged=judged,
        judged_wrong=judged - right,
    )


def _at_most(share: float, num: int) -> int:
    """The largest number that is no more than a share of `num`."""
    return math.floor(share * num + 1e-9)
