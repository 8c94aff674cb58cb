"""What a calibration found, as `calibration.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.assess.calibrate.calibration import Bin, Method
from glane.assess.calibrate.selection import Tested
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.types import Toy
from glane.validation import Strict

Drawn = Literal["equal", "by answer", "untold"]


class Curve(Strict):
    """From confidence to probability; see `glane.assess.calibrate.calibration.Calibrator`."""

    method: Method
    x: tuple[float, ...]
    y: tuple[float, ...]
    pooled_over_fields: bool  # the field has too few judged values for a curve of its own


class AcceptedCount(Strict):
    """Values of the run, and what becomes of them; those that are left are to be reviewed."""

    values: int
    accepted: int  # without review
    reviewed: int  # judged: right, or put right, or found to be too much
    doubted: int = 0  # with a sign that they are not the document's: never accepted, and not counted as judged


class AcceptedGroup(Strict):
    """Values that are tested together: those of one predicted category of a field, or all of a field."""

    value: str | None  # the category; None of all values of the field
    judged: int  # values
    documents: int  # judged documents, or clusters of them, that have such values
    wrong: int  # of the judged values
    share_of_delta: float  # 0 where too few were judged for a test
    more_needed: int  # documents to judge in addition before anything can be accepted; 0 where there are enough
    is_even: bool  # whether these documents were drawn with equal probabilities; nothing is accepted if not
    largest_unit: int  # judged documents, or clusters, have at most so many such values
    left_out: int  # values of the run in larger ones: they are left to be reviewed
    are_thresholds_apart: bool  # whether the run has enough values beside the judged ones to take thresholds from
    threshold: float | None  # None where no threshold is safe enough
    tests: tuple[Tested, ...]
    notes: tuple[str, ...]
    run: AcceptedCount


class Silence(Strict):
    """What the model did not tell: documents that nobody looks at because it found nothing, or said "false"."""

    value: str | None  # "false", or None where it gave no value
    documents: int  # of the run
    judged: int
    missed: int  # of the judged: they have a value after all, or are "true"
    upper: float | None  # limit of the share that is missed; None if the judged ones were drawn unequally
    is_accepted: bool | None  # whether it is at most `missed`, with the certainty of all tests; None if not asked


class FieldCalibration(Strict):
    """One field: how far its confidence can be believed, and from which on values are accepted."""

    judged: int  # values
    judged_documents: int
    right: float  # share of the judged values
    calibrator: Curve
    cross_validated_log_loss: Mapping[str, float]  # by method; empty where none was compared
    ece: float  # expected calibration error
    ece_by_chance: float  # what it is on average if every confidence is true
    ece_calibrated: float
    ece_calibrated_by_chance: float
    ece_calibrated_is_cross_validated: bool
    reliability: tuple[Bin, ...]
    reliability_calibrated: tuple[Bin, ...]
    is_list: bool  # a document may have several values
    groups: tuple[AcceptedGroup, ...]
    run: AcceptedCount


class Clusters(Strict):
    """Which documents go together, and count as one."""

    columns: tuple[str, ...]  # empty: documents with the same text
    judged: int  # clusters with judged documents
    run: int
    are_known: bool  # false if the texts could not be read again


class CalibrationSummary(Record):
    """What can do without review, and the guarantee."""

    kind: Literal["glane calibration"] = "glane calibration"
    version: Literal[2] = 2
    run: str = ""
    toy: Toy | None = left_out()  # the answers are no results
    right_answers: RightAnswers | None = left_out()  # where those are from that values were judged by, if that is told
    values: str | None = None  # the path of the judged values; None of a table in memory
    alpha: float  # the share of accepted values that may be wrong
    missed: float | None  # the share of silent documents that may hide a value; None if it is not tested
    delta: float  # the probability that more are
    tests: int  # groups that share delta
    judged: int  # values
    documents: int
    clusters: Clusters
    sample: Drawn  # how the judged documents were drawn, as far as weights tell
    fields: Mapping[str, FieldCalibration]
    silence: Mapping[str, tuple[Silence, ...]]  # by field
    fields_not_judged: tuple[str, ...]
    pooled: tuple[str, ...]  # fields whose categories were tested together
    guarantee: str
    not_controlled: tuple[str, ...]
