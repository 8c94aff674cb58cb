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
from pydantic import Field as Key
from pydantic import JsonValue, ValidationError, model_validator

from glane.assess.files import as_json, write_folder
from glane.assess.review.agreement import agreement
from glane.assess.review.data import without_evidence
from glane.assess.review.reviewed_sample import Sample, state_text
from glane.assess.sampling import PROBABILITY, REVIEWER, STRATUM, WEIGHT
from glane.errors import DataError, did_you_mean
from glane.task.answer import AnswerError, read_answer
from glane.task.arrow import Column, columns, row_values
from glane.task.fields import Field
from glane.task.locate import locate
from glane.task.task import PassSettings, Task
from glane.types import ExtractedValue, Missing
from glane.validation import Strict


class Decision(Strict):
    """What a reviewer says of one field."""

    decision: str = Key(pattern="^(accepted|corrected|missing)$")
    answer: JsonValue = None  # of a correction: the JSON form of an answer, without quotes
    reason: Missing | None = None  # of a field without value

    @model_validator(mode="after")
    def _whole(self) -> Decision:
        if (self.decision == "missing") != (self.reason is not None):
            raise ValueError("a reason stands with the decision missing, and only there")
        return self


class ReviewedDocument(Strict):
    """One document, and what was decided about its fields."""

    id: str
    inclusion_probability: float = Key(gt=0, le=1)
    stratum: str
    fields: Mapping[str, Decision]


class Corrections(Strict):
    """The file that the review page saves."""

    format: str = Key(pattern="^glane-corrections$")
    version: int = Key(ge=1, le=1)
    run: str
    page: str
    task: str
    reviewer: str = Key(min_length=1)
    saved: str
    fields: tuple[str, ...] = Key(min_length=1)
    sampled: int = Key(ge=1)
    documents: tuple[ReviewedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What reviews give."""

    table: pa.Table  # one row per reviewed document
    agreement: dict[str, Any]  # counts by field, and between reviewers


def read_corrections(path: str | Path, *, run: str) -> Corrections:
    """Read a file that the review page saved.

    Args:
        path: of the file.
        run: the digest of the run's fingerprint.

    Raises:
        DataError: if there is no such file, it holds no corrections, or they are those of another run.
    """
    try:
        found = Corrections.model_validate(json.loads(Path(path).read_bytes()))
    except OSError as error:
        raise DataError(f"corrections: {path}: {error.strerror or 'cannot be read'}.") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise DataError(f"{path}: not a file that the review page saved: {place}: {first['msg']}.") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: not a file that the review page saved: not JSON.") from None
    if found.run != run:
        raise DataError(
            f"{path}: these corrections belong to another run (fingerprint {found.run[:12]}…, here {run[:12]}…). "
            "Give the run.dir that the review page was made from."
        )
    if len({document.id for document in found.documents}) < len(found.documents):
        raise DataError(f"{path}: a document stands twice in this file.")
    return found


def make_gold(
    task: Task, rows: pl.DataFrame, sample: Sample, reviews: Mapping[str, Corrections], *, id_column: str
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

    Returns:
        A table with the id, the columns of each field of the page (`<field>`, `<field>__missing`, and as the task asks
        `__precision` and `__assertion`; records without what annotates their members), `inclusion_probability`,
        `weight`, `stratum` and `reviewer`. And counts: see `glane.assess.review.agreement`, and how far the review is.

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
        for document in review.documents:
            place = f"{path}: document {document.id!r}"
            if document.id not in by_id:
                raise DataError(f"{place}: the run has no usable document of this id.")
            sample.check(document.id, document.inclusion_probability, document.stratum, place=place)
            if strange := [name for name in document.fields if name not in fields]:
                raise DataError(f"{place}: no field {strange[0]!r} on this page. {did_you_mean(strange[0], fields)}")
            found = {
                name: _decided(task.fields[name], name, by_id[document.id], decision, kept, place)
                for name, decision in document.fields.items()
            }
            if len(found) == len(fields):
                values[path][document.id] = {key: cell for cells in found.values() for key, cell in cells.items()}
    reviewed = dict.fromkeys(name for found in values.values() for name in found)
    probabilities = sample.probabilities(reviewed)
    table = _table(reviews, values, by_id, rows.schema[id_column], id_column, kept, probabilities)
    counts = agreement(reviews, values, fields, kept)
    return Gold(table=table, agreement={"sample": sample.state(reviewed, values), **counts})


def write_gold(folder: str | Path, gold: Gold) -> str:
    """Write `gold.parquet` and `agreement.json`, readable by their owner only; return a line about them.

    Raises:
        RunError: if the folder cannot be written.
    """
    target = Path(folder).expanduser()
    table = io.BytesIO()
    pq.write_table(gold.table, table)  # not by way of Polars: the columns have the run's own Arrow types
    write_folder(folder, {"gold.parquet": table.getvalue(), "agreement.json": as_json(gold.agreement)})
    return (
        f"{gold.table.num_rows} reviewed documents in {target / 'gold.parquet'}{state_text(gold.agreement['sample'])}"
    )


def _common_fields(task: Task, reviews: Mapping[str, Corrections]) -> list[str]:
    (first, one), *others = reviews.items()
    for path, other in others:
        if other.page != one.page:  # two samples together have other probabilities than each has
            raise DataError(f"{path}: comes from another review page than {first}. Turn them into gold one by one.")
    if strange := [name for name in one.fields if name not in task.fields]:
        raise DataError(f"{first}: no field {strange[0]!r} in the run. {did_you_mean(strange[0], task.fields)}")
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
    probabilities: Mapping[str, float],
) -> pa.Table:  # fmt: skip
    chosen: dict[str, tuple[Corrections, ReviewedDocument, Mapping[str, Any]]] = {}
    for path, review in reviews.items():
        for document in review.documents:
            if document.id in values[path]:
                chosen.setdefault(document.id, (review, document, values[path][document.id]))
    ids = pl.Series(id_column, [by_id[key][id_column] for key in chosen], id_type).to_arrow()
    if pa.types.is_large_string(ids.type) or str(ids.type) == "string_view":
        ids = ids.cast(pa.string())
    arrays: dict[str, pa.Array] = {id_column: ids}
    for column in itertools.chain.from_iterable(kept.values()):
        cells = [found[column.name] for _, _, found in chosen.values()]
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        arrays[column.name] = pa.array(cells, plain).cast(column.type)
    arrays[PROBABILITY] = pa.array([probabilities[name] for name in chosen], pa.float64())
    arrays[WEIGHT] = pa.array([1 / probabilities[name] for name in chosen], pa.float64())
    arrays[STRATUM] = pa.array([document.stratum for _, document, _ in chosen.values()], pa.string())
    arrays[REVIEWER] = pa.array([review.reviewer for review, _, _ in chosen.values()], pa.string())
    return pa.table(arrays)
