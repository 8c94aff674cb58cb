"""Tables by group: they add up, keep cases, know their zeros, and their limits hold. The long simulation is curves.py."""

import datetime
import html
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings
from glane.assess.clusters import CLUSTER
from glane.assess.estimate.chart import chart
from glane.assess.estimate.error_rates import ErrorRatesRecord
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.figures import if_reviewers_err
from glane.assess.estimate.groups import Cell, Groups, Rates
from glane.assess.estimate.notes import _NOTES, in_language, note
from glane.assess.estimate.page import estimate_page
from glane.assess.estimate.periods import period_name
from glane.assess.estimate.pooled import bands, limits, pooled
from glane.assess.estimate.question import Question, with_weights
from glane.assess.estimate.record import Estimate
from glane.assess.estimate.sentences import estimate_text, summarised
from glane.assess.evaluate.evaluation import evaluate
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.metrics import share_among
from glane.assess.proportion import Interval, Share, jeffreys
from glane.assess.sampling import draw, draw_stratified
from glane.assess.sampling_by_answer import expected_half_width, of_the_yes
from glane.assess.strata import share_within, strata_of
from glane.errors import ConfigError, DataError
from glane.languages import plurals_in
from glane.task.fields import fields_from
from glane.task.task import load_task
from test_estimate import simulation

FIRST = datetime.date(2024, 1, 1)


def visits(
    *, prevalence: Any = 0.02, sensitivity: Any = 0.9, specificity: Any = 0.995, weeks: int = 26, size: int = 300,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    rng = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), size)
    truth = rng.random(len(week)) < np.broadcast_to(prevalence, weeks)[week]
    chance = np.where(
        truth, np.broadcast_to(sensitivity, weeks)[week], np.broadcast_to(specificity, weeks)[week]
    )  # fmt: skip
    said = np.where(rng.random(len(week)) < chance, truth, ~truth)
    days = pl.Series([FIRST + datetime.timedelta(weeks=int(one)) for one in range(weeks)]).gather(week)
    hospital = rng.choice(["A", "B", "C"], len(week), p=[0.7, 0.25, 0.05])
    run = pl.DataFrame({"id": np.arange(len(week)), "day": days, "hospital": hospital, "fever": said})
    return run, run.select("id", "day", "hospital", fever=pl.Series(truth))


def by_week(run: pl.DataFrame, gold: pl.DataFrame, **asked: Any) -> Any:
    question = Question(**{"what": "count", "field": "fever", "by": "day", "every": "week", **asked})
    return estimate(run, gold, question, id_column="id")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("per_week", [2, 10])
def test_weeks_and_hospitals_add_up_to_the_figure_of_all(seed: int, per_week: int) -> None:
    run, truth = visits(seed=seed)
    gold = truth.sample(26 * per_week, seed=seed)
    for asked in ({}, {"by": "hospital", "every": None}):
        found = by_week(run, gold, **asked)
        assert found.together.total.estimate == pytest.approx(sum(one.estimate for one in found.estimates))
        alone = estimate(run, gold, Question(what="count", field="fever"), id_column="id").estimates[0]
        assert found.together.total.estimate == pytest.approx(alone.estimate)


def test_limits_hold_their_estimate_and_bands_hold_the_limits() -> None:
    run, truth = visits()
    for asked in ({}, {"population": "process"}, {"what": "prevalence"}):
        for one in by_week(run, truth.sample(260, seed=1), **asked).estimates:
            assert one.band_low <= one.low <= one.estimate <= one.high <= one.band_high
            assert one.low >= 0


def test_a_process_has_wider_limits_than_its_documents() -> None:
    run, truth = visits()
    gold = truth.sample(260, seed=1)
    of_run, of_process = (by_week(run, gold, population=one).estimates for one in ("run", "process"))
    assert all(a.high <= b.high + 0.5 for a, b in zip(of_run, of_process, strict=True))
    assert sum(b.high - b.low for b in of_process) > 1.1 * sum(a.high - a.low for a in of_run)


def test_a_run_reviewed_whole_is_known_in_every_week() -> None:
    run, truth = visits(weeks=5, size=60, prevalence=0.1)
    for one, week in zip(by_week(run, truth).estimates, truth.partition_by("day"), strict=True):
        assert one.estimate == one.low == one.high == week["fever"].sum()


def test_weeks_without_a_document_are_there() -> None:
    run, truth = visits(weeks=6)
    gap = (pl.col("day") < FIRST + datetime.timedelta(weeks=2)) | (pl.col("day") > FIRST + datetime.timedelta(weeks=3))
    found = by_week(run.filter(gap), truth.filter(gap).sample(100, seed=1)).estimates
    assert [one.n_run for one in found] == [300, 300, 0, 0, 300, 300]
    assert (found[2].estimate, found[2].low, found[2].high, found[2].note) == (0, 0, 0, "no document")
    shares = by_week(run.filter(gap), truth.filter(gap).sample(100, seed=1), what="prevalence").estimates
    assert shares[2].estimate is None


