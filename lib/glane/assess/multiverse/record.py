"""A figure under several ways of asking, as `multiverse.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from glane.assess.estimate.question import Question
from glane.assess.multiverse.seal import GoldFile, SealCheck
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.types import Factor, Toy
from glane.validation import Strict

FACTORS: tuple[Factor, ...] = ("wording", "model", "reading")

_DIFFER = 0.05  # p-value below which groups are said to differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def excludes(self, value: float | None) -> bool | None:
        """Whether the interval does not hold a value; None where either is not known."""
        if self.low is None or self.high is None or value is None:
            return None
        return not self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Figure):
    """The same figure, corrected by the reviewed documents."""

    method: str
    reviewed: int
    clusters: int | None = None  # that its interval rests on
    heterogeneity: float | None = None  # of pooled tables: p-value of equal error rates in all groups
    note: str | None = None

    @property
    def is_unlike(self) -> bool:
        """Whether the model errs otherwise from group to group, so that shared error rates bias a contrast."""
        return self.heterogeneity is not None and self.heterogeneity < _DIFFER


class Level(Strict):
    """One wording, model or reading of the multiverse."""

    factor: Factor
    name: str  # W1, M2, R1: those of the chosen specification are the first
    title: str  # the task's name and version, or the model's name
    settings: Mapping[str, str]  # those that differ between the runs and are the same in all runs of this level
    texts: Mapping[str, str]  # of a wording: the texts of the task that differ, in full, without its examples


class Specification(Strict):
    """One way of asking, and its figure."""

    run: str
    fingerprint: str
    task: str
    model_name: str
    toy: Toy | None = left_out()  # its answers are no results
    is_unasked: bool | None = left_out()  # its model is sent the document alone: what the task says is not asked
    wording: str  # the names of its levels
    model: str
    reading: str
    settings: Mapping[str, str]  # those that are not the same in all runs, by dotted key
    documents: int  # with values
    without_values: int
    figure: Figure  # of the model's answers alone
    difference: Figure  # minus that of the chosen one, with its paired interval
    corrected: Corrected | None = left_out()  # with gold
    gold_left_out: int | None = left_out()  # reviewed documents without values in this run

    def level(self, factor: Factor) -> str:
        """The name of its level."""
        return {"wording": self.wording, "model": self.model, "reading": self.reading}[factor]


class Part(Strict):
    """How much of the variation between specifications lies between the levels of a factor."""

    factor: Factor
    levels: int
    share: float | None  # between-level sum of squares over the total one; None where all figures are equal


class Variation(Strict):
    """The variation of the figures of all specifications, by factor."""

    figures: int
    standard_deviation: float | None
    parts: tuple[Part, ...]
    rest: float | None  # what no main effect tells: interactions; None where factors overlap
    is_balanced: bool  # every level of a factor meets those of the others equally often


class Spread(Strict):
    """The figures of all specifications. They are not averaged: none of them is a sample of the others."""

    figures: int  # that are defined
    lowest: float | None
    highest: float | None
    median: float | None
    others: int  # beside the chosen one
    reversed: int | None  # of contrasts: others whose sign is the opposite of the chosen one's
    excluding: int  # others whose interval does not hold the chosen one's figure
    differing: int | None  # others whose paired difference from the chosen one has an interval without 0
    variation: Variation


class MultiverseSummary(Record):
    """One figure under all specifications, the lowest first, with the chosen one named."""

    kind: Literal["glane multiverse"] = "glane multiverse"
    version: Literal[1] = 1
    question: Question
    between: tuple[str, str] | None  # two groups of `question.by`: the figure is the first minus the second
    chosen: str  # the run
    documents: int  # the same in all runs, by their ids
    is_same_input: bool  # whether all runs read the same files: else the same ids may be other texts
    clusters: int | None  # that intervals rest on, if documents go together
    samples: int  # resamples behind the intervals of raw figures
    levels: tuple[Level, ...]
    specifications: tuple[Specification, ...]
    raw: Spread
    corrected: Spread | None = left_out()  # with gold
    gold: GoldFile | None = left_out()
    right_answers: RightAnswers | None = left_out()  # where they are from
    seal: SealCheck

    @property
    def stood_for(self) -> Specification:
        """The chosen specification."""
        return next(one for one in self.specifications if one.run == self.chosen)

    @property
    def unasked(self) -> tuple[Specification, ...]:
        """Those whose wording was never sent to a model, where wordings are compared."""
        if len({one.wording for one in self.specifications}) < 2:
            return ()
        return tuple(one for one in self.specifications if one.is_unasked)

    @property
    def toy(self) -> Toy | None:
        """What is said of the figures, if the answers of a run are no results; random ones are said first."""
        return next((toy for toy in Toy if any(one.toy is toy for one in self.specifications)), None)
