"""Persons or events of a linkage in place of documents, and their counts under errors of links and of answers.

In each draw, decisions of the linkage are true or not, by what readers said of a sample of them, and each document is a
case or not, by what readers said of a sample of documents. An entity then counts once, where the first of its documents
stands that is a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from glane.assess.estimate.question import GOLD, MODEL, REVIEWED, WEIGHT
from glane.assess.proportion import share
from glane.errors import DataError
from glane.linkage.count import StratumDraws, strata_of
from glane.linkage.link import LEFT, RIGHT, STRATUM
from glane.linkage.sample import SAME, unreviewed
from glane.surveillance.cells import CELL, COUNTS
from glane.surveillance.corrected import Corrected

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_DRAWS, _PLUGGED_IN, _PRIOR = 1000, 300, 0.5
_NAME = "__name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a linkage of documents says: their entities, and the decisions with what readers said of them."""

    records: pl.DataFrame  # the id of documents, and ENTITY
    decisions: pl.DataFrame
    seed: int

    def check_reviewed(self) -> None:
        """Refuse links of which nothing tells how many are right.

        Raises:
            DataError: with the command that draws a sample.
        """
        if lacking := unreviewed(self.decisions):
            raise DataError(
                f"table.links: of the strata {', '.join(lacking)} no pair was reviewed, so nothing tells how many "
                "links are right, and a review of documents alone would give intervals that are too short. Draw pairs "
                "with glane link sample=200, fill the column same, link again with reviewed=FILE; or leave gold out."
            )


def cells_of_entities(
    table: pl.DataFrame, documents: pl.DataFrame, keys: Sequence[str], links: Links, *, id_column: str, day: str
) -> tuple[pl.DataFrame, Corrected]:
    """Correct the counts of entities.

    Args:
        table: The cells with an entity, as `glane.surveillance.cells.counted` makes them.
        documents: All documents: the id, the keys, `day`, and MODEL, GOLD, REVIEWED and WEIGHT.
        keys: The columns of the keys.
        links: Which documents are of one entity.
        id_column: Of documents.
        day: The column of dates by which a document is the first.

    Returns:
        The cells, with those where only other documents of entities stand, and their counts.

    Raises:
        DataError: if no document was reviewed to which the model said yes, or none to which it said no.
    """
    cells = _with_others(table, documents, keys)
    ordered = documents.sort([day, id_column], nulls_last=True)
    graph = _Graph.of(links, ordered[id_column])
    at = _cell_of(ordered, cells, keys)
    errors, rng = _Errors.of(ordered), np.random.default_rng(links.seed)
    strata = strata_of(links.decisions)
    known = {one.stratum: np.full(_PLUGGED_IN, one.same / max(one.reviewed, 1)) for one in strata}

    def counts(shares: StratumDraws, answers: Floats) -> Floats:
        return np.stack(
            [
                _counted(graph.groups(shares, draw, rng), errors.truth(answers[draw], rng), at, cells.height)
                for draw in range(len(answers))
            ]
        )

    draws = counts(StratumDraws.of(strata, _DRAWS, links.seed), errors.drawn(_DRAWS, rng))
    estimate = counts(StratumDraws(shares=known), errors.plugged_in(_PLUGGED_IN)).mean(axis=0)
    return cells, Corrected(estimate=estimate, draws=draws, effect=1.0, basis=None)


