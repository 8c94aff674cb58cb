"""What a linkage says of itself: `link.json`."""

from __future__ import annotations

from typing import Literal

from glane.linkage.count import EntityCount, StratumCount
from glane.records import Record, left_out
from glane.run.links import RunLink
from glane.settings.link import LinkDefinition
from glane.types import Toy
from glane.validation import Strict

_MANY = 5  # records of an entity


class ColumnTold(Strict):
    """A column that was compared: its levels, and how often pairs of one entity (m) and others (u) are at each."""

    column: str
    levels: tuple[str, ...]
    m: tuple[float, ...] = ()  # none of keys
    u: tuple[float, ...] = ()
    missing: int  # records without a value that may be compared
    unverified: int  # of these: those that had one, which its document does not show


class RuleTold(Strict):
    """A rule of blocking."""

    columns: tuple[str, ...]
    pairs: int
    largest: int  # records of its largest block
    without: int  # records that are in none, since one of its columns is missing
    share: float | None = left_out()  # of matches, as estimated


class LinkSummary(Record):
    """What was linked, by what, and how many entities that makes."""

    kind: Literal["glane linkage"] = "glane linkage"
    version: Literal[1] = 1
    source: str  # the run or the table
    run: RunLink | None = left_out()
    fingerprint: str | None = left_out()  # of the run
    toy: Toy | None = left_out()
    key: tuple[str, ...]  # the columns of links.parquet that name a record
    definition: LinkDefinition
    records: int
    entities: int  # by the links
    largest: int  # records of the largest
    usual: int | None = left_out()  # records that 95 of 100 entities have at most
    compared: int  # pairs
    to_review: int  # pairs of pairs.parquet
    contested: int  # pairs of one entity that speak against it
    columns: tuple[ColumnTold, ...]
    rules: tuple[RuleTold, ...]
    is_converged: bool | None = left_out()  # None of keys
    strata: tuple[StratumCount, ...]
    reviewed: str | None = left_out()  # where the reviewed sample is from
    count: EntityCount | None = left_out()  # None: nothing was reviewed, so there is no interval
    contradictions: int | None = left_out()

    @property
    def is_one_far_larger(self) -> bool:
        """Whether the largest entity is far larger than nearly all others: often of a value that stands for nothing."""
        return self.usual is not None and self.largest >= _MANY and self.largest > 2 * self.usual
