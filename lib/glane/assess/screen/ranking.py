"""The order in which documents are read: by the model's answer, and beside it one at random."""

from __future__ import annotations

import numpy as np
import polars as pl

YES, SURE = "__yes", "__sure"
RANK, DRAW = "rank", "draw"  # places from 0
_UNKNOWN = 0.5
_TIE, _CHANCE = "_tie", "_chance"


def ranked(documents: pl.DataFrame, *, id_column: str, seed: int) -> pl.DataFrame:
    """The documents with their places in both orders, RANK and DRAW.

    The model's surest yes is first and its surest no last; what it said nothing of stands between yes and no. Ties are
    in random order. DRAW is another random order of all. It depends on the ids and the seed alone, and RANK on nothing
    that DRAW depends on but the ids: ties, too, have draws of their own. So whatever was read before by RANK, the next
    unread document of DRAW is drawn at random from all unread ones. If ties were in the order of DRAW, what is left of
    a class of equal answers after some of it was read would be late in DRAW, and hardly ever drawn.

    Args:
        documents: One row each: the id, YES (whether the model says so, null where it says nothing), and SURE (how sure
            it is, 0 to 1; null where that is not known).
        id_column: The name of the id.
        seed: Of both random orders. Nothing that made the answers may have drawn with it.
    """
    draws, ties = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(2))
    sure = pl.col(SURE).fill_null(_UNKNOWN)
    chance = pl.when(pl.col(YES)).then(sure).when(~pl.col(YES)).then(-sure).otherwise(0.0)
    drawn = documents.sort(id_column).with_columns(
        pl.Series(DRAW, draws.permutation(documents.height)),
        pl.Series(_TIE, ties.permutation(documents.height)),
        chance.alias(_CHANCE),
    )
    placed = drawn.sort(_CHANCE, _TIE, descending=[True, False]).with_row_index(RANK)
    return placed.select(id_column, pl.col(RANK).cast(pl.Int64), pl.col(DRAW).cast(pl.Int64))
