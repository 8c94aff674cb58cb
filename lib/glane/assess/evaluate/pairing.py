"""Right answers joined with the rows of a run: which documents and fields are compared, and with what weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from glane.assess.bootstrap import Array
from glane.assess.estimate.question import WEIGHT, with_weights
from glane.assess.estimate.whole_sample import check_whole
from glane.assess.evaluate.annotations import ANNOTATIONS, check_annotations
from glane.assess.evaluate.answers import check_gold, check_ids, gold_fields, some_ids
from glane.assess.evaluate.leaf import leaves
from glane.assess.evaluate.metrics import effective_number
from glane.assess.evaluate.scores import DocumentFlow, Weights
from glane.assess.sampling import PROBABILITY, STRATUM
from glane.assess.sampling import WEIGHT as DRAWN_WEIGHT
from glane.assess.strata import Strata, strata_of
from glane.corpus.same_ids import ids_like
from glane.errors import DataError
from glane.task.fields import Field
from glane.task.signs import SIGNS
from glane.type_words import both_type_words
from glane.types import Status

_SHOWN_IDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The documents that have both answers, in the order of the right ones."""

    fields: dict[str, Field]  # what is compared
    gold: pl.DataFrame
    run: pl.DataFrame
    weights: Array  # 1 where the right answers have none
    strata: Strata  # as the right answers name them
    weight_columns: tuple[str, ...]  # of the right answers: how the documents were drawn
    flow: DocumentFlow  # how many documents there are, and why others are not compared

    def about_weights(self, *, is_weighted: bool) -> Weights | None:
        """How the documents were drawn; None where the right answers do not say."""
        if not self.weight_columns:
            return None
        return Weights(
            column=self.weight_columns[0],
            used=is_weighted,
            equal=bool(np.ptp(self.weights) <= 1e-9 * self.weights.max()),
            effective_documents=effective_number(self.weights),
        )


def pair(
    fields: Mapping[str, Field],
    run: pl.LazyFrame,
    gold: pl.DataFrame,
    *,
    id_column: str,
    wanted: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> Paired:
    """Join the documents that have a right answer with their rows of the run.

    A column `weight` or `inclusion_probability` of the right answers that is no field of the task says how a document
    was drawn, as `glane review` writes it.

    Raises:
        DataError: if the right answers cannot be used, or none is of a document of the run.
    """
    check_ids(gold, id_column, place="gold")
    if gold.is_empty():
        raise DataError("gold: no row. Review some documents of the run first.")
    asked = gold_fields(fields, gold, wanted)
    check_gold(asked, gold, id_column)
    check_annotations(asked, gold, id_column)
    drawn = [name for name in (DRAWN_WEIGHT, PROBABILITY) if name in gold.columns and name not in fields]
    with_weights(gold.select(drawn), weight=None, inclusion_probability=None)  # every row is checked
    schema = run.collect_schema()
    gold = _with_ids_of(gold, schema[id_column], id_column)
    annotations = [f"{name}__{what}" for name in asked for what in ("precision", "evidence", *ANNOTATIONS)]
    needed = dict.fromkeys([id_column, "status", *asked, *annotations, *SIGNS, *beside])
    ids = gold.select(id_column)
    rows = run.select(name for name in needed if name in schema).join(ids.lazy(), on=id_column, how="semi").collect()
    paired = gold.join(rows.select(id_column), on=id_column, how="semi", maintain_order="left")
    num_rows = run.select(pl.len()).collect().item()
    if paired.is_empty():
        first = some_ids(gold[id_column].head(3).to_list()) or "none"
        known = some_ids(run.select(id_column).head(3).collect()[id_column].to_list())
        raise DataError(
            f"gold.{id_column}: no id is one of the run's. Those of the right answers: {first}, …; of the run: "
            f"{known}, …. Give the right answers of the documents of this run. A spreadsheet drops zeros in front of "
            "numbers: there, ids must be cells of text."
        )
    design = [name for name in (*drawn, STRATUM) if name in paired.columns and name not in fields]
    is_drawn = paired.select(design)
    if is_drawn.width:
        num_usable = run.filter(pl.col("status").cast(pl.String) == Status.OK).select(pl.len()).collect().item()
        check_whole(gold.select(design), num_usable=num_usable)  # also of what is not in the run
        check_whole(is_drawn, num_usable=num_usable, is_part=len(paired) < len(gold))
    unknown = gold.join(rows.select(id_column), on=id_column, how="anti", maintain_order="left")[id_column]
    statuses = Counter(status for status in rows["status"].cast(pl.String) if status != Status.OK)
    flow = DocumentFlow(
        compared=len(paired),
        not_usable=dict(sorted(statuses.items())),
        gold_not_in_run=len(unknown),
        gold_not_in_run_ids=tuple(unknown.head(_SHOWN_IDS)),
        run_not_in_gold=num_rows - len(paired),
    )
    aligned = paired.select(id_column).join(rows, on=id_column, how="left", maintain_order="left")
    weights = with_weights(paired.select(drawn or id_column), weight=None, inclusion_probability=None)[WEIGHT]
    names = paired[STRATUM] if STRATUM in paired.columns else None
    return Paired(
        fields=asked, gold=paired, run=aligned, weights=weights.to_numpy(), weight_columns=tuple(drawn), flow=flow,
        strata=strata_of(names, weights.to_numpy()),
    )  # fmt: skip


def _with_ids_of(gold: pl.DataFrame, kind: pl.DataType, id_column: str) -> pl.DataFrame:
    """The right answers with ids of the run's type, where each stays itself."""
    found = ids_like(gold[id_column], kind)
    if found is None:
        told, run_told = both_type_words(gold.schema[id_column], kind)
        raise DataError(f"gold.{id_column}: is {told}, and the run's ids are {run_told}. Write it in the run's type.")
    return gold.with_columns(found)


def dates_without_precision(fields: Mapping[str, Field], asked: Mapping[str, Field]) -> list[str]:
    """The partial dates for which the right answers give no precision: only days are compared."""
    partial = {leaf.path for leaf in leaves(fields) if _precision(leaf.field) == "partial"}
    return [leaf.path for leaf in leaves(asked) if leaf.path in partial and _precision(leaf.field) != "partial"]


def _precision(field: Field) -> str | None:
    return getattr(getattr(field, "items", field), "precision", None)
