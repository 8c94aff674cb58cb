"""Statements that say the same become one, with the passages of all: equal texts, then what a model puts together.

No statement is written anew: of several, one stays as it was checked. A model's word that two say the same counts only
if their numbers, names, times, status and negation agree, and only passages that carry the statement that stays are
added to it. All orders are by digests, so the result does not depend on the order of documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from glane.briefs.bundles import place_key
from glane.briefs.checks import Cited
from glane.briefs.ids import digest, statement_id
from glane.briefs.record import Check
from glane.briefs.said import names_in, said_in, turns_in
from glane.task.fold import fold

Carries = Callable[[str, Cited], bool]  # whether a passage carries a sentence, by all checks
_MOST_CITED = 40  # passages that are kept of one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence of a model with the passages that carry it, the first of which it copied."""

    sentence: str
    cited: tuple[Cited, ...]
    checks: tuple[Check, ...] = field(default=())
    says_same: int = 1  # statements that it stands for

    @property
    def id(self) -> str:
        """Its name."""
        return statement_id(self.sentence, (place_key(one.quote) for one in self.cited))

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that it cites."""
        return tuple(dict.fromkeys(one.quote.document for one in self.cited))

    @property
    def order(self) -> tuple[int, str]:
        """Of most documents first."""
        return -len(self.documents), digest([self.sentence, *self.documents])


def without_repeats(statements: Iterable[Statement], carries: Carries) -> list[Statement]:
    """Statements of which no two have the same words."""
    groups: dict[str, list[Statement]] = {}
    for one in statements:
        groups.setdefault(re.sub(r"[^\w%]+", " ", fold(one.sentence)).strip(), []).append(one)
    return sorted((joined(group, carries) for group in groups.values()), key=lambda one: one.order)


def joined(group: Sequence[Statement], carries: Carries) -> Statement:
    """One of several statements, with all passages that carry it."""
    first, *others = sorted(group, key=lambda one: one.order)
    if not others:
        return first
    known = {place_key(one.quote) for one in first.cited}
    more = {
        place_key(one.quote): one
        for other in others
        for one in other.cited
        if place_key(one.quote) not in known and carries(first.sentence, one)
    }
    cited = [*first.cited, *(more[key] for key in sorted(more))]
    return replace(first, cited=tuple(cited[:_MOST_CITED]), says_same=sum(one.says_same for one in group))


def parts(statements: Sequence[Statement], size: int, level: int) -> Iterator[list[Statement]]:
    """Statements that are compared with each other at a level of the tree: others at each level."""
    ordered = sorted(statements, key=lambda one: (digest([one.id], salt=f"level {level}"), one.id))
    for first in range(0, len(ordered), size):
        yield ordered[first : first + size]


def put_together(part: Sequence[Statement], groups: Iterable[Sequence[int]], carries: Carries) -> list[Statement]:
    """The statements of a part, with those joined that a model and their own words say are the same.

    Args:
        part: Statements, numbered from 1.
        groups: Numbers of those that say the same.
        carries: Whether a passage carries a sentence.
    """
    left = dict(enumerate(part, 1))
    found: list[Statement] = []
    for numbers in groups:
        members = [left[one] for one in dict.fromkeys(numbers) if one in left]
        same = [one for one in members if agree(members[0], one)] if members else []
        if len(same) > 1:
            left = {at: one for at, one in left.items() if one not in same}
            found.append(joined(same, carries))
    return [*found, *left.values()]


def agree(one: Statement, other: Statement) -> bool:
    """Whether two statements have the same numbers, names, times, status and negation."""
    return _key(one.sentence) == _key(other.sentence)


def _key(sentence: str) -> tuple[object, ...]:
    said = said_in(sentence)
    figures = tuple(sorted((one.value, one.bound, *map(sorted, (one.units, one.status))) for one in said.figures))
    others = (
        turns_in(sentence),
        said.ones,
        said.amounts,
        said.times,
        said.status,
        said.is_negated,
        frozenset(names_in(sentence)),
    )
    return figures, tuple(sorted(said.dates, key=str)), *others