def test_documents_without_an_answer_bound_their_own_week() -> None:
    run, truth = visits(weeks=4)
    failed = run.filter(pl.col("id") % 50 == 0).select("id", "day")
    left = run.join(failed, on="id", how="anti")
    question = Question(what="count", field="fever", by="day", every="week")
    gold = truth.join(failed, on="id", how="anti").sample(150, seed=1)
    for one in estimate(left, gold, question, id_column="id", failed=failed).estimates:
        assert one.n_failed == 6
        assert one.if_failed_no == one.estimate
        assert one.if_failed_yes == pytest.approx(one.estimate + 6)


@pytest.mark.parametrize("num", [1, 3, 101])
@pytest.mark.parametrize("what", ["count", "prevalence"])
@pytest.mark.parametrize("where", [None, "B", "AB", "C"])  # of one group, of both, of one that no answer has
def test_every_document_without_an_answer_bounds_the_whole(num: int, what: Any, where: str | None) -> None:
    run = pl.DataFrame({"id": range(400), "co": [i % 4 == 0 for i in range(400)], "ward": ["A", "B"] * 200})
    names = list(where or "A") * num
    failed = pl.DataFrame({"id": range(1000, 1000 + num), "ward": names[:num]})
    question = Question(what=what, field="co", by=None if where is None else "ward", population="run")
    found = estimate(run, run.head(80), question, id_column="id", failed=failed)
    whole = found.estimates[0] if found.together is None else found.together.total
    assert whole.n_failed == num
    assert whole.estimate is not None
    yes = whole.estimate if what == "count" else whole.estimate * 400
    size = 1 if what == "count" else 400 + num
    assert whole.if_failed_no == pytest.approx(yes / size)
    assert whole.if_failed_yes == pytest.approx((yes + num) / size)
    summary = summarised(found, question, num_rejected=num)
    said = estimate_text(summary).splitlines()[-1]
    shown = [f"{one:.0f}" if what == "count" else f"{100 * one:.2f} %" for one in (yes / size, (yes + num) / size)]
    assert f"{shown[0]} if none of them were a yes, {shown[1]} if all were." in said
    assert ("over all groups" in said) == (where is not None)
    if where == "B":  # no bound of a group stands for the total
        assert [one.n_failed for one in found.estimates] == [0, num]
    assert f"{num} documents sans réponse" in estimate_page(summary, language="fr")


def test_of_a_mean_documents_without_an_answer_are_told_and_not_bounded() -> None:
    run = pl.DataFrame({"id": range(40), "age": [float(i) for i in range(40)]})
    question = Question(what="mean", field="age")
    found = estimate(run, run.head(20), question, id_column="id", failed=run.head(3).select("id"))
    assert estimate_text(summarised(found, question, num_rejected=3)).endswith("no values and are not covered.")


def test_error_rates_that_differ_are_found_and_others_are_not() -> None:
    hospital = {"by": "hospital", "every": None}
    alike = 0
    for seed in range(20):
        run, truth = visits(prevalence=0.1, seed=seed)
        alike += by_week(run, truth.sample(600, seed=seed), **hospital).together.heterogeneity < 0.05
    assert alike <= 4
    run, truth = visits(prevalence=0.2, sensitivity=1.0, specificity=1.0)
    blind = run.with_columns(fever=pl.col("fever") & (pl.col("hospital") != "B"))
    assert by_week(blind, truth.sample(600, seed=1), **hospital).together.heterogeneity < 0.01


def test_a_hospital_in_which_the_model_is_blind_is_not_believed() -> None:
    run, truth = visits(prevalence=0.2, sensitivity=1.0, specificity=1.0)
    blind = run.with_columns(fever=pl.col("fever") & (pl.col("hospital") != "B"))
    of_b = by_week(blind, truth.sample(1500, seed=1), by="hospital", every=None).estimates[1]
    cases = truth.filter(pl.col("hospital") == "B")["fever"].sum()
    assert of_b.model == 0
    assert of_b.estimate > 0.5 * cases


