"""A model's error rates in the reviewed documents, as tables and later runs take them."""

from __future__ import annotations

from typing import Literal

import polars as pl

from glane.assess.estimate.groups import Rates
from glane.assess.estimate.question import GOLD, MODEL, REVIEWED, WEIGHT
from glane.records import Record


class ErrorRatesRecord(Record):
    """`error_rates.json`: how a model erred about one value of a field, and what that rests on."""

    kind: Literal["glane error rates"] = "glane error rates"
    version: Literal[1] = 1
    field: str
    value: str
    case: str | None = None  # the case definition, if the field is one
    runs: tuple[str, ...]
    task: str
    model: str
    answering: str  # the digest of how documents were asked: task, prompt, model and engine
    reviewed: int  # documents
    sensitivity: float
    num_yes: float  # documents of equal weight, truly yes, that the sensitivity rests on
    false_positive_rate: float
    num_no: float

    def rates(self) -> Rates:
        """The rates alone."""
        return Rates(
            sensitivity=self.sensitivity, num_yes=self.num_yes, false_positive_rate=self.false_positive_rate,
            num_no=self.num_no,
        )  # fmt: skip


def rates_of_review(rows: pl.DataFrame, *, effect: float = 1.0) -> Rates:
    """The error rates that follow from the predictive values: these hold also where the answer decided who is reviewed.

    `effect` is the design effect of clusters. Without a reviewed yes, the sensitivity is taken to be 1:
    nothing was seen to be missed.
    """
    seen = rows.filter(pl.col(REVIEWED))
    run_share = mean_of_yes(rows[MODEL])
    joint = {}
    for answer, part in ((True, run_share), (False, 1 - run_share)):
        said = seen.filter(pl.col(MODEL) == answer)
        weights = said[WEIGHT].to_numpy()
        is_yes = said[GOLD].cast(pl.Float64).to_numpy()
        joint[answer] = part * (float(weights @ is_yes / weights.sum()) if len(weights) else float(answer))
    truly = joint[True] + joint[False]
    return Rates(
        sensitivity=joint[True] / truly if truly else 1.0,
        num_yes=_kish(seen.filter(pl.col(GOLD))) / effect,
        false_positive_rate=(run_share - joint[True]) / (1 - truly) if truly < 1 else 0.0,
        num_no=_kish(seen.filter(~pl.col(GOLD))) / effect,
    )


def _kish(rows: pl.DataFrame) -> float:
    weights = rows[WEIGHT].to_numpy()
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def mean_of_yes(answers: pl.Series) -> float:
    """The share of yes among answers."""
    return float(answers.cast(pl.Float64).to_numpy().mean())
