"""What a cascade is of, what it guarantees, and what it cost, as its files tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record, left_out
from glane.types import Toy
from glane.validation import Strict

Part = Literal["small", "large"]


class RunOf(Strict):
    """A run of a cascade."""

    id: str
    path: str
    fingerprint: str
    task: str
    model: str


class KeptGroup(Strict):
    """Values of the small model that stay, and how many of them may be wrong.

    The calibration bounds the wrong ones among all `accepted` values of the run. Those that stay are some of these, and
    all of the wrong ones may be among them. Of values that people judged it is known which are wrong.
    """

    field: str
    value: str | None  # the category; None of all values of the field, or of documents without one
    is_silence: bool  # documents without a value, of which some may hide one
    accepted: int  # values of the run that nobody judged, or silent documents, that the bound is of
    kept: int  # of these
    wrong_at_most: int  # of those that stay
    judged: int  # values that stay and that people judged; 0 of silent documents, as these are all in `kept`
    judged_wrong: int  # values that stay and that people found wrong, or silent documents that they found to hide one


class CascadePlan(Record):
    """Which documents stay with the small model, and why: `plan.json`."""

    kind: Literal["glane cascade plan"] = "glane cascade plan"
    version: Literal[2] = 2
    small: RunOf
    calibration: str  # the digest of calibration.json
    fields: tuple[str, ...]  # that decide
    others: tuple[str, ...]  # fields of the task of which nothing is guaranteed
    alpha: float
    delta: float
    missed: float | None
    documents: int
    stay: int
    asked: int  # of the large model
    ids: str  # the digest of their ids
    groups: tuple[KeptGroup, ...]


class Cost(Strict):
    """What a run took."""

    documents: int
    prompt_tokens: int
    output_tokens: int
    engine_s: float
    gpu_s: float


class CascadeSummary(Record):
    """A joined result: `cascade.json`."""

    kind: Literal["glane cascade"] = "glane cascade"
    version: Literal[2] = 2
    plan: CascadePlan
    large: RunOf
    costs: Mapping[Part, Cost]
    statuses: Mapping[Part, Mapping[str, int]]  # rows of the joined result
    large_guarantee: str | None  # of the calibration of the large run; None if it is not calibrated
    joined: str  # the digest of joined.parquet
    toy: Toy | None = left_out()  # of either run
