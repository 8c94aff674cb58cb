"""Known positives: documents of which it is known that a field says yes, so that the loss of a rare yes is seen.

Of a finding that 1 % of documents have, 200 documents at random hold two. A model that then misses every second one
differs in one document, which is no more than chance. Of 20 documents that are known to have it, it loses ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.compare.alarm_budget import excess_p
from glane.assess.evaluate.leaf import leaves
from glane.drift import LostPositives
from glane.task.fields import BooleanField, Field, ListField, ObjectField

FEWEST = 5  # of fewer known positives, what is lost is not tested
ANY_ITEM, A_VALUE = "any item", "a value"
_SHOWN = 8


class Positive(NamedTuple):
    """One kind of yes: of a boolean that it is true, of an enum a category, of a list an item, of others a value."""

    field: str  # dotted inside records
    what: str
    category: str | None  # None: whether there is anything

    def said(self, schema: pl.Schema) -> pl.Expr:
        """Whether a row of a table with these columns says so; False where it has no value."""
        name, *inner = self.field.split(".")
        column, kind = pl.col(name), schema[name]
        for member in inner:
            if isinstance(kind, pl.Struct):
                column, kind = column.struct.field(member), pl.Schema(kind)[member]
        if kind == pl.Null:  # right answers of which none has a value
            return pl.lit(False)
        if self.category is not None:
            return (column.cast(pl.String) == self.category).fill_null(False)
        if isinstance(kind, pl.Array):
            return column.is_not_null() & pl.lit(kind.size > 0)
        return (column.list.len() > 0).fill_null(False) if isinstance(kind, pl.List) else column.is_not_null()


def positives_of(fields: Mapping[str, Field]) -> list[Positive]:
    """Every kind of yes that documents can have; none inside the items of a list."""
    return [
        Positive(leaf.path, what, category)
        for leaf in leaves(fields)
        if not leaf.in_list
        for what, category in _kinds(leaf.field)
    ]


def _kinds(field: Field) -> list[tuple[str, str | None]]:
    if isinstance(field, ListField | ObjectField):
        return [(ANY_ITEM, None)]
    if isinstance(field, BooleanField):
        return [("true", "true")]
    return [(value, value) for value in field.categories] or [(A_VALUE, None)]


class Answers(NamedTuple):
    """Answers by which documents are known: those of the model, or right ones."""

    fields: Mapping[str, Field]
    rows: pl.LazyFrame


def draw_positives(sources: Sequence[Answers], *, id_column: str, num_rows: int, seed: int) -> pl.Series:
    """Draw documents so that each kind of yes has about as many; the kind that has the fewest is served first.

    A document counts for each yes that it has. The same ids and seed give the same documents.

    Args:
        sources: Answers to draw by. A kind of yes is looked for in the first that has its field.
        id_column: Of all of them.
        num_rows: How many documents to draw; fewer are drawn if fewer have a yes.
        seed: Of the draw.

    Returns:
        The ids.
    """
    generator = np.random.default_rng(seed)
    owned = _owned(sources)
    candidates = []  # of each kind as many as are ever wanted, so that memory does not grow with the run
    for rows, kinds in owned:
        for said in kinds:
            ids = rows.filter(said).select(id_column).collect()[id_column].sort()
            take = generator.choice(len(ids), size=min(num_rows, len(ids)), replace=False)
            candidates.append(ids.gather(np.sort(take)))
    everyone = pl.concat(candidates).unique().sort() if candidates else pl.Series(id_column, [])
    if everyone.is_empty() or num_rows == 0:
        return everyone.head(0)
    table = everyone.to_frame()
    flags = []
    for rows, kinds in owned:
        told = rows.join(table.lazy(), on=id_column, how="semi")
        told = told.select(id_column, *(said.alias(str(at)) for at, said in enumerate(kinds)))
        known = table.join(told.collect(), on=id_column, how="left", maintain_order="left").drop(id_column)
        flags.append(known.fill_null(False).to_numpy().astype(bool))
    return everyone.gather(_evenly(np.concatenate(flags, axis=1), num_rows, generator))


def _owned(sources: Sequence[Answers]) -> list[tuple[pl.LazyFrame, list[pl.Expr]]]:
    """The rows of each source, with the kinds of yes of fields that no source before it has."""
    paths: set[str] = set()
    found = []
    for fields, rows in sources:
        kinds = positives_of(fields)
        schema = rows.collect_schema()
        found.append((rows, [kind.said(schema) for kind in kinds if kind.field not in paths]))
        paths |= {kind.field for kind in kinds}
    return found


def _evenly(says: NDArray[np.bool_], num_rows: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Indices of rows, so that the columns have about as many: the next row is one of the column that has fewest.

    Args:
        says: Which documents (rows) have which yes (columns).
        num_rows: How many to draw at most.
        generator: Of the draw.
    """
    is_left = np.ones(len(says), dtype=bool)
    sizes, drawn = says.sum(axis=0), np.zeros(says.shape[1], dtype=np.int64)
    chosen: list[int] = []
    while len(chosen) < num_rows:
        has_some = (says & is_left[:, None]).any(axis=0)
        if not has_some.any():
            break
        order = np.lexsort((sizes, drawn))  # of those that have as few, the rarest
        kind = order[has_some[order]][0]
        row = int(generator.choice(np.flatnonzero(says[:, kind] & is_left)))
        is_left[row] = False
        drawn += says[row]
        chosen.append(row)
    return np.array(chosen, dtype=np.int64)


