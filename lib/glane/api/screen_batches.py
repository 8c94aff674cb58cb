"""The batches of a screening: pages for readers, and what they said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from glane.api.screen_question import Asked
from glane.api.texts import TEXT, adjudication_page, with_texts
from glane.assess.arms import ARM, BLIND
from glane.assess.files import write_new_file
from glane.assess.review.adjudication import PAGE as ADJUDICATION
from glane.assess.review.corrections import Corrections, read_corrections
from glane.assess.review.data import documents_shown, page_data
from glane.assess.review.gold import Gold, make_gold
from glane.assess.review.page import PAGE, review_line, write_review
from glane.assess.review.readings import read_readings
from glane.assess.review.reviewed_sample import SAMPLE, Sample, read_sample
from glane.assess.sampling import PROBABILITY, REVIEWER, STRATUM, WEIGHT, WHOLE
from glane.assess.screen import files
from glane.assess.screen.ranking import DRAW
from glane.assess.screen.record import BatchPage
from glane.assess.screen.replay import Batch
from glane.errors import DataError, RunError
from glane.records import read_record
from glane.run.links import links_to
from glane.run.whole import is_whole


def write_batch(asked: Asked, root: Path, batch: Batch, order: pl.DataFrame) -> str:
    """Write the page of a batch, without the model's answers, in random order; return a line about it.

    A page that is there already stays as it is. Neither page nor line say how the batch was drawn: readers see them.

    Raises:
        RunError: if a page that was written is gone, and now another one would be made.
    """
    run, folder = asked.run, files.batch_folder(root, batch.number)
    if all((folder / name).exists() for name in (files.BATCH, SAMPLE, PAGE)) and is_whole(folder, SAMPLE):
        return f"batch {batch.number}: {review_line(folder, num=len(batch.ids), num_blind=len(batch.ids))}"
    data, name = run.settings.data, run.id_column
    rows, others = with_texts(run, *asked.rows(list(batch.ids)))
    by_id = {str(row[name]): row for row in rows}
    sample = (
        order.filter(pl.col(name).cast(pl.String).is_in(batch.ids))
        .sort(DRAW)
        .select(
            name, pl.lit(1.0).alias(PROBABILITY), pl.lit(1.0).alias(WEIGHT), pl.lit(WHOLE).alias(STRATUM),
            pl.lit(BLIND).alias(ARM),
        )
    )  # fmt: skip
    shown = [
        {**documents_shown(by_id[key], name, TEXT, [*data.carry_columns, *others]), "blind": True}
        for key in sample[name].cast(pl.String)
    ]
    page = page_data(run.task, shown, asked.fields, run=run.description().fingerprint_digest, toy=run.toy)
    _keep_drawn(folder, BatchPage(number=batch.number, how=batch.how, documents=len(batch.ids), page=page["page"]))
    said = write_review(folder, sample, page, of=links_to([run.directory]))
    return f"batch {batch.number}: {said}"


def _keep_drawn(folder: Path, drawn: BatchPage) -> None:
    """Keep how a batch was drawn before its page is there, so that no later rule draws it again."""
    write_new_file(folder, files.BATCH, drawn.as_json())
    if read_record(BatchPage, folder / files.BATCH) != drawn:
        raise RunError(
            f"{folder / PAGE}: gone, and this glane makes another page of the batch, to which files that readers saved "
            "are no answers. Restore it, or go on with the glane that wrote it."
        )


def adjudicate_batch(asked: Asked, root: Path, paths: tuple[str, ...]) -> str:
    """Write the page of what the readers of a batch disagree on; return a line about it."""
    run, (batch, reviews) = asked.run, _reviews(asked, root, paths)
    sample, rows = _batch(asked, root, batch)
    readings = read_readings(run.task, rows, sample, reviews, id_column=run.id_column)
    return adjudication_page(run, files.batch_folder(root, batch.number), run.all(), sample, readings)


def take_answers(asked: Asked, root: Path, paths: tuple[str, ...], adjudicated: str | None) -> str:
    """Keep the answers of a batch once all of it was read; say how far it is otherwise."""
    run, (batch, reviews) = asked.run, _reviews(asked, root, paths)
    sample, rows = _batch(asked, root, batch)
    if len(paths) == 1 and adjudicated is None and (files.batch_folder(root, batch.number) / ADJUDICATION).exists():
        raise DataError(
            f"corrections: batch {batch.number} has a page of what its readers disagree on, so one of them alone does "
            "not settle it. Give the files of all of them, and adjudicated=… with what that page saved."
        )
    gold = make_gold(run.task, rows, sample, reviews, id_column=run.id_column, adjudicated=adjudicated)
    if left := len(sample.drawn) - gold.table.num_rows:
        return (
            f"batch {batch.number} is counted when all of it is read: {left} of {len(sample.drawn)} documents are "
            "left. Read on, save, and give the file again"
        )
    alone = [make_gold(run.task, rows, sample, {path: one}, id_column=run.id_column) for path, one in reviews.items()]
    if disputed := _disputed(gold.unsettled, [_labels(asked, one) for one in alone], run.id_column):
        raise DataError(
            f"corrections: readers disagree on {disputed} documents of batch {batch.number}, and nothing settles it. "
            "Give adjudicate=[…] with the same files, then adjudicated=… beside corrections."
        )
    files.keep_answers(root, batch.number, _labels(asked, gold))
    return ""


def _labels(asked: Asked, gold: Gold) -> pl.DataFrame:
    """Whether the documents of a review are cases, and who says so."""
    table = pl.from_arrow(gold.table)
    assert isinstance(table, pl.DataFrame)
    name = asked.run.id_column
    return table.select(pl.col(name).cast(pl.String), asked.is_case(table).alias(files.CASE), pl.col(REVIEWER))


def _disputed(unsettled: Collection[str], readers: Sequence[pl.DataFrame], name: str) -> int:
    """How many documents are a case by one reader and none by another. Other words for the same count are no matter."""
    if not unsettled:
        return 0
    told = pl.concat(readers).filter(pl.col(name).is_in(list(unsettled)))
    return int((told.group_by(name).agg(pl.col(files.CASE).n_unique())[files.CASE] > 1).sum())


def _reviews(asked: Asked, root: Path, paths: tuple[str, ...]) -> tuple[BatchPage, dict[str, Corrections]]:
    """The files of the readers of one batch, and which it is."""
    reviews = {path: read_corrections(path, run=asked.run.description().fingerprint_digest) for path in paths}
    pages = files.known_pages(root)
    for path, review in reviews.items():
        if review.page not in pages:
            raise DataError(f"{path}: of another page than those of the batches of {root}. Give its out.dir.")
    numbers = {pages[review.page].number for review in reviews.values()}
    if len(numbers) > 1:
        raise DataError(
            f"corrections: files of batches {', '.join(map(str, sorted(numbers)))}. Give those of one batch."
        )
    return pages[next(iter(reviews.values())).page], reviews


def _batch(asked: Asked, root: Path, batch: BatchPage) -> tuple[Sample, pl.DataFrame]:
    """The sample of a batch, and its rows of the result."""
    sample = read_sample(files.batch_folder(root, batch.number), id_column=asked.run.id_column)
    rows, is_asked = asked.rows(list(sample.drawn))
    return sample, rows.filter(is_asked).collect()