@pytest.mark.parametrize("design", ["answer", "hospital"])
def test_a_table_from_a_stratified_review_adds_up_and_is_near_the_truth(design: str) -> None:
    run, truth = visits(prevalence=0.05, size=400)
    by = pl.col("fever").cast(pl.String) if design == "answer" else pl.col("hospital")
    drawn = draw_stratified(
        run.select("id", by.alias("by")), id_column="id", by="by", num_rows=300, allocation="equal", seed=1
    )  # fmt: skip
    gold = with_weights(drawn.join(truth, on="id"), weight=None, inclusion_probability=None)
    found = by_week(run, gold)
    real = int(truth["fever"].sum())
    assert found.together.total.low <= real <= found.together.total.high
    weeks = [week["fever"].sum() for week in truth.partition_by("day")]
    held = sum(one.low <= week <= one.high for one, week in zip(found.estimates, weeks, strict=True))
    assert held >= 0.85 * len(weeks)


def test_strata_are_those_that_the_review_names() -> None:
    weights = np.array([2.0, 2.0, 50.0, 50.0, 52.0])
    assert strata_of(pl.Series(["a", "a", "b", "b", "c"]), weights).tolist() == [
        0,
        0,
        1,
        1,
        1,
    ]  # b and c: as good as one
    assert not strata_of(None, weights).any()
    assert not strata_of(pl.Series(["all"] * 5), weights).any()  # drawn by doubt: weights vary freely


def test_draws_are_the_same_each_time_and_keep_what_is_known() -> None:
    none = Cell(num=np.zeros(3), num_yes=np.zeros(3), share=np.zeros(3), num_effective=np.zeros(3))
    seen = Cell(
        num=np.array([4.0, 2, 0]), num_yes=np.array([3.0, 1, 0]), share=np.array([0.75, 0.5, 0]),
        num_effective=np.array([4.0, 2, 0]),
    )  # fmt: skip
    groups = Groups(
        num_run=np.array([100.0, 50, 20]), run_yes=np.array([10.0, 4, 0]), said_yes=seen, said_no=none, is_ordered=True
    )  # fmt: skip
    rates = Rates(sensitivity=0.9, num_yes=4, false_positive_rate=0.02, num_no=2)
    total = Interval(estimate=11, low=6, high=20)
    one, two = (pooled(groups, rates, total, level=0.95) for _ in range(2))
    assert (one.draws == two.draws).all()
    assert one.estimate.sum() == pytest.approx(11)
    assert (one.draws >= [3, 1, 0]).all()
    assert (one.draws <= [100, 50, 20]).all()
    low, high = limits(one.draws, one.estimate, 0.95)
    band_low, band_high = bands(one.draws, one.estimate, 0.95)
    held = ((band_low <= one.draws) & (one.draws <= band_high)).all(axis=1).mean()
    assert held >= 0.949
    assert (band_low <= low).all()
    assert (band_high >= high).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wave", "rare"])
def test_curves_keep_their_sum_and_their_limits_hold(name: str) -> None:
    module = simulation("curves")
    found = module.curve(module.SCENARIOS[name], samples=8, seed=5)
    assert 0.9 <= found.sum_ratio <= 1.1  # 8 samples: the total is known to 12 to 20 % in each
    assert found.coverage >= 0.92
    assert found.rmse < 1.3 * found.rmse_of_model


@pytest.mark.slow
@pytest.mark.parametrize("design", ["by answer, equal", "by hospital, equal"])
def test_intervals_follow_the_design_of_the_review(design: str) -> None:
    found = simulation("designs").coverage(design, (0.01, 0.6, 0.995, 200), samples=120, seed=5)
    assert found["ppi"][0] >= 0.88
    assert found["gold_only"][0] >= 0.88
    assert abs(found["ppi"][1]) < 0.3


# Samples by the model's answer


@pytest.mark.parametrize(
    ("num_yes", "num_run", "num_rows"), [(0, 100, 20), (100, 100, 20), (3, 1000, 50), (900, 1000, 300)]
)
def test_what_is_drawn_of_the_yes_can_be_drawn(num_yes: int, num_run: int, num_rows: int) -> None:
    taken = of_the_yes(num_yes, num_run, num_rows)
    assert 0 <= taken <= num_yes
    assert 0 <= num_rows - taken <= num_run - num_yes


def test_of_a_rare_finding_about_a_fifth_is_drawn_from_the_yes() -> None:
    assert 0.1 <= of_the_yes(400, 20_000, 400) / 400 <= 0.25


def test_the_expected_half_width_is_the_one_that_is_met() -> None:
    rng = np.random.default_rng(0)
    num_run, num_yes, num_rows = 20_000, 400, 400
    expected = expected_half_width(num_yes, num_run, num_rows)
    said = np.repeat([True, False], [num_yes, num_run - num_yes])
    after_no = num_yes * 0.8 * (1 / 0.9 - 1) / (num_run - num_yes)
    widths = []
    for seed in range(30):
        truth = rng.random(num_run) < np.where(said, 0.8, after_no)
        run = pl.LazyFrame({"id": np.arange(num_run), "fever": said})
        drawn = draw(
            run, run, id_column="id", method="by_answer", fields=["fever"], num_rows=num_rows, seed=seed,
            answer=("fever", "true"),
        )  # fmt: skip
        gold = with_weights(
            drawn.join(pl.DataFrame({"id": np.arange(num_run), "fever": truth}), on="id"), weight=None,
            inclusion_probability=None,
        )  # fmt: skip
        one = estimate(run.collect(), gold, Question(what="prevalence", field="fever"), id_column="id").estimates[0]
        widths.append((one.high - one.low) / 2)
    assert np.mean(widths) == pytest.approx(expected, rel=0.25)


