"""An effect of a study, as a document tells it, and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Measure = Literal["RR", "OR", "HR", "IRR", "RD", "MD", "SMD"]
Quoting = Literal["not_asked", "not_found", "lacks_numbers", "whole"]  # whether the quote shows the numbers
Basis = Literal["counts", "means", "estimate"]
# Designs, as the shipped tasks name them.
CLUSTERED = ("cluster_randomised", "essai_randomise_en_grappes")
RANDOMISED = ("randomised", "essai_randomise", *CLUSTERED)
USUAL_LEVEL = 0.95  # of an interval that tells none
_POINTS = re.compile(r"%|point|per ?cent|pour ?cent|\bpp\b|\bp\.p\.|(?:per|pour|/) ?100(?![\d.,\s]*\d)")
_SHARES = re.compile(r"proportion|fraction|probabilit")
MEASURES: tuple[Measure, ...] = get_args(Measure)
RATIOS: frozenset[Measure] = frozenset({"RR", "OR", "HR", "IRR"})  # compared on the log scale
OF_COUNTS: frozenset[Measure] = frozenset({"RR", "OR", "RD"})
OF_MEANS: frozenset[Measure] = frozenset({"MD", "SMD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """The numbers of one group."""

    events: int | None = None
    total: int | None = None
    percent: float | None = None
    mean: float | None = None
    sd: float | None = None

    @property
    def has_counts(self) -> bool:
        """Whether a 2 x 2 table can be made of it."""
        return self.events is not None and self.total is not None

    @property
    def has_means(self) -> bool:
        """Whether a difference of means can be made of it."""
        return self.mean is not None and self.sd is not None and self.total is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect, with the numbers that the document writes; what is not written is None."""

    report: str  # the id of the document
    item: int  # which effect of it, from 1
    outcome: str
    comparison: str | None = None
    follow_up: str | None = None
    subgroup: str | None = None
    measure: Measure | None = None  # None: no measure is written, or another one
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None  # None: the document does not tell it
    unit: str | None = None
    p_value: str | None = None
    is_adjusted: bool | None = None
    is_clustered: bool = False  # groups of persons were randomised
    intervention: Arm = Arm()
    comparator: Arm = Arm()
    quote: str | None = None
    quoting: Quoting = "not_asked"

    @property
    def has_counts(self) -> bool:
        """Whether there is a 2 x 2 table."""
        return self.intervention.has_counts and self.comparator.has_counts

    @property
    def has_interval(self) -> bool:
        """Whether a variance can be made of the interval."""
        return None not in (self.estimate, self.low, self.high)

    @property
    def basis(self) -> Basis | None:
        """Of which numbers the effect is computed; None: there are not enough.

        Counts and means of groups come first, for all studies are then computed alike. An estimate with its interval
        comes first where it is adjusted, or where groups were randomised, whose counts tell too small a variance.
        """
        is_first = self.is_adjusted or self.is_clustered
        told = self.measure is not None and self.has_interval
        if told and is_first:
            return "estimate"
        if self.measure in (None, *OF_COUNTS) and self.has_counts:
            return "counts"
        if self.measure in (None, *OF_MEANS) and self.intervention.has_means and self.comparator.has_means:
            return "means"
        return "estimate" if told else None

    def pooled_as(self, counts_as: Measure) -> Measure | None:
        """The measure that it is pooled in; of counts without one, `counts_as`."""
        if self.basis is None:
            return None
        return self.measure or (counts_as if self.basis == "counts" else "MD")


def as_points(effect: Effect) -> float:
    """By what a difference of risks is divided to be a proportion: 100 where it is written in points."""
    if effect.measure != "RD":
        return 1.0
    numbers = [abs(one) for one in (effect.estimate, effect.low, effect.high) if one is not None]
    return 100.0 if max(numbers, default=0) > 1 or _POINTS.search((effect.unit or "").lower()) else 1.0


def has_known_scale(effect: Effect) -> bool:
    """Whether a difference of risks says that it is a proportion or in points: 0.5 alone does not, nor "per 1,000"."""
    if effect.unit:
        return bool(_POINTS.search(effect.unit.lower()) or _SHARES.search(effect.unit.lower()))
    return as_points(effect) > 1


def effect_of(
    report: str,
    item: int,
    told: Mapping[str, Any],
    *,
    is_clustered: bool = False,
    quote: str | None = None,
    quoting: Quoting = "not_asked",
) -> Effect:
    """An effect of an item of a list, by the names of the fields of the task `effect_sizes`."""
    level, measure = told.get("ci_level"), told.get("measure")
    return Effect(
        report=report, item=item, outcome=str(told.get("outcome") or ""), comparison=told.get("comparison"),
        follow_up=told.get("follow_up"), subgroup=told.get("subgroup"),
        measure=measure if measure in MEASURES else None, estimate=told.get("estimate"),
        low=told.get("ci_low"), high=told.get("ci_high"), level=None if level is None else float(level) / 100,
        unit=told.get("unit"), p_value=told.get("p_value"), is_adjusted=told.get("adjusted"),
        is_clustered=is_clustered, intervention=_arm(told, "intervention"), comparator=_arm(told, "comparator"),
        quote=quote, quoting=quoting,
    )  # fmt: skip


def _arm(told: Mapping[str, Any], name: str) -> Arm:
    return Arm(**{key: told.get(f"{key}_{name}") for key in ("events", "total", "percent", "mean", "sd")})
