"""Sentinels over five years of weekly runs: how often they alarm without cause, and what they see.

.venv/bin/python tests/simulations/sentinels.py           # 200 histories of five years each
.venv/bin/python tests/simulations/sentinels.py 1000
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

from glane.assess.compare.alarm_budget import corrected, excess_p, fewest_that_alarm
from glane.assess.compare.candidates import Candidate
from glane.assess.compare.drift import measure_drift
from glane.assess.compare.known_positives import Answers, draw_positives
from glane.assess.proportion import Share, wilson
from glane.drift import AlarmBudget
from glane.task.fields import fields_from

TOLERANCE, RUNS, FIELDS = 0.02, 260, 20
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How answers of later runs differ from the frozen ones: each document, in each field, with a chance of `share`."""

    engine_lasts: int  # runs; a new engine, prompt or batch size decides anew which documents differ
    unstable: float  # of the documents, the share that is decided anew in each run


HISTORIES = {
    "each run anew": History(engine_lasts=1, unstable=0.0),
    "engine of a quarter, a tenth anew": History(engine_lasts=13, unstable=0.1),
    "one engine, always the same": History(engine_lasts=RUNS, unstable=0.0),
}


def differing(history: History, rng: np.random.Generator, *, documents: int, share: float) -> Iterator[Counts]:
    """For each run, how many documents differ, by field."""
    shape = (documents, FIELDS)
    known = rng.random(shape) < share
    for run in range(RUNS):
        if run % history.engine_lasts == 0:
            known = rng.random(shape) < share
        anew = rng.random(shape) < history.unstable if history.unstable else np.zeros(shape, dtype=bool)
        yield np.where(anew, rng.random(shape) < share, known).sum(axis=0)


@cache
def alarms(most: int, documents: int, budget: AlarmBudget) -> bool:
    """Whether a run alarms in whose worst field `most` documents differ: Holm's first step looks at no other field."""
    family = {place: excess_p(most if place == 0 else 0, documents, TOLERANCE) for place in range(FIELDS)}
    return min(corrected(family).values()) <= budget.level


@cache
def alarms_by_wilson(most: int, documents: int) -> bool:
    """The same by the former rule: the upper limit of the share that is the same, field by field and run by run."""
    return wilson(Share(value=1 - most / documents, num_effective=documents), 0.95)[1] < 1 - TOLERANCE


def false_alarms(history: History, *, documents: int, samples: int, seed: int = 0) -> tuple[float, float]:
    """The share of histories with any alarm in five years at the tolerated share: by the budget, by the former rule."""
    rng, budget, found = np.random.default_rng(seed), AlarmBudget(planned_runs=RUNS), np.zeros(2)
    for _ in range(samples):
        worst = max(int(run.max()) for run in differing(history, rng, documents=documents, share=TOLERANCE))
        found += alarms(worst, documents, budget), alarms_by_wilson(worst, documents)
    return float(found[0] / samples), float(found[1] / samples)


def seen_by_one_run(documents: int, planned_runs: int, *, power: float = 0.9) -> tuple[int, float]:
    """The fewest documents that alarm, and the share that must differ in a field to be seen with this `power`."""
    fewest = fewest_that_alarm(documents, TOLERANCE, FIELDS, AlarmBudget(planned_runs=planned_runs))
    assert fewest is not None
    shares = np.linspace(0, 1, 1001)
    return fewest, float(shares[np.argmax(binom.sf(fewest - 1, documents, shares) >= power)])


def detection(
    *, rare: int, positives: float, by_gold: bool, samples: int, documents: int = 200, seed: int = 0
) -> float:
    """How often a halved sensitivity (0.9 to 0.45) of one of `rare` findings of 1 % is seen by one run.

    The task has 20 booleans in all: the others have a prevalence of 0.3. The run has 20,000 documents, and the model a
    specificity of 0.999. Only the first finding changes.
    """
    rng, size, seen = np.random.default_rng(seed), 20_000, 0
    fields = fields_from({f"f{at}": {"type": "boolean"} for at in range(FIELDS)}, place="task.fields")
    for sample in range(samples):
        prevalences = np.array([0.01] * rare + [0.3] * (FIELDS - rare))
        truth = rng.random((size, FIELDS)) < prevalences
        said = np.where(truth, rng.random(truth.shape) < 0.9, rng.random(truth.shape) < 0.001)
        gold, then = (pl.DataFrame({"id": np.arange(size), **_columns(table)}) for table in (truth, said))
        by = [Answers(fields, gold.lazy())] if by_gold else []
        known = draw_positives(
            [*by, Answers(fields, then.lazy())], id_column="id", num_rows=round(positives * documents), seed=sample
        )
        others = np.setdiff1d(np.arange(size), known.to_numpy())
        drawn = np.sort(np.concatenate([known.to_numpy(), rng.choice(others, documents - len(known), replace=False)]))
        after = said[drawn]
        after[:, 0] &= ~truth[drawn, 0] | (rng.random(documents) < 0.5)
        now = pl.DataFrame({"id": drawn, **_columns(after)})
        sides = [
            Candidate(name=name, fields=fields, rows=rows.with_columns(status=pl.lit("OK")).lazy(), id_column="id")
            for name, rows in (("then", then[drawn]), ("now", now))
        ]
        right = gold[drawn] if by_gold else None
        found = measure_drift(sides[0], sides[1], tolerance=TOLERANCE, changes={}, gold=right)
        assert set(found.drift) <= {"f0"}
        seen += found.drift == ("f0",)
    return seen / samples


def _columns(table: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    return {f"f{at}": table[:, at] for at in range(FIELDS)}


def main() -> None:
    """Print the tables."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"Any false alarm in {RUNS} runs, {FIELDS} fields, {TOLERANCE:.0%} tolerated; {samples} histories")
    for documents in (50, 200):
        for name, history in HISTORIES.items():
            now, before = false_alarms(history, documents=documents, samples=samples)
            print(f"{documents:4} {name:34} {now:.3f}   by the former rule {before:.3f}")
    print("Documents that must differ in a field, and the share that one run sees with a chance of 0.9")
    for documents in (50, 100, 200, 400, 1000):
        told = ", ".join(
            f"{runs} runs: {fewest} ({share:.3f})"
            for runs in (1, 52, 260, 1825)
            for fewest, share in [seen_by_one_run(documents, runs)]
        )
        print(f"{documents:4} {told}")
    print("A halved sensitivity of a finding of 1 %, seen by one run of 200 sentinels")
    for rare in (1, 4, 8):
        told = ", ".join(
            f"{name} {detection(rare=rare, positives=share, by_gold=by_gold, samples=max(20, samples // 4)):.3f}"
            for name, share, by_gold in (("at random", 0.0, False), ("by answer", 0.5, False), ("by gold", 0.5, True))
        )
        print(f"{rare} rare findings of {FIELDS}: {told}")


if __name__ == "__main__":
    main()