# Clusters


def test_intervals_follow_clusters_and_say_how_many() -> None:
    run, truth = visits(prevalence=0.1, weeks=10)
    rng = np.random.default_rng(0)
    ward = pl.Series("ward", rng.integers(0, 40, run.height))
    sick = np.isin(ward.to_numpy(), [1, 2, 3, 4])
    truth = truth.with_columns(fever=pl.col("fever") | pl.Series(sick))
    run, gold = run.with_columns(ward), truth.sample(400, seed=1)
    plain, wide = (
        estimate(run, gold, Question(what="prevalence", field="fever", clusters=one), id_column="id").estimates[0]
        for one in ((), ("ward",))
    )
    assert wide.estimate == plain.estimate
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
    assert (plain.clusters, wide.clusters) == (None, 40)
    assert wide.design_effect > 3
    table = by_week(run, gold, clusters=("ward",))
    assert table.together.total.estimate == pytest.approx(sum(one.estimate for one in table.estimates))
    alone = by_week(run, gold)
    assert sum(one.high - one.low for one in table.estimates) > sum(one.high - one.low for one in alone.estimates)


def test_single_documents_as_clusters_change_next_to_nothing() -> None:
    run, truth = visits(prevalence=0.1, weeks=10)
    gold = truth.sample(400, seed=1)
    plain, same = (
        estimate(run.with_columns(one=pl.col("id")), gold, Question(what="prevalence", field="fever", clusters=name),
                 id_column="id").estimates[0]
        for name in ((), ("one",))
    )  # fmt: skip
    assert (same.low, same.high) == pytest.approx((plain.low, plain.high), rel=0.03)


def test_few_clusters_are_told_and_nulls_stand_for_themselves() -> None:
    run, truth = visits(prevalence=0.1, weeks=4)
    question = Question(what="prevalence", field="fever", clusters=("hospital",))
    assert "only 3 clusters" in str(
        estimate(run, truth.sample(200, seed=1), question, id_column="id").estimates[0].note
    )
    unknown = run.with_columns(hospital=pl.lit(None, pl.String))
    assert estimate(unknown, truth.sample(200, seed=1), question, id_column="id").estimates[0].clusters == run.height


def test_means_follow_clusters() -> None:
    rng = np.random.default_rng(1)
    ward = np.repeat(np.arange(50), 40)
    age = 50 + rng.normal(0, 8, 50)[ward] + rng.normal(0, 4, 2000)
    run = pl.DataFrame({"id": np.arange(2000), "ward": ward, "age": age + rng.normal(1, 2, 2000)})
    gold = pl.DataFrame({"id": np.arange(2000), "age": age}).sample(300, seed=1)
    plain, wide = (
        estimate(run, gold, Question(what="mean", field="age", clusters=one), id_column="id").estimates[0]
        for one in ((), ("ward",))
    )
    assert wide.high - wide.low > 2 * (plain.high - plain.low)


def test_a_model_that_caps_numbers_is_trusted_for_more_than_its_word() -> None:
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        stay = rng.gamma(2, 3, 400)
        run = pl.DataFrame({"id": np.arange(400), "stay": stay / 2})
        gold = pl.DataFrame({"id": np.arange(400), "stay": stay}).sample(300, seed=seed)
        one = estimate(run, gold, Question(what="mean", field="stay"), id_column="id").estimates[0]
        held += one.low <= 6 <= one.high
    assert held >= 52


@pytest.mark.slow
def test_intervals_by_cluster_hold_what_hospitals_are_a_sample_of() -> None:
    asked = {"hospitals": 30, "correlation": 0.05, "prevalence": 0.2, "samples": 120, "seed": 3}
    assert simulation("designs").clustered(**asked) >= 0.9
    assert simulation("designs").clustered(**asked, knows=False) <= 0.9


# The page, several runs, and error rates from elsewhere


def test_the_page_says_the_same_in_both_languages_and_draws_every_group() -> None:
    run, truth = visits(weeks=8)
    question = Question(what="count", field="fever", by="day", every="week", clusters=("hospital",))
    found = estimate(run, truth.sample(200, seed=1), question, id_column="id", failed=run.head(3).select("id", "day"))
    page = estimate_page(summarised(found, question, num_rejected=3), language="fr")
    assert page.count("<circle") == 2 * 8
    assert "3 documents sans réponse" in page
    assert "3 documents without an answer" in page
    assert "Number of documents with fever = true, by “day”" in page
    assert not re.search(r"\{\w+\}", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))  # no word left unfilled


