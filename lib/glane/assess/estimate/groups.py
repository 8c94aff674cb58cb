"""A run and its review by group, and the model's error rates over all groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The reviewed documents of each group to which the model gave one answer; arrays of length G."""

    num: Floats  # documents
    num_yes: Floats  # that are truly yes
    share: Floats  # of true yes, weighted; 0 where there is none
    num_effective: Floats  # Kish's size: as many documents of equal weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """A run and its review by group; arrays of length G, in order of time if `is_ordered`."""

    num_run: Floats  # documents
    run_yes: Floats  # to which the model said yes
    said_yes: Cell
    said_no: Cell
    is_ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The model's error rates over all groups, and how many reviewed documents each rests on (Kish's size)."""

    sensitivity: float
    num_yes: float
    false_positive_rate: float
    num_no: float


def predictive(observed: Floats, sensitivity: Floats | float, false_positive: Floats | float) -> tuple[Floats, Floats]:
    """How often a document is a yes where the model says yes, and where it says no; by its share of yes in the group.

    Arrays are (G,), or (draws, G) with rates (draws, 1).
    """
    youden = np.maximum(sensitivity - false_positive, 1e-3)
    truly = np.clip((observed - false_positive) / youden, 0, 1)
    after_yes = np.clip(truly * sensitivity / np.maximum(observed, LEAST), 0, 1)
    after_no = np.clip(truly * (1 - sensitivity) / np.maximum(1 - observed, LEAST), 0, 1)
    return np.where(observed > 0, after_yes, 0.0), after_no
