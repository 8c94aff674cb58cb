"""The groups of a run tested together: delta shared among them, and what is accepted of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from glane.assess.calibrate.groups import MIN_OTHERS, Part
from glane.assess.calibrate.record import AcceptedCount, AcceptedGroup, Silence
from glane.assess.calibrate.risk import smallest_sample
from glane.assess.calibrate.selection import Claim, Group, Tested, able, share_out
from glane.assess.calibrate.shapes import Shape
from glane.assess.calibrate.silence import Quiet
from glane.assess.calibrate.words import group_notes
from glane.assess.clusters import CLUSTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """What may be wrong, and how surely it is no more."""

    alpha: float = 0.05  # of the accepted values of each group
    delta: float = 0.05  # the probability that it is more after all, for all groups together
    missed: float | None = None  # of silent documents; they are not accepted or refused if None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedGroup:
    """A part with its test."""

    part: Part
    group: Group
    kept: pl.DataFrame
    claim: Claim | None  # None where nothing can be tested
    more_needed: int

    @property
    def threshold(self) -> float | None:
        """From which confidence on values are accepted; None where none are."""
        return None if self.claim is None else self.claim.threshold

    def accepted(self, id_column: str) -> pl.DataFrame:
        """The values of the run that are accepted: id, field, item."""
        keys = self.kept.select(id_column, pl.lit(self.part.field).alias("field"), "item")
        if self.threshold is None:
            return keys.clear()
        return keys.filter((self.kept["confidence"] >= self.threshold).fill_null(False))


@dataclass(frozen=True, slots=True, kw_only=True)
class AllTested:
    """All that was tested together."""

    groups: Sequence[TestedGroup]
    quiet: Sequence[tuple[Quiet, Claim | None]]
    num_tests: int

    def described(self, counts: pl.DataFrame, shapes: Mapping[str, Shape]) -> list[tuple[str, AcceptedGroup]]:
        """Each group as the record tells it, with its field."""
        found = []
        for one in self.groups:
            part, group, claim = one.part, one.group, one.claim
            mine = pl.col("field") == part.field
            run = counts.filter(mine if part.value is None else mine & (pl.col("value") == part.value))
            entry = AcceptedGroup(
                value=part.value,
                judged=part.judged.height,
                documents=part.judged[CLUSTER].n_unique(),
                wrong=int((~part.judged["correct"]).sum()),
                share_of_delta=0.0 if claim is None else claim.share,
                more_needed=one.more_needed,
                is_even=part.is_even,
                largest_unit=group.bound,
                left_out=part.rows.height - one.kept.height,
                are_thresholds_apart=part.rows.height - part.judged.height >= MIN_OTHERS,
                threshold=one.threshold,
                tests=() if claim is None else _tests(claim),
                notes=(),
                run=count(run),
            )
            field = part.field
            notes = group_notes(field, entry, is_list=shapes[field].is_list, language="en")
            found.append((field, entry.model_copy(update={"notes": notes})))
        return found

    def silence(self, risks: Risks) -> dict[str, tuple[Silence, ...]]:
        """What is known of silent documents, by field."""
        found: dict[str, list[Silence]] = {}
        for one, claim in self.quiet:
            is_asked = risks.missed is not None
            is_accepted = claim is not None and claim.is_whole_accepted if is_asked else None
            found.setdefault(one.field, []).append(one.described(risks.delta, is_accepted=is_accepted))
        return {name: tuple(entries) for name, entries in sorted(found.items())}


def test_all(parts: Sequence[Part], silent: Sequence[Quiet], risks: Risks) -> AllTested:
    """Share delta among what can be tested, and test it."""
    alpha, delta = risks.alpha, risks.delta
    asked = silent if risks.missed is not None else []
    # Sizes are settled before delta is shared, at the share that each would have if all could be tested.
    share = delta / max(1, len(parts) + len(asked))
    built = [part.group(alpha=alpha, delta=share) for part in parts]
    sizes = [group.size if part.is_even else 0.0 for part, (group, _) in zip(parts, built, strict=True)]
    least = [partial(_least, alpha, group.bound == 1, group.drawn) for group, _ in built]
    if risks.missed is not None:
        sizes += [one.size for one in asked]
        least += [
            partial(_least, risks.missed, one.bound == 1, len(one.judged) / max(1, len(one.ids))) for one in asked
        ]
    is_able, share = able(sizes, least, delta)
    claims: list[Claim | None] = []
    for can, (group, _) in zip(is_able, built, strict=False):
        thresholds, is_split = group.thresholds(alpha, share) if can else ([], False)
        sequence = [partial(group.test, at, alpha) for at in thresholds]
        whole = partial(group.test, 0.0, alpha)
        claims.append(Claim(sequence=sequence, everything=whole, is_split=is_split) if can else None)
    for can, one in zip(is_able[len(built) :], asked, strict=True):
        claims.append(Claim(sequence=(), everything=partial(one.test, risks.missed or 0.0)) if can else None)
    share_out([claim for claim in claims if claim is not None], delta)
    next_share = delta / (sum(is_able) + 1)  # of one more
    groups = [
        TestedGroup(
            part=part,
            group=group,
            kept=kept,
            claim=claim,
            more_needed=0 if claim is not None or not part.is_even else _more(group, size, fewest(next_share)),
        )
        for part, (group, kept), claim, size, fewest in zip(parts, built, claims, sizes, least, strict=False)
    ]
    of_silence = claims[len(built) :] if asked else [None] * len(silent)
    return AllTested(groups=groups, quiet=list(zip(silent, of_silence, strict=True)), num_tests=sum(is_able))


def _least(alpha: float, is_single: bool, drawn: float, delta: float) -> float:
    return smallest_sample(alpha, delta, is_single=is_single, drawn=drawn)


def _more(group: Group, size: float, wanted: float) -> int:
    """Judged documents that are lacking: as many as `wanted`, were all of the largest size."""
    per_unit = size / group.num_units if group.num_units else 1 / group.bound
    return max(1, math.ceil((wanted - size) / per_unit))


def _tests(claim: Claim) -> tuple[Tested, ...]:
    """The thresholds from the highest down, and the acceptance of everything."""
    return (*claim.tested, *([claim.whole] if claim.whole is not None else []))


def count(rows: pl.DataFrame) -> AcceptedCount:
    """What becomes of some values of the run."""
    return AcceptedCount(
        values=rows.height,
        accepted=rows.filter(pl.col("_accepted") & ~pl.col("_seen")).height,
        reviewed=int(rows["_seen"].sum()),
        doubted=int(rows["doubted"].sum()),
    )
