"""Whether two answers say the same.

Two answers are compared by what they state: the value (text without case, accents and typographic signs, see
`fold`; a partial date with its precision) and its assertion.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz

from glane.task.fields import Field, ListField, ObjectField
from glane.task.fold import fold
from glane.task.kinds.date import at_precision
from glane.types import Assertion, ExtractedValue

_HYPHENS = re.compile("[-‐‑]")
_SHORT_WORDS = re.compile(r"\b(?:\w|[ivx]+)\b(?!')")  # hépatite A, type II; not the d of d'Arles


class Statement(NamedTuple):
    """A value and how the text speaks of it; equal where two answers say the same."""

    value: Hashable
    assertion: Assertion | None
    is_text: bool


def statement_of(found: ExtractedValue, field: Field) -> Statement | None:
    """What `found` says, ready for comparison; None if it is null, for whatever reason."""
    if found.is_null:
        return None
    if isinstance(field, ListField):
        items = frozenset(statement_of(item, field.items) for item in found.items or ())
        return Statement(items, found.assertion, False)
    if isinstance(field, ObjectField):
        inner = found.fields or {}
        return Statement(
            tuple(statement_of(inner[name], sub) for name, sub in field.fields.items()), found.assertion, False
        )
    return Statement(plain_key(plain_of(found), field), found.assertion, field.is_free_text)


def plain_of(found: ExtractedValue) -> object:
    """The value as conflicts hold it."""
    if found.items is not None:
        return [plain_of(item) for item in found.items]
    if found.fields is not None:
        return {name: plain_of(inner) for name, inner in found.fields.items()}
    if isinstance(found.value, datetime.date) and found.precision is not None:
        return at_precision(found.value, found.precision)
    return found.value


def plain_key(plain: object, field: Field) -> Hashable:
    """A plain value, ready for comparison. Enum values are exact: two of them may differ by case only."""
    if isinstance(field, ListField) and isinstance(plain, list):
        return frozenset(plain_key(item, field.items) for item in plain)
    if isinstance(field, ObjectField) and isinstance(plain, Mapping):
        return tuple(plain_key(plain.get(name), sub) for name, sub in field.fields.items())
    if isinstance(field, ListField | ObjectField) or plain is None:
        return None
    return field.statement(plain)


def overlap(one: ExtractedValue, other: ExtractedValue) -> bool:
    """Whether the evidence of both shares a passage of the document: then they are one mention of it."""
    a, b = one.evidence, other.evidence
    if a is None or b is None or a.start is None or a.end is None or b.start is None or b.end is None:
        return False
    return a.start < b.end and b.start < a.end


def clusters_of(items: Sequence[ExtractedValue], field: ListField, *, num_apart: int = 0) -> list[list[int]]:
    """The places of items that are the same, by first occurrence; in each cluster the item that is kept comes first.

    What is the same, `glane.reading.merge.merge_chunks` says; similarity is RapidFuzz's ratio, 0 to 100. The first
    `num_apart` items are never the same as each other.
    """
    signatures = [_signature(item, field) for item in items]
    clusters: list[list[int]] = []
    known: dict[Hashable, list[int]] = {}  # exactly equal items are found without comparing with every cluster
    framed: dict[Hashable, list[list[int]]] = {}  # and only these clusters can be similar
    for place, signature in enumerate(signatures):
        # Without a single key there is nothing to tell such items by; only their equals are the same.
        has_key = any(part is not None for part in signature.parts)
        exact: Hashable = signature[:3] if has_key else (signature[:3], statement_of(items[place], field.items))
        rivals = framed.setdefault(_frame(signature), []) if has_key and field.similarity < 100 else []
        cluster = None
        if place >= num_apart:
            alike = (one for one in rivals if _alike(signatures[one[0]], signature, field.similarity))
            cluster = known.get(exact) or next(alike, None)
        if cluster is None:
            clusters.append(cluster := [])
            rivals.append(cluster)
        cluster.append(place)
        known.setdefault(exact, cluster)
    if field.keys and isinstance(field.items, ObjectField):
        clusters = _with_details(clusters, items, signatures, field, field.items, num_apart=num_apart)
    return clusters


class _Signature(NamedTuple):
    assertion: Assertion | None
    is_null: bool
    parts: tuple[Statement | None, ...]  # the value, or the key fields
    tellers: tuple[tuple[str, ...], ...]  # of each part


def _signature(item: ExtractedValue, field: ListField) -> _Signature:
    keys: list[tuple[ExtractedValue, Field]] = [(item, field.items)]
    if isinstance(field.items, ObjectField) and item.fields is not None:
        names = field.keys or field.items.fields
        keys = [(item.fields[name], field.items.fields[name]) for name in names]
    return _Signature(
        item.assertion,
        item.is_null,
        tuple(statement_of(one, sub) for one, sub in keys),
        tuple(_tellers(one.value) if isinstance(one.value, str) else () for one, _ in keys)
        if field.similarity < 100
        else (),
    )


def _tellers(text: str) -> tuple[str, ...]:
    """The short signs that tell names apart which are else alike: numbers, single letters, Roman numerals."""
    words = fold(_HYPHENS.sub(" ", text))  # folding alone would hide the A of "hépatite-A"
    numbers = "".join(char if char.isnumeric() else " " for char in words).split()
    return (*numbers, "", *_SHORT_WORDS.findall(words))


def _frame(signature: _Signature) -> Hashable:
    """What similar items have exactly in common: all but the letters of their text."""
    parts = tuple(part.assertion if part is not None and part.is_text else part for part in signature.parts)
    return signature.assertion, signature.is_null, parts, signature.tellers


def _alike(one: _Signature, other: _Signature, similarity: float, *, ignore_null: bool = False) -> bool:
    """Whether all parts are the same or similar; or all that `one` has."""
    return all(
        (a is None and ignore_null)
        or a == b
        or (similarity < 100 and one.tellers[place] == other.tellers[place] and _similar(a, b, similarity))
        for place, (a, b) in enumerate(zip(one.parts, other.parts, strict=True))
    )


def _similar(one: Statement | None, other: Statement | None, similarity: float) -> bool:
    if one is None or other is None or not one.is_text or one.assertion != other.assertion:
        return False
    return fuzz.ratio(str(one.value), str(other.value), score_cutoff=similarity) > 0


def _with_details(
    clusters: list[list[int]],
    items: Sequence[ExtractedValue],
    signatures: Sequence[_Signature],
    field: ListField,
    item_field: ObjectField,
    *,
    num_apart: int,
) -> list[list[int]]:
    """Let mentions that lack keys join the only more detailed one that they can be."""

    def num_keys(cluster: list[int]) -> int:
        return sum(part is not None for part in signatures[cluster[0]].parts)

    def can_be(vague: list[int], full: list[int]) -> bool:
        one, other = signatures[vague[0]], signatures[full[0]]
        return (
            num_keys(full) > num_keys(vague)
            and one[:2] == other[:2]
            and _alike(one, other, field.similarity, ignore_null=True)
            and not (min(vague) < num_apart and min(full) < num_apart)
            and not _contradict([items[place] for place in vague], [items[place] for place in full], item_field)
        )

    left = list(clusters)
    # The most detailed first, so that a chain of ever vaguer mentions ends in one item.
    for vague in sorted(clusters, key=num_keys, reverse=True):
        if not 0 < num_keys(vague) < len(field.keys):
            continue
        options = [full for full in left if can_be(vague, full)]
        if len(options) > 1:
            options = [full for full in options if any(overlap(items[a], items[b]) for a in vague for b in full)]
        if len(options) == 1:
            options[0].extend(vague)
            left = [cluster for cluster in left if cluster is not vague]
    return sorted(left, key=min)


def _contradict(some: Sequence[ExtractedValue], others: Sequence[ExtractedValue], field: ObjectField) -> bool:
    """Whether a field has values on both sides and none in common. Free text may be worded in many ways."""
    for name, sub in field.fields.items():
        if isinstance(sub, ListField | ObjectField) or sub.is_free_text:
            continue
        said, other = (
            {statement for item in side if item.fields and (statement := statement_of(item.fields[name], sub))}
            for side in (some, others)
        )
        if said and other and not said & other:
            return True
    return False
