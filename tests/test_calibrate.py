"""Calibration and selective acceptance: against references, promises kept, refusals, and the job."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf
from scipy.stats import binomtest, hypergeom
from sklearn.calibration import CalibratedClassifierCV

from conftest import extract_here, job, make_settings
from glane.assess.calibrate.acceptance import Documents, accept
from glane.assess.calibrate.calibration import (
    calibrate,
    chance_calibration_error,
    expected_calibration_error,
    has_enough,
    reliability,
)
from glane.assess.calibrate.page import calibration_page
from glane.assess.calibrate.record import AcceptedCount, AcceptedGroup, CalibrationSummary
from glane.assess.calibrate.risk import (
    betting_p_value,
    binomial_p_value,
    exact_p_value,
    smallest_sample,
    upper_limit,
)
from glane.assess.calibrate.selection import Claim, Group, able, largest_unit, share_out
from glane.assess.calibrate.selection import Tested as Outcome
from glane.assess.calibrate.shapes import Shape, shapes
from glane.assess.calibrate.tested import Risks
from glane.assess.calibrate.told import acceptance_text
from glane.assess.calibrate.words import WORDS, group_notes, guarantee
from glane.assess.clusters import cluster_numbers
from glane.assess.evaluate.evaluation import evaluate
from glane.assess.evaluate.measures import Chance
from glane.errors import ConfigError, DataError
from glane.records import parse_record
from glane.settings import calibrate_settings
from glane.task.task import load_task
from test_estimate import simulation

BORNE = Risks(alpha=0.1, delta=0.1)


def judged(num: int, *, seed: int = 0, steepness: float = 0.5) -> tuple[Any, Any, list[int]]:
    """Overconfident values: the log odds of being right are `steepness` times what is promised."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(6, 1, num)
    chance = 1 / (1 + np.exp(-steepness * np.log(confidence / (1 - confidence))))
    return confidence, (rng.random(num) < chance).astype(float), list(range(num))


def test_calibration_makes_promises_true() -> None:
    confidence, correct, documents = judged(2000)
    found = calibrate(confidence, correct, documents)
    assert set(found.log_losses) == {"platt", "isotonic"}
    assert found.calibrator.method == min(found.log_losses, key=lambda name: found.log_losses[name])
    assert found.unseen is not None
    before = expected_calibration_error(reliability(confidence, correct))
    after = expected_calibration_error(reliability(found.unseen, correct))
    assert before > 0.08
    assert after < 0.04
    curve = found.calibrator.apply(np.linspace(0, 1, 101))
    assert (np.diff(curve) >= 0).all()
    assert 0 < curve.min() <= curve.max() < 1


def test_platt_finds_the_curve_that_made_the_data() -> None:
    confidence, correct, documents = judged(5000)
    found = calibrate(confidence, correct, documents).calibrator
    if found.method == "platt":
        assert found.x[0] == pytest.approx(0.5, abs=0.1)
    assert found.apply(np.array([0.9]))[0] == pytest.approx(1 / (1 + np.exp(-0.5 * np.log(9))), abs=0.03)
    assert CalibratedClassifierCV  # the library's own wrapper needs a classifier; ours has none


def test_few_values_get_a_flat_curve() -> None:
    confidence, correct, documents = judged(30)
    assert not has_enough(correct)
    flat = calibrate(confidence, correct, documents)
    assert flat.calibrator.method == "constant"
    assert flat.calibrator.apply(np.array([0.1, 0.9])) == pytest.approx((correct.sum() + 1) / 32)


def test_bins_hold_the_same_number_and_their_distance_is_the_error() -> None:
    promised = np.repeat([0.5, 0.9], 50)
    correct = np.concatenate([np.tile([0.0, 1.0], 25), np.ones(50)])
    bins = reliability(promised, correct, num_bins=2)
    assert [one.count for one in bins] == [50, 50]
    assert expected_calibration_error(bins) == pytest.approx(0.5 * 0.0 + 0.5 * 0.1)


