"""Documents with what is said of them, as annotation tools show it: passages with a label and a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glane.assess.annotations.labels import labels_of, scalar_of
from glane.errors import RunError
from glane.exports.bundle import Bundle
from glane.exports.statements import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A passage that shows a value; offsets in code points of the text."""

    label: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One document: its passages, and the values of fields that have none, by label."""

    id: str | int
    text: str
    status: str
    reason: str | None
    spans: Sequence[Span]
    whole: Mapping[str, Sequence[str]]


def marked_documents(bundle: Bundle, *, target: str) -> tuple[list[Marked], int]:
    """The documents with their values, and how many values of records have no passage, and stand nowhere.

    Raises:
        RunError: if rows are of groups of documents.
    """
    if bundle.is_grouped:
        raise RunError(
            f"to={target}: a row of this run is of several documents, and annotation tools show one. Use to=omop, or a "
            "run without data.group_by."
        )
    assert bundle.texts is not None
    labels = labels_of(bundle.fields)
    whole = {name for name, field in bundle.fields.items() if scalar_of(field) is not None}
    told = statements(bundle).select("id", "field", "value", "start", "end").partition_by("id", as_dict=True)
    found, lost = [], 0
    texts = bundle.texts.select("id", "text").join(bundle.statuses(), on="id", how="left", maintain_order="left")
    for name, text, status, reason in texts.iter_rows():
        rows = list(told[(name,)].iter_rows(named=True)) if (name,) in told else []
        spans = [_span(row, labels) for row in rows if row["start"] is not None and row["field"] in labels]
        beside: dict[str, list[str]] = {}
        for row in rows:
            if row["start"] is None or row["field"] not in labels:
                lost += row["field"] not in whole
                if row["field"] in whole:
                    beside.setdefault(labels[row["field"]], []).append(row["value"])
        found.append(Marked(id=name, text=text or "", status=status, reason=reason, spans=spans, whole=beside))
    return found, lost


def _span(row: Mapping[str, Any], labels: Mapping[str, str]) -> Span:
    return Span(label=labels[row["field"]], value=row["value"], start=row["start"], end=row["end"])