@pytest.mark.parametrize(
    "asked",
    [{"what": "mean", "field": "age"}, {"what": "prevalence"}, {"what": "logistic", "covariates": ("hospital",)}],
)
def test_every_kind_of_figure_has_a_page(asked: dict[str, Any]) -> None:
    run, truth = visits(weeks=4, prevalence=0.2)
    run, truth = (one.with_columns(age=pl.col("id") % 90) for one in (run, truth))
    question = Question(**{"field": "fever", **asked})
    found = estimate(run, truth.sample(300, seed=1), question, id_column="id")
    assert "<h1>" in estimate_page(summarised(found, question, num_rejected=0), language="en")


def rates_of(found: Any, **changed: Any) -> ErrorRatesRecord:
    rates = found.rates
    known = {
        "field": "fever", "value": "true", "runs": ("before",), "task": "t 1", "model": "m", "answering": "x",
        "reviewed": found.num_reviewed, "sensitivity": rates.sensitivity,
        "num_yes": rates.num_yes, "false_positive_rate": rates.false_positive_rate, "num_no": rates.num_no,
    }  # fmt: skip
    return ErrorRatesRecord(**{**known, **changed})


def test_error_rates_of_an_earlier_review_correct_later_weeks() -> None:
    before, reviewed = visits(prevalence=0.05, sensitivity=0.7, specificity=0.98, seed=1)
    rates = rates_of(
        estimate(before, reviewed.sample(2000, seed=1), Question(what="count", field="fever"), id_column="id")
    )
    later, truth = visits(prevalence=0.1, sensitivity=0.7, specificity=0.98, seed=2)
    question = Question(what="count", field="fever", by="day", every="week")
    found = estimate(later, None, question, id_column="id", transported=rates)
    real = int(truth["fever"].sum())
    assert found.together is not None
    assert found.together.total.low <= real <= found.together.total.high
    assert abs(sum(one.estimate for one in found.estimates) - real) < 0.15 * real  # type: ignore[misc]
    assert {one.method for one in found.estimates} == {"transported"}
    assert "reviewed elsewhere" in str(found.together.total.note)


def test_error_rates_are_not_taken_for_another_value_or_figure() -> None:
    run, truth = visits(weeks=4)
    found = estimate(run, truth.sample(300, seed=1), Question(what="count", field="fever"), id_column="id")
    with pytest.raises(DataError, match="fever = false"):
        estimate(
            run, None, Question(what="count", field="fever", value="false"), id_column="id", transported=rates_of(found)
        )
    with pytest.raises(ConfigError, match="prevalence or count"):
        estimate(run, None, Question(what="logistic", field="fever", covariates=("hospital",)), id_column="id",
                 transported=rates_of(found))  # fmt: skip
    with pytest.raises(ConfigError, match="nothing was reviewed"):
        estimate(run, None, Question(what="count", field="fever"), id_column="id")
    with pytest.raises(DataError, match="tell nothing"):
        estimate(run, None, Question(what="count", field="fever"), id_column="id",
                 transported=rates_of(found, sensitivity=0.1, false_positive_rate=0.2))  # fmt: skip


def test_increments_are_estimated_together_and_once(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [f"d{i}" for i in range(80)], "text": [f"note {i}, fièvre" for i in range(80)]})
    runs = []
    for number, part in enumerate((frame.head(40), frame.tail(40))):
        source = tmp_path / f"part{number}.parquet"
        part.write_parquet(source)
        rows = extract_here(make_settings(source, tmp_path / f"run{number}"))
        runs.append(rows.filter(pl.col("status").cast(pl.String) == "OK").select("id", "fever"))
    reviewed = pl.concat(runs)
    paths = [str(tmp_path / "run0"), str(tmp_path / "run1")]
    found = glane.estimate(paths, reviewed, "fever", what="count")
    assert found.figures[0].n_run == reviewed.height
    assert found.figures[0].estimate == reviewed["fever"].sum()
    with pytest.raises(DataError, match="more than one of the 2 runs"):
        glane.estimate([paths[0], paths[0]], runs[0], "fever", what="count")
    found.write(str(tmp_path / "out"))
    rates = str(tmp_path / "out" / "error_rates.json")
    assert glane.estimate(paths[1], None, "fever", what="count", error_rates=rates).figures[0].method == "transported"
    other = make_settings(tmp_path / "part1.parquet", tmp_path / "other", task__instructions="Read otherwise.")
    extract_here(other)
    with pytest.raises(DataError, match=r"answers otherwise than .*: prompt"):
        glane.estimate([paths[0], str(tmp_path / "other")], runs[0], "fever")
    with pytest.raises(DataError, match="asked otherwise"):
        glane.estimate(str(tmp_path / "other"), None, "fever", what="count", error_rates=rates)


