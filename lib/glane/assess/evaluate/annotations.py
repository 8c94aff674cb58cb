"""Reasons for missing values, and assertions, compared with the right answers where these have them.

Reasons and assertions are compared on their own: a right value with a wrong assertion is a right value. In lists they
are compared on the items that were matched, but not in lists within lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import polars as pl

from glane.assess.evaluate.answers import some_ids
from glane.assess.evaluate.judge import Judged
from glane.assess.evaluate.metrics import confusion, share, share_of
from glane.assess.evaluate.scores import AskedNoteScores, NoteScores
from glane.errors import DataError
from glane.task.fields import Field, ListField, ObjectField
from glane.types import Assertion, Missing

ANNOTATIONS: Mapping[str, type[StrEnum]] = {"missing": Missing, "assertion": Assertion}
VALUE = "value"  # what the run says where the right answers have a reason for none
_BLOCK = 5_000  # documents that are held as Python values at once
Place = tuple[str, str]  # what, and the dotted field
Pairs = Mapping[tuple[int, str], Mapping[int, int]]  # by document and list: right item to found item


def annotated(fields: Mapping[str, Field], schema: Mapping[str, Any], *, prefix: str = "") -> dict[Place, bool]:
    """The fields for which a table has reasons or assertions, and whether the task asked for these."""
    found: dict[Place, bool] = {}
    for name, field in fields.items():
        for what in ANNOTATIONS:
            if f"{name}__{what}" in schema:
                found[what, f"{prefix}{name}"] = bool(getattr(field, what))
        kind = schema.get(name)
        inner = field.items if isinstance(field, ListField) else field
        if isinstance(field, ListField):
            kind = getattr(kind, "inner", None)
        if isinstance(inner, ObjectField) and isinstance(kind, pl.Struct):
            members = {member.name: member.dtype for member in kind.fields}
            found |= annotated(inner.fields, members, prefix=f"{prefix}{name}.")
    return found


def check_annotations(fields: Mapping[str, Field], gold: pl.DataFrame, id_column: str) -> None:
    """Check that reasons and assertions are known ones, and that no reason stands beside a value.

    Raises:
        DataError: naming the column, the first ids and what is valid, but no value: it may be a document's word.
    """
    if not annotated(fields, gold.schema):
        return
    wrong: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for document in _documents(gold):
        for what, path, complaint in _complaints(fields, document, "gold."):
            ids = wrong[what, path, complaint]
            if not ids or ids[-1] != document[id_column]:
                ids.append(document[id_column])
    for (what, path, complaint), ids in wrong.items():
        raise DataError(f"{path}__{what}: {some_ids(ids)} ({len(ids)} rows) {complaint}")


def _complaints(fields: Mapping[str, Field], row: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in fields.items():
        path, value = f"{prefix}{name}", row.get(name)
        for what, valid in ANNOTATIONS.items():
            noted = row.get(f"{name}__{what}")
            notes = noted if isinstance(noted, list) else [noted]
            if any(one is not None and one not in valid.__members__.values() for one in notes):
                kind = "reason" if what == "missing" else "assertion"
                yield what, path, f"has no known {kind}. Valid: {', '.join(valid)}."
            elif what == "missing" and noted is not None and _has_value(value):
                yield what, path, "has both a value and a reason for none. Remove one."
            elif what == "assertion" and noted is not None and not _is_parallel(field, noted, value):
                yield what, path, "has another number of assertions than of items. Give one per item, or null."
        inner = field.items if isinstance(field, ListField) else field
        if isinstance(inner, ObjectField):
            records = value if isinstance(field, ListField) else [value]
            for record in records or ():
                if record is not None:
                    yield from _complaints(inner.fields, record, f"{path}.")


def annotation_scores(
    fields: Mapping[str, Field], gold: pl.DataFrame, run: pl.DataFrame, judged: Judged
) -> dict[str, dict[str, NoteScores]]:
    """Return, by `missing` and `assertion` and then by field, how often the run says what the right answers say.

    The unit is the document, or in a list the item: intervals are Wilson's, for documents only, since the items of one
    document err together. Items of the right answers that have no counterpart count as not right.
    """
    asked = annotated(fields, gold.schema)
    told: dict[Place, list[tuple[int, str, str | None]]] = {place: [] for place in asked}
    if asked:
        pairs = _pairs(judged)
        for at, (right, found) in enumerate(zip(_documents(gold), _documents(run), strict=True)):
            for place, one, other in _notes(fields, right, found, at, pairs, ""):
                told[place].append((at, one, other))
    scores: dict[str, dict[str, NoteScores]] = {what: {} for what in ANNOTATIONS}
    in_list = {leaf.path: leaf.in_list or isinstance(leaf.field, ListField) for leaf in judged.leaves}
    for (what, path), is_asked in asked.items():
        is_item = in_list.get(path, False) and not (what == "missing" and path in fields)
        scores[what][path] = _score(what, told[what, path], judged, is_asked=is_asked, is_item=is_item)
    return scores


def _score(
    what: str, told: Sequence[tuple[int, str, str | None]], judged: Judged, *, is_asked: bool, is_item: bool
) -> NoteScores:
    unit: Literal["documents", "items"] = "items" if is_item else "documents"
    if not is_asked:
        return NoteScores(unit=unit, compared=len(told), asked=False)
    is_right = np.array([right == found for _, right, found in told], dtype=bool)
    weights = judged.weights[np.array([at for at, _, _ in told], dtype=np.int64)]
    shares: dict[str, Any] = (
        {"share": share(float(weights @ is_right), float(weights.sum())), "share_ci95": None}
        if is_item
        else share_of("share", is_right, weights)
    )
    labels = [*map(str, ANNOTATIONS[what]), *([VALUE] if what == "missing" else [])]
    return AskedNoteScores(
        unit=unit,
        compared=len(told),
        asked=True,
        correct=int(is_right.sum()),
        confusion=confusion([right for _, right, _ in told], [found for _, _, found in told], labels),
        **shares,
    )


def _notes(
    fields: Mapping[str, Field], gold: Mapping[str, Any], run: Mapping[str, Any], at: int, pairs: Pairs, prefix: str
) -> Iterator[tuple[Place, str, str | None]]:
    for name, field in fields.items():
        path, right, found = f"{prefix}{name}", gold.get(name), run.get(name)
        if (reason := gold.get(f"{name}__missing")) is not None:
            yield ("missing", path), reason, VALUE if _has_value(found) else run.get(f"{name}__missing")
        if isinstance(field, ListField):
            yield from _item_notes(field, gold, run, name, path, pairs.get((at, path), {}), at)
            continue
        if (assertion := gold.get(f"{name}__assertion")) is not None:
            yield ("assertion", path), assertion, run.get(f"{name}__assertion")
        if isinstance(field, ObjectField):
            yield from _notes(field.fields, right or {}, found or {}, at, pairs, f"{path}.")


def _item_notes(
    field: ListField,
    gold: Mapping[str, Any],
    run: Mapping[str, Any],
    name: str,
    path: str,
    matched: Mapping[int, int],
    at: int,
) -> Iterator[tuple[Place, str, str | None]]:
    right, found = gold.get(name) or [], run.get(name) or []
    ours, theirs = gold.get(f"{name}__assertion"), run.get(f"{name}__assertion")
    there = [place for place, one in enumerate(found) if one is not None]
    for number, place in enumerate(place for place, one in enumerate(right) if one is not None):
        other = there[matched[number]] if number in matched else None
        if ours is not None and ours[place] is not None:
            yield ("assertion", path), ours[place], None if other is None or theirs is None else theirs[other]
        if isinstance(field.items, ObjectField):
            beside = {} if other is None else found[other]
            yield from _notes(field.items.fields, right[place], beside, at, {}, f"{path}.")


def _pairs(judged: Judged) -> Pairs:
    """The matched items of the lists that are not in lists."""
    outer = [
        place for place, leaf in enumerate(judged.leaves) if isinstance(leaf.field, ListField) and not leaf.in_list
    ]
    rows = judged.rows.filter(
        pl.col("leaf").is_in(outer) & pl.col("item").is_not_null() & pl.col("predicted_item").is_not_null()
    )
    found: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for document, leaf, item, other in rows.select("document", "leaf", "item", "predicted_item").iter_rows():
        found[document, judged.leaves[leaf].path][item] = other
    return found


def _is_parallel(field: Field, noted: Any, value: Any) -> bool:
    return not isinstance(field, ListField) or (isinstance(noted, list) and len(noted) == len(value or []))


def _documents(table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for block in table.iter_slices(_BLOCK):
        yield from block.iter_rows(named=True)


def _has_value(value: Any) -> bool:
    return value is not None and value != [] and value == value
