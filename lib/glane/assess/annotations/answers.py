"""What people marked in Label Studio or brat, as right answers: typed as the run's, with the passages that they marked.

Fields of single values and of lists of them are read back. Records are not: annotation tools do not say which member
belongs to which record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from glane.assess.annotations.labels import labels_of, scalar_of
from glane.assess.annotations.listed import DOCUMENTS_FILE, read_listed
from glane.assess.annotations.said import EXPORTED, Said, brat_said, label_studio_said, said_digest
from glane.errors import DataError, did_you_mean, told
from glane.plain_values import json_values
from glane.regular import content_of
from glane.task.fields import BooleanField, Field, IntegerField, ListField, NumberField, ScalarField
from glane.task.kinds.field import AnswerError

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """What people say of one document."""

    id: str
    said: Sequence[Said] = field(default_factory=tuple)
    is_read: bool | None = None  # whether a person changed something or said that it was read; None: not told


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Right answers and their passages, as evaluations take them."""

    gold: pl.DataFrame  # the id, a column per field, <field>__precision of partial dates
    spans: pl.DataFrame  # id, field, item from 0, start, end
    num_untouched: int  # documents that are left out, as they stand as the export wrote them
    num_untold: int  # documents of which nothing tells whether a person changed them


def is_annotations(path: str | Path) -> bool:
    """Whether a path is a file of Label Studio or a folder of brat, and not a table."""
    place = Path(path).expanduser()
    return place.suffix == ".json" or (place.is_dir() and any(place.glob("*.ann")))


def annotation_files(path: str | Path) -> list[Path]:
    """The files of which annotations are read."""
    place = Path(path).expanduser()
    return sorted([*place.glob("*.ann"), *place.glob(DOCUMENTS_FILE)]) if place.is_dir() else [place]


def read_annotations(path: str | Path, fields: Mapping[str, Field], ids: pl.Series) -> Answers:
    """Read what people marked. `ids` are those of the run, with its name and type.

    A document that stands as the export wrote it is left out, unless somebody said that it was read: in the column
    `read` of brat's `documents.csv`, or by submitting it in Label Studio, whose annotations that were made of
    predictions without opening the document have no `lead_time`.
    brat shows passages only: a field without evidence of which nobody marked a passage has no right answers there.

    Raises:
        DataError: if the file is no export of Label Studio or the folder none of brat, nobody changed or read anything,
            or a label or a value is not allowed; it names the document and the field, never the value.
    """
    place = Path(path).expanduser()
    is_brat = place.is_dir()
    found = list(_brat(place) if is_brat else _label_studio(place))
    documents = [one for one in found if one.is_read is not False]
    known = {str(one): one for one in ids}
    if strange := [one.id for one in found if one.id not in known]:
        raise _not_in_run(place, strange, known)
    if twice := len(found) - len({one.id for one in found}):
        raise DataError(f"gold: {place}: {twice} documents are there more than once. Leave one of each.")
    if not documents:
        raise _nothing_read(place, len(found), is_brat=is_brat)
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
        given = [_values(place, document, name, one, labels[name]) for document in documents]
        columns |= _columns(name, one, [[value for value, _ in values] for values in given])
        for document, values in zip(documents, given, strict=True):
            spans += _spans(known[document.id], ids.name, name, one, [said for _, said in values])
    schema: dict[str, Any] = {
        ids.name: ids.dtype,
        "field": pl.String,
        "item": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
    }
    return Answers(
        gold=pl.DataFrame(columns),
        spans=pl.DataFrame(spans, schema=schema),
        num_untouched=len(found) - len(documents),
        num_untold=sum(one.is_read is None for one in documents),
    )


def _not_in_run(place: Path, strange: Sequence[str], known: Iterable[str]) -> DataError:
    """Ids that the run has not: of another run, or changed by a spreadsheet that took them for numbers."""
    without_zeros = {one.lstrip("0") for one in known if one.startswith("0")}
    if all(one in without_zeros for one in strange):
        return DataError(
            f"gold: {place}: {len(strange)} ids have lost the zeros that stand in front of them in the run. A "
            "spreadsheet drops these: there, ids must be cells of text. Fill in a fresh copy from glane export."
        )
    return DataError(f"gold: {place}: {len(strange)} documents are not in the run. Give annotations of its export.")


def _nothing_read(place: Path, num: int, *, is_brat: bool) -> DataError:
    """Nobody changed anything: a run compared with its own answers would be right in all of them."""
    if not num:
        return DataError(f"gold: {place}: nobody has annotated a document there. Annotate some, and export after that.")
    how = (
        f"write yes in the column read of its {DOCUMENTS_FILE}" if is_brat else "open it in Label Studio and submit it"
    )
    return DataError(
        f"gold: {place}: all {num} documents stand as glane export wrote them, with the answers of the run: compared "
        "with these, it would equal itself. Correct the documents that you read; of one that is right as it is, "
        f"{how}."
    )


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
        tasks = json_values(content_of(place))
        found = [
            (task["data"], [(one, tuple(label_studio_said(one.get("result", [])))) for one in task["annotations"]])
            for task in tasks
            if task.get("annotations")
        ]
        names = [str(data["id"]) for data, _ in found]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"gold: {place} is no export of Label Studio in its format JSON, of tasks that glane export made "
            f"({type(error).__name__})."
        ) from None
    for name, (data, given) in zip(names, found, strict=True):
        kept = [(one, said) for one, said in given if not one.get("was_cancelled")]
        truth = [(one, said) for one, said in kept if one.get("ground_truth")] or kept
        if len(truth) > 1:
            raise DataError(
                f"gold: {place}: document {told(name)} has {len(truth)} annotations. Mark one of them as ground truth "
                "in Label Studio."
            )
        for one, said in truth:
            yield Annotated(id=name, said=said, is_read=_is_submitted(one, said, data.get(EXPORTED)))


def _is_submitted(annotation: Mapping[str, Any], said: Sequence[Said], exported: object) -> bool | None:
    """Whether a person was at the document: Label Studio counts the seconds, but not where it copies predictions."""
    if annotation.get("lead_time") or annotation.get("ground_truth"):
        return True
    return None if exported is None else said_digest(said) != exported


def _brat(place: Path) -> Iterator[Annotated]:
    listed = read_listed(place)
    for path in sorted(place.glob("*.ann")):
        if path.stem not in listed:
            raise DataError(f"gold: {path} is none of the files in {DOCUMENTS_FILE}. Move it away.")
        known, said = listed[path.stem], tuple(brat_said(path.read_bytes(), path))
        is_read = known.is_read
        if is_read is None and known.exported is not None:
            is_read = said_digest(said) != known.exported
        yield Annotated(id=known.id, said=said, is_read=is_read)


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
