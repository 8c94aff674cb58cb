"""Records linked: the entity of each, the pairs to be looked at, and the decisions that the number of entities hangs
on.

Whatever order records come in, they are put into that of their ids first: the same records make the same entities,
and an entity is called by its first record. Ties are settled by what records hold, and not by their ids: with other ids
they are the same entities, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.errors import DataError
from glane.linkage.entities import chains, entities, members, tree
from glane.linkage.fellegi_sunter import probability
from glane.linkage.levels import Levels
from glane.linkage.order import by_content
from glane.linkage.pairs import candidates
from glane.linkage.scores import Scores, differ, levels_of, scores
from glane.settings.link import LinkDefinition

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
ENTITY = "entity"
LEFT, RIGHT, STRATUM, LINKED, WEIGHT, PROBABILITY = "left", "right", "stratum", "linked", "weight", "probability"
STRATA = ("certain", "probable", "divided", "doubtful", "unlikely", "no")  # of decisions, by probability
_CERTAIN, _NO = 0.99, 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What a linkage found."""

    links: pl.DataFrame  # the key of each record, ENTITY, and WEIGHT: its mean with the others of its entity
    pairs: pl.DataFrame  # to be looked at: LEFT, RIGHT, WEIGHT, PROBABILITY, LINKED, and the level of each column
    decisions: pl.DataFrame  # LEFT, RIGHT, WEIGHT, PROBABILITY, STRATUM, LINKED
    scores: Scores
    contested: int  # pairs of one entity that speak against it

    @property
    def num_entities(self) -> int:
        """How many entities the records make."""
        return self.links[ENTITY].n_unique()


def link(records: pl.DataFrame, definition: LinkDefinition, key: Sequence[str]) -> Linked:
    """Link records.

    Args:
        records: One row per record: the columns of `key`, which name it, and those of the definition.
        definition: Of the linkage.
        key: The id, and of items of a list their number.

    Raises:
        ConfigError: for a column of a type that cannot be compared so.
        DataError: for an id that is missing or repeated, or more pairs than are compared.
    """
    _check(records, key)
    records = records.sort(list(key))
    names = names_of(records, key)
    found = candidates(records, definition.block, most=definition.most_pairs)
    order = by_content(records, definition.columns)
    told = scores(records, definition, found, order)
    least = told.least(definition.link)
    is_link = told.odds >= least
    chain = chains(found.left[is_link], found.right[is_link], records.height)
    entity, cohesion = entities(chain, told.of, least, most=definition.most_pairs, order=order)
    is_linked = entity[found.left] == entity[found.right]
    at = tree(found.left, found.right, told.odds, records.height)
    every = _pair_table(told, names, (found.left, found.right), told.odds, is_linked)
    to_look = _to_look(told, definition, is_linked)
    unseen = _unseen_against(told, names, entity, definition.review)
    pairs = pl.concat([_with_levels(every, told.levels, told)[to_look], unseen])
    decisions = every[at].with_columns(pl.Series(STRATUM, _strata(told, definition, is_linked)[at], pl.String))
    told_weight = cohesion / np.log(2) if told.model is not None else np.full(len(cohesion), np.nan)
    weight = pl.Series(WEIGHT, told_weight).fill_nan(None)
    links = records.select(*key, names[pl.Series(entity)].alias(ENTITY), weight)
    return Linked(
        links=links, pairs=pairs, decisions=decisions.drop("at"), scores=told,
        contested=int((is_linked & (told.odds <= told.against(definition.review))).sum()) + unseen.height,
    )  # fmt: skip


def names_of(records: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """How records are called in tables of pairs: by their id, of an item of a list with its number, as `d1#0`."""
    first = pl.col(key[0]).cast(pl.String)
    if len(key) == 1:
        return records.select(first.alias("name"))["name"]
    return records.select(pl.concat_str(first, pl.lit("#"), pl.col(key[1])).alias("name"))["name"]


def _check(records: pl.DataFrame, key: Sequence[str]) -> None:
    if any(records[name].null_count() for name in key):
        raise DataError(f"linkage: a record has no {key[0]!r}. Each needs an id.")
    if records.select(key).n_unique() < records.height:
        raise DataError(f"linkage: {key[0]!r} is repeated. One row per record.")


def _pair_table(
    told: Scores, names: pl.Series, of: tuple[Places, Places], odds: Floats, is_linked: NDArray[np.bool_]
) -> pl.DataFrame:  # fmt: skip
    is_probable = told.model is not None
    share = probability(odds) if is_probable else [None] * len(odds)
    return pl.DataFrame(
        {
            LEFT: names[pl.Series(of[0])], RIGHT: names[pl.Series(of[1])],
            WEIGHT: pl.Series(odds / np.log(2) if is_probable else share, dtype=pl.Float64),
            PROBABILITY: pl.Series(share, dtype=pl.Float64),
            LINKED: is_linked,
        }
    ).with_row_index("at")  # fmt: skip


def _with_levels(pairs: pl.DataFrame, levels: Levels, told: Scores) -> pl.DataFrame:
    """The pairs with what each column says, in words: `missing`, `equal`, a level that is near, or `different`."""
    columns = [
        pl.Series(f"{one.name}__level", np.array(["missing", *one.words])[levels[:, at]], pl.String)
        for at, one in enumerate(told.columns)
    ]
    return pairs.drop("at").with_columns(columns)


def _unseen_against(told: Scores, names: pl.Series, entity: Places, review: float) -> pl.DataFrame:
    """Pairs of one entity that no rule brought together and that speak against it."""
    left, right = _unseen(told, entity)
    odds, levels = told.of(left, right), levels_of(told.columns, left, right)
    # Of probabilities, what is missing leaves the low share of any two records: that alone is no contradiction.
    is_against = (odds <= told.against(review)) & (differ(levels, told.columns) | (told.model is None))
    of = left[is_against], right[is_against]
    table = _pair_table(told, names, of, odds[is_against], np.ones(len(of[0]), dtype=bool))
    return _with_levels(table, levels[is_against], told)


def _unseen(told: Scores, entity: Places) -> tuple[Places, Places]:
    """The pairs of each entity that no rule brought together."""
    codes = [np.empty(0, np.int64)]
    for part in members(entity):
        one, other = np.triu_indices(len(part), k=1)
        codes.append(part[one] * told.num + part[other])
    known = told.candidates.left * told.num + told.candidates.right
    left, right = np.divmod(np.setdiff1d(np.concatenate(codes), known), max(told.num, 1))
    return left, right


def _to_look(told: Scores, definition: LinkDefinition, is_linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs between both thresholds, links that were not kept, and pairs of one entity that speak against it."""
    against, least = told.against(definition.review), told.least(definition.link)
    is_between = (told.odds >= against) & (told.odds < least)
    return np.flatnonzero(is_between | ((told.odds >= least) & ~is_linked) | ((told.odds <= against) & is_linked))


def _strata(told: Scores, definition: LinkDefinition, is_linked: NDArray[np.bool_]) -> NDArray[np.str_]:
    """The stratum of each candidate, by which a sample of decisions is drawn."""
    odds, least = told.odds, told.least(definition.link)
    if told.model is None:
        return np.where(is_linked, "certain", np.where(odds >= least, "divided", "doubtful"))
    share = probability(odds)
    return np.select(
        [(odds >= least) & ~is_linked, share >= max(_CERTAIN, definition.link), odds >= least,
         share >= definition.review, share >= min(_NO, definition.review)],
        ["divided", "certain", "probable", "doubtful", "unlikely"], "no",
    )  # fmt: skip