# Sensitivity from a review by the model's answer


@pytest.mark.parametrize(
    ("prevalence", "sensitivity", "specificity"), [(0.01, 0.6, 0.995), (0.02, 0.7, 0.99), (0.05, 0.8, 0.98)]
)
def test_the_sensitivity_of_an_enriched_review_has_limits_that_hold(
    prevalence: float, sensitivity: float, specificity: float
) -> None:
    rng, held, samples = np.random.default_rng(4), 0, 150
    for _ in range(samples):
        truth = rng.random(20_000) < prevalence
        said = np.where(rng.random(20_000) < np.where(truth, sensitivity, specificity), truth, ~truth)
        yes, no = rng.choice(np.flatnonzero(said), 100), rng.choice(np.flatnonzero(~said), 100, replace=False)
        drawn = np.concatenate([yes, no])
        weights = np.repeat([said.sum() / 100, (~said).sum() / 100], 100)
        strata = np.repeat([0, 1], 100)
        _, low, high = share_within(said[drawn], truth[drawn], weights, strata, level=0.95)
        held += low <= sensitivity <= high
    assert held / samples >= 0.92


def test_evaluate_follows_the_strata_of_a_review() -> None:
    fields = {"fever": load_task(SMALL_TASK).fields["fever"]}
    said = [True] * 50 + [False] * 50
    truth = [True] * 40 + [False] * 60
    run = pl.DataFrame({"id": range(100), "status": "OK", "reason": None, "fever": said})
    weights = [1.0] * 50 + [100.0] * 50
    gold = pl.DataFrame({"id": range(100), "fever": truth, "weight": weights, "stratum": ["yes"] * 50 + ["no"] * 50})
    found = evaluate(fields, run.lazy(), gold, id_column="id", chance=Chance(samples=200)).summary
    entry = found.fields["fever"].values["true"]
    assert entry.sensitivity == 1
    assert entry.sensitivity_ci95[0] < 0.5  # among 5,000 documents of the model's no there may be as many again
    plain = evaluate(fields, run.lazy(), gold.drop("stratum"), id_column="id", chance=Chance(samples=200)).summary
    assert plain.fields["fever"].values["true"].sensitivity_ci95[0] > 0.5


def test_an_evaluation_resamples_clusters_and_says_how_many() -> None:
    fields = {"fever": load_task(SMALL_TASK).fields["fever"]}
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(60), 5)
    wrong = rng.random(60)[patient] < 0.2  # all notes of a patient, or none
    truth = rng.random(300) < 0.5
    said = np.where(wrong, ~truth, truth)
    run = pl.LazyFrame({"id": range(300), "status": "OK", "reason": None, "fever": said})
    gold = pl.DataFrame({"id": range(300), "fever": truth})
    clusters = pl.DataFrame({"id": range(300), CLUSTER: patient})
    plain, wide = (
        evaluate(fields, run, gold, id_column="id", clusters=one, chance=Chance(samples=400)).summary
        for one in (None, clusters)
    )
    assert (plain.intervals.clusters, wide.intervals.clusters) == (None, 60)
    assert plain.overall.micro.f1 == wide.overall.micro.f1

    def width(ends: Any) -> float:
        return float(ends[1] - ends[0])

    assert width(wide.overall.micro.f1_ci95) > 1.6 * width(plain.overall.micro.f1_ci95)
    for name in ("sensitivity_ci95", "ppv_ci95"):
        ends = [getattr(one.fields["fever"].values["true"], name) for one in (wide, plain)]
        assert width(ends[0]) > 1.4 * width(ends[1])
    assert width(wide.overall.exact_ci95) > 1.6 * width(plain.overall.exact_ci95)


