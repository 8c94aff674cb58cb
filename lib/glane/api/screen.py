"""`glane.screen`: people read documents of a run until nearly all cases are certain to be among those they read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.api.numbers import check_numbers
from glane.api.screen_batches import adjudicate_batch, take_answers, write_batch
from glane.api.screen_question import Asked
from glane.api.sources import Names, RunLike, names_in, run_of
from glane.assess.estimate.case import CaseDefinition
from glane.assess.files import as_parquet, write_folder
from glane.assess.screen import files
from glane.assess.screen.page import screening_page
from glane.assess.screen.ranking import ranked
from glane.assess.screen.record import Screening, ScreeningState
from glane.assess.screen.replay import Replayed, replay
from glane.assess.screen.told import state_lines
from glane.errors import ConfigError
from glane.languages import Spoken
from glane.run.fingerprint import text_digest
from glane.run.links import links_to
from glane.run.written import digest_of
from glane.settings.screen import ScreenSettings
from glane.settings.shapes import as_answer
from glane.types import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened(Spoken):
    """How far a screening is. `str()` of it says so, and what to do next."""

    state: ScreeningState
    read: pl.DataFrame  # one row per document that was read: the id, whether it is a case, its batch
    next: str  # what to do

    def _in_english(self) -> str:
        return "\n".join([*state_lines(self.state), *([self.next] if self.next else [])])


def screen(
    run: RunLike,
    out_dir: str,
    field: str | None = None,
    *,
    value: str | bool = "true",
    case: str | None = None,
    recall: float = 0.95,
    certainty: float = 0.95,
    rows: int = 100,
    seed: int = 0,
    corrections: Names = (),
    adjudicate: Names = (),
    adjudicated: str | None = None,
) -> Screened:
    """Count what people read of a run's documents, and write the next batch, until the recall is certain.

    Every document of the run is a candidate, also those without an answer. Pages hold nothing of the model's answers.
    The guarantee and its sources: `glane.assess.screen.certificate`.

    Args:
        run: A run, or its directory.
        out_dir: Where the batches go, and what was read of them. It holds documents: it is confidential.
        field: What makes a document a case: `value` in this field; None with `case`.
        value: See `field`.
        case: A case definition: a condition in SQL on fields and columns of one document.
        recall: Of all cases, the share that is to be among the documents read.
        certainty: The probability with which it is, whenever the reading stops.
        rows: Documents of a batch.
        seed: Of the random orders, with the run and the question.
        corrections: The files that the readers of one batch saved.
        adjudicate: The files of two readers or more of one batch: a page of what they disagree on is written.
        adjudicated: With corrections: the file that this page saved.

    Raises:
        GlaneError: if the run is not complete, the folder holds another screening, a file does not fit the run or its
            batch, or readers disagree and nothing settles it.
    """
    check_numbers(ScreenSettings, recall=recall, certainty=certainty, rows=rows, seed=seed)
    opened, root = run_of(run), Path(out_dir).expanduser()
    if (field is None) == (case is None):
        raise ConfigError("field, case: give the field that makes a case, or a case definition, one of both.")
    told = as_answer(value)
    asked = Asked(run=opened, field=field, value=told, case=None if case is None else CaseDefinition(case))
    documents = asked.documents()
    fingerprint = opened.description().fingerprint_digest
    # Random orders of this run and question alone: what made the answers, or chose the documents that an earlier run
    # had learned from, cannot have drawn with the same numbers.
    entropy = int(text_digest(json.dumps([fingerprint, field, told, case, seed])), 16)
    made = files.kept_order(root) or as_parquet(ranked(documents, id_column=opened.id_column, seed=entropy))
    question = Screening(
        run=fingerprint, run_id=opened.directory.identity(), task=opened.task.name,
        field=field, value=told, case=case, fields=asked.fields, recall=recall, certainty=certainty, rows=rows,
        seed=seed, documents=documents.height, order=digest_of(made), places=files.places_of(made),
    )  # fmt: skip
    question, order = files.begin(root, question, made)
    note = ""
    if adjudicate:
        note = adjudicate_batch(asked, root, names_in(adjudicate))
    elif corrections:
        note = take_answers(asked, root, names_in(corrections), adjudicated)
    found = replay(
        order, id_column=opened.id_column, recall=recall, certainty=certainty, rows=rows,
        answers_of=lambda batch: files.answers_of(root, batch),
        written=files.written_batches(root, id_column=opened.id_column),
    )  # fmt: skip
    if not note and found.pending is not None:
        note = write_batch(asked, root, found.pending, order)
    state = _state(asked, question, documents, found)
    read = _read(found, order, opened.id_column)
    write_folder(
        root,
        {
            files.STATE: state.as_json(),
            files.READ: as_parquet(read),
            files.REPORT: screening_page(state).encode(),
        },
        of=links_to([opened.directory]),
    )
    return Screened(state=state, read=read, next=note)


def _state(asked: Asked, question: Screening, documents: pl.DataFrame, found: Replayed) -> ScreeningState:
    certain = found.certificate
    return ScreeningState(
        screening=question,
        without_answer=documents.filter(pl.col("status") != Status.OK).height,
        read=certain.read,
        found=certain.found,
        most_cases=certain.most_cases,
        recall_at_least=certain.recall_at_least,
        is_reached=certain.is_reached,
        still_to_draw=certain.still_to_draw(),
        batches=found.done,
        language=asked.run.task.language,
        toy=asked.run.toy,
    )


def _read(found: Replayed, order: pl.DataFrame, id_column: str) -> pl.DataFrame:
    """The documents that were read, in the order of the batches."""
    schema = {"_id": pl.String, files.CASE: pl.Boolean, "batch": pl.Int64}
    numbers = [one.number for one in found.done for _ in range(one.read)]
    rows = [(key, said, number) for (key, said), number in zip(found.answers.items(), numbers, strict=True)]
    known = pl.DataFrame(rows, schema=schema, orient="row")
    ids = order.select(id_column, pl.col(id_column).cast(pl.String).alias("_id"))
    return known.join(ids, on="_id", how="left", maintain_order="left").select(id_column, files.CASE, "batch")
