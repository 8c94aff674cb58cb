"""The sample behind a review: what was drawn, how much of it is reviewed, and with which weights.

Probabilities are taken from the sample as it was drawn, never from what a page saved. A review that is not finished has
seen the first documents of a random order: a random part of the sample. A document of a stratum of which n were drawn
and k are reviewed so far is then among the reviewed ones with its probability times k / n (two-phase sampling: Särndal,
Swensson and Wretman, Model Assisted Survey Sampling, 1992, section 9.3), and weights keep the size of every stratum.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.assess.arms import ARM, ASSISTED, BLIND
from glane.assess.review.record import ReviewState, StratumState
from glane.assess.sampling import PROBABILITY, SKIPPED, STRATUM
from glane.errors import DataError, told
from glane.parquet import read_parquet_frame
from glane.run.whole import refuse_mixed

SAMPLE = "sample.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One document of a sample."""

    place: int  # in the order of the page
    probability: float
    stratum: str
    arm: str = ASSISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample as it was drawn, by document (ids as text)."""

    path: Path
    drawn: Mapping[str, Drawn]

    def check_size(self, sampled: int, *, place: str) -> None:
        """Check of how many documents a page was made; raises `DataError` if it is another number than was drawn."""
        if sampled != len(self.drawn):
            raise DataError(
                f"{place}: its page has {sampled} documents, and {self.path} has {len(self.drawn)}: another sample. "
                f"{_REMEDY}"
            )

    def check(self, document: str, probability: float | None, stratum: str | None, *, place: str) -> None:
        """Check what a file of corrections says of a document; of a blind one it says nothing.

        Raises:
            DataError: if the document was not drawn, or drawn otherwise.
        """
        known = self.drawn.get(document)
        if known is None:
            raise DataError(f"{place}: not in {self.path}, so the page was made of another sample. {_REMEDY}")
        if known.arm == BLIND and probability is None and stratum is None:
            return
        said = math.nan if probability is None else probability
        if not math.isclose(said, known.probability, rel_tol=1e-9) or stratum != known.stratum:
            raise DataError(
                f"{place}: inclusion_probability {said:.6g} in stratum {told(str(stratum))}, but {self.path} has "
                f"{known.probability:.6g} in {told(known.stratum)}: the file was changed, or is of another sample. "
                f"{_REMEDY}"
            )

    def probabilities(self, reviewed: Collection[str]) -> dict[str, float]:
        """The probability of each reviewed document to be among those reviewed so far.

        While a stratum has none, it is taken to be like the others (collapsed strata): their weights stand for it, and
        `state` names it.
        """
        sampled = Counter(one.stratum for one in self.drawn.values())
        done = Counter(self.drawn[name].stratum for name in reviewed)
        size = sum(1 / one.probability for one in self.drawn.values())
        covered = sum(1 / one.probability for one in self.drawn.values() if one.stratum in done)
        parts = {name: done[name] / sampled[name] * covered / size for name in done}
        return {name: self.drawn[name].probability * parts[self.drawn[name].stratum] for name in reviewed}

    def state(self, reviewed: Collection[str], by_file: Mapping[str, Collection[str]]) -> ReviewState:
        """How far the review is: documents sampled, reviewed and skipped, and by stratum.

        Skipped is what nobody reviewed between the first and the last document that somebody reviewed: if they were
        left out because they are hard, the rest is no random part any more.
        """
        skipped = set()
        for names in by_file.values():
            places = [self.drawn[name].place for name in names]
            if places:
                inside = range(min(places), max(places))
                skipped |= {name for name, one in self.drawn.items() if one.place in inside and name not in reviewed}
        sampled = Counter(one.stratum for one in self.drawn.values())
        done = Counter(self.drawn[name].stratum for name in reviewed)
        return ReviewState(
            sampled=len(self.drawn),
            reviewed=len(reviewed),
            skipped=tuple(sorted(skipped, key=lambda name: self.drawn[name].place)),
            strata={name: StratumState(sampled=sampled[name], reviewed=done[name]) for name in sorted(sampled)},
        )


_REMEDY = "Give the out.dir that the page was made in, and the file as the page saved it."


def sample_table(path: Path) -> pl.DataFrame:
    """The table of a sample.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        return read_parquet_frame(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: not readable Parquet ({type(error).__name__}).") from None


def read_sample(folder: str | Path, *, id_column: str) -> Sample:
    """Read the sample of a review from its folder.

    Raises:
        DataError: if it is not there, not a sample of the run, or a command was ended before it had written all of it.
    """
    path = Path(folder).expanduser() / SAMPLE
    if not path.is_file():
        raise DataError(f"out.dir: no {path}, which has the probabilities of the sample. {_REMEDY}")
    refuse_mixed(path, place="out.dir")
    table = sample_table(path)
    for name in (id_column, PROBABILITY, STRATUM):
        if name not in table.columns:
            raise DataError(f"{path}: no column {name!r}; it has {', '.join(table.columns)}. {_REMEDY}")
    arm = pl.col(ARM) if ARM in table.columns else pl.lit(ASSISTED)
    rows = table.select(pl.col(id_column).cast(pl.String), PROBABILITY, STRATUM, arm.alias(ARM)).iter_rows()
    return Sample(
        path=path,
        drawn={
            name: Drawn(place=place, probability=probability, stratum=stratum, arm=arm)
            for place, (name, probability, stratum, arm) in enumerate(rows)
        },
    )


def with_skipped(gold: pa.Table, num: int) -> pa.Table:
    """Right answers that say how many documents of their sample were skipped, wherever the table goes."""
    column = pa.array([num] * len(gold), pa.int64())
    if SKIPPED in gold.column_names:
        return gold.set_column(gold.schema.get_field_index(SKIPPED), SKIPPED, column)
    return gold.append_column(SKIPPED, column)


def skipped_in(gold: pa.Table) -> int:
    """How many documents of their sample right answers say were skipped."""
    return max(gold[SKIPPED].to_pylist(), default=0) if SKIPPED in gold.column_names else 0


def state_text(state: ReviewState) -> str:
    """The warning about an unfinished review; nothing if it is finished."""
    left = state.sampled - state.reviewed
    parts = [f"{left} documents of the sample are not reviewed yet; weights are for those that are"] if left else []
    if skipped := len(state.skipped):
        parts.append(
            f"{skipped} were skipped, see agreement.json: review them, too, for what is left without the hard ones is "
            "no random sample"
        )
    if empty := [name for name, one in state.strata.items() if not one.reviewed]:
        parts.append(
            f"no document is reviewed yet in {len(empty)} strata, {told(empty[0])} for example, taken to be like "
            "the others"
        )
    return "".join(f"; {part}" for part in parts)
