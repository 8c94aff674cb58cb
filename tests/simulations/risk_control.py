"""How often accepted values keep the promise: python tests/simulations/risk_control.py [samples=500]

A promise is broken when more than alpha of a field's accepted values is wrong in the whole population, for any field.
It may be broken in at most delta of the samples.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl

from glane.assess.calibrate.acceptance import choose_threshold

Frame = pl.DataFrame


def population(rng: np.random.Generator, *, num_documents: int, fields: int, items: int, error: float) -> Frame:
    """Values of a run with their confidences, and whether they are right; overconfident, worse in some documents."""
    hard = rng.random(num_documents) < 0.2  # values of one document err together
    frames = []
    for field in range(fields):
        counts = rng.integers(1, items + 1, num_documents) if items > 1 else np.ones(num_documents, dtype=np.int64)
        owner = np.repeat(np.arange(num_documents), counts)
        confidence = rng.beta(6, 1, len(owner))
        wrong = np.clip(error * (1 - confidence) * 7 * np.where(hard[owner], 2.0, 0.75), 0, 1)
        frames.append(
            pl.DataFrame(
                {
                    "id": owner, "field": f"f{field}",
                    "item": np.concatenate([np.arange(count) for count in counts]) if items > 1 else None,
                    "value": "v", "confidence": confidence, "right": rng.random(len(owner)) >= wrong,
                },
                schema_overrides={"item": pl.Int64},
            )
        )  # fmt: skip
    return pl.concat(frames)


def broken_promises(
    *,
    fields: int,
    items: int,
    error: float,
    num_judged: int,
    samples: int,
    seed: int,
    alpha: float,
    delta: float,
    num_documents: int = 6000,
) -> tuple[float, float, float]:
    """Share of samples whose promise is broken, mean share accepted, and mean share of wrong among the accepted."""
    rng = np.random.default_rng(seed)
    whole = population(rng, num_documents=num_documents, fields=fields, items=items, error=error)
    parts = [whole.filter(pl.col("field") == f"f{field}") for field in range(fields)]
    broken, accepted, risks = 0, [], []
    for _ in range(samples):
        judged_ids = rng.choice(num_documents, num_judged, replace=False)
        worst, num = 0.0, 0
        for part in parts:
            judged = part.filter(pl.col("id").is_in(judged_ids)).rename({"right": "correct"})
            chosen = choose_threshold(part, judged, id_column="id", alpha=alpha, delta=delta / fields)
            if chosen.threshold is None:
                continue
            kept = part.filter(pl.col("confidence") >= chosen.threshold)
            num += kept.height
            # The promise is about documents: the mean over them of the share of wrong among their accepted values.
            risk = kept.group_by("id").agg((1 - pl.col("right").mean()).alias("risk"))["risk"].mean()
            worst = max(worst, float(risk))  # type: ignore[arg-type]
        accepted.append(num / whole.height)
        risks.append(worst)
        broken += worst > alpha
    return broken / samples, float(np.mean(accepted)), float(np.mean(risks))


def main(samples: int) -> None:
    """Print the table."""
    print(f"alpha = 0.05, delta = 0.10, {samples} samples of judged documents; a promise may be broken in 0.10 of them")
    print("fields items error judged | broken  accepted  wrong among accepted")
    for fields, items in ((1, 1), (3, 1), (1, 4)):
        for error in (0.05, 0.1, 0.2):
            for num_judged in (150, 400):
                broken, accepted, risk = broken_promises(
                    fields=fields, items=items, error=error, num_judged=num_judged, samples=samples, seed=11,
                    alpha=0.05, delta=0.10,
                )  # fmt: skip
                print(
                    f"{fields:6d} {items:5d} {error:5.2f} {num_judged:6d} | {broken:6.3f} {accepted:9.3f} {risk:8.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1].removeprefix("samples=")) if len(sys.argv) > 1 else 500)
