"""The next documents to review for one figure: those that make its interval shortest, beside an earlier review.

The run is parted into strata by the model's answer and its confidence. The next documents go where they take the most
off the variance of the share of true yes: Neyman's allocation (JRSS 1934), document by document, as Wright (Am. Stat.
2012) shows it to be exact in whole numbers. It is the active inference of Zrnic and Candès (ICML 2024) by strata:
documents whose answer is in doubt are reviewed more often, and weights undo that.

How often an answer is wrong in a stratum is guessed from the confidences, as before any review. What the earlier review
found is not used for that: where it found no case by chance, few would be looked for, and the share of both together
would come out too low (Nie, Tian, Taylor and Zou, AISTATS 2018). It is used to say what to expect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.proportion import Share, jeffreys, normal_quantile
from glane.assess.sampling_by_answer import likely

YES, CONFIDENCE, GUESS, STRATUM = "__yes", "__confidence", "__guess", "stratum"  # columns
# Which of an answer's documents are the less sure ones: half of the yes, and a tenth of the no, where what the model
# missed is likely to be.
_CUTS = {True: 0.5, False: 0.1}
_SMALLEST = 20  # documents of a stratum
_LEAST_DOUBT, _MOST_WRONG = 0.01, 0.5  # of a model that is sure of itself; of a guess
_PRIOR = 4.0  # documents that the guess counts for beside the review, in saying what to expect
_FEWEST = 2  # documents reviewed in each stratum


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Documents of one answer of the model, and of confidences within limits."""

    name: str
    is_yes: bool
    size: int  # documents of the run
    reviewed: int
    true: int  # of those reviewed, true yes
    guess: float  # of the share of true yes, before any review

    @property
    def expected(self) -> float:
        """The share of true yes that the review lets expect; without an error among a few, not 0."""
        return (self.true + _PRIOR * self.guess) / (self.reviewed + _PRIOR)


def strata_by_confidence(rows: pl.DataFrame, *, answer: str) -> pl.DataFrame:
    """The stratum of each document of a run, by name, and the share of true yes that is guessed for it.

    The guess of `glane.assess.sampling_by_answer.likely` for each answer, spread over its strata as the doubt of the
    model is: 1 - confidence.

    Args:
        rows: Of each document YES, whether the model says so, and CONFIDENCE of that, 0 where a sign says that the
            answer is not the document's. A null is as sure as can be: nothing was spelled.
        answer: What yes is, for the names.

    Returns:
        The columns STRATUM and GUESS.
    """
    sure = rows[CONFIDENCE].cast(pl.Float64).fill_nan(None).fill_null(1.0).clip(0, 1).to_numpy()
    yes = rows[YES].to_numpy()
    names, guesses = np.empty(len(yes), dtype=object), np.zeros(len(yes))
    of_yes, of_no = likely(int(yes.sum()), len(yes))
    for value, wrong in ((True, 1 - of_yes), (False, of_no)):
        places = np.flatnonzero(yes == value)
        doubt = np.maximum(1 - sure[places], _LEAST_DOUBT)
        is_less_sure = _less_sure(sure[places], _CUTS[value])
        for part, how in ((is_less_sure, "less sure"), (~is_less_sure, "sure")):
            if part.any():
                rate = min(_MOST_WRONG, wrong * float(doubt[part].mean() / doubt.mean()))
                guesses[places[part]] = 1 - rate if value else rate
                names[places[part]] = f"model says {answer if value else 'otherwise'}, {how}"
    return pl.DataFrame({STRATUM: pl.Series(names.tolist(), dtype=pl.String), GUESS: guesses})


def _less_sure(sure: NDArray[np.float64], part: float) -> NDArray[np.bool_]:
    """The least sure documents; none where equal confidences would leave one of the two sides nearly without any."""
    chosen = sure <= (np.quantile(sure, part) if len(sure) else 0.0)
    is_parted = min(chosen.sum(), (~chosen).sum()) >= _SMALLEST
    return chosen if is_parted else np.zeros(len(sure), bool)


def allocated(bands: Sequence[Band], num: int) -> list[int]:
    """How many of the next `num` documents to draw from each band; fewer in all if the run has no more."""
    spreads = [one.size * math.sqrt(one.guess * (1 - one.guess)) for one in bands]
    taken = [0] * len(bands)

    def gain(place: int) -> float:
        one, num_reviewed = bands[place], bands[place].reviewed + taken[place]
        if num_reviewed >= one.size:
            return -1.0
        if num_reviewed < _FEWEST:
            return math.inf
        return spreads[place] ** 2 / (num_reviewed * (num_reviewed + 1))

    for _ in range(num):
        best = max(range(len(bands)), key=gain)
        if gain(best) < 0:
            break
        taken[best] += 1
    return taken


def half_width(bands: Sequence[Band], taken: Sequence[int], *, level: float, is_finite: bool) -> float:
    """Half of the interval that the share of true yes is likely to have after so many more documents, from 0 to 1.

    The interval of `glane.assess.share_estimators.prediction_powered` over these strata, at the
    shares that the review lets expect.

    Args:
        bands: All of the run.
        taken: Documents that are still to be reviewed, of each.
        level: Of the interval.
        is_finite: Whether the share is of the run alone.
    """
    num_run = sum(one.size for one in bands)
    below = above = 0.0
    of_answer = {True: 0.0, False: 0.0}
    for one, more in zip(bands, taken, strict=True):
        part, num, share = one.size / num_run, one.reviewed + more, one.expected
        of_answer[one.is_yes] += part * share
        left = 1 - num / one.size if is_finite else 1.0
        if not num:
            below, above = below + (part * share) ** 2, above + (part * (1 - share)) ** 2
        elif left > 0:
            low, high = jeffreys(Share(value=share, num_effective=num / left), level)
            below, above = below + (part * (share - low)) ** 2, above + (part * (high - share)) ** 2
    yes = sum(one.size for one in bands if one.is_yes) / num_run
    if not is_finite and 0 < yes < 1:
        slope = of_answer[True] / yes - of_answer[False] / (1 - yes)
        of_run = normal_quantile(level) ** 2 * slope**2 * yes * (1 - yes) / num_run
        below, above = below + of_run, above + of_run
    return (math.sqrt(below) + math.sqrt(above)) / 2
