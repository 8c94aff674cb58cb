"""One figure under several wordings, models and readings: figures, pairs, factors, what is refused, and the job."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import glane
from conftest import ROOT, SMALL_TASK, extract_here, job, job_here, make_settings, write_documents
from glane.assess.clusters import CLUSTER
from glane.assess.compare.runs_table import differing_texts
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Method, Question
from glane.assess.estimate.record import Estimate, Together
from glane.assess.multiverse.contrast import corrected_figure
from glane.assess.multiverse.curve import curve, ticks
from glane.assess.multiverse.figures import check_between, raw_figures
from glane.assess.multiverse.page import multiverse_page
from glane.assess.multiverse.record import Figure, MultiverseSummary, Specification
from glane.assess.multiverse.spread import variation
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.extraction.specification import factor_of
from glane.records import read_record
from markdown_pages import Page
from page_checks import jobs_called

NUM = 80
HOSPITALS = ["north", "south"] * (NUM // 2)
PLAIN = {"age": 1, "sex": "F", "onset": None, "seen": "2025-01-01", "note": "n", "temperature": None, "cases": []}


def task_of(wording: str, **manner: Any) -> dict[str, Any]:
    """The small task with another description of fever."""
    fever = {"type": "boolean", "nullable": True, "description": wording}
    return {**SMALL_TASK, **manner, "fields": {**SMALL_TASK["fields"], "fever": fever}}


def run_of(folder: Path, name: str, says: Callable[[int], Any], *, wording: str = "Fever.", **changes: Any) -> Path:
    """A run whose answers on fever are what `says` gives for each document."""
    texts = [f"[[answer {json.dumps({**PLAIN, 'age': i % 90, 'fever': says(i)})}]]" for i in range(NUM)]
    data = write_documents(folder / f"{name}.parquet", texts, hospital=HOSPITALS)
    manner = changes.pop("manner", {})
    extract_here(make_settings(data, folder / name, task_of(wording, **manner), **changes))
    return folder / name


def true_fever(i: int) -> bool:
    return (i % 2 == 0 and i % 3 != 0) or i % 10 == 1  # north 27 of 40, south 8 of 40 or so


def often_south(i: int) -> bool:
    return i % 2 == 1 or i % 8 == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wordings, each read in two ways; the second wording is answered with the opposite contrast."""
    folder = tmp_path_factory.mktemp("multiverse")
    run_of(folder, "a", true_fever)
    run_of(folder, "b", often_south, wording="Fever, also one that was only feared.")
    run_of(folder, "c", lambda i: true_fever(i) and i % 7 != 0, manner={"repairs": 2})
    run_of(folder, "d", lambda i: often_south(i) and i % 7 != 0, wording="Fever, also one that was only feared.",
           manner={"repairs": 2})  # fmt: skip
    gold = pl.DataFrame({"id": [f"d{i}" for i in range(NUM)], "fever": [true_fever(i) for i in range(NUM)]})
    gold.sample(50, seed=1).write_parquet(folder / "gold.parquet")
    return folder


def all_runs(folder: Path) -> list[Path]:
    return [folder / name for name in "abcd"]


def shares(says: Callable[[int], Any], group: str | None = None) -> float:
    return float(np.mean([bool(says(i)) for i in range(NUM) if group in (None, HOSPITALS[i])]))


def test_each_specification_has_its_own_figure(folder: Path) -> None:
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "a", samples=0).summary
    figures = {Path(one.run).name: one.figure.value for one in found.specifications}
    assert figures["a"] == pytest.approx(shares(true_fever))
    assert figures["b"] == pytest.approx(shares(often_south))
    assert list(figures) == sorted(figures, key=lambda name: figures[name])
    values = list(figures.values())
    assert (found.raw.lowest, found.raw.highest) == (min(values), max(values))
    assert found.raw.median == pytest.approx(np.median(values))
    assert (found.raw.reversed, found.corrected, found.gold) == (None, None, None)
    assert not found.is_same_input  # each run of these tests has a file of its own