def test_errors_of_reviewers_are_bounded_and_each_group_has_its_validation() -> None:
    rng = np.random.default_rng(8)
    hospital = np.array(["north", "south"])[(np.arange(2000) % 2)]
    truth = rng.random(2000) < 0.2
    found = np.where(hospital == "north", 0.9, 0.4)
    said = np.where(truth, rng.random(2000) < found, rng.random(2000) < 0.02)
    run = pl.DataFrame({"id": range(2000), "fever": said, "hospital": hospital})
    gold = pl.DataFrame({"id": range(2000), "fever": truth})[:800]
    asked = Question(what="count", field="fever", by="hospital", clusters=("id",))
    told = estimate(run, gold, asked, id_column="id")
    north, south = told.validation_by_group
    assert (north.group, south.group) == ("north", "south")
    assert north.validation.sensitivity.value == pytest.approx(0.9, abs=0.06)
    assert south.validation.sensitivity.value == pytest.approx(0.4, abs=0.12)
    assert north.validation.true_positive + north.validation.false_negative == int(truth[:800][::2].sum())
    summary = summarised(told, asked, num_rejected=0)
    total = told.together.total.estimate  # type: ignore[union-attr]
    text = estimate_text(summary)
    assert f"wrong in 1 of 100 documents: {total - 20:.0f} to {total + 20:.0f}" in text  # type: ignore[operator]
    for language, words in (("fr", "oui vrais"), ("en", "true yes")):
        page = estimate_page(summary, language=language)
        assert words in page
        assert ("dans un document sur cent" if language == "fr" else "one document of a hundred") in page
    alone = estimate(run, gold, Question(what="prevalence", field="fever"), id_column="id")
    assert alone.validation_by_group == ()
    share = alone.estimates[0].estimate
    low, high = if_reviewers_err(alone.estimates[0], Question(what="prevalence", field="fever"))  # type: ignore[misc]
    assert (low, high) == pytest.approx((share - 0.01, share + 0.01))
    mean = Question(what="mean", field="fever")
    assert if_reviewers_err(alone.estimates[0], mean) is None


def test_predictive_values_of_a_review_by_answer_are_as_sure_as_what_was_reviewed_of_that_answer() -> None:
    """All sixteen of the model's yes are true: 84 more of its no say nothing of that."""
    said = np.arange(300) < 16
    run = pl.DataFrame({"id": range(300), "co": said})
    drawn = [*range(16), *range(16, 100)]
    weights = [1.0] * 16 + [284 / 84] * 84
    gold = pl.DataFrame(
        {"id": drawn, "co": [place < 16 for place in drawn], "weight": weights,
         "stratum": ["yes"] * 16 + ["no"] * 84}
    )  # fmt: skip
    told = estimate(run, with_weights(gold, weight=None, inclusion_probability=None), Question(what="count", field="co"),
                    id_column="id").validation  # fmt: skip
    assert told is not None
    assert told.ppv.value == 1.0
    assert told.ppv.low == pytest.approx(jeffreys(Share(value=1.0, num_effective=16), 0.95)[0])
    assert told.sensitivity.low < told.ppv.low  # type: ignore[operator]
    fields = fields_from({"co": {"type": "boolean"}}, place="task.fields")
    rows = run.with_columns(status=pl.lit("OK"), reason=pl.lit(None, pl.String)).lazy()
    judged = evaluate(fields, rows, gold, id_column="id", chance=Chance(samples=0)).summary
    assert judged.fields["co"].values["true"].ppv_ci95[0] > 0.79  # type: ignore[index]


def test_notes_are_told_in_french_and_few_cases_are_noted() -> None:
    run = pl.DataFrame({"id": range(400), "co": [place < 8 for place in range(400)]})
    gold = run.filter(pl.col("id") % 5 == 0)
    asked = Question(what="prevalence", field="co", clusters=("id",))
    found = estimate(run, gold, asked, id_column="id")
    assert "only 2 true yes among the reviewed documents" in (found.estimates[0].note or "")
    page = estimate_page(summarised(found, asked, num_rejected=0), language="fr")
    assert "2 oui seulement parmi les documents relus (vrais)" in page
    assert "only 2 true yes" in page  # of the English half
    for name, (english, french) in _NOTES.items():
        values = dict.fromkeys(re.findall(r"\{(\w+)\}", english), "7")
        assert in_language(english.format(**values), "fr") == [plurals_in(french.format(**values), "fr")], name
        assert in_language(english.format(**values), "en") == [english.format(**values)]
    both = f"{note('no_gold')}; {note('few_events', num=3, wanted=20)}"
    assert in_language(both, "fr")[1].startswith("3 documents relus seulement")


def test_a_half_width_in_percent_is_refused() -> None:
    run = pl.DataFrame({"id": range(40), "co": [True, False] * 20})
    with pytest.raises(ConfigError, match="half_width: 2 is no half-width of a share.*Write 0.02"):
        estimate(run, run, Question(what="prevalence", field="co", half_width=2), id_column="id")


