"""Merges several answers into one record: those of chunks, and of samples of one chunk.

Two answers are compared by their statements: the value and its assertion. Text is compared without case, accents and
typographic signs (see `fold`), a partial date with its precision. Losing values are never hidden. Each is kept once in
the `conflicts` of the winner. A partial date is kept there as text at its precision (`2024-03`), an object as a
mapping. A conflict that equals the value itself means that the value also came with another assertion. Conflicts from
an earlier merge are kept. They are values without assertion, so one that equals the new winner is dropped as the same
statement.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from glane.reading.same import Statement, clusters_of, overlap, plain_key, statement_of
from glane.task.fields import Field, ListField, ObjectField
from glane.task.plain import plain_of
from glane.task.schema import min_items
from glane.types import ExtractedValue, Missing

# A reason that one chunk states beats the silence of the others.
_PRECEDENCE = (Missing.CONFLICTING, Missing.UNCERTAIN, Missing.UNREADABLE, Missing.DENIED, Missing.NOT_STATED, None)


def merge_chunks(
    parts: Sequence[Mapping[str, ExtractedValue]], fields: Mapping[str, Field]
) -> dict[str, ExtractedValue]:
    """Merge the answers of the chunks of one document, in text order, by the `merge` rule of each field.

    Single values and objects: values beat nulls. `most_frequent` counts a passage once if two overlapping chunks show
    it and evidence tells so. Ties go to the higher confidence, then to the first. An object without confidence has that
    of its least certain field. Objects win or lose as a whole. `sum` adds the numbers that have the assertion of the
    first. The sum may exceed the field's maximum; its confidence and agreement are the lowest of its terms, and the
    conflicts of its terms are dropped. If all are null, the most informative reason is taken, in this order:
    conflicting, uncertain, unreadable, denied, not stated.

    Lists are united in order of first occurrence, and may then exceed `max_items`. Two items are the same

    - as single values: if they state the same, or, with a `similarity` below 100, if their text is that similar;
    - as objects without `keys`: if all their fields are the same. Null is the same as null only;
    - as objects with `keys`: if their key fields are the same and not all null. An item that lacks keys may be a less
      detailed mention of another item. It joins that item if the two share a key, no number, date, boolean or enum
      differs, and there is only one such item, or only one whose evidence overlaps. It never joins by guess.

    Similar text with other digits, single letters or Roman numerals (hepatitis A and B) is never the same. Items with
    different assertions stay apart. Among items that are the same, the first or most detailed one is kept with its
    evidence, and gets the highest confidence. Its null fields are filled from the others. Where fields differ, the
    other values become conflicts of the field. Numbers are not added up.

    The union of lists is associative at similarity 100 if no key is null. `first` and `last` are associative if there
    are no assertions.

    Raises:
        ValueError: there are no parts.
    """
    if not parts:
        raise ValueError("no parts to merge")
    return {
        name: _merged([part[name] for part in parts if name in part], field) for name, field in fields.items()
    }  # a field is asked of some parts only, of the first in any case


def merge_passes(
    passes: Sequence[Mapping[str, ExtractedValue]], fields: Mapping[str, Field], *, num_passes: int | None = None
) -> dict[str, ExtractedValue]:
    """Merge samples of the answer to one prompt by vote (self-consistency: Wang et al., arXiv 2203.11171).

    The most frequent statement wins; a null with its reason is a statement. Ties go to the higher sum of confidences,
    then to the earliest pass. `agreement` is the share of passes with the winning statement, above 0 up to 1.
    `confidence` is agreement times the mean confidence of these passes. Probabilities are means over all passes that
    have them.

    For an object, the vote is first on whether it is null, then field by field. The agreement of its fields is the
    share among the passes that have the object. Evidence is taken from the earliest pass that agrees; that of an object
    from the pass with the most fields in agreement.

    A list is null if most passes say so. Otherwise items are matched as in `merge_chunks`, and those in at least half
    of the passes are kept. If the task asks for more items, those with the highest agreement are added. The agreement
    of the list is the share of passes that have a list. `num_passes` includes the samples that could not be used; they
    agree with nothing.

    Raises:
        ValueError: there are no passes.
    """
    if not passes:
        raise ValueError("no passes to merge")
    asked = num_passes or len(passes)
    return {name: _voted([one[name] for one in passes], field, num_passes=asked) for name, field in fields.items()}


# Losing values


def conflicts_of(
    winner: ExtractedValue, parts: Iterable[ExtractedValue], field: Field, *, latest: bool = False
) -> list[object]:
    """The values of `parts` that the winner does not state, each once, by first (or `latest`) occurrence."""
    stated = statement_of(winner, field)
    own = None if winner.is_null else plain_key(plain_of(winner), field)
    others: dict[Hashable, object] = {}
    for part in parts:
        said: list[tuple[Hashable, object]] = []
        part_key = None
        if not part.is_null:
            part_key = plain_key(plain_of(part), field)
            if statement_of(part, field) != stated:
                said.append((part_key, plain_of(part)))
        # A part's conflict that equals its own value came with another assertion. It is kept if that value wins.
        keyed = [(plain_key(value, field), value) for value in part.conflicts]
        carried = [(key, value) for key, value in keyed if key != own or key == part_key]
        for key, value in carried + said if latest else said + carried:
            if latest:
                others.pop(key, None)
            others.setdefault(key, value)
    return list(others.values())


def copied(found: ExtractedValue) -> ExtractedValue:
    """A copy that shares nothing that can change."""
    return replace(
        found,
        items=None if found.items is None else [copied(item) for item in found.items],
        fields=None if found.fields is None else {name: copied(inner) for name, inner in found.fields.items()},
        conflicts=list(found.conflicts),
    )


def _same_object(kept: ExtractedValue, other: ExtractedValue) -> ExtractedValue:
    """`kept`, with the conflicts of `other`: for objects that differ in their fields only.

    The fields hold their own conflicts, so the object as a whole must not be one.
    """
    return replace(kept, conflicts=other.conflicts)


def _confidence(found: ExtractedValue) -> float:
    """The confidence, for ranking; -1 if there is none."""
    if found.confidence is None and found.fields is not None:
        return min((inner.confidence for inner in found.fields.values() if inner.confidence is not None), default=-1.0)
    return -1.0 if found.confidence is None else found.confidence


# Chunks


def _merged(parts: Sequence[ExtractedValue], field: Field) -> ExtractedValue:
    if isinstance(field, ListField):
        return _united(parts, field)
    return _chosen(parts, field, rule=field.merge)


def _chosen(parts: Sequence[ExtractedValue], field: Field, *, rule: str) -> ExtractedValue:
    """One of several answers, for a field that is not a list."""
    values = [part for part in parts if not part.is_null]
    if not values:
        return _null(parts, field)
    match rule:
        case "first":
            winner = values[0]
        case "last":
            winner = values[-1]
        case "highest_confidence":
            winner = max(values, key=_confidence)
        case "most_frequent":
            groups: dict[Statement | None, list[ExtractedValue]] = {}
            for value in values:
                groups.setdefault(statement_of(value, field), []).append(value)
            group = max(groups.values(), key=lambda group: (_num_mentions(group), max(map(_confidence, group))))
            winner = max(group, key=_confidence)
        case "sum":
            return _sum(parts, field)
        case _:
            raise AssertionError(f"no such rule: {rule}")
    stated = statement_of(winner, field)
    return replace(
        copied(winner),
        conflicts=conflicts_of(winner, parts, field, latest=rule == "last"),
        recalled=all(value.recalled for value in values if statement_of(value, field) == stated),
    )


def _null(parts: Sequence[ExtractedValue], field: Field) -> ExtractedValue:
    nulls = [part for part in parts if part.is_null]
    winner = min(nulls, key=lambda part: _PRECEDENCE.index(part.missing))
    return replace(copied(winner), conflicts=conflicts_of(winner, nulls, field))


def _num_mentions(group: Sequence[ExtractedValue]) -> int:
    """The number of answers; answers that quote the same passage count once."""
    return sum(not any(overlap(one, earlier) for earlier in group[:place]) for place, one in enumerate(group))


def _sum(parts: Sequence[ExtractedValue], field: Field) -> ExtractedValue:
    values = [part for part in parts if not part.is_null]
    first = values[0]
    terms = [one for one in values if one.assertion == first.assertion]
    if len(terms) == 1:
        return _chosen(parts, field, rule="first")
    numbers = [one.value for one in terms if isinstance(one.value, int | float)]
    others = [replace(one, conflicts=[]) for one in values if one.assertion != first.assertion]
    return replace(
        copied(first),
        value=sum(numbers) if all(isinstance(number, int) for number in numbers) else math.fsum(numbers),
        confidence=min((one.confidence for one in terms if one.confidence is not None), default=None),
        agreement=min((one.agreement for one in terms if one.agreement is not None), default=None),
        conflicts=conflicts_of(first, others, field),
    )


# Lists


def _united(parts: Sequence[ExtractedValue], field: ListField) -> ExtractedValue:
    """The items of all parts, each once."""
    lists = [part for part in parts if part.items is not None]
    items = [item for part in lists for item in part.items or ()]
    if not lists or (not items and any(part.missing for part in parts)):
        return _null(parts, field)
    clusters = clusters_of(items, field)
    return replace(
        copied(lists[0]),
        items=[_one([items[place] for place in cluster], field.items) for cluster in clusters],
        conflicts=[],
    )


def _one(same: Sequence[ExtractedValue], field: Field) -> ExtractedValue:
    """Merge items that are the same: the first one, with its nulls filled from the others."""
    kept = same[0]
    surest = max(same, key=lambda item: -1.0 if item.confidence is None else item.confidence)
    fields, is_recalled = None, all(item.recalled for item in same)
    if isinstance(field, ObjectField) and kept.fields is not None:
        inner = [item.fields for item in same if item.fields is not None]
        fields = {
            name: _united([one[name] for one in inner], sub)
            if isinstance(sub, ListField)
            else _chosen([one[name] for one in inner], sub, rule="first")
            for name, sub in field.fields.items()
        }
        same = [_same_object(kept, item) for item in same]
    return replace(
        copied(kept),
        fields=fields,
        confidence=surest.confidence,
        probabilities=surest.probabilities,
        conflicts=conflicts_of(kept, same, field),
        recalled=is_recalled,
    )


# Passes


def _voted(passes: Sequence[ExtractedValue], field: Field, *, num_passes: int) -> ExtractedValue:
    if isinstance(field, ListField):
        return _voted_list(passes, field, num_passes=num_passes)
    ballots: dict[Hashable, list[ExtractedValue]] = {}
    for one in passes:
        # The vote on an object is on null or not. Its fields have votes of their own.
        value = one.is_null if isinstance(field, ObjectField) else statement_of(one, field)
        ballots.setdefault((value, one.missing, one.assertion), []).append(one)
    same = max(ballots.values(), key=_weight)
    winner, heard = same[0], passes
    if isinstance(field, ObjectField) and winner.fields is not None:
        inner = [one.fields for one in same if one.fields is not None]
        fields = {
            name: _voted([one[name] for one in inner], sub, num_passes=len(inner)) for name, sub in field.fields.items()
        }
        outcome = replace(winner, fields=fields)
        winner = replace(max(same, key=lambda one: _num_equal(one, outcome, field)), fields=fields)
        heard = [_same_object(winner, one) if any(one is agreeing for agreeing in same) else one for one in passes]
    return _scored(winner, same, passes, conflicts=conflicts_of(winner, heard, field), num_passes=num_passes)


def _weight(ballot: Sequence[ExtractedValue]) -> tuple[int, float]:
    return len(ballot), math.fsum(one.confidence or 0.0 for one in ballot)


def _num_equal(one: ExtractedValue, other: ExtractedValue, field: ObjectField) -> int:
    a, b = one.fields or {}, other.fields or {}
    return sum(statement_of(a[name], sub) == statement_of(b[name], sub) for name, sub in field.fields.items())


def _scored(
    winner: ExtractedValue,
    same: Sequence[ExtractedValue],
    passes: Sequence[ExtractedValue],
    *,
    conflicts: list[object],
    num_passes: int,
) -> ExtractedValue:
    agreement = len(same) / num_passes
    confidences = [one.confidence for one in same if one.confidence is not None]
    spreads = [one.probabilities for one in passes if one.probabilities is not None]
    values = dict.fromkeys(value for spread in spreads for value in spread)
    return replace(
        copied(winner),
        agreement=agreement,
        confidence=agreement * math.fsum(confidences) / len(confidences) if confidences else None,
        probabilities={
            value: math.fsum(spread.get(value, 0.0) for spread in spreads) / len(spreads) for value in values
        }
        or None,
        conflicts=conflicts,
    )


def _voted_list(passes: Sequence[ExtractedValue], field: ListField, *, num_passes: int) -> ExtractedValue:
    lists = [one for one in passes if one.items is not None]
    nulls = [one for one in passes if one.items is None]
    if 2 * len(nulls) > len(passes):
        ballots: dict[Missing | None, list[ExtractedValue]] = {}
        for one in nulls:
            ballots.setdefault(one.missing, []).append(one)
        same = max(ballots.values(), key=_weight)
        return _scored(same[0], same, passes, conflicts=[], num_passes=num_passes)

    entries = [(number, item) for number, one in enumerate(lists) for item in one.items or ()]
    voted: list[tuple[int, ExtractedValue]] = []
    for cluster in clusters_of([item for _, item in entries], field):
        by_pass: dict[int, list[ExtractedValue]] = {}
        for place in sorted(cluster):
            number, item = entries[place]
            by_pass.setdefault(number, []).append(item)
        present = [_one(items, field.items) for items in by_pass.values()]
        winner = _voted(present, field.items, num_passes=len(present))
        item = _scored(winner, present, present, conflicts=winner.conflicts, num_passes=num_passes)
        voted.append((len(present), item))
    ranked = sorted(range(len(voted)), key=lambda place: (-voted[place][0], -(voted[place][1].confidence or 0.0)))
    needed = set(ranked[: min_items(field)])
    items = [item for place, (count, item) in enumerate(voted) if 2 * count >= len(passes) or place in needed]
    return _scored(replace(lists[0], items=items), lists, passes, conflicts=[], num_passes=num_passes)