@pytest.mark.parametrize(("wrong", "num"), [(0, 59), (2, 100), (5, 100), (9, 100)])
def test_p_values_are_those_of_scipy_and_valid(wrong: int, num: int) -> None:
    exact = binomtest(wrong, num, 0.05, alternative="less").pvalue
    assert binomial_p_value(wrong, num, 0.05) == pytest.approx(exact)
    assert exact_p_value(wrong, num, 0.05, num_run=10**7) == pytest.approx(exact, rel=1e-3)
    units = np.repeat([1.0, 0.0], [wrong, num - wrong])
    assert betting_p_value(units, np.ones(num), 0.05, bound=1) >= exact
    if wrong == 0:  # a unit could have held more
        assert betting_p_value(units, np.ones(num), 0.05, bound=2) > betting_p_value(units, np.ones(num), 0.05, bound=1)


def test_what_was_not_judged_of_a_small_run_keeps_the_promise() -> None:
    """Every number of wrong values in a run of 150, of which 100 are judged: of the other 50 at most a tenth is wrong."""
    p_values = [exact_p_value(seen, 100, 0.1, num_run=150) for seen in range(101)]
    for num_wrong in range(0, 60, 2):
        chance = 0.0
        for seen in range(min(100, num_wrong) + 1):
            if p_values[seen] <= 0.05 and num_wrong - seen > 0.1 * 50:
                chance += float(hypergeom.pmf(seen, 150, num_wrong, 100))
        assert chance <= 0.05, num_wrong


def test_bets_are_won_too_often_by_no_list() -> None:
    """Long lists that are all wrong, or values that are wrong one by one: at a share of alpha or more, 1 of 20 pass."""
    rng = np.random.default_rng(1)
    for long in (0.01, 0.1, 0.5):
        sizes = np.where(rng.random((200, 300)) < long, 6, 1).astype(float)
        mean = (1 - long) + 6 * long
        together = np.where((sizes == 6) & (rng.random(sizes.shape) < 0.05 * mean / (6 * long)), sizes, 0.0)
        alone = rng.binomial(sizes.astype(int), 0.05).astype(float)
        for wrong in (together, alone):
            passed = [betting_p_value(*one, 0.05, bound=6) <= 0.05 for one in zip(wrong, sizes, strict=True)]
            assert np.mean(passed) <= 0.05


def test_the_smallest_sample_is_that_of_no_error_at_all() -> None:
    assert smallest_sample(0.05, 0.05) == 59  # 0.95 ** 59 < 0.05
    assert smallest_sample(0.1, 0.1) == 22
    for is_single in (True, False):
        least = smallest_sample(0.05, 0.05, num_wrong=2, is_single=is_single)
        passes = [
            (binomial_p_value(2, num, 0.05) if is_single else betting_p_value(np.eye(num)[0] * 0 + (np.arange(num) < 2),
             np.ones(num), 0.05, bound=1)) <= 0.05 for num in (least - 1, least)
        ]  # fmt: skip
        assert passes == [False, True]


def test_limits_are_those_of_clopper_and_pearson_and_of_bets() -> None:
    for wrong, num in ((0, 59), (3, 100), (100, 100)):
        known = np.repeat([1.0, 0.0], [wrong, num - wrong])
        exact = binomtest(wrong, num).proportion_ci(0.9, method="exact").high
        assert upper_limit(known, np.ones(num), 0.05) == pytest.approx(exact)
        assert upper_limit(known, np.ones(num), 0.05, bound=2) >= exact
    assert upper_limit(np.zeros(0), np.zeros(0), 0.05) == 1.0


def group(num: int = 400, *, right: Any = None, bound: int = 1, units: Any = None) -> Group:
    """A group whose judged values are a part of a run of ten times as many."""
    whole = np.linspace(0, 1, 10 * num)
    judged = whole[::10]
    return Group(
        confidence=whole, unit=np.arange(len(whole)), judged=judged,
        correct=np.ones(num) if right is None else right(judged).astype(float),
        judged_unit=np.arange(num) if units is None else units, bound=bound, is_whole=True,
    )  # fmt: skip