def test_a_wording_that_reverses_a_contrast_is_told(folder: Path) -> None:
    asked = {"chosen": folder / "a", "by": "hospital", "between": ["north", "south"]}
    found = glane.multiverse(all_runs(folder), "fever", **asked)
    by_name = {Path(one.run).name: one for one in found.summary.specifications}
    for name, says in (("a", true_fever), ("b", often_south)):
        assert by_name[name].figure.value == pytest.approx(shares(says, "north") - shares(says, "south"))
    assert by_name["a"].figure.value > 0 > by_name["b"].figure.value  # type: ignore[operator]
    assert (found.summary.raw.reversed, found.summary.raw.others) == (2, 3)
    assert found.summary.raw.differing == 2
    assert found.summary.raw.excluding == 2
    assert "sign opposite to the chosen one's: 2 of 3 others" in str(found)
    assert "hospital: north − south" in str(found)
    swapped = glane.multiverse(all_runs(folder), "fever", **{**asked, "between": ["south", "north"]}).summary
    assert swapped.stood_for.figure.value == pytest.approx(-found.summary.stood_for.figure.value)  # type: ignore[operator]


def test_what_tells_specifications_apart_is_told_in_full(folder: Path) -> None:
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "b", samples=0).summary
    levels = {one.name: one for one in found.levels}
    assert set(levels) == {"W1", "W2", "M1", "R1", "R2"}
    text = "task.fields.fever.description"
    assert levels["W1"].texts == {text: "Fever, also one that was only feared."}  # that of the chosen one
    assert levels["W2"].texts == {text: "Fever."}
    assert levels["R2"].settings["task.repairs"] == "2"
    named = {Path(one.run).name: (one.wording, one.model, one.reading) for one in found.specifications}
    assert named == {"a": ("W2", "M1", "R1"), "b": ("W1", "M1", "R1"), "c": ("W2", "M1", "R2"), "d": ("W1", "M1", "R2")}
    told = {one.factor: one for one in found.raw.variation.parts}
    assert found.raw.variation.is_balanced
    assert told["model"].share == pytest.approx(0)
    assert sum(one.share for one in told.values()) + found.raw.variation.rest == pytest.approx(1)  # type: ignore[operator]


def test_wordings_that_no_model_was_sent_are_told(folder: Path) -> None:
    bare = [
        run_of(folder, f"bare_{name}", true_fever, wording=wording, model__prompt_style="bare")
        for name, wording in (("a", "Fever."), ("b", "Fever, also one that was only feared."))
    ]
    found = glane.multiverse(bare, "fever", chosen=bare[0], samples=0)
    assert [one.is_unasked for one in found.summary.specifications] == [True, True]
    assert f"no question was sent in {bare[0]}, {bare[1]} (prompt_style=bare" in str(found)
    page = multiverse_page(found.summary, language="fr")
    assert f"Aucune question n&#x27;a été envoyée dans {bare[0]}, {bare[1]}" in page
    assert "No question was sent in" in page
    half = glane.multiverse([folder / "a", bare[1]], "fever", chosen=folder / "a", samples=0)
    assert f"no question was sent in {bare[1]} (prompt_style=bare" in str(half)
    for runs in (all_runs(folder), [folder / "a", bare[0]]):  # asked in full; and one wording, sent and not sent
        assert "no question was sent" not in str(glane.multiverse(runs, "fever", chosen=folder / "a", samples=0))


def test_with_right_answers_each_figure_is_corrected_as_the_estimate_does(folder: Path) -> None:
    gold = str(folder / "gold.parquet")
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "a", gold=gold).summary
    for one in found.specifications:
        (alone,) = glane.estimate(one.run, gold, "fever").figures
        assert one.corrected is not None
        assert (one.corrected.value, one.corrected.low, one.corrected.high) == (alone.estimate, alone.low, alone.high)
        assert one.figure.value == pytest.approx(alone.model)
        assert one.gold_left_out == 0
    assert found.corrected is not None
    assert found.corrected.highest - found.corrected.lowest < found.raw.highest - found.raw.lowest  # type: ignore[operator]
    contrast = glane.multiverse(
        all_runs(folder), "fever", chosen=folder / "a", gold=gold, by="hospital", between=["north", "south"]
    )
    corrected = {Path(one.run).name: one.corrected for one in contrast.summary.specifications}
    for figure in corrected.values():
        assert figure is not None
        assert figure.low < figure.value < figure.high  # type: ignore[operator]
    assert contrast.summary.corrected.reversed == 0  # type: ignore[union-attr]
    assert "corrected by the review" in str(contrast)


