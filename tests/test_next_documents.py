"""The next documents of a review, those that sharpen a figure most: drawn beside an earlier review, and one with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.assess.proportion import jeffreys, share, wilson
from glane.assess.review.earlier import TRUE, WEIGHED, next_sample
from glane.assess.sampling_for_figure import CONFIDENCE, YES, Band, allocated, half_width
from glane.errors import ConfigError, DataError
from test_estimate import simulation

TASK = {
    "name": "visits", "version": 1, "confidence": False, "instructions": "Read the note.",
    "fields": {"fever": {"type": "boolean", "nullable": True}, "cough": {"type": "boolean", "nullable": True}},
}  # fmt: skip
NUM = 120


def is_case(place: int) -> bool:
    return place % 4 == 0


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """120 documents; the model says fever in 30, of which every fifth is wrong, and misses as many."""
    texts = [
        f"note {place} [[answer {json.dumps({'fever': is_case(place) != (place % 5 == 4 and place < 40), 'cough': None})}]]"
        for place in range(NUM)
    ]
    data = write_documents(tmp_path / "d.parquet", texts)
    extract_here(make_settings(data, tmp_path / "run", TASK))
    return tmp_path / "run"


def reviewed(run: Path, folder: Path, *, stop: int | None = None, field: str = "fever") -> Path:
    """Corrections of a review of `field`, of the first `stop` documents of its page; the gold that they give."""
    opened = glane.open_run(run)
    sample = pl.read_parquet(folder / "sample.parquet")
    documents = [
        {
            "id": row["id"], "inclusion_probability": row["inclusion_probability"], "stratum": row["stratum"],
            "fields": {field: {"decision": "corrected", "answer": is_case(int(row["id"][1:]))}},
        }
        for row in sample.head(stop or sample.height).iter_rows(named=True)
    ]  # fmt: skip
    content = {
        "kind": "glane corrections", "version": 1, "run": opened.description().fingerprint_digest,
        "page": "p", "task": "visits", "reviewer": "Zoé", "saved": "2025-01-01T00:00:00Z", "fields": [field],
        "sampled": sample.height, "documents": documents,
    }  # fmt: skip
    (folder / "c.json").write_text(json.dumps(content))
    glane.review(run, str(folder), corrections=str(folder / "c.json"))
    return folder / "gold.parquet"


def first_review(run: Path, folder: Path, **asked: Any) -> Path:
    glane.review(run, str(folder), fields="fever", **({"rows": 30} | asked))
    return reviewed(run, folder)


def test_two_reviews_are_one_sample_and_the_figure_is_sharper(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first")
    before = glane.estimate(run, str(gold), "fever").figures[0]
    said = glane.review(
        run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=str(gold), rows=40, fields="fever"
    )
    assert "40 more" in said
    half = (before.high - before.low) / 2  # type: ignore[operator]
    assert f"± {100 * half:.2g} to" in said
    both = pl.read_parquet(reviewed(run, tmp_path / "next"))
    assert both.height == 70
    assert both["id"].n_unique() == 70
    assert both["weight"].sum() == pytest.approx(NUM)
    assert both.group_by("stratum").agg(pl.col("weight").n_unique())["weight"].to_list() == [1] * 2
    sizes = dict(both.group_by("stratum").agg(pl.col("weight").sum()).iter_rows())
    rows = glane.open_run(run).usable().collect()
    assert sizes["model says fever=true, sure"] == pytest.approx(rows["fever"].sum())
    after = glane.estimate(run, str(tmp_path / "next" / "gold.parquet"), "fever").figures[0]
    assert after.n_gold == 70
    assert after.high - after.low < before.high - before.low  # type: ignore[operator]
    again = glane.review(
        run, str(tmp_path / "third"), sample="for_figure", field="fever", gold=str(tmp_path / "next" / "gold.parquet"),
        rows=50,
    )  # fmt: skip
    assert "50 more" in again
    whole = pl.read_parquet(reviewed(run, tmp_path / "third"))
    assert whole.height == NUM
    assert whole["weight"].to_list() == pytest.approx([1.0] * NUM)


def test_a_review_that_stops_early_keeps_the_size_of_every_stratum(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first", sample="by_answer", field="fever")
    glane.review(run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=str(gold), rows=40)
    both = pl.read_parquet(reviewed(run, tmp_path / "next", stop=7))
    assert both.height == 37
    assert both["weight"].sum() == pytest.approx(NUM)
    assert both["reviewer"].n_unique() == 1


def test_what_was_skipped_in_the_earlier_review_is_said_of_both(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first")
    pl.read_parquet(gold).with_columns(pl.lit(3).alias("documents_skipped")).write_parquet(gold)
    glane.review(run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=str(gold), rows=20)
    both = pl.read_parquet(reviewed(run, tmp_path / "next"))
    assert both.height == 50
    assert both["documents_skipped"].to_list() == [3] * 50


def test_the_job_takes_it(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first")
    asked = [f"run.dir={run}", f"out.dir={tmp_path / 'next'}", "sample=for_figure", "rows=20"]
    done = job_here(*asked, "field=fever", f"gold={gold}", name="review")
    assert "20 more" in done.stdout
    assert (
        "gold, the right answers of the earlier review"
        in job_here(*asked, "field=fever", name="review", check=2).stderr
    )
    assert "go together" in job_here(*asked, f"gold={gold}", name="review", check=2).stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda gold: gold.with_columns(id=pl.format("x{}", "id")), "are not among the usable documents"),
        (lambda gold: gold.head(0), "no reviewed document"),
        (lambda gold: gold.drop("fever"), "'fever' is not in the earlier review"),
        (lambda gold: gold.with_columns(weight=pl.int_range(1, pl.len() + 1)), "unequal probabilities"),
    ],
)
def test_an_earlier_review_that_does_not_fit_is_refused(run: Path, tmp_path: Path, change: Any, words: str) -> None:
    gold = change(pl.read_parquet(first_review(run, tmp_path / "first")))
    with pytest.raises((ConfigError, DataError), match=words):
        glane.review(run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=gold, rows=20)
    assert not (tmp_path / "next").exists()


def test_more_than_is_left_is_refused(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first")
    with pytest.raises(ConfigError, match="100 asked, and 90 usable documents are not reviewed"):
        glane.review(run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=str(gold), rows=100)


def test_without_the_earlier_answers_no_gold_is_made(run: Path, tmp_path: Path) -> None:
    gold = first_review(run, tmp_path / "first")
    glane.review(run, str(tmp_path / "next"), sample="for_figure", field="fever", gold=str(gold), rows=20)
    kept = tmp_path / "next" / "earlier.parquet"
    other = pl.read_parquet(kept).head(5)
    kept.unlink()
    with pytest.raises(DataError, match=r"earlier.parquet: the right answers of the earlier review cannot be read"):
        reviewed(run, tmp_path / "next")
    other.write_parquet(kept)
    with pytest.raises(DataError, match="of another sample"):
        reviewed(run, tmp_path / "next")


def test_what_the_earlier_review_found_does_not_steer_the_next() -> None:
    """The same documents were reviewed; only what was found differs: the same sample is drawn."""
    rng = np.random.default_rng(2)
    run = pl.DataFrame({"id": np.arange(3000), YES: rng.random(3000) < 0.1, CONFIDENCE: rng.random(3000)})
    first = rng.choice(3000, 200, replace=False)
    drawn = []
    for found in (0.0, 0.5):
        gold = pl.DataFrame({"id": first, TRUE: rng.random(200) < found, WEIGHED: 15.0})
        drawn.append(next_sample(run, gold, id_column="id", answer="x", num_rows=100, seed=3).drawn)
    assert drawn[0].equals(drawn[1])
    assert not set(drawn[0]["id"]) & set(first)


def test_neymans_allocation_leaves_no_better_place_for_any_document() -> None:
    bands = [
        Band(name=str(place), is_yes=place == 0, size=size, reviewed=seen, true=0, guess=guess)
        for place, (size, seen, guess) in enumerate([(400, 10, 0.8), (900, 20, 0.2), (8000, 170, 0.01)])
    ]

    def variance(taken: list[int]) -> float:
        return sum(
            one.size**2 * one.guess * (1 - one.guess) / (one.reviewed + more)
            for one, more in zip(bands, taken, strict=True)
        )

    best = allocated(bands, 60)
    assert sum(best) == 60
    for here in range(3):
        for there in {0, 1, 2} - {here}:
            moved = list(best)
            moved[here], moved[there] = moved[here] - 1, moved[there] + 1
            assert min(moved) < 0 or variance(moved) >= variance(best) - 1e-9
    assert allocated(bands, 10**4) == [390, 880, 7830]
    assert half_width(bands, [390, 880, 7830], level=0.95, is_finite=True) == 0.0


def test_confidence_sharpens_the_figure_without_bias() -> None:
    found = simulation("next_documents").study((0.05, 0.6, 0.99, 0.9), samples=150, seed=1)
    for held, bias, _, _ in found.values():
        assert held >= 0.9
        assert abs(bias) < 0.05
    assert found["for_figure"][2] < 0.88 * found["random"][2]
    assert found["for_figure"][3] == pytest.approx(found["for_figure"][2], rel=0.15)


@pytest.mark.parametrize("weight", [13.366666666666667, 0.1, 1 / 3, 7.559055118110236])
def test_where_all_say_the_same_no_rounding_makes_an_interval_of_everything(weight: float) -> None:
    for num in range(1, 80):
        for yes in (np.ones(num), np.zeros(num)):
            one = share(yes, np.full(num, weight), num_run=2 * num)
            assert one.value == yes[0]
            assert one.num_effective > 0
            for low, high in (jeffreys(one, 0.95), wilson(one, 0.95)):
                assert 0 <= low <= one.value <= high <= 1
