"""Answers of many documents, compared: a table of verdicts and their counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.bootstrap import Array
from glane.assess.evaluate.leaf import Leaf, leaves
from glane.assess.evaluate.metrics import VERDICTS, count_verdicts, outcomes
from glane.assess.evaluate.verdict import Verdict, compare, text_of
from glane.assess.strata import Strata
from glane.task.fields import Field

Answer = Mapping[str, Any]
_BLOCK = 100_000  # rows that are held as Python values at once
_ROWS: dict[str, Any] = {
    "document": pl.Int64,  # its place
    "leaf": pl.Int64,  # its place in `leaves`
    "item": pl.Int64,
    "predicted_item": pl.Int64,
    "gold": pl.String,
    "predicted": pl.String,
    "verdict": pl.Enum([str(verdict) for verdict in VERDICTS]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on every value of a set of documents."""

    leaves: tuple[Leaf, ...]
    rows: pl.DataFrame  # of `_ROWS`, values as text
    counts: NDArray[np.int64]  # of verdicts by document and leaf, in the order of `VERDICTS`; (documents, leaves, 5)
    weights: Array  # of the documents in every measure; counts are not weighted
    strata: Strata  # of the documents, as the review drew them; all 0 for one
    clusters: NDArray[np.int64] | None = None  # of documents that go together, numbers from 0; None: each by itself

    @property
    def units(self) -> Array:
        """Weighted true positives, false positives and false negatives; shape (documents, leaves, 3)."""
        return outcomes(self.counts) * self.weights[:, None, None]

    @property
    def is_value(self) -> NDArray[np.bool_]:
        """Which leaves are values, and not items as wholes."""
        return np.array([not leaf.is_items for leaf in self.leaves], dtype=bool)

    @property
    def is_exact(self) -> NDArray[np.bool_]:
        """By document and leaf, whether the leaf and all leaves inside it are free of errors."""
        errors = outcomes(self.counts)[..., 1:].sum(axis=-1)
        inside = np.array(
            [
                [other.path == leaf.path or other.path.startswith(f"{leaf.path}.") for other in self.leaves]
                for leaf in self.leaves
            ],
            dtype=np.float64,
        )
        exact: NDArray[np.bool_] = errors @ inside.T == 0
        return exact

    def part(self, documents: NDArray[np.intp]) -> Judged:
        """The counts of some of the documents, without their rows."""
        return Judged(
            leaves=self.leaves,
            rows=self.rows.clear(),
            counts=self.counts[documents],
            weights=self.weights[documents],
            strata=self.strata[documents],
            clusters=None if self.clusters is None else np.unique(self.clusters[documents], return_inverse=True)[1],
        )

    def of_leaf(self, leaf: Leaf) -> pl.DataFrame:
        """The rows of one leaf."""
        return self.rows.filter(pl.col("leaf") == self.leaves.index(leaf))

    def table(
        self, ids: pl.Series, beside: Sequence[pl.Series] = (), of_rows: Sequence[pl.Series] = ()
    ) -> pl.DataFrame:
        """One row per compared value: id, field, item, predicted_item, gold, predicted (as text), verdict.

        Args:
            ids: Of the documents.
            beside: Further columns of the documents, that end the table.
            of_rows: Further columns of the rows, before these.
        """
        paths = pl.Series([leaf.path for leaf in self.leaves], dtype=pl.String)
        at = self.rows["document"]
        return pl.DataFrame(
            [
                ids.gather(at),
                paths.gather(self.rows["leaf"]).alias("field"),
                *(self.rows[name] for name in ("item", "predicted_item", "gold", "predicted")),
                self.rows["verdict"].cast(pl.String),
                *of_rows,
                *(column.gather(at) for column in beside),
            ]
        )


@dataclass(slots=True)
class _Rows:
    """Collects rows of verdicts and turns them into a table block by block, to bound the memory."""

    places: Mapping[str, int]
    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _ROWS})
    blocks: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=_ROWS)])

    def add(self, document: int, fields: Mapping[str, Field], gold: Answer, predicted: Answer) -> None:
        columns = self.columns
        for row in compare(fields, gold, predicted):
            columns["document"].append(document)
            columns["leaf"].append(self.places[row.field])
            columns["item"].append(row.item)
            columns["predicted_item"].append(row.predicted_item)
            columns["gold"].append(text_of(row.gold))
            columns["predicted"].append(text_of(row.predicted))
            columns["verdict"].append(row.verdict)
        if len(columns["document"]) >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        self.blocks.append(pl.DataFrame(self.columns, schema=_ROWS))
        self.columns = {name: [] for name in _ROWS}


def judge(
    fields: Mapping[str, Field], gold: Iterable[Answer], predicted: Iterable[Answer], weights: Array | None = None,
    strata: Strata | None = None, clusters: NDArray[np.int64] | None = None,
) -> Judged:  # fmt: skip
    """Compare the answers of documents, in the same order.

    Args:
        fields: What is compared.
        gold: The right answers.
        predicted: The found ones.
        weights: Of the documents; all the same if None.
        strata: Of the documents, from `glane.assess.strata.strata_of`; one if None.
        clusters: Of documents that go together, numbers from 0.
    """
    found = tuple(leaves(fields))
    made = _Rows(places={leaf.path: place for place, leaf in enumerate(found)})
    num_documents = 0
    for right, answer in zip(gold, predicted, strict=True):
        made.add(num_documents, fields, right, answer)
        num_documents += 1
    made.flush()
    rows = pl.concat(made.blocks)
    counts = count_verdicts(
        rows["document"].to_numpy(),
        rows["leaf"].to_numpy(),
        rows["verdict"].to_physical().to_numpy(),
        (num_documents, len(found)),
    )
    return Judged(
        leaves=found,
        rows=rows,
        counts=counts,
        weights=np.ones(num_documents) if weights is None else weights,
        strata=np.zeros(num_documents, dtype=np.int64) if strata is None else strata,
        clusters=clusters,
    )


def is_error(verdict: pl.Expr) -> pl.Expr:
    """Whether a verdict says that two answers differ."""
    return verdict.is_in([str(Verdict.WRONG), str(Verdict.MISSED), str(Verdict.SPURIOUS)])