@pytest.mark.parametrize(
    ("day", "every", "french", "english"),
    [
        ("2023-01-01", "month", "janvier 2023", "January 2023"),
        ("2024-08-01", "month", "août 2024", "August 2024"),
        ("2023-01-02", "week", "2023-S01", "2023-W01"),
        ("2024-12-30", "week", "2025-S01", "2025-W01"),  # of the ISO year
        ("2020-12-28", "week", "2020-S53", "2020-W53"),
        ("2023-10-01", "quarter", "T4 2023", "Q4 2023"),
        ("2023-01-01", "year", "2023", "2023"),
        ("2023-01-05", "day", "2023-01-05", "2023-01-05"),
        ("2023-01-05", None, "2023-01-05", "2023-01-05"),
    ],
)
def test_a_period_has_the_name_that_its_language_gives_it(day: str, every: Any, french: str, english: str) -> None:
    first = datetime.date.fromisoformat(day)
    assert (period_name(first, every, "fr"), period_name(first, every, "en")) == (french, english)


def test_a_long_label_of_a_chart_has_room_and_is_told_in_full() -> None:
    names = ["Centre hospitalier universitaire de la Côte d'Albâtre", "CH " + 60 * "x", "A"]
    found = [
        Estimate(group=name, term=None, estimate=0.2, low=0.1, high=0.3, method="ppi", n_gold=9, n_run=90, model=0.2,
                 tuning=1.0)
        for name in names
    ]  # fmt: skip
    drawn = str(chart(found, "Share by ward", str, lambda value: f"{value:g}"))
    assert "<title>Share by ward</title>" in drawn
    for name in names:
        assert f"<title>{html.escape(name)}</title>" in drawn
    width, height = (int(one) for one in re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawn)[0])
    for x, y, shown in re.findall(r'text x="([\d.]+)" y="([\d.]+)"[^>]*rotate[^>]*><title>[^<]*</title>([^<]*)', drawn):
        length = 5 * len(html.unescape(shown))  # of letters of size 10
        assert float(x) - math.cos(math.radians(35)) * length >= 0
        assert float(x) <= width
        assert float(y) + math.sin(math.radians(35)) * length <= height


@pytest.mark.parametrize("what", ["prevalence", "count"])
def test_a_wanted_half_width_is_answered_on_the_page_and_in_the_terminal(what: Any) -> None:
    run = pl.DataFrame({"id": range(400), "co": [i % 4 == 0 for i in range(400)], "ward": ["A", "B"] * 200})
    gold = run.head(80).with_columns(co=pl.when(pl.col("id") % 19 == 0).then(~pl.col("co")).otherwise("co"))
    wanted = 0.05 if what == "prevalence" else 20
    for by in (None, "ward"):
        question = Question(what=what, field="co", half_width=wanted, by=by, population="run")
        summary = summarised(estimate(run, gold, question, id_column="id"), question, num_rejected=0)
        whole = summary.estimates[0] if summary.together is None else summary.together.total
        assert whole.rows_ppi is not None
        text, page = estimate_text(summary), estimate_page(summary, language="fr")
        said = "5 points" if what == "prevalence" else "20"
        assert (
            f"To review in all for ± {said}:\n  all documents: {whole.rows_ppi} documents with the model's answers, "
            in text
        )
        assert "A: " not in text.partition("To review")[2]  # a table that adds up has one plan
        unit = "5 points de pourcentage" if what == "prevalence" else "20 documents"
        assert f"Combien de documents relire pour ± {unit}" in page
        assert ("their sum may differ a little" in text) == (by is not None and what == "count")
        assert ("Les nombres sont arrondis" in page) == (by is not None and what == "count")
        assert f"<td>{whole.rows_ppi}</td><td>{whole.rows_gold_only}</td>" in page
    none = summarised(
        estimate(run, gold, question := Question(what=what, field="co"), id_column="id"), question, num_rejected=0
    )
    assert "To review" not in estimate_text(none)
    assert "Combien de documents" not in estimate_page(none, language="fr")


@pytest.mark.parametrize("seed", range(4))
def test_sensitivity_has_one_interval_whoever_tells_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    num = 150
    truth, weights = rng.random(num) < 0.3, np.where(rng.random(num) < 0.5, 1.0, 1.0 + seed)
    said = np.where(rng.random(num) < 0.1, ~truth, truth)
    run = pl.DataFrame({"id": range(num), "co": said})
    gold = pl.DataFrame({"id": range(num), "co": truth, "weight": weights})
    question = Question(what="prevalence", field="co")
    weighted = with_weights(gold, weight="weight", inclusion_probability=None)
    found = estimate(run, weighted, question, id_column="id").validation
    assert found is not None
    strata = np.zeros(num, dtype=np.int64)
    for name, hits, of, is_known in (
        ("sensitivity", said, truth, False), ("specificity", ~said, ~truth, False),
        ("ppv", truth, said, True), ("npv", ~truth, ~said, True),
    ):  # fmt: skip
        other = share_among(name, hits, of, weights, strata, is_known=is_known)
        one = getattr(found, name)
        assert (one.value, one.low, one.high) == pytest.approx((other[name], *other[f"{name}_ci95"]))
