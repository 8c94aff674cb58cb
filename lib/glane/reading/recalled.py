"""Adds what a recall pass found to what was known, and doubles nothing.

A model that is asked what it missed often gives a known item again, with a detail made up. So an item of a recall pass
is a repeat of a known one, unless something shows that it is another:

- A single value is a repeat if it is equal (folded, or with its words in another order), or similar as the field's
  `similarity` says. In the same passage it is also one if its words are among the other's, or it cannot be read there.
- A record is a repeat if no key contradicts: keys are the same, or one is null. In the same passage (the quotes
  overlap), a key that the passage does not show contradicts nothing.
- In another passage, a record is another one if each has a key that the other lacks, or if a number, date or time
  differs that its own evidence shows.

A repeat never becomes an item. What it states otherwise is a conflict of the known item. What the known item lacks is
taken only with evidence: its own quote, or that of the item, shows it. Without that it is a conflict of the null. If
a repeat could be of several known items, it fills none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from glane.reading.merge import conflicts_of, copied
from glane.reading.same import overlap, say_same, words_of
from glane.task.fields import DateField, DatetimeField, Field, ListField, ObjectField, TimeField
from glane.task.kinds.field import NumericField
from glane.task.wording import Wording
from glane.types import Evidence, ExtractedValue

_FACTS = (NumericField, DateField, DatetimeField, TimeField)  # that part two events of one name


def add_recalled(
    base: Mapping[str, ExtractedValue], recalled: Mapping[str, ExtractedValue], fields: Mapping[str, Field]
) -> dict[str, ExtractedValue]:
    """Add the list items of a recall pass to the lists of `base`; nothing is removed.

    What is added or filled is marked `recalled`. If items are added to a missing list, its reason is dropped. Other
    fields stay as they are in `base`; `recalled` may lack them.
    """
    added = {}
    for name, field in fields.items():
        more = recalled.get(name)
        if isinstance(field, ListField) and more is not None and more.items:
            added[name] = _with_more(base[name], more, field)
        else:
            added[name] = copied(base[name])
    return added


def recalled_places(found: Mapping[str, ExtractedValue]) -> list[str]:
    """The places of what only a recall pass found: items (`events[2]`) and values of known ones (`events[0].cases`)."""
    return [place for name, one in found.items() for place in _places(name, one)]


def places_without_passage(found: Mapping[str, ExtractedValue]) -> list[str]:
    """The places of recalled items without a passage of their own: they have none, or that of an item known before."""
    places = []
    for name, one in found.items():
        known = [item for item in one.items or () if not item.recalled]
        for number, item in enumerate(one.items or ()):
            if item.recalled and (not _has_passage(item) or any(overlap(item, other) for other in known)):
                places.append(f"{name}[{number}]")
    return places


def _places(place: str, one: ExtractedValue) -> Iterator[str]:
    if one.recalled:
        yield place
        return
    for number, item in enumerate(one.items or ()):
        yield from _places(f"{place}[{number}]", item)
    for name, inner in (one.fields or {}).items():
        yield from _places(f"{place}.{name}", inner)


def _with_more(known: ExtractedValue, more: ExtractedValue, field: ListField) -> ExtractedValue:
    """A list with the items of another one that do not repeat its own."""
    items = [copied(item) for item in known.items or ()]
    num_known, places = len(items), []
    recalled = more.items or []
    # The most detailed first, so that a less detailed mention of it is a repeat, in whatever order they come.
    for place in sorted(range(len(recalled)), key=lambda place: -_num_stated(recalled[place])):
        one = recalled[place]
        match = _match(items, one, field)
        if match is None:
            items.append(replace(copied(one), recalled=True))
            places.append(place)
        else:
            items[match.place] = _with_repeat(items[match.place], one, field.items, is_certain=match.is_certain)
    added = [item for _, item in sorted(zip(places, items[num_known:], strict=True), key=lambda one: one[0])]
    return replace(copied(known if known.items is not None else more), items=[*items[:num_known], *added])


def _num_stated(one: ExtractedValue) -> int:
    return sum(not inner.is_null for inner in (one.fields or {}).values())


# What is a repeat


class _Match(NamedTuple):
    place: int
    is_certain: bool  # no other known item is as like


def _match(known: Sequence[ExtractedValue], one: ExtractedValue, field: ListField) -> _Match | None:
    """The known item that a recalled one repeats; None if it is another."""
    likenesses = [(likeness, -place) for place, item in enumerate(known) if (likeness := _likeness(item, one, field))]
    if not likenesses:
        return None
    best, place = max(likenesses)
    is_certain = sum(likeness == best for likeness, _ in likenesses) == 1
    if not is_certain and not best.is_passage and best.adds and _has_passage(one):
        return None  # more detailed than several known items: it may be a further one
    return _Match(-place, is_certain)


class _Likeness(NamedTuple):
    is_passage: bool  # both quote the same passage
    num_same: int  # keys
    adds: bool  # the recalled item has a key that the known one lacks


def _likeness(known: ExtractedValue, one: ExtractedValue, field: ListField) -> _Likeness | None:
    is_passage = overlap(known, one)
    if known.assertion != one.assertion and not is_passage and _has_passage(one):
        return None
    if isinstance(field.items, ObjectField) and known.fields is not None and one.fields is not None:
        return _likeness_of_records(known.fields, one, field, field.items, is_passage=is_passage)
    if say_same(known, one, field.items, field.similarity):
        return _Likeness(is_passage, 1, False)
    if is_passage and (_is_part(known, one) or _is_unshown(one, one, field.items)):
        return _Likeness(True, 0, False)
    return None


def _likeness_of_records(
    known: Mapping[str, ExtractedValue], one: ExtractedValue, field: ListField, record: ObjectField, *, is_passage: bool
) -> _Likeness | None:
    assert one.fields is not None
    num_same, adds, lacks = 0, False, False
    for name in field.keys or record.fields:
        before, now, sub = known[name], one.fields[name], record.fields[name]
        if before.is_null or now.is_null:
            adds, lacks = adds or before.is_null > now.is_null, lacks or now.is_null > before.is_null
        elif say_same(before, now, sub, field.similarity):
            num_same += 1
        elif not is_passage or not (_is_part(before, now) or _is_unshown(now, one, sub)):
            return None
    if is_passage:
        return _Likeness(True, num_same, adds)
    if not num_same and (
        adds or lacks or not all(say_same(known[name], one.fields[name], record.fields[name]) for name in known)
    ):
        return None
    if _has_passage(one) and ((adds and lacks) or _has_other_facts(known, one, field, record)):
        return None
    return _Likeness(False, num_same, adds)


def _has_other_facts(
    known: Mapping[str, ExtractedValue], one: ExtractedValue, field: ListField, record: ObjectField
) -> bool:
    """Whether a number, date or time differs that the recalled item's own evidence shows."""
    assert one.fields is not None
    for name, sub in record.fields.items():
        before, now = known[name], one.fields[name]
        if name in field.keys or not isinstance(sub, _FACTS) or before.is_null or now.is_null:
            continue
        if not say_same(before, now, sub) and not overlap(before, now) and _is_proven(now, sub, one.evidence):
            return True
    return False


