"""From the corrections of reviewers to gold values, typed as the run's, and to how far reviewers agree.

What the model found and a reviewer accepted is taken from the run itself; what a reviewer wrote is checked against
the task as strictly as an answer of a model.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glane.assess.arms import ARM, BLIND
from glane.assess.files import write_folder
from glane.assess.review.agreement import agreement
from glane.assess.review.agreement_text import agreement_lines
from glane.assess.review.corrections import Corrections, Decision, ReviewedDocument
from glane.assess.review.data import without_evidence
from glane.assess.review.record import AgreementSummary
from glane.assess.review.reviewed_sample import Sample, state_text
from glane.assess.sampling import PROBABILITY, REVIEWER, STRATUM, WEIGHT
from glane.errors import DataError, did_you_mean, told
from glane.task.answer import AnswerError, read_answer
from glane.task.arrow import Column, columns, row_values
from glane.task.fields import Field
from glane.task.locate import locate
from glane.task.task import PassSettings, Task
from glane.types import ExtractedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What reviews give."""

    table: pa.Table  # one row per reviewed document
    agreement: AgreementSummary  # counts by field, and between reviewers


def make_gold(
    task: Task, rows: pl.DataFrame, sample: Sample, reviews: Mapping[str, Corrections], *, id_column: str,
    clusters: Mapping[str, int] = {},
) -> Gold:  # fmt: skip
    """Turn reviews into gold values.

    A document is reviewed when every field of its page is decided. Of a document that several people reviewed, the
    first file given counts: give the agreed one first. Probabilities and weights are those of the documents reviewed so
    far, from the sample as it was drawn (`glane.assess.review.reviewed_sample`).

    Args:
        task: of the run.
        rows: the result's columns of (at least) the documents that were reviewed.
        sample: what the page was made of.
        reviews: the corrections by the path of their file, in order.
        id_column: the name of the id.
        clusters: the number of the cluster of each document, where some go together (ids as text).

    Returns:
        A table with the id, the columns of each field of the page (`<field>`, `<field>__missing`, and as the task asks
        `__precision` and `__assertion`; records without what annotates their members), `inclusion_probability`,
        `weight`, `stratum`, `arm` and `reviewer`. And counts: see `glane.assess.review.agreement`, and how far the
        review is.

    Raises:
        DataError: for a document that the run does not have or the sample has otherwise, or a value that the task does
            not allow; it names the file, the document and the field, never the value.
    """
    by_id = {str(row[id_column]): row for row in rows.iter_rows(named=True)}
    for path, review in reviews.items():
        sample.check_size(review.sampled, place=path)
    fields = _common_fields(task, reviews)
    kept = _gold_columns(task, fields)
    values: dict[str, dict[str, dict[str, Any]]] = {}  # by file and document
    for path, review in reviews.items():
        values[path] = {}
        for number, document in enumerate(review.documents, 1):
            place = f"{path}, number {number}: document {told(document.id)}"
            if document.id not in by_id:
                raise DataError(f"{place}: the run has no usable document of this id.")
            sample.check(document.id, document.inclusion_probability, document.stratum, place=place)
            if strange := [name for name in document.fields if name not in fields]:
                raise DataError(
                    f"{place}: no field {told(strange[0])} on this page. {did_you_mean(strange[0], fields)}"
                )
            _check_shown(document, place, is_blind=sample.drawn[document.id].arm == BLIND)
            found = {
                name: _decided(task.fields[name], name, by_id[document.id], decision, kept, place)
                for name, decision in document.fields.items()
            }
            if len(found) == len(fields):
                values[path][document.id] = {key: cell for cells in found.values() for key, cell in cells.items()}
    reviewed = dict.fromkeys(name for found in values.values() for name in found)
    probabilities = sample.probabilities(reviewed)
    table = _table(reviews, values, by_id, rows.schema[id_column], id_column, kept, probabilities, sample)
    counts = agreement(
        reviews, values, {name: task.fields[name] for name in fields}, sample=sample.state(reviewed, values),
        blind={name for name, one in sample.drawn.items() if one.arm == BLIND}, clusters=clusters,
    )  # fmt: skip
    return Gold(table=table, agreement=counts)


def write_gold(folder: str | Path, gold: Gold) -> str:
    """Write `gold.parquet` and `agreement.json`, readable by their owner only; return lines about them.

    Raises:
        RunError: if the folder cannot be written.
    """
    target = Path(folder).expanduser()
    table = io.BytesIO()
    pq.write_table(gold.table, table)  # not by way of Polars: the columns have the run's own Arrow types
    write_folder(folder, {"gold.parquet": table.getvalue(), "agreement.json": gold.agreement.as_json()})
    said = f"{gold.table.num_rows} reviewed documents in {target / 'gold.parquet'}{state_text(gold.agreement.sample)}"
    return "\n".join([said, *agreement_lines(gold.agreement)])


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


def _decided(
    field: Field, name: str, row: Mapping[str, Any], decision: Decision, kept: Mapping[str, list[Column]], place: str
) -> dict[str, Any]:
    """The values of the field's columns."""
    if decision.decision == "accepted":
        return {column.name: _bare(row.get(column.name), column.type) for column in kept[name]}
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
    return row_values({name: found}, kept[name])


def _bare(value: Any, kind: pa.DataType) -> Any:
    """A value of the run without the members that the gold's type does not have."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_bare(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {part.name: _bare(value.get(part.name), part.type) for part in kind}
    return value


def _table(
    reviews: Mapping[str, Corrections], values: Mapping[str, Mapping[str, Mapping[str, Any]]],
    by_id: Mapping[str, Mapping[str, Any]], id_type: pl.DataType, id_column: str, kept: Mapping[str, list[Column]],
    probabilities: Mapping[str, float], sample: Sample,
) -> pa.Table:  # fmt: skip
    chosen: dict[str, tuple[Corrections, Mapping[str, Any]]] = {}
    for path, review in reviews.items():
        for document in review.documents:
            if document.id in values[path]:
                chosen.setdefault(document.id, (review, values[path][document.id]))
    ids = pl.Series(id_column, [by_id[key][id_column] for key in chosen], id_type).to_arrow()
    if pa.types.is_large_string(ids.type) or str(ids.type) == "string_view":
        ids = ids.cast(pa.string())
    arrays: dict[str, pa.Array] = {id_column: ids}
    for column in itertools.chain.from_iterable(kept.values()):
        cells = [found[column.name] for _, found in chosen.values()]
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        arrays[column.name] = pa.array(cells, plain).cast(column.type)
    arrays[PROBABILITY] = pa.array([probabilities[name] for name in chosen], pa.float64())
    arrays[WEIGHT] = pa.array([1 / probabilities[name] for name in chosen], pa.float64())
    arrays[STRATUM] = pa.array([sample.drawn[name].stratum for name in chosen], pa.string())
    arrays[ARM] = pa.array([sample.drawn[name].arm for name in chosen], pa.string())
    arrays[REVIEWER] = pa.array([review.reviewer for review, _ in chosen.values()], pa.string())
    return pa.table(arrays)
