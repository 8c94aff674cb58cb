"""What the review page shows: answers of a run as a reviewer would write them, and the passages that support them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import polars as pl

from glane.assess.arms import ARM, BLIND
from glane.assess.sampling import PROBABILITY, STRATUM
from glane.errors import DataError
from glane.run.fingerprint import text_digest
from glane.task.fields import Field, ListField, ObjectField
from glane.task.schema import ASSERTION, MISSING, VALUE, wrapper_keys
from glane.task.signs import OF_FIELDS, OF_PLACES, field_of
from glane.task.task import Task
from glane.toys import notice
from glane.types import LOOKUP, NORMALISED, Language, Toy

# Keys that only the model needs, or that the page gets otherwise. All others go to the page, for every kind.
_NOT_SHOWN = {"evidence", "merge", "items", "fields", "min_items", "max_items", "keys", "similarity"}


def review_data(
    task: Task, rows: pl.DataFrame | Iterable[Mapping[str, Any]], sample: pl.DataFrame, *, id_column: str,
    text_column: str, run: str, fields: Sequence[str], context: Sequence[str], toy: Toy | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what the page shows, as plain values of JSON.

    Args:
        task: of the run.
        rows: the result's columns of the documents of the sample, and their text; as a table or row by row.
        sample: as `glane.assess.sampling` draws it, with the column `arm`; the page keeps its order. Of a document of
            the blind arm the page gets what a reader needs, and nothing that tells of the model's answer: neither
            answers and passages nor stratum and probability, which a sample by answer or by doubt has from the model.
        id_column: the name of the id, in both.
        text_column: the name of the text.
        run: the digest of the run's fingerprint.
        fields: those to review.
        context: columns to show beside the text.
        toy: what the page says first, if the answers are no results.

    Raises:
        DataError: if a passage is not in the text any more: the input changed after the run.
    """
    named = rows.iter_rows(named=True) if isinstance(rows, pl.DataFrame) else rows
    by_id = {row[id_column]: row for row in named}
    documents = []
    for drawn in sample.iter_rows(named=True):
        row = by_id[drawn[id_column]]
        text = row[text_column] or ""
        shown = {name: _field_data(name, task.fields[name], row, text) for name in fields}
        needed = documents_shown(row, id_column, text_column, context)
        of_model = {
            "inclusion_probability": drawn[PROBABILITY],
            "stratum": drawn[STRATUM],
            "broken_rules": row.get("broken_rules") or [],
            "suspicious": row.get("suspicious") or [],
            "shown": shown_digest({name: task.fields[name] for name in fields}, row),
            "fields": shown,
        }
        documents.append(needed | ({"blind": True} if drawn.get(ARM) == BLIND else of_model))
    return page_data(task, documents, fields, run=run, toy=toy)


def documents_shown(
    row: Mapping[str, Any], id_column: str, text_column: str, context: Iterable[str]
) -> dict[str, Any]:  # fmt: skip
    """What every reader needs of a document: the id, the text, and what the model was told beside it."""
    return {
        "id": str(row[id_column]),
        "text": row[text_column] or "",
        "context": {name: str(row[name]) for name in context if row[name] is not None},
    }