def claim(tested: Group, delta: float = 0.05) -> Claim:
    found, is_split = tested.thresholds(0.05, delta)
    sequence = [partial(tested.test, at, 0.05) for at in found]
    return Claim(sequence=sequence, everything=partial(tested.test, 0.0, 0.05), is_split=is_split)


def test_thresholds_descend_and_the_first_can_bear_errors() -> None:
    some = group()
    found, is_split = some.thresholds(0.05, 0.05)
    assert is_split
    assert found == sorted(found, reverse=True)
    assert found[-1] > 0
    wanted = smallest_sample(0.05, 0.025, num_wrong=2, drawn=0.1)
    assert (some.confidence >= found[0]).mean() == pytest.approx(wanted / 400, abs=0.01)
    assert group(100).thresholds(0.05, 0.05)[1] is False  # all of delta goes down the thresholds
    assert group(40).thresholds(0.05, 0.05) == ([], False)


def test_the_sequence_ends_at_the_first_failure() -> None:
    one = claim(group(right=lambda confidence: confidence > 0.4))
    share_out([one], 0.05)
    assert one.threshold is not None
    assert 0.35 < one.threshold < 0.45
    assert [test.p_value <= 0.025 for test in one.tested] == [True] * (len(one.tested) - 1) + [False]
    none = claim(group(right=lambda confidence: confidence > 2))
    share_out([none], 0.05)
    assert none.threshold is None


def test_errors_without_regard_to_confidence_do_not_end_it_at_the_first_threshold() -> None:
    """The acceptance of everything has half of delta: nothing is gained by going through thresholds first."""
    rng = np.random.default_rng(2)
    accepted = []
    for _ in range(50):
        one = claim(group(600, right=lambda confidence: rng.random(len(confidence)) > 0.025))
        share_out([one], 0.05)
        accepted.append(one.threshold == 0.0)
    assert np.mean(accepted) > 0.8


def test_what_is_won_passes_on_to_those_that_are_left() -> None:
    """Holm's rule between groups: the second passes only with what the first leaves it."""
    easy = Claim(sequence=(), everything=lambda: outcome_at(0.001))
    hard = Claim(sequence=(), everything=lambda: outcome_at(0.04))
    never = Claim(sequence=(), everything=lambda: outcome_at(0.5))
    share_out([hard, easy], 0.05)
    assert (easy.is_whole_accepted, hard.is_whole_accepted) == (True, True)
    hard = Claim(sequence=(), everything=lambda: outcome_at(0.04))
    share_out([hard, never], 0.05)
    assert not hard.is_whole_accepted


def outcome_at(p_value: float) -> Outcome:
    return Outcome(threshold=0.0, documents=1, values=1, risk=0.0, p_value=p_value)


def test_only_groups_that_can_pass_share_delta() -> None:
    least = [partial(smallest_sample, 0.05)] * 4
    can, share = able([400, 100, 10, 0], [lambda delta, one=one: one(delta) for one in least], 0.05)
    assert can == [True, True, False, False]
    assert share == 0.025
    assert able([10, 5], least[:2], 0.05)[0] == [False, False]


def test_lists_that_are_too_long_to_be_tested_are_left_out() -> None:
    sizes = np.repeat([1, 2, 12], [5000, 4900, 100])
    assert largest_unit(sizes, num_judged=400, alpha=0.05, delta=0.05) == 2
    assert largest_unit(np.full(1000, 5), num_judged=400, alpha=0.05, delta=0.05) == 5
    assert largest_unit(np.repeat([1, 3], [500, 500]), num_judged=5000, alpha=0.05, delta=0.05) == 3


def test_values_are_the_units_of_risk_in_lists() -> None:
    # One document has all the wrong values: each of them counts.
    units = np.array([*range(200), *([200] * 30)])
    found = Group(
        confidence=np.ones(230), unit=units, judged=np.ones(230), correct=(units < 200).astype(float),
        judged_unit=units, bound=30, is_whole=True,
    ).test(0.0, 0.05)  # fmt: skip
    assert (found.documents, found.values) == (201, 230)
    assert found.risk == pytest.approx(30 / 230)
    assert found.p_value > 0.5


