"""What people marked in Label Studio or brat, as right answers: typed as the run's, with the passages that they marked.

Fields of single values and of lists of them are read back. Records are not: annotation tools do not say which member
belongs to which record.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from glane.errors import DataError, did_you_mean, told
from glane.exports.brat import DOCUMENTS_FILE
from glane.exports.labelstudio import LABEL, VALUE, WHOLE
from glane.exports.marked import labels_of, scalar_of
from glane.task.fields import BooleanField, Field, IntegerField, ListField, NumberField, ScalarField
from glane.task.kinds.field import AnswerError

_TRUTHS = {"true": True, "false": False}
_BRAT_SPAN = re.compile(r"T(\S+)\t(\S+) ([\d ;]+)\t(.*)")
_BRAT_NOTE = re.compile(r"#\S+\tAnnotatorNotes T(\S+)\t(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value that somebody gave; the offsets in code points, None where it is of the whole document."""

    label: str
    value: str | None  # None: the words of the passage say it
    words: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """What people say of one document."""

    id: str
    said: Sequence[Said] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Right answers and their passages, as evaluations take them."""

    gold: pl.DataFrame  # the id, a column per field, <field>__precision of partial dates
    spans: pl.DataFrame  # id, field, item from 0, start, end


def is_annotations(path: str | Path) -> bool:
    """Whether a path is a file of Label Studio or a folder of brat, and not a table."""
    place = Path(path).expanduser()
    return place.suffix == ".json" or (place.is_dir() and any(place.glob("*.ann")))


def read_annotations(path: str | Path, fields: Mapping[str, Field], ids: pl.Series) -> Answers:
    """Read what people marked. `ids` are those of the run, with its name and type.

    brat shows passages only: a field without evidence of which nobody marked a passage has no right answers there.

    Raises:
        DataError: if the file is no export of Label Studio or the folder none of brat, or a label or a value is not
            allowed; it names the document and the field, never the value.
    """
    place = Path(path).expanduser()
    is_brat = place.is_dir()
    documents = list(_brat(place) if is_brat else _label_studio(place))
    known = {str(one): one for one in ids}
    if strange := [one.id for one in documents if one.id not in known]:
        raise DataError(f"gold: {place}: {len(strange)} documents are not in the run. Give annotations of its export.")
    if twice := len(documents) - len({one.id for one in documents}):
        raise DataError(f"gold: {place}: {twice} documents are there more than once. Leave one of each.")
    labels, marked = labels_of(fields), {said.label for one in documents for said in one.said}
    _refuse_unknown(place, marked, labels)
    read = {
        name: one
        for name, one in fields.items()
        if scalar_of(one) is not None and (one.evidence or labels[name] in marked or not is_brat)
    }
    columns = {ids.name: pl.Series(ids.name, [known[one.id] for one in documents], ids.dtype)}
    spans: list[dict[str, Any]] = []
    for name, one in read.items():
        found = [_values(place, document, name, one, labels[name]) for document in documents]
        columns |= _columns(name, one, [[value for value, _ in values] for values in found])
        for document, values in zip(documents, found, strict=True):
            spans += _spans(known[document.id], ids.name, name, one, [said for _, said in values])
    schema: dict[str, Any] = {
        ids.name: ids.dtype,
        "field": pl.String,
        "item": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
    }
    return Answers(gold=pl.DataFrame(columns), spans=pl.DataFrame(spans, schema=schema))


def _refuse_unknown(place: Path, marked: Iterable[str], labels: Mapping[str, str]) -> None:
    """Labels of another task would count as if nobody had marked anything."""
    if strange := sorted(set(marked) - set(labels.values())):
        raise DataError(
            f"gold: {place}: the label {told(strange[0])} is none of this task's. "
            f"{did_you_mean(strange[0], labels.values())} Give annotations of an export of this task."
        )


def _label_studio(place: Path) -> Iterator[Annotated]:
    """The tasks that somebody annotated: the one marked as ground truth, or the only one that was not cancelled."""
    try:
        tasks = json.loads(place.read_text(encoding="utf-8"))
        found = [
            (task["data"]["id"], [(one, tuple(_regions(one.get("result", [])))) for one in task["annotations"]])
            for task in tasks
            if task.get("annotations")
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"gold: {place} is no export of Label Studio in its format JSON, of tasks that glane export made "
            f"({type(error).__name__})."
        ) from None
    for name, given in found:
        kept = [(one, said) for one, said in given if not one.get("was_cancelled")]
        truth = [said for one, said in kept if one.get("ground_truth")] or [said for _, said in kept]
        if len(truth) > 1:
            raise DataError(
                f"gold: {place}: document {told(name)} has {len(truth)} annotations. Mark one of them as ground truth "
                "in Label Studio."
            )
        if truth:
            yield Annotated(id=str(name), said=truth[0])


def _regions(result: Sequence[Mapping[str, Any]]) -> Iterator[Said]:
    values = {part["id"]: _texts(part["value"]["text"]) for part in result if part.get("from_name") == VALUE}
    for part in result:
        control, value = str(part.get("from_name")), part.get("value", {})
        if control == LABEL:
            given = next(iter(values.get(part["id"], ())), None)
            for label in value.get("labels", []):
                start, end = int(value["start"]), int(value["end"])
                yield Said(label=label, value=given, words=value.get("text"), start=start, end=end)
        elif control.startswith(WHOLE):
            for one in value.get("choices") or _texts(value.get("text")):
                yield Said(label=control.removeprefix(WHOLE), value=one)


def _texts(given: object) -> list[str]:
    """What was filled in; some exports have one text without a list around it."""
    if isinstance(given, str):
        return [given]
    return list(given) if isinstance(given, Sequence) else []


def _brat(place: Path) -> Iterator[Annotated]:
    listed = place / DOCUMENTS_FILE
    if not listed.is_file():
        raise DataError(f"gold: {place} has no {DOCUMENTS_FILE}, which glane export wrote there: put it back.")
    with listed.open(encoding="utf-8", newline="") as stream:
        ids = {row["file"]: row["id"] for row in csv.DictReader(stream)}
    for path in sorted(place.glob("*.ann")):
        if path.stem not in ids:
            raise DataError(f"gold: {path} is none of the files in {DOCUMENTS_FILE}. Move it away.")
        yield Annotated(id=ids[path.stem], said=tuple(_marks(path)))


def _marks(path: Path) -> Iterator[Said]:
    """The passages of a file. Its lines may end as those of Windows do."""
    lines = [line.removesuffix("\r") for line in path.read_bytes().decode("utf-8", "replace").split("\n")]
    notes = {found[1]: found[2] for line in lines if (found := _BRAT_NOTE.fullmatch(line))}
    for number, line in enumerate(lines, 1):
        if not line.startswith("T"):
            continue
        if (found := _BRAT_SPAN.fullmatch(line)) is None:
            raise DataError(f"gold: {path}: line {number} is no passage as brat writes one. Mark it again in brat.")
        ends = [int(one) for one in re.findall(r"\d+", found[3])]
        yield Said(label=found[2], value=_value_of(notes.get(found[1])), words=found[4], start=min(ends), end=max(ends))


def _value_of(note: str | None) -> str | None:
    """A value as it was written, or as JSON; somebody may write quotation marks of their own."""
    if note is None or not note.startswith('"'):
        return note
    try:
        return str(json.loads(note))
    except ValueError:
        return note


def _values(
    place: Path, document: Annotated, name: str, one: Field, label: str
) -> list[tuple[tuple[object, str | None], Said]]:
    """The values of a field with who said them, each once; in the order of the text."""
    said = sorted((found for found in document.said if found.label == label), key=lambda found: found.start or 0)
    inner = scalar_of(one)
    assert inner is not None
    found = [(_read(place, document, name, inner, each), each) for each in said]
    if isinstance(one, ListField):
        return found
    if len({value for value, _ in found}) > 1:
        raise DataError(f"gold: {place}: document {told(document.id)} has several values of {name}. Leave one.")
    return found


def _read(place: Path, document: Annotated, name: str, inner: ScalarField, said: Said) -> tuple[object, str | None]:
    """A value of the field's type, and its precision."""
    text = said.value if said.value is not None else said.words or ""
    if said.value is None and isinstance(inner, BooleanField):
        text = "true"  # a passage that is marked says yes
    try:
        value = _as_json(inner, text)
        return inner.read(value, name), inner.precision_of(value)
    except (AnswerError, ValueError):
        raise DataError(
            f"gold: {place}: document {told(document.id)} has a value of {name} that the task does not allow. Correct "
            "it where it was marked."
        ) from None