def test_the_page_draws_every_specification_and_marks_the_chosen_one(folder: Path) -> None:
    found = glane.multiverse(
        all_runs(folder), "fever", chosen=folder / "c", by="hospital", between=["north", "south"], samples=200
    ).summary
    drawing = str(curve(found, "en", title="a <b>"))
    root = ET.fromstring(drawing)
    circles = list(root.iter("circle"))
    assert len(circles) == 4 + 4 * len(found.levels)
    filled = [one for one in circles[4:] if one.get("fill") == "#333"]
    assert len(filled) == 4 * 3
    (band,) = root.iter("rect")
    place = [Path(one.run).name for one in found.specifications].index("c")
    middle = float(band.get("x", 0)) + float(band.get("width", 0)) / 2
    assert middle == pytest.approx(float(circles[place].get("cx", 0)), abs=0.2)
    heights = [float(one.get("cy", 0)) for one in circles[:4]]
    assert heights == sorted(heights, reverse=True)  # the lowest figure first, and low is down
    assert root.find("svg/title").text == "a <b>"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-0.31, 0.12, [-0.3, -0.2, -0.1, 0, 0.1]), (3, 3, [3]), (980, 1021, [980, 990, 1000, 1010, 1020])],
)  # fmt: skip
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected, abs=1e-12)


# The parts, against libraries


def estimate_of(yes: int, num: int, group: str) -> Estimate:
    low, high = proportion_confint(yes, num, method="wilson")
    return Estimate(group=group, term=None, estimate=yes / num, low=low, high=high, method="ppi", n_gold=num, n_run=num,
                    model=None, tuning=None)  # fmt: skip


@pytest.mark.parametrize(
    "counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 20, 5, 30), (10, 10, 0, 20), (500, 999, 1, 50)]
)
def test_the_limits_of_a_difference_of_independent_shares_are_newcombes(counts: tuple[int, int, int, int]) -> None:
    a, num_a, b, num_b = counts
    found = corrected_figure([estimate_of(b, num_b, "B"), estimate_of(a, num_a, "A")], None, ("A", "B"))
    low, high = confint_proportions_2indep(a, num_a, b, num_b, method="newcomb", compare="diff")
    assert (found.value, found.low, found.high) == pytest.approx((a / num_a - b / num_b, low, high))


def test_what_groups_share_shortens_their_difference() -> None:
    both = [estimate_of(30, 60, "A"), estimate_of(20, 60, "B")]
    alone = corrected_figure(both, None, ("A", "B"))
    widths = [alone.high - alone.low]  # type: ignore[operator]
    for correlation in (0.0, 0.5, 0.9):
        covariance = ((1.0, 2 * correlation), (2 * correlation, 4.0))
        found = corrected_figure(both, Together(total=both[0], heterogeneity=0.01, covariance=covariance), ("A", "B"))
        assert found.is_unlike
        widths.append(found.high - found.low)  # type: ignore[operator]
    assert widths[0] == pytest.approx(widths[1])
    assert widths[1] > widths[2] > widths[3]


