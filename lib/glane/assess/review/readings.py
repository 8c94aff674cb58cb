"""What reviewers said of each field, typed as the run's values.

What the model found and a reviewer accepted is taken from the run itself; what a reviewer wrote is checked against
the task as strictly as an answer of a model.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from glane.assess.arms import BLIND
from glane.assess.review.corrections import Corrections, Decision, ReviewedDocument
from glane.assess.review.data import shown_digest, without_evidence
from glane.assess.review.reviewed_sample import Sample
from glane.assess.review.same import is_same
from glane.errors import DataError, did_you_mean, told
from glane.task.answer import AnswerError, read_answer
from glane.task.arrow import Column, columns, row_values
from glane.task.fields import Field
from glane.task.locate import locate
from glane.task.task import PassSettings, Task
from glane.types import ExtractedValue

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What reviewers said of the documents that they reviewed whole."""

    fields: Mapping[str, Field]  # of the page
    kept: Mapping[str, list[Column]]  # the columns of each field in the gold
    values: Mapping[str, Mapping[str, Row]]  # by file and document

    def of(self, document: str) -> dict[str, Row]:
        """The readings of a document, by file."""
        return {path: rows[document] for path, rows in self.values.items() if document in rows}

    def disputes(self) -> dict[str, tuple[str, ...]]:
        """By document, the fields on which not all of its readings are the same; documents without any are left out."""
        documents = dict.fromkeys(key for rows in self.values.values() for key in rows)
        found = {}
        for key in documents:
            pairs = list(itertools.combinations(self.of(key).values(), 2))
            split = tuple(
                name for name, field in self.fields.items() if not all(is_same(field, name, *pair) for pair in pairs)
            )
            if split:
                found[key] = split
        return found


def read_readings(
    task: Task, rows: pl.DataFrame, sample: Sample, reviews: Mapping[str, Corrections], *, id_column: str
) -> Readings:  # fmt: skip
    """Read what reviewers said; arguments and errors are those of `glane.assess.review.gold.make_gold`."""
    by_id = {str(row[id_column]): row for row in rows.iter_rows(named=True)}
    for path, review in reviews.items():
        if review.adjudicates is not None:
            raise DataError(f"corrections: {path} is of an adjudicator. Give it as adjudicated={path}.")
        sample.check_size(review.sampled, place=path)
    fields = _common_fields(task, reviews)
    _check_readers(reviews)
    kept = _gold_columns(task, fields)
    values: dict[str, dict[str, Row]] = {}
    for path, review in reviews.items():
        values[path] = {}
        for number, document in enumerate(review.documents, 1):
            place = f"{path}, number {number}: document {told(document.id)}"
            if document.id not in by_id:
                raise DataError(f"{place}: the run has no usable document of this id.")
            sample.check(document.id, document.inclusion_probability, document.stratum, place=place)
            _check_fields(document, fields, place)
            _check_shown(document, place, is_blind=sample.drawn[document.id].arm == BLIND)
            _check_answers(document, {name: task.fields[name] for name in fields}, by_id[document.id], place)
            found = {
                name: decided(task.fields[name], name, by_id[document.id], decision, kept[name], place)
                for name, decision in document.fields.items()
            }
            if len(found) == len(fields):
                values[path][document.id] = {key: cell for cells in found.values() for key, cell in cells.items()}
    return Readings(fields={name: task.fields[name] for name in fields}, kept=kept, values=values)


def _check_readers(reviews: Mapping[str, Corrections]) -> None:
    """Check that two files are of two readers where they are of the same documents: agreement would be of one."""
    for (first, one), (second, other) in itertools.combinations(reviews.items(), 2):
        both = {document.id for document in one.documents} & {document.id for document in other.documents}
        if not both:
            continue
        is_copy = (one.saved, one.documents) == (other.saved, other.documents)
        if is_copy or one.reviewer.strip().casefold() == other.reviewer.strip().casefold():
            what = f"is a copy of {first}" if is_copy else f"and {first} are both of {told(other.reviewer)}"
            raise DataError(
                f"{second} {what}, and {len(both)} documents are in both: that is no second reading. Give one file of "
                "each reader, the last that was saved; where two readers have one name, let them save under different "
                "ones."
            )


