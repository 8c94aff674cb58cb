"""Estimates: against references, against known truths, and refusals."""

import datetime
import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.proportion import proportion_confint

from conftest import extract_here, job, job_here, make_settings
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.figures import as_table
from glane.assess.estimate.prediction_powered import NotEstimableError, Rows, _unskewed, fit
from glane.assess.estimate.question import Question, with_weights
from glane.assess.estimate.sampling_plan import plan_mean, plan_share
from glane.assess.estimate.sentences import estimate_text, summarised
from glane.assess.proportion import (
    ErrorRates,
    Share,
    error_rates,
    jeffreys,
    of_finite,
    rogan_gladen,
    share,
    wilson,
)
from glane.assess.share_estimators import prediction_powered
from glane.assess.yes import check_value
from glane.errors import ConfigError, DataError


def simulation(name: str) -> ModuleType:
    path = Path(__file__).parent / "simulations" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"simulation_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def estimated(*asked: Any, **more: Any) -> Any:
    return estimate(*asked, **more).estimates


def ones(number: int) -> Any:
    return np.ones(number)


def rows(covariates: Any, outcome: Any) -> Rows:
    return Rows(covariates=covariates, outcome=outcome, present=ones(len(outcome)))


# Intervals of shares


@pytest.mark.parametrize(("yes", "num"), [(0, 20), (3, 20), (10, 20), (20, 20), (7, 300)])
def test_intervals_of_one_share_are_those_of_statsmodels(yes: int, num: int) -> None:
    known = Share(value=yes / num, num_effective=num)
    assert wilson(known, 0.95) == pytest.approx(proportion_confint(yes, num, method="wilson"), abs=1e-12)
    if 0 < yes < num:
        assert jeffreys(known, 0.9) == pytest.approx(proportion_confint(yes, num, 0.1, method="jeffreys"), abs=1e-12)


@pytest.mark.parametrize("num_all", [1, 2, 7, 30])
def test_an_interval_of_a_finite_number_covers_as_often_as_it_says(num_all):
    """By counting every sample of every population; and of all, nothing is left to chance."""
    for num_sampled in range(1, num_all + 1):
        limits = [of_finite(yes, num_sampled, num_all, 0.95) for yes in range(num_sampled + 1)]
        for truth in range(num_all + 1):
            drawn = [
                math.comb(truth, yes) * math.comb(num_all - truth, num_sampled - yes) for yes in range(num_sampled + 1)
            ]
            covering = [low <= truth / num_all <= high for low, high in limits]
            assert sum(ways for ways, covers in zip(drawn, covering, strict=True) if covers) >= 0.95 * sum(drawn)
    assert [of_finite(yes, num_all, num_all, 0.95) for yes in range(num_all + 1)] == [
        (yes / num_all, yes / num_all) for yes in range(num_all + 1)
    ]


def test_an_interval_of_very_many_is_that_of_clopper_and_pearson():
    expected = proportion_confint(3, 50, method="beta")
    assert of_finite(3, 50, 10_000_000, 0.95) == pytest.approx(expected, abs=1e-5)


def test_equal_weights_change_nothing_and_unequal_ones_cost_rows() -> None:
    yes = np.repeat([1.0, 0.0], [30, 70])
    assert share(yes, ones(100) * 7) == Share(value=pytest.approx(0.3), num_effective=pytest.approx(100))
    weights = np.tile([1.0, 9.0], 50)
    uneven = share(yes, weights)
    assert uneven.value == pytest.approx(0.3)
    assert uneven.num_effective < 70


def test_the_effective_size_is_that_of_a_weighted_mean_in_statsmodels() -> None:
    rng = np.random.default_rng(3)
    yes, weights = (rng.random(80) < 0.4).astype(float), rng.uniform(1, 5, 80)
    known = share(yes, weights)
    robust = WLS(yes, ones(80), weights=weights).fit(cov_type="HC0")
    assert known.value == pytest.approx(robust.params[0])
    assert known.value * (1 - known.value) / known.num_effective == pytest.approx(robust.bse[0] ** 2)


def test_prediction_powered_share_is_the_poststratified_one() -> None:
    gold = np.array([1.0] * 18 + [0.0] * 2 + [1.0] * 5 + [0.0] * 75)
    predicted = np.array([1.0] * 20 + [0.0] * 80)
    found = prediction_powered(gold, predicted, ones(100), run_share=0.3, num_run=5000, level=0.95)
    assert found.estimate == pytest.approx(0.3 * 18 / 20 + 0.7 * 5 / 80)
    assert found.gain == pytest.approx(18 / 20 - 5 / 80)
    assert found.low < found.estimate < found.high


