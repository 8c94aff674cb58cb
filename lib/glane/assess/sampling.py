"""Samples of documents for review, each document with its exact inclusion probability.

What is estimated from such a sample later on weighs each document by the inverse of that probability (Horvitz and
Thompson, JASA 1952); without it, a sample that looks at doubtful documents more often would say nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.sampling_by_answer import OTHERWISE, model_says, of_the_yes
from glane.assess.yes import is_yes
from glane.errors import ConfigError, did_you_mean
from glane.task.doubts import is_doubted

PROBABILITY, WEIGHT, STRATUM = "inclusion_probability", "weight", "stratum"
REVIEWER = "reviewer"  # of the gold
IN_BULK = "accepted_in_bulk"  # of the gold
SKIPPED = "documents_skipped"  # of the gold: how many of the sample nobody reviewed, before others that somebody did
WHOLE = "all"  # the stratum of a sample that has none
NO_VALUE = "(no value)"  # the stratum of the documents whose column is null
CERTAIN = 0.05  # a document that the model holds for certain is drawn as if this were its doubt

Allocation = Literal["proportional", "equal"]
Method = Literal["random", "stratified", "uncertain", "by_answer"]


def skipped_of(gold: pl.DataFrame, *, fields: Collection[str]) -> int | None:
    """How many documents of their sample right answers say were skipped; None if none was, or they do not say it."""
    if SKIPPED not in gold.columns or SKIPPED in fields or not gold.schema[SKIPPED].is_integer():
        return None
    most = gold[SKIPPED].max()
    return most or None if isinstance(most, int) else None


def draw(
    rows: pl.LazyFrame, documents: pl.LazyFrame, *, id_column: str, method: Method, fields: Sequence[str],
    num_rows: int, seed: int, by: str | None = None, allocation: Allocation = "proportional",
    answer: tuple[str, str] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Draw documents from the usable rows of a run, as `method` says.

    Args:
        rows: the usable rows of the run.
        documents: its input, for strata by a column that the run does not carry.
        id_column: the name of the id, in both.
        method: `random`, `stratified`, `uncertain` or `by_answer`.
        fields: those whose confidence counts for `uncertain`.
        num_rows: how many to draw.
        seed: of the draw.
        by: the column that makes strata.
        allocation: of strata.
        answer: a field and its value, for `by_answer`.

    Returns:
        See `draw_random`.

    Raises:
        ConfigError: if the sample cannot be drawn so.
    """
    columns = rows.collect_schema()
    if method == "uncertain":
        # A sign that a value is not the document's is full doubt, however sure the model was of it.
        lowest = pl.when(is_doubted(columns, fields)).then(0.0).otherwise(lowest_confidence(columns, fields))
        doubt = rows.select(id_column, lowest.alias("_lowest")).collect()
        return draw_uncertain(doubt, id_column=id_column, confidence="_lowest", num_rows=num_rows, seed=seed)
    if method == "random":
        return draw_random(rows.select(id_column).collect(), id_column=id_column, num_rows=num_rows, seed=seed)
    if method == "by_answer":
        assert answer is not None
        kind = columns[answer[0]]
        is_yes_here = is_yes(*answer, of=kind, as_in=kind)
        names = pl.when(is_yes_here).then(pl.lit(model_says(answer))).otherwise(pl.lit(OTHERWISE)).alias(STRATUM)
        by_answer = rows.select(id_column, names).collect()
        wanted = of_the_yes(by_answer.filter(pl.col(STRATUM) != OTHERWISE).height, by_answer.height, num_rows)
        return draw_stratified(
            by_answer, id_column=id_column, by=STRATUM, num_rows=num_rows, seed=seed,
            allocation={model_says(answer): wanted, OTHERWISE: num_rows - wanted},
        )  # fmt: skip
    others = [name for name in documents.collect_schema() if name not in columns]
    if by is None or by not in [*columns, *others]:
        said = (
            "missing; sample=stratified needs a column." if by is None else f"no column {by!r} in the run or its input."
        )
        raise ConfigError(f"by: {said} {did_you_mean(by or '', [*columns, *others])}")
    if by in others:
        rows = rows.join(documents.select(id_column, by), on=id_column)
    strata = rows.select(id_column, pl.col(by).alias(STRATUM)).collect()
    return draw_stratified(
        strata, id_column=id_column, by=STRATUM, num_rows=num_rows, allocation=allocation, seed=seed, name=by
    )


