"""A reviewed sample that has lost a stratum, or whose weights are no numbers of documents, is refused."""

import numpy as np
import polars as pl
import pytest

from glane.assess.estimate.question import with_weights
from glane.assess.estimate.whole_sample import check_whole
from glane.assess.sampling import draw_random, draw_stratified, draw_uncertain
from glane.errors import DataError

N = 1000


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
    check_whole(sample, least=N, most=N)
    with pytest.raises(DataError, match="documents of a stratum are missing, .* Its strata: ") as refused:
        check_whole(sample.filter(pl.col("stratum") != lost), least=N, most=N)
    assert f"'{lost}'" not in str(refused.value).split("Its strata")[1]
    assert "Give the right answers whole" in str(refused.value)


def test_a_stratum_alone_is_not_the_run():
    with pytest.raises(DataError, match="stand for"):
        check_whole(by_site("equal").filter(pl.col("stratum") == "c"), least=N, most=N)


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
        check_whole(sample, least=N, most=N)
        check_whole(sample.drop("weight"), least=N, most=N)
        half = rows.sample(N // 2, seed=seed)["id"].implode()
        check_whole(sample.filter(pl.col("id").is_in(half)), least=N // 2, most=N // 2, is_part=True)


def test_a_simple_sample_and_weights_of_another_scale_are_anybody_s():
    check_whole(draw_random(population(), id_column="id", num_rows=80, seed=0).head(20), least=N, most=N)
    lost = by_site("equal").filter(pl.col("stratum") != "a")
    check_whole(lost.drop("inclusion_probability"), least=N, most=N)
    check_whole(lost.with_columns(pl.col("weight") / 3), least=N, most=N)


def test_a_sample_of_a_larger_run_is_told():
    with pytest.raises(DataError, match="it was drawn from another run"):
        check_whole(by_site("equal"), least=N // 2, most=N // 2)
    check_whole(by_site("equal"), least=N // 2, most=N)


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
