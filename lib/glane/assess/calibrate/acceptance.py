"""A run with its confidences calibrated, its values parted into those that need review and those that do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.calibrate.calibration import (
    Calibrated,
    calibrate,
    expected_calibration_error,
    has_enough,
    reliability,
)
from glane.assess.calibrate.record import AcceptedCount, CalibrationSummary, Curve, FieldCalibration
from glane.assess.calibrate.selection import MIN_OTHERS, Tested, select, smallest_sample, thresholds
from glane.errors import DataError, did_you_mean, told
from glane.toys import notice_lines

Floats = NDArray[np.float64]
_RIGHT, _NOT_RIGHT = "correct", ("wrong", "spurious")  # verdicts on values that the model gave
_NO_VALUE = ("missed", "absent")  # verdicts where it gave none
_EVEN = 1.05  # weights that differ by less than this factor are equal
_SAMPLES = {
    "equal": "The judged documents were drawn with equal probabilities, as their weights say.",
    "untold": "How the judged documents were drawn is not known, for they carry no weights: the guarantee holds only "
    "if they are a plain random sample of the run.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What `accept` found."""

    accepted: pl.DataFrame  # id, field, item, value, confidence, calibrated
    to_review: pl.DataFrame  # the same columns
    summary: CalibrationSummary  # calibration.json


def accept(
    found: pl.DataFrame, values: pl.DataFrame, *, id_column: str, alpha: float, delta: float, seed: int = 0
) -> Acceptance:
    """Calibrate each field, and accept of each what is right often enough.

    The guarantee is for all fields together: each gets its share of delta (Bonferroni). It holds for values that the
    model gave, in documents like those that were judged, which must be drawn from the run with equal probabilities.

    Args:
        found: the values of the run: id, field, item, value (as text), confidence; and `doubted`, if any is. Such a
            value is never accepted, and what was judged of them says nothing of the others.
        values: judged values: id, field, item (or `predicted_item`: the place in the run's list), verdict.
        id_column: of both.
        alpha: the share of accepted values that may be wrong, per field.
        delta: the probability that more are.
        seed: of the cross-validation.

    Raises:
        DataError: if the judged values do not fit the run, or nothing has a confidence.
    """
    sample = _check_even(values)
    if "doubted" not in found.columns:
        found = found.with_columns(pl.lit(False).alias("doubted"))
    judged = _judged(found, values, id_column)
    everything, found = found, found.filter(~pl.col("doubted"))
    fields = sorted(judged["field"].unique().to_list())
    share = delta / len(fields)
    pooled = _calibrated(judged, id_column, seed)
    doubted = Counter(everything.filter("doubted")["field"])
    parts: list[pl.DataFrame] = []
    summaries: dict[str, FieldCalibration] = {}
    for field in fields:
        ours = judged.filter(pl.col("field") == field)
        rows = found.filter(pl.col("field") == field)
        is_own = has_enough(_correct(ours))
        calibrated = _calibrated(ours, id_column, seed) if is_own else pooled
        chosen = choose_threshold(rows, ours, id_column=id_column, alpha=alpha, delta=share)
        threshold = chosen.threshold
        parts.append(
            rows.with_columns(
                _apply(rows["confidence"], calibrated),
                (pl.col("confidence") >= threshold if threshold is not None else pl.lit(False))
                .fill_null(False)
                .alias("_accepted"),
            )
        )
        num = int(parts[-1]["_accepted"].sum())
        summaries[field] = FieldCalibration(
            **_curve(ours, calibrated, is_own),
            judged_documents=chosen.num_documents,
            threshold=threshold,
            thresholds_are_apart=chosen.is_apart,
            tests=chosen.tests,
            notes=chosen.notes(alpha, share),
            run=AcceptedCount(values=rows.height + doubted[field], accepted=num, doubted=doubted[field]),
        )
    unjudged = everything.filter(pl.col("doubted") | ~pl.col("field").is_in(fields))
    parts.append(unjudged.with_columns(pl.lit(None, pl.Float64).alias("calibrated"), pl.lit(False).alias("_accepted")))
    parted = pl.concat(parts).select(id_column, "field", "item", "value", "confidence", "calibrated", "_accepted")
    summary = CalibrationSummary(
        alpha=alpha,
        delta=delta,
        delta_per_field=share,
        smallest_sample=smallest_sample(alpha, share),
        judged=judged.height,
        documents=judged[id_column].n_unique(),
        sample=sample,
        fields=summaries,
        fields_not_judged=tuple(sorted(set(everything["field"]) - set(fields))),
        guarantee=(
            f"With probability {1 - delta:g} over the draw of the judged documents, for every field at once: at most "
            f"{alpha:.3g} of what is accepted is wrong, on average over the documents that have accepted values. Nulls "
            f"are not values: what the model missed is not counted here. {_SAMPLES[sample]}"
        ),
    )
    return Acceptance(
        accepted=parted.filter("_accepted").drop("_accepted"),
        to_review=parted.filter(~pl.col("_accepted")).drop("_accepted"),
        summary=summary,
    )


