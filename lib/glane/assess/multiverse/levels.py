"""The wordings, models and readings of a multiverse, each with a short name and what makes it another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glane.assess.multiverse.record import FACTORS, Level
from glane.types import Factor, Toy

_LETTERS: Mapping[Factor, str] = {"wording": "W", "model": "M", "reading": "R"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one run asked."""

    run: str
    fingerprint: str
    task: str
    model: str
    toy: Toy | None
    digests: Mapping[Factor, str]  # equal where two runs ask alike in this respect
    settings: Mapping[Factor, Mapping[str, str]]  # those that are not the same in all runs, by dotted key
    texts: Mapping[str, str]  # of the task, in full: those that are not the same in all runs


def levels_of(asked: Sequence[Asked]) -> tuple[Level, ...]:
    """The levels of each factor, numbered in the order of the runs."""
    return tuple(
        _level(factor, number, [one for one in asked if one.digests[factor] == digest])
        for factor in FACTORS
        for number, digest in enumerate(dict.fromkeys(one.digests[factor] for one in asked), start=1)
    )


def names_of(asked: Sequence[Asked]) -> list[dict[Factor, str]]:
    """Of each run, the names of its levels."""
    numbers = {
        factor: {digest: number for number, digest in enumerate(dict.fromkeys(one.digests[factor] for one in asked), 1)}
        for factor in FACTORS
    }
    return [
        {factor: f"{_LETTERS[factor]}{numbers[factor][one.digests[factor]]}" for factor in FACTORS} for one in asked
    ]


def _level(factor: Factor, number: int, members: Sequence[Asked]) -> Level:
    first = members[0]
    common = {
        key: value
        for key, value in first.settings[factor].items()
        if all(one.settings[factor].get(key) == value for one in members)
    }
    titles: Mapping[Factor, str] = {"wording": first.task, "model": first.model, "reading": ""}
    return Level(
        factor=factor, name=f"{_LETTERS[factor]}{number}", title=titles[factor], settings=common,
        texts=first.texts if factor == "wording" else {},
    )  # fmt: skip
