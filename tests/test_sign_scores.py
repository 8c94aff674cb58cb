"""Signs as detectors of errors: what an evaluation, a comparison and sentinels tell of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from conftest import ROOT
from glane.assess.compare.candidates import Candidate
from glane.assess.compare.comparison import compare_runs
from glane.assess.compare.drift import drift_line, measure_drift
from glane.assess.compare.report import comparison_report
from glane.assess.compare.terminal import comparison_text, evaluation_text
from glane.assess.evaluate.evaluation import Evaluation, evaluate
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.report import evaluation_report
from glane.assess.evaluate.signs import marks
from glane.assess.proportion import clustered_share, share, wilson
from glane.drift import DriftBrief
from glane.task.fields import fields_from
from glane.task.signs import SIGNS as ALL_SIGNS

FIELDS = fields_from(
    {
        "country": {"type": "string", "nullable": True},
        "cases": {"type": "integer", "nullable": True},
        "places": {"type": "list", "items": {"type": "string"}, "nullable": True},
    },
    place="task.fields",
)
SIGNS: dict[str, Any] = {"leaked_from_example": [], "not_in_quote": [], "broken_rules": [], "suspicious": []}
NO_INTERVALS = Chance(samples=0)


def row(number: int, country: str | None, cases: int | None, places: list[str], **signs: list[str]) -> dict[str, Any]:
    values = {"country": country, "cases": cases, "places": places}
    return {"id": f"d{number}", "status": "OK", **values, **SIGNS, **signs}


RUN = [
    row(0, "Chad", 3, ["a", "b"]),  # all right
    row(1, "Freedonia", 3, [], leaked_from_example=["country"], not_in_quote=["country"]),  # wrong and marked
    row(2, "Chad", 9, ["a"], not_in_quote=["country"]),  # marked and right; a wrong one unmarked
    row(3, "Peru", None, ["x", "a"], suspicious=["orders"]),  # one missed, one item wrong, all marked
    {**row(4, None, None, []), "status": "INVALID", **dict.fromkeys(SIGNS)},
]
GOLD = [("Chad", 3, ["a", "b"]), ("Chad", 3, []), ("Chad", 3, ["a"]), ("Peru", 3, ["a"]), ("Chad", 3, ["a"])]
KINDS: dict[str, Any] = dict.fromkeys(SIGNS, pl.List(pl.String))


def table(rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema_overrides=KINDS, infer_schema_length=None)


def gold(**columns: Any) -> pl.DataFrame:
    names = ("country", "cases", "places")
    rows = [{"id": f"d{place}", **dict(zip(names, one, strict=True))} for place, one in enumerate(GOLD)]
    return pl.DataFrame(rows).with_columns(**columns)


def evaluated(rows: list[dict[str, Any]] = RUN, **columns: Any) -> Evaluation:
    return evaluate(FIELDS, table(rows), gold(**columns), id_column="id", chance=NO_INTERVALS)


def test_marked_and_wrong_values_are_counted_by_field_and_sign() -> None:
    signs = evaluated().summary.signs
    assert signs is not None
    one = signs.overall
    # Values: 4 countries, 3 numbers, 2 + 0 + 1 + 2 places. Wrong: d1.country, d2.cases, the place x of d3.
    assert (one.values, one.wrong, one.missed) == (12, 3, 4)
    # Marked: d1.country, d2.country, and all of d3 (country, two places).
    assert (one.any.values, one.any.wrong, one.unmarked, one.unmarked_wrong) == (5, 2, 7, 1)
    assert (one.any.precision, one.any.recall) == (2 / 5, 2 / 3)
    assert (one.right, one.unmarked_right) == (9 / 12, 6 / 7)
    by_sign = {sign: (found.values, found.wrong) for sign, found in one.signs.items()}
    assert by_sign == {
        "leaked_from_example": (1, 1), "not_in_quote": (2, 1), "broken_rules": (0, 0), "suspicious": (3, 1),
    }  # fmt: skip
    assert one.signs["broken_rules"].precision is None
    assert one.signs["broken_rules"].recall == 0
    country, cases = signs.fields["country"], signs.fields["cases"]
    assert (country.values, country.wrong, country.any.values, country.any.wrong) == (4, 1, 3, 1)
    assert (cases.values, cases.wrong, cases.missed, cases.any.recall, cases.unmarked_right) == (3, 1, 2, 0, 2 / 3)


def test_each_compared_value_tells_its_signs() -> None:
    values = evaluated().values
    told = {(one["id"], one["field"]): one["signs"] for one in values.iter_rows(named=True) if one["signs"]}
    assert told == {
        ("d1", "country"): ["leaked_from_example", "not_in_quote"], ("d2", "country"): ["not_in_quote"],
        ("d3", "country"): ["suspicious"], ("d3", "places"): ["suspicious"],
    }  # fmt: skip
    missed = values.filter((pl.col("id") == "d3") & (pl.col("field") == "cases"))
    assert missed["signs"].to_list() == [[]]  # no value, no sign at it


def test_weights_count_in_shares_and_not_in_counts() -> None:
    heavy = evaluated(weight=pl.Series([1.0, 10.0, 1.0, 1.0, 1.0])).summary.signs
    assert heavy is not None
    assert heavy.overall.any.recall == pytest.approx((10 + 1) / 12)
    assert (heavy.overall.wrong, heavy.overall.any.wrong) == (3, 2)


def test_a_table_without_signs_is_evaluated_as_before() -> None:
    found = evaluate(FIELDS, table(RUN).drop(SIGNS), gold(), id_column="id", chance=NO_INTERVALS)
    assert found.summary.signs is None
    assert "signs" not in found.summary.as_values()
    assert "signs" not in found.values.columns
    assert "signs:" not in evaluation_text(found.summary)


def test_page_and_terminal_say_how_few_the_errors_are() -> None:
    summary = evaluated().summary
    page = evaluation_report(summary, language="fr")
    for words in ("Fausses sans signe", "Wrong without sign", "1 valeurs fausses sur 3 n'ont aucun signe",
                  "Only 3 wrong values", "leaked_from_example"):  # fmt: skip
        assert words.replace("'", "&#x27;") in page
    text = evaluation_text(summary)
    assert "signs: 5 of 12 values have one; 2 of these are wrong: 0.400 [" in text
    assert "of 3 wrong values 1 have no sign, 2 have one: 0.667 [" in text
    perfect = evaluated([row(place, *one) for place, one in enumerate(GOLD)]).summary
    assert "Aucune valeur fausse" in evaluation_report(perfect, language="fr")
    assert perfect.signs is not None
    assert perfect.signs.overall.any.recall is None


def test_the_interval_is_that_of_cluster_robust_regression() -> None:
    """The variance at the effective size is that of statsmodels for a mean with clusters, weights included."""
    rng = np.random.default_rng(1)
    trials = rng.integers(1, 6, size=80)
    weights = rng.uniform(0.5, 4, size=80)
    rates = rng.beta(1, 1, size=80)
    hits = [rng.random(size) < rate for size, rate in zip(trials, rates, strict=True)]
    yes = np.array([one.sum() for one in hits], dtype=float)
    found = clustered_share(yes, trials.astype(float), weights)
    groups = np.repeat(np.arange(80), trials)
    fitted = sm.WLS(np.concatenate(hits).astype(float), np.ones(trials.sum()), weights=weights[groups]).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    assert found.value == pytest.approx(fitted.params[0])
    assert found.value * (1 - found.value) / found.num_effective == pytest.approx(fitted.bse[0] ** 2)


def test_with_one_value_a_document_it_is_the_share_that_estimates_use() -> None:
    rng = np.random.default_rng(2)
    for num, rate in ((40, 0.5), (40, 0.05), (12, 1.0)):
        yes, weights = (rng.random(num) < rate).astype(float), rng.uniform(1, 3, size=num)
        one, other = clustered_share(yes, np.ones(num), weights), share(yes, weights)
        assert one.value == other.value
        assert one.num_effective == pytest.approx(min(other.num_effective, num))


@pytest.mark.parametrize(("documents", "each", "spread"), [(20, 4, 0.5), (60, 3, 2.0), (100, 1, 1.0)])
def test_the_interval_of_clustered_values_holds(documents: int, each: int, spread: float) -> None:
    """How often it holds the truth where the values of a document err together; 2000 draws, about ± 1 %."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        rates = rng.beta(spread, spread, size=documents)
        yes = rng.binomial(each, rates).astype(float)
        low, high = wilson(clustered_share(yes, np.full(documents, float(each)), np.ones(documents)), 0.95)
        held += low <= 0.5 <= high
    assert held / 2000 > 0.93


