"""One quantity has one figure and one interval, whichever command tells it, and however finely its table is cut."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.page import estimate_page
from glane.assess.estimate.question import Question
from glane.assess.estimate.scaled import scaled
from glane.assess.estimate.sentences import estimate_text
from glane.assess.rounding import count_digits, outward
from glane.briefs.record import Measure, Value
from glane.briefs.sentences import sentence
from glane.settings.table import TableDefinition
from glane.surveillance.dimensions import located
from glane.surveillance.page import table_page
from glane.surveillance.raking import Target, raked
from glane.surveillance.table import surveillance_table
from glane.surveillance.told import table_text
from glane.toys import notice
from glane.types import Toy
from glane.validation import validated
from test_brief import run_with

FIRST = datetime.date(2026, 1, 5)
CUTS: list[dict[str, Any]] = [
    {},
    {"time": {"column": "day"}},
    {"groups": ["h"]},
    {"time": {"column": "day"}, "groups": ["h"]},
]
CASES = {  # documents, weeks, share of true yes, reviewed
    "sparse": (120, 60, 0.05, 30),
    "rare": (900, 10, 0.003, 60),
    "never seen": (150, 15, 0.0, 20),
    "common": (600, 8, 0.4, 90),
    "all reviewed": (200, 20, 0.05, 200),
}


def run_and_gold(name: str, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Documents of five hospitals with the model's answer, and a random sample of right answers."""
    num, weeks, share, reviewed = CASES[name]
    rng = np.random.default_rng(seed)
    truth = rng.random(num) < share
    rows = pl.DataFrame(
        {
            "id": [f"d{one}" for one in range(num)],
            "flu": np.where(truth, rng.random(num) < 0.8, rng.random(num) < 0.01),
            "day": [FIRST + datetime.timedelta(weeks=int(one)) for one in rng.integers(0, weeks, num)],
            "h": rng.choice(list("ABCDE"), num, p=[0.5, 0.3, 0.1, 0.06, 0.04]),
        }
    )
    return rows, pl.DataFrame({"id": rows["id"], "flu": truth}).sample(reviewed, seed=seed)


def table(rows: pl.DataFrame, gold: pl.DataFrame, cut: dict[str, Any]) -> pl.DataFrame:
    told = validated(TableDefinition, {"name": "t", "unit": "document", "field": "flu"} | cut, place="table")
    question = Question(what="count", field="flu", population="run")
    return surveillance_table(
        located(rows, rows.head(0), told), told, question, id_column="id", reviewed=gold
    ).rows  # fmt: skip


def figures(row: dict[str, Any]) -> tuple[float, float, float]:
    return row["estimate"], row["low"], row["high"]


@pytest.mark.parametrize("name", CASES)
def test_the_total_is_that_of_estimate_however_finely_a_table_is_cut(name: str) -> None:
    rows, gold = run_and_gold(name, 1)
    [whole] = estimate(rows, gold, Question(what="count", field="flu"), id_column="id").estimates
    told = (whole.estimate, whole.low, whole.high)
    for cut in CUTS:
        found = table(rows, gold, cut)
        assert figures(found.filter(pl.col("margin") == "all").row(0, named=True)) == pytest.approx(told, abs=1e-6)
        for _, margin in found.group_by("margin"):
            assert margin["estimate"].sum() == pytest.approx(told[0], abs=1e-5)
    if name == "all reviewed":
        true = float(gold["flu"].sum())
        assert told == (true, true, true)


def test_what_small_cells_cannot_hold_goes_to_those_with_room() -> None:
    most = np.array([2.0, 3.0, 5.0])
    found = scaled(np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]), most, np.array([6.0, 3.0, 4.0]))
    assert found.sum(axis=1) == pytest.approx([6, 3, 4])
    assert (found <= most + 1e-9).all()
    assert found[0, 0] == 2
    week, hospital = np.array([0, 1, 1]), np.array([0, 0, 1])  # no cell of week 0 in hospital 1
    targets = [
        Target(groups=week, counts=np.array([[4.0, 0.0]])),
        Target(groups=hospital, counts=np.array([[0.0, 4.0]])),
    ]
    assert raked(np.zeros((1, 3)), targets, most).sum() == pytest.approx(4)


