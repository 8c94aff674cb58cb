"""Screening to the end, on populations with known cases: how often the recall is kept, and how much is read.

    .venv/bin/python tests/simulations/screening.py [samples] [samples of large populations]
    .venv/bin/python tests/simulations/screening.py price       # what a perfect ranking would leave to read

The ranking tells cases from others more or less well: `d` is how far apart their scores are, in standard deviations.
`misses` is a sharp ranking that puts a tenth of the cases among the surest others; `inverted` puts cases last. Scores
become answers as a run has them: distinct confidences, `few` (three each for yes and no), or `no` confidence at all,
where all yes are tied, all no, and the tenth that has no answer. `CLASSES` are populations of a few tied classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.screen.certificate import Certificate
from glane.assess.screen.ranking import SURE, YES, ranked
from glane.assess.screen.replay import replay

RECALL, CERTAINTY = 0.95, 0.95
ROWS = {1_000: 100, 10_000: 250}  # documents of a batch, by the size of the population
LARGE = 10_000
RANKINGS = ("sharp, d=6", "good, d=3", "fair, d=2", "random", "misses", "inverted")
SHARP, GOOD, FAIR, RANDOM, MISSES, INVERTED = RANKINGS
CONFIDENCES = ("distinct", "few", "no")
DISTINCT, FEW, NO = CONFIDENCES
CELLS = [
    *((1_000, cases, ranking, DISTINCT) for cases in (5, 20, 100, 300) for ranking in RANKINGS),
    *((1_000, cases, ranking, ties) for cases in (20, 100, 300) for ranking in (GOOD, MISSES) for ties in (FEW, NO)),
    *((LARGE, 200, ranking, DISTINCT) for ranking in (SHARP, GOOD, FAIR, MISSES, INVERTED)),
    *((LARGE, 1_000, ranking, DISTINCT) for ranking in (SHARP, GOOD, FAIR, MISSES)),
    *((LARGE, cases, ranking, ties) for cases in (200, 1_000) for ranking in (GOOD, MISSES) for ties in (FEW, NO)),
    *((LARGE, 50, ranking, DISTINCT) for ranking in (SHARP, GOOD, MISSES)),
    *((LARGE, 5, ranking, DISTINCT) for ranking in (GOOD, INVERTED)),
]
# Classes of equal answers: whether the model says yes, how sure it is, how many documents it has, and how many cases.
Class = tuple[bool | None, float | None, int, int]
CLASSES: dict[str, tuple[float, Sequence[Class]]] = {  # with the recall wanted
    "no confidences": (0.9, [(True, None, 500, 500), (None, None, 2_000, 150), (False, None, 10_000, 0)]),
    "three levels": (0.8, [(True, 0.9, 1_000, 1_000), (True, 0.6, 3_000, 600), (False, 0.9, 8_000, 0)]),
    "yes and no": (0.9, [(True, None, 600, 500), (False, None, 9_400, 100)]),
}
_APART = {"sharp, d=6": 6.0, "good, d=3": 3.0, "fair, d=2": 2.0, "random": 0.0, "misses": 6.0, "inverted": -2.0}


def population(
    num: int, cases: int, ranking: str, ties: str, rng: np.random.Generator
) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """The documents with the model's answers, and which of them are cases."""
    truth = np.zeros(num, dtype=bool)
    truth[rng.choice(num, cases, replace=False)] = True
    score = rng.normal(size=num) + _APART[ranking] * truth
    if ranking == "misses":
        lost = truth & (rng.random(num) < 0.1)
        score[lost] = rng.normal(size=int(lost.sum())) - 3
    above = score - _APART[ranking] / 2
    sure = np.abs(above) / (1 + np.abs(above))
    if ties == "few":
        sure = np.ceil(3 * sure) / 3
    silent = rng.random(num) < 0.1 if ties == "no" else np.zeros(num, dtype=bool)
    said = [None if nothing else bool(one) for nothing, one in zip(silent, above > 0, strict=True)]
    confidence = [None] * num if ties == "no" else sure.tolist()
    return _documents(said, confidence), truth


def of_classes(classes: Sequence[Class], rng: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """The same of classes of equal answers, whose documents stand in random order of their ids."""
    rows = [(said, sure, at < cases) for said, sure, num, cases in classes for at in range(num)]
    rows = [rows[at] for at in rng.permutation(len(rows))]
    said, sure, truth = zip(*rows, strict=True)
    return _documents(said, sure), np.array(truth)


def _documents(said: Sequence[bool | None], sure: Sequence[float | None]) -> pl.DataFrame:
    columns = {"id": range(len(said)), YES: said, SURE: sure}
    return pl.DataFrame(columns, schema={"id": pl.Int64, YES: pl.Boolean, SURE: pl.Float64})


Found = tuple[float, float, float]  # the recall that was reached, the share of documents read, and drawn at random


def screened(num: int, cases: int, ranking: str, ties: str = DISTINCT, *, seed: int, recall: float = RECALL) -> Found:
    """What comes of a screening."""
    key = [seed, num, RANKINGS.index(ranking), CONFIDENCES.index(ties)]
    documents, truth = population(num, cases, ranking, ties, np.random.default_rng(key))
    return _read(documents, truth, seed=seed, recall=recall, rows=ROWS[num])


def screened_classes(name: str, *, seed: int) -> Found:
    """The same for a population of tied classes."""
    recall, classes = CLASSES[name]
    documents, truth = of_classes(classes, np.random.default_rng([seed, len(name)]))
    return _read(documents, truth, seed=seed, recall=recall, rows=100)


def _read(documents: pl.DataFrame, truth: NDArray[np.bool_], *, seed: int, recall: float, rows: int) -> Found:
    num = documents.height
    found = replay(
        ranked(documents, id_column="id", seed=seed), id_column="id", recall=recall, certainty=CERTAINTY, rows=rows,
        answers_of=lambda batch: {name: bool(truth[int(name)]) for name in batch.ids},
    )  # fmt: skip
    drawn = sum(one.read for one in found.done if one.how == "random")
    return sum(found.answers.values()) / int(truth.sum()), len(found.answers) / num, drawn / num


def study(samples: int, of_large: int) -> Iterator[str]:
    """Lines of a table, as they are known."""
    yield "| documents | cases | ranking | confidences | populations | kept | worst recall | read | at random | most read |"
    yield "| --: | --: | --- | --- | --: | --: | --: | --: | --: | --: |"
    for num, cases, ranking, ties in CELLS:
        seeds = range(of_large if num >= LARGE else samples)
        found = np.array([screened(num, cases, ranking, ties, seed=seed) for seed in seeds])
        yield _line(f"{num:,} | {cases:,} | {ranking} | {ties}", found, RECALL)
    for name, (recall, classes) in CLASSES.items():
        num, cases = (sum(one[at] for one in classes) for at in (2, 3))
        found = np.array([screened_classes(name, seed=seed) for seed in range(samples)])
        yield _line(f"{num:,} | {cases:,} | {name}, recall {recall} | tied", found, recall)


def _line(cell: str, found: NDArray[np.float64], wanted: float) -> str:
    recall, read, drawn = found.T
    kept = (recall >= wanted - 1e-12).mean()
    return (
        f"| {cell} | {len(found)} | {kept:.3f} | {recall.min():.3f} | {read.mean():.2f} | {drawn.mean():.2f} | "
        f"{read.max():.2f} |"
    )


def price(num: int = LARGE) -> Iterator[str]:
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
    given = [int(one) for one in sys.argv[1:] if one != "price"] or [500]
    for line in price() if sys.argv[1:] == ["price"] else study(given[0], given[-1]):
        print(line, flush=True)
