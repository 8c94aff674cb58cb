"""What the next documents of a review bring, by how they are chosen: at random, by the answer, or for the figure.

    .venv/bin/python tests/simulations/next_documents.py [samples]

A first review of 200 documents at random, then 200 more. The model's confidence tells its errors apart more or less
well: `sharp` is the share of its errors that lie among its least sure answers.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import polars as pl

from glane.assess.review.earlier import TRUE, WEIGHED, next_sample
from glane.assess.sampling_by_answer import of_the_yes
from glane.assess.sampling_for_figure import CONFIDENCE, YES, half_width
from glane.assess.share_estimators import prediction_powered
from glane.assess.strata import strata_of

NUM_RUN, FIRST, NEXT = 20_000, 200, 200
CELLS = [  # prevalence, sensitivity, specificity, sharp
    (0.01, 0.7, 0.995, 0.0), (0.01, 0.7, 0.995, 0.8), (0.02, 0.9, 0.95, 0.8), (0.05, 0.6, 0.99, 0.5),
    (0.05, 0.6, 0.99, 0.9), (0.2, 0.85, 0.95, 0.8),
]  # fmt: skip
WAYS = ("random", "by_answer", "for_figure")


def run_of(cell: tuple[float, float, float, float], rng: np.random.Generator) -> pl.DataFrame:
    """A run, with the truth beside it."""
    prevalence, sensitivity, specificity, sharp = cell
    truth = rng.random(NUM_RUN) < prevalence
    said = np.where(rng.random(NUM_RUN) < np.where(truth, sensitivity, specificity), truth, ~truth)
    sure = rng.uniform(0.5, 1, NUM_RUN)
    doubtful = (said != truth) & (rng.random(NUM_RUN) < sharp)
    sure[doubtful] = rng.uniform(0.5, 0.52, int(doubtful.sum()))
    return pl.DataFrame({"id": np.arange(NUM_RUN), YES: said, CONFIDENCE: sure, "truth": truth})


def study(cell: tuple[float, float, float, float], *, samples: int, seed: int) -> dict[str, tuple[float, ...]]:
    """By way: coverage, bias relative to the truth, mean half-width; of for_figure also the half-width expected."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in WAYS}
    for number in range(samples):
        run = run_of(cell, rng)
        real = float(run["truth"].cast(pl.Float64).to_numpy().mean())
        order = rng.permutation(NUM_RUN)
        for way in WAYS:
            reviewed, expected = _reviewed(way, run, order, number)
            weights = reviewed[WEIGHED].to_numpy()
            one = prediction_powered(
                reviewed["truth"].cast(pl.Float64).to_numpy(), reviewed[YES].cast(pl.Float64).to_numpy(), weights,
                run_share=float(run[YES].cast(pl.Float64).to_numpy().mean()), num_run=NUM_RUN, level=0.95,
                is_finite=True, strata=strata_of(reviewed["stratum"], weights),
            )  # fmt: skip
            found[way].append((one.low <= real <= one.high, one.estimate / real - 1, one.width / 2, expected))
    return {way: tuple(np.array(rows, float).mean(axis=0).tolist()) for way, rows in found.items()}


def _reviewed(way: str, run: pl.DataFrame, order: Any, seed: int) -> tuple[pl.DataFrame, float]:
    """What was reviewed in the end, with weights and strata, and the half-width expected."""
    weighed = pl.lit(NUM_RUN / FIRST).alias(WEIGHED)
    if way == "random":
        return run[order[: FIRST + NEXT]].with_columns(weighed / 2, stratum=pl.lit("all")), 0.0
    if way == "by_answer":  # after the same first review
        first, parts = run[order[:FIRST]], []
        wanted = of_the_yes(int(run[YES].sum()), NUM_RUN, FIRST + NEXT)
        num_yes = min(NEXT, max(0, wanted - int(first[YES].sum())))
        for answer, more in ((True, num_yes), (False, NEXT - num_yes)):
            members = run[order].filter(pl.col(YES) == answer)
            part = members.head(first.filter(pl.col(YES) == answer).height + more)
            weight = pl.lit(members.height / max(1, part.height)).alias(WEIGHED)
            parts.append(part.with_columns(weight, stratum=pl.lit(str(answer))))
        return pl.concat(parts), 0.0
    first = run[order[:FIRST]].select("id", pl.col("truth").alias(TRUE), weighed)
    further = next_sample(run.drop("truth"), first, id_column="id", answer="x", num_rows=NEXT, seed=seed)
    both = pl.concat([further.drawn.select("id", "stratum"), further.earlier.select("id", "stratum")])
    sizes = pl.DataFrame({"stratum": [one.name for one in further.bands], "size": [one.size for one in further.bands]})
    weights = both.join(sizes, on="stratum").with_columns((pl.col("size") / pl.len().over("stratum")).alias(WEIGHED))
    expected = half_width(further.bands, further.taken, level=0.95, is_finite=True)
    return weights.join(run, on="id"), expected


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("| prevalence | Se | Sp | sharp | way | coverage | bias | ± | expected |")
    print("| --: | --: | --: | --: | --- | --: | --: | --: | --: |")
    for one in CELLS:
        for way, (held, bias, width, told) in study(one, samples=times, seed=1).items():
            shown = f"{told:.4f}" if told else ""
            print(
                f"| {' | '.join(map(str, one))} | {way} | {held:.3f} | {bias:+.3f} | {width:.4f} | {shown} |",
                flush=True,
            )
