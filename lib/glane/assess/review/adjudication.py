"""What readers disagree on, as a page for an adjudicator, and what the adjudicator decided.

The page holds the text and the readings side by side, in random order: neither who gave which, nor which is the
model's. A reading that an adjudicator chooses is saved as if it were written anew: no other file is needed to read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glane.assess.files import write_folder
from glane.assess.review.corrections import Corrections, Decision, read_corrections
from glane.assess.review.data import answer_of, documents_shown, page_data
from glane.assess.review.page import render
from glane.assess.review.readings import Readings, Row, decided
from glane.assess.review.reviewed_sample import Sample
from glane.assess.review.same import category
from glane.errors import DataError, told
from glane.run.fingerprint import text_digest
from glane.task.task import Task
from glane.types import Toy

PAGE = "adjudication.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudication:
    """What an adjudicator decided."""

    reviewer: str
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]  # by document and field: the columns of the field


def shown_readings(readings: Readings, sample: Sample, *, seed: int = 0) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By document and field in dispute, the readings that differ, as decisions in random order.

    Documents are in the order of the sample. The order of the files says nothing: the same readings give the same page.
    """
    disputes = readings.disputes()
    generator = np.random.default_rng(seed)
    return {
        key: {name: _choices(readings, key, name, generator) for name in disputes[key]}
        for key in sample.drawn
        if key in disputes
    }


def _choices(readings: Readings, document: str, name: str, generator: np.random.Generator) -> list[dict[str, Any]]:
    field, rows = readings.fields[name], list(readings.of(document).values())
    written = sorted(((_decision(readings, name, row), row) for row in rows), key=lambda one: json.dumps(one[0]))
    # Where the rule is not transitive, all readings that are not equal: which of them to take is what is asked.
    distinct = {category(field, name, row): decision for decision, row in reversed(written)}
    choices = [distinct[key] for key in sorted(distinct)]
    return [choices[place] for place in generator.permutation(len(choices))]


def _decision(readings: Readings, name: str, row: Row) -> dict[str, Any]:
    reason = row.get(f"{name}__missing")
    if reason is not None:
        return {"decision": "missing", "reason": str(reason)}
    return {"decision": "given", "answer": answer_of(readings.fields[name], name, row)}


def digest_of(shown: Mapping[str, Any]) -> str:
    """What the page is made of, as a digest: a file of decisions on other readings does not have it."""
    return text_digest(json.dumps(shown, sort_keys=True))


def write_adjudication(
    folder: str | Path, task: Task, rows: Iterable[Mapping[str, Any]], readings: Readings, sample: Sample, *,
    id_column: str, text_column: str, run: str, context: Iterable[str], toy: Toy | None = None,
) -> str:  # fmt: skip
    """Write `adjudication.html`, readable by its owner only; return a line about it.

    Args:
        folder: Where it goes.
        task: Of the run.
        rows: Of the documents in dispute: their id, text and context.
        readings: Of two readers or more.
        sample: Of the review; the page keeps its order.
        id_column: The name of the id.
        text_column: The name of the text.
        run: The digest of the run's fingerprint.
        context: Columns to show beside the text.
        toy: What the page says first, if the model's answers are no results.

    Raises:
        RunError: if the folder cannot be written.
    """
    shown = shown_readings(readings, sample)
    if not shown:
        return "the readers agree on every field that two or more have read: there is nothing to adjudicate"
    by_id = {str(row[id_column]): row for row in rows}
    documents = [
        {**documents_shown(by_id[key], id_column, text_column, context), "blind": True, "readings": of_document}
        for key, of_document in shown.items()
    ]
    data = page_data(task, documents, list(readings.fields), run=run, toy=toy, adjudicates=digest_of(shown))
    write_folder(folder, {PAGE: render(data).encode()})
    num = sum(map(len, shown.values()))
    return (
        f"{num} fields of {len(shown)} documents on which readers disagree: open {Path(folder).expanduser() / PAGE} in "
        "a browser"
    )


def read_adjudication(path: str, readings: Readings, sample: Sample, *, run: str) -> Adjudication:
    """Read the file that an adjudication page saved.

    Raises:
        DataError: if it is none, is about other readings than these, or has a value that the task does not allow.
    """
    found = read_corrections(path, run=run)
    shown = shown_readings(readings, sample)
    if found.adjudicates is None:
        raise DataError(
            f"adjudicated: {path} holds the corrections of a reader. Give the file of an adjudication page."
        )
    if found.adjudicates != digest_of(shown):
        raise DataError(
            f"adjudicated: {path} decides on other readings than those of the files given as corrections. Give all "
            "files that its page was made of, as they were."
        )
    return Adjudication(reviewer=found.reviewer, values=_decided(found, readings, shown, path))


def _decided(
    found: Corrections, readings: Readings, shown: Mapping[str, Mapping[str, Any]], path: str
) -> dict[str, dict[str, dict[str, Any]]]:  # fmt: skip
    values: dict[str, dict[str, dict[str, Any]]] = {}
    for number, document in enumerate(found.documents, 1):
        place = f"{path}, number {number}: document {told(document.id)}"
        for name, decision in document.fields.items():
            if name not in shown.get(document.id, {}) or decision.decision not in ("given", "missing"):
                raise DataError(
                    f"{place}, field {told(name)}: nothing to adjudicate. Give the file as the page saved it."
                )
            chosen = _chosen(readings, document.id, name, decision)
            cells = (
                decided(readings.fields[name], name, {}, decision, readings.kept[name], place)
                if chosen is None
                else chosen
            )
            values.setdefault(document.id, {})[name] = cells
    return values


def _chosen(readings: Readings, document: str, name: str, decision: Decision) -> dict[str, Any] | None:
    """The columns of the reading that was chosen, as its reader left it; None if the adjudicator answered otherwise."""
    said: dict[str, Any] = {"decision": decision.decision}
    said |= {"answer": decision.answer} if decision.reason is None else {"reason": str(decision.reason)}
    for row in readings.of(document).values():
        if _decision(readings, name, row) == said:
            return {column.name: row[column.name] for column in readings.kept[name]}
    return None
