"""Decisions drawn for review, with known probability, and what their readers said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from glane.errors import DataError
from glane.linkage.link import ENTITY, LEFT, LINKED, PROBABILITY, RIGHT, STRATA, STRATUM, WEIGHT
from glane.spreadsheets import without_formulas

SAME, INCLUSION = "same", "inclusion_probability"
_LEAST = 10  # of a stratum that has as many
_UNSURE = 0.05  # the spread of a stratum that the model is sure of is not taken for less
_YES, _NO = ("true", "yes", "oui", "vrai", "1"), ("false", "no", "non", "faux", "0")


def sample_of(decisions: pl.DataFrame, num: int, *, seed: int) -> pl.DataFrame:
    """Draw decisions within each stratum at random: more where the model is unsure (Neyman 1934).

    Returns:
        LEFT, RIGHT, STRATUM, WEIGHT, PROBABILITY, LINKED, INCLUSION, and SAME, which is empty: the reader fills it.
    """
    rng, found = np.random.default_rng(seed), []
    for name, size in _sizes(decisions, num).items():
        of_stratum = decisions.filter(pl.col(STRATUM) == name)
        at = np.sort(rng.permutation(of_stratum.height)[:size])
        found.append(of_stratum[at].with_columns(pl.lit(size / of_stratum.height).alias(INCLUSION)))
    if not found:
        return decisions.head(0).with_columns(
            pl.lit(None, pl.Float64).alias(INCLUSION), pl.lit(None, pl.Boolean).alias(SAME)
        )
    columns = (LEFT, RIGHT, STRATUM, WEIGHT, PROBABILITY, LINKED, INCLUSION)
    return pl.concat(found).select(*columns, pl.lit(None, pl.Boolean).alias(SAME))


def entity_sample(links: pl.DataFrame, num: int, *, seed: int) -> pl.DataFrame:
    """Draw entities at random, each with the same probability: their links, all records of each."""
    names = links[ENTITY].unique().sort()
    chosen = names.gather(np.sort(np.random.default_rng(seed).permutation(len(names))[:num]))
    return links.drop(WEIGHT).filter(pl.col(ENTITY).is_in(chosen.implode())).sort(ENTITY, *links.columns[:1])


def _sizes(decisions: pl.DataFrame, num: int) -> dict[str, int]:
    strata = decisions.group_by(STRATUM).agg(
        pl.len().alias("num"), pl.col(PROBABILITY).mean().fill_null(0.5).alias("p")
    )
    by_name = {row[STRATUM]: row for row in strata.iter_rows(named=True)}
    spread = {
        name: row["num"] * max(np.sqrt(row["p"] * (1 - row["p"])), _UNSURE) for name, row in by_name.items()
    }  # fmt: skip
    total = sum(spread.values())
    return {
        name: int(min(by_name[name]["num"], max(_LEAST, round(num * spread[name] / total))))
        for name in STRATA
        if name in by_name
    }


def with_reviewed(decisions: pl.DataFrame, reviewed: pl.DataFrame | None) -> pl.DataFrame:
    """The decisions with what readers said of them in SAME, null where nobody looked.

    Raises:
        DataError: if the table is no sample of these decisions, or says neither yes nor no.
    """
    if reviewed is None:
        return decisions.with_columns(pl.lit(None, pl.Boolean).alias(SAME))
    if lacking := [name for name in (LEFT, RIGHT, STRATUM, SAME) if name not in reviewed.columns]:
        raise DataError(
            f"reviewed: no column {lacking[0]!r}. Give the sample that glane link wrote, with {SAME} filled."
        )
    # Ids that a spreadsheet would take for a formula have an apostrophe in the CSV.
    guarded = without_formulas(decisions.select(LEFT, RIGHT))
    pair = without_formulas(reviewed.select(pl.col(LEFT, RIGHT).cast(pl.String)))
    found = reviewed.select(
        pair[LEFT], pair[RIGHT], pl.col(STRATUM).cast(pl.String), _as_answer(reviewed[SAME])
    ).drop_nulls(SAME)
    if found.select(LEFT, RIGHT).n_unique() < found.height:
        raise DataError("reviewed: a pair is there twice. One row per pair.")
    known = guarded.with_columns(decisions[STRATUM])
    if strangers := found.join(known, on=[LEFT, RIGHT, STRATUM], how="anti").height:
        raise DataError(
            f"reviewed: {strangers} of its {found.height} pairs are no decisions of this linkage, or of another "
            "stratum. A sample is of the linkage that drew it: same records, same definition. Draw one again."
        )
    told = known.join(found.drop(STRATUM), on=[LEFT, RIGHT], how="left", maintain_order="left")
    return decisions.with_columns(told[SAME])


def empty_of(reviewed: pl.DataFrame | None) -> dict[str, int]:
    """How many pairs of a sample stayed empty, by stratum."""
    if reviewed is None:
        return {}
    rows = reviewed.select(pl.col(STRATUM).cast(pl.String), _as_answer(reviewed[SAME])).filter(pl.col(SAME).is_null())
    return dict(rows[STRATUM].value_counts().iter_rows())


def _as_answer(values: pl.Series) -> pl.Series:
    if values.dtype in (pl.Boolean, pl.Null):
        return values.cast(pl.Boolean).alias(SAME)
    texts = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    answers: dict[str, bool | None] = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False), "": None}
    strange = ~texts.fill_null("").is_in(list(answers))
    if strange.any():
        row = int(strange.arg_max() or 0) + 1
        raise DataError(
            f"reviewed: row {row}: {SAME} is neither yes nor no. Valid: {', '.join((*_YES, *_NO))}, or empty."
        )
    return texts.replace_strict(answers, default=None, return_dtype=pl.Boolean).alias(SAME)


def unreviewed(decisions: pl.DataFrame) -> Sequence[str]:
    """The strata of which no decision was reviewed."""
    looked = decisions.filter(pl.col(SAME).is_not_null())[STRATUM].unique().to_list()
    there = decisions[STRATUM].unique().to_list()
    return [name for name in STRATA if name in there and name not in looked]
