"""What readers were shown: the arms of a review in an evaluation, and its design in an estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

import glane
from glane.assess.compare.terminal import evaluation_text
from glane.assess.designs import WORDS, design_of, design_text
from glane.assess.evaluate.by_arm import difference_interval
from glane.assess.evaluate.evaluation import Evaluation, evaluate
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.evaluate.report import evaluation_report
from glane.assess.files import as_parquet
from test_api import folder  # noqa: F401  (a fixture)
from test_evaluate import fields, gold_of, run_of

ASKED = fields(fever={"type": "boolean"}, place={"type": "string"})
QUICK = Chance(samples=200, method="percentile")


def reviewed(
    generator: np.random.Generator, num: int, *, kept: float, share: float = 0.5, errs: float = 0.3
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """A model that errs, and readers who let its error stand with probability `kept` where they see it."""
    is_blind = generator.random(num) < share
    is_wrong = generator.random(num) < errs
    stays = is_wrong & ~is_blind & (generator.random(num) < kept)
    truth = generator.random(num) < 0.5
    found = truth ^ is_wrong
    gold = np.where(stays, found, truth)
    ids = [f"d{i}" for i in range(num)]
    run = [{"id": key, "status": "OK", "fever": bool(one), "place": "x"} for key, one in zip(ids, found, strict=True)]
    rows = [
        {"id": key, "fever": bool(one), "place": "x", "arm": "blind" if blind else "assisted"}
        for key, one, blind in zip(ids, gold, is_blind, strict=True)
    ]
    return run_of(run), gold_of(rows)


def told(run: pl.LazyFrame, gold: pl.DataFrame, **more: Any) -> Evaluation:
    return evaluate(ASKED, run, gold, id_column="id", chance=QUICK, **more)


def test_readers_who_lean_towards_the_model_are_seen() -> None:
    found = told(*reviewed(np.random.default_rng(0), 400, kept=0.8)).summary.arms
    assert found is not None
    assert (found.blind.documents + found.assisted.documents, found.overall.f1) == (
        400,
        pytest.approx(found.assisted.micro.f1 - found.blind.micro.f1),
    )
    fever, place = found.fields["fever"], found.fields["place"]
    assert fever.exact == pytest.approx(0.24, abs=0.09)
    assert fever.exact_ci95 is not None
    assert fever.exact_ci95[0] > 0
    assert fever.f1_ci95 is not None
    assert fever.f1_ci95[0] > 0
    assert place.f1 == 0
    assert place.exact_ci95 is not None
    assert place.exact_ci95[0] < 0 < place.exact_ci95[1]


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_intervals_of_the_difference_hold_it(kept: float) -> None:
    """120 reviews of 160 documents, half of them blind."""
    held = {"f1": 0, "exact": 0}
    generator = np.random.default_rng(5)
    for _ in range(120):
        found = told(*reviewed(generator, 160, kept=kept)).summary.arms
        assert found is not None
        one = found.fields["fever"]
        for name, ends in (("f1", one.f1_ci95), ("exact", one.exact_ci95)):
            assert ends is not None
            held[name] += ends[0] <= (0.3 * kept) <= ends[1]
    assert min(held.values()) >= 108


def test_the_difference_of_two_shares_has_newcombes_interval() -> None:
    from glane.assess.proportion import Share, wilson

    one, other = (Share(value=yes / num, num_effective=num) for yes, num in ((56, 70), (48, 80)))
    found = difference_interval(one.value, wilson(one, 0.95), other.value, wilson(other, 0.95))
    assert found == pytest.approx(
        confint_proportions_2indep(56, 70, 48, 80, compare="diff", method="newcomb"), abs=1e-6
    )


def test_weights_and_clusters_count_within_the_arms() -> None:
    run, gold = reviewed(np.random.default_rng(2), 300, kept=0.5)
    heavy = gold.with_columns(pl.when(pl.col("arm") == "blind").then(4.0).otherwise(1.0).alias("weight"))
    plain, weighted = told(run, gold).summary.arms, told(run, heavy).summary.arms
    assert plain is not None
    assert weighted is not None
    assert weighted.overall.exact == pytest.approx(plain.overall.exact)  # equal within each arm
    clusters = gold.select("id", (pl.int_range(pl.len()) // 10).alias("__cluster"))
    together = told(run, gold, clusters=clusters).summary.arms
    assert together is not None
    assert together.overall.exact == pytest.approx(plain.overall.exact)


@pytest.mark.parametrize(
    "change",
    [
        lambda gold: gold.drop("arm"),
        lambda gold: gold.with_columns(arm=pl.lit("blind")),
        lambda gold: gold.with_columns(arm=pl.lit("placebo")),  # the arm of a trial
        lambda gold: gold.with_columns(arm=pl.lit(None, pl.String)),
    ],
)
def test_without_two_arms_nothing_is_said(change: Any) -> None:
    run, gold = reviewed(np.random.default_rng(0), 40, kept=0.5)
    found = told(run, change(gold))
    assert found.summary.arms is None
    assert "anchoring" not in evaluation_text(found.summary)
    assert "arms" not in found.summary.as_values()


def test_the_terminal_tells_the_difference_in_english_and_the_page_in_both_languages() -> None:
    found = told(*reviewed(np.random.default_rng(0), 200, kept=0.8)).summary
    text = evaluation_text(found)
    assert "by what readers were shown: " in text
    assert "difference +0." in text
    for language, words in (("fr", "Qui voit une réponse s'y range"), ("en", "Readers lean towards an answer")):
        assert (words in text) == (language == "en")
        assert words.replace("'", "&#x27;") in evaluation_report(found, language=language)  # type: ignore[arg-type]
    assert EvaluationSummary.model_validate_json(found.as_json()) == found


# --- The design ---


def design(arms: list[str], strata: list[str], chances: list[float]) -> Any:
    return design_of(pl.DataFrame({"arm": arms, "stratum": strata, "inclusion_probability": chances}), fields=["fever"])


@pytest.mark.parametrize(
    ("arms", "strata", "chances", "drawn", "words"),
    [
        (["blind"] * 2, ["all"] * 2, [0.5] * 2, "simple", "a simple random sample; blind, without"),
        (["assisted"] * 2, ["all"] * 2, [0.5, 0.1], "unequal", "doubtful documents more often; the model's answers were shown"),
        (["assisted"] * 2, ["model says fever=true", "model says otherwise"], [0.5, 0.1], "by_answer", "by the model's answer"),
        (["blind", "assisted"], ["north", "south"], [0.5, 0.5], "stratified", "1 documents blind, 1 with the model's answers"),
    ],
)  # fmt: skip
def test_a_design_is_read_off_the_right_answers(
    arms: list[str], strata: list[str], chances: list[float], drawn: str, words: str
) -> None:
    found = design(arms, strata, chances)
    assert found.drawn == drawn
    assert words in design_text(found, "en")
    assert design_text(found, "fr").startswith("La relecture : ")


def test_right_answers_that_do_not_say_so_are_not_guessed() -> None:
    found = design_of(pl.DataFrame({"fever": [True]}), fields=["fever"])
    assert design_text(found, "en") == (
        "The review: how documents were drawn is not told; whether the model's answers were shown is not told."
    )
    named = pl.DataFrame({"arm": ["blind"], "stratum": ["all"]})  # fields of the task
    assert design_of(named, fields=["arm", "stratum"]) == found


def test_the_words_of_a_design_are_the_same_in_both_languages() -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()


def test_an_estimate_names_the_design_of_its_review(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    gold = pl.read_parquet(folder / "gold.parquet")
    arms = pl.Series("arm", ["blind", "assisted"] * 30)
    drawn = gold.with_columns(arms, stratum=pl.lit("all"), inclusion_probability=pl.lit(0.5))
    found = glane.estimate(folder / "one", drawn, "fever")
    line = "The review: a simple random sample; 30 documents blind, 30 with the model's answers."
    assert line in str(found)
    found.write(str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "tirage aléatoire simple ; 30 documents en aveugle, 30 avec les réponses du modèle" in page
    assert "a simple random sample; 30 documents blind" in page
    assert "how documents were drawn is not told" in str(glane.estimate(folder / "one", gold, "fever"))
    (tmp_path / "gold.parquet").write_bytes(as_parquet(drawn))
    assert "anchoring" in str(glane.evaluate(folder / "one", str(tmp_path / "gold.parquet"), samples=0))