def acceptance_text(summary: CalibrationSummary) -> str:
    """What was accepted, in a few lines."""
    lines = [*notice_lines(summary.toy), summary.guarantee]
    for name, entry in summary.fields.items():
        run, threshold = entry.run, entry.threshold
        at = "no threshold is safe enough" if threshold is None else f"confidence >= {threshold:.4g}"
        doubts = [f"{run.doubted} with a sign that they are not the document's"] if run.doubted else []
        notes = "".join(f" ({note})" for note in (*entry.notes, *doubts))
        lines.append(
            f"{name}: {run.accepted} of {run.values} values accepted, {at}; {entry.judged} judged, "
            f"{entry.right:.1%} right; calibration error {entry.ece:.3f}, "
            f"calibrated {entry.ece_calibrated:.3f}{notes}"
        )
    if summary.fields_not_judged:
        lines.append(f"not judged, so all to review: {', '.join(summary.fields_not_judged)}")
    return "\n".join(lines)


def _judged(found: pl.DataFrame, values: pl.DataFrame, id_column: str) -> pl.DataFrame:
    """One row per value that was both given and judged, with its confidence: id, field, item, confidence, correct."""
    for name in (id_column, "field", "item", "verdict"):
        if name not in values.columns:
            raise DataError(f"values: no column {name!r}. {did_you_mean(name, values.columns)}")
    known = {_RIGHT, *_NOT_RIGHT, *_NO_VALUE}
    if strange := sorted(set(values["verdict"].cast(pl.String).drop_nulls()) - known):
        raise DataError(f"values: verdict {told(strange[0])} is not known. Valid: {', '.join(sorted(known))}.")
    if values.schema[id_column] != found.schema[id_column]:
        raise DataError(
            f"values: {id_column!r} is {values.schema[id_column]}, and in the run {found.schema[id_column]}."
        )
    item = "predicted_item" if "predicted_item" in values.columns else "item"
    if not (values.schema[item].is_integer() or values.schema[item] == pl.Null):
        raise DataError(f"values.{item}: {values.schema[item]}, and whole numbers (Int64) are needed.")
    keys = [id_column, "field", "item"]
    # A list within a record of a list has several values at one place: which of them was judged cannot be told.
    told_apart = found.group_by("field").agg(pl.struct(keys).is_unique().all().alias("is_unique")).filter("is_unique")
    if "predicted" in values.columns:
        kept = pl.col("field").is_in(told_apart["field"].to_list())
        _check_same(found, values.filter(kept), keys, item)
    given = values.filter(
        pl.col("verdict").is_in([_RIGHT, *_NOT_RIGHT]) & pl.col("field").is_in(told_apart["field"].to_list())
    ).select(
        id_column, pl.col("field").cast(pl.String), pl.col(item).cast(pl.Int64).alias("item"),
        (pl.col("verdict") == _RIGHT).alias("correct"),
    )  # fmt: skip
    if given.select(keys).is_duplicated().any():
        raise DataError("values: a value is judged twice. Give the values of one evaluation.")
    judged = given.join(found.select(*keys, "confidence", "doubted"), on=keys, how="inner", nulls_equal=True)
    if judged.height < given.height:
        raise DataError(
            f"values: {given.height - judged.height} of {given.height} judged values are not in this run. "
            "Give the values of an evaluation of this very run."
        )
    judged = judged.filter(pl.col("confidence").is_not_null() & ~pl.col("doubted")).drop("doubted")
    if judged.is_empty():
        raise DataError(
            "values: no judged value has a confidence (task.confidence: true), or each has a sign that it is not the "
            "document's."
        )
    return judged


def _check_same(found: pl.DataFrame, values: pl.DataFrame, keys: list[str], item: str) -> None:
    """Check that the judged values are those of this run: another run of the same documents has other values."""
    said = values.filter(pl.col("verdict").is_in([_RIGHT, *_NOT_RIGHT])).select(
        keys[0], pl.col("field").cast(pl.String), pl.col(item).cast(pl.Int64).alias("item"), "predicted"
    )
    both = said.join(found.select(*keys, "value"), on=keys, how="inner", nulls_equal=True)
    if others := both.filter(~_same(pl.col("predicted"), pl.col("value"))).height:
        raise DataError(
            f"values: {others} of {both.height} judged values differ from what this run says there. "
            "Give the values of an evaluation of this very run."
        )


