"""What the model did not tell: values that nobody would look for, because it found none or said "false"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from glane.assess.calibrate.groups import FEW_TOGETHER
from glane.assess.calibrate.judged import ABSENT, MISSED, NOT_RIGHT, RIGHT, is_even
from glane.assess.calibrate.record import Silence
from glane.assess.calibrate.risk import Floats, betting_p_value, exact_p_value, upper_limit
from glane.assess.calibrate.selection import Tested
from glane.assess.calibrate.shapes import NEGATIVE, Shape
from glane.assess.clusters import CLUSTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Documents of the run in which the model told nothing of a field, and what was missed in the judged ones."""

    field: str
    value: str | None  # "false", or None where it gave no value
    ids: pl.Series  # of the run
    missed: Floats  # documents of each judged cluster in which something was missed
    judged: Floats  # its judged documents
    is_even: bool

    @property
    def bound(self) -> int:
        """The most judged documents of a cluster."""
        return int(self.judged.max()) if len(self.judged) else 1

    @property
    def size(self) -> float:
        """Judged clusters, as if all had as many documents as the largest."""
        return float(self.judged.sum()) / self.bound if self.is_even else 0.0

    def test(self, alpha: float) -> Tested:
        """Test whether at most this share of the documents hides a value."""
        num, num_missed = int(self.judged.sum()), round(float(self.missed.sum()))
        p_value = (
            exact_p_value(num_missed, num, alpha, num_run=len(self.ids))
            if self.bound == 1
            else betting_p_value(self.missed, self.judged, alpha, bound=self.bound)
        )
        risk = num_missed / num if num else 0.0
        return Tested(threshold=0.0, documents=len(self.judged), values=num, risk=risk, p_value=p_value)

    def described(self, delta: float, *, is_accepted: bool | None) -> Silence:
        """As the record tells it; the limit is exceeded with probability `delta` at most."""
        is_known = self.is_even and len(self.judged) > 0
        return Silence(
            value=self.value,
            documents=len(self.ids),
            judged=int(self.judged.sum()),
            missed=round(float(self.missed.sum())),
            upper=upper_limit(self.missed, self.judged, delta, bound=self.bound) if is_known else None,
            is_accepted=is_accepted,
        )


def quiet(
    found: pl.DataFrame, values: pl.DataFrame, documents: pl.DataFrame, shapes: Mapping[str, Shape], id_column: str
) -> Iterator[Quiet]:
    """Yield, for every judged field, its documents without a value, and those of which it is "false".

    For a list, every document counts: something is missed if a value is not in it. Members of a list's records are left
    out, for they are missed with their record.

    Args:
        found: Values of the run: id, field, value.
        values: Judged values, with those that the model did not give.
        documents: Every usable document of the run: id, cluster.
        shapes: Of the fields.
        id_column: The name of the id.
    """
    of_field = {name: part for (name,), part in found.group_by("field")}
    for (name,), judged in values.group_by("field", maintain_order=True):
        shape = shapes[str(name)]
        if shape.is_inside_list:
            continue
        rows = of_field.get(name, found.clear())
        missed = (pl.col("verdict") == MISSED).alias("missed")
        if shape.is_list:
            yield _quiet(str(name), None, documents, judged.with_columns(missed), id_column)
            continue
        none = documents.join(rows.select(id_column), on=id_column, how="anti")
        if none.height:
            without = judged.filter(pl.col("verdict").is_in([MISSED, ABSENT])).with_columns(missed)
            yield _quiet(str(name), None, none, without, id_column)
        if shape.is_boolean:
            said = rows.filter(pl.col("value") == NEGATIVE).select(id_column)
            negative = documents.join(said, on=id_column, how="semi")
            is_told = pl.col("verdict").is_in([RIGHT, *NOT_RIGHT])
            no = judged.filter(is_told).with_columns((pl.col("verdict") == NOT_RIGHT[0]).alias("missed"))
            yield _quiet(str(name), NEGATIVE, negative, no, id_column)


def _quiet(field: str, value: str | None, run: pl.DataFrame, judged: pl.DataFrame, id_column: str) -> Quiet:
    """What was judged of the documents `run`, by cluster."""
    inside = judged.join(run, on=id_column, how="inner")
    by_document = inside.group_by(id_column, CLUSTER).agg(pl.col("missed").any())
    clusters = by_document.group_by(CLUSTER).agg(pl.col("missed").sum(), pl.len().alias("judged")).sort(CLUSTER)
    if clusters.filter(pl.col("judged") > 1)["judged"].sum() <= FEW_TOGETHER * by_document.height:
        clusters = clusters.with_columns(pl.col("missed").clip(upper_bound=1), judged=pl.lit(1))  # a handful of copies
    return Quiet(
        field=field, value=value, ids=run[id_column],
        missed=clusters["missed"].to_numpy().astype(np.float64),
        judged=clusters["judged"].to_numpy().astype(np.float64),
        is_even=is_even(inside),
    )  # fmt: skip