def test_large_samples_give_the_power_tuned_interval() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(40_000) < 0.3).astype(float)
    model = np.where(rng.random(40_000) < 0.1, 1 - truth, truth)
    n = 4000
    found = prediction_powered(truth[:n], model[:n], ones(n), run_share=float(model.mean()), num_run=40_000, level=0.95)
    column = ones(40_000)[:, None]
    tuned = fit(rows(column[:n], truth[:n]), rows(column[:n], model[:n]), ones(n), rows(column, model), link="identity")
    low, high = tuned.limits(0.95)
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((tuned.coefficients[0], low[0], high[0]), abs=3e-4)
    assert found.gain == pytest.approx(tuned.tuning, abs=1e-9)


def test_a_model_without_errors_in_the_sample_is_not_believed_to_have_none() -> None:
    gold = np.repeat([1.0, 0.0], [10, 40])
    found = prediction_powered(gold, gold, ones(50), run_share=0.2, num_run=100_000, level=0.95)
    assert found is not None
    assert found.high - found.low > 0.04


def test_where_none_of_the_model_s_yes_was_reviewed_it_is_taken_at_its_word_with_wide_limits() -> None:
    found = prediction_powered(np.zeros(20), np.zeros(20), ones(20), run_share=0.1, num_run=100, level=0.95)
    assert found.estimate == pytest.approx(0.1)
    assert found.low == 0
    assert found.high > 0.2
    assert error_rates(np.zeros(20), np.zeros(20), ones(20)) is None


def test_rogan_gladen_is_the_published_formula() -> None:
    rates = ErrorRates(
        sensitivity=Share(value=0.9, num_effective=100), specificity=Share(value=0.95, num_effective=200), fewest=100
    )
    found = rogan_gladen(rates, run_share=0.25, num_run=1000, level=0.95)
    assert found is not None
    assert found.estimate == pytest.approx((0.25 + 0.95 - 1) / (0.9 + 0.95 - 1))
    # the formulas of Lang and Reiczigel (2014), by hand
    z = 1.959963984540054
    n, se, sp = 1000 + z**2, 91 / 102, 191 / 202
    p = (250 + z**2 / 2) / n
    prevalence = (p + sp - 1) / (se + sp - 1)
    a, b = se * (1 - se) / 102, sp * (1 - sp) / 202
    shift = 2 * z**2 * (prevalence * a - (1 - prevalence) * b)
    error = (p * (1 - p) / n + a * prevalence**2 + b * (1 - prevalence) ** 2) ** 0.5 / (se + sp - 1)
    assert (found.low, found.high) == pytest.approx((prevalence + shift - z * error, prevalence + shift + z * error))


def test_rogan_gladen_refuses_a_model_that_knows_nothing() -> None:
    rates = ErrorRates(
        sensitivity=Share(value=0.4, num_effective=50), specificity=Share(value=0.6, num_effective=50), fewest=50
    )
    assert rogan_gladen(rates, run_share=0.25, num_run=1000, level=0.95) is None


# Means and regressions


def reference_data() -> Any:
    rng = np.random.default_rng(5)
    n, num = 150, 2150
    x = np.column_stack([ones(num), rng.normal(size=num)])
    y = x @ [1.0, 0.5] + rng.normal(size=num)
    model = y + rng.normal(0.3, 0.6, num)
    yes = (rng.random(num) < 1 / (1 + np.exp(-x @ [-1, 0.8]))).astype(float)
    said = np.where(rng.random(num) < 0.1, 1 - yes, yes)
    return n, x, {"identity": (y, model), "logit": (yes, said)}


# What ppi-python 0.2.3 gives for `reference_data`: ppi_mean_ci, ppi_ols_ci, ppi_logistic_ci with alpha=0.05.
PPI_PYTHON = {
    ("mean", 1.0): ([0.9768323461476307], [1.2029772599458324]),
    ("ols", 1.0): ([0.9677075957496328, 0.40548732308724406], [1.1906789228260977, 0.605493159830333]),
    ("logistic", 1.0): ([-1.6985983641218498, 0.5470407878970275], [-0.8167531075785985, 1.6373954994525008]),
    ("mean", 0.5): ([0.9486905408438012], [1.1599610026935319]),
    ("ols", 0.5): ([0.9653411703167695, 0.3521478322988453], [1.1677960132479748, 0.538524648922163]),
    ("logistic", 0.5): ([-1.4519033507042276, 0.51958998550195], [-0.8258757412413704, 1.2172223837715066]),
}


