"""A run with its confidences calibrated, its values parted into those that need review and those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.calibrate.calibration import (
    Calibrated,
    calibrate,
    chance_calibration_error,
    expected_calibration_error,
    has_enough,
    reliability,
)
from glane.assess.calibrate.groups import parts_of
from glane.assess.calibrate.judged import WEIGHTS, is_even, judged_values, uneven
from glane.assess.calibrate.line_list import accepted_and_left, line_list
from glane.assess.calibrate.record import CalibrationSummary, Clusters, Curve, Drawn, FieldCalibration
from glane.assess.calibrate.shapes import Shape
from glane.assess.calibrate.silence import quiet
from glane.assess.calibrate.tested import Risks, count, test_all
from glane.assess.calibrate.words import guarantee, not_controlled
from glane.assess.clusters import CLUSTER, cluster_numbers

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What `accept` found."""

    accepted: pl.DataFrame  # id, field, item, value, confidence, calibrated, source
    to_review: pl.DataFrame  # the same columns without source
    line_list: pl.DataFrame  # one row per document
    summary: CalibrationSummary  # calibration.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The usable documents of the run, and which of them go together."""

    table: pl.DataFrame  # id, cluster
    columns: tuple[str, ...] = ()  # that make the clusters
    are_known: bool = True  # false if the texts could not be compared


def accept(
    found: pl.DataFrame, values: pl.DataFrame, *, id_column: str, risks: Risks,
    shapes: Mapping[str, Shape] | None = None, documents: Documents | None = None, seed: int = 0,
) -> Acceptance:  # fmt: skip
    """Calibrate each field, and accept of each group what is right often enough.

    Groups are the values of each predicted category of booleans and enums, and all values of each other field. All
    together have the guarantee (`glane.assess.calibrate.selection`). It needs judged documents that were drawn from the
    run with equal probabilities: all of them, or those of each answer.

    Args:
        found: The values of the run: id, field, item, value (as text), confidence; and `doubted`, if any is. Such a
            value is never accepted, and what was judged of them says nothing of the others.
        values: Judged values: id, field, item (and `predicted_item`: the place in the run's list), verdict, and `gold`,
            the right value as text.
        id_column: Of both.
        risks: What is borne.
        shapes: Of the fields (`glane.assess.calibrate.shapes`); without them, no field has categories.
        documents: Of the run; without them, those that have values, each a cluster of its own.
        seed: Of the cross-validation.

    Raises:
        DataError: if the judged values do not fit the run, nothing has a confidence, or no group was drawn evenly.
    """
    if "doubted" not in found.columns:
        found = found.with_columns(pl.lit(False).alias("doubted"))
    judged = judged_values(found, values, id_column)
    documents = documents or _documents_of(found, values, id_column)
    shapes = dict(shapes or {})
    for name in {*found["field"].unique(), *values["field"].cast(pl.String).unique()} - set(shapes):
        has_items = found.filter((pl.col("field") == name) & pl.col("item").is_not_null()).height > 0
        shapes[name] = Shape(is_list=has_items)
    usable = values.join(documents.table.select(id_column), on=id_column, how="semi")
    rows = found.filter(~pl.col("doubted")).join(documents.table, on=id_column, how="left")
    known = judged.join(documents.table, on=id_column, how="left")
    fields = sorted(judged["field"].unique().to_list())
    parts = [
        part
        for name in fields
        for part in parts_of(name, shapes[name], *(table.filter(pl.col("field") == name) for table in (rows, known)))
    ]
    silent = list(quiet(found, usable, documents.table, shapes, id_column))
    if not any(part.is_even for part in parts):
        raise uneven(values)
    tested = test_all(parts, silent, risks)
    accepted_rows = [one.accepted(id_column) for one in tested.groups]
    marked = found.join(
        pl.concat([table.with_columns(pl.lit(True).alias("_accepted")) for table in accepted_rows]),
        on=[id_column, "field", "item"], how="left", nulls_equal=True,
    ).with_columns(pl.col("_accepted").fill_null(False))  # fmt: skip
    calibrated = {name: _curve_of(judged, name, id_column, seed) for name in fields}
    marked = _with_calibrated(marked, calibrated)
    used, left = accepted_and_left(marked, usable, shapes, id_column)
    seen = values.select(id_column, pl.col("field").cast(pl.String)).unique()
    counts = marked.join(seen.with_columns(pl.lit(True).alias("_seen")), on=[id_column, "field"], how="left")
    counts = counts.with_columns(pl.col("_seen").fill_null(False))
    groups = tested.described(counts, shapes)
    of_field = {name: tuple(one for field, one in groups if field == name) for name in fields}
    drawn = _drawn(judged)
    clusters = Clusters(
        columns=documents.columns,
        judged=known[CLUSTER].n_unique(),
        run=documents.table[CLUSTER].n_unique(),
        are_known=documents.are_known,
    )
    pooled = tuple(name for name in fields if shapes[name].is_pooled)
    summary = CalibrationSummary(
        alpha=risks.alpha,
        delta=risks.delta,
        missed=risks.missed,
        tests=tested.num_tests,
        judged=judged.height,
        documents=judged[id_column].n_unique(),
        clusters=clusters,
        sample=drawn,
        fields={
            name: FieldCalibration(
                **_curve(judged.filter(pl.col("field") == name), *calibrated[name]),
                judged_documents=judged.filter(pl.col("field") == name)[id_column].n_unique(),
                is_list=shapes[name].is_list,
                groups=of_field[name],
                run=count(counts.filter(pl.col("field") == name)),
            )
            for name in fields
        },
        silence=tested.silence(risks),
        fields_not_judged=tuple(sorted(set(found["field"]) - set(fields))),
        pooled=pooled,
        guarantee=guarantee(risks.alpha, risks.delta, tested.num_tests, drawn, language="en"),
        not_controlled=not_controlled(risks.missed, clusters, pooled, language="en"),
    )
    wide = line_list(used, left, usable, documents.table, shapes, id_column)
    return Acceptance(accepted=used, to_review=left, line_list=wide, summary=summary)