@pytest.mark.parametrize("name", CASES)
def test_the_rows_of_one_key_are_those_of_estimate_by_it_whatever_else_a_table_is_cut_by(name: str) -> None:
    rows, gold = run_and_gold(name, 3)
    for by, every, margin in (("h", None, "h"), ("day", "week", "period")):
        asked = Question(what="count", field="flu", by=by, every=every)  # type: ignore[arg-type]
        told = {one.group: (one.estimate, one.low, one.high) for one in
                estimate(rows, gold, asked, id_column="id").estimates}  # fmt: skip
        for cut in CUTS[2:] if by == "h" else CUTS[1::2]:
            found = table(rows, gold, cut).filter(pl.col("margin") == margin)
            for row in found.iter_rows(named=True):
                assert figures(row) == pytest.approx(told[row[margin]], abs=1e-6)


def test_under_a_rule_of_disclosure_rows_are_sums_of_their_cells() -> None:
    """What is searched for suppressed counts takes them for that."""
    rows, gold = run_and_gold("sparse", 1)
    found = table(rows, gold, CUTS[3] | {"disclosure": {"least": 5}})
    sums = found.filter(pl.col("margin") == "period × h").group_by("h").agg(pl.col("estimate").sum())
    by = found.filter(pl.col("margin") == "h").join(sums, on="h", suffix="_of_cells")
    assert np.allclose(by["estimate"], by["estimate_of_cells"])


@pytest.mark.parametrize("name", CASES)
def test_no_count_is_more_than_the_documents_that_may_be_cases_nor_less_than_those_known_to_be(name: str) -> None:
    rows, gold = run_and_gold(name, 4)
    known = rows.drop("flu").join(gold, on="id", how="left")
    for row in table(rows, gold, CUTS[3]).filter(pl.col("margin") == "period × h").iter_rows(named=True):
        here = known.filter((pl.col("day") == row["period"]) & (pl.col("h") == row["h"]))
        yes, no = int(here["flu"].sum()), int((~here["flu"]).sum())
        assert yes - 1e-6 <= row["low"] <= row["estimate"] + 1e-6
        assert row["estimate"] - 1e-6 <= row["high"] <= row["documents"] - no + 1e-6


# Through the commands, on one run.

