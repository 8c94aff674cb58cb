"""How often intervals hold the truth: python tests/simulations/coverage.py [samples=1000]

Populations with a known truth, a model with a known sensitivity and specificity, reviewed samples drawn at random.
Nominal level 95 %; with 1000 samples, two standard errors of a coverage are 1.4 points.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.prediction_powered import NotEstimableError, Rows, fit
from glane.assess.estimate.question import WEIGHT, Question
from glane.assess.evaluate.metrics import score_intervals, scores
from glane.assess.proportion import error_rates, rogan_gladen
from glane.assess.sampling import draw_uncertain
from glane.assess.share_estimators import gold_only, prediction_powered

NUM_RUN = 10_000
SHARE_METHODS = ("gold_only", "ppi", "rogan_gladen")


def share_coverage(
    *, prevalence: float, sensitivity: float, specificity: float, num_gold: int, samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Coverage and mean width by method."""
    rng = np.random.default_rng(seed)
    held = dict.fromkeys(SHARE_METHODS, 0)
    width = dict.fromkeys(SHARE_METHODS, 0.0)
    told = dict.fromkeys(SHARE_METHODS, 0)
    weights = np.ones(num_gold)
    for _ in range(samples):
        yes = rng.binomial(num_gold, prevalence)
        found, false = rng.binomial(yes, sensitivity), rng.binomial(num_gold - yes, 1 - specificity)
        gold, predicted = np.zeros(num_gold), np.zeros(num_gold)
        gold[:yes], predicted[:found], predicted[yes : yes + false] = 1, 1, 1
        others = rng.binomial(NUM_RUN - num_gold, prevalence)
        positive = rng.binomial(others, sensitivity) + rng.binomial(NUM_RUN - num_gold - others, 1 - specificity)
        known = {"run_share": (positive + found + false) / NUM_RUN, "num_run": NUM_RUN, "level": 0.95}
        alone = gold_only(gold, weights, 0.95)
        powered = prediction_powered(gold, predicted, weights, **known)
        rates = error_rates(gold, predicted, weights)
        intervals = {
            "gold_only": alone, "ppi": powered, "rogan_gladen": rates and rogan_gladen(rates, **known),
        }  # fmt: skip
        for name, interval in intervals.items():
            if interval is not None:
                told[name] += 1
                held[name] += interval.low <= prevalence <= interval.high
                width[name] += interval.width
    return {name: (held[name] / told[name], width[name] / told[name]) for name in SHARE_METHODS}


def weighted_coverage(*, prevalence: float, num_gold: int, samples: int, seed: int) -> dict[str, tuple[float, float]]:
    """The same where doubtful documents are reviewed more often, and errors are more frequent among them."""
    rng = np.random.default_rng(seed)
    held: dict[str, list[float]] = {"gold_only": [], "ppi": [], "rogan_gladen": []}
    width: dict[str, list[float]] = {name: [] for name in held}
    for sample in range(samples):
        truth = rng.random(NUM_RUN) < prevalence
        doubt = rng.beta(1, 6, NUM_RUN)
        predicted = np.where(rng.random(NUM_RUN) < doubt * 0.6, ~truth, truth)
        run = pl.DataFrame({"id": np.arange(NUM_RUN), "fever": predicted, "c": 1 - doubt})
        drawn = draw_uncertain(run, id_column="id", confidence="c", num_rows=num_gold, seed=sample)
        gold = drawn.select("id", pl.col("weight").alias(WEIGHT)).join(
            pl.DataFrame({"id": np.arange(NUM_RUN), "fever": truth}), on="id"
        )
        for name in held:
            question = Question(what="prevalence", field="fever", method=name)  # type: ignore[arg-type]
            [one] = estimate(run, gold, question, id_column="id").estimates
            held[name].append(one.low <= prevalence <= one.high)  # type: ignore[operator]
            width[name].append(one.high - one.low)  # type: ignore[operator]
    return {name: (float(np.mean(held[name])), float(np.mean(width[name]))) for name in held}


