"""A review that goes on from an earlier one: both together are one sample, by strata.

The next documents are drawn within strata of the run (`glane.assess.sampling_for_figure`). Within each of these the
earlier review has drawn its documents with equal probabilities, or it is refused. So in every stratum the reviewed
documents of both are a random part, and their weights are its size by their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glane.assess.files import as_parquet
from glane.assess.review.reviewed_sample import SAMPLE, skipped_in, with_skipped
from glane.assess.sampling import PROBABILITY, STRATUM, WEIGHT, draw_stratified
from glane.assess.sampling_for_figure import GUESS, YES, Band, allocated, strata_by_confidence
from glane.assess.strata import MOST_UNEQUAL
from glane.errors import ConfigError, DataError
from glane.parquet import read_parquet, read_parquet_frame
from glane.run.whole import refuse_mixed

EARLIER = "earlier.parquet"
TRUE, WEIGHED = "__true", "__weight"  # no field is named so
_SIZE, _REVIEWED = "stratum_size", "stratum_reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSample:
    """The next documents to review, and those reviewed before."""

    drawn: pl.DataFrame  # as `glane.assess.sampling.draw_random` gives it, with the size of strata
    earlier: pl.DataFrame  # the right answers of the earlier review, with their strata
    bands: tuple[Band, ...]
    taken: tuple[int, ...]  # of each, among the next documents


def next_sample(
    run: pl.DataFrame, gold: pl.DataFrame, *, id_column: str, answer: str, num_rows: int, seed: int
) -> NextSample:
    """Draw the documents that make the interval of a share shortest.

    Args:
        run: Of each usable document, the id, YES (whether the model says so) and CONFIDENCE.
        gold: Right answers of the earlier review: the id, TRUE (whether yes is right), WEIGHED, and more columns.
        id_column: Of both.
        answer: What yes is.
        num_rows: How many to draw.
        seed: Of the draw.

    Raises:
        ConfigError: if the run has fewer documents left, or the earlier review none.
        DataError: if the earlier review does not fit the run, or was drawn unevenly within a stratum.
    """
    strata = run.select(id_column, YES).hstack(strata_by_confidence(run, answer=answer))
    known = gold.drop(STRATUM, _SIZE, _REVIEWED, strict=False).join(
        strata, on=id_column, how="left", maintain_order="left"
    )
    _check(known, strata.height - gold.height, num_rows)
    sizes = strata.group_by(STRATUM).agg(pl.len().alias(_SIZE), pl.col(YES, GUESS).first()).sort(STRATUM)
    seen = known.group_by(STRATUM).agg(pl.len().alias(_REVIEWED), pl.col(TRUE).sum())
    told = sizes.join(seen, on=STRATUM, how="left", maintain_order="left").with_columns(
        pl.col(_REVIEWED, TRUE).fill_null(0)
    )
    bands = tuple(
        Band(
            name=row[STRATUM],
            is_yes=row[YES],
            size=row[_SIZE],
            reviewed=row[_REVIEWED],
            true=row[TRUE],
            guess=row[GUESS],
        )
        for row in told.iter_rows(named=True)
    )
    taken = tuple(allocated(bands, num_rows))
    beside = told.select(STRATUM, _SIZE, _REVIEWED)
    left = strata.join(known, on=id_column, how="anti").filter(
        pl.col(STRATUM).is_in([one.name for one, num in zip(bands, taken, strict=True) if num])
    )
    drawn = draw_stratified(
        left, id_column=id_column, by=STRATUM, num_rows=num_rows, seed=seed,
        allocation={one.name: num for one, num in zip(bands, taken, strict=True)},
    )  # fmt: skip
    return NextSample(
        drawn=drawn.join(beside, on=STRATUM, how="left", maintain_order="left"),
        earlier=known.drop(TRUE, YES, GUESS, WEIGHED).join(beside, on=STRATUM, how="left", maintain_order="left"),
        bands=bands,
        taken=taken,
    )


def _check(known: pl.DataFrame, num_left: int, num_rows: int) -> None:
    if known.is_empty():
        raise ConfigError("gold: no reviewed document. Begin with sample=random, or by_answer.")
    if num_rows > num_left:
        raise ConfigError(f"rows: {num_rows} asked, and {num_left} usable documents are not reviewed. Ask for fewer.")
    if strangers := known[STRATUM].null_count():
        raise DataError(
            f"gold: {strangers} of its {known.height} documents are not among the usable documents of the run. Give "
            "the right answers that were reviewed of this run."
        )
    spread = known.group_by(STRATUM).agg((pl.col(WEIGHED).max() / pl.col(WEIGHED).min()).alias("ratio"))
    if (spread["ratio"] > MOST_UNEQUAL).any():
        raise DataError(
            "gold: the earlier review was drawn with unequal probabilities among documents of one answer of the model, "
            "as sample=uncertain and equal parts of unequal strata are. sample=for_figure goes on from sample=random, "
            "from by_answer of the same field and value, and from itself."
        )


def earlier_file(sample: NextSample) -> dict[str, bytes]:
    """The earlier right answers as a file of the folder of the next sample, which needs them."""
    return {EARLIER: as_parquet(sample.earlier)}


def with_earlier(gold: pa.Table, folder: str | Path) -> pa.Table:
    """Right answers together with those of the earlier review of their sample, if it has one; weighted as one sample.

    Columns of the earlier review that these do not have are left out.

    Raises:
        DataError: if the folder has lost the earlier right answers, has those of another sample, or was not written to
            its end.
    """
    target = Path(folder).expanduser()
    sample = read_parquet_frame(target / SAMPLE)
    if _REVIEWED not in sample.columns:
        return gold
    refuse_mixed(target / EARLIER, place="out.dir")
    earlier = _earlier(target / EARLIER, sample)
    columns = [
        earlier[field.name].cast(field.type)
        if field.name in earlier.column_names
        else pa.nulls(len(earlier), field.type)
        for field in gold.schema
    ]
    both = pa.concat_tables([gold, pa.table(columns, schema=gold.schema)])
    sizes = dict(zip(earlier[STRATUM].to_pylist(), earlier[_SIZE].to_pylist(), strict=True))
    sizes |= dict(sample.select(STRATUM, _SIZE).iter_rows())
    strata = both[STRATUM].to_pylist()
    counts = {name: strata.count(name) for name in sizes}
    covered = sum(size for name, size in sizes.items() if counts[name]) / sum(sizes.values())
    chances = pa.array([counts[name] / sizes[name] * covered for name in strata], pa.float64())
    for name, values in ((PROBABILITY, chances), (WEIGHT, pc.divide(1.0, chances))):
        both = both.set_column(both.schema.get_field_index(name), name, values)
    skipped = skipped_in(gold) + skipped_in(earlier)
    return with_skipped(both, skipped) if skipped else both


def _earlier(path: Path, sample: pl.DataFrame) -> pa.Table:
    remedy = "Give the out.dir that the page was made in, with all its files."
    try:
        found = read_parquet(path)
        told = pl.DataFrame({STRATUM: found[STRATUM].to_pylist()}).group_by(STRATUM).len()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"{path}: the right answers of the earlier review cannot be read ({type(error).__name__}). {remedy}"
        ) from None
    wanted = sample.select(STRATUM, _REVIEWED).unique().join(told, on=STRATUM, how="left")
    if (wanted["len"].fill_null(0) != wanted[_REVIEWED]).any():
        raise DataError(f"{path}: of another sample than {SAMPLE}. {remedy}")
    return found


def checked_fields(fields: Sequence[str], gold: pl.DataFrame) -> None:
    """Check that an earlier review has what is to be reviewed; raises `ConfigError`."""
    if lacking := [name for name in fields if name not in gold.columns]:
        raise ConfigError(
            f"fields: {lacking[0]!r} is not in the earlier review, and both are to be one. Leave it out, or begin anew."
        )
