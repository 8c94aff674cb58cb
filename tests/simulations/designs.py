"""Coverage and bias of a share by the design of the review, for rare findings.

    .venv/bin/python tests/simulations/designs.py [samples]

Designs: simple random; by the model's answer, half and half; by the model's answer, a fifth from its yes; by hospital,
equal numbers from hospitals of very different sizes and prevalences.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import polars as pl

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question
from glane.assess.share_estimators import gold_only, prediction_powered
from glane.assess.strata import strata_of

NUM_RUN = 20_000
DESIGNS = ("simple", "by answer, equal", "by answer, a fifth", "by hospital, equal")
CELLS = [  # prevalence, sensitivity, specificity, documents reviewed
    (0.005, 0.95, 0.999, 200), (0.01, 0.6, 0.995, 200), (0.02, 0.7, 0.99, 200), (0.01, 0.85, 0.99, 400),
    (0.05, 0.8, 0.98, 200), (0.2, 0.9, 0.95, 200), (0.02, 0.9, 0.95, 400),
]  # fmt: skip
_HOSPITALS = np.array([12000, 5000, 2000, 700, 300])
_RATIOS = np.array([0.6, 1.0, 2.0, 4.0, 5.0])  # of the prevalence


def coverage(
    design: str, cell: tuple[float, float, float, int], *, samples: int, seed: int
) -> dict[str, tuple[float, float, float]]:
    """By method: coverage of the nominal 95 % interval, bias relative to the truth, mean half-width."""
    prevalence, sensitivity, specificity, num = cell
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float, float]]] = {"gold_only": [], "ppi": []}
    for _ in range(samples):
        hospital = np.repeat(np.arange(5), _HOSPITALS)
        ratio = _RATIOS / (_RATIOS @ _HOSPITALS / NUM_RUN) if design.startswith("by hospital") else np.ones(5)
        truth = rng.random(NUM_RUN) < np.minimum(prevalence * ratio, 0.9)[hospital]
        said = np.where(rng.random(NUM_RUN) < np.where(truth, sensitivity, specificity), truth, ~truth)
        drawn, weights, names = _review(design, said, hospital, num, rng)
        gold, predicted = truth[drawn].astype(float), said[drawn].astype(float)
        strata = strata_of(pl.Series(names), weights)
        known: dict[str, Any] = {"num_run": NUM_RUN, "strata": strata}
        intervals = {
            "gold_only": gold_only(gold, weights, 0.95, **known),
            "ppi": prediction_powered(
                gold, predicted, weights, run_share=float(said.mean()), level=0.95, is_finite=True, **known
            ),
        }
        real = float(truth.mean())
        for name, one in intervals.items():
            found[name].append((one.low <= real <= one.high, one.estimate / real - 1, one.width / 2))
    return {name: tuple(np.array(rows, float).mean(axis=0).tolist()) for name, rows in found.items()}  # type: ignore[misc]


def _review(design: str, said: Any, hospital: Any, num: int, rng: np.random.Generator) -> tuple[Any, Any, list[str]]:
    """Places, weights and strata of the documents drawn."""
    if design == "simple":
        return rng.choice(NUM_RUN, num, replace=False), np.full(num, NUM_RUN / num), ["all"] * num
    of = hospital if design.startswith("by hospital") else said.astype(int)
    values = np.unique(of)
    parts = {1: num // 5, 0: num - num // 5} if design.endswith("fifth") else dict.fromkeys(values, num // len(values))
    places, weights, names = [], [], []
    for value in values:
        members = np.flatnonzero(of == value)
        take = min(parts[value], len(members))
        places.append(rng.choice(members, take, replace=False))
        weights += [len(members) / take] * take
        names += [str(value)] * take
    return np.concatenate(places), np.array(weights), names


def clustered(
    *, hospitals: int, correlation: float, prevalence: float, samples: int, seed: int, knows: bool = True
) -> float:
    """Coverage of a share of what the hospitals are a sample of, where their prevalences differ (beta-binomial)."""
    rng = np.random.default_rng(seed)
    spread = (1 - correlation) / correlation
    held = 0
    for _ in range(samples):
        hospital = np.repeat(np.arange(hospitals), 4000 // hospitals)
        truth = (
            rng.random(len(hospital)) < rng.beta(prevalence * spread, (1 - prevalence) * spread, hospitals)[hospital]
        )
        said = np.where(rng.random(len(hospital)) < 0.9, truth, ~truth)
        run = pl.DataFrame({"id": np.arange(len(hospital)), "hospital": hospital, "fever": said})
        gold = pl.DataFrame({"id": run["id"], "fever": truth})[np.sort(rng.choice(len(hospital), 400, replace=False))]
        question = Question(what="prevalence", field="fever", clusters=("hospital",) if knows else ())
        one = estimate(run, gold, question, id_column="id").estimates[0]
        assert one.low is not None
        assert one.high is not None
        held += one.low <= prevalence <= one.high
    return held / samples


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("| design | prevalence | Se | Sp | n | gold_only | ppi | bias | ± |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for name in DESIGNS:
        for one in CELLS:
            got = coverage(name, one, samples=times, seed=1)
            print(
                f"| {name} | {' | '.join(map(str, one))} | {got['gold_only'][0]:.3f} | {got['ppi'][0]:.3f} "
                f"| {got['ppi'][1]:+.3f} | {got['ppi'][2]:.4f} |",
                flush=True,
            )
    print("\n| hospitals | ICC | prevalence | without cluster | with cluster |\n| --: | --: | --: | --: | --: |")
    for hospitals, correlation, rate in ((10, 0.02, 0.2), (30, 0.05, 0.2), (30, 0.05, 0.05), (100, 0.05, 0.05)):
        asked = {"hospitals": hospitals, "correlation": correlation, "prevalence": rate, "samples": times, "seed": 1}
        without, with_it = (clustered(**asked, knows=one) for one in (False, True))  # type: ignore[arg-type]
        print(f"| {hospitals} | {correlation} | {rate} | {without:.3f} | {with_it:.3f} |", flush=True)