def page_data(
    task: Task, documents: Sequence[Mapping[str, Any]], fields: Sequence[str], *, run: str, toy: Toy | None = None,
    adjudicates: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a page holds; `adjudicates` says which readings its documents are in dispute about."""
    data: dict[str, Any] = {
        "run": run,
        "task": task.name,
        "language": task.language,
        "fields": {name: field_schema(task.fields[name]) for name in fields},
        "documents": list(documents),
    }
    if adjudicates is not None:
        data["adjudicates"] = adjudicates
    if toy is not None:
        data["notice"] = {language: notice(toy, language) for language in get_args(Language)}
    return {**data, "page": text_digest(json.dumps(data))}


def without_evidence(field: Field) -> Field:
    """The field as a reviewer fills it in: no quotes, and lists as long as need be, for merged ones may be long."""
    changes: dict[str, Any] = {"evidence": False}
    if isinstance(field, ListField):
        changes |= {"items": without_evidence(field.items), "max_items": 10_000}
    elif isinstance(field, ObjectField):
        changes |= {"fields": {name: without_evidence(one) for name, one in field.fields.items()}}
    return field.model_copy(update=changes)


def answer_of(field: Field, name: str, row: Mapping[str, Any]) -> Any:
    """What a row of the result says of a field, in the JSON form of an answer to `without_evidence(field)`."""
    value, reason, said = row[name], row.get(f"{name}__missing"), row.get(f"{name}__assertion")
    if value is None:
        return {MISSING: reason} if reason else None
    bare = without_evidence(field)
    if isinstance(field, ListField):
        items = [_plain(field.items, item) for item in value]
        if not wrapper_keys(bare):
            return items
        return [{VALUE: item, ASSERTION: one} for item, one in zip(items, said or [None] * len(items), strict=True)]
    plain = _plain(field, value, row.get(f"{name}__precision"))
    keys = wrapper_keys(bare)
    return {VALUE: plain, **({ASSERTION: said} if ASSERTION in keys else {})} if keys else plain


def shown_digest(fields: Mapping[str, Field], row: Mapping[str, Any]) -> str:
    """The digest of the answers that a page shows of a row: what is accepted there is right of these answers only.

    Two runs with the same fingerprint may answer otherwise, as sampling and the arithmetic of a device do.
    """
    answers = [[name, answer_of(field, name, row)] for name, field in fields.items()]
    return text_digest(compact(answers, sort_keys=True))


def field_schema(field: Field) -> dict[str, Any]:
    """What the page must know of a field, as JSON."""
    schema: dict[str, Any] = field.model_dump(mode="json", exclude=_NOT_SHOWN)
    if isinstance(field, ListField):
        schema["items"] = field_schema(field.items)
    elif isinstance(field, ObjectField):
        schema["fields"] = {name: field_schema(one) for name, one in field.fields.items()}
    return schema


def _plain(field: Field, value: Any, precision: str | None = None) -> Any:
    """A value without what stands around it."""
    if value is None:
        return None
    if isinstance(field, ObjectField):
        return {name: answer_of(one, name, value) for name, one in field.fields.items()}
    if isinstance(field, ListField):
        return [_plain(field.items, item) for item in value]
    if isinstance(value, dict):  # an item with its precision beside it
        value, precision = value["date"], value["date__precision"]
    return field.written(value, precision)


def _field_data(name: str, field: Field, row: Mapping[str, Any], text: str) -> dict[str, Any]:
    confidence, others = row.get(f"{name}__confidence"), row.get(f"{name}__conflicts") or []
    if isinstance(confidence, list):
        confidence = min((one for one in confidence if one is not None), default=None)
    return {
        "answer": answer_of(field, name, row),
        "confidence": confidence,
        "signs": [sign for sign in OF_FIELDS if name in map(field_of, row.get(sign) or [])],
        "places": {sign: [one for one in row.get(sign) or [] if field_of(one) == name] for sign in OF_PLACES},
        "conflicts": [one if isinstance(one, str) else compact(one, default=str) for one in others],
        "passages": list(_passages(name, field, row, text, item=None, part=None)),
        "derived": list(_derived(name, field, row, name)),
    }


def _derived(name: str, field: Field, row: Mapping[str, Any], place: str) -> Iterator[str]:
    """What is derived of the values of a field and of all inside it, in a line each: a code, a date, a quantity."""
    for what in (LOOKUP, NORMALISED):
        found = row.get(f"{name}__{what}")
        for at, one in enumerate(found if isinstance(found, list) else [found]):
            if one is not None:
                yield f"{place}{f'[{at + 1}]' if isinstance(found, list) else ''} → {_told(one, what)}"
    inner = field.items if isinstance(field, ListField) else field
    if isinstance(inner, ObjectField) and row[name] is not None:
        is_list = isinstance(field, ListField)
        for at, record in enumerate(row[name] if is_list else [row[name]]):
            for key, one in inner.fields.items():
                if record is not None:
                    yield from _derived(key, one, record, f"{place}{f'[{at + 1}]' if is_list else ''}.{key}")


def _told(found: Mapping[str, Any], what: str) -> str:
    if what == LOOKUP:
        entry = " ".join(filter(None, (found["code"], found["label"])))
        return " · ".join(filter(None, (entry, found["how"], ", ".join(found["candidates"] or ()))))
    if found["reason"] is not None:
        return f"({found['reason']})"
    if "date" in found:
        return " ".join(
            str(one) for one in (found["date"], found["time"], f"({found['precision']})") if one is not None
        )
    bounds = dict.fromkeys("" if one is None else f"{one:g}" for one in (found["low"], found["high"]))
    return " ".join(filter(None, ("≈" if found["approximate"] else "", "…".join(bounds), found["unit"])))


def _passages(
    name: str, field: Field, row: Mapping[str, Any], text: str, *, item: int | None, part: str | None
) -> Iterator[dict[str, Any]]:
    """The evidence of a field and of all inside it, with the item of the list and the part of it that it supports."""
    found = row.get(f"{name}__evidence")
    if isinstance(field, ListField):
        for index, one in enumerate(found or []):
            yield from _passage(one, text, index if item is None else item, part)
    else:
        yield from _passage(found, text, item, part)
    inner = field.items if isinstance(field, ListField) else field
    if isinstance(inner, ObjectField) and row[name] is not None:
        records = row[name] if isinstance(field, ListField) else [row[name]]
        for index, record in enumerate(records):
            here = index if isinstance(field, ListField) and item is None else item
            for key, one in inner.fields.items():
                if record is not None:
                    inside = f"{part}.{key}" if part else key
                    yield from _passages(key, one, record, text, item=here, part=inside)


def _passage(
    found: Mapping[str, Any] | None, text: str, item: int | None, part: str | None
) -> Iterator[dict[str, Any]]:
    if found is None:
        return
    start, end = found["start"], found["end"]
    if start is not None and text[start:end] != found["quote"]:
        raise DataError("the input is not what it was: its texts changed after the run. Give the run its input back.")
    yield {
        "start": None if start is None else _utf16(text[:start]),
        "end": None if end is None else _utf16(text[:end]),
        "quote": found["quote"],
        "alignment": found["alignment"],
        "item": item,
        "part": part,
    }


def _utf16(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text.encode("utf-16-le")) // 2


def compact(value: Any, **options: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)