@pytest.mark.parametrize("shape", ["rare", "lists", "clusters"])
def test_promises_are_kept(shape: str) -> None:
    study = simulation("risk_control")
    rng = np.random.default_rng(3)
    if shape == "rare":
        runs = (study.rare(rng, num=4000, prevalence=0.2, ppv=0.9, kind="informative") for _ in range(20))
        found = study.outcome(rng, runs, num_judged=150, shape=study.BOOLEAN, of="true", by_answer=True)
        assert found.accepted > 0.1
    elif shape == "lists":
        long = {"num": 2000, "long": 0.1, "length": 6, "errors": (0.01, 0.2), "kind": "informative"}
        runs = (study.lists(rng, **long) for _ in range(15))
        found = study.outcome(rng, runs, num_judged=600, shape=study.LIST)
        assert found.accepted > 0.3
    else:
        many = {"clusters": 600, "sizes": (1, 4), "shared": 1.0, "kind": "overconfident"}
        runs = (study.clustered(rng, error=0.1, **many) for _ in range(15))
        found = study.outcome(rng, runs, num_judged=400, shape=study.PLAIN)
    assert found.broken <= study.DELTA


def frames(num: int = 1500) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The values of a run, and 300 documents judged."""
    confidence, correct, _ = judged(num, steepness=1.2)
    found = pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(num)], "field": "age", "item": None, "value": "67",
            "confidence": confidence,
        },
        schema_overrides={"item": pl.Int64},
    )  # fmt: skip
    values = found.head(300).select(
        "id", "field", "item", pl.lit("67").alias("gold"), pl.col("value").alias("predicted"),
        pl.Series("verdict", np.where(correct[:300] == 1, "correct", "wrong")),
    )  # fmt: skip
    return found, values


def test_a_run_is_parted_into_accepted_and_to_review() -> None:
    found, values = frames()
    other = found.with_columns(field=pl.lit("sex"))
    unsure = found.head(5).with_columns(field=pl.lit("age"), id=pl.lit("x") + pl.col("id"), confidence=None)
    result = accept(pl.concat([found, other, unsure]), values, id_column="id", risks=BORNE)
    assert result.accepted.columns == ["id", "field", "item", "value", "confidence", "calibrated", "source"]
    assert result.accepted.height + result.to_review.height == 3005
    assert result.accepted["field"].unique().to_list() == ["age"]
    (group,) = result.summary.fields["age"].groups
    unseen = result.accepted.filter(pl.col("source") == "accepted")
    assert unseen["confidence"].min() >= group.threshold  # type: ignore[operator]
    assert group.run.accepted == unseen.height
    assert result.summary.as_values()["fields_not_judged"] == ["sex"]
    assert "not judged, so all to review: sex" in acceptance_text(result.summary)
    html = calibration_page(
        parse_record(CalibrationSummary, json.loads(result.summary.as_json()), place="here"), language="fr"
    )
    assert "Confiance et acceptation" in html
    assert "<svg" in html
    assert "http" not in html


def test_the_guarantee_says_how_the_documents_were_drawn() -> None:
    found, values = frames()
    asked = {"id_column": "id", "risks": BORNE}
    untold = accept(found, values, **asked).summary
    assert "only if they are a plain random sample" in untold.guarantee
    equal = accept(found, values.with_columns(weight=pl.lit(5.0)), **asked).summary
    assert "equal probabilities, as their weights say" in equal.guarantee
    assert "garantie ne vaut que" in calibration_page(untold, language="fr")
    assert "probabilités égales" in calibration_page(equal, language="fr")


def test_numbers_are_the_same_however_they_are_written() -> None:
    found, values = frames()
    result = accept(
        found, values.with_columns(predicted=pl.lit("67.0")), id_column="id", risks=BORNE
    )  # fmt: skip
    assert result.summary.as_values()["judged"] == 300


def test_one_document_with_two_values_does_not_cost_the_others_the_exact_test() -> None:
    found, values = frames()
    twice = pl.concat([found, found.tail(1).with_columns(item=pl.lit(1, pl.Int64))])
    (group,) = accept(twice, values, id_column="id", risks=BORNE).summary.fields["age"].groups
    assert (group.largest_unit, group.left_out) == (1, 2)
    assert "2 values are to be reviewed" in group.notes[0]


def rare(*, weighted: bool = False, few: int = 12) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A boolean of 2000 documents, 200 of which are "true"; `few` of these judged, a half wrong, and 300 others."""
    ids = [f"d{i}" for i in range(2000)]
    said = ["true" if i % 10 == 0 else "false" for i in range(2000)]
    found = pl.DataFrame(
        {"id": ids, "field": "fever", "item": None, "value": said, "confidence": 0.99},
        schema_overrides={"item": pl.Int64},
    )
    true, false = found.filter(pl.col("value") == "true").head(few), found.filter(pl.col("value") == "false").head(300)
    wrong = pl.int_range(pl.len()) % 2 == 0
    judged = pl.concat([true.with_columns(wrong=wrong), false.with_columns(wrong=pl.lit(False))])
    values = judged.select(
        "id", "field", "item", pl.when("wrong").then(pl.lit("false")).otherwise("value").alias("gold"),
        pl.col("value").alias("predicted"),
        pl.when("wrong").then(pl.lit("wrong")).otherwise(pl.lit("correct")).alias("verdict"),
    )  # fmt: skip
    if weighted:
        values = values.with_columns(weight=pl.when(pl.col("predicted") == "true").then(2.0).otherwise(6.0))
    return found, values