@pytest.mark.parametrize(("kind", "tuning"), PPI_PYTHON)
def test_prediction_powered_fits_are_those_of_ppi_python(kind: str, tuning: float) -> None:
    n, x, outcomes = reference_data()
    link = "logit" if kind == "logistic" else "identity"
    true, model = outcomes[link]
    x = x[:, :1] if kind == "mean" else x
    found = fit(
        rows(x[:n], true[:n]), rows(x[:n], model[:n]), ones(n), rows(x[n:], model[n:]),
        link=link, tuning=tuning,
    )  # fmt: skip
    low, high = (np.array(ends) for ends in PPI_PYTHON[kind, tuning])
    theirs = (high - low) / 2 / 1.959964
    # Its linear regression is a sum of three fits, the same as ours only in the limit; the others are ours.
    near = 0.75 * theirs.min() if kind == "ols" else 2e-4
    assert found.coefficients == pytest.approx((low + high) / 2, abs=near)
    # Theirs has the normal quantile, no correction for the number of coefficients, and a pooled second derivative.
    errors = np.sqrt(np.diag(found.covariance))
    assert errors == pytest.approx(theirs, rel=0.02 if kind == "mean" else 0.12)


def test_the_linear_fit_minimises_the_corrected_squares() -> None:
    n, x, outcomes = reference_data()
    true, model = outcomes["identity"]
    found = fit(rows(x[:n], true[:n]), rows(x[:n], model[:n]), ones(n), rows(x, model), link="identity", tuning=0.6)
    slope = 0.6 * x.T @ x / len(x) + 0.4 * x[:n].T @ x[:n] / n
    pull = 0.6 * x.T @ model / len(x) + x[:n].T @ (true[:n] - 0.6 * model[:n]) / n
    assert found.coefficients == pytest.approx(np.linalg.solve(slope, pull))


def test_ppi_python_agrees_where_it_is_installed() -> None:
    ppi = pytest.importorskip("ppi_py")
    n, _x, outcomes = reference_data()
    true, model = outcomes["identity"]
    low, high = ppi.ppi_mean_ci(true[:n], model[:n], model[n:], alpha=0.05, lam=1)
    assert PPI_PYTHON["mean", 1.0] == (pytest.approx([float(low[0])]), pytest.approx([float(high[0])]))


def test_no_trust_in_the_model_is_weighted_least_squares() -> None:
    n, x, outcomes = reference_data()
    true, model = outcomes["identity"]
    weights = np.random.default_rng(1).uniform(1, 4, n)
    found = fit(
        rows(x[:n], true[:n]), rows(x[:n], model[:n]), weights, rows(x, model), link="identity", tuning=0.0
    )  # fmt: skip
    robust = WLS(true[:n], x[:n], weights=weights).fit(cov_type="HC1")
    assert found.coefficients == pytest.approx(robust.params)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(robust.bse)


def test_a_useless_model_is_not_trusted() -> None:
    n, x, outcomes = reference_data()
    noise = np.random.default_rng(2).normal(size=len(x))
    found = fit(
        rows(x[:n, :1], outcomes["identity"][0][:n]), rows(x[:n, :1], noise[:n]), ones(n), rows(x[:, :1], noise),
        link="identity",
    )  # fmt: skip
    assert found.tuning < 0.2


def test_separated_outcomes_are_refused() -> None:
    x = np.column_stack([ones(40), np.repeat([0.0, 1.0], 20)])
    yes = np.repeat([0.0, 1.0], 20)
    with pytest.raises(NotEstimableError):
        fit(rows(x, yes), rows(x, yes), ones(40), rows(x, yes), link="logit", tuning=0.0)


# From frames