def _same(text: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Equal as texts, or as numbers: 3.0 is 3."""
    numbers = text.cast(pl.Float64, strict=False) == other.cast(pl.Float64, strict=False)
    return (text == other) | numbers.fill_null(False)


def _check_even(values: pl.DataFrame) -> Literal["equal", "untold"]:
    """How the documents were drawn, as far as weights tell; raises if it was with unequal probabilities."""
    told: Literal["equal", "untold"] = "untold"
    for name in ("weight", "inclusion_probability"):
        if name in values.columns:
            column = values[name].cast(pl.Float64, strict=False)
            if unknown := column.null_count():
                raise DataError(
                    f"values: {unknown} of {len(column)} rows have no number in {name!r}. Judge documents of one "
                    "sample, or leave the column out if they are a plain random sample of the run."
                )
            low, high = column.min(), column.max()
            if isinstance(low, float) and isinstance(high, float) and not 0 < high <= _EVEN * low:
                raise DataError(
                    f"values: the documents were drawn with unequal probabilities ({name}: {low:.3g} to {high:.3g}). "
                    "The guarantee needs a plain random sample: review one with sample=random."
                )
            told = "equal"
    return told


def _correct(judged: pl.DataFrame) -> Floats:
    return judged["correct"].cast(pl.Float64).to_numpy()


def _calibrated(judged: pl.DataFrame, id_column: str, seed: int) -> Calibrated:
    return calibrate(judged["confidence"].to_numpy(), _correct(judged), judged[id_column].to_list(), seed=seed)


def _apply(confidence: pl.Series, calibrated: Calibrated) -> pl.Series:
    known = confidence.fill_null(0.0).to_numpy()
    return pl.select(
        pl.when(confidence.is_not_null()).then(pl.Series(calibrated.calibrator.apply(known))).alias("calibrated")
    ).to_series()


def _curve(judged: pl.DataFrame, calibrated: Calibrated, is_own: bool) -> dict[str, Any]:
    correct, confidence = _correct(judged), judged["confidence"].to_numpy()
    raw = reliability(confidence, correct)
    unseen = calibrated.unseen if is_own else None  # the pooled curve has seen these values
    after = reliability(unseen if unseen is not None else calibrated.calibrator.apply(confidence), correct)
    return {
        "judged": judged.height,
        "right": float(correct.mean()),
        "calibrator": Curve(**asdict(calibrated.calibrator), pooled_over_fields=not is_own),
        "cross_validated_log_loss": calibrated.log_losses if is_own else {},
        "ece": expected_calibration_error(raw),
        "ece_calibrated": expected_calibration_error(after),
        "ece_calibrated_is_cross_validated": unseen is not None,
        "reliability": tuple(raw),
        "reliability_calibrated": tuple(after),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The threshold of a field, and on what it rests."""

    threshold: float | None  # None where none is safe enough
    tests: tuple[Tested, ...]
    num_documents: int  # judged
    is_apart: bool  # whether the thresholds tried come from values that were not judged

    def notes(self, alpha: float, delta: float) -> tuple[str, ...]:
        """What a reader must know of them."""
        notes = []
        if self.num_documents < (least := smallest_sample(alpha, delta)):
            notes.append(f"{self.num_documents} judged documents; at least {least} are needed, all of them right")
        if not self.is_apart:
            notes.append(
                "few values beside the judged ones: thresholds come from these, and the guarantee is approximate"
            )
        return tuple(notes)


def choose_threshold(rows: pl.DataFrame, judged: pl.DataFrame, *, id_column: str, alpha: float, delta: float) -> Chosen:
    """Return the threshold of one field and its tests, from the values of the run and those that were judged."""
    confidence, documents = judged["confidence"].to_numpy(), judged[id_column].to_list()
    others = rows.join(judged, on=id_column, how="anti")["confidence"].drop_nulls().to_numpy()
    is_apart = len(others) >= MIN_OTHERS
    num = len(set(documents))
    candidates = thresholds(others if is_apart else confidence, num_documents=num, alpha=alpha, delta=delta)
    is_single = not rows[id_column].is_duplicated().any()
    chosen = select(confidence, _correct(judged), documents, candidates, alpha=alpha, delta=delta, is_single=is_single)
    return Chosen(threshold=chosen.threshold, tests=chosen.tested, num_documents=num, is_apart=is_apart)