def _with_others(table: pl.DataFrame, documents: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The cells, and those in which only documents stand that are not the first of their entity."""
    if not keys:
        return table
    others = documents.select(keys).unique().join(table, on=list(keys), how="anti", nulls_equal=True)
    empty = others.with_columns(pl.lit(0).alias(name) for name in COUNTS)
    wanted = table.drop(CELL)
    together = pl.concat([wanted, empty.select(wanted.columns).cast(wanted.schema)])
    return together.sort(list(keys), nulls_last=True).with_row_index(CELL)


def _cell_of(documents: pl.DataFrame, cells: pl.DataFrame, keys: Sequence[str]) -> Places:
    if not keys:
        return np.zeros(documents.height, dtype=np.int64)
    found = documents.select(keys).join(
        cells.select(*keys, CELL), on=list(keys), how="left", nulls_equal=True, maintain_order="left"
    )
    return found[CELL].cast(pl.Int64).to_numpy()


def _counted(groups: Places, truth: NDArray[np.bool_], cells: Places, num: int) -> Floats:
    """The entities of each cell: each where its first document stands that is truly a case."""
    cases = np.flatnonzero(truth)  # in the order of their days
    first = cases[np.unique(groups[cases], return_index=True)[1]]
    return np.bincount(cells[first], minlength=num).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    """Decisions between documents; those in no linkage stand alone."""

    left: Places
    right: Places
    strata: NDArray[np.str_]
    known: NDArray[np.int8]  # 1 same, 0 not, -1: nobody looked
    documents: Places  # the place of each document of the table
    num: int

    @classmethod
    def of(cls, links: Links, documents: pl.Series) -> _Graph:
        """Number the records: those linked, and documents beside them."""
        names = pl.concat([links.records[links.records.columns[0]].cast(pl.String), documents.cast(pl.String)])
        numbers = names.unique(maintain_order=True).to_frame(_NAME).with_row_index("at")

        def places(column: pl.Series) -> Places:
            asked = column.cast(pl.String).alias(_NAME).to_frame()
            return asked.join(numbers, on=_NAME, how="left", maintain_order="left")["at"].cast(pl.Int64).to_numpy()

        told = links.decisions
        return cls(
            left=places(told[LEFT]), right=places(told[RIGHT]), strata=told[STRATUM].to_numpy(),
            known=told[SAME].cast(pl.Int8).fill_null(-1).to_numpy(), documents=places(documents), num=numbers.height,
        )  # fmt: skip

    def groups(self, shares: StratumDraws, draw: int, rng: np.random.Generator) -> Places:
        """The entity of each document in one draw."""
        of_stratum = {name: values[draw] for name, values in shares.shares.items()}
        chance = np.array([of_stratum[name] for name in self.strata], dtype=np.float64)
        is_same = np.where(self.known >= 0, self.known == 1, rng.random(len(chance)) < chance)
        edges = (self.left[is_same], self.right[is_same])
        graph = csr_array((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(self.num, self.num))
        return connected_components(graph, directed=False)[1][self.documents].astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errors:
    """How often a document is a case, where the model says yes and where it says no."""

    said: NDArray[np.bool_]
    gold: NDArray[np.int8]  # 1 a case, 0 none, -1: nobody looked
    shares: Floats  # (no, yes)
    sizes: Floats  # effective ones

    @classmethod
    def of(cls, documents: pl.DataFrame) -> _Errors:
        """Read them off the reviewed documents."""
        found = []
        for answer in (False, True):
            part = documents.filter(pl.col(REVIEWED) & (pl.col(MODEL) == answer))
            if part.is_empty():
                raise DataError(
                    f"gold: no reviewed document is one to which the model said {'yes' if answer else 'no'}, so "
                    "nothing tells how often that is wrong. Review some: glane review sample=by_answer draws both."
                )
            found.append(share(part[GOLD].cast(pl.Float64).to_numpy(), part[WEIGHT].to_numpy()))
        known = documents.select(
            pl.when(pl.col(REVIEWED)).then(pl.col(GOLD).fill_null(False)).cast(pl.Int8).fill_null(-1)
        )
        return cls(
            said=documents[MODEL].to_numpy(), gold=known.to_series().to_numpy(),
            shares=np.array([one.value for one in found]), sizes=np.array([one.num_effective for one in found]),
        )  # fmt: skip

    def drawn(self, num: int, rng: np.random.Generator) -> Floats:
        """Shares of true cases after no and after yes, (num, 2)."""
        yes = self.shares * self.sizes
        return rng.beta(yes + _PRIOR, self.sizes - yes + _PRIOR, (num, 2))

    def plugged_in(self, num: int) -> Floats:
        """The shares as they were observed, (num, 2)."""
        return np.tile(self.shares, (num, 1))

    def truth(self, shares: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Which documents are cases, in one draw."""
        chance = shares[self.said.astype(np.int64)]
        return np.where(self.gold >= 0, self.gold == 1, rng.random(len(chance)) < chance)
