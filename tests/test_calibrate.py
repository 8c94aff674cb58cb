"""Calibration and selective acceptance: against references, promises kept, refusals, and the job."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf
from scipy.stats import binomtest
from sklearn.calibration import CalibratedClassifierCV

from conftest import extract_here, job, make_settings
from glane.assess.calibrate.acceptance import accept, acceptance_text
from glane.assess.calibrate.calibration import calibrate, expected_calibration_error, has_enough, reliability
from glane.assess.calibrate.page import calibration_page
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.calibrate.selection import (
    binomial_p_value,
    hoeffding_bentkus_p_value,
    select,
    smallest_sample,
    thresholds,
)
from glane.assess.evaluate.evaluation import evaluate
from glane.assess.evaluate.measures import Chance
from glane.errors import ConfigError, DataError
from glane.records import parse_record
from glane.settings import calibrate_settings
from glane.task.task import load_task
from test_estimate import simulation


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
    assert hoeffding_bentkus_p_value(wrong / num, num, 0.05) >= exact * 0.999


def test_the_smallest_sample_is_that_of_no_error_at_all() -> None:
    assert smallest_sample(0.05, 0.05) == 59  # 0.95 ** 59 < 0.05
    assert smallest_sample(0.1, 0.1) == 22
    assert binomial_p_value(2, smallest_sample(0.05, 0.05, num_wrong=2), 0.05) <= 0.05


def test_thresholds_descend_to_everything() -> None:
    others = np.random.default_rng(0).random(1000)
    found = thresholds(others, num_documents=400, alpha=0.05, delta=0.05)
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0.0
    assert (others >= found[0]).mean() == pytest.approx(smallest_sample(0.05, 0.05, num_wrong=2) / 400, abs=0.01)


def test_the_sequence_ends_at_the_first_failure() -> None:
    confidence = np.linspace(0, 1, 400)
    correct = (confidence > 0.4).astype(float)
    found = select(confidence, correct, range(400), [0.8, 0.6, 0.4, 0.2, 0.0], alpha=0.05, delta=0.05, is_single=True)
    assert found.threshold == 0.4
    assert [one.threshold for one in found.tested] == [0.8, 0.6, 0.4, 0.2]
    assert (
        select(confidence, 0 * correct, range(400), [0.8, 0.0], alpha=0.05, delta=0.05, is_single=True).threshold
        is None
    )


def test_documents_are_the_units_of_lists() -> None:
    # One document has all the wrong values: it counts once.
    documents = [*range(200), *([200] * 30)]
    correct = np.concatenate([np.ones(200), np.zeros(30)])
    found = select(np.ones(230), correct, documents, [0.0], alpha=0.05, delta=0.05, is_single=False)
    assert found.tested[0].documents == 201
    assert found.tested[0].risk == pytest.approx(1 / 201)


@pytest.mark.parametrize(("fields", "items"), [(1, 1), (1, 3)])
def test_promises_are_kept(fields: int, items: int) -> None:
    broken, accepted, _ = simulation("risk_control").broken_promises(
        fields=fields,
        items=items,
        error=0.1,
        num_documents=2000,
        num_judged=300,
        samples=40,
        seed=5,
        alpha=0.05,
        delta=0.10,
    )
    assert broken <= 0.10
    assert accepted > 0.03


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
    result = accept(pl.concat([found, other, unsure]), values, id_column="id", alpha=0.1, delta=0.1)
    assert result.accepted.columns == ["id", "field", "item", "value", "confidence", "calibrated"]
    assert result.accepted.height + result.to_review.height == 3005
    assert result.accepted["field"].unique().to_list() == ["age"]
    threshold = result.summary.as_values()["fields"]["age"]["threshold"]
    assert result.accepted["confidence"].min() >= threshold
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
    asked = {"id_column": "id", "alpha": 0.1, "delta": 0.1}
    untold = accept(found, values, **asked).summary
    assert "only if they are a plain random sample" in untold.guarantee
    equal = accept(found, values.with_columns(weight=pl.lit(5.0)), **asked).summary
    assert "equal probabilities, as their weights say" in equal.guarantee
    assert "garantie ne vaut que" in calibration_page(untold, language="fr")
    assert "probabilités égales" in calibration_page(equal, language="fr")


def test_numbers_are_the_same_however_they_are_written() -> None:
    found, values = frames()
    result = accept(
        found, values.with_columns(predicted=pl.lit("67.0")), id_column="id", alpha=0.1, delta=0.1
    )  # fmt: skip
    assert result.summary.as_values()["judged"] == 300


def test_one_document_with_two_values_in_the_run_takes_the_test_for_shares() -> None:
    found, values = frames()
    twice = pl.concat([found, found.tail(1).with_columns(item=pl.lit(1, pl.Int64))])
    one, two = (
        accept(rows, values, id_column="id", alpha=0.1, delta=0.1).summary.as_values()["fields"]["age"]["tests"]
        for rows in (found, twice)
    )
    exact, bound = (next(test for test in tests if test["risk"] > 0) for tests in (one, two))
    assert exact["documents"] == bound["documents"]
    assert bound["p_value"] > exact["p_value"]  # Hoeffding-Bentkus where the exact test would not hold


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

    asked = {"id_column": "id", "alpha": 0.2, "delta": 0.1}
    with pytest.raises(DataError, match="unequal probabilities"):
        accept(found, judged_with([1.0, 4.0] * 100), **asked)
    assert accept(found, judged_with([4.0] * 200), **asked).summary.as_values()["sample"] == "equal"
    assert accept(found, judged_with(None), **asked).summary.as_values()["sample"] == "untold"


def test_small_fields_share_a_curve() -> None:
    found, values = frames()
    both = pl.concat([found, found.with_columns(field=pl.lit("sex"))])
    small = pl.concat([values, values.head(20).with_columns(field=pl.lit("sex"))])
    result = accept(both, small, id_column="id", alpha=0.1, delta=0.1)
    assert result.summary.as_values()["fields"]["sex"]["calibrator"]["pooled_over_fields"]
    assert result.summary.as_values()["fields"]["sex"]["threshold"] is None
    assert "at least" in result.summary.as_values()["fields"]["sex"]["notes"][0]
    assert not result.summary.as_values()["fields"]["age"]["calibrator"]["pooled_over_fields"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values.drop("verdict"), "no column 'verdict'"),
        (lambda values: values.with_columns(verdict=pl.lit("good")), "'good' is not known"),
        (lambda values: values.with_columns(id=pl.int_range(pl.len())), "Int64"),
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
        accept(found, change(values), id_column="id", alpha=0.1, delta=0.1)


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
