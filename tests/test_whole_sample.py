"""A reviewed sample that has lost a stratum, or whose weights are no numbers of documents, is refused."""

import numpy as np
import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from glane.assess.estimate.question import with_weights
from glane.assess.estimate.whole_sample import check_whole
from glane.assess.sampling import draw_random, draw_stratified, draw_uncertain
from glane.errors import DataError

N = 1000
TASK = {"name": "t", "instructions": "x", "fields": {"sex": {"type": "enum", "values": ["F", "M"]}}}


def population():
    rng = np.random.default_rng(4)
    return pl.DataFrame(
        {
            "id": range(N),
            "site": rng.choice(["a", "b", "c", "d"], N, p=[0.45, 0.3, 0.2, 0.05]),
            "low": rng.beta(4, 1, N),
        }
    )


def by_site(allocation, seed=0, rows=120):
    return draw_stratified(population(), id_column="id", by="site", num_rows=rows, allocation=allocation, seed=seed)


@pytest.mark.parametrize("allocation", ["proportional", "equal"])
@pytest.mark.parametrize("lost", ["a", "b", "c", "d"])
def test_a_lost_stratum_is_told(allocation, lost):
    sample = by_site(allocation)
    check_whole(sample, num_usable=N)
    with pytest.raises(
        DataError, match="reviewed documents are missing, as those of a stratum.* Its strata: "
    ) as refused:
        check_whole(sample.filter(pl.col("stratum") != lost), num_usable=N)
    assert f"'{lost}'" not in str(refused.value).split("Its strata")[1]
    assert "Give the right answers whole" in str(refused.value)


def test_a_small_stratum_that_is_all_of_the_cases_is_told_if_lost():
    rows = pl.DataFrame({"id": range(3000), "site": ["rare"] * 50 + ["usual"] * 2950})
    sample = draw_stratified(rows, id_column="id", by="site", num_rows=100, allocation="equal", seed=1)
    check_whole(sample, num_usable=3000)
    with pytest.raises(DataError, match="reviewed documents are missing"):
        check_whole(sample.filter(pl.col("stratum") != "rare"), num_usable=3000)


def test_a_stratum_alone_is_not_the_run():
    with pytest.raises(DataError, match="stand for"):
        check_whole(by_site("equal").filter(pl.col("stratum") == "c"), num_usable=N)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_drawn_whole_is_taken(seed):
    """Whatever way it was drawn, and if some documents of the review are not in this run."""
    rows = population()
    for sample in (
        by_site("equal", seed),
        by_site("proportional", seed),
        draw_random(rows, id_column="id", num_rows=80, seed=seed),
        draw_uncertain(rows, id_column="id", confidence="low", num_rows=80, seed=seed),
    ):
        check_whole(sample, num_usable=N)
        check_whole(sample.drop("weight"), num_usable=N)
        half = rows.sample(N // 2, seed=seed)["id"].implode()
        check_whole(sample.filter(pl.col("id").is_in(half)), num_usable=N // 2, is_part=True)


def test_a_simple_sample_and_weights_of_another_scale_are_anybody_s():
    check_whole(draw_random(population(), id_column="id", num_rows=80, seed=0).head(20), num_usable=N)
    lost = by_site("equal").filter(pl.col("stratum") != "a")
    check_whole(lost.drop("inclusion_probability"), num_usable=N)
    check_whole(lost.with_columns(pl.col("weight") / 3), num_usable=N)


def test_a_sample_of_more_than_the_run_is_taken():
    """The run's documents may themselves be drawn from something larger."""
    check_whole(by_site("equal"), num_usable=N // 2)


@pytest.mark.parametrize("value", [1e-300, 1e300, float("nan"), float("inf"), 0.0, -1.0, None])
@pytest.mark.parametrize("column", ["weight", "inclusion_probability", "mine"])
def test_weights_that_cannot_be_calculated_with_are_told(value, column):
    gold = pl.DataFrame({"id": [1, 2, 3], column: [0.5, 1.0, value]})
    with pytest.raises(DataError, match=rf"gold: '{column}'"):
        with_weights(gold, weight=column if column == "mine" else None, inclusion_probability=None)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_weights_of_any_reasonable_scale_are_taken(scale):
    gold = pl.DataFrame({"id": [1, 2], "weight": [scale, 3 * scale]})
    assert with_weights(gold, weight=None, inclusion_probability=None).height == 2


def test_a_run_and_a_sample_without_one_hospital(tmp_path):
    """From the command's end: what was drawn by hospital and lost one gives neither an estimate nor an evaluation."""
    rows = [("A", "F")] * 60 + [("B", "M")] * 40
    texts = [f'n {at} [[answer {{"sex": "{sex}"}}]]' for at, (_, sex) in enumerate(rows)]
    data = write_documents(tmp_path / "d.parquet", texts, hospital=[hospital for hospital, _ in rows])
    extract_here(make_settings(data, tmp_path / "run", task=TASK, data__carry_columns=["hospital"]))
    run = glane.open_run(tmp_path / "run")
    drawn = glane.draw_sample(run, rows=20, sample="stratified", by="hospital", allocation="equal")
    gold = drawn.join(run.all().select("id", "sex").collect(), on="id")
    whole = glane.estimate(run, gold, "sex", value="F")
    assert whole.table["estimate"][0] == pytest.approx(0.6)
    assert glane.evaluate(run, gold, samples=0).summary.documents.compared == 20
    lost = gold.filter(pl.col("stratum") != "B")
    for ask in (lambda: glane.estimate(run, lost, "sex", value="F"), lambda: glane.evaluate(run, lost, samples=0)):
        with pytest.raises(DataError, match="10 documents stand for 60 documents, and the run has 100 usable ones"):
            ask()


def test_a_document_that_failed_in_two_runs_counts_once(tmp_path):
    answer = '[[answer {"sex": "F"}]]'
    texts = [f"n {at} {answer if at % 3 else '[[invalid]]'}" for at in range(30)]
    data = write_documents(tmp_path / "d.parquet", texts)
    extract_here(make_settings(data, tmp_path / "one", task=TASK))
    extract_here(make_settings(data, tmp_path / "two", task=TASK, data__only_rejected_of=[str(tmp_path / "one")]))
    runs = [glane.open_run(tmp_path / name) for name in ("one", "two")]
    assert [run.rejected().collect().height for run in runs] == [10, 10]
    gold = runs[0].usable().select("id", "sex").collect().head(12)
    found = glane.estimate(runs, gold, "sex", value="F")
    alone = glane.estimate(runs[0], gold, "sex", value="F")
    assert found.summary.rows_without_values == alone.summary.rows_without_values == 10
    assert found.table.equals(alone.table)
