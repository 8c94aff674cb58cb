"""What a calibration found, as `calibration.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.assess.calibrate.calibration import Bin, Method
from glane.assess.calibrate.selection import Tested
from glane.records import Record, left_out
from glane.types import Toy
from glane.validation import Strict


class Curve(Strict):
    """From confidence to probability; see `glane.assess.calibrate.calibration.Calibrator`."""

    method: Method
    x: tuple[float, ...]
    y: tuple[float, ...]
    pooled_over_fields: bool  # the field has too few judged values for a curve of its own


class AcceptedCount(Strict):
    """Values of the run, and those accepted without review."""

    values: int
    accepted: int
    doubted: int = 0  # with a sign that they are not the document's: never accepted, and not counted as judged


class FieldCalibration(Strict):
    """One field: how far its confidence can be believed, and from which on values are accepted."""

    judged: int  # values
    judged_documents: int
    right: float  # share of the judged values
    calibrator: Curve
    cross_validated_log_loss: Mapping[str, float]  # by method; empty where none was compared
    ece: float  # expected calibration error
    ece_calibrated: float
    ece_calibrated_is_cross_validated: bool
    reliability: tuple[Bin, ...]
    reliability_calibrated: tuple[Bin, ...]
    threshold: float | None  # None where no threshold is safe enough
    thresholds_are_apart: bool  # whether they come from values that were not judged, as the guarantee wants it
    tests: tuple[Tested, ...]
    notes: tuple[str, ...]
    run: AcceptedCount


class CalibrationSummary(Record):
    """What can do without review, and the guarantee."""

    kind: Literal["glane calibration"] = "glane calibration"
    version: Literal[1] = 1
    run: str = ""
    toy: Toy | None = left_out()  # the answers are no results
    values: str | None = None  # the path of the judged values; None of a table in memory
    alpha: float  # the share of accepted values that may be wrong
    delta: float  # the probability that more are
    delta_per_field: float
    smallest_sample: int  # documents that have to be judged, all of them right
    judged: int  # values
    documents: int
    sample: Literal["equal", "untold"]  # how the judged documents were drawn, as far as weights tell
    fields: Mapping[str, FieldCalibration]
    fields_not_judged: tuple[str, ...]
    guarantee: str
