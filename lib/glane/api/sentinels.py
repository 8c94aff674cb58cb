"""`glane.freeze_sentinels`: a few documents of a run with their answers, which later runs ask again."""

from __future__ import annotations

from typing import Literal

import polars as pl

from glane.api.gold import gold_of, warn_of
from glane.api.numbers import check_numbers
from glane.api.sources import RunLike, TableLike, name_of, refuse_uncarried, run_of
from glane.assess.compare.alarm_budget import enough_known
from glane.assess.compare.known_positives import Answers, draw_positives, known_line, known_positives
from glane.assess.evaluate.answers import gold_fields
from glane.assess.evaluate.leaf import leaves
from glane.assess.evaluate.pairing import pair
from glane.assess.sampling import check_size, draw
from glane.drift import ALPHA, PLANNED_RUNS, AlarmBudget
from glane.extraction.frozen import FrozenSet, freeze
from glane.settings.sentinels import SentinelsSettings
from glane.task.signs import SIGNS


def freeze_sentinels(
    run: RunLike,
    out_dir: str,
    *,
    rows: int = 200,
    positives: float = 0.5,
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
        positives: Share of them, 0 to 1, drawn so that each kind of yes (a boolean that is true, a category, a list
            with items, a value) has about as many: by right answers where `gold` has the field, else by the model's.
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
    check_numbers(
        SentinelsSettings, rows=rows, positives=positives, seed=seed, tolerance=tolerance, alpha=alpha,
        planned_runs=planned_runs,
    )  # fmt: skip
    opened = run_of(run)
    refuse_uncarried(opened, by=by)
    task, id_column = opened.task, opened.settings.data.result_id
    usable, right, sources = opened.usable(), None, []
    if gold is not None:
        known_right = gold_of(gold, [opened])
        warn_of(known_right)
        paired = pair(task.fields, usable, known_right.table, id_column=id_column)
        right = paired.gold
        usable = usable.join(right.lazy().select(id_column), on=id_column, how="semi")
        sources.append(Answers(paired.fields, right.lazy()))
    check_size(usable.select(pl.len()).collect().item(), rows)
    sources.append(Answers(task.fields, usable))
    known = draw_positives(sources, id_column=id_column, num_rows=round(positives * rows), seed=seed)
    ids = known
    if rest := rows - len(known):
        others = usable.join(known.to_frame().lazy(), on=id_column, how="anti")
        ids = known.append(
            draw(
                others, opened.columns_beside(), id_column=id_column, method="stratified" if by else "random",
                fields=(), num_rows=rest, seed=seed, by=by, allocation=allocation,
            )[id_column]
        )  # fmt: skip
    drawn = {
        "rows": rows, "positives": positives, "by": by, "allocation": allocation, "seed": seed, "gold": name_of(gold)
    }  # fmt: skip
    return freeze(
        opened, task, ids, folder=out_dir, tolerance=tolerance, sample=drawn,
        budget=AlarmBudget(alpha=alpha, planned_runs=planned_runs),
        gold=None if right is None else right.join(ids.to_frame(), on=id_column, how="semi"),
    )  # fmt: skip


def known_in(frozen: FrozenSet) -> str:
    """Of which kinds of yes a frozen set knows few documents, in one line without text of them."""
    manifest, right = frozen.manifest, None
    id_column = manifest.group_by or manifest.id_column
    then = Answers(manifest.fields, frozen.reference.lazy())
    if frozen.gold is not None:
        right = Answers(gold_fields(manifest.fields, frozen.gold, ()), frozen.gold.lazy())
    known = known_positives(then, right, frozen.reference.select(id_column), id_column=id_column)
    num_tests = len(list(leaves(manifest.fields))) + len(known) + len(SIGNS)
    if right is not None:
        num_tests += len(list(leaves(right.fields)))
    return known_line(known, enough_known(manifest.tolerance, num_tests, manifest.budget))
