"""Means whose values have a long tail, as lengths of stay: coverage, and how often a note warns.

    .venv/bin/python tests/simulations/heavy_tails.py [samples]

`capped` is a model that never says more than so much.
"""

from __future__ import annotations

import math
import sys

import numpy as np
import polars as pl

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Method, Question

NUM_RUN = 5000
CELLS = [  # sd of the logarithm (0: gamma of shape 2), the model's cap, documents reviewed
    (sd, cap, num) for sd, cap in ((0.0, math.inf), (0.6, math.inf), (1.2, math.inf), (0.8, 10.0), (1.2, 4.0))
    for num in (60, 200, 500)
]  # fmt: skip


def coverage(
    sd: float, cap: float, num: int, *, method: Method = "auto", samples: int, seed: int
) -> tuple[float, float, float]:
    """Coverage of nominal 95 % intervals, share of samples with a note on the tail, coverage of those without one."""
    rng = np.random.default_rng(seed)
    held = np.zeros(samples, bool)
    warned = np.zeros(samples, bool)
    question = Question(what="mean", field="days", method=method)
    for number in range(samples):
        truth = rng.lognormal(0, sd, NUM_RUN) if sd else rng.gamma(2, 1, NUM_RUN)
        said = np.minimum(truth, cap) + rng.normal(0, 0.3, NUM_RUN)
        drawn = np.sort(rng.choice(NUM_RUN, num, replace=False))
        run = pl.DataFrame({"id": np.arange(NUM_RUN), "days": said})
        one = estimate(run, pl.DataFrame({"id": drawn, "days": truth[drawn]}), question, id_column="id").estimates[0]
        assert one.low is not None
        assert one.high is not None
        held[number] = one.low <= (math.exp(sd**2 / 2) if sd else 2.0) <= one.high
        warned[number] = "skewness" in (one.note or "")
    alone = float(held[~warned].mean()) if (~warned).any() else math.nan
    return float(held.mean()), float(warned.mean()), alone


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print("| sd of log | capped | n | ppi or gold_only | gold_only | noted | without a note |")
    print("| --: | --: | --: | --: | --: | --: | --: |")
    for one in CELLS:
        auto, noted, alone = coverage(*one, samples=times, seed=1)
        gold, _, _ = coverage(*one, method="gold_only", samples=times, seed=1)
        print(f"| {' | '.join(map(str, one))} | {auto:.3f} | {gold:.3f} | {noted:.2f} | {alone:.3f} |", flush=True)