def _check_fields(document: ReviewedDocument, fields: Sequence[str], place: str) -> None:
    if strange := [name for name in document.fields if name not in fields]:
        raise DataError(f"{place}: no field {told(strange[0])} on this page. {did_you_mean(strange[0], fields)}")


def _common_fields(task: Task, reviews: Mapping[str, Corrections]) -> list[str]:
    (first, one), *others = reviews.items()
    for path, other in others:
        if other.page != one.page:  # two samples together have other probabilities than each has
            raise DataError(f"{path}: comes from another review page than {first}. Turn them into gold one by one.")
    if strange := [name for name in one.fields if name not in task.fields]:
        raise DataError(f"{first}: no field {told(strange[0])} in the run. {did_you_mean(strange[0], task.fields)}")
    return [name for name in task.fields if name in one.fields]


def _gold_columns(task: Task, fields: Sequence[str]) -> dict[str, list[Column]]:
    """The columns of each field. Every field may carry a reason, for a reviewer may find no value."""
    bare = {name: without_evidence(task.fields[name]) for name in fields}
    plain = task.model_copy(
        update={"fields": bare, "confidence": False, "split": None, "passes": PassSettings(), "rules": ()}
    )
    found: dict[str, list[Column]] = {name: [] for name in fields}
    for column in columns(plain):
        found[column.field].append(column)
    category = pa.dictionary(pa.int32(), pa.string())
    for name, field in bare.items():
        if not field.missing:
            column = Column(field=name, name=f"{name}__missing", type=category, read=lambda one: one.missing)
            found[name].append(column)
    return found


def _check_shown(document: ReviewedDocument, place: str, *, is_blind: bool) -> None:
    """Check that a reader of the blind arm gave answers, and one of the other arm said what the model's are worth."""
    for name, decision in document.fields.items():
        if is_blind and decision.decision in ("accepted", "corrected"):
            raise DataError(
                f"{place}, field {name!r}: {decision.decision}, but its page held no answer of the model to accept or "
                "correct. Give the file as the page saved it."
            )
        if not is_blind and decision.decision == "given":
            raise DataError(
                f"{place}, field {name!r}: given without the model's answer, but its page showed one. Give the file as "
                "the page saved it."
            )


def _check_answers(document: ReviewedDocument, fields: Mapping[str, Field], row: Row, place: str) -> None:
    """Check that what was accepted or corrected was shown with the answers of this run."""
    is_accepted = any(one.decision == "accepted" for one in document.fields.values())
    if document.shown is None and is_accepted:
        raise DataError(
            f"{place}: accepted, and the file does not say which answers its page showed (shown). Give the file as the "
            "page saved it; one of the page of an earlier glane becomes right answers with that glane."
        )
    if document.shown is not None and document.shown != shown_digest(fields, row):
        raise DataError(
            f"{place}: its page showed other answers than those of this run, though both have the same fingerprint: "
            "what was accepted there is not known to be right here. Give the run.dir that the page was made from, or "
            "make a page of this run in another out.dir and review it."
        )


def decided(
    field: Field, name: str, row: Row, decision: Decision, kept: Sequence[Column], place: str
) -> dict[str, Any]:
    """The values of the field's columns `kept`, by a decision; `row` is the run's, for what was accepted.

    Raises:
        DataError: for a value or reason that the task does not allow, naming `place` and never the value.
    """
    if decision.decision == "accepted":
        return {column.name: _bare(row.get(column.name), column.type) for column in kept}
    if decision.reason is not None:
        if field.missing and decision.reason not in field.missing:
            raise DataError(
                f"{place}, field {name!r}: reason {str(decision.reason)!r} is none of the task's. "
                f"{did_you_mean(decision.reason, map(str, field.missing))}"
            )
        found = ExtractedValue(missing=decision.reason)
    else:
        text = json.dumps({name: decision.answer}, ensure_ascii=False)
        try:
            found = read_answer({name: without_evidence(field)}, locate(text))[name]
        except AnswerError as error:
            raise DataError(f"{place}, field {error}.") from None
    return row_values({name: found}, kept)


def _bare(value: Any, kind: pa.DataType) -> Any:
    """A value of the run without the members that the gold's type does not have."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_bare(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {part.name: _bare(value.get(part.name), part.type) for part in kind}
    return value
