"""The files of a screening: its question, its order, its batches with what people said, and how far it is."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.assess.files import as_parquet, read_table, write_new_file
from glane.assess.review.reviewed_sample import SAMPLE, read_sample
from glane.assess.screen.record import BatchPage, Screening
from glane.assess.screen.replay import Answers, Batch, Written
from glane.errors import DataError, RecordError, RunError
from glane.parquet import open_parquet, read_parquet_frame
from glane.records import read_record
from glane.run.fingerprint import differences
from glane.run.whole import is_whole
from glane.run.written import digest_of
from glane.storage import storage_errors

QUESTION, ORDER, STATE, REPORT, READ = (
    "screening.json", "order.parquet", "state.json", "report.html", "read.parquet",
)  # fmt: skip
BATCH, LABELS = "batch.json", "labels.parquet"
CASE = "is_case"


def batch_folder(root: Path, number: int) -> Path:
    """Where the page of a batch is, and what people said of it."""
    return root / f"batch-{number:04}"


def kept_order(root: Path) -> bytes | None:
    """The order of a screening that has begun, as its file holds it; None if this or the question is not there.

    Raises:
        RunError: if the file system refuses.
    """
    with storage_errors(root, setting="out.dir"):
        is_there = (root / QUESTION).exists() and (root / ORDER).exists()
        return (root / ORDER).read_bytes() if is_there else None


def begin(root: Path, question: Screening, order: bytes) -> tuple[Screening, pl.DataFrame]:
    """Write the question and the order of a screening, or check those in the folder; return what is there.

    The order stays that of the beginning, also where another version of a library would make another one.

    Raises:
        RecordError: if the question cannot be read, or is of an earlier glane.
        RunError: if the folder holds another screening, or its order was changed.
    """
    write_new_file(root, QUESTION, question.as_json())
    known = _question(root)
    asked = question.model_copy(update={"order": known.order, "places": known.places})
    if changed := differences(known.as_values(), asked.as_values()):
        raise RunError(
            f"out.dir: {root} holds another screening: {'; '.join(changed)}. What decides which documents are read "
            "stays as it was when the reading began. Give the same values, or choose another out.dir."
        )
    if digest_of(order) == known.order or (known.places is not None and question.places == known.places):
        write_new_file(root, ORDER, order)
    if not (root / ORDER).exists() or not _is_order(root / ORDER, known):
        raise RunError(f"{root / ORDER}: changed since the screening began. Restore it, or begin in another out.dir.")
    return known, read_table(str(root / ORDER), place="out.dir")


def places_of(order: bytes) -> str:
    """The digest of what the file of an order holds, whatever its bytes are; empty if it cannot be read."""
    try:
        with open_parquet(io.BytesIO(order)) as parquet:
            return digest_of(pl.DataFrame(pl.from_arrow(parquet.read())).write_csv().encode())
    except (OSError, pa.ArrowException):
        return ""


def _is_order(path: Path, known: Screening) -> bool:
    return digest_of(path) == known.order or (known.places is not None and places_of(path.read_bytes()) == known.places)


def _question(root: Path) -> Screening:
    try:
        return read_record(Screening, root / QUESTION)
    except RecordError as error:
        raise RecordError(
            f"{error} A screening that an earlier glane began cannot go on: among documents with equal answers, its "
            "draws were not random. Begin in another out.dir."
        ) from None


def known_pages(root: Path) -> dict[str, BatchPage]:
    """The batches whose pages are written, by the digests of the pages."""
    found = [read_record(BatchPage, path) for path in sorted(root.glob(f"batch-*/{BATCH}"))]
    return {one.page: one for one in found}


def written_batches(root: Path, *, id_column: str) -> list[Written]:
    """The batches that are written, from the first on.

    Raises:
        RunError: if a batch is gone before another one, or before what people said of it.
    """
    found: list[Written] = []
    folders = sorted({path.parent for name in (BATCH, LABELS) for path in root.glob(f"batch-*/{name}")})
    for number, folder in enumerate(folders, 1):
        path = batch_folder(root, number) / BATCH
        if folder != path.parent or not path.exists():
            raise RunError(f"{path}: gone, and what was read after it counts only with it. Restore it.")
        known = read_record(BatchPage, path)
        has_sample = (folder / SAMPLE).exists() and is_whole(folder, SAMPLE)  # else its page is written again
        ids = frozenset(read_sample(folder, id_column=id_column).drawn) if has_sample else None
        found.append(Written(how=known.how, num=known.documents, ids=ids))
    return found


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
    known = read_parquet_frame(folder / LABELS)
    key = labels.columns[0]
    if not known.select(key, CASE).sort(key).equals(labels.select(key, CASE).sort(key)):
        raise DataError(
            f"corrections: batch {number} was counted with other answers, and the next batches were drawn by these. "
            "Give the files as they were then, or begin in another out.dir."
        )