def _is_part(one: ExtractedValue, other: ExtractedValue) -> bool:
    """Whether the words of one text are among the other's: "choléra" and "un cas de choléra"."""
    if not isinstance(one.value, str) or not isinstance(other.value, str):
        return False
    few, many = sorted((set(words_of(one.value)), set(words_of(other.value))), key=len)
    return bool(few) and few <= many


def _is_unshown(value: ExtractedValue, item: ExtractedValue, field: Field) -> bool:
    """Whether a value cannot be read in the passage of its item. Of free text that must be seen."""
    if item.evidence is None or item.evidence.quote is None or isinstance(field, ListField | ObjectField):
        return False
    shown = field.shown_in(value.value, value.precision, Wording(item.evidence.quote))
    return shown is False or (shown is None and field.is_free_text)


# What a repeat adds


def _with_repeat(known: ExtractedValue, one: ExtractedValue, field: Field, *, is_certain: bool) -> ExtractedValue:
    """The known item, with what its repeat states otherwise as conflicts, and with what it proves."""
    if not isinstance(field, ObjectField) or known.fields is None or one.fields is None:
        return replace(known, conflicts=conflicts_of(known, [known, one], field))
    wider = _holds(one, known)
    passage = one.evidence if wider else known.evidence
    fields: dict[str, ExtractedValue] = {}
    is_by_passage = False
    for name, sub in field.fields.items():
        before, now = known.fields[name], one.fields[name]
        if isinstance(sub, ListField):
            proven = [item for item in now.items or () if is_certain and _is_proven(item, sub.items, passage)]
            fields[name] = _with_more(before, replace(now, items=proven), sub) if proven else before
            continue
        fields[name] = replace(before, conflicts=conflicts_of(before, [before, now], sub))
        if is_certain and before.is_null and not now.is_null and _is_proven(now, sub, passage):
            fields[name] = replace(copied(now), recalled=True, conflicts=conflicts_of(now, [before, now], sub))
            is_by_passage = is_by_passage or now.evidence is None
    return replace(known, fields=fields, evidence=passage if wider and is_by_passage else known.evidence)


def _is_proven(value: ExtractedValue, field: Field, passage: Evidence | None) -> bool:
    """Whether its own quote shows a value, or else the passage of its item."""
    if value.evidence is not None:
        return value.evidence.start is not None and value.evidence.supports is not False
    if isinstance(field, ListField):
        return bool(value.items) and all(_is_proven(item, field.items, passage) for item in value.items or ())
    if isinstance(field, ObjectField):
        stated = [(inner, field.fields[name]) for name, inner in (value.fields or {}).items() if not inner.is_null]
        return bool(stated) and all(_is_proven(inner, sub, passage) for inner, sub in stated)
    if passage is None or passage.quote is None or value.value is None:
        return False
    return field.shown_in(value.value, value.precision, Wording(passage.quote)) is True


def _holds(one: ExtractedValue, other: ExtractedValue) -> bool:
    """Whether one passage holds the other."""
    a, b = one.evidence, other.evidence
    if a is None or b is None or a.start is None or b.start is None or a.end is None or b.end is None:
        return False
    return a.start <= b.start and b.end <= a.end


def _has_passage(one: ExtractedValue) -> bool:
    """Whether an item has a quote that stands in the text: its own, or one of its values if it has none."""
    if one.evidence is not None:
        return one.evidence.start is not None
    return any(_has_passage(inner) for inner in (*(one.items or ()), *(one.fields or {}).values()))