def population(num: int = 4000, *, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A run and the truth of all its documents; the model overlooks fever in hospital B."""
    rng = np.random.default_rng(seed)
    hospital = rng.choice(["A", "B"], num)
    fever = rng.random(num) < np.where(hospital == "A", 0.2, 0.4)
    missed = rng.random(num) < np.where(hospital == "A", 0.05, 0.3)
    age = rng.normal(50, 10, num).round()
    first = datetime.date(2024, 1, 1)
    run = pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(num)], "hospital": hospital,
            "day": [first + datetime.timedelta(days=int(day)) for day in rng.integers(0, 91, num)],
            "fever": [None if gone else bool(one) for one, gone in zip(fever, missed, strict=True)],
            "age": age + rng.normal(2, 3, num), "signs": [["cough", "fever"] if one else ["cough"] for one in fever],
        }
    )  # fmt: skip
    truth = pl.DataFrame({"id": run["id"], "fever": fever, "age": age, "signs": run["signs"]})
    return run, truth


def test_prevalence_is_corrected_overall_and_by_group() -> None:
    run, truth = population()
    gold = truth.sample(400, seed=1)
    [one] = estimated(run, gold, Question(what="prevalence", field="fever"), id_column="id")
    assert one.method == "ppi"
    assert one.low <= truth["fever"].mean() <= one.high
    assert one.model < one.low  # what the model alone says is too low
    found = estimated(run, gold, Question(what="prevalence", field="fever", by="hospital"), id_column="id")
    assert [row.group for row in found] == ["A", "B"]
    assert sum(row.n_gold for row in found) == 400
    assert 0.3 < found[1].estimate < 0.5


def test_counts_by_month_and_what_is_said_of_them() -> None:
    run, truth = population()
    question = Question(what="count", field="fever", by="day", every="month")
    answer = estimate(run, truth.sample(400, seed=1), question, id_column="id")
    found = answer.estimates
    assert [row.group for row in found] == [datetime.date(2024, month, 1) for month in (1, 2, 3)]
    for row in found:
        assert row.low < row.estimate < row.high <= row.n_run
    text = estimate_text(summarised(answer, question, num_rejected=3))
    assert "2024-02-01: " in text
    assert "3 documents of the run have no values" in text
    assert "95 % interval" in text
    table = as_table(found)
    assert table["group"].dtype == pl.Date
    assert table.height == 3


def test_an_item_of_a_list_is_a_value() -> None:
    run, truth = population()
    question = Question(what="prevalence", field="signs", value="fever", method="gold_only")
    [one] = estimated(run, truth.sample(500, seed=2), question, id_column="id")
    assert one.low <= truth["fever"].mean() <= one.high


def test_shared_error_rates_reach_groups_without_review() -> None:
    run, truth = population()
    gold = truth.filter(run["hospital"] == "A").sample(300, seed=1)
    question = Question(what="prevalence", field="fever", by="hospital", method="rogan_gladen", shared_error_rates=True)
    found = estimated(run, gold, question, id_column="id")
    assert found[1].n_gold == 0
    assert found[1].estimate is not None
    alone = estimated(
        run, gold, Question(what="prevalence", field="fever", by="hospital", method="ppi"), id_column="id"
    )  # fmt: skip
    assert alone[1].estimate is None
    assert alone[1].note == "no reviewed document here"


def test_means_leave_out_what_is_not_stated() -> None:
    run, truth = population()
    run = run.with_columns(pl.when(pl.col("hospital") == "A").then(pl.col("age")))
    truth = truth.with_columns(pl.when(run["hospital"] == "A").then(pl.col("age")).alias("age"))
    [one] = estimated(run, truth.sample(300, seed=4), Question(what="mean", field="age"), id_column="id")
    assert one.method == "ppi"
    assert one.tuning > 0.5
    assert one.low <= truth["age"].mean() <= one.high
    assert not one.low <= run["age"].mean() <= one.high


def test_regressions_name_their_terms() -> None:
    run, truth = population()
    question = Question(what="logistic", field="fever", covariates=("hospital",))
    found = estimated(run, truth.sample(600, seed=1), question, id_column="id")
    terms = [row.term for row in found]
    assert terms[0] == "intercept"
    assert terms[1] in ("hospital=A", "hospital=B")
    odds = np.log(0.4 / 0.6) - np.log(0.2 / 0.8)
    assert found[1].low <= (odds if terms[1] == "hospital=B" else -odds) <= found[1].high
    linear = estimated(
        run, truth.sample(300, seed=1), Question(what="linear", field="age", covariates=("hospital",)), id_column="id"
    )  # fmt: skip
    assert linear[1].low <= 0.5
    assert linear[1].high >= -0.5


def test_weights_undo_an_uneven_draw() -> None:
    run, truth = population()
    chance = np.where(truth["fever"].to_numpy(), 0.4, 0.1)  # the fever is drawn four times as often
    drawn = np.random.default_rng(1).random(len(chance)) < chance
    gold = truth.with_columns(pl.Series("inclusion_probability", chance)).filter(drawn)
    weighted = with_weights(gold, weight=None, inclusion_probability=None)
    question = Question(what="prevalence", field="fever", method="gold_only")
    [right] = estimated(run, weighted, question, id_column="id")
    [wrong] = estimated(run, gold, question, id_column="id")
    assert right.low <= truth["fever"].mean() <= right.high < wrong.low


def test_the_plan_keeps_its_word() -> None:
    gold = np.array([1.0] * 36 + [0.0] * 4 + [1.0] * 10 + [0.0] * 150)
    predicted = np.array([1.0] * 40 + [0.0] * 160)
    plan = plan_share(
        gold, predicted, ones(200), run_share=0.2, num_run=20_000, half_width=0.02, level=0.95
    )  # fmt: skip
    assert plan.prediction_powered < plan.gold_only
    times = round(plan.prediction_powered / 200)
    then = prediction_powered(
        np.tile(gold, times), np.tile(predicted, times), ones(200 * times), run_share=0.2, num_run=20_000, level=0.95
    )
    assert then is not None
    assert (then.high - then.low) / 2 == pytest.approx(0.02, rel=0.15)
    hopeless = plan_share(gold, predicted, ones(200), run_share=0.2, num_run=300, half_width=0.001, level=0.95)
    assert hopeless.gold_only is None
    assert hopeless.prediction_powered is None
    mean = plan_mean(
        alone_variance=100.0, powered_variance=25.0, run_variance=0.0, num_run=9000, half_width=0.5, level=0.95
    )
    assert (mean.gold_only, mean.prediction_powered) == (1537, 385)


def test_a_wrong_category_is_answered_with_the_right_ones() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'cough'"):
        check_value("signs", "coughs", kind=pl.List(pl.String), categories=["cough", "fever"])


def test_a_value_that_occurs_nowhere_is_a_count_of_zero_with_its_upper_limit() -> None:
    run, truth = population(200)
    one = one_estimate(run, truth.head(100), what="count", field="signs", value="plague")
    assert (one.estimate, one.low) == (0, 0)
    assert 1 < one.high < 6
    assert "has this value" in str(one.note)
    table = estimated(
        run, truth.head(100), Question(what="count", field="signs", value="plague", by="day", every="week"),
        id_column="id",
    )  # fmt: skip
    assert {row.estimate for row in table} == {0}
    assert all(row.high > 0.2 for row in table)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"field": "fevr"}, "Did you mean 'fever'"),
        ({"value": "yes"}, "Valid: false, true"),
        ({"what": "mean"}, "needs a number"),
        ({"by": "hospitl"}, "Did you mean 'hospital'"),
        ({"by": "hospital", "every": "month"}, "must be a date"),
        ({"every": "month"}, "needs by"),
        ({"by": "signs"}, "is a list"),
        ({"what": "logistic"}, "needs the columns that explain"),
        ({"covariates": ("hospital",)}, "Did you mean by"),
        ({"what": "mean", "field": "age", "method": "rogan_gladen"}, "Choose ppi or auto"),
        ({"shared_error_rates": True}, "only with method=rogan_gladen"),
    ],
)
def test_questions_that_make_no_sense(change: dict[str, Any], words: str) -> None:
    run, truth = population(200)
    with pytest.raises(ConfigError, match=words):
        estimate(run, truth.head(50), Question(**{"what": "prevalence", "field": "fever", **change}), id_column="id")


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        (lambda truth: truth.drop("fever"), "no column 'fever'"),
        (lambda truth: truth.head(0), "no row"),
        (lambda truth: pl.concat([truth, truth]), "repeated"),
        (lambda truth: truth.with_columns(id=pl.int_range(pl.len())), "whole number"),
        (lambda truth: truth.with_columns(id=pl.lit("x") + pl.col("id")), "50 of its 50 documents are not among"),
        (lambda truth: with_weights(truth.with_columns(w=0.0), weight="w", inclusion_probability=None), "above 0"),
        (lambda truth: with_weights(truth.with_columns(w=2.0), weight=None, inclusion_probability="w"), "at most 1"),
        (lambda truth: with_weights(truth, weight="wieght", inclusion_probability=None), "no column 'wieght'"),
    ],
)
def test_gold_that_does_not_fit(gold: Any, words: str) -> None:
    run, truth = population(200)
    with pytest.raises(DataError, match=words):
        estimate(run, gold(truth.head(50)), Question(what="prevalence", field="fever"), id_column="id")


def one_estimate(run: pl.DataFrame, gold: pl.DataFrame, **asked: Any) -> Any:
    [one] = estimated(run, gold, Question(**{"what": "prevalence", "field": "fever", **asked}), id_column="id")
    return one


@pytest.mark.parametrize(
    ("values", "kind"), [(["TRUE", "FALSE"], "text"), ([1, 0], "whole number"), ([1.0, 0.0], "number")]
)
def test_truth_of_another_kind_is_refused_and_never_a_no(values: Any, kind: str) -> None:
    run, truth = population(200)
    gold = truth.head(50).with_columns(
        fever=pl.Series([values[0] if one else values[1] for one in truth["fever"][:50]])
    )
    with pytest.raises(DataError, match=f"'fever' is of type {kind}, and in the run of type true or false"):
        one_estimate(run, gold)


def test_numbers_are_compared_as_numbers() -> None:
    run, truth = population(1000)
    whole = run.with_columns(pl.col("age").round().cast(pl.Int64))
    gold = truth.head(300)  # floats, as pandas writes whole numbers beside missing ones
    asked = {"field": "age", "value": "50", "method": "gold_only"}
    assert one_estimate(whole, gold, **asked).estimate == pytest.approx((gold["age"] == 50).mean())
    half = gold.with_columns(age=pl.lit(50.5))
    assert one_estimate(whole, half, **asked).estimate == 0
    with pytest.raises(ConfigError, match="'old' is no number"):
        one_estimate(whole, gold, field="age", value="old")


def test_what_pandas_writes_for_no_number_is_no_value() -> None:
    run, truth = population(1000)
    gold = truth.head(300).with_columns(
        age=pl.when(pl.int_range(pl.len()) < 50).then(float("nan")).otherwise(pl.col("age"))
    )
    one = one_estimate(run, gold, what="mean", field="age")
    assert one.low < 52 < one.high + 3
    assert one.estimate == one.estimate
    logistic = Question(what="logistic", field="fever", covariates=("age",))
    holes = run.with_columns(age=pl.when(pl.int_range(pl.len()) < 50).then(float("nan")).otherwise(pl.col("age")))
    found = estimated(holes, truth.head(400), logistic, id_column="id")
    assert found[1].estimate is not None
    assert "50 documents left out: no value in age" in str(found[1].note)


def test_a_year_beside_an_intercept_is_no_repetition() -> None:
    run, truth = population()
    years = run.with_columns(year=pl.int_range(pl.len()) % 5 + 2020)
    [intercept, slope] = estimated(
        years, truth.head(400), Question(what="linear", field="age", covariates=("year",)), id_column="id"
    )
    assert intercept.estimate is not None
    assert slope.low <= 0.05
    assert slope.high >= -0.05


def test_a_covariate_of_many_values_is_refused() -> None:
    run, truth = population(200)
    many = run.with_columns(visit=pl.int_range(pl.len()).cast(pl.String))
    question = Question(what="linear", field="age", covariates=("visit",))
    with pytest.raises(ConfigError, match="'visit' has 200 values, each a coefficient"):
        estimate(many, truth.head(100), question, id_column="id")


def test_months_without_a_reviewed_yes_keep_the_cases_that_the_model_found() -> None:
    run, _ = population(600)
    rare = run.with_columns(fever=pl.int_range(pl.len()) % 50 == 7)
    gold = rare.select("id", "fever").filter(~pl.col("fever")).head(90)
    asked = {"what": "count", "field": "fever", "by": "day", "every": "month"}
    found = estimated(rare, gold, Question(**asked), id_column="id")  # type: ignore[arg-type]
    assert sum(row.estimate for row in found) == pytest.approx(12)
    for row in found:
        assert row.estimate == pytest.approx(row.model, abs=1)
        assert row.low < row.model < row.high
    alone = estimated(rare, gold, Question(**asked, method="gold_only"), id_column="id")  # type: ignore[arg-type]
    assert "no true yes among the reviewed documents here: the upper limit" in str(alone[0].note)


def test_documents_without_a_group_are_told_as_such() -> None:
    run, truth = population(600)
    some = run.with_columns(hospital=pl.when(pl.col("hospital") == "A").then(pl.col("hospital")))
    question = Question(what="prevalence", field="fever", by="hospital")
    text = estimate_text(
        summarised(estimate(some, truth.head(300), question, id_column="id"), question, num_rejected=0)
    )
    assert "  (no value): " in text
    assert "without a value of fever counts as one that is not true" in text
    assert "50% of the run was reviewed" in text
    assert "population=run" in text


@pytest.mark.parametrize(("num", "is_told"), [(40, True), (1200, False)])
def test_small_regressions_say_that_intervals_may_be_short(num: int, is_told: bool) -> None:
    run, truth = population()
    question = Question(what="logistic", field="fever", covariates=("hospital",))
    found = estimated(run, truth.head(num), question, id_column="id")
    assert ("the interval may be too short" in str(found[1].note)) == is_told


# The run's own documents


@pytest.mark.parametrize("asked", [{}, {"method": "gold_only"}, {"what": "mean", "field": "age"}])
def test_of_a_run_reviewed_whole_everything_is_known(asked: dict[str, Any]) -> None:
    run, truth = population(300)
    one = one_estimate(run, truth, population="run", **asked)
    assert one.low == pytest.approx(one.estimate)
    assert one.high == pytest.approx(one.estimate)
    assert one.estimate == pytest.approx(truth[asked.get("field", "fever")].mean())
    assert one_estimate(run, truth, **asked).high > one.high


def test_the_finite_population_correction_is_that_of_the_textbook() -> None:
    gold, weights = np.repeat([1.0, 0.0], [60, 140]), ones(200) * 5
    assert share(gold, weights, num_run=1000).num_effective == pytest.approx(200 / (1 - 200 / 1000))
    n, x, outcomes = reference_data()
    true, model = outcomes["identity"]
    column = x[:, :1]
    infinite, finite = (
        fit(rows(column[:n], true[:n]), rows(column[:n], model[:n]), ones(n), rows(column, model), link="identity",
            tuning=0.0, is_finite=is_finite)
        for is_finite in (False, True)
    )  # fmt: skip
    assert finite.covariance == pytest.approx(infinite.covariance * (1 - n / len(x)))


def test_known_answers_bound_the_interval_of_a_run() -> None:
    run, truth = population(300)
    one = one_estimate(run, truth.head(280), population="run")
    known = truth["fever"][:280].sum()
    assert known / 300 <= one.low <= truth["fever"].mean() <= one.high <= (known + 20) / 300


def test_fewer_rows_are_planned_for_a_run_than_for_what_it_comes_from() -> None:
    run, truth = population(1000)
    for asked in ({"half_width": 0.02}, {"what": "mean", "field": "age", "half_width": 0.4}):
        process, finite = (
            one_estimate(run, truth.head(200), population=population_, **asked) for population_ in ("process", "run")
        )
        assert finite.rows_gold_only is not None
        assert finite.rows_gold_only < (process.rows_gold_only or 1001)
    with pytest.raises(ConfigError, match="population: run is not for method=rogan_gladen"):
        one_estimate(run, truth.head(200), population="run", method="rogan_gladen")


def test_few_rows_say_so() -> None:
    run, truth = population(200)
    [one] = estimated(run, truth.head(5), Question(what="mean", field="age"), id_column="id")
    assert one.estimate is None
    assert "too few" in str(one.note)


# Coverage, in short; tests/simulations/coverage.py is the long one


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.7, 0.9), (0.8, 0.95), (0.95, 0.95), (0.95, 0.99)])
def test_nominal_95_percent_intervals_hold_the_truth(sensitivity: float, specificity: float) -> None:
    found = simulation("coverage").share_coverage(
        prevalence=0.2, sensitivity=sensitivity, specificity=specificity, num_gold=300, samples=1000, seed=3
    )
    for method, (coverage, _) in found.items():
        assert 0.93 <= coverage <= (0.985 if method == "rogan_gladen" else 0.97), method


def test_intervals_of_a_run_hold_its_share() -> None:
    found = simulation("coverage").finite_coverage(
        num_run=300, num_gold=150, prevalence=0.3, sensitivity=0.8, specificity=0.95, samples=1000, seed=3
    )
    for method, (coverage, _) in found.items():
        assert 0.93 <= coverage <= 0.97, method


def test_intervals_of_f1_hold_the_truth() -> None:
    _, coverage, _ = simulation("coverage").f1_coverage(
        num_documents=200, error=0.1, method="bca", samples=120, seed=3, resamples=400
    )
    assert coverage[-2] >= 0.89  # 120 samples: three standard errors are 6 points
    assert coverage[:-2].mean() >= 0.92


def test_weighted_intervals_hold_the_truth() -> None:
    for coverage, _ in (
        simulation("coverage").weighted_coverage(prevalence=0.2, num_gold=300, samples=30, seed=3).values()
    ):
        assert coverage >= 0.83  # 30 samples: three standard errors are 12 points


def test_the_job(tmp_path: Path, documents: Path) -> None:
    run_dir = tmp_path / "run"
    frame = pl.read_parquet(documents).with_columns(hospital=pl.Series(["A", "B"] * 60))
    frame.write_parquet(documents)
    found = extract_here(make_settings(documents, run_dir))
    usable = found.filter(pl.col("status").cast(pl.String) == "OK")
    assert usable.height > 60
    gold = usable.select("id", "fever", "age").head(60)
    gold.write_parquet(tmp_path / "gold.parquet")
    common = [f"run.dir={run_dir}", f"gold={tmp_path / 'gold.parquet'}", f"out.dir={tmp_path / 'out'}"]
    done = job(*common, "field=fever", "by=hospital", "half_width=0.05", name="estimate")
    assert "Share of documents with fever = true, by 'hospital'" in done.stdout
    table = pl.read_parquet(tmp_path / "out" / "estimates.parquet")
    assert table.height == 2
    assert table["n_gold"].sum() == 60
    told = json.loads((tmp_path / "out" / "estimates.json").read_text())
    assert told["question"]["field"] == "fever"
    assert len(told["estimates"]) == 2
    refused = job_here(*common, "field=fever", "by=sex", name="estimate", check=2)
    assert "extracted by the model" in refused.stderr
    refused = job_here(*common, "field=fever", "methode=ppi", name="estimate", check=2)
    assert "Did you mean 'method'" in refused.stderr


def test_the_transformation_of_skewed_sums_is_undone_by_halls() -> None:
    """Hall (JRSS B 1992): g(t) = t + a t² / 3 + a² t³ / 27 + a / 6 of a studentised sum of skewness a is symmetric."""
    for skewness in (-0.8, -0.1, 0.02, 0.3, 1.2):
        for quantile in (-1.96, 0.0, 1.64, 2.5):
            t = float(_unskewed(quantile, np.array([skewness]))[0])
            back = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
            assert back == pytest.approx(quantile)
    assert _unskewed(1.96, np.array([0.0]))[0] == 1.96


def test_a_mean_that_a_few_documents_carry_says_so() -> None:
    study = simulation("heavy_tails")
    held, noted, _ = study.coverage(1.2, np.inf, 200, samples=60, seed=2)
    assert held >= 0.88
    assert noted == 1.0
    held, noted, alone = study.coverage(0.0, np.inf, 500, samples=60, seed=2)
    assert noted == 0.0
    assert min(held, alone) >= 0.88


def test_of_a_rare_outcome_the_reviewed_documents_alone_are_taken() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=8000)
    truth = rng.random(8000) < 1 / (1 + np.exp(4.2 - 0.8 * x))
    said = np.where(rng.random(8000) < np.where(truth, 0.85, 0.99), truth, ~truth)
    run = pl.DataFrame({"id": np.arange(8000), "case": said, "x": x})
    gold = pl.DataFrame({"id": np.arange(500), "case": truth[:500]})
    asked = Question(what="logistic", field="case", covariates=("x",))
    found = estimate(run, gold, asked, id_column="id").estimates
    assert {one.method for one in found} == {"gold_only"}
    assert "20 are wanted" in (found[0].note or "")
    assert "shorter" not in (found[0].note or "")
    many = estimate(run, pl.DataFrame({"id": run["id"], "case": truth}), asked, id_column="id").estimates
    assert "wanted" not in (many[0].note or "")


@pytest.mark.parametrize(
    ("kind", "categories", "expected"),
    [
        (
            pl.Categorical(),
            ("flu", "gastro"),
            "'f' is a category: say which one counts as a yes, .* Valid: flu, gastro",
        ),
        (pl.List(pl.String()), ("flu",), "is a category"),
        (pl.Int64(), (), "holds numbers: say which one counts as a yes, as value=3, or estimate what=mean"),
        (pl.Date(), (), "holds dates or times"),
        (pl.String(), (), "holds texts"),
    ],
)
def test_a_field_that_is_no_yes_or_no_needs_a_value(kind: pl.DataType, categories: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_value("f", "true", kind=kind, categories=categories)


def test_a_yes_and_a_category_that_is_called_true_need_none() -> None:
    check_value("f", "true", kind=pl.Boolean())
    check_value("f", "true", kind=pl.List(pl.Boolean()))
    check_value("f", "true", kind=pl.Categorical(), categories=("true", "other"))
    with pytest.raises(ConfigError, match=r"value: 'x' is no value of 'f'"):
        check_value("f", "x", kind=pl.Categorical(), categories=("true", "other"))
