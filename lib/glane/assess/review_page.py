"""The page on which people review a sample: one HTML file that holds everything and asks the network for nothing.

What of a run stands in the page is confidential: the files are to be as private as the run. Texts are data of the
page, never markup: they stand as JSON in a block that is not executed, with every sign that could end the block written
as an escape, and the page puts them on the screen as text only. A content security policy with the digests of the
page's own script and style forbids every other script, style and connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from glane.assess.files import as_parquet, write_folder
from glane.assess.sampling import PROBABILITY, REVIEWER, STRATUM, WEIGHT
from glane.errors import ConfigError, DataError, RunError, did_you_mean
from glane.task.fields import DateField, Field, ListField, ObjectField
from glane.task.schema import ASSERTION, MISSING, VALUE, wrapper_keys
from glane.task.task import Task

_PARTS = Path(__file__).parent / "review"
_SCRIPTS = ("words.js", "show.js", "editor.js", "review.js")
_KEYS = {"description", "nullable", "missing", "assertion", "type", "values", "labels", "minimum", "maximum"}
_KEYS |= {"max_length", "precision"}
# What could end the block, or be taken for a comment or an entity; the last two end a line of JavaScript.
_UNSAFE = re.compile("[<>&\u2028\u2029]")
_FORMULA = re.compile(r"^([=+@\t\r]|-(?!\d))")


def review_data(
    task: Task, rows: pl.DataFrame, sample: pl.DataFrame, *, id_column: str, text_column: str, run: str,
    fields: Sequence[str], context: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """Return what the page shows, as plain values of JSON.

    Args:
        task: of the run.
        rows: the result's columns of the documents of the sample, and their text.
        sample: as `glane.assess.sampling` draws it; the page keeps its order.
        id_column: the name of the id, in both.
        text_column: the name of the text.
        run: the digest of the run's fingerprint.
        fields: those to review.
        context: columns to show beside the text.

    Raises:
        DataError: if a passage is not in the text any more: the input changed after the run.
    """
    by_id = {row[id_column]: row for row in rows.iter_rows(named=True)}
    documents = []
    for drawn in sample.iter_rows(named=True):
        row = by_id[drawn[id_column]]
        text = row[text_column] or ""
        shown = {name: _field_data(name, task.fields[name], row, text) for name in fields}
        documents.append(
            {
                "id": str(drawn[id_column]),
                "text": text,
                "context": {name: str(row[name]) for name in context if row[name] is not None},
                "inclusion_probability": drawn[PROBABILITY],
                "stratum": drawn[STRATUM],
                "fields": shown,
            }
        )
    data = {
        "run": run,
        "task": task.name,
        "fields": {name: field_schema(task.fields[name]) for name in fields},
        "documents": documents,
    }
    return {**data, "page": hashlib.blake2b(json.dumps(data).encode(), digest_size=16).hexdigest()}


def render(data: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    style = _read("review.css")
    script = "\n".join(_read(name) for name in _SCRIPTS)
    parts = {"style": style, "script": script, "data": _embedded(data)}
    parts |= {"style_digest": _digest(style), "script_digest": _digest(script)}
    # One pass over the template: what is put in is not searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("review.html"))


def review_table(data: Mapping[str, Any]) -> pl.DataFrame:
    """The same for a spreadsheet: one row per document and field, with empty columns to fill in.

    A text that a spreadsheet would take for a formula has an apostrophe in front.
    """
    rows = []
    for document in data["documents"]:
        for name, shown in document["fields"].items():
            answer, quotes = shown["answer"], [one["quote"] for one in shown["passages"]]
            reason = answer.get(MISSING) if isinstance(answer, dict) else None
            bare = answer.get(VALUE, answer) if isinstance(answer, dict) else answer
            value = None if reason or bare is None else bare if isinstance(bare, str) else _json(bare)
            cells = {"value": value, "missing": reason, "quote": " | ".join(filter(None, quotes)) or None}
            rows.append(
                {"id": _cell(document["id"]), "field": name}
                | {key: _cell(cell) for key, cell in cells.items()}
                | {"confidence": shown["confidence"], "correct": None, "correction": None, "comment": None}
            )
    kinds = dict.fromkeys(("id", "field", "value", "missing", "quote"), pl.String) | {"confidence": pl.Float64}
    kinds |= dict.fromkeys(("correct", "correction", "comment"), pl.String)
    return pl.DataFrame(rows, schema=kinds)


def open_input(paths: Sequence[str]) -> pl.LazyFrame:
    """Return the input of a run.

    Raises:
        DataError: if a file is not where it was.
    """
    if gone := [path for path in paths if not Path(path).is_file()]:
        raise DataError(
            f"{gone[0]}: the input of the run is not there any more. A review shows its texts: put it back."
        )
    return pl.scan_parquet(list(paths))


def write_review(folder: str | Path, sample: pl.DataFrame, data: Mapping[str, Any]) -> str:
    """Write `sample.parquet`, `review.html` and `review.csv`, readable by their owner only; return a line about them.

    Raises:
        RunError: if the folder holds another sample, which reviews may need, or cannot be written.
    """
    target = Path(folder).expanduser()
    known = target / "sample.parquet"
    if known.exists() and not pl.read_parquet(known).equals(sample):
        raise RunError(f"out.dir: {target} holds another sample, which may be under review. Choose another out.dir.")
    table = review_table(data).write_csv(include_bom=True)
    page = render(data).encode()
    write_folder(folder, {known.name: as_parquet(sample), "review.html": page, "review.csv": table.encode()})
    return f"{sample.height} documents to review: open {target / 'review.html'} in a browser"


def chosen_fields(task: Task, fields: Sequence[str]) -> list[str]:
    """The fields to review, in the order of the task; all of them where none is named.

    Raises:
        ConfigError: for a name that is no field, or a field with the name of a column that the gold has beside them.
    """
    for name in fields:
        if name not in task.fields:
            raise ConfigError(f"fields: the run has no field {name!r}. {did_you_mean(name, task.fields)}")
    chosen = [name for name in task.fields if not fields or name in fields]
    if taken := [name for name in chosen if name in (PROBABILITY, WEIGHT, STRATUM, REVIEWER)]:
        raise ConfigError(
            f"fields: {taken[0]!r} is also a column of the sample, and the two would be taken for each other. "
            "Name the other fields, or rename this one in the task."
        )
    return chosen


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
    if isinstance(field, DateField) and field.precision == "partial":
        plain: Any = _at_precision(value, row[f"{name}__precision"])
    else:
        plain = _plain(field, value)
    keys = wrapper_keys(bare)
    return {VALUE: plain, **({ASSERTION: said} if ASSERTION in keys else {})} if keys else plain


def field_schema(field: Field) -> dict[str, Any]:
    """What the page must know of a field, as JSON."""
    schema: dict[str, Any] = field.model_dump(mode="json", include=_KEYS)
    if isinstance(field, ListField):
        schema["items"] = field_schema(field.items)
    elif isinstance(field, ObjectField):
        schema["fields"] = {name: field_schema(one) for name, one in field.fields.items()}
    return schema


def _plain(field: Field, value: Any) -> Any:
    """A value without what stands around it."""
    if value is None:
        return None
    match field:
        case ObjectField():
            return {name: answer_of(one, name, value) for name, one in field.fields.items()}
        case ListField():
            return [_plain(field.items, item) for item in value]
        case DateField():
            return _at_precision(value["date"], value["date__precision"]) if isinstance(value, dict) else str(value)
        case _:
            return value


def _at_precision(date: Any, precision: str) -> str:
    return str(date)[: {"year": 4, "month": 7, "day": 10}[precision]]


def _field_data(name: str, field: Field, row: Mapping[str, Any], text: str) -> dict[str, Any]:
    confidence, others = row.get(f"{name}__confidence"), row.get(f"{name}__conflicts") or []
    if isinstance(confidence, list):
        confidence = min((one for one in confidence if one is not None), default=None)
    return {
        "answer": answer_of(field, name, row),
        "confidence": confidence,
        "conflicts": [one if isinstance(one, str) else _json(one, default=str) for one in others],
        "passages": list(_passages(name, field, row, text, item=None, part=None)),
    }


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
    return len(text) + sum(character > "\uffff" for character in text)


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end its block. These signs occur in strings only, where an escape means the same."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", _json(data))


def _json(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)


def _cell(text: str | None) -> str | None:
    return f"'{text}" if text is not None and _FORMULA.match(text) else text


def _read(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _digest(part: str) -> str:
    return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