def _documents_of(found: pl.DataFrame, values: pl.DataFrame, id_column: str) -> Documents:
    ids = pl.concat([found.select(id_column), values.select(id_column)]).unique(maintain_order=True)
    return Documents(table=ids.with_columns(cluster_numbers(ids, ()).alias(CLUSTER)))


def _drawn(judged: pl.DataFrame) -> Drawn:
    """How the judged documents were drawn, as far as weights tell."""
    if not any(name in judged.columns for name in WEIGHTS):
        return "untold"
    return "equal" if is_even(judged) else "by answer"


def _curve_of(judged: pl.DataFrame, name: str, id_column: str, seed: int) -> tuple[Calibrated, bool]:
    """The curve of a field, or that of all fields; and whether it is its own."""
    ours = judged.filter(pl.col("field") == name)
    is_own = has_enough(_correct(ours))
    return _calibrated(ours if is_own else judged, id_column, seed), is_own


def _correct(judged: pl.DataFrame) -> Floats:
    return judged["correct"].cast(pl.Float64).to_numpy()


def _calibrated(judged: pl.DataFrame, id_column: str, seed: int) -> Calibrated:
    return calibrate(judged["confidence"].to_numpy(), _correct(judged), judged[id_column].to_list(), seed=seed)


def _with_calibrated(found: pl.DataFrame, calibrated: Mapping[str, tuple[Calibrated, bool]]) -> pl.DataFrame:
    """With the calibrated probability of every value of a judged field that has no sign against it."""
    column = np.full(found.height, np.nan)
    confidence = found["confidence"].fill_null(0.0).to_numpy()
    for name, (curve, _) in calibrated.items():
        is_in = (found["field"] == name).to_numpy()
        column[is_in] = curve.calibrator.apply(confidence[is_in])
    known = pl.col("confidence").is_not_null() & ~pl.col("doubted") & pl.col("field").is_in(list(calibrated))
    return found.with_columns(pl.when(known).then(pl.Series("calibrated", column)).alias("calibrated"))


def _curve(judged: pl.DataFrame, calibrated: Calibrated, is_own: bool) -> dict[str, Any]:
    correct, confidence = _correct(judged), judged["confidence"].to_numpy()
    raw = reliability(confidence, correct)
    unseen = calibrated.unseen if is_own else None  # the pooled curve has seen these values
    probability = unseen if unseen is not None else calibrated.calibrator.apply(confidence)
    after = reliability(probability, correct)
    return {
        "judged": judged.height,
        "right": float(correct.mean()),
        "calibrator": Curve(**asdict(calibrated.calibrator), pooled_over_fields=not is_own),
        "cross_validated_log_loss": calibrated.log_losses if is_own else {},
        "ece": expected_calibration_error(raw),
        "ece_by_chance": chance_calibration_error(confidence),
        "ece_calibrated": expected_calibration_error(after),
        "ece_calibrated_by_chance": chance_calibration_error(probability),
        "ece_calibrated_is_cross_validated": unseen is not None,
        "reliability": tuple(raw),
        "reliability_calibrated": tuple(after),
    }