FEVER = {"fr": "une fièvre", "en": "fever"}
MEASURES = [
    {"name": "count", "case": "fever", "label": FEVER},
    {"name": "share", "kind": "share", "case": "fever", "label": FEVER},
    {"name": "rate", "kind": "rate", "case": "fever", "label": FEVER, "population": {"people": 900, "source": "x"}},
    {"name": "by", "case": "fever", "label": FEVER, "by": "hospital"},
    {"name": "share_by", "kind": "share", "case": "fever", "label": FEVER, "by": "hospital"},
]
TIME = {"column": "day", "every": "week"}
REVIEWS = ("some", "none of the last week", "all")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety notes of six weeks and four hospitals, the last of which sent none in the last week; 13 with fever."""
    rows = []
    for number in range(90):
        week = number // 15
        hospital = "ABC"[number % 3] if week == 5 or number % 5 else "D"
        day = FIRST + datetime.timedelta(weeks=week, days=number % 7)
        rows.append((day, hospital, {"fever": number % 7 == 0, "age": number}))
    return run_with(tmp_path_factory.mktemp("same"), rows)


@pytest.fixture(scope="module")
def golds(run: Path) -> dict[str, pl.DataFrame]:
    """The model misses one fever, and takes another note for one."""
    opened = glane.open_run(run)
    rows = opened.usable().select("id", "fever", "age").collect().sort("id")
    turned = rows.with_columns(fever=pl.col("fever") ^ pl.int_range(pl.len()).is_in([3, 14]))
    late = opened.columns_beside().filter(pl.col("day") >= FIRST + datetime.timedelta(weeks=5)).select("id").collect()
    early = turned.join(late, on="id", how="anti")
    return {"some": turned.sample(30, seed=5), "none of the last week": early.sample(20, seed=1), "all": turned}


def brief_values(run: Path, out: Path, gold: pl.DataFrame, **told: Any) -> dict[tuple[str, str | None], Value]:
    definition = {"name": "b", "title": FEVER, "measures": MEASURES} | told
    claims = glane.brief(run, definition, out, gold=gold).claims
    return {(one.measure.name, one.measure.group): one.value for one in claims if one.measure and one.value}


def of(value: Value) -> tuple[Any, ...]:
    return value.value, value.low, value.high


@pytest.mark.parametrize("review", REVIEWS)
def test_brief_aggregate_and_estimate_tell_one_figure(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path, review: str
) -> None:
    gold = golds[review]
    found = brief_values(run, tmp_path, gold)
    [whole] = glane.estimate(run, gold, case="fever", what="count").figures
    told = (whole.estimate, whole.low, whole.high)
    assert of(found["count", None]) == pytest.approx(told)
    assert of(found["share", None]) == pytest.approx(tuple(one / 90 for one in told))
    by = {one.group: one for one in glane.estimate(run, gold, case="fever", what="count", by="hospital").figures}
    asked = {"name": "t", "unit": "document", "case": "fever", "groups": ["hospital"]}
    table = glane.aggregate(run, asked, gold).table
    assert figures(table.filter(pl.col("margin") == "all").row(0, named=True)) == pytest.approx(told)
    for row in table.filter(pl.col("margin") == "hospital").iter_rows(named=True):
        one = by[row["hospital"]]
        assert figures(row) == pytest.approx((one.estimate, one.low, one.high))
        assert of(found["by", row["hospital"]]) == pytest.approx(figures(row))
        assert of(found["share_by", row["hospital"]]) == pytest.approx([x / row["documents"] for x in figures(row)])
        assert found["by", row["hospital"]].reviewed_here == row["reviewed"]


@pytest.mark.parametrize("review", REVIEWS)
def test_a_figure_of_a_period_is_that_of_the_table_and_cannot_exceed_its_documents(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path, review: str
) -> None:
    gold = golds[review]
    found = brief_values(run, tmp_path, gold, period=TIME)
    asked = {"name": "t", "unit": "document", "case": "fever", "time": TIME, "groups": ["hospital"]}
    rows = glane.aggregate(run, asked, gold).table.filter(pl.col("period") == FIRST + datetime.timedelta(weeks=5))
    week = rows.filter(pl.col("margin") == "period").row(0, named=True)
    assert of(found["count", None]) == pytest.approx(figures(week))
    for row in rows.filter(pl.col("margin") == "period × hospital").iter_rows(named=True):
        if row["documents"]:
            assert of(found["by", row["hospital"]]) == pytest.approx(figures(row))
    for (name, _), one in found.items():
        assert one.value is not None
        assert one.low is not None
        assert one.high is not None
        assert 0 <= one.low <= one.value + 1e-9
        assert one.value <= one.high + 1e-9
        if "share" in name:
            assert one.high <= 1
        elif name != "rate":
            assert one.high <= one.documents
    if review == "all":
        assert of(found["share_by", "A"]) == pytest.approx([found["share_by", "A"].value] * 3)
    assert found["count", None].reviewed_here == week["reviewed"]


def test_a_sentence_says_how_many_of_the_reviewed_documents_are_in_it_and_what_the_review_lacks(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    made = glane.brief(
        run, {"name": "b", "title": FEVER, "measures": MEASURES, "period": TIME, "language": "en"}, tmp_path,
        gold=golds["none of the last week"],
    )  # fmt: skip
    [count] = [one for one in made.claims if one.measure is not None and one.measure.name == "count"]
    assert count.en is not None
    assert "corrected by 20 reviewed documents, 0 of these 15; the model alone: 2; none reviewed here" in count.en
    assert "only 2 true yes among the reviewed documents" in count.en
    markdown, page = ((tmp_path / name).read_text() for name in ("brief.md", "brief.html"))
    for text in (markdown, page):
        assert "no document of this group was reviewed: what the others tell" in text
        assert "by: no figure of D, without a document in what the brief is of (hospital)." in text
    assert "by: no figure of 1 value of 'hospital'" in str(made)  # its value is of a document
    assert made.untold == "6 further figures, those by a column among them, are in brief.md and brief.html."


def test_a_table_says_of_how_many_rows_nothing_was_reviewed(run: Path, golds: dict[str, pl.DataFrame]) -> None:
    asked = {"name": "t", "unit": "document", "case": "fever", "time": TIME}
    found = glane.aggregate(run, asked, golds["none of the last week"])
    assert "Of 6 rows with documents, 1 have no reviewed one" in str(found)
    page = table_page(found.summary, found.table, None, language="fr")
    assert "Sur 6 lignes avec des documents, 1 n&#x27;en ont aucun de relu" in page
    assert "no reviewed one" not in str(glane.aggregate(run, asked, golds["all"]))


def test_a_filter_that_the_model_extracted_gives_a_count_of_the_run_and_no_share(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    where = {"case": "age >= 65", "label": {"fr": "personnes de 65 ans ou plus", "en": "persons of 65 or over"}}
    found = brief_values(run, tmp_path, golds["some"], where=where)
    [whole] = glane.estimate(run, golds["some"], case="(age >= 65) AND (fever)", what="count").figures
    count, share = found["count", None], found["share", None]
    assert of(count) == (whole.estimate, whole.low, whole.high)
    assert count.reviewed_here is None
    assert count.note is not None
    assert "the model extracted age, and the interval holds its errors there, too" in count.note
    assert (share.reviewed, share.low, share.value) == (None, None, share.model)
    assert share.note is not None
    assert "not corrected: the model extracted age" in share.note


def test_where_all_documents_were_reviewed_every_figure_is_exact(run: Path, golds: dict[str, pl.DataFrame]) -> None:
    gold = golds["all"]
    true = int(gold["fever"].sum())
    for what, value in (("count", true), ("prevalence", true / 90)):
        found = glane.estimate(run, gold, case="fever", what=what)  # type: ignore[arg-type]
        [one] = found.figures
        assert (one.estimate, one.low, one.high) == pytest.approx((value, value, value))
        assert "All documents of the run were reviewed" in str(found)
    of_process = glane.estimate(run, gold, case="fever", population="process").figures[0]
    assert of_process.low is not None
    assert of_process.low < true / 90


def test_evaluate_and_estimate_tell_one_sensitivity(run: Path, golds: dict[str, pl.DataFrame]) -> None:
    found = glane.evaluate(run, golds["some"], fields="fever", samples=0).summary
    validation = glane.estimate(run, golds["some"], "fever").summary.validation
    assert validation is not None
    detection = found.fields["fever"].values["true"]
    for name in ("sensitivity", "specificity", "ppv", "npv"):
        one = getattr(validation, name)
        assert getattr(detection, name) == pytest.approx(one.value)
        assert getattr(detection, f"{name}_ci95") == pytest.approx((one.low, one.high))


def test_limits_are_rounded_outwards_and_the_same_wherever_a_count_is_told(
    run: Path, golds: dict[str, pl.DataFrame]
) -> None:
    assert outward(0.29, 5.29) == (0, 6)
    assert outward(2.0, 4 + 1e-9) == (2, 4)  # a sum of whole numbers
    assert outward(61 / 300, 61 / 300, 2) == (0.2, 0.2)  # exact
    assert outward(0.1 + 0.2, 0.7, 1) == (0.3, 0.7)
    assert outward(-0.1234, 0.1231, 3) == (-0.124, 0.124)
    assert [count_digits(one) for one in (None, 3, 3.0001, 5.29, 10.4)] == [0, 0, 0, 1, 0]
    found = glane.estimate(run, golds["some"], case="fever", what="count")
    one = replace(found.figures[0], estimate=5.29, low=0.29, high=8.29)
    told = found.summary.model_copy(update={"estimates": (one,)})
    assert ": 5.3 (95 % interval 0 to 9, by" in estimate_text(told)
    assert "5.3 (95 % confidence interval 0 – 9)" in estimate_page(told, language="en")
    table = glane.aggregate(run, {"name": "t", "unit": "document", "case": "fever"}, golds["some"])
    rows = table.table.with_columns(estimate=pl.lit(5.29), low=pl.lit(0.29), high=pl.lit(8.29))
    assert "5.3 cases [0, 9] among" in table_text(table.summary, rows, None)
    page = table_page(table.summary, rows, None, language="en")
    assert "5.3 cases (95 % interval: 0 – 9)" in page
    measure = {
        "name": "m",
        "kind": "count",
        "unit": "document",
        "case": "fever",
        "among": None,
        "label": FEVER,
        "level": 0.95,
    }
    value = Value(value=5.29, low=0.29, high=8.29, model=5, counted=5, documents=90, reviewed=30)
    assert "5.3 documents with fever (95% interval: 0 to 9;" in sentence(
        Measure.model_validate(measure), value, "en", alpha=0.05
    )


def test_every_command_that_tells_a_figure_says_that_a_toy_made_it(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    told = notice(Toy.RANDOM, "en")
    assert glane.open_run(run).toy is Toy.RANDOM  # answers of the scripted engine
    gold = golds["some"]
    made = [
        glane.estimate(run, gold, "fever", out_dir=str(tmp_path / "estimation")),
        glane.evaluate(run, gold, samples=0),
        glane.aggregate(run, {"name": "t", "unit": "document", "case": "fever"}, gold, out_dir=str(tmp_path / "table")),
        glane.brief(run, {"name": "b", "title": FEVER, "measures": MEASURES, "language": "en"}, tmp_path / "brief"),
        glane.checklists(run, str(tmp_path)),
    ]
    assert [type(one).__name__ for one in made if told not in str(one)] == []
    files = ("estimation/report.html", "table/report.html", "brief/brief.md", "brief/brief.html")
    assert [name for name in files if told not in (tmp_path / name).read_text()] == []


def test_of_too_many_cells_each_group_has_its_own_figure(
    run: Path, golds: dict[str, pl.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run cut too finely is cut by one key, of whether a document is in the part: another one for each group."""
    monkeypatch.setattr("glane.surveillance.part.MOST_CELLS", 2)
    found = brief_values(run, tmp_path, golds["all"])
    by = golds["all"].join(glane.open_run(run).columns_beside().collect().select("id", "hospital"), on="id")
    for hospital, fevers in by.group_by("hospital").agg(pl.col("fever").sum()).iter_rows():
        assert of(found["by", hospital]) == pytest.approx((fevers, fevers, fevers)), hospital


def test_a_place_that_the_input_has_as_a_number_is_corrected_among_its_documents(tmp_path: Path) -> None:
    """Department 01 is 1 in a column of whole numbers: the corrected count is that of its documents, and not of none."""
    rows: list[Any] = [(FIRST, 1 + number % 2, {"fever": number % 5 == 0, "age": number}) for number in range(40)]
    run = run_with(tmp_path, rows)
    gold = glane.open_run(run).usable().select("id", "fever").collect()
    place = {"column": "hospital", "value": "01", "level": "department"}
    found = brief_values(run, tmp_path / "out", gold, measures=MEASURES[:1], place=place)
    assert (found["count", None].counted, of(found["count", None])) == (4, (4, 4, 4))
