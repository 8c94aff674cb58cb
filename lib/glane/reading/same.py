"""Compares answers, and groups list items that are the same.

Two answers are compared by their statements: the value and its assertion. Text is compared without case, accents and
typographic signs (see `fold`), a partial date with its precision.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rapidfuzz import fuzz

from glane.task.fields import Field, ListField, ObjectField
from glane.task.fold import fold
from glane.task.plain import plain_of
from glane.types import Assertion, ExtractedValue

_HYPHENS = re.compile("[-‐‑]")
_WORDS = re.compile(r"\w+(?:[.]\d+)*")
# "A" in "hépatite A", "II" in "type II", "b" in "2b"; not the "d" in "d'Arles".
_SHORT_WORDS = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]|[ivx]+)(?![^\W\d_]|')")


class Statement(NamedTuple):
    """A value and its assertion, normalised: two answers say the same if their statements are equal."""

    value: Hashable
    assertion: Assertion | None
    is_text: bool


def statement_of(found: ExtractedValue, field: Field) -> Statement | None:
    """The statement of `found`; None if it is null, for any reason."""
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


def plain_key(plain: object, field: Field) -> Hashable:
    """A plain value in normalised form. Enum values stay exact, as two of them may differ by case only."""
    if isinstance(field, ListField) and isinstance(plain, list):
        return frozenset(plain_key(item, field.items) for item in plain)
    if isinstance(field, ObjectField) and isinstance(plain, Mapping):
        return tuple(plain_key(plain.get(name), sub) for name, sub in field.fields.items())
    if isinstance(field, ListField | ObjectField) or plain is None:
        return None
    return field.statement(plain)


def overlap(one: ExtractedValue, other: ExtractedValue) -> bool:
    """Whether the evidence of both overlaps in the document: they are then one mention."""
    a, b = one.evidence, other.evidence
    if a is None or b is None or a.start is None or a.end is None or b.start is None or b.end is None:
        return False
    return a.start < b.end and b.start < a.end


def say_same(one: ExtractedValue, other: ExtractedValue, field: Field, similarity: float = 100.0) -> bool:
    """Whether two values are the same, whatever is asserted of them: equal, in other order of words, or similar.

    Similarity is RapidFuzz's ratio, 0 to 100. Two nulls are the same.
    """
    a, b = statement_of(replace(one, assertion=None), field), statement_of(replace(other, assertion=None), field)
    if a == b:
        return True
    if a is None or b is None or not isinstance(one.value, str) or not isinstance(other.value, str) or not a.is_text:
        return False
    if sorted(words_of(one.value)) == sorted(words_of(other.value)) != []:
        return True
    marks = [_distinguishing_marks(text) for text in (one.value, other.value)]
    return similarity < 100 and marks[0] == marks[1] and _similar(a, b, similarity)


def words_of(text: str) -> list[str]:
    """The words and figures of a text, folded."""
    return _WORDS.findall(fold(_HYPHENS.sub(" ", text)))


def clusters_of(items: Sequence[ExtractedValue], field: ListField) -> list[list[int]]:
    """Group the indices of items that are the same, by first occurrence. The first of a group is the item to keep.

    `glane.reading.merge.merge_chunks` defines which items are the same. Similarity is RapidFuzz's ratio, 0 to 100.
    """
    signatures = [_signature(item, field) for item in items]
    clusters: list[list[int]] = []
    known: dict[Hashable, list[int]] = {}  # finds equal items without comparing with every cluster
    blocks: dict[Hashable, list[list[int]]] = {}  # by blocking key: only clusters of one block can be similar
    for place, signature in enumerate(signatures):
        # Items whose keys are all null cannot be told apart by keys. They are the same only if they are equal.
        has_key = any(part is not None for part in signature.parts)
        exact: Hashable = signature[:3] if has_key else (signature[:3], statement_of(items[place], field.items))
        rivals = blocks.setdefault(_blocking_key(signature), []) if has_key and field.similarity < 100 else []
        alike = (one for one in rivals if _alike(signatures[one[0]], signature, field.similarity))
        cluster = known.get(exact) or next(alike, None)
        if cluster is None:
            clusters.append(cluster := [])
            rivals.append(cluster)
        cluster.append(place)
        known.setdefault(exact, cluster)
    if field.keys and isinstance(field.items, ObjectField):
        clusters = _with_details(clusters, items, signatures, field, field.items)
    return clusters


class _Signature(NamedTuple):
    assertion: Assertion | None
    is_null: bool
    parts: tuple[Statement | None, ...]  # the value, or the key fields
    marks: tuple[tuple[str, ...], ...]  # of each part


def _signature(item: ExtractedValue, field: ListField) -> _Signature:
    keys: list[tuple[ExtractedValue, Field]] = [(item, field.items)]
    if isinstance(field.items, ObjectField) and item.fields is not None:
        names = field.keys or field.items.fields
        keys = [(item.fields[name], field.items.fields[name]) for name in names]
    return _Signature(
        item.assertion,
        item.is_null,
        tuple(statement_of(one, sub) for one, sub in keys),
        tuple(_distinguishing_marks(one.value) if isinstance(one.value, str) else () for one, _ in keys)
        if field.similarity < 100
        else (),
    )


def _distinguishing_marks(text: str) -> tuple[str, ...]:
    """The short parts that distinguish similar names: numbers, single letters, Roman numerals."""
    words = fold(_HYPHENS.sub(" ", text))  # folding alone would join the "A" of "hépatite-A" to the word
    numbers = "".join(char if char.isnumeric() else " " for char in words).split()
    return (*numbers, "", *_SHORT_WORDS.findall(words))


def _blocking_key(signature: _Signature) -> Hashable:
    """The parts that must be equal for two items to be similar: everything except their free text.

    Only items with the same key are compared with each other (blocking, as in record linkage).
    """
    parts = tuple(part.assertion if part is not None and part.is_text else part for part in signature.parts)
    return signature.assertion, signature.is_null, parts, signature.marks


def _alike(one: _Signature, other: _Signature, similarity: float, *, ignore_null: bool = False) -> bool:
    """Whether all parts are the same or similar; with `ignore_null`, all parts that `one` has."""
    return all(
        (a is None and ignore_null)
        or a == b
        or (similarity < 100 and one.marks[place] == other.marks[place] and _similar(a, b, similarity))
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
) -> list[list[int]]:
    """Merge each group that lacks keys into the only more detailed group that it can belong to."""

    def num_keys(cluster: list[int]) -> int:
        return sum(part is not None for part in signatures[cluster[0]].parts)

    def can_be(vague: list[int], full: list[int]) -> bool:
        one, other = signatures[vague[0]], signatures[full[0]]
        return (
            num_keys(full) > num_keys(vague)
            and one[:2] == other[:2]
            and _alike(one, other, field.similarity, ignore_null=True)
            and not _contradict([items[place] for place in vague], [items[place] for place in full], item_field)
        )

    left = list(clusters)
    # The most detailed first, so that a chain of less and less detailed mentions becomes one item.
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
    """Whether a field has values on both sides and none in common. Free text is not compared: wordings vary."""
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
