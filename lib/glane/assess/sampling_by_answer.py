"""Samples by the model's answer: how many documents of its yes to review, and how sure the figure will be.

Of a rare finding, a random sample sees few cases. To review all that the model found is no way out either: what it
missed is among the many others. Before anything is reviewed, the model is guessed to be right in LIKELY_PPV of its yes
and to find LIKELY_SENSITIVITY of all. These guesses decide on the size of strata only, never on a figure.
"""

from __future__ import annotations

import math

from glane.assess.proportion import Share, jeffreys

LIKELY_PPV, LIKELY_SENSITIVITY = 0.8, 0.9
OTHERWISE = "model says otherwise"


def model_says(answer: tuple[str, str]) -> str:
    """The name of the stratum of a field and its value."""
    return f"model says {answer[0]}={answer[1]}"


def of_the_yes(num_yes: int, num_run: int, num_rows: int) -> int:
    """How many of `num_rows` documents to review are drawn from the `num_yes` to which the model said yes.

    Neyman's allocation (JRSS 1934) for the share of true yes: in proportion to the size and standard deviation of both
    strata, at least a tenth and at most half of the sample.
    """
    num_no = num_run - num_yes
    if not num_yes or not num_no:
        return num_rows if num_yes else 0
    strata = zip((num_yes, num_no), likely(num_yes, num_run), strict=True)
    spreads = [size * math.sqrt(share * (1 - share)) for size, share in strata]
    wanted = round(num_rows * min(0.5, max(0.1, spreads[0] / sum(spreads))))
    return min(num_yes, max(1, wanted, num_rows - num_no))


def expected_half_width(num_yes: int, num_run: int, num_rows: int, *, level: float = 0.95) -> float:
    """Half of the interval that the share of true yes is likely to have after the review, from 0 to 1.

    The same interval as `glane.assess.share_estimators.prediction_powered` gives, at the shares that are guessed.
    """
    drawn = of_the_yes(num_yes, num_run, num_rows)
    sizes = (num_yes, num_run - num_yes)
    below = above = 0.0
    for size, share, num in zip(sizes, likely(num_yes, num_run), (drawn, num_rows - drawn), strict=True):
        if size and num:
            left = max(1e-9, 1 - num / size)
            low, high = jeffreys(Share(value=share, num_effective=num / left), level)
            below += (size / num_run * (share - low)) ** 2
            above += (size / num_run * (high - share)) ** 2
    return (math.sqrt(below) + math.sqrt(above)) / 2


def likely(num_yes: int, num_run: int) -> tuple[float, float]:
    """The share of true yes under the model's yes, and under its no, as guessed before anything is reviewed."""
    missed = num_yes * LIKELY_PPV * (1 / LIKELY_SENSITIVITY - 1)
    return LIKELY_PPV, min(0.5, missed / max(1, num_run - num_yes))
