"""The order in which documents are read: by the model's answer, and beside it one at random."""

from __future__ import annotations

import numpy as np
import polars as pl

YES, SURE = "__yes", "__sure"
RANK, DRAW = "rank", "draw"  # places from 0
_UNKNOWN = 0.5


def ranked(documents: pl.DataFrame, *, id_column: str, seed: int) -> pl.DataFrame:
    """The documents with their places in both orders, RANK and DRAW.

    The model's surest yes is first and its surest no last; what it said nothing of stands between yes and no, and ties
    are in random order. DRAW is a random order of all,
    which depends on the ids and the seed alone: the next unread document of it is drawn at random from all unread
    ones, whatever was read before.

    Args:
        documents: One row each: the id, YES (whether the model says so, null where it says nothing), and SURE (how sure
            it is, 0 to 1; null where that is not known).
        id_column: The name of the id.
        seed: Of the random order.
    """
    ordered = documents.sort(id_column)
    drawn = ordered.with_columns(pl.Series(DRAW, np.random.default_rng(seed).permutation(ordered.height)))
    sure = pl.col(SURE).fill_null(_UNKNOWN)
    chance = pl.when(pl.col(YES)).then(sure).when(~pl.col(YES)).then(-sure).otherwise(0.0)
    by_chance = drawn.with_columns(chance.alias("_chance"))
    placed = by_chance.sort(pl.col("_chance"), pl.col(DRAW), descending=[True, False]).with_row_index(RANK)
    return placed.select(id_column, pl.col(RANK).cast(pl.Int64), pl.col(DRAW).cast(pl.Int64))