def candidate(name: str, rows: list[dict[str, Any]]) -> Candidate:
    return Candidate(name=name, fields=FIELDS, rows=table(rows), id_column="id")


# The country of d0 is marked now, that of d2 no more, and d3 speaks to a model in two ways.
LATER = [
    {**RUN[0], "not_in_quote": ["country"]}, RUN[1], {**RUN[2], "not_in_quote": []},
    {**RUN[3], "suspicious": ["orders", "turns"]}, RUN[4],
]  # fmt: skip


def test_runs_are_compared_by_their_signs() -> None:
    found = compare_runs([candidate("a", RUN), candidate("b", LATER)], chance=NO_INTERVALS).summary
    signs = [one.signs for one in found.runs]
    assert signs[0] is not None
    assert signs[0].documents == {"leaked_from_example": 1, "not_in_quote": 2, "broken_rules": 0, "suspicious": 1}
    assert (signs[0].any, signs[0].values) == (3, None)
    moved = found.comparisons[0].signs
    assert moved is not None
    assert moved["not_in_quote"].model_dump() == {"only_first": 1, "only_other": 1, "difference": 0}
    assert moved["suspicious"].difference == 0
    with_gold = compare_runs([candidate("a", RUN), candidate("b", LATER)], gold(), chance=NO_INTERVALS).summary
    of_second = with_gold.runs[1].signs
    assert of_second is not None
    assert of_second.values is not None
    assert (of_second.values.wrong, of_second.values.unmarked_wrong) == (3, 1)
    assert "wrong, no sign" in comparison_text(with_gold)
    assert "wrong, no sign" not in comparison_text(found)
    page = comparison_report(with_gold, language="en")
    assert "2 (+0: +1 \u22121)" in page
    assert "Fausses sans signe" in page


