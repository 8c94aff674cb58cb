"""Persons or events of a linkage in place of documents, and their counts under errors of answers and of links.

Errors in several documents of one person go together, so a review of single documents does not tell how often a
person is truly a case. Entities reviewed whole do: each is then a unit with an answer of the model and a truth, and
corrected as documents are. What wrong links do to the count is told apart, by draws of the linkage's decisions, and
multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from glane.assess.estimate.question import WEIGHT, Question
from glane.errors import DataError
from glane.linkage.count import StratumDraws, strata_of
from glane.linkage.link import ENTITY, LEFT, RIGHT, STRATUM
from glane.linkage.sample import SAME, unreviewed
from glane.surveillance.corrected import Corrected
from glane.surveillance.persons import Persons, persons

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_DRAWS = 1000
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


def truth_of_entities(
    gold: pl.DataFrame, documents: pl.DataFrame, each: Persons, question: Question, *, id_column: str, day: str
) -> pl.DataFrame:
    """Right answers of entities, under the id of the document that stands for each.

    Args:
        gold: Right answers of documents, with WEIGHT.
        documents: All documents of the table: the id, ENTITY and `day`.
        each: One document of each entity, by the model's answers.
        question: What makes a case.
        id_column: Of documents.
        day: The column of dates that tells which document is the first.

    Raises:
        DataError: if an entity was reviewed in part, or its documents have different weights.
    """
    places = documents.select(id_column, ENTITY, day)
    told = gold.drop(day, strict=False).join(places, on=id_column, how="inner")
    sizes = documents.group_by(ENTITY).len("size").join(told.group_by(ENTITY).len("seen"), on=ENTITY)
    if in_part := sizes.filter(pl.col("seen") < pl.col("size")).height:
        raise DataError(
            f"gold: {in_part} of {sizes.height} persons or events that were reviewed lack some of their documents. Of "
            "a person with two notes, one note does not tell. Draw whole ones with glane link sample_entities=100, "
            "and review all documents of entity_sample.csv; or leave gold out."
        )
    if told.select((pl.col(WEIGHT).n_unique().over(ENTITY) > 1).any()).item():
        raise DataError("gold: documents of one person or event have different weights. Draw persons or events.")
    true = persons(told, told.head(0), [ENTITY], day=day, question=question).usable
    stands = each.usable.select(pl.col(id_column).alias(_NAME), ENTITY)
    return true.join(stands, on=ENTITY).with_columns(pl.col(_NAME).alias(id_column)).drop(_NAME, ENTITY, day)


def with_link_errors(corrected: Corrected, links: Links, cases: pl.Series) -> Corrected:
    """Counts of entities that know of the errors of links.

    Args:
        corrected: The counts, were all links right.
        links: Which documents are of one entity.
        cases: The ids of documents that are a case by the model.
    """
    strata = strata_of(links.decisions)
    graph = _Graph.of(links, cases)
    rng = np.random.default_rng(links.seed)
    ratios = graph.ratios(StratumDraws.of(strata, _DRAWS, links.seed), _DRAWS, rng)
    plain = {one.stratum: np.full(_DRAWS, one.same / max(one.reviewed, 1)) for one in strata}
    expected = graph.ratios(StratumDraws(shares=plain), _DRAWS, rng).mean()
    drawn = rng.choice(ratios, len(corrected.draws))
    return replace(
        corrected, estimate=corrected.estimate * expected, draws=corrected.draws * drawn[:, None], total=None,
        by_key=tuple(one.times(expected, drawn) for one in corrected.by_key), has_link_errors=True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    """Decisions between documents."""

    left: Places
    right: Places
    strata: Sequence[str]
    known: NDArray[np.int8]  # 1 same, 0 not, -1: nobody looked
    groups: Places  # of each record: its entity by the links
    cases: Places  # the places of documents that are a case by the model
    num: int

    @classmethod
    def of(cls, links: Links, cases: pl.Series) -> _Graph:
        """Number the records: those linked, and documents beside them."""
        id_column = links.records.columns[0]
        names = pl.concat([links.records[id_column].cast(pl.String), cases.cast(pl.String)]).unique(maintain_order=True)
        numbers = names.alias(_NAME).to_frame().with_row_index("at")

        def places(column: pl.Series) -> Places:
            asked = column.cast(pl.String).alias(_NAME).to_frame()
            return asked.join(numbers, on=_NAME, how="left", maintain_order="left")["at"].cast(pl.Int64).to_numpy()

        told = links.decisions
        groups = np.arange(numbers.height)
        groups[places(links.records[id_column])] = places(links.records[ENTITY])
        return cls(
            left=places(told[LEFT]), right=places(told[RIGHT]), strata=told[STRATUM].to_list(),
            known=told[SAME].cast(pl.Int8).fill_null(-1).to_numpy(), groups=groups, cases=places(cases),
            num=numbers.height,
        )  # fmt: skip

    def ratios(self, shares: StratumDraws, num: int, rng: np.random.Generator) -> Floats:
        """The entities with a case if links are as they were drawn, by those of the links as they are; (num,)."""
        linked = max(len(np.unique(self.groups[self.cases])), 1)
        return np.array([len(np.unique(self._drawn(shares, draw, rng)[self.cases])) / linked for draw in range(num)])

    def _drawn(self, shares: StratumDraws, draw: int, rng: np.random.Generator) -> Places:
        of_stratum = {name: values[draw] for name, values in shares.shares.items()}
        chance = np.array([of_stratum[name] for name in self.strata], dtype=np.float64)
        is_same = np.where(self.known >= 0, self.known == 1, rng.random(len(chance)) < chance)
        edges = (self.left[is_same], self.right[is_same])
        graph = csr_array((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(self.num, self.num))
        return connected_components(graph, directed=False)[1].astype(np.int64)
