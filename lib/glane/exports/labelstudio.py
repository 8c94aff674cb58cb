"""Label Studio: tasks with predictions, and the interface that shows them. Offsets are code points, as its editor's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from glane.assess.annotations.labels import labels_of, scalar_of
from glane.assess.annotations.said import EXPORTED, LABEL, VALUE, WHOLE, label_studio_said, said_digest
from glane.exports.bundle import Bundle
from glane.exports.marked import Marked, Span, marked_documents
from glane.exports.target import Options
from glane.exports.warnings import warnings_of
from glane.task.fields import BooleanField, EnumField, Field, ListField, ScalarField

TASKS, INTERFACE = "tasks.json", "interface.xml"


def write_labelstudio(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write `tasks.json` and `interface.xml`. Return what cannot be shown, and what counts as gold.

    Raises:
        RunError: if rows are of groups of documents.
    """
    documents, lost = marked_documents(bundle, target="labelstudio")
    warnings = " ".join(warnings_of(bundle.origin))
    version = f"{bundle.origin.model} {bundle.origin.fingerprint}{f' ({warnings})' if warnings else ''}"
    tasks = [_task(one, bundle.fields, version) for one in documents]
    (folder / TASKS).write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / INTERFACE).write_bytes(_interface(bundle.fields))
    return [
        *([f"{lost} values of records have no passage, and are not shown"] if lost else []),
        "a document counts as gold once a person has submitted it, changed or not",
    ]


def choices_of(field: ScalarField) -> tuple[str, ...]:
    """The values that a field is chosen from; none if it is written."""
    return field.categories if isinstance(field, BooleanField | EnumField) else ()


def _task(one: Marked, fields: Mapping[str, Field], version: str) -> dict[str, Any]:
    result = [part for number, span in enumerate(one.spans, 1) for part in _region(span, one.text, number)]
    result += list(_whole(one, fields))
    shown = {"id": one.id, "text": one.text, "status": one.status, "reason": one.reason}
    return {
        "data": {**shown, EXPORTED: said_digest(label_studio_said(result))},
        "predictions": [{"model_version": version, "result": result}],
    }


def _region(span: Span, text: str, number: int) -> Iterator[dict[str, Any]]:
    """A passage, and its value: a text of its own on the same region."""
    place = {"start": span.start, "end": span.end}
    shared = {"id": f"r{number}", "to_name": "text"}
    passage = text[span.start : span.end]
    yield {**shared, "from_name": LABEL, "type": "labels", "value": {**place, "text": passage, "labels": [span.label]}}
    yield {**shared, "from_name": VALUE, "type": "textarea", "value": {**place, "text": [span.value]}}


def _whole(one: Marked, fields: Mapping[str, Field]) -> Iterator[dict[str, Any]]:
    by_label = {label: fields[name] for name, label in labels_of(fields).items() if name in fields}
    for label, values in one.whole.items():
        inner = scalar_of(by_label[label])
        assert inner is not None
        what = "choices" if choices_of(inner) else "textarea"
        value = {"choices": list(values)} if what == "choices" else {"text": list(values)}
        yield {"id": f"w{label}", "from_name": f"{WHOLE}{label}", "to_name": "text", "type": what, "value": value}


def _interface(fields: Mapping[str, Field]) -> bytes:
    labels = labels_of(fields)
    root = Element("View")
    marks = SubElement(root, "Labels", {"name": LABEL, "toName": "text"})
    for name, label in labels.items():
        SubElement(marks, "Label", {"value": label, "hint": name})
    SubElement(root, "Style").text = ".htx-text{white-space:pre-wrap;}"
    SubElement(root, "Text", {"name": "text", "value": "$text"})
    SubElement(root, "TextArea", {"name": VALUE, "toName": "text", "perRegion": "true", "maxSubmissions": "1"})
    for name, field in fields.items():
        inner = scalar_of(field)
        if inner is not None:
            _control(root, labels[name], inner, is_list=isinstance(field, ListField))
    ElementTree.indent(root)
    found: bytes = ElementTree.tostring(root, encoding="utf-8")
    return found


def _control(root: Element, label: str, inner: ScalarField, *, is_list: bool) -> None:
    """What is filled in for a whole document: a field without a passage."""
    shared = {"name": f"{WHOLE}{label}", "toName": "text"}
    SubElement(root, "Header", {"value": label})
    if choices := choices_of(inner):
        chosen = SubElement(root, "Choices", {**shared, "choice": "multiple" if is_list else "single-radio"})
        for value in choices:
            SubElement(chosen, "Choice", {"value": value})
    else:
        SubElement(root, "TextArea", {**shared, **({} if is_list else {"maxSubmissions": "1"})})
