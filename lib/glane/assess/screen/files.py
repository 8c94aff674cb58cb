"""The files of a screening: its question, its order, its batches with what people said, and how far it is."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from glane.assess.files import as_parquet, read_table, write_new_file
from glane.assess.screen.record import BatchPage, Screening
from glane.assess.screen.replay import Answers, Batch
from glane.errors import DataError, RunError
from glane.records import read_record
from glane.run.fingerprint import differences

QUESTION, ORDER, STATE, REPORT, READ = (
    "screening.json", "order.parquet", "state.json", "report.html", "read.parquet",
)  # fmt: skip
BATCH, LABELS = "batch.json", "labels.parquet"
CASE, READER = "is_case", "reviewer"


def batch_folder(root: Path, number: int) -> Path:
    """Where the page of a batch is, and what people said of it."""
    return root / f"batch-{number:04}"


def begin(root: Path, question: Screening, order: pl.DataFrame) -> None:
    """Write the question and the order of a screening, or check that those in the folder are the same.

    Raises:
        RunError: if the folder holds another screening, or its order was changed.
    """
    write_new_file(root, ORDER, as_parquet(order))
    write_new_file(root, QUESTION, question.as_json())
    known = read_record(Screening, root / QUESTION)
    if changed := differences(known.as_values(), question.as_values()):
        raise RunError(
            f"out.dir: {root} holds another screening: {'; '.join(changed)}. What decides which documents are read "
            "stays as it was when the reading began. Give the same values, or choose another out.dir."
        )
    if not read_table(str(root / ORDER), place="out.dir").equals(order):
        raise RunError(f"{root / ORDER}: changed since the screening began. Restore it, or begin in another out.dir.")


def known_pages(root: Path) -> dict[str, BatchPage]:
    """The batches whose pages are written, by the digests of the pages."""
    found = [read_record(BatchPage, path) for path in sorted(root.glob(f"batch-*/{BATCH}"))]
    return {one.page: one for one in found}


def answers_of(root: Path, batch: Batch) -> Answers | None:
    """What people said of a batch; None if it was not read whole yet.

    Raises:
        DataError: if the file is of other documents than the batch.
    """
    path = batch_folder(root, batch.number) / LABELS
    if not path.exists():
        return None
    table = read_table(str(path), place="out.dir")
    answers = dict(table.select(table.columns[0], CASE).iter_rows())
    if set(answers) != set(batch.ids) or None in answers.values():
        raise DataError(
            f"{path}: of other documents than this batch has after what was read before. A file of this folder was "
            "changed or is of another screening: restore it, or begin in another out.dir."
        )
    return answers


def keep_answers(root: Path, number: int, labels: pl.DataFrame) -> None:
    """Keep what people said of a batch. It is counted as it is, once and for all.

    Raises:
        DataError: if something else was counted before.
    """
    folder = batch_folder(root, number)
    if write_new_file(folder, LABELS, as_parquet(labels)):
        return
    known = pl.read_parquet(io.BytesIO((folder / LABELS).read_bytes()))
    key = labels.columns[0]
    if not known.select(key, CASE).sort(key).equals(labels.select(key, CASE).sort(key)):
        raise DataError(
            f"corrections: batch {number} was counted with other answers, and the next batches were drawn by these. "
            "Give the files as they were then, or begin in another out.dir."
        )
