"""How often accepted values keep the promise: python tests/simulations/risk_control.py [samples=200]

A promise is broken when more than alpha of what a group accepts without review is wrong, in any group. It may be broken
in at most delta of the samples.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from glane.assess.calibrate.groups import parts_of
from glane.assess.calibrate.shapes import Shape
from glane.assess.calibrate.tested import Risks, TestedGroup, test_all
from glane.assess.clusters import CLUSTER

Frame = pl.DataFrame
Generator = np.random.Generator
Confidence = Literal["overconfident", "informative", "useless"]
BOOLEAN = Shape(categories=("true", "false"), is_boolean=True)
PLAIN, LIST = Shape(), Shape(is_list=True)
ALPHA, DELTA = 0.05, 0.10


class Outcome(NamedTuple):
    """What many samples gave, of one kind of value."""

    broken: float  # share of samples in which any group accepted more than alpha of wrong
    accepted: float  # mean share of the kind that is accepted, of what was not judged
    wrong: float  # mean share of wrong among these; NaN where nothing was ever accepted
    worst: float  # the highest share of wrong in a sample


def confidences(rng: Generator, wrong: np.ndarray, kind: Confidence) -> np.ndarray:
    """Of values: high for all, or lower for the wrong ones, or without any relation to them."""
    if kind == "useless":
        return rng.random(len(wrong))
    sure = 1 - rng.beta(1, 20, len(wrong))
    return np.where(wrong, 1 - rng.beta(2, 4, len(wrong)), sure) if kind == "informative" else sure


def values(owner: np.ndarray, value: object, wrong: np.ndarray, confidence: np.ndarray, cluster: np.ndarray) -> Frame:
    """Values of a run, as the groups take them, and whether they are right."""
    return pl.DataFrame(
        {"id": owner, "value": value, "confidence": confidence, "correct": ~wrong.astype(bool), CLUSTER: cluster}
    ).with_columns(pl.int_range(pl.len()).over("id").alias("item"))


def rare(rng: Generator, *, num: int, prevalence: float, ppv: float, kind: Confidence) -> Frame:
    """A boolean of a finding: sensitivity 0.9, and as many false alarms as the predictive value says."""
    truth = rng.random(num) < prevalence
    alarm = prevalence * 0.9 * (1 - ppv) / ppv / (1 - prevalence)
    told = np.where(truth, rng.random(num) < 0.9, rng.random(num) < alarm)
    wrong, owner = told != truth, np.arange(num)
    return values(owner, np.where(told, "true", "false"), wrong, confidences(rng, wrong, kind), owner)


def lists(
    rng: Generator, *, num: int, long: float, length: int, errors: tuple[float, float], kind: Confidence
) -> Frame:
    """Lists of one or two values, and a share `long` of `length`, whose values err more; errors of short and long."""
    is_long = rng.random(num) < long
    counts = np.where(is_long, length, rng.integers(1, 3, num))
    owner = np.repeat(np.arange(num), counts)
    wrong = rng.random(len(owner)) < np.where(is_long, errors[1], errors[0])[owner]
    return values(owner, "v", wrong, confidences(rng, wrong, kind), owner)


def clustered(
    rng: Generator, *, clusters: int, sizes: tuple[int, int], error: float, shared: float, kind: Confidence
) -> Frame:
    """Documents of patients or hospitals, of `sizes` at least and at most; larger ones err more, errors in part shared."""
    counts = rng.integers(sizes[0], sizes[1] + 1, clusters)
    cluster = np.repeat(np.arange(clusters), counts)
    risk = error * counts / (counts**2).sum() * counts.sum()  # so that the mean over values is `error`
    risk = np.minimum(1.0, risk * rng.gamma(1.0, 1.0, clusters))
    own, whole = rng.random(len(cluster)) < risk[cluster], rng.random(clusters) < risk
    wrong = np.where(rng.random(len(cluster)) < shared, whole[cluster], own)
    owner = np.arange(len(cluster))
    return values(owner, "v", wrong, confidences(rng, wrong, kind), cluster)


def judged_of(rng: Generator, run: Frame, num_judged: int, *, by_answer: bool = False) -> Frame:
    """What a plain random sample of documents says, or one of so many documents of each answer."""
    if by_answer:
        parts = [judged_of(rng, part, num_judged) for _, part in sorted(run.group_by("value"), key=lambda one: one[0])]
        return pl.concat(parts)
    ids = run["id"].unique(maintain_order=True).to_numpy()
    return run.filter(pl.col("id").is_in(rng.choice(ids, min(num_judged, len(ids)), replace=False)))


def tested(run: Frame, judged: Frame, shape: Shape) -> Iterator[TestedGroup]:
    """The groups of one field with their thresholds, as `glane calibrate` finds them."""
    parts = list(parts_of("f", shape, run, judged))
    yield from test_all(parts, [], Risks(alpha=ALPHA, delta=DELTA)).groups


def outcome(
    rng: Generator, runs: Iterator[Frame], *, num_judged: int, shape: Shape, of: str | None = None,
    by_answer: bool = False,
) -> Outcome:  # fmt: skip
    """Accept values of many runs, each from its own sample; what is told is of the values `of`, the promise of all."""
    broken, accepted, wrong = [], [], []
    for run in runs:
        judged = judged_of(rng, run, num_judged, by_answer=by_answer)
        is_broken, taken = False, []
        for group in tested(run, judged, shape):
            keys = group.accepted("id").select("id", "item")
            mine = run.join(keys, on=["id", "item"], how="semi").join(judged.select("id"), on="id", how="anti")
            is_broken |= mine.height > 0 and float(1 - mine["correct"].mean()) > ALPHA  # type: ignore[operator]
            taken.append(mine)
        kept = pl.concat(taken)
        left = run.join(judged.select("id"), on="id", how="anti")
        if of is not None:
            kept, left = (one.filter(pl.col("value") == of) for one in (kept, left))
        broken.append(is_broken)
        accepted.append(kept.height / max(1, left.height))
        wrong.append(float(1 - kept["correct"].mean()) if kept.height else np.nan)  # type: ignore[operator]
    known = [one for one in wrong if one == one]
    return Outcome(
        broken=float(np.mean(broken)),
        accepted=float(np.mean(accepted)),
        wrong=float(np.mean(known)) if known else float("nan"),
        worst=max(known, default=float("nan")),
    )


def booleans(samples: int, *, num: int = 20_000) -> Iterator[tuple[str, Outcome, Outcome]]:
    """Rare findings: each answer by itself, and both together as before."""
    for num_judged in (400, 1500):
        for prevalence in (0.01, 0.02, 0.05, 0.10, 0.20):
            for ppv in (0.4, 0.7, 0.95):
                for kind in ("overconfident", "informative"):
                    rng = np.random.default_rng(7)
                    found = [
                        outcome(
                            rng,
                            (rare(rng, num=num, prevalence=prevalence, ppv=ppv, kind=kind) for _ in range(samples)),
                            num_judged=num_judged, shape=shape, of="true",
                        )
                        for shape in (BOOLEAN, PLAIN)
                    ]  # fmt: skip
                    yield f"{num_judged:6d} {prevalence:5.2f} {ppv:5.2f} {kind:13s}", found[0], found[1]


def by_answer(samples: int, *, num: int = 20_000) -> Iterator[tuple[str, Outcome]]:
    """Rare findings, of which as many of each answer were judged."""
    for num_judged in (150, 300):
        for prevalence in (0.02, 0.05):
            for ppv in (0.7, 0.95, 0.98):
                for kind in ("overconfident", "informative"):
                    rng = np.random.default_rng(10)
                    runs = (rare(rng, num=num, prevalence=prevalence, ppv=ppv, kind=kind) for _ in range(samples))
                    found = outcome(rng, runs, num_judged=num_judged, shape=BOOLEAN, of="true", by_answer=True)
                    yield f"{num_judged:6d} {prevalence:5.2f} {ppv:5.2f} {kind:13s}", found


def long_lists(samples: int, *, num: int = 6000) -> Iterator[tuple[str, Outcome]]:
    """Lists of which some are long and err more."""
    for errors, kind in (
        ((0.01, 0.20), "useless"),
        ((0.01, 0.20), "informative"),
        ((0.01, 0.05), "useless"),
        ((0.01, 0.05), "informative"),
        ((0.02, 0.02), "informative"),
    ):
        for num_judged in (400, 1500):
            rng = np.random.default_rng(8)
            runs = (lists(rng, num=num, long=0.1, length=12, errors=errors, kind=kind) for _ in range(samples))
            found = outcome(rng, runs, num_judged=num_judged, shape=LIST)
            yield f"{num_judged:6d} {errors[0]:5.2f} {errors[1]:5.2f} {kind:13s}", found


def groups_of_documents(samples: int) -> Iterator[tuple[str, float, float]]:
    """Documents that go together: how often anything is accepted, by clusters, and if each document were alone.

    Of a draw of patients or hospitals whose errors are `error` on average. Where this is above alpha, what is accepted
    breaks the promise for further ones like them.
    """
    for name, clusters, sizes in (("copies", 5000, (1, 2)), ("patients", 2000, (1, 5)), ("hospitals", 25, (100, 400))):
        for error in (0.015, 0.06):
            for shared in (0.5, 1.0):
                rng = np.random.default_rng(9)
                accepted = np.zeros((samples, 2))
                for sample in range(samples):
                    run = clustered(
                        rng, clusters=clusters, sizes=sizes, error=error, shared=shared, kind="overconfident"
                    )
                    judged = judged_of(rng, run, 600)
                    for place, unit in enumerate((CLUSTER, "id")):
                        alone = [one.with_columns(pl.col(unit).alias(CLUSTER)) for one in (run, judged)]
                        (group,) = tested(*alone, PLAIN)
                        accepted[sample, place] = group.threshold is not None
                yield f"{name:9s} {clusters:5d} {error:6.3f} {shared:6.2f}", *accepted.mean(axis=0)


def line(found: Outcome) -> str:
    """The numbers of an outcome."""
    return f"{found.broken:6.3f} {found.accepted:9.3f} {found.wrong:7.3f} {found.worst:6.3f}"


def main(samples: int) -> None:
    """Print the tables."""
    print(f"alpha = {ALPHA}, delta = {DELTA}, {samples} samples; a promise may be broken in {DELTA:.2f} of them\n")
    print("Of a boolean, what is accepted as true (20 000 documents); wrong: mean, and the worst sample")
    print("judged  prev   PPV confidence    | broken  accepted  wrong  worst | both answers together: accepted wrong")
    for name, found, before in booleans(samples):
        print(f"{name} | {line(found)} | {before.accepted:9.3f} {before.wrong:7.3f}", flush=True)
    print("\nThe same, of as many judged of each answer")
    print("  each  prev   PPV confidence    | broken  accepted  wrong  worst")
    for name, one in by_answer(samples):
        print(f"{name} | {line(one)}", flush=True)
    print("\nLists of 1 or 2 values, and 10 % of 12: errors of short and of long ones (6000 documents)")
    print("judged short  long confidence    | broken  accepted  wrong  worst")
    for name, one in long_lists(samples):
        print(f"{name} | {line(one)}", flush=True)
    print("\nDocuments that go together, larger clusters worse; 600 judged. Share of samples in which any is accepted:")
    print("where the error is above alpha, it breaks the promise for further clusters")
    print("clusters  number  error shared | by clusters  each document alone")
    for name, by_clusters, alone in groups_of_documents(samples):
        print(f"{name} | {by_clusters:11.3f} {alone:20.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1].removeprefix("samples=")) if len(sys.argv) > 1 else 200)
