"""`glane.review`: people look at a sample of a run, and what they corrected becomes right answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl

from glane.api.clusters import clusters_or_warning
from glane.api.next_documents import answer_of, next_documents
from glane.api.numbers import check_numbers
from glane.api.sources import Names, RunLike, TableLike, names_in, refuse_uncarried, run_of
from glane.api.texts import TEXT, adjudication_page, with_texts
from glane.assess.arms import with_arms
from glane.assess.clusters import CLUSTER
from glane.assess.review.corrections import Corrections, read_corrections
from glane.assess.review.data import review_data
from glane.assess.review.earlier import earlier_file, with_earlier
from glane.assess.review.gold import make_gold, write_gold
from glane.assess.review.page import chosen_fields, write_review
from glane.assess.review.readings import read_readings
from glane.assess.review.reviewed_sample import read_sample
from glane.assess.sampling import STRATUM, draw
from glane.assess.sampling_by_answer import LIKELY_PPV, LIKELY_SENSITIVITY, expected_half_width, of_the_yes
from glane.assess.yes import is_yes
from glane.extraction.results import Run
from glane.run.links import links_to
from glane.settings.review import ReviewSettings


def draw_sample(
    run: RunLike,
    *,
    rows: int = 200,
    sample: Literal["random", "stratified", "uncertain", "by_answer"] = "random",
    by: str | None = None,
    allocation: Literal["proportional", "equal"] = "proportional",
    seed: int = 0,
    fields: Names = (),
    field: str | None = None,
    value: str | bool = "true",
    blind: float = 0.0,
) -> pl.DataFrame:
    """Draw documents of a run as `glane.review` does: ids, with inclusion probability, weight, stratum and arm.

    Args and errors are those of `glane.review`.
    """
    check_numbers(ReviewSettings, rows=rows, seed=seed, blind=blind)
    opened = run_of(run)
    answer = None if field is None else answer_of(opened, field, value)
    refuse_uncarried(opened, by=by)
    id_column = opened.settings.data.result_id
    drawn = draw(
        opened.usable(), opened.columns_beside(), id_column=id_column, method=sample,
        fields=chosen_fields(opened.task, names_in(fields)), num_rows=rows, seed=seed, by=by, allocation=allocation,
        answer=answer,
    )  # fmt: skip
    return with_arms(drawn, share=blind, seed=seed, id_column=id_column, stratum=STRATUM)


def review(
    run: RunLike,
    out_dir: str,
    *,
    rows: int = 200,
    sample: Literal["random", "stratified", "uncertain", "by_answer", "for_figure"] = "random",
    by: str | None = None,
    allocation: Literal["proportional", "equal"] = "proportional",
    seed: int = 0,
    fields: Names = (),
    corrections: Names = (),
    field: str | None = None,
    value: str | bool = "true",
    gold: TableLike | None = None,
    blind: float = 0.0,
    clusters: Names = (),
    adjudicate: Names = (),
    adjudicated: str | None = None,
) -> str:
    """Draw a sample of a run and write the page for its reviewers, or read their corrections and write right answers.

    Args:
        run: A run, or its directory.
        out_dir: Where the page goes, and later `gold.parquet`. The page holds the documents: it is confidential.
        rows: How many documents are drawn.
        sample: At random, by strata of `by`, the more often the less the model was sure, by the model's answer, or the
            next documents after an earlier review, those that make the interval of one share shortest.
        by: Of a stratified sample: the column whose values are the strata.
        allocation: Of the sample to the strata.
        seed: Of the draw.
        fields: Review these only; all if empty.
        field: Of a sample by the model's answer, or for a figure: the field that is asked about.
        value: Of the same: the value that counts as yes.
        gold: Of a sample for a figure: the right answers of the earlier review. Those of both come out as one.
        blind: The share of documents, drawn at random, whose page holds no answer of the model; 1 (or True) for all.
        clusters: With corrections: columns whose values go together, as a patient's; identical texts if empty. The
            intervals of the readers' agreement follow them.
        adjudicate: The files of two readers or more: a page of what they disagree on is written, for a third person.
        adjudicated: With corrections: the file that this person saved.
        corrections: The files that reviewers saved; with them, right answers are made of the sample drawn before.

    Returns:
        What was written, in a sentence.

    Raises:
        GlaneError: if the run is not complete, its input is gone, or a file of corrections does not fit it.
    """
    check_numbers(ReviewSettings, rows=rows, seed=seed, blind=blind)
    opened = run_of(run)
    if corrections:
        return _gold(opened, out_dir, names_in(corrections), names_in(clusters), adjudicated)
    if adjudicate:
        return _adjudicate(opened, out_dir, names_in(adjudicate))
    data = opened.settings.data
    expected, beside = None, {}
    if sample == "for_figure":
        further = next_documents(opened, gold, field, value, rows=rows, seed=seed, fields=names_in(fields))
        chosen, expected = chosen_fields(opened.task, further.fields), further.expected
        drawn = with_arms(further.sample.drawn, share=blind, seed=seed, id_column=data.result_id, stratum=STRATUM)
        beside = earlier_file(further.sample)
    else:
        chosen = chosen_fields(opened.task, names_in(fields))
        drawn = draw_sample(opened, rows=rows, sample=sample, by=by, allocation=allocation, seed=seed, fields=fields,
            field=field, value=value, blind=blind,
        )  # fmt: skip
        expected = None if field is None else _expected(opened, field, value, rows)
    reviewed, others = with_texts(
        opened, opened.usable(), pl.col(data.result_id).is_in(drawn[data.result_id].to_list())
    )
    shown = review_data(
        opened.task, reviewed, drawn,
        id_column=data.result_id, text_column=TEXT, run=opened.description().fingerprint_digest, fields=chosen,
        context=[*data.carry_columns, *others], toy=opened.toy,
    )  # fmt: skip
    said = write_review(out_dir, drawn, shown, of=links_to([opened.directory]), beside=beside)
    return said if expected is None else f"{said}\n{expected}"


def _expected(run: Run, field: str, value: str | bool, rows: int) -> str:
    """How sure the share will be after the review, in a sentence."""
    kind = run.usable().collect_schema()[field]
    answer = answer_of(run, field, value)
    said = run.usable().select(is_yes(*answer, of=kind, as_in=kind).alias("yes")).collect()["yes"]
    num_yes, num_run = int(said.sum()), len(said)
    drawn = of_the_yes(num_yes, num_run, rows)
    points = 100 * expected_half_width(num_yes, num_run, rows)
    return (
        f"{drawn} of the {num_yes} documents of the model's yes, and {rows - drawn} of the {num_run - num_yes} others. "
        f"Expected: ± {points:.2g} points for the share of {answer[0]}={answer[1]}, if the model is right in "
        f"{LIKELY_PPV:.0%} of its yes and finds {LIKELY_SENSITIVITY:.0%} of all."
    )


def _reviewed(run: Run, paths: tuple[str, ...]) -> tuple[dict[str, Corrections], pl.DataFrame]:
    """Files of readers, and the rows of the result that these are about."""
    reviews = {path: read_corrections(path, run=run.description().fingerprint_digest) for path in paths}
    ids = [document.id for review in reviews.values() for document in review.documents]
    return reviews, run.usable().filter(pl.col(run.settings.data.result_id).cast(pl.String).is_in(ids)).collect()


def _adjudicate(run: Run, out_dir: str, paths: tuple[str, ...]) -> str:
    reviews, reviewed = _reviewed(run, paths)
    sample = read_sample(out_dir, id_column=run.id_column)
    readings = read_readings(run.task, reviewed, sample, reviews, id_column=run.id_column)
    return adjudication_page(run, out_dir, run.usable(), sample, readings)


def _gold(
    run: Run, out_dir: str, corrections: tuple[str, ...], clusters: tuple[str, ...], adjudicated: str | None
) -> str:  # fmt: skip
    id_column = run.settings.data.result_id
    reviews, reviewed = _reviewed(run, corrections)
    sample = read_sample(out_dir, id_column=id_column)
    found = clusters_or_warning(run, clusters)
    numbers = {} if found is None else dict(found.select(pl.col(id_column).cast(pl.String), CLUSTER).iter_rows())
    gold = make_gold(
        run.task, reviewed, sample, reviews, id_column=id_column, clusters=numbers, adjudicated=adjudicated
    )
    return write_gold(out_dir, replace(gold, table=with_earlier(gold.table, out_dir)), of=links_to([run.directory]))
