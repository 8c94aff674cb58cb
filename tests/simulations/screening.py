"""Screening to the end, on populations with known cases: how often the recall is kept, and how much is read.

    .venv/bin/python tests/simulations/screening.py [samples]
    .venv/bin/python tests/simulations/screening.py price       # what a perfect ranking would leave to read

The ranking tells cases from others more or less well: `d` is how far apart their scores are, in standard deviations.
`misses` is a sharp ranking that puts a tenth of the cases among the surest others; `inverted` puts cases last.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.screen.certificate import Certificate
from glane.assess.screen.ranking import DRAW, RANK
from glane.assess.screen.replay import replay

RECALL, CERTAINTY = 0.95, 0.95
ROWS = {1_000: 100, 10_000: 250}  # documents of a batch, by the size of the population
RANKINGS = ("sharp, d=6", "good, d=3", "fair, d=2", "random", "misses", "inverted")
SHARP, GOOD, FAIR, RANDOM, MISSES, INVERTED = RANKINGS
CELLS = [
    *((1_000, cases, ranking) for cases in (5, 20, 100, 300) for ranking in RANKINGS),
    *((10_000, 200, ranking) for ranking in (SHARP, GOOD, FAIR, MISSES, INVERTED)),
    *((10_000, 1_000, ranking) for ranking in (SHARP, GOOD, FAIR, MISSES)),
    *((10_000, 50, ranking) for ranking in (SHARP, GOOD, MISSES)),
    *((10_000, 5, ranking) for ranking in (GOOD, INVERTED)),
]
_APART = {"sharp, d=6": 6.0, "good, d=3": 3.0, "fair, d=2": 2.0, "random": 0.0, "misses": 6.0, "inverted": -2.0}


def population(num: int, cases: int, ranking: str, rng: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """The documents in both orders, and which of them are cases."""
    truth = np.zeros(num, dtype=bool)
    truth[rng.choice(num, cases, replace=False)] = True
    score = rng.normal(size=num) + _APART[ranking] * truth
    if ranking == "misses":
        lost = truth & (rng.random(num) < 0.1)
        score[lost] = rng.normal(size=int(lost.sum())) - 3
    places = np.empty(num, dtype=np.int64)
    places[np.argsort(-score)] = np.arange(num)
    return pl.DataFrame({"id": np.arange(num), RANK: places, DRAW: rng.permutation(num)}), truth


def screened(num: int, cases: int, ranking: str, *, seed: int, recall: float = RECALL) -> tuple[float, float, float]:
    """The recall that a screening reaches, the share of documents read, and the share drawn at random."""
    order, truth = population(num, cases, ranking, np.random.default_rng([seed, num, RANKINGS.index(ranking)]))
    found = replay(
        order, id_column="id", recall=recall, certainty=CERTAINTY, rows=ROWS[num],
        answers_of=lambda batch: {name: bool(truth[int(name)]) for name in batch.ids},
    )  # fmt: skip
    drawn = sum(one.read for one in found.done if one.how == "random")
    return sum(found.answers.values()) / int(truth.sum()), len(found.answers) / num, drawn / num


def study(samples: int) -> Iterator[str]:
    """Lines of a table, as they are known."""
    yield "| documents | cases | ranking | kept | worst recall | read | at random | most read |"
    yield "| --: | --: | --- | --: | --: | --: | --: | --: |"
    for num, cases, ranking in CELLS:
        found = np.array([screened(num, cases, ranking, seed=seed) for seed in range(samples)])
        recall, read, drawn = found.T
        kept = (recall >= RECALL - 1e-12).mean()
        yield (
            f"| {num:,} | {cases:,} | {ranking} | {kept:.3f} | {recall.min():.3f} | "
            f"{read.mean():.2f} | {drawn.mean():.2f} | {read.max():.2f} |"
        )


def price(num: int = 10_000) -> Iterator[str]:
    """What is read at least: a ranking has put all cases first, and no draw finds another."""
    yield f"| cases in {num:,} documents | recall 0.95 | recall 0.9 | recall 0.8 |"
    yield "| --: | --: | --: | --: |"
    for cases in (5, 10, 20, 50, 100, 200, 500, 1_000):
        shares = []
        for recall in (0.95, 0.9, 0.8):
            certain = Certificate(num_documents=num, recall=recall, certainty=CERTAINTY)
            certain.count("ranked", cases, cases)
            shares.append((cases + certain.still_to_draw()) / num)
        yield f"| {cases:,} | {' | '.join(f'{share:.2f}' for share in shares)} |"


if __name__ == "__main__":
    lines = price() if sys.argv[1:] == ["price"] else study(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    for line in lines:
        print(line, flush=True)