def known_positives(
    then: Answers, gold: Answers | None, ids: pl.DataFrame, *, id_column: str
) -> dict[Positive, NDArray[np.bool_]]:
    """Which of the documents `ids` are known to have each kind of yes, for the kinds that are tested.

    Where right answers have the field, only documents that were rightly a yes count: to lose a wrong one is no loss.
    Which kinds are tested is known when the set is frozen, so that no answer of now decides on it.
    """
    known = _flags(then, ids, id_column)
    if gold is not None:
        in_gold, is_right = {kind.field for kind in positives_of(gold.fields)}, _flags(gold, ids, id_column)
        for kind, had in known.items():
            if kind.field in in_gold:
                known[kind] = had & is_right.get(kind, np.zeros_like(had))
    return known


def lost_positives(
    then: Answers, now: Answers, gold: Answers | None, *, id_column: str, tolerance: float
) -> dict[Positive, LostPositives]:
    """For each kind of yes that enough documents had, how many lost it, with the exact binomial p-value.

    Args:
        then: The answers when frozen, with the fields that both sides have.
        now: Those of now, of the same documents.
        gold: Right answers, if there are some.
        id_column: Of all.
        tolerance: The share of known positives, 0 to 1, that may be lost.
    """
    ids = then.rows.select(id_column).join(now.rows.select(id_column), on=id_column, how="semi").collect()
    kept, found = _flags(Answers(then.fields, now.rows), ids, id_column), {}
    for kind, had in known_positives(then, gold, ids, id_column=id_column).items():
        num, lost = int(had.sum()), int((had & ~kept[kind]).sum())
        if num >= FEWEST:
            p = excess_p(lost, num, tolerance)
            found[kind] = LostPositives(what=kind.what, verdict="same", known=num, lost=lost, p=p, p_holm=p)
    return found


def _flags(answers: Answers, ids: pl.DataFrame, id_column: str) -> dict[Positive, NDArray[np.bool_]]:
    kinds, schema = positives_of(answers.fields), answers.rows.collect_schema()
    said = (kind.said(schema).alias(str(at)) for at, kind in enumerate(kinds))
    table = ids.join(answers.rows.select(id_column, *said).collect(), on=id_column, how="left", maintain_order="left")
    told = table.drop(id_column).fill_null(False)
    return {kind: told[str(at)].to_numpy() for at, kind in enumerate(kinds)}


def known_line(known: Mapping[Positive, NDArray[np.bool_]], enough: int) -> str:
    """Of how many documents the rarest kinds of yes are known, and of which kinds fewer than `enough` are."""
    counts = sorted(((int(had.sum()), kind) for kind, had in known.items()), key=lambda one: one[0])
    few = [f"{kind.field} ({kind.what}) {num}" for num, kind in counts if num < enough]
    if not few:
        return f"{enough} known or more of each kind of yes"
    told = ", ".join(few[:_SHOWN])
    if len(few) > _SHOWN:
        told = f"{told} and {len(few) - _SHOWN} more"
    return f"fewer than {enough} known, so that a loss of half may be missed: {told}"
