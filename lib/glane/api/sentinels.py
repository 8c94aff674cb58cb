"""`glane.freeze_sentinels`: a few documents of a run with their answers, which later runs ask again."""

from __future__ import annotations

from typing import Literal

from glane.api.sources import RunLike, TableLike, name_of, refuse_uncarried, run_of, table_of
from glane.assess.evaluate.pairing import pair
from glane.assess.sampling import draw
from glane.drift import ALPHA, PLANNED_RUNS, AlarmBudget
from glane.extraction.frozen import FrozenSet, freeze


def freeze_sentinels(
    run: RunLike,
    out_dir: str,
    *,
    rows: int = 200,
    by: str | None = None,
    allocation: Literal["proportional", "equal"] = "proportional",
    seed: int = 0,
    gold: TableLike | None = None,
    tolerance: float = 0.02,
    alpha: float = ALPHA,
    planned_runs: int = PLANNED_RUNS,
) -> FrozenSet:
    """Draw documents of a complete run and freeze them with their answers; `task.sentinels=FOLDER` asks them again.

    Args:
        run: A run, or its directory.
        out_dir: The folder of the frozen set; it must be new or empty. It holds the documents: it is confidential.
        rows: How many documents are drawn.
        by: A column whose values are strata of the draw.
        allocation: Of the draw to the strata.
        seed: Of the draw.
        gold: Right answers; then documents that have them are drawn, and they are frozen, too.
        tolerance: Share of documents that may be answered otherwise without being drift.
        alpha: The chance, 0 to 1, of any false alarm, over all fields and all planned runs together.
        planned_runs: How many runs will ask these documents, about.

    Raises:
        GlaneError: if the run is not complete, its input is gone, or the folder holds something.
    """
    opened = run_of(run)
    refuse_uncarried(opened, by=by)
    task, id_column = opened.task, opened.settings.data.result_id
    usable, right = opened.usable(), None
    if gold is not None:
        right = pair(task.fields, usable, table_of(gold, place="gold", id_column=id_column), id_column=id_column).gold
        usable = usable.join(right.lazy().select(id_column), on=id_column, how="semi")
    sample = draw(
        usable, opened.columns_beside(), id_column=id_column, method="stratified" if by else "random",
        fields=(), num_rows=rows, seed=seed, by=by, allocation=allocation,
    )  # fmt: skip
    drawn = {"rows": rows, "by": by, "allocation": allocation, "seed": seed, "gold": name_of(gold)}
    return freeze(
        opened, task, sample[id_column], folder=out_dir, tolerance=tolerance, sample=drawn,
        budget=AlarmBudget(alpha=alpha, planned_runs=planned_runs),
        gold=None if right is None else right.join(sample.select(id_column), on=id_column, how="semi"),
    )  # fmt: skip
