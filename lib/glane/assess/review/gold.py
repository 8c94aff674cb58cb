"""From the corrections of reviewers to gold values, typed as the run's, and to how far reviewers agree."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.assess.arms import ARM, BLIND
from glane.assess.files import write_folder
from glane.assess.review.adjudication import read_adjudication
from glane.assess.review.agreement import agreement
from glane.assess.review.agreement_text import agreement_lines
from glane.assess.review.consensus import SOURCE, Settled, consensus, unsettled
from glane.assess.review.corrections import Corrections
from glane.assess.review.readings import Readings, read_readings
from glane.assess.review.record import AgreementSummary
from glane.assess.review.reviewed_sample import Sample, state_text, with_skipped
from glane.assess.sampling import IN_BULK, PROBABILITY, REVIEWER, STRATUM, WEIGHT
from glane.parquet import write_parquet
from glane.run.links import RunLink
from glane.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What reviews give."""

    table: pa.Table  # one row per reviewed document
    agreement: AgreementSummary  # counts by field, and between reviewers
    unsettled: Mapping[str, tuple[str, ...]]  # by document, the fields on which readers disagree and the first counts


def make_gold(
    task: Task, rows: pl.DataFrame, sample: Sample, reviews: Mapping[str, Corrections], *, id_column: str,
    clusters: Mapping[str, int] = {}, adjudicated: str | None = None,
) -> Gold:  # fmt: skip
    """Turn reviews into gold values.

    A document is reviewed when every field of its page is decided. Where several people reviewed a document and
    disagree, what the adjudicator decided counts, and without one the first file given. Probabilities and weights are
    those of the documents reviewed so far, from the sample as it was drawn (`glane.assess.review.reviewed_sample`).

    Args:
        task: of the run.
        rows: the result's columns of (at least) the documents that were reviewed.
        sample: what the page was made of.
        reviews: the corrections by the path of their file, in order.
        id_column: the name of the id.
        clusters: the number of the cluster of each document, where some go together (ids as text).
        adjudicated: the file that an adjudication page saved.

    Returns:
        A table with the id, the columns of each field of the page (`<field>`, `<field>__missing`, and as the task asks
        `__precision` and `__assertion`; records without what annotates their members), `inclusion_probability`,
        `weight`, `stratum`, `arm` and `reviewer`; `accepted_in_bulk`, the fields that one reader accepted together with
        all that was left of the document, where there are some; `documents_skipped`, how many of the sample, if some
        were; of several files also `<field>__source`: agreed,
        adjudicated, one_reader, or first_reader where they disagree and nothing settled it. And counts: see
        `glane.assess.review.agreement`, and how far the review is.

    Raises:
        DataError: for a document that the run does not have or the sample has otherwise, or a value that the task does
            not allow; it names the file, the document and the field, never the value.
    """
    readings = read_readings(task, rows, sample, reviews, id_column=id_column)
    adjudication = None
    if adjudicated is not None:
        adjudication = read_adjudication(adjudicated, readings, sample, run=next(iter(reviews.values())).run)
    found = consensus(readings, reviews, adjudication)
    probabilities = sample.probabilities(found)
    ids = {str(key): key for key in rows[id_column]}
    key_column = pl.Series(id_column, [ids[key] for key in found], rows.schema[id_column])
    state = sample.state(found, readings.values)
    table = _table(key_column, found, readings, probabilities, sample, with_sources=len(reviews) > 1)
    if state.skipped:
        table = with_skipped(table, len(state.skipped))
    counts = agreement(
        reviews, readings.values, readings.fields, sample=state, clusters=clusters,
        blind={name for name, one in sample.drawn.items() if one.arm == BLIND},
    )  # fmt: skip
    left = unsettled(found)
    return Gold(table=table, agreement=counts, unsettled=left)


def write_gold(folder: str | Path, gold: Gold, *, of: Sequence[RunLink] = ()) -> str:
    """Write `gold.parquet` and `agreement.json`, readable by their owner only; return lines about them.

    Raises:
        RunError: if the folder cannot be written.
    """
    target = Path(folder).expanduser()
    table = io.BytesIO()
    write_parquet(gold.table, table)  # not by way of Polars: the columns have the run's own Arrow types
    write_folder(folder, {"gold.parquet": table.getvalue(), "agreement.json": gold.agreement.as_json()}, of=of)
    said = f"{gold.table.num_rows} reviewed documents in {target / 'gold.parquet'}{state_text(gold.agreement.sample)}"
    return "\n".join([said, *agreement_lines(gold.agreement), *_unsettled_line(gold.unsettled), *_bulk_line(gold)])


def _unsettled_line(left: Mapping[str, tuple[str, ...]]) -> list[str]:
    """That the first file counts somewhere, and how to settle it; nothing where it counts nowhere."""
    if not left:
        return []
    num = sum(map(len, left.values()))
    return [
        f"readers disagree on {num} fields of {len(left)} documents, and nothing settles it: "
        "there the first file counts, and <field>__source says first_reader. To settle it: adjudicate=[…] with the "
        "same files, then adjudicated=… beside corrections"
    ]


def _bulk_line(gold: Gold) -> list[str]:
    """What was accepted without a look at each value; nothing where nothing was."""
    counts = {name: one.in_bulk for name, one in gold.agreement.fields.items() if one.in_bulk}
    if not counts:
        return []
    return [
        f"{sum(counts.values())} values were accepted together with all that was left of their documents, none of "
        f"them marked: {', '.join(f'{name} {num}' for name, num in counts.items())}. {IN_BULK} says which"
    ]


def _table(
    ids: pl.Series, found: Mapping[str, Settled], readings: Readings, probabilities: Mapping[str, float],
    sample: Sample, *, with_sources: bool,
) -> pa.Table:  # fmt: skip
    keys = ids.to_arrow()
    if pa.types.is_large_string(keys.type) or str(keys.type) == "string_view":
        keys = keys.cast(pa.string())
    arrays: dict[str, pa.Array] = {ids.name: keys}
    for column in itertools.chain.from_iterable(readings.kept.values()):
        cells = [one.row[column.name] for one in found.values()]
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        arrays[column.name] = pa.array(cells, plain).cast(column.type)
    for name in readings.fields if with_sources else ():
        arrays[f"{name}__{SOURCE}"] = pa.array([one.sources[name] for one in found.values()], pa.string())
    arrays[PROBABILITY] = pa.array([probabilities[name] for name in found], pa.float64())
    arrays[WEIGHT] = pa.array([1 / probabilities[name] for name in found], pa.float64())
    arrays[STRATUM] = pa.array([sample.drawn[name].stratum for name in found], pa.string())
    arrays[ARM] = pa.array([sample.drawn[name].arm for name in found], pa.string())
    if any(one.in_bulk for one in found.values()):
        arrays[IN_BULK] = pa.array([list(one.in_bulk) for one in found.values()], pa.list_(pa.string()))
    arrays[REVIEWER] = pa.array([one.reviewer for one in found.values()], pa.string())
    return pa.table(arrays)