FEVER = {"fever": Shape(categories=("true", "false"), is_boolean=True)}


def test_many_right_negatives_do_not_accept_wrong_positives() -> None:
    found, values = rare()
    result = accept(found, values, id_column="id", risks=BORNE, shapes=FEVER)
    true, false = result.summary.fields["fever"].groups
    assert (true.value, true.threshold, false.value, false.threshold) == ("true", None, "false", 0.0)
    assert true.more_needed > 0
    assert f"at least {true.more_needed} more documents" in true.notes[0]
    assert "sample=stratified by=fever" in true.notes[0]
    unseen = result.accepted.filter(pl.col("source") == "accepted")
    assert set(unseen["value"]) == {"false"}
    both = accept(found, values, id_column="id", risks=BORNE, shapes=shapes_pooled())
    assert both.summary.fields["fever"].groups[0].value is None
    assert "true" in set(both.accepted.filter(pl.col("source") == "accepted")["value"])
    assert "tested together" in " ".join(both.summary.not_controlled)


def shapes_pooled() -> dict[str, Shape]:
    fields = load_task({"name": "t", "instructions": "x", "fields": {"fever": {"type": "boolean"}}}).fields
    with pytest.raises(ConfigError, match="pooled: 'feber' is no field with categories"):
        shapes(fields, pooled=["feber"])
    assert shapes(fields) == FEVER
    return shapes(fields, pooled=["fever"])


def test_as_many_more_as_it_says_are_enough() -> None:
    """If all of them are right: one fewer is not."""
    found, values = rare(few=12)
    values = values.with_columns(verdict=pl.lit("correct"), gold=pl.col("predicted"))
    needed = accept(found, values, id_column="id", risks=BORNE, shapes=FEVER).summary.fields["fever"].groups[0]
    accepted = []
    for more in (needed.more_needed - 1, needed.more_needed):
        found, values = rare(few=12 + more)
        values = values.with_columns(verdict=pl.lit("correct"), gold=pl.col("predicted"))
        result = accept(found, values, id_column="id", risks=BORNE, shapes=FEVER)
        accepted.append(result.summary.fields["fever"].groups[0].share_of_delta > 0)
    assert accepted == [False, True]


