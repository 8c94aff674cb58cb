"""Predicts the figures of the whole run from a sample of documents and the pace of engines, with prediction intervals.

Totals of tokens are regression estimates. The mean of each length stratum is adjusted to its known mean length, by the
slope of tokens over characters (Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, chapter 6). Their
errors come from resampling documents within strata (J. N. K. Rao and C. F. J. Wu, JASA 83, 1988, 231-241). Errors of
the pace are drawn from Student's t distribution. They are multiplied by a factor for the variation of speed between
runs with the same settings, which a single pilot cannot measure. Each draw gives a value of every figure. An interval
holds the middle part of the draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glane.extraction.forecast import EngineFigures, Forecast, Interval, RunFigures
from glane.pilot.pace import PROMPT_WEIGHT, Pace

NUM_DRAWS = 4000
_LEAST_SPEED = 0.2  # least share of the pilot's speed: draws from a t distribution can be below zero
_SIZE_ERROR = 0.08  # relative error of bytes per row: large files compress differently from small ones
_POWER_ERROR = 0.05  # relative error of power, from one run to another
_SHORTEST = 0.01  # the quantile of the working time that must be within what the meter sees
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Known figures of all selected rows. Rows that cost an answer are counted by length stratum."""

    num_rows: int
    num_blank: int
    asked: Integers  # rows that cost an answer, by stratum
    mean_chars: Floats  # their mean length in characters, by stratum

    @property
    def num_asked(self) -> int:
        """Rows that cost an answer."""
        return int(self.asked.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The sample: arrays with one entry per document. Tokens are those of all its prompts and answers."""

    stratum: Integers
    chars: Integers
    prompt_tokens: Floats
    output_tokens: Floats
    is_failed: npt.NDArray[np.bool_]
    is_repeated: npt.NDArray[np.bool_]  # its answer was reused, so its tokens do not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bytes of published records: `fixed + per_row * rows`, and the relative standard error of `per_row`."""

    fixed: float
    per_row: float
    relative_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Energy and power of one engine: kWh until it was ready, and kW at work, from `delay_s` seconds after that."""

    kwh_at_ready: float
    kilowatts: float
    delay_s: float
    grams_per_kwh: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Assumptions about what the pilot cannot measure."""

    level: float
    run_to_run: float  # relative standard deviation of speed from one run to another
    shard_rows: int  # rows per shard of the run
    startup_s: float  # seconds until the first document is read, including the engine's start


def predict(
    population: Population,
    observed: Observed,
    pace: Pace,
    assumed: Assumptions,
    *,
    engines: Sequence[int],
    size: Size | None,
    power: Power | None,
    seed: int = 0,
) -> Forecast:
    """Predict the figures of the whole run, for each number of engines in `engines`.

    Speeds and times are None if nothing was answered. Energy is None if the pilot did not measure it. The same `seed`
    gives the same forecast.
    """
    rng = np.random.default_rng(seed)
    prompt, output = _token_totals(population, observed, rng)
    level = assumed.level
    figures = RunFigures(
        prompt_tokens=_whole(_interval(prompt, level)),
        output_tokens=_whole(_interval(output, level)),
        failure_rate=_interval(_failure_rates(population, observed, rng), level),
        record_bytes=None if size is None else _interval(_sizes(population, size, rng), level),
    )
    speed = _speeds(pace, assumed, rng)
    work = PROMPT_WEIGHT * prompt + output
    by_engines = {}
    for count in engines:
        times = _times(population, pace, assumed, power, work, speed, num_engines=count, rng=rng)
        drawn = {name: None if draws is None else _interval(draws, level) for name, draws in times.items()}
        by_engines[count] = EngineFigures(**drawn)
    return Forecast(figures=figures, by_engines=by_engines)


def _token_totals(population: Population, observed: Observed, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of the totals of prompt and output tokens over all rows that cost an answer."""
    is_own = ~observed.is_repeated
    stratum, chars = observed.stratum[is_own], observed.chars[is_own].astype(float)
    values = np.stack([observed.prompt_tokens[is_own], observed.output_tokens[is_own]])
    if not len(stratum):
        return np.zeros(NUM_DRAWS), np.zeros(NUM_DRAWS)
    weights = _resampled(stratum, len(population.asked), rng)  # draws x documents; the first row is the sample itself
    present = np.flatnonzero(np.bincount(stratum, minlength=len(population.asked)))
    totals, spread = np.zeros((2, len(weights))), np.zeros(len(weights))
    cross, means, mean_chars = np.zeros((2, len(weights))), {}, {}
    for index in present:
        its = stratum == index
        its_weights = weights[:, its] / weights[:, its].sum(axis=1, keepdims=True)
        mean_chars[index] = its_weights @ chars[its]
        means[index] = (its_weights @ values[:, its].T).T
        share = population.asked[index]
        away = chars[its] - mean_chars[index][:, None]
        spread += share * (its_weights * away**2).sum(axis=1)
        for what in (0, 1):
            apart = values[what, its] - means[index][what][:, None]
            cross[what] += share * (its_weights * away * apart).sum(axis=1)
    slopes = np.divide(cross, spread, out=np.zeros_like(cross), where=spread > 0)
    for index in present:
        shift = population.mean_chars[index] - mean_chars[index]
        totals += population.asked[index] * (means[index] + slopes * shift)
    # A stratum without a document in the sample is assumed to be like the others.
    totals *= population.num_asked / max(population.asked[present].sum(), 1)
    left = np.sqrt(max(0.0, 1 - len(stratum) / max(population.num_asked, 1)))  # finite population correction
    drawn = np.maximum(0.0, totals[:, :1] + left * (totals[:, 1:] - totals[:, :1]))
    return drawn[0], drawn[1]


def _resampled(stratum: Integers, num_strata: int, rng: np.random.Generator) -> Floats:
    """Bootstrap weights (draws x documents): of n documents in a stratum, n - 1 are drawn with replacement."""
    weights = np.ones((NUM_DRAWS + 1, len(stratum)))
    for index in range(num_strata):
        members = np.flatnonzero(stratum == index)
        count = len(members)
        if count > 1:
            draws = rng.multinomial(count - 1, np.full(count, 1 / count), size=NUM_DRAWS)
            weights[1:, members] = draws * count / (count - 1)
    return weights


def _failure_rates(population: Population, observed: Observed, rng: np.random.Generator) -> Floats:
    """Draws of the share of rows without values.

    The number of blank rows is known. The rate of failures among the others is drawn from its posterior, with Jeffreys'
    prior.
    """
    shares = population.asked / max(population.num_asked, 1)
    counts = np.bincount(observed.stratum, minlength=len(shares))
    failed = np.bincount(observed.stratum, weights=observed.is_failed, minlength=len(shares))
    present = counts > 0
    weights = shares[present] / max(shares[present].sum(), 1e-12)
    rate = float((weights * failed[present] / counts[present]).sum())
    effective = 1 / float((weights**2 / counts[present]).sum())  # size of an equivalent simple random sample
    num_rows = population.num_rows - population.num_blank
    p = rng.beta(rate * effective + 0.5, (1 - rate) * effective + 0.5, NUM_DRAWS)
    unseen = max(0, num_rows - len(observed.stratum))
    return (population.num_blank + rate * (num_rows - unseen) + rng.binomial(unseen, p)) / population.num_rows


def _sizes(population: Population, size: Size, rng: np.random.Generator) -> Floats:
    error = np.hypot(size.relative_error, _SIZE_ERROR)
    return size.fixed + size.per_row * population.num_rows * np.exp(rng.normal(0, error, NUM_DRAWS))


def _speeds(pace: Pace, assumed: Assumptions, rng: np.random.Generator) -> Floats:
    """Draws of the work of one engine per second."""
    slowness = 1 + pace.relative_error * rng.standard_t(pace.degrees_of_freedom, NUM_DRAWS)
    slowness = np.clip(slowness, _LEAST_SPEED, 1 / _LEAST_SPEED)
    apart = np.sqrt(2) * assumed.run_to_run  # both the pilot and the run deviate from the mean speed
    return pace.work_per_s / slowness * np.exp(rng.normal(0, apart, NUM_DRAWS))


def _times(
    population: Population,
    pace: Pace,
    assumed: Assumptions,
    power: Power | None,
    work: Floats,
    speed: Floats,
    *,
    num_engines: int,
    rng: np.random.Generator,
) -> dict[str, Floats | None]:
    names = ("documents_per_s", "working_s", "wall_clock_s", "engine_hours", "gpu_hours", "energy_kwh", "co2_g")
    if pace.work_per_s <= 0:
        return dict.fromkeys(names)
    alone_s = work / speed
    # At the end, the other engines wait for the one with the last shard, for up to the time of a shard.
    last_s = alone_s * assumed.shard_rows / population.num_rows * rng.random(NUM_DRAWS) * (num_engines > 1)
    ends_s = pace.ends_s * rng.uniform(0.5, 1.5, NUM_DRAWS)
    working_s = np.maximum(alone_s / num_engines + ends_s + last_s, 1e-6)
    engine_hours = num_engines * (pace.engine_start_s + working_s) / 3600
    kwh = grams = None
    # A meter that begins after the work would be over tells nothing of it: unknown, and not nothing.
    if power is not None and power.kilowatts > 0 and np.quantile(working_s, _SHORTEST) > power.delay_s:
        at_work = power.kilowatts * np.maximum(0, working_s - power.delay_s) / 3600
        kwh = num_engines * (power.kwh_at_ready + at_work * np.exp(rng.normal(0, _POWER_ERROR, NUM_DRAWS)))
        grams = None if power.grams_per_kwh is None else kwh * power.grams_per_kwh
    return {
        "documents_per_s": population.num_rows / working_s,
        "working_s": working_s,
        "wall_clock_s": assumed.startup_s + working_s,
        "engine_hours": engine_hours,
        "gpu_hours": engine_hours * pace.gpus_per_engine,
        "energy_kwh": kwh,
        "co2_g": grams,
    }


def _interval(draws: Floats, level: float) -> Interval:
    low, middle, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Interval(predicted=float(middle), low=float(low), high=float(high))


def _whole(interval: Interval) -> Interval:
    """An interval of whole numbers, rounded outwards, as it could have no width if tokens follow length exactly."""
    low, high = math.floor(interval.low + 1e-6), math.ceil(interval.high - 1e-6)
    return Interval(predicted=round(interval.predicted), low=low, high=high)