@pytest.mark.parametrize("method", ["auto", "ppi"])
def test_corrected_differences_hold_the_truth(method: Method) -> None:
    """95 % intervals over 120 collections of 1,500 documents of two hospitals, 250 of them reviewed."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(120):
        group = rng.integers(0, 2, 1500)
        truth = rng.random(1500) < np.array([0.3, 0.2])[group]
        said = np.where(truth, rng.random(1500) < 0.85, rng.random(1500) < 0.05)
        run = pl.DataFrame({"id": range(1500), "fever": said, "by": np.array(["A", "B"])[group]})
        drawn = rng.permutation(1500)[:250]
        asked = Question(what="prevalence", field="fever", by="by", method=method)
        found = estimate(run, pl.DataFrame({"id": drawn, "fever": truth[drawn]}), asked, id_column="id")
        figure = corrected_figure(found.estimates, found.together, ("A", "B"))
        held += figure.low <= 0.1 <= figure.high  # type: ignore[operator]
    assert held >= 0.89 * 120


def specification(value: float | None, wording: str, model: str, reading: str = "R1") -> tuple[Specification, Figure]:
    figure = Figure(value=value)
    one = Specification(
        run=f"{wording}{model}{reading}", fingerprint="f", task="t", model_name="m", wording=wording, model=model,
        reading=reading, settings={}, documents=1, without_values=0, figure=figure, difference=figure,
    )  # fmt: skip
    return one, figure


def test_shares_of_the_variation_are_those_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(3)
    rows = [(w, m, r) for w in range(4) for m in range(3) for r in range(2)]
    values = [0.4 + 0.1 * w - 0.02 * m + 0.01 * w * m + 0.01 * rng.normal() for w, m, _ in rows]
    pairs = [specification(v, f"W{w}", f"M{m}", f"R{r}") for v, (w, m, r) in zip(values, rows, strict=True)]
    found = variation(pairs)
    table = pl.DataFrame(
        {"y": values, "w": [w for w, _, _ in rows], "m": [m for _, m, _ in rows], "r": [r for *_, r in rows]}
    )
    squares = anova_lm(ols("y ~ C(w) + C(m) + C(r)", table.to_pandas()).fit())["sum_sq"]
    assert [part.share for part in found.parts] == pytest.approx(list(squares[:3] / squares.sum()))
    assert found.rest == pytest.approx(squares["Residual"] / squares.sum())
    assert found.is_balanced
    assert found.standard_deviation == pytest.approx(np.std(values, ddof=1))


def test_factors_that_overlap_leave_no_rest() -> None:
    found = variation([specification(0.1, "W1", "M1"), specification(0.5, "W2", "M2"), specification(0.6, "W2", "M2")])
    assert not found.is_balanced
    assert found.rest is None
    assert found.parts[0].share == found.parts[1].share
    same = variation([specification(0.1, "W1", "M1"), specification(0.1, "W2", "M1"), specification(None, "W3", "M1")])
    assert ([part.share for part in same.parts], same.rest, same.figures) == ([None] * 3, None, 2)


def answers_of(rng: Any, shares: Sequence[float], shared: float, num: int) -> list[pl.DataFrame]:
    """Answers of specifications, of which a part of the documents is answered by the same draw."""
    common, is_common = rng.random(num), rng.random(num) < shared
    tables = []
    for share in shares:
        drawn = np.where(is_common, common, rng.random(num)) < share
        tables.append(pl.DataFrame({"id": range(num), "fever": drawn}))
    return tables


QUESTION = Question(what="prevalence", field="fever")


def figures_of(answers: Sequence[pl.DataFrame], **changes: Any) -> Any:
    given = {
        "ids": pl.Series("id", range(answers[0].height)), "between": None, "chosen": 0, "clusters": None,
        "samples": 300, "method": "percentile", "seed": 0,
    } | changes  # fmt: skip
    return raw_figures(answers, given.pop("question", QUESTION), **given)


def test_paired_intervals_of_differences_hold_the_truth_and_are_shorter() -> None:
    """95 % intervals over 200 samples: at least 90 % hold the difference; those of unpaired runs would be longer."""
    rng = np.random.default_rng(8)
    held, shorter = 0, 0
    for _ in range(200):
        found = figures_of(answers_of(rng, (0.4, 0.3), 0.8, 250))
        first, other = found.figures
        difference = found.differences[1]
        held += difference.low <= -0.1 <= difference.high
        apart = np.hypot(first.high - first.low, other.high - other.low)
        shorter += difference.high - difference.low < apart
    assert 0.90 * 200 <= held <= 0.99 * 200
    assert shorter == 200


def test_copies_of_a_document_prove_nothing() -> None:
    answers = answers_of(np.random.default_rng(1), (0.4, 0.2), 0.3, 100)
    copied = [pl.concat([one] * 8).with_columns(id=pl.int_range(pl.len())) for one in answers]
    clusters = pl.DataFrame({"id": range(800), CLUSTER: [place % 100 for place in range(800)]})
    once, apart = figures_of(answers), figures_of(copied)
    together = figures_of(copied, clusters=clusters)
    assert (once.clusters, together.clusters) == (None, 100)
    widths = [one.differences[1].high - one.differences[1].low for one in (once, together, apart)]
    assert widths[1] == pytest.approx(widths[0])
    assert widths[2] < widths[0] / 2


def test_means_and_counts_leave_out_what_has_no_value() -> None:
    table = pl.DataFrame({"id": range(4), "fever": [1.0, 3.0, None, 8.0], "by": ["A", "A", "A", "B"]})
    mean = Question(what="mean", field="fever", by="by")
    found = figures_of([table, table[:3]], question=mean, ids=table["id"], between=("A", "A"), samples=0)
    assert [one.value for one in found.figures] == [0.0, 0.0]
    with pytest.raises(ConfigError, match="between: no document with values has by=B. Valid: A"):
        check_between(table[:3], mean, ("A", "B"))
    plain = figures_of([table.drop("by"), table[:3].drop("by")], question=Question(what="mean", field="fever"),
                       ids=table["id"], samples=0)  # fmt: skip
    assert [one.value for one in plain.figures] == [4.0, 2.0]
    count = figures_of([table.drop("by")] * 2, question=Question(what="count", field="fever", value="3"), ids=table["id"],
                       samples=0)  # fmt: skip
    assert [one.value for one in count.figures] == [1.0, 1.0]


# What is refused


def refused(kind: type[GlaneError], words: str, runs: Sequence[Path], folder: Path, **changes: Any) -> None:
    given = {"field": "fever", "chosen": folder / "a", "samples": 0} | changes
    with pytest.raises(kind, match=words):
        glane.multiverse(runs, **given)


def test_what_is_no_multiverse_is_refused(folder: Path, tmp_path: Path) -> None:
    two = [folder / "a", folder / "b"]
    refused(DataError, "at least two specifications are needed", [folder / "a"], folder)
    refused(ConfigError, "chosen: .*e is none of the runs. Did you mean", two, folder, chosen=folder / "e")
    refused(RunError, "no run here", [folder / "a", tmp_path], folder)
    refused(ConfigError, "a: field: no column 'fevre' in the run. Did you mean 'fever'", two, folder, field="fevre")
    refused(ConfigError, "a: value: 'oui' is no value of the boolean 'fever'", two, folder, value="oui")
    refused(
        ConfigError, "a: field: 'fever' is of type true or false; what=mean needs a number", two, folder, what="mean"
    )
    refused(ConfigError, "a: .*feverr.* is no column", two, folder, field=None, case="feverr AND age > 3")
    refused(ConfigError, "by, between: a difference", two, folder, by="hospital")
    refused(ConfigError, "a: by: no column 'ward' in the input", two, folder, by="ward", between=["x", "y"])
    refused(ConfigError, "hospital=east. Valid: north, south", two, folder, by="hospital", between=["east", "north"])
    refused(ConfigError, "one of both", two, folder, case="fever")
    refused(DataError, "a: gold: no column 'fever'", two, folder, gold=pl.DataFrame({"id": ["d1"], "age": [1]}))
    stranger = pl.DataFrame({"id": ["d1", "x"], "fever": [True, False]})
    refused(DataError, "1 of its 2 documents are not among", two, folder, gold=stranger)


def test_a_run_that_asks_the_same_is_told(folder: Path, tmp_path: Path) -> None:
    same = run_of(tmp_path, "same", true_fever, data__carry_columns=["hospital"], model__max_num_seqs=4)
    refused(DataError, f"{same} asks exactly as {folder}/a .*leave one of them out", [folder / "a", same], folder)


def test_runs_over_other_documents_are_refused(folder: Path, tmp_path: Path) -> None:
    fewer = run_of(tmp_path, "fewer", true_fever, wording="Other.", data__limit=60)
    refused(DataError, "fewer has 0 documents that .*a has not, and lacks 20 of its 80", [folder / "a", fewer], folder)


def test_a_field_that_a_run_does_not_ask_for_is_told_with_its_run(folder: Path, tmp_path: Path) -> None:
    task = {**SMALL_TASK, "fields": {"cough": {"type": "boolean", "nullable": True}}}
    extract_here(make_settings(folder / "a.parquet", tmp_path / "other", task))
    refused(ConfigError, "other: field: no column 'fever'", [folder / "a", tmp_path / "other"], folder)


def test_runs_that_are_not_complete_are_refused_by_name_and_by_pattern(folder: Path, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).symlink_to(folder / name)
    begun = run_of(tmp_path, "c", true_fever, wording="Third.")
    (begun / "records").rename(begun / "elsewhere")
    pattern = Path(f"{tmp_path}/[abc]")
    refused(RunError, "c not complete. A specification that is left out is one that nobody sees", [pattern], folder)
    refused(RunError, "c: this run is not complete", [folder / "a", begun], folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["field=fever", "case=fever"], "one of both"),
        (["field=fever", "by=hospital"], "needs both by=COLUMN and between"),
        (["field=fever", "by=hospital", "between=[A]"], "give two values"),
        (["field=fever", "by=hospital", "between=[A,A]"], "give two values"),
        (["field=fever", "what=linear"], "what: "),
        (["field=fever", "bootstrap.samples=5"], "fewer than 100"),
        (["field=fever", "weight=a", "inclusion_probability=b"], "not both"),
    ],
)
def test_settings_that_are_wrong(change: list[str], words: str) -> None:
    done = job_here("runs=[a,b]", "chosen=a", "out.dir=o", *change, name="multiverse", check=2)
    assert words in done.stderr


def test_documents_without_values_are_told_and_left_out_of_gold(folder: Path, tmp_path: Path) -> None:
    texts = [f"[[answer {json.dumps({**PLAIN, 'fever': true_fever(i)})}]]" for i in range(NUM)]
    texts[0], texts[5] = "", ""
    data = write_documents(tmp_path / "e.parquet", texts, hospital=HOSPITALS)
    extract_here(make_settings(data, tmp_path / "e", task_of("Also.")))
    gold = pl.DataFrame({"id": [f"d{i}" for i in range(40)], "fever": [true_fever(i) for i in range(40)]})
    found = glane.multiverse([folder / "a", tmp_path / "e"], "fever", chosen=folder / "a", gold=gold, samples=0)
    by_name = {Path(one.run).name: one for one in found.summary.specifications}
    assert (by_name["a"].without_values, by_name["a"].gold_left_out) == (0, 0)
    assert (by_name["e"].without_values, by_name["e"].gold_left_out) == (2, 2)
    assert f"documents without values, which are not counted: {tmp_path}/e 2" in str(found)
    assert found.summary.gold is not None
    assert found.summary.gold.modified is None


def test_a_case_definition_is_a_figure_as_a_field_is(folder: Path) -> None:
    found = glane.multiverse(
        all_runs(folder), case="fever AND age < 40", chosen=folder / "a", what="count", samples=200,
        gold=glane.open_run(folder / "a").usable().select("id", "fever", "age").collect().head(40),
    ).summary  # fmt: skip
    assert found.stood_for.figure.value == sum(true_fever(i) for i in range(40))
    assert found.stood_for.corrected is not None


def test_a_summary_is_read_again(folder: Path, tmp_path: Path) -> None:
    found = glane.multiverse(
        all_runs(folder), "fever", chosen=folder / "a", gold=folder / "gold.parquet", by="hospital",
        between=["north", "south"], samples=200, clusters=["hospital"], out_dir=str(tmp_path),
    )  # fmt: skip
    assert found.summary.clusters == 2
    told = read_record(MultiverseSummary, tmp_path / "multiverse.json")
    assert told == found.summary
    assert told.as_json() == (tmp_path / "multiverse.json").read_bytes()


def test_which_setting_belongs_to_what() -> None:
    factors = {key: factor_of(key) for key in ("task.fields.fever.description", "task.instructions", "task.language",
        "task.passes.recall", "task.order", "task.quotes", "task.lookups.x", "model.name", "model.sampling.seed",
        "model.prompt_shape", "data.text_column")}  # fmt: skip
    assert {key for key, factor in factors.items() if factor == "wording"} == {
        "task.fields.fever.description", "task.instructions", "task.language"
    }  # fmt: skip
    assert {key for key, factor in factors.items() if factor == "model"} == {"model.name", "model.sampling.seed"}


def test_examples_are_never_told() -> None:
    def one(description: str, text: str) -> dict[str, Any]:
        return {"task": {"fields": {"a": {"description": description}}, "examples": [{"text": text}], "repairs": 1}}

    found = differing_texts([one("x" * 500, "Toux"), one("y", "Fièvre")])
    assert found == [{"task.fields.a.description": "x" * 500}, {"task.fields.a.description": "y"}]


def test_the_job(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [f"runs={folder}/[abcd]", f"chosen={folder}/a", "field=fever", f"out.dir={out}", "bootstrap.samples=200"]
    done = job(*words, "by=hospital", "between=[north,south]", f"gold={folder}/gold.parquet", name="multiverse")
    assert "4 specifications of the same 80 documents (2 wordings, 1 model, 2 readings)" in done.stdout
    assert "The choice was not sealed before." in done.stdout
    told = json.loads((out / "multiverse.json").read_text())
    assert (told["kind"], told["chosen"]) == ("glane multiverse", f"{folder}/a")
    table = pl.read_parquet(out / "specifications.parquet")
    assert table["figure"].to_list() == sorted(table["figure"].to_list())
    assert table.filter("is_chosen")["run"].to_list() == [f"{folder}/a"]
    assert table["corrected"].null_count() == 0
    report = (out / "report.html").read_text()
    for reference in ("http://", "https://", "src=", "href=", "url(", "@import", "<script"):
        assert reference not in report
    for said in (
        "Courbe des spécifications",
        "Specification curve",
        "pas été scellé",
        "was not sealed before",
        "ont lu d",
        "The runs read other files",
    ):
        assert said in report
    assert report.count("Fever, also one that was only feared.") == 4  # with its settings and in full, twice
    strange = job_here(*words, "feild=x", name="multiverse", check=2)
    assert "feild" in strange.stderr


@pytest.mark.ray
def test_wordings_that_a_person_wrote_end_in_one_curve(tmp_path: Path) -> None:
    """The files and commands of docs/multiverse.md, with the scripted engine and twenty documents."""
    page = Page(path=ROOT / "docs" / "multiverse.md", text=(ROOT / "docs" / "multiverse.md").read_text())
    for block in (one for one in page.blocks if one.language == "yaml"):
        name = block.content.splitlines()[0].removeprefix("# ")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(block.content)
    hospitals = ["Aix", "Brest"] * 10
    write_documents(tmp_path / "notes.parquet", [f"Fièvre, {place} ans" for place in range(20)], hospital=hospitals)
    pl.DataFrame({"id": [f"d{place}" for place in range(20)], "fever": [True, True, False, False] * 5}).write_parquet(
        tmp_path / "gold.parquet"
    )
    instead = {"model": "scripted", "data.path": "notes.parquet", "gold": "gold.parquet", "data.sample": "20"}
    said = []
    for path, *words in jobs_called(page):
        told = [f"{key}={instead.get(key, value)}" if equals else key for key, equals, value in map(_parts, words)]
        done = job(*told, name=Path(path).stem, cwd=tmp_path, timeout=500)
        said.append(done.stdout)
    assert sorted(path.name for path in (tmp_path / "runs" / "wordings").iterdir()) == [
        "seen_quote_first", "seen_value_first", "told_quote_first", "told_value_first"
    ]  # fmt: skip
    _, sealed, figures, contrast = said
    assert "seal.json: sealed on" in sealed
    assert "(2 wordings, 1 model, 2 readings)" in figures
    assert "BROKEN" not in figures
    assert (
        "task.fields.fever.description=Fièvre constatée, ou rapportée par le patient, même si elle est passée."
        in figures
    )
    assert "hospital: Aix − Brest" in contrast


def _parts(word: str) -> tuple[str, str, str]:
    return word.partition("=")