def test_a_sample_of_each_answer_is_random_within_it() -> None:
    found, values = rare(weighted=True)
    result = accept(found, values, id_column="id", risks=BORNE, shapes=FEVER)
    assert result.summary.sample == "by answer"
    assert all(one.is_even for one in result.summary.fields["fever"].groups)
    assert "within the groups" in result.summary.guarantee
    uneven = values.with_columns(
        weight=pl.when(pl.col("predicted") == "true").then(1.0 + pl.int_range(pl.len())).otherwise(6.0)
    )
    true, false = accept(found, uneven, id_column="id", risks=BORNE, shapes=FEVER).summary.fields["fever"].groups
    assert (true.is_even, true.threshold, false.is_even, false.threshold) == (False, None, True, 0.0)
    assert "unequal probabilities" in true.notes[0]


def test_what_was_missed_is_told_with_a_limit_and_tested_if_asked() -> None:
    found, values = rare()
    quiet = pl.DataFrame({"id": [f"q{i}" for i in range(100)]})
    table = pl.concat([found.select("id"), quiet])
    documents = Documents(table=table.with_columns(__cluster=pl.int_range(pl.len(), dtype=pl.Int64)))
    silent = quiet.head(40).select(
        "id", pl.lit("fever").alias("field"), pl.lit(None, pl.Int64).alias("item"),
        pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("true")).alias("gold"), pl.lit(None, pl.String).alias("predicted"),
        pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("missed")).otherwise(pl.lit("absent")).alias("verdict"),
    )  # fmt: skip
    judged = pl.concat([values, silent])
    asked = {"id_column": "id", "shapes": FEVER, "documents": documents}
    result = accept(found, judged, risks=BORNE, **asked)
    none, negative = result.summary.silence["fever"]
    assert (none.value, none.documents, none.judged, none.missed, none.is_accepted) == (None, 100, 40, 3, None)
    assert none.upper == pytest.approx(binomtest(3, 40).proportion_ci(0.8, method="exact").high)
    assert (negative.value, negative.documents, negative.judged, negative.missed) == ("false", 1800, 300, 0)
    assert "missed in fever, without a value: 3 of 40 judged" in acceptance_text(result.summary)
    asked_for = accept(found, judged, risks=Risks(alpha=0.1, delta=0.1, missed=0.05), **asked)
    assert [one.is_accepted for one in asked_for.summary.silence["fever"]] == [False, True]
    # What reviewers found there is in the line list, and what nobody looked at is not called a value.
    row = {one["id"]: (one["fever"], one["fever__source"]) for one in result.line_list.iter_rows(named=True)}
    assert (row["q0"], row["q10"], row["q99"]) == (("true", "reviewed"), (None, "reviewed"), (None, "no_value"))


def test_reviewed_values_replace_the_models() -> None:
    found, values = rare()
    result = accept(found, values, id_column="id", risks=BORNE, shapes=FEVER)
    used = {one["id"]: one for one in result.accepted.iter_rows(named=True)}
    wrong = values.filter(pl.col("verdict") == "wrong")["id"].to_list()
    assert len(wrong) == 6
    assert all(
        (used[one]["value"], used[one]["source"], used[one]["confidence"]) == ("false", "reviewed", None)
        for one in wrong
    )
    assert not set(values["id"]) & set(result.to_review["id"])
    assert result.accepted.height + result.to_review.height == found.height
    alone = accept(found, values.drop("gold"), id_column="id", risks=BORNE, shapes=FEVER).accepted
    assert not set(wrong) & set(alone["id"])  # what is right instead is not known
    spurious = values.with_columns(
        verdict=pl.when(pl.col("verdict") == "wrong").then(pl.lit("spurious")).otherwise("verdict"),
        gold=pl.when(pl.col("verdict") == "wrong").then(None).otherwise("gold"),
    )  # fmt: skip
    assert not set(wrong) & set(accept(found, spurious, id_column="id", risks=BORNE, shapes=FEVER).accepted["id"])