def finite_coverage(
    *, num_run: int, num_gold: int, prevalence: float, sensitivity: float, specificity: float, samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Coverage and mean width for the share of a run's own documents (population=run), a large part of it reviewed."""
    rng = np.random.default_rng(seed)
    held, width, told = (dict.fromkeys(("gold_only", "ppi"), 0.0) for _ in range(3))
    weights = np.ones(num_gold)
    for _ in range(samples):
        truth = (rng.random(num_run) < prevalence).astype(float)
        right = np.where(truth == 1, sensitivity, specificity)
        model = np.where(rng.random(num_run) < right, truth, 1 - truth)
        drawn = rng.choice(num_run, num_gold, replace=False)
        for name, interval in (
            ("gold_only", gold_only(truth[drawn], weights, 0.95, num_run=num_run)),
            (
                "ppi",
                prediction_powered(
                    truth[drawn], model[drawn], weights, run_share=float(model.mean()), num_run=num_run, level=0.95,
                    is_finite=True,
                ),
            ),
        ):  # fmt: skip
            if interval is not None:
                told[name] += 1
                held[name] += interval.low - 1e-12 <= truth.mean() <= interval.high + 1e-12
                width[name] += interval.width
    return {name: (held[name] / told[name], width[name] / told[name]) for name in held}


PRESENT = (0.95, 0.8, 0.6, 0.4, 0.2, 0.1)  # how often the documents tell each field; a list of 1.5 items comes last


def reviewed_outcomes(rng: np.random.Generator, num_documents: int, error: float) -> np.ndarray:
    """True positives, false positives and false negatives by document and field; errors gather in some documents."""
    hard = rng.gamma(2.0, 0.5, num_documents)
    rate = np.minimum(1, error * hard)
    units = np.zeros((num_documents, len(PRESENT) + 1, 3))
    for field, share in enumerate(PRESENT):
        told = rng.random(num_documents) < share
        errs = rng.random(num_documents) < np.where(told, rate, 0.3 * rate)
        is_value = rng.random(num_documents) < 0.5  # a wrong value, and not a missed one
        units[:, field, 0] = told & ~errs
        units[:, field, 1] = errs & (is_value | ~told)
        units[:, field, 2] = told & errs
    items = rng.poisson(1.5, num_documents)
    wrong = rng.binomial(items, rate)
    units[:, -1, 0], units[:, -1, 2] = items - wrong, wrong
    units[:, -1, 1] = rng.binomial(wrong, 0.5) + rng.poisson(0.2 * rate)
    return units


def f1_coverage(
    *, num_documents: int, error: float, method: str, samples: int, seed: int, resamples: int = 1000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F1, coverage and mean width of its intervals: by field (`PRESENT`, then a list), micro and macro."""
    rng = np.random.default_rng(seed)
    is_value = np.ones(len(PRESENT) + 1, dtype=bool)
    truth = scores(reviewed_outcomes(rng, 1_000_000, error).sum(axis=0), is_value)[:, 2]
    held, told, width = (np.zeros(len(truth)) for _ in range(3))
    for _ in range(samples):
        units = reviewed_outcomes(rng, num_documents, error)
        ends = score_intervals(
            units, is_value, weights=np.ones(num_documents), samples=resamples, rng=rng, method=method  # type: ignore[arg-type]
        )[:, 2]  # fmt: skip
        is_known = np.isfinite(ends).all(axis=1)
        told += is_known
        held += is_known & (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        width += np.where(is_known, ends[:, 1] - ends[:, 0], 0.0)
    return truth, held / told, width / told


def regression_coverage(
    *, what: str, num_gold: int, samples: int, seed: int, tuning: float | None = None
) -> tuple[list[float], list[float]]:
    """Coverage and mean width, by coefficient, of a mean, a linear or a logistic regression with a model that errs."""
    rng = np.random.default_rng(seed)
    truth = {"mean": [3.0], "linear": [1.0, 0.5], "logistic": [-1.0, 0.8]}[what]
    held, width = np.zeros(len(truth)), np.zeros(len(truth))
    num_run = 4000
    for _ in range(samples):
        covariates = np.column_stack([np.ones(num_run), rng.normal(size=num_run)])[:, : len(truth)]
        linear = covariates @ truth
        if what == "logistic":
            outcome = (rng.random(num_run) < 1 / (1 + np.exp(-linear))).astype(float)
            wrong = rng.random(num_run) < np.where(covariates[:, 1] > 0, 0.15, 0.05)  # more errors on one side
            model = np.where(wrong, 1 - outcome, outcome)
        else:
            noise = rng.gamma(2.0, 1.0, num_run) - 2.0  # skewed
            outcome = linear + noise
            model = outcome + rng.normal(0.3, 0.7, num_run) + 0.2 * covariates[:, -1]
        present = np.ones(num_run)
        run = Rows(covariates=covariates, outcome=model, present=present)
        seen = Rows(covariates=covariates[:num_gold], outcome=model[:num_gold], present=present[:num_gold])
        gold = Rows(covariates=covariates[:num_gold], outcome=outcome[:num_gold], present=present[:num_gold])
        link = "logit" if what == "logistic" else "identity"
        weights = np.ones(num_gold)
        try:
            found = fit(gold, seen, weights, run, link=link, tuning=tuning)
        except NotEstimableError:  # as the estimates do
            found = fit(gold, seen, weights, run, link=link, tuning=0.0)
        low, high = found.limits(0.95)
        held += (low <= truth) & (truth <= high)
        width += high - low
    return (held / samples).tolist(), (width / samples).tolist()


def main(samples: int) -> None:
    """Print the tables."""
    print(f"Shares: {samples} samples, {NUM_RUN} documents. Errors: those expected in the reviewed sample.")
    print("gold  prev  Se    Sp    errors | coverage: gold   ppi    RG     | width: gold   ppi    RG")
    for num_gold in (100, 200, 300, 600):
        for prevalence in (0.05, 0.2, 0.5):
            for sensitivity, specificity in (
                (0.7, 0.9),
                (0.8, 0.95),
                (0.8, 0.99),
                (0.95, 0.95),
                (0.95, 0.99),
                (0.99, 0.999),
            ):
                found = share_coverage(
                    prevalence=prevalence, sensitivity=sensitivity, specificity=specificity, num_gold=num_gold,
                    samples=samples, seed=7,
                )  # fmt: skip
                errors = num_gold * (prevalence * (1 - sensitivity) + (1 - prevalence) * (1 - specificity))
                coverage = "  ".join(f"{found[name][0]:.3f}" for name in SHARE_METHODS)
                width = "  ".join(f"{found[name][1]:.3f}" for name in SHARE_METHODS)
                print(
                    f"{num_gold:4d}  {prevalence:.2f}  {sensitivity:.2f}  {specificity:.3f} {errors:6.1f} |"
                    f"           {coverage} |        {width}",
                    flush=True,
                )
    few = max(500, samples // 2)
    print(f"\nDoubtful documents drawn more often, weights used: {few} samples")
    for num_gold in (200, 400):
        for prevalence in (0.05, 0.2):
            found = weighted_coverage(prevalence=prevalence, num_gold=num_gold, samples=few, seed=7)
            shown = "  ".join(f"{name} {cover:.3f} (width {wide:.3f})" for name, (cover, wide) in found.items())
            print(f"{num_gold:4d}  {prevalence:.2f} | {shown}", flush=True)
    print(f"\nShares of a run's own documents (population=run), Se 0.8 Sp 0.95 and Se 0.95 Sp 0.99: {samples} samples")
    print(" run  gold  prev  errors | gold_only (width)  ppi (width)")
    for num_run, num_gold in ((300, 100), (300, 200), (1000, 300), (1000, 900)):
        for prevalence in (0.05, 0.3):
            for sensitivity, specificity in ((0.8, 0.95), (0.95, 0.99)):
                found = finite_coverage(
                    num_run=num_run, num_gold=num_gold, prevalence=prevalence, sensitivity=sensitivity,
                    specificity=specificity, samples=samples, seed=7,
                )  # fmt: skip
                errors = num_gold * (prevalence * (1 - sensitivity) + (1 - prevalence) * (1 - specificity))
                shown = "  ".join(f"{cover:.3f} ({wide:.3f})" for cover, wide in found.values())
                print(f"{num_run:4d}  {num_gold:4d}  {prevalence:.2f}  {errors:6.1f} | {shown}", flush=True)
    print(f"\nF1, 1000 resamples of documents: {few} samples. Fields by how often they are told, then a list")
    print("gold  errors  method     | micro-F1  coverage (width)  macro  | by field")
    for num_documents in (50, 100, 300):
        for error in (0.2, 0.1, 0.05, 0.02, 0.005):
            for method in ("bca", "percentile"):
                truth, covers, wides = f1_coverage(
                    num_documents=num_documents, error=error, method=method, samples=few, seed=7
                )
                fields = " ".join(f"{one:.3f}" for one in covers[:-2])
                print(
                    f"{num_documents:4d}  {error:6.3f}  {method:10s} | {truth[-2]:8.3f}  {covers[-2]:.3f} "
                    f"({wides[-2]:.3f})    {covers[-1]:.3f}  | {fields}",
                    flush=True,
                )
    print(f"\nMeans and regressions: {few} samples")
    for what in ("mean", "linear", "logistic"):
        for num_gold in (60, 200, 500):
            for tuning, name in ((None, "ppi"), (0.0, "gold_only")):
                cover, wide = regression_coverage(what=what, num_gold=num_gold, samples=few, seed=7, tuning=tuning)
                terms = "  ".join(f"{one:.3f} (width {size:.3f})" for one, size in zip(cover, wide, strict=True))
                print(f"{what:9s} {num_gold:4d} {name:10s} {terms}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1].removeprefix("samples=")) if len(sys.argv) > 1 else 1000)
