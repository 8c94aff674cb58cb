"""Answers of many documents, compared: the rows of verdicts and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.bootstrap import Array
from glane.assess.matching import Compared, Leaf, compare, leaves, text_of
from glane.assess.metrics import VERDICTS, count_verdicts, outcomes
from glane.task.fields import Field

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on every value of a set of documents."""

    leaves: tuple[Leaf, ...]
    documents: tuple[int, ...]  # of each row, the place of its document
    rows: tuple[Compared, ...]
    counts: Array  # of verdicts by document and leaf, in the order of `VERDICTS`; shape (documents, leaves, 5)

    @property
    def outcomes(self) -> Array:
        """True positives, false positives and false negatives; shape (documents, leaves, 3)."""
        return outcomes(self.counts)

    @property
    def is_value(self) -> NDArray[np.bool_]:
        """Which leaves are values, and not items as wholes."""
        return np.array([not leaf.is_items for leaf in self.leaves], dtype=bool)

    @property
    def is_exact(self) -> NDArray[np.bool_]:
        """By document and leaf, whether nothing is wrong with it nor with what is inside it."""
        errors = self.outcomes[..., 1:].sum(axis=-1)
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
        return Judged(leaves=self.leaves, documents=(), rows=(), counts=self.counts[documents])

    def of_leaf(self, path: str) -> list[tuple[int, Compared]]:
        """The rows of one leaf, with the places of their documents."""
        return [(at, row) for at, row in zip(self.documents, self.rows, strict=True) if row.field == path]

    def table(self, ids: pl.Series) -> pl.DataFrame:
        """One row per compared value: id, field, item, predicted_item, gold, predicted (as text), verdict."""
        return pl.DataFrame(
            {
                ids.name: ids.gather(pl.Series(self.documents, dtype=pl.Int64)),
                "field": pl.Series([row.field for row in self.rows], dtype=pl.String),
                "item": pl.Series([row.item for row in self.rows], dtype=pl.Int64),
                "predicted_item": pl.Series([row.predicted_item for row in self.rows], dtype=pl.Int64),
                "gold": pl.Series([text_of(row.gold) for row in self.rows], dtype=pl.String),
                "predicted": pl.Series([text_of(row.predicted) for row in self.rows], dtype=pl.String),
                "verdict": pl.Series([str(row.verdict) for row in self.rows], dtype=pl.String),
            }
        )


def judge(fields: Mapping[str, Field], gold: Sequence[Answer], predicted: Sequence[Answer]) -> Judged:
    """Compare the answers of documents, in the same order."""
    found = tuple(leaves(fields))
    places = {leaf.path: place for place, leaf in enumerate(found)}
    codes = {verdict: code for code, verdict in enumerate(VERDICTS)}
    documents: list[int] = []
    rows: list[Compared] = []
    for at, (right, answer) in enumerate(zip(gold, predicted, strict=True)):
        before = len(rows)
        rows.extend(compare(fields, right, answer))
        documents.extend([at] * (len(rows) - before))
    counts = count_verdicts(
        documents,
        [places[row.field] for row in rows],
        [codes[row.verdict] for row in rows],
        (len(gold), len(found)),
    )
    return Judged(leaves=found, documents=tuple(documents), rows=tuple(rows), counts=counts)