def test_documents_of_a_cluster_count_as_one() -> None:
    rows = pl.DataFrame({"patient": ["a", "b", "a", None, None], "year": [1, 1, 1, 2, 2]})
    assert cluster_numbers(rows, ["patient"]).to_list() == [0, 1, 0, 2, 3]
    assert cluster_numbers(rows, ["patient", "year"]).to_list() == [0, 1, 0, 2, 3]
    assert cluster_numbers(rows, []).to_list() == [0, 1, 2, 3, 4]
    found, values = frames()
    ten = pl.DataFrame({"id": found["id"]}).with_columns(__cluster=pl.int_range(pl.len(), dtype=pl.Int64) % 10)
    documents = Documents(table=ten, columns=("hospital",))
    result = accept(found, values, id_column="id", risks=BORNE, documents=documents)
    assert (result.summary.clusters.judged, result.summary.clusters.run) == (10, 10)
    assert result.summary.fields["age"].groups[0].threshold is None
    assert "10 judged clusters" in acceptance_text(result.summary)
    assert "So few clusters" in acceptance_text(result.summary)
    assert "Si peu de grappes" in calibration_page(result.summary, language="fr")


def test_a_perfect_model_has_the_error_of_chance() -> None:
    rng = np.random.default_rng(4)
    for num in (100, 1000):
        promised = rng.beta(6, 1, num)
        seen = [
            expected_calibration_error(reliability(promised, (rng.random(num) < promised) * 1.0)) for _ in range(40)
        ]
        assert chance_calibration_error(promised) == pytest.approx(np.mean(seen), rel=0.15)


def test_weights_travel_from_the_gold_to_the_refusal() -> None:
    fields = load_task(
        {"name": "t", "instructions": "x", "fields": {"age": {"type": "integer", "nullable": True}}}
    ).fields  # fmt: skip
    ids = [f"d{i}" for i in range(200)]
    run = pl.DataFrame({"id": ids, "status": "OK", "age": 67})
    gold = pl.DataFrame({"id": ids, "age": [67 - (i % 9 == 0) for i in range(200)]})
    found = pl.DataFrame(
        {"id": ids, "field": "age", "item": None, "value": "67", "confidence": 0.9}, schema_overrides={"item": pl.Int64}
    )

    def judged_with(weights: Any) -> pl.DataFrame:
        drawn = gold if weights is None else gold.with_columns(pl.Series("weight", weights))
        return evaluate(fields, run.lazy(), drawn, id_column="id", chance=Chance(samples=0)).values

    asked = {"id_column": "id", "risks": Risks(alpha=0.2, delta=0.1)}
    with pytest.raises(DataError, match="unequal probabilities"):
        accept(found, judged_with([1.0, 4.0] * 100), **asked)
    assert accept(found, judged_with([4.0] * 200), **asked).summary.as_values()["sample"] == "equal"
    assert accept(found, judged_with(None), **asked).summary.as_values()["sample"] == "untold"


def test_small_fields_share_a_curve() -> None:
    found, values = frames()
    both = pl.concat([found, found.with_columns(field=pl.lit("sex"))])
    small = pl.concat([values, values.head(20).with_columns(field=pl.lit("sex"))])
    result = accept(both, small, id_column="id", risks=BORNE)
    assert result.summary.as_values()["fields"]["sex"]["calibrator"]["pooled_over_fields"]
    (group,) = result.summary.fields["sex"].groups
    assert group.threshold is None
    assert "at least" in group.notes[0]
    assert not result.summary.as_values()["fields"]["age"]["calibrator"]["pooled_over_fields"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values.drop("verdict"), "no column 'verdict'"),
        (lambda values: values.with_columns(verdict=pl.lit("good")), "'good' is not known"),
        (lambda values: values.with_columns(id=pl.int_range(pl.len())), "whole number"),
        (lambda values: pl.concat([values, values]), "judged twice"),
        (lambda values: values.with_columns(id=pl.lit("x") + pl.col("id")), "300 of 300 judged values are not in this"),
        (lambda values: values.with_columns(verdict=pl.lit("absent")), "no judged value has a confidence"),
        (lambda values: values.with_columns(weight=pl.int_range(1.0, 301.0)), "unequal probabilities"),
        (
            lambda values: values.with_columns(inclusion_probability=pl.when(pl.int_range(pl.len()) > 4).then(0.5)),
            "5 of 300 rows have no number in 'inclusion_probability'",
        ),
        (lambda values: values.with_columns(predicted=pl.lit("68")), "300 of 300 judged values differ"),
    ],
)
def test_judged_values_that_do_not_fit(change: Any, words: str) -> None:
    found, values = frames()
    with pytest.raises(DataError, match=words):
        accept(found, change(values), id_column="id", risks=BORNE)