def test_signs_of_fields_that_are_not_compared_do_not_count() -> None:
    sides = [candidate("a", RUN), candidate("b", LATER)]
    found = compare_runs(sides, wanted=["cases"], chance=NO_INTERVALS).summary.runs[0].signs
    assert found is not None
    assert found.documents == {"leaked_from_example": 0, "not_in_quote": 0, "broken_rules": 0, "suspicious": 1}


def test_a_run_without_signs_is_compared_as_before() -> None:
    old = Candidate(name="old", fields=FIELDS, rows=table(RUN).drop(SIGNS), id_column="id")
    found = compare_runs([old, candidate("b", LATER)], chance=NO_INTERVALS).summary
    assert found.runs[0].signs is None
    assert found.comparisons[0].signs is None
    assert "signs" not in found.as_values()["runs"][0]
    assert [
        line for line in comparison_text(found).splitlines() if line.startswith("old") and "documents" in line
    ] == []


def test_sentinels_whose_signs_changed_are_told() -> None:
    found = measure_drift(candidate("then", RUN), candidate("now", LATER), tolerance=0.02, changes={})
    assert found.equal == 5  # every value is the same
    told = {one.sign: (one.then, one.now, one.only_then, one.only_now) for one in found.signs}
    assert told["not_in_quote"] == (2, 2, 1, 1)
    assert told["suspicious"] == (1, 1, 0, 0)
    differing = {one.id: (one.only_then, one.only_now) for one in found.documents_whose_signs_differ}
    assert differing == {
        "d0": ((), ("not_in_quote: country",)), "d2": (("not_in_quote: country",), ()),
        "d3": ((), ("suspicious: turns",)),
    }  # fmt: skip
    assert "; 3 with other signs" in drift_line(found)


def test_signs_of_many_sentinels_drift() -> None:
    then = [row(place, "Chad", 3, []) for place in range(30)]
    now = [{**one, "not_in_quote": ["cases"]} if place < 12 else one for place, one in enumerate(then)]
    found = measure_drift(candidate("then", then), candidate("now", now), tolerance=0.02, changes={})
    assert [one.sign for one in found.signs if one.verdict == "drift"] == ["not_in_quote"]
    assert found.drift == ()
    assert drift_line(found).startswith("30 documents, 30 same; drift: not_in_quote 0 -> 12 documents; 12 with other")
    assert DriftBrief.of(found).model_dump()["signs"] == ("not_in_quote",)
    same = measure_drift(candidate("then", then), candidate("now", then), tolerance=0.02, changes={})
    assert "signs" not in DriftBrief.of(same).model_dump()
    assert "signs" not in drift_line(same)
    old = Candidate(name="then", fields=FIELDS, rows=table(then).drop(SIGNS), id_column="id")
    assert measure_drift(old, candidate("now", now), tolerance=0.02, changes={}).signs == ()


def test_a_place_in_a_list_is_a_sign_at_the_list() -> None:
    rows = pl.DataFrame(
        {"id": ["a", "b", "c"], "recalled_without_passage": [["events[2]"], [], ["places[0].name", "fever"]],
         "not_in_quote": [[], ["events"], []]},
        schema_overrides={"recalled_without_passage": pl.List(pl.String), "not_in_quote": pl.List(pl.String)},
    )  # fmt: skip
    found = marks(rows, ["events", "places", "fever"])
    assert found["recalled_without_passage"].tolist() == [[True, False, False], [False] * 3, [False, True, True]]
    assert found["not_in_quote"].tolist() == [[False] * 3, [True, False, False], [False] * 3]


def test_every_sign_is_named_where_signs_are_explained() -> None:
    text = (ROOT / "notebooks" / "README.md").read_text()
    french, english = text.split("**Signs** (", maxsplit=1)
    for sign in ALL_SIGNS:
        assert f"`{sign}`" in french.partition("**Les signes** (")[2][:400]
        assert f"`{sign}`" in english[:400]