def _as_json(inner: ScalarField, text: str) -> Any:
    """A text as an answer of a model would write it."""
    if isinstance(inner, BooleanField):
        return _TRUTHS.get(text.strip().lower(), text)
    if isinstance(inner, IntegerField):
        return int(text)
    return float(text) if isinstance(inner, NumberField) else text


def _columns(name: str, one: Field, found: Sequence[Sequence[tuple[object, str | None]]]) -> dict[str, pl.Series]:
    inner = scalar_of(one)
    assert inner is not None
    kind = inner.arrow_type(nested=True)
    if isinstance(one, ListField):
        if inner.has_precision:
            kind = pa.struct([pa.field("date", kind), pa.field("date__precision", pa.string())])
            items: list[Any] = [[{"date": value, "date__precision": how} for value, how in each] for each in found]
        else:
            items = [[value for value, _ in each] for each in found]
        return {name: _series(name, items, pa.list_(kind))}
    columns = {name: _series(name, [each[0][0] if each else None for each in found], kind)}
    if inner.has_precision:
        beside = f"{name}__precision"
        columns[beside] = _series(beside, [each[0][1] if each else None for each in found], pa.string())
    return columns


def _series(name: str, values: Sequence[Any], kind: pa.DataType) -> pl.Series:
    return cast(pl.Series, pl.from_arrow(pa.array(values, kind))).rename(name)


def _spans(key: object, id_name: str, name: str, one: Field, said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        {
            id_name: key,
            "field": name,
            "item": number if isinstance(one, ListField) else None,
            "start": each.start,
            "end": each.end,
        }
        for number, each in enumerate(said)
        if each.start is not None
    ]