def draw_random(rows: pl.DataFrame, *, id_column: str, num_rows: int, seed: int) -> pl.DataFrame:
    """Draw documents with equal probabilities, without replacement.

    Args:
        rows: one row per document, with its id.
        id_column: the name of the id.
        num_rows: how many to draw.
        seed: of the draw. The same ids and seed give the same sample, whatever the order of the rows.

    Returns:
        One row per document drawn, in random order: the id, `inclusion_probability`, `weight` (its inverse), `stratum`.

    Raises:
        ConfigError: if there are fewer documents.
    """
    return draw_stratified(
        rows.select(id_column, pl.lit(WHOLE).alias(STRATUM)),
        id_column=id_column, by=STRATUM, num_rows=num_rows, allocation="proportional", seed=seed,
    )  # fmt: skip


def draw_stratified(
    rows: pl.DataFrame, *, id_column: str, by: str, num_rows: int, allocation: Allocation | Mapping[str, int],
    seed: int, name: str = "",
) -> pl.DataFrame:  # fmt: skip
    """Draw a simple random sample from each stratum: the documents that have the same value in the column `by`.

    `proportional` gives each stratum its share of the documents (by largest remainders), at least one; `equal` the same
    number to each, and what a small stratum cannot take goes to the others; a mapping tells the number for each. The
    probability in a stratum of N documents of which n are drawn is n / N (Cochran, Sampling Techniques, 1977, chapter
    5). Errors call the column `name`. See `draw_random` for the rest.

    Raises:
        ConfigError: if there are fewer documents than `num_rows`, more strata, or `by` cannot make strata.
    """
    check_size(rows.height, num_rows)
    if rows.schema[by].is_nested():
        raise ConfigError(f"by: {name or by!r} is a list or a record; strata are made of plain values.")
    strata = rows.select(id_column, pl.col(by).cast(pl.String).fill_null(NO_VALUE).alias(STRATUM)).sort(id_column)
    sizes = strata.group_by(STRATUM).len().sort(STRATUM)
    counts = sizes["len"].to_numpy().astype(np.int64)
    if len(counts) > num_rows:
        raise ConfigError(
            f"by: {name or by!r} makes {len(counts)} strata, and rows={num_rows} documents cannot cover them. "
            "Ask for more rows, or choose a column with fewer values."
        )
    if isinstance(allocation, str):
        wanted = _equal(counts, num_rows) if allocation == "equal" else _proportional(counts, num_rows)
    else:
        wanted = np.array([allocation[name] for name in sizes[STRATUM]])
    generator = np.random.default_rng(seed)
    drawn = []
    for stratum, count, take in zip(sizes[STRATUM], counts, wanted, strict=True):
        members = strata.filter(pl.col(STRATUM) == stratum)
        chosen = np.sort(generator.choice(count, size=take, replace=False))
        drawn.append(members[chosen].with_columns(pl.lit(take / count).alias(PROBABILITY)))
    return _finished(pl.concat(drawn), id_column, generator)


def draw_uncertain(
    rows: pl.DataFrame, *, id_column: str, confidence: str, num_rows: int, seed: int, certain: float = CERTAIN
) -> pl.DataFrame:
    """Draw documents with probabilities proportional to doubt: 1 - the lowest confidence, at least `certain`.

    Systematic sampling with unequal probabilities along a random order (Madow 1949; Hartley and Rao 1962; Tillé,
    Sampling Algorithms, 2006, section 7.2): exactly `num_rows` documents, whose probabilities are exact. Those whose
    share would exceed 1 are drawn for certain, and the others share the rest. A document without confidence is one of
    full doubt. See `draw_random` for the rest.

    Args:
        rows: one row per document, with its id and, in the column `confidence`, its lowest confidence (0 to 1).
        id_column: the name of the id.
        confidence: the name of that column.
        num_rows: how many to draw.
        seed: of the draw.
        certain: the least doubt, so that no probability is 0 and no weight without bound.

    Raises:
        ConfigError: if there are fewer documents.
    """
    check_size(rows.height, num_rows)
    ordered = rows.select(id_column, (1 - pl.col(confidence).fill_null(0.0)).clip(certain, 1.0).alias("_doubt"))
    ordered = ordered.sort(id_column)
    probabilities = _probabilities(ordered["_doubt"].to_numpy(), num_rows)
    generator = np.random.default_rng(seed)
    chosen = _systematic(probabilities, generator)
    found = ordered.select(id_column, pl.lit(WHOLE).alias(STRATUM), pl.Series(PROBABILITY, probabilities))[chosen]
    return _finished(found, id_column, generator)


