"""Rates, crude and directly standardised, with limits that hold the chance of few cases and the error of their count.

A rate is a weighted sum of counts: of one count by its population, or of the classes of age by their share in a
standard population. Its limits are those of Fay and Feuer (Stat. Med. 1997): of one count without error they are the
exact ones of a Poisson count (Garwood 1936). What a count's correction does not know is added to the variance.

The standard populations: Eurostat, Revision of the European Standard Population, 2013; Ahmad et al., Age
standardization of rates: a new WHO standard, 2001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from glane.errors import ConfigError

Floats = NDArray[np.float64]
_FROM_5 = range(5, 100, 5)
_ESP = (
    1000, 4000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500,
    800, 200,
)  # fmt: skip
_WHO = (
    8860, 8690, 8600, 8470, 8220, 7930, 7610, 7150, 6590, 6040, 5370, 4550, 3720, 2960, 2210, 1520, 910, 440, 150, 40,
    5,
)  # fmt: skip
STANDARDS: Mapping[str, Mapping[int, float]] = {
    "esp2013": dict(zip((0, 1, *_FROM_5), map(float, _ESP), strict=True)),
    "who2000": dict(zip((0, *_FROM_5, 100), map(float, _WHO), strict=True)),
}
"""The persons in each class of age, by its lowest age."""


def standard_shares(standard: str, people: Mapping[int, float], classes: Sequence[int]) -> Floats:
    """The share of each class of age in a standard population, from the first class on.

    Args:
        standard: Its name, for the message.
        people: Its persons by the lowest age of its own classes.
        classes: The lowest ages wanted.

    Raises:
        ConfigError: if a class is cut by one of the standard's own.
    """
    if cut := [low for low in classes if low not in people]:
        raise ConfigError(
            f"table.age.classes: {standard} has no class that begins at {cut[0]}. Valid: "
            f"{', '.join(str(low) for low in sorted(people))}."
        )
    ends = [*classes[1:], np.inf]
    sums = [sum(num for low, num in people.items() if start <= low < end) for start, end in zip(classes, ends)]
    found = np.array(sums, dtype=np.float64)
    return np.asarray(found / found.sum(), dtype=np.float64)


def rate_limits(rate: Floats, variance: Floats, most: Floats, *, level: float) -> tuple[Floats, Floats]:
    """The limits of rates.

    Args:
        rate: The weighted sums of counts, any shape.
        variance: Of each.
        most: The largest weight of a count in each sum.
        level: Of the limits.

    Returns:
        Not a number where the rate is none: nobody is there that it could be of.
    """
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(rate == 0, 0.0, _gamma(rate, variance, tail))
    high = _gamma(rate + most, variance + most**2, 1 - tail)
    return low, high


def mixed_limits(
    mean: Floats, variance: Floats, most: Floats, *, level: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """The limits of rates whose counts are not known, but drawn.

    A mixture over the draws of what Fay and Feuer's limits are made of: a gamma distribution with the mean and the
    variance of the sum for the lower limit, and with one case more, where it weighs most, for the upper one.

    Args:
        mean: The weighted sums of the counts of each draw, (draws, rows).
        variance: Of each, were its counts those of a Poisson process.
        most: The largest weight of a count in each sum, (rows,).
        level: Of the limits.
        rng: Draws.
    """
    tail = (1 - level) / 2
    low = np.where(mean > 0, _drawn(rng, np.maximum(mean, 1e-300), np.maximum(variance, 1e-300)), 0.0)
    high = _drawn(rng, mean + most, variance + most**2)
    return np.quantile(low, tail, axis=0), np.quantile(high, 1 - tail, axis=0)


def _drawn(rng: np.random.Generator, mean: Floats, variance: Floats) -> Floats:
    """One draw of each gamma distribution, by its mean and variance."""
    found: Floats = rng.gamma(mean**2 / variance) * variance / mean
    return found


def _gamma(mean: Floats, variance: Floats, tail: float) -> Floats:
    """The quantile of a gamma distribution by its mean and variance."""
    found: Floats = gammaincinv(mean**2 / variance, tail) * variance / mean
    return found