@pytest.mark.slow
def test_the_job(tmp_path: Path, documents: Path) -> None:
    from conftest import SMALL_TASK

    run_dir = tmp_path / "run"
    found = extract_here(make_settings(documents, run_dir, {**SMALL_TASK, "confidence": True}))
    usable = found.filter((pl.col("status").cast(pl.String) == "OK") & pl.col("fever").is_not_null())
    said = pl.col("fever").cast(pl.String)
    values = usable.select(
        "id", pl.lit("fever").alias("field"), pl.lit(None, pl.Int64).alias("item"), said.alias("gold"),
        said.alias("predicted"), pl.lit("correct").alias("verdict"),
    )  # fmt: skip
    values.write_parquet(tmp_path / "values.parquet")
    common = [f"run.dir={run_dir}", f"values={tmp_path / 'values.parquet'}", f"out.dir={tmp_path / 'out'}"]
    done = job(*common, "alpha=0.2", name="calibrate", check=None)
    assert done.returncode == 0, done.stderr
    accepted, rest = (pl.read_parquet(tmp_path / "out" / f"{name}.parquet") for name in ("accepted", "to_review"))
    assert accepted.height + rest.height > 100
    assert json.loads((tmp_path / "out" / "calibration.json").read_text())["alpha"] == 0.2
    assert "<svg" in (tmp_path / "out" / "report.html").read_text()
    with pytest.raises(ConfigError, match="alpha"):
        calibrate_settings(OmegaConf.create({"run": {"dir": "r"}, "values": "v", "out": {"dir": "o"}, "alpha": 2}))


def group_of(*, judged: int, more: int, values: int) -> AcceptedGroup:
    return AcceptedGroup(
        value="true", judged=judged, documents=judged, wrong=0, share_of_delta=0.0, more_needed=more, is_even=True,
        largest_unit=1, left_out=0, are_thresholds_apart=True, threshold=None, tests=(), notes=(),
        run=AcceptedCount(values=values, accepted=0, reviewed=judged, doubted=0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "more", "values", "is_possible"),
    [(10, 50, 300, True), (10, 50, 60, True), (10, 50, 59, False), (10, 50, 10, False), (0, 59, 3, False)],
)
def test_no_more_documents_are_asked_for_than_the_run_holds(
    judged: int, more: int, values: int, is_possible: bool
) -> None:
    group = group_of(judged=judged, more=more, values=values)
    [english] = group_notes("fever", group, is_list=False, language="en")
    [french] = group_notes("fever", group, is_list=False, language="fr")
    assert english.startswith("at least" if is_possible else "cannot be tested in this run")
    assert french.startswith("il faut juger" if is_possible else "ne peut être testé dans cette extraction")
    if not is_possible:
        assert f"has {values - judged} more values of it" in english


@pytest.mark.parametrize(
    ("tests", "words"), [(0, "Nothing is controlled"), (1, "0.05: 1 in all"), (7, "0.05: 7 in all")]
)
def test_a_guarantee_without_a_test_is_none(tests: int, words: str) -> None:
    told = guarantee(0.05, 0.05, tests, "equal", language="en")
    assert words in told
    assert ("With probability" in told) == (tests > 0)
    assert ("Rien n'est garanti" in guarantee(0.05, 0.05, tests, "equal", language="fr")) == (tests == 0)


def test_a_french_page_says_extraction_and_not_run() -> None:
    for text in WORDS["fr"].values():
        assert not re.search(r"\bruns?\b", text.replace("{run}", ""))