def lowest_confidence(columns: pl.Schema, fields: Sequence[str]) -> pl.Expr:
    """The lowest confidence of a document: over `fields`, and over the items of lists.

    Raises:
        ConfigError: if the run has no confidence of any of these fields.
    """
    names = [name for field in fields if (name := f"{field}__confidence") in columns]
    found = [pl.col(name).list.min() if isinstance(columns[name], pl.List) else pl.col(name) for name in names]
    if not found:
        raise ConfigError(
            "sample=uncertain: this run has no confidences (task.confidence: false). Choose random or stratified."
        )
    return pl.min_horizontal(found)


def check_size(num_usable: int, num_rows: int) -> None:
    """Check that so many documents can be drawn.

    Raises:
        ConfigError: if there are fewer.
    """
    if num_rows > num_usable:
        raise ConfigError(f"rows: {num_rows} asked, and the run has {num_usable} usable documents. Ask for fewer.")


def _proportional(counts: NDArray[np.int64], num_rows: int) -> NDArray[np.int64]:
    """One for each stratum, and the rest by largest remainders of their shares."""
    wanted = np.maximum(1.0, num_rows * counts / counts.sum())
    taken = np.minimum(np.floor(wanted).astype(np.int64), counts)
    remainders = wanted - taken
    while (surplus := int(taken.sum()) - num_rows) != 0:
        open_ones = taken > 1 if surplus > 0 else taken < counts
        order = np.argsort(remainders if surplus > 0 else -remainders, kind="stable")
        nearest = order[open_ones[order]][0]
        taken[nearest] -= np.sign(surplus)
        remainders[nearest] += np.sign(surplus)
    return taken


def _equal(counts: NDArray[np.int64], num_rows: int) -> NDArray[np.int64]:
    """The same for each stratum; the smallest first, so that what they leave is shared by the others."""
    taken = np.zeros_like(counts)
    left = num_rows
    order = np.argsort(counts, kind="stable")
    for place, stratum in enumerate(order):
        taken[stratum] = min(counts[stratum], left // (len(order) - place))
        left -= int(taken[stratum])
    return taken


def _probabilities(sizes: NDArray[np.float64], num_rows: int) -> NDArray[np.float64]:
    """Probabilities proportional to `sizes`, with sum `num_rows` and none above 1 (Tillé 2006, section 2.10)."""
    probabilities = np.ones(len(sizes))
    shared = np.ones(len(sizes), dtype=bool)
    while shared.any():
        rest = num_rows - int((~shared).sum())
        probabilities[shared] = rest * sizes[shared] / sizes[shared].sum()
        if not (above := shared & (probabilities >= 1)).any():
            break
        probabilities[above] = 1.0
        shared &= ~above
    return probabilities


def _systematic(probabilities: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Indices of the units that a comb of step 1 meets, laid at random along the units in random order."""
    certain = np.flatnonzero(probabilities >= 1)
    others = generator.permutation(np.flatnonzero(probabilities < 1))
    if not len(others):
        return certain
    ends = np.cumsum(probabilities[others])
    num_others = round(float(ends[-1]))
    ends[-1] = num_others  # rounding must not lose the last unit
    teeth = generator.random() + np.arange(num_others)
    return np.concatenate([certain, others[np.searchsorted(ends, teeth, side="right")]])


def _finished(drawn: pl.DataFrame, id_column: str, generator: np.random.Generator) -> pl.DataFrame:
    """In random order, so that a review that stops early has seen a random part of the sample."""
    weighted = drawn.select(id_column, PROBABILITY, (1 / pl.col(PROBABILITY)).alias(WEIGHT), STRATUM)
    return weighted[generator.permutation(weighted.height)]
