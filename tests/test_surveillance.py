"""Surveillance tables: periods, places, ages, rates, and figures that add up whatever is summed."""

import datetime
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some
from polars.testing import assert_frame_equal
from scipy import stats

import glane
from conftest import extract_here, job_here, make_settings
from glane.assess.estimate.question import Question
from glane.disclosure.layout import sums
from glane.errors import ConfigError, DataError
from glane.languages import in_language
from glane.settings.table import TableDefinition
from glane.surveillance.counted import table_layout
from glane.surveillance.denominators import populations
from glane.surveillance.dimensions import Unplaced, age_class, located
from glane.surveillance.figures import Rating
from glane.surveillance.page import _Body
from glane.surveillance.periods import Calendar
from glane.surveillance.persons import persons
from glane.surveillance.places import as_places, departments, regions
from glane.surveillance.r_script import r_script
from glane.surveillance.raking import Target, raked
from glane.surveillance.rates import STANDARDS, rate_limits, standard_shares
from glane.surveillance.record import TableSummary
from glane.surveillance.table import SurveillanceTable, labelled, surveillance_table
from glane.surveillance.told import table_text
from glane.surveillance.written_numbers import WrittenNumbers
from glane.validation import validated

DAY = datetime.date
COUNT = Question(what="count", field="flu", population="run")


def definition(**told: Any) -> TableDefinition:
    return validated(TableDefinition, {"name": "t", "unit": "document", "field": "flu"} | told, place="table")


def documents(num: int = 3000, *, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Documents with the model's answer, and the truth of all of them."""
    rng = np.random.default_rng(seed)
    truth = rng.random(num) < 0.1
    model = np.where(truth, rng.random(num) < 0.8, rng.random(num) < 0.03)
    places = rng.choice(["1", "2a", "75", "971", "99", ""], num)
    rows = pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(num)],
            "flu": model,
            "day": [DAY(2026, 1, 1) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 90, num)],
            "dep": [place or None for place in places],
            "age": rng.integers(0, 100, num),
            "hospital": rng.choice(["A", "B"], num),
        }
    )
    return rows, rows.select("id").with_columns(pl.Series("flu", truth))


WHOLE = {
    "time": {"column": "day"}, "place": {"column": "dep", "level": "region"},
    "age": {"column": "age", "classes": [0, 15, 65]}, "denominator": "documents", "standard": "esp2013",
}  # fmt: skip


def table(
    rows: pl.DataFrame, told: TableDefinition, gold: pl.DataFrame | None = None, failed: pl.DataFrame | None = None
) -> SurveillanceTable:
    found = located(rows, rows.head(0) if failed is None else failed, told)
    standard = None
    if told.standard is not None and told.age is not None:
        standard = standard_shares(told.standard, STANDARDS[told.standard], told.age.classes)
    rating = None if told.denominator is None else Rating(per=told.per, populations=None, standard=standard)
    return surveillance_table(found, told, COUNT, id_column="id", reviewed=gold, rating=rating)


# Periods.


@pytest.mark.parametrize(
    ("weeks", "day", "name"),
    [
        ("iso", DAY(2020, 12, 31), "2020-W53"),
        ("iso", DAY(2021, 1, 3), "2020-W53"),
        ("iso", DAY(2021, 1, 4), "2021-W01"),
        ("epi", DAY(2020, 12, 31), "2020-W53"),
        ("epi", DAY(2021, 1, 2), "2020-W53"),
        ("epi", DAY(2021, 1, 3), "2021-W01"),
        ("epi", DAY(2015, 1, 3), "2014-W53"),  # as the CDC's calendar has it
        ("epi", DAY(2025, 12, 28), "2025-W53"),
    ],
)
def test_weeks_are_those_of_their_calendar(weeks: Any, day: DAY, name: str) -> None:
    calendar = Calendar(every="week", weeks=weeks)
    assert calendar.name(calendar.first_day(day), "en") == name


@pytest.mark.parametrize("weeks", ["iso", "epi"])
def test_every_week_of_forty_years_has_its_own_name_and_years_have_52_or_53(weeks: Any) -> None:
    calendar = Calendar(every="week", weeks=weeks)
    starts = calendar.periods(DAY(2000, 1, 10), DAY(2040, 1, 20))
    assert all((later - one).days == 7 for one, later in pairwise(starts))
    assert {one.isoweekday() for one in starts} == {1 if weeks == "iso" else 7}
    named = [calendar.name(one, "en") for one in starts]
    assert len(set(named)) == len(named)
    assert named == sorted(named)
    by_year = Counter(name[:4] for name in named)
    assert {by_year[str(year)] for year in range(2001, 2039)} == {52, 53}


@given(
    day=some.dates(DAY(1990, 1, 1), DAY(2060, 1, 1)),
    every=some.sampled_from(["day", "week", "month", "quarter", "year"]),
)
@settings(max_examples=60)
def test_a_day_is_in_its_period(day: DAY, every: Any) -> None:
    for weeks in ("iso", "epi"):
        calendar = Calendar(every=every, weeks=weeks)  # type: ignore[arg-type]
        start = calendar.first_day(day)
        assert start <= day <= calendar.last_day(start)
        assert calendar.first_day(calendar.last_day(start)) == start


def test_weeks_without_a_document_are_zeros_and_cut_ones_are_marked() -> None:
    rows = pl.DataFrame(
        {"id": ["a", "b", "c"], "flu": [True, True, False], "day": [DAY(2026, 1, 7), DAY(2026, 1, 28), DAY(2026, 2, 5)]}
    )
    found = table(rows, definition(time={"column": "day"})).rows.filter(pl.col("margin") == "period")
    assert found["period_name"].to_list() == ["2026-W02", "2026-W03", "2026-W04", "2026-W05", "2026-W06"]
    assert found["model"].to_list() == [1, 0, 0, 1, 0]
    assert found["incomplete"].to_list() == [True, False, False, False, True]  # 5 January, 8 February are not covered
    told = definition(time={"column": "day", "first": "2026-01-05", "last": "2026-02-01", "incomplete": 2})
    found = table(rows, told).rows.filter(pl.col("margin") == "period")
    assert found["incomplete"].to_list() == [False, False, True, True]


@pytest.mark.parametrize("signals", [None, {"methods": ["ears_c1"], "by": ["hospital"]}])
@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({"first": "2030-01-06", "last": "2030-02-02"}, "2030-01-06 to 2030-02-02"),
        ({"last": "2020-02-02"}, "… to 2020-02-02"),
        ({"first": "2030-01-06"}, "2030-01-06 to …"),
    ],
)
def test_a_table_of_other_days_than_those_of_the_documents_is_refused(
    days: dict[str, str], told: str, signals: dict[str, Any] | None
) -> None:
    rows, _ = documents(100)
    first, last = rows["day"].min(), rows["day"].max()
    asked = definition(time={"column": "day"} | days, groups=["hospital"], signals=signals)
    with pytest.raises(
        DataError, match=f"covers, {told}; they are of {first} to {last}, by 'day'. Change table.time.first"
    ):
        table(rows, asked)
    undated = rows.with_columns(pl.when(pl.col("id") != "d1").then("day").alias("day"))  # it may be of these days
    with pytest.raises(DataError, match=f"covers, {told}; they are of "):
        table(undated, asked)


def test_a_mistyped_year_is_no_table_of_centuries() -> None:
    rows = pl.DataFrame({"id": ["a", "b"], "flu": [True, True], "day": [DAY(2026, 1, 7), DAY(2226, 1, 7)]})
    with pytest.raises(DataError, match=r"from 2026-01-07 to 2226-01-07 .*table.time.last"):
        table(rows, definition(time={"column": "day"}))
    kept = located(rows, rows.head(0), definition(time={"column": "day", "last": "2026-12-31"}))
    assert (kept.unplaced.outside, kept.usable.height) == (1, 1)


# Places and ages.


def test_all_departments_and_regions_are_there_and_each_has_a_square() -> None:
    assert (len(departments()), len(regions())) == (101, 18)
    assert {one.region for one in departments().values()} == set(regions())
    assert len({(one.row, one.column) for one in departments().values()}) == 101
    assert departments()["2A"].region == departments()["2B"].region == "94"


@pytest.mark.parametrize(
    ("values", "codes", "level", "expected"),
    [
        ([1, 75, 974, 99], "department", "department", ["01", "75", "974", None]),
        (["1", " 2a ", "20", None, "75 "], "department", "department", ["01", "2A", None, None, "75"]),
        (["13", "2B", "976"], "department", "region", ["93", "94", "06"]),
        (["1", "11", "99"], "region", "region", ["01", "11", None]),
        (["75056", "2A004", "97411", "1001", "99999", "20000"], "commune", "department", ["75", "2A", "974", "01", None, None]),
        (["98800", "97700"], "commune", "region", [None, None]),
    ],
)  # fmt: skip
def test_codes_are_read_as_they_are_written(values: list[Any], codes: Any, level: Any, expected: list[Any]) -> None:
    assert as_places(pl.Series("x", values), codes=codes, level=level).to_list() == expected


def test_a_column_without_any_code_is_refused_and_some_wrong_ones_are_counted() -> None:
    rows = pl.DataFrame({"id": ["a", "b", "c"], "flu": [True] * 3, "dep": ["Ain", "Paris", None]})
    with pytest.raises(ConfigError, match="no value of 'dep' is the official code of a department"):
        table(rows, definition(place={"column": "dep"}))
    some_wrong = rows.with_columns(pl.Series("dep", ["01", "Paris", None]))
    found = located(some_wrong, rows.head(0), definition(place={"column": "dep"}))
    assert (found.unplaced.unknown_places, found.unplaced.without_place) == (1, 1)
    by_place = table(some_wrong, definition(place={"column": "dep"})).rows.filter(pl.col("margin") == "place")
    assert by_place.filter(pl.col("model") > 0).select("place_name", "model").rows() == [("Ain", 1), ("unknown", 2)]
    assert by_place.height == 102


@pytest.mark.parametrize(("low", "name"), [(0, "0"), (1, "1–14"), (15, "15–64"), (65, "65+")])
def test_classes_of_age_are_named(low: int, name: str) -> None:
    assert age_class(low, [0, 1, 15, 65]) == name


@pytest.mark.parametrize(
    ("told", "column", "words"),
    [
        ({"age": {"column": "x", "classes": [0]}}, ["12", "65+"], "make glane convert take them for none"),
        ({"time": {"column": "x"}}, ["2026-01-05", "fin janvier"], "of a workbook or another file, glane convert"),
    ],
)
def test_a_column_of_texts_says_what_makes_it_one_of_dates_or_ages(
    told: dict[str, Any], column: list[str], words: str
) -> None:
    rows = pl.DataFrame({"id": ["a", "b"], "flu": [True] * 2, "x": column})
    with pytest.raises(ConfigError, match=words):
        table(rows, definition(**told))


@pytest.mark.parametrize("num", [1, 3])
def test_codes_that_there_are_not_are_told_with_what_codes_there_are(num: int) -> None:
    rows = pl.DataFrame(
        {"id": list("abcd"), "flu": [True] * 4, "dep": ["01"] * (4 - num) + ["975", "20", "69001"][:num]}
    )
    asked = definition(place={"column": "dep"})
    found = located(rows, rows.head(0), asked)
    made = surveillance_table(found, asked, COUNT, id_column="id").rows
    about = TableSummary(
        definition=asked, case="flu", method=None, reviewed=0, documents=4, failed=0, unplaced=found.unplaced,
        first_day=None, last_day=None,
    )  # fmt: skip
    said = table_text(about, made, None)
    assert f"{num} have a code of a place that there is not, and stand in the row unknown" in said
    assert "Make 'dep' hold official codes" in said
    assert "975, 977 and 978 are none" in said


def test_rows_and_signals_are_counted_in_words_that_become_french() -> None:
    rows, _ = documents(900)
    signals = {"methods": ["ears_c1"], "by": ["place", "hospital"]}
    asked = definition(**WHOLE | {"groups": ["hospital"], "signals": signals, "standard": None})
    found = located(rows, rows.head(0), asked)
    rating = Rating(per=1000, populations=None, standard=None)
    made = surveillance_table(found, asked, COUNT, id_column="id", rating=rating)
    about = TableSummary(
        definition=asked, case="flu", method=None, reviewed=0, documents=4, failed=0, unplaced=Unplaced(), first_day=None,
        last_day=None,
    )  # fmt: skip
    assert made.signals is not None
    said = table_text(about, made.rows, made.signals)
    judged = made.signals.filter(pl.col("signal").is_not_null())
    assert judged.height > judged["period"].n_unique() > 0
    num = f"{judged['signal'].sum()}, of {judged.height} counts that could be judged"
    assert f"ears_c1: signals: {num}, each of a series in one of {judged['period'].n_unique()} periods." in said
    counts = [made.rows.filter(pl.col("margin") == one).height for one in ("period", "place", "age", "hospital")]
    several = made.rows.height - sum(counts) - 1
    by = f"{counts[0]} by period, {counts[1]} by place, {counts[2]} by class of age, {counts[3]} by 'hospital'"
    assert f"Rows of the table: {by}, {several:,} of combinations of these." in said
    *_, last = in_language(said, "fr").splitlines()
    assert last.startswith(
        f"Lignes du tableau\xa0: {counts[0]} par période, {counts[1]} par lieu, {counts[2]} par classe d'âge"
    )
    assert last.endswith("de croisements de ces clés.")


def test_totals_and_what_is_not_known_have_their_labels_in_the_language_and_no_value_is_taken_for_one() -> None:
    rows, _ = documents(300)
    rows = rows.with_columns(pl.Series("ward", ["all", "unknown", "A"] * 100))
    made = table(rows, definition(place={"column": "dep"}, groups=["ward"])).rows
    asked = definition(place={"column": "dep"}, groups=["ward"])
    assert_frame_equal(labelled(made, asked, "en"), made)
    french = labelled(made, asked, "fr")
    assert set(french["place_name"]) >= {"ensemble", "inconnu"}
    assert not {"all", "unknown"} & set(french["place_name"])
    assert_frame_equal(french.drop("place_name"), made.drop("place_name"))  # margins and groups are as in table.parquet


@pytest.mark.parametrize(
    ("every", "english", "french"), [("week", "2026-W02", "2026-S02"), ("month", "January", "janvier")]
)
def test_periods_have_their_names_in_the_language_and_their_days_stay(every: str, english: str, french: str) -> None:
    rows, _ = documents(300)
    asked = definition(time={"column": "day", "every": every})
    made = table(rows, asked).rows
    told = labelled(made, asked, "fr")
    assert any(english in name for name in made["period_name"].drop_nulls())
    assert any(french in name for name in told["period_name"].drop_nulls())
    assert not any(english in name for name in told["period_name"].drop_nulls())
    assert_frame_equal(told.drop("period_name"), made.drop("period_name"))


def test_ages_that_cannot_be_are_unknown() -> None:
    rows = pl.DataFrame({"id": list("abcde"), "flu": [True] * 5, "age": [-1.0, 4.9, 5.0, 300.0, None]})
    found = table(rows, definition(age={"column": "age", "classes": [0, 5]})).rows.filter(pl.col("margin") == "age")
    assert found.select("age_class", "model").rows() == [("0–4", 1), ("5+", 1), ("unknown", 3)]


# Rates.


@pytest.mark.parametrize("count", [0, 1, 7, 250])
def test_limits_of_one_count_are_the_exact_ones_of_a_poisson_count(count: int) -> None:
    low, high = rate_limits(np.array([count / 50.0]), np.array([count / 2500.0]), np.array([0.02]), level=0.95)
    assert low[0] == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2 / 50 if count else 0.0)
    assert high[0] == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2 / 50)


@pytest.mark.parametrize("rate", [[np.nan], [np.nan, 0.0, 2.0]])
def test_of_nobody_there_is_no_limit_either(rate: list[float]) -> None:
    found = np.array(rate)
    low, high = rate_limits(found, found / 50, np.where(np.isnan(found), np.nan, 0.02), level=0.95)
    assert (np.isnan(low) == np.isnan(found)).all()
    assert (np.isnan(high) == np.isnan(found)).all()


@pytest.mark.parametrize("with_review", [False, True])
def test_a_row_without_a_denominator_has_neither_rate_nor_limits_and_populations_are_as_they_were(
    with_review: bool,
) -> None:
    rows, truth = documents(2000, seed=3)
    told = definition(place={"column": "dep"}, groups=["hospital"])
    found = located(rows, rows.head(0), told)
    for size in (3, 11, 49, 103, 65_535):  # 1 / (1 / 49) is not 49
        people = {"place": list(departments()), "population": [size] * 101}
        rating = Rating(per=100_000, standard=None, populations=read(people, dict(found.domains)))
        gold = truth.sample(400, seed=1) if with_review and size == 49 else None
        made = surveillance_table(found, told, COUNT, id_column="id", rating=rating, reviewed=gold).rows
        rates = [name for name in made.columns if "rate" in name]
        without = made.filter(pl.col("denominator").is_null())
        assert without.height > 101
        assert all(without[name].null_count() == without.height for name in rates)
        assert set(made["denominator"].drop_nulls()) == {float(size), 101.0 * size}


def test_limits_of_a_standardised_rate_are_those_of_fay_and_feuer() -> None:
    counts, people, shares = np.array([3.0, 10.0, 40.0]), np.array([900.0, 3000.0, 700.0]), np.array([0.2, 0.5, 0.3])
    weights = shares / people
    rate, variance = float(counts @ weights), float(counts @ weights**2)
    low, high = rate_limits(np.array([rate]), np.array([variance]), np.array([weights.max()]), level=0.9)
    most = weights.max()
    by_chi2 = variance / (2 * rate) * stats.chi2.ppf(0.05, 2 * rate**2 / variance)
    above, spread = rate + most, variance + most**2
    assert low[0] == pytest.approx(by_chi2)
    assert high[0] == pytest.approx(spread / (2 * above) * stats.chi2.ppf(0.95, 2 * above**2 / spread))


def test_standardised_limits_cover_the_rate_of_small_counts() -> None:
    rng = np.random.default_rng(5)
    people, shares, risk = np.array([500.0, 800.0, 200.0]), np.array([0.3, 0.5, 0.2]), np.array([0.002, 0.004, 0.03])
    weights = shares / people
    counts = rng.poisson(people * risk, (4000, 3))
    low, high = rate_limits(counts @ weights, counts @ weights**2, np.full(4000, weights.max()), level=0.95)
    assert ((low <= shares @ risk) & (shares @ risk <= high)).mean() >= 0.95


def test_standard_populations_are_whole_and_classes_must_be_theirs() -> None:
    assert sum(STANDARDS["esp2013"].values()) == 100_000
    assert sum(STANDARDS["who2000"].values()) == pytest.approx(100_000, rel=1e-3)
    assert standard_shares("esp2013", STANDARDS["esp2013"], [0, 15, 65]) == pytest.approx([0.16, 0.645, 0.195])
    with pytest.raises(ConfigError, match="esp2013 has no class that begins at 18. Valid: 0, 1, 5"):
        standard_shares("esp2013", STANDARDS["esp2013"], [0, 18])


def test_ages_spread_as_in_the_standard_change_nothing() -> None:
    rng = np.random.default_rng(1)
    classes, shares = [0, 15, 65], [0.16, 0.645, 0.195]
    ages = np.repeat([5, 30, 70], [round(10_000 * one) for one in shares])
    rows = pl.DataFrame({"id": np.arange(len(ages)).astype(str), "flu": rng.random(len(ages)) < 0.1, "age": ages})
    told = definition(age={"column": "age", "classes": classes}, denominator="documents", standard="esp2013", per=100)
    total = table(rows, told).rows.filter(pl.col("margin") == "all")
    assert total["standardised_model_rate"].item() == pytest.approx(total["model_rate"].item())


# Denominators.

PERIODS = [DAY(2025, 12, 22), DAY(2025, 12, 29), DAY(2026, 1, 5)]
YEARS = dict(zip(PERIODS, [2025, 2026, 2026], strict=True))  # the second week has four days of 2026


def read(told: dict[str, Any], domains: dict[str, Any], level: Any = "department") -> Any:
    return populations(pl.DataFrame(told), domains, level=level, years=YEARS, file="f")


def test_populations_add_up_over_places_and_are_means_over_the_periods_of_the_table() -> None:
    told = {
        "place": ["1", "2A"] * 3,
        "year": [2000, 2000, 2025, 2025, 2026, 2026],
        "population": [1, 1, 10, 20, 40, 50],
    }
    found = read(told, {"period": PERIODS, "place": ["01", "2A"]})
    assert found.of([], pl.DataFrame({"x": [0]})).to_list() == [70.0]  # of one week of 30, and two of 90
    assert found.of(["period"], pl.DataFrame({"period": PERIODS})).to_list() == [30.0, 90.0, 90.0]
    assert found.of(["place"], pl.DataFrame({"place": ["01", None]})).to_list() == [30.0, None]
    rows = pl.DataFrame({"period": [PERIODS[2], None], "place": ["2A", "2A"]})
    assert found.of(["period", "place"], rows).to_list() == [50.0, None]


def test_by_a_key_that_a_file_does_not_tell_there_is_no_population() -> None:
    found = read({"population": [68_000_000]}, {"period": PERIODS, "place": ["01", "2A"]})
    assert found.of(["place"], pl.DataFrame({"place": ["01"]})).to_list() == [None]
    assert found.of(["period"], pl.DataFrame({"period": [PERIODS[0], None]})).to_list() == [68_000_000.0, None]


def test_finer_classes_of_age_are_summed() -> None:
    told = {"age": list(range(0, 105, 5)), "population": [100] * 21}
    found = read(told, {"age": [0, 15, 65]})
    assert found.of(["age"], pl.DataFrame({"age": [0, 15, 65, None]})).to_list() == [300.0, 1000.0, 800.0, None]
    assert found.of([], pl.DataFrame({"x": [0]})).to_list() == [2100.0]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"place": ["01"], "population": [5]}, "no population of place 2A"),
        ({"place": ["01", "2A"], "people": [5, 6]}, "no column 'population'"),
        ({"place": ["01", "2A"], "population": [5, 0]}, "not above 0"),
        ({"place": ["01", "2A"], "population": [5, None]}, "empty"),
        ({"place": ["01", "2A"], "population": [5.0, float("nan")]}, "not above 0"),
        ({"place": ["01", "2A"], "population": ["5", "1.234"]}, "read in two ways"),
        ({"place": ["01", "01"], "population": [5, 6]}, "1 rows of the same place"),
        ({"place": ["01", "2A", "XX"], "population": [5, 6, 7]}, "one that is not known"),
        ({"sex": ["F", "M"], "population": [5, 6]}, "has a column 'sex', by which the table has no rows"),
        ({"year": [2025], "population": [5]}, "no population of year 2026"),
        ({"year": ["x"], "population": [5]}, "must be whole numbers"),
        ({"year": [2025, 2026, 2026], "place": ["01", "01", "2A"], "population": [5, 6, 7]}, "6 combinations"),
        ({"age": [0, 18], "population": [5, 6]}, "no class of age that begins at 15"),
        ({"age": [0.5, 15], "population": [5, 6]}, "must be whole numbers"),
        (
            {"age": ["0-14", "15+"], "population": [5, 6]},
            r"lowest age of each class, a whole number: 0 for 0-1, 65 for 65\+",
        ),
        (
            {"département": ["01", "2A"], "population": [5, 6]},
            "'département', by which .*place, population, year. Rename it",
        ),
        ({"place": ["01", "2A"], "habitants": [5, 6]}, "Rename its columns: population, period, place"),
        ({"g": ["a", "b"], "population": [5, 6]}, "population of g b, from where no document came"),
    ],
)
def test_a_denominator_that_would_make_wrong_rates_is_refused(told: dict[str, Any], words: str) -> None:
    domains: Any = {"period": PERIODS, "place": ["01", "2A", None], "age": [0, 15], "g": ["a", None]}
    with pytest.raises(DataError, match=words):
        read(told, domains)


def test_a_file_with_ages_below_the_first_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"Begin table\.age\.classes at 0"):
        read({"age": [0, 15], "population": [5, 6]}, {"age": [15]})


def test_no_population_no_rate() -> None:
    rows, _ = documents(500)
    told = definition(place={"column": "dep"})
    found = located(rows, rows.head(0), told)
    people = {"place": list(departments()), "population": [1000] * 101}
    rating = Rating(per=1000, standard=None, populations=read(people, dict(found.domains)))
    by_place = surveillance_table(found, told, COUNT, id_column="id", rating=rating).rows
    unknown = by_place.filter(pl.col("place_name") == "unknown")
    assert unknown["model"].item() > 0
    assert unknown["model_rate"].item() is None
    assert by_place.filter(pl.col("margin") == "all")["denominator"].item() == 101_000


# Places that the table does not cover, and places from where nothing came.

SIX = ["01", "2A", "75", "971", "02", "03"]  # documents are of the first four, of 99 (none) and of nowhere


def by_only(only: list[Any], *, with_review: bool = False, **told: Any) -> tuple[pl.DataFrame, Any]:
    rows, truth = documents(2000, seed=3)
    asked = definition(place={"column": "dep", "only": only}, **told)
    found = located(rows, rows.head(0), asked)
    people = {"place": list(departments()), "population": [1000] * 101}
    domains = dict(found.domains)
    if not only:
        domains["place"] = [one for one in domains["place"] if one not in found.silent]
    rating = Rating(per=1000, standard=None, populations=read(people, domains))
    gold = truth.sample(400, seed=1) if with_review else None
    return surveillance_table(found, asked, COUNT, id_column="id", reviewed=gold, rating=rating).rows, found


@pytest.mark.parametrize("with_review", [False, True])
@pytest.mark.parametrize("only", [[], SIX, [1, "2a"], ["75"], ["02", "75"]])
def test_places_of_the_table_add_up_and_silent_ones_have_no_rate(only: list[Any], with_review: bool) -> None:
    rows, found = by_only(only, with_review=with_review)
    total, by_place = (rows.filter(pl.col("margin") == one) for one in ("all", "place"))
    raw, _ = documents(2000, seed=3)
    covered = [{"1": "01", "2a": "2A"}.get(str(one), one) for one in only] or ["01", "2A", "75", "971"]
    is_inside = (
        raw["dep"].str.to_uppercase().str.zfill(2).is_in(covered) | raw["dep"].is_in(["99"]) | raw["dep"].is_null()
    )
    assert total["documents"].item() == is_inside.sum()
    assert found.unplaced.elsewhere == (~is_inside).sum()
    for name in ("documents", "model", *(["estimate"] if with_review else [])):
        assert by_place[name].sum() == pytest.approx(total[name].item())
    assert by_place["denominator"].sum() == total["denominator"].item() == 1000 * len(covered)
    silent = by_place.filter(pl.col("reason") == "no_document")
    assert silent["place"].to_list() == list(found.silent)
    assert by_place.height == (len(only) or 101) + 1
    assert not silent["documents"].sum()
    for name in ("model_rate", "model_rate_high", *(["estimate", "low", "rate", "rate_high"] if with_review else [])):
        assert silent[name].null_count() == silent.height
        assert by_place.filter(pl.col("reason").is_null() & pl.col("place").is_not_null())[name].null_count() == 0
    assert total["model_rate"].item() == pytest.approx(total["model"].item() / len(covered))


@pytest.mark.parametrize(
    ("only", "words"), [(["98"], "'98' is the official code of no department"), (["Ain"], "'Ain'")]
)
def test_a_place_that_there_is_not_is_no_place_of_a_table(only: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=f"table.place.only: {words}.*Valid: 01, 02"):
        by_only(only)


def test_a_single_place_and_places_that_yaml_takes_for_numbers_are_codes() -> None:
    place = [definition(place={"column": "dep", "only": one}).place for one in ("2A", 75, [1, "2B"], None)]
    assert [one.only for one in place if one is not None] == [("2A",), ("75",), ("1", "2B"), ()]


def test_tables_of_some_places_are_linked_to_those_of_all() -> None:
    rows, _ = documents(500)
    told = [definition(place={"column": "dep", "only": ["01", "75"]}), definition(time={"column": "day"})]
    layouts = []
    for one in told:
        found = located(rows, rows.head(0), one)
        layouts.append(table_layout(surveillance_table(found, one, COUNT, id_column="id").rows, one, found))
    some_places, every = sums(layouts)
    assert some_places.toarray()[0].sum() < every.toarray()[0].sum()  # documents of elsewhere are in one total alone


@pytest.mark.parametrize("reviewed", [50, 200])
def test_limits_of_rates_are_never_narrower_than_those_of_their_counts(reviewed: int) -> None:
    rows, truth = documents(3000, seed=7)
    rare = truth.with_columns(flu=pl.col("flu") & (pl.int_range(pl.len()) % 12 == 0))
    gold = rare.sample(reviewed, seed=1)
    found = table(rows, definition(time={"column": "day"}, groups=["hospital"], denominator="documents"), gold).rows
    counts = pl.col("denominator") / 100_000
    told = found.filter(pl.col("documents") > 0).select(
        high=pl.col("rate_high") * counts - pl.min_horizontal("high", "documents"), low=pl.col("rate") - pl.col("rate_low"),
        above=pl.col("rate_high") - pl.col("rate"),
    )  # fmt: skip
    assert told["high"].min() > -0.05 * found["high"].max()
    assert told["low"].min() >= -1e-9
    assert told["above"].min() >= -1e-9
    assert found.filter(pl.col("rate_high") > 100_000).is_empty()  # more than all documents


def test_a_moment_is_of_the_day_of_its_zone() -> None:
    moment = datetime.datetime(2026, 1, 4, 23, 30, tzinfo=datetime.UTC)  # 00:30 of Monday in Paris
    rows = pl.DataFrame({"id": ["a"], "flu": [True], "day": [moment]}).with_columns(
        pl.col("day").dt.convert_time_zone("Europe/Paris")
    )
    found = located(rows, rows.head(0), definition(time={"column": "day"}))
    assert found.domains["period"] == [DAY(2026, 1, 5)]
    assert found.last_day == DAY(2026, 1, 5)


# What adds up.


@pytest.mark.parametrize("with_review", [False, True])
def test_every_sum_is_the_total(with_review: bool) -> None:
    rows, truth = documents()
    gold = truth.sample(300, seed=1) if with_review else None
    found = table(rows, definition(**WHOLE, groups=["hospital"]), gold).rows
    names = ["documents", "failed", "reviewed", "model"] + (["estimate"] if with_review else [])
    sums = found.group_by("margin", maintain_order=True).agg(pl.col(name).sum() for name in names)
    assert sums.height == 16
    for name in names:
        assert np.allclose(sums[name], sums[name][0]), name
    assert sums["model"][0] == rows["flu"].sum()
    assert ("estimate" in found.columns) is with_review
    if not with_review:
        return
    assert (found["low"] <= found["estimate"] + 1e-6).all()
    assert (found["estimate"] <= found["high"] + 1e-6).all()
    known = truth.join(rows, on="id").filter(pl.col("id").is_in(gold["id"].implode()))  # type: ignore[index]
    by_hospital = known.group_by("hospital").agg(pl.col("flu").sum())
    shown = found.filter(pl.col("margin") == "hospital").join(by_hospital, on="hospital")
    assert (shown["low"] >= shown["flu"] - 1e-6).all()  # what was reviewed is known


@given(data=some.data())
@settings(max_examples=25)
def test_any_table_adds_up(data: some.DataObject) -> None:
    num = data.draw(some.integers(1, 60))
    rows = pl.DataFrame(
        {
            "id": [str(i) for i in range(num)],
            "flu": data.draw(some.lists(some.booleans(), min_size=num, max_size=num)),
            "g": data.draw(some.lists(some.sampled_from(["a", "b", None]), min_size=num, max_size=num)),
            "age": data.draw(some.lists(some.sampled_from([1, 20, None]), min_size=num, max_size=num)),
        },
        schema={"id": pl.String, "flu": pl.Boolean, "g": pl.String, "age": pl.Int64},
    )
    gold = rows.select("id", "flu").sample(data.draw(some.integers(1, num)), seed=0)
    told = definition(groups=["g"], age={"column": "age", "classes": [0, 15]})
    found = table(rows, told, gold, failed=rows.head(data.draw(some.integers(0, num))).drop("flu")).rows
    sums = found.group_by("margin").agg(pl.col("documents", "failed", "model", "estimate").sum())
    for name in sums.columns[1:]:
        assert np.allclose(sums[name], sums[name][0], atol=1e-5)


def test_cells_are_fitted_to_their_margins() -> None:
    rng = np.random.default_rng(2)
    groups = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    first = rng.uniform(1, 9, (50, 2))
    share = rng.uniform(0.2, 0.8, (50, 1))
    second = first.sum(axis=1, keepdims=True) * np.hstack([share, 1 - share])
    targets = [Target(groups=one, counts=counts) for one, counts in zip(groups, (first, second), strict=True)]
    found = raked(rng.poisson(3, (50, 4)).astype(float), targets, np.full(4, 100.0))
    for target in targets:
        sums = np.stack([found[:, target.groups == group].sum(axis=1) for group in (0, 1)], axis=1)
        assert np.allclose(sums, target.counts, rtol=1e-4)


def test_a_week_whose_review_saw_no_case_keeps_the_cases_of_the_model() -> None:
    """A curve of rare cases must not lose them: every week's count follows from what the model is known to miss."""
    rows, truth = documents(9000, seed=4)
    told = definition(time={"column": "day"}, groups=["hospital"])
    found = table(rows, told, truth.sample(400, seed=1)).rows
    by_week = found.filter((pl.col("margin") == "period") & (pl.col("model") > 3))
    assert (by_week["estimate"] > 0).all()
    true = int(truth["flu"].sum())
    total = found.filter(pl.col("margin") == "all").row(0, named=True)
    assert total["low"] <= true <= total["high"]


def test_every_document_without_a_date_place_and_age_is_a_table_of_unknowns() -> None:
    rows = pl.DataFrame(
        {"id": ["a", "b"], "flu": [True, False], "day": [None, None], "dep": [None, None], "age": [None, None]},
        schema={"id": pl.String, "flu": pl.Boolean, "day": pl.Date, "dep": pl.String, "age": pl.Int64},
    )
    told = definition(**WHOLE, signals={"methods": "ears_c1", "by": "place"})
    for failed in (rows.head(0), rows.drop("flu")):
        found = table(rows, told, failed=failed).rows
        sums = found.group_by("margin").agg(pl.col("documents", "failed", "model").sum())
        assert set(sums["documents"]) == {2}
        assert set(sums["failed"]) == {failed.height}
        assert set(sums["model"]) == {1}
        assert found.filter(pl.col("margin") == "period")["period_name"].to_list() == ["unknown"]


@pytest.mark.parametrize("with_review", [False, True])
def test_a_group_from_which_nothing_could_be_read_is_a_row_without_a_case(with_review: bool) -> None:
    rows, truth = documents(300)
    failed = rows.head(20).drop("flu").with_columns(hospital=pl.lit("C"), day=pl.lit(DAY(2026, 12, 31)))
    told = definition(
        time={"column": "day"}, groups=["hospital"], denominator="documents",
        signals={"methods": ["ears_c1", "cusum"], "by": "hospital"},
    )  # fmt: skip
    made = table(rows, told, truth.sample(80, seed=1) if with_review else None, failed=failed)
    found = made.rows
    lost = found.filter((pl.col("margin") == "hospital") & (pl.col("hospital") == "C")).row(0, named=True)
    assert (lost["documents"], lost["failed"], lost["model"]) == (0, 20, 0)
    assert lost["model_rate"] is None  # of nobody: 0 of 0 is no share
    assert lost.get("estimate", 0) == 0
    week = found.filter((pl.col("margin") == "period") & (pl.col("period_name") == "2026-W53")).row(0, named=True)
    assert (week["documents"], week["failed"], week["incomplete"]) == (0, 20, True)
    assert made.signals is not None
    assert "C" not in set(made.signals["hospital"])


@pytest.mark.parametrize(("weeks", "num", "first"), [("iso", 53, "2025-12-29"), ("epi", 52, "2026-01-04")])
def test_2026_has_53_iso_weeks_and_52_epidemiological_ones_and_no_case_is_lost(
    weeks: str, num: int, first: str
) -> None:
    days = pl.date_range(DAY(2025, 12, 20), DAY(2027, 1, 12), eager=True)
    rows = pl.DataFrame({"id": [str(i) for i in range(len(days))], "flu": [True] * len(days), "day": days})
    told = definition(time={"column": "day", "weeks": weeks})
    found = table(rows, told).rows.filter(pl.col("margin") == "period")
    of_year = found.filter(pl.col("period_name").str.starts_with("2026-"))
    assert of_year.height == num
    assert of_year["period"][0] == DAY.fromisoformat(first)
    assert of_year["period_name"][-1] == f"2026-W{num}"
    assert set(of_year["model"]) == {7}
    assert found["model"].sum() == len(days)
    people = {"year": [2025, 2026, 2027], "population": [10, 20, 30]}
    calendar = Calendar.of(told.time)  # type: ignore[arg-type]
    domains: Any = located(rows, rows.head(0), told).domains
    years = {one: calendar.year(one) for one in domains["period"]}
    people_of = populations(pl.DataFrame(people), domains, level=None, years=years, file="f")
    by_week = people_of.of(["period"], of_year)
    assert set(by_week) == {20.0}


@pytest.mark.parametrize("every", ["day", "week", "month"])
def test_midnights_and_hours_that_a_clock_skips_or_repeats_are_of_their_own_day(every: Any) -> None:
    """Clocks of Paris go forward on 29 March 2026 and back on 25 October 2026, which are Sundays."""
    days = (
        DAY(2026, 3, 29),
        DAY(2026, 10, 25),
        DAY(2026, 3, 30),
        DAY(2026, 10, 26),
        DAY(2026, 11, 1),
        DAY(2026, 12, 31),
    )
    paris = ZoneInfo("Europe/Paris")
    moments = [
        (day, datetime.datetime.combine(day, at, paris).astimezone(datetime.UTC))
        for day in days
        for at in (
            datetime.time(0),
            datetime.time(2, 30),
            datetime.time(2, 30, fold=1),
            datetime.time(23, 59, 59, 999999),
        )
    ]
    rows = pl.DataFrame(
        {"id": [str(i) for i in range(len(moments))], "flu": [True] * len(moments), "day": [one for _, one in moments]}
    ).with_columns(pl.col("day").dt.convert_time_zone("Europe/Paris"))
    plain = rows.with_columns(pl.Series("day", [day for day, _ in moments]))
    for more in ({}, {"weeks": "epi"}, {"first": "2026-03-29", "last": "2026-12-31"}):
        told = definition(time={"column": "day", "every": every, **more})
        assert table(rows, told).rows.equals(table(plain, told).rows)
    bounds = definition(time={"column": "day", "every": every, "first": "2026-03-30", "last": "2026-12-30"})
    assert located(rows, rows.head(0), bounds).unplaced.outside == 8


def test_a_first_week_that_is_cut_is_marked_and_tells_nothing_of_later_ones() -> None:
    start = DAY(2026, 1, 8)  # a Thursday: three days of its week are lacking
    days = [start + datetime.timedelta(days=i) for i in range(88) for _ in range(1 if i < 4 else 3)]
    rows = pl.DataFrame({"id": [str(i) for i in range(len(days))], "flu": [True] * len(days), "day": days})
    told = definition(time={"column": "day"}, signals={"methods": "ears_c1"})
    for time in ({"column": "day"}, {"column": "day", "first": str(start)}):
        made = table(rows, told.model_copy(update={"time": validated(type(told.time), time, place="time")}))  # type: ignore[arg-type]
        weeks = made.rows.filter(pl.col("margin") == "period")
        assert weeks["incomplete"].to_list()[:2] == [True, False]
        assert made.signals is not None
        assert made.signals["reason"][0] == "incomplete"
        assert made.signals["reason"].to_list()[1:8] == ["no_baseline"] * 7


# Persons.


def test_a_person_counts_once_where_the_first_case_stands() -> None:
    rows = pl.DataFrame(
        {
            "id": list("abcdef"),
            "patient": ["p", "p", "p", "q", None, None],
            "flu": [False, True, True, False, True, False],
            "day": [DAY(2026, 1, 1), DAY(2026, 1, 20), DAY(2026, 1, 9), DAY(2026, 1, 2), DAY(2026, 1, 3), None],
        }
    )
    failed = pl.DataFrame({"id": list("xyz"), "patient": ["p", "r", "r"], "day": [DAY(2026, 1, 1)] * 3})
    found = persons(rows, failed, ["patient"], day="day", question=COUNT)
    assert set(found.usable["id"]) == {"c", "d", "e", "f"}
    assert found.failed["id"].to_list() == ["y"]
    assert found.unnamed == 2


# What is refused.


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"unit": "event"}, "unit"),
        ({"unit": "person"}, "person: .patient., go together"),
        ({"age": {"column": "age", "classes": [5, 0]}}, "rising order"),
        ({"standard": "esp2013"}, "needs age, and a denominator"),
        ({"place": {"column": "d", "codes": "region"}}, "a region does not tell the department"),
        ({"time": {"column": "d", "first": "2026-02-01", "last": "2026-01-01"}}, "is before first"),
        ({"time": {"column": "d"}, "groups": ["d"]}, "named twice"),
        ({"case": "fever"}, "one of both"),
        (
            {"unit": "person", "person": "p", "time": {"column": "d"}, "denominator": "documents"},
            "of persons and events the documents are none",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        definition(**told)


def test_a_group_named_as_a_column_of_the_table_is_refused() -> None:
    rows = pl.DataFrame({"id": ["a"], "flu": [True], "rate": ["x"], "model": ["x"]})
    with pytest.raises(ConfigError, match="'model' is a column that the table makes"):
        located(rows, rows.head(0), definition(groups=["model"]))


def test_a_field_named_as_a_key_and_a_review_outside_of_the_table_are_refused() -> None:
    rows, truth = documents(200)
    renamed = rows.rename({"flu": "place"})
    found = located(renamed, renamed.head(0), definition(place={"column": "dep"}))
    with pytest.raises(ConfigError, match="'place' would be taken for a key"):
        surveillance_table(found, definition(place={"column": "dep"}), replace(COUNT, field="place"), id_column="id")
    early = rows.filter(pl.col("day") < DAY(2026, 1, 20)).join(truth, on="id").select("id", flu="flu_right")
    with pytest.raises(DataError, match="no reviewed document is among those that the table covers"):
        table(rows, definition(time={"column": "day", "first": "2026-02-01"}), early)


def test_the_total_is_the_same_by_whatever_keys_it_is_split() -> None:
    """All of the model's yes reviewed: the estimate lies at the known count, and half of the draws have no more."""
    rows, truth = documents(3000, seed=3)
    both = rows.join(truth, on="id", suffix="_true")
    yes, no = both.filter(pl.col("flu")), both.filter(~pl.col("flu")).sample(150, seed=1)
    gold = pl.concat([yes, no]).select(
        "id", flu="flu_true", weight=pl.when(pl.col("flu")).then(1.0).otherwise((rows.height - yes.height) / 150)
    )
    gold = gold.rename({"weight": "__weight"})
    highs = [
        table(rows, definition(**told), gold).rows.filter(pl.col("margin") == "all")["high"].item()
        for told in (
            {"groups": ["hospital"]},
            {"groups": ["hospital"], "time": {"column": "day"}},
            {"groups": ["hospital"], "time": {"column": "day"}, "age": {"column": "age", "classes": [0, 15, 65]}},
        )
    ]
    assert highs == pytest.approx([highs[0]] * 3, rel=0.02)


# The page.


def body(rows: pl.DataFrame, language: Any, *, is_corrected: bool = False, **told: Any) -> _Body:
    asked = definition(**told)
    about = TableSummary(
        definition=asked, case="flu = true", method="pooled" if is_corrected else None, reviewed=0, documents=1, failed=0,
        unplaced=Unplaced(), first_day=None, last_day=None, places="2024-01-01",
    )  # fmt: skip
    return _Body(about, rows, None, language, None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0.0, "0,00"), (0.004, "0,0040"), (0.0996, "0,100"), (0.0000123, "0,000012"), (0.82, "0,82"),
        (9.994, "9,99"), (12.34, "12,3"),
    ],
)  # fmt: skip
def test_a_small_rate_is_not_rounded_to_nothing(value: float | None, shown: str) -> None:
    assert WrittenNumbers("fr").rate(value) == shown


@pytest.mark.parametrize(
    ("bound", "count", "shown"),
    [(5.9896, 6, "5.99"), (6.02, 6, "6.02"), (5.99996, 6, "5.99996"), (6.0, 6, "6.0"), (3.14159, 9, "3.1")],
)
def test_a_bound_is_on_the_side_of_the_count_where_it_is(bound: float, count: int, shown: str) -> None:
    assert WrittenNumbers("en").bound(bound, count) == shown


@pytest.mark.parametrize("standard", [None, "esp2013"])
@pytest.mark.parametrize("denominator", [None, "documents"])
@pytest.mark.parametrize("is_corrected", [False, True])
def test_a_figure_of_the_model_alone_is_told_as_such(
    is_corrected: bool, denominator: str | None, standard: str | None
) -> None:
    if standard is not None and denominator is None:
        return
    rows, truth = documents(500)
    asked = {
        "place": {"column": "dep", "level": "region"}, "age": {"column": "age", "classes": [0, 15, 65]},
        "denominator": denominator, "standard": standard,
    }  # fmt: skip
    made = table(rows, definition(**asked), truth.sample(200, seed=1) if is_corrected else None).rows
    for language, alone, mended in (("fr", "(modèle seul)", "corrigé"), ("en", "(model alone)", "orrected")):
        page = body(made, language, is_corrected=is_corrected, **asked)
        title, heads = (
            page._map().partition("<svg")[0],
            [one for one in page._heads() if "taux" in one or "rate" in one],
        )
        assert len(heads) == (denominator is not None) + (standard is not None)
        for words in (title, *heads):
            assert (alone in words, mended in words) == (not is_corrected, is_corrected)


# The command, on a run.


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("surveillance")
    days = [DAY(2026, 1, 1) + datetime.timedelta(days=3 * i) for i in range(60)]
    pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(60)], "text": [f"note {i}" for i in range(60)], "seen": days,
            "department": ["01", "2A", "75"] * 20, "patient": [f"p{i // 2}" for i in range(60)],
        }
    ).write_parquet(folder / "d.parquet")  # fmt: skip
    extract_here(make_settings(folder / "d.parquet", folder / "run"))
    return folder / "run"


TABLES = """
defaults: [base/default@_here_, _self_]
name: mine
field: fever
time: {column: seen, every: month}
place: {column: department}
denominator: documents
"""


def test_the_command_writes_a_table_its_page_and_what_they_rest_on(run: Path, tmp_path: Path) -> None:
    (tmp_path / "conf" / "table").mkdir(parents=True)
    (tmp_path / "conf" / "table" / "mine.yaml").write_text(TABLES)
    out = tmp_path / "out"
    words = [f"--config-dir={tmp_path / 'conf'}", "table=mine", f"run.dir={run}", f"out.dir={out}"]
    said = job_here(*words, name="aggregate", as_told=True).stdout
    assert "by the model alone: not corrected" in said
    assert {one.name for one in out.iterdir()} >= {"table.parquet", "table.csv", "table.json", "report.html"}
    found = pl.read_parquet(out / "table.parquet")
    fever = glane.open_run(run).usable().select(pl.col("fever").fill_null(False).sum()).collect().item()
    assert found.filter(pl.col("margin") == "all")["model"].item() == fever
    page = (out / "report.html").read_text()
    assert "Courbe épidémique" in page
    assert "Epidemic curve" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    review = glane.open_run(run).usable().select("id", "fever").collect().sample(40, seed=1)
    review.write_parquet(tmp_path / "gold.parquet")
    said = job_here(*words, f"gold={tmp_path / 'gold.parquet'}", name="aggregate", as_told=True).stdout
    assert "40 reviewed" in said
    assert "earlier ones replaced" in said


@pytest.mark.parametrize(
    ("only", "said", "in_page"),
    [
        (
            [],
            "Warning: places from which no document came: 98. They have no rate, and their people are in no",
            "est venu : 98. Ils",
        ),
        (["01", "2A", "75"], "60 documents, by the model", "Par lieu"),
        (
            ["01", "2A", "33"],
            "Warning: places of table.place.only from which no document came: 33. They",
            "est venu : 33. Ils",
        ),
        (["01"], "40 documents are of places that table.place.only does not name", "40 documents de lieux hors de"),
    ],
)
def test_silent_places_and_those_not_covered_are_told(
    run: Path, tmp_path: Path, only: list[str], said: str, in_page: str
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("place,population\n" + "".join(f"{code},1000\n" for code in departments()))
    asked = yaml.safe_load(TABLES) | {"unit": "document", "denominator": str(people), "per": 1000}
    del asked["defaults"]
    asked["place"] |= {"only": only}
    found = glane.aggregate(run, asked, out_dir=str(tmp_path / "out"))
    assert said in str(found)
    assert in_page in (tmp_path / "out" / "report.html").read_text()
    total = found.table.filter(pl.col("margin") == "all")
    assert total["denominator"].item() == 1000 * (len(only) or 3)
    assert total["model_rate"].item() == pytest.approx(total["model"].item() / (len(only) or 3))
    cells = found.table.filter(pl.col("reason") == "no_document")
    assert cells["model_rate"].null_count() == cells["model_rate_high"].null_count() == cells.height


@pytest.mark.parametrize("only", [[], ["01"], ["2A", "75"]])
def test_persons_of_places_that_the_table_does_not_cover_are_told_as_documents(run: Path, only: list[str]) -> None:
    asked = yaml.safe_load(TABLES) | {"unit": "person", "person": "patient", "denominator": None}
    del asked["defaults"]
    asked["place"] |= {"only": only}
    found = glane.aggregate(run, asked)
    outside = 60 - 20 * len(only) if only else 0
    assert found.summary.unplaced.elsewhere == outside
    assert set(found.table["place"].drop_nulls()) == set(only or departments())
    by_place = found.table.filter(pl.col("margin") == "place")
    total = found.table.filter(pl.col("margin") == "all")
    assert by_place["documents"].sum() == total["documents"].item() == found.summary.documents


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_r_reads_the_table_and_its_sums_are_the_same(run: Path, tmp_path: Path, language: Any) -> None:
    told = validated(TableDefinition, yaml.safe_load(TABLES.replace("defaults", "unit: document #")), place="table")
    found = replace(glane.aggregate(run, told), language=language)
    found.write(str(tmp_path / "out"))
    check = (
        'source("lire.R", encoding = "UTF-8")\n'
        'cat(sum(cas$model[cas$margin == "period"]), sum(courbe$model), class(cas$period), sum(courbe$incomplete), "\\n")\n'
        'cat(cas$place[cas$margin == "place"][1:2], cas$model_rate[cas$margin == "all"], "\\n")\n'
        'cat(cas$place_name[cas$margin == "all"], cas$period_name[cas$margin == "place"][1], "\\n")\n'
        'cat(if (exists("serie")) sum(surveillance::observed(serie)) else "none", "\\n")\n'
    )
    (tmp_path / "out" / "check.R").write_text(check, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", "check.R"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    by_period = found.table.filter(pl.col("margin") == "period")
    total = str(by_period["model"].sum())
    sums, places, labels, series = done.stdout.splitlines()[-4:]
    assert labels.split() == (["ensemble"] * 2 if language == "fr" else ["all"] * 2)
    assert sums.split() == [total, total, "Date", str(by_period["incomplete"].sum())]
    rate = found.table.filter(pl.col("margin") == "all")["model_rate"].item()
    assert places.split()[:2] == ["01", "02"]
    assert float(places.split()[2]) == pytest.approx(rate, rel=1e-5)
    assert series.strip() in ("none", total)


_FROM = 'cat(nrow(cas), sum(courbe$model), "\\n")'


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["out/lire.R"], "a folder"),  # of which R writes the blank as ~+~
        (["-e", f'source("out/lire.R", encoding = "UTF-8"); {_FROM}'], "."),
        (["-e", f'source("out/lire.R", encoding = "UTF-8", chdir = TRUE); {_FROM}'], "."),
        (["-e", f'setwd("out"); source("lire.R", encoding = "UTF-8"); {_FROM}'], "."),
        (["other/main.R"], "."),
    ],
)
def test_r_reads_a_table_from_any_folder(run: Path, tmp_path: Path, words: list[str], folder: str) -> None:
    told = validated(TableDefinition, yaml.safe_load(TABLES.replace("defaults", "unit: document #")), place="table")
    base = tmp_path / folder
    found = replace(glane.aggregate(run, told), language="fr")
    found.write(str(base / "out"))
    (base / "other").mkdir()
    (base / "other" / "main.R").write_text(f'source("out/lire.R", encoding = "UTF-8"); {_FROM}\n')
    if words == ["out/lire.R"]:
        with (base / "out" / "lire.R").open("a", encoding="utf-8") as script:
            script.write(_FROM + "\n")
        words = [str(base / "out" / "lire.R")]
    command = ["Rscript", "--vanilla", *words]
    done = subprocess.run(command, cwd=base, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    cases = found.table.filter(pl.col("margin") == "period")["model"].sum()
    assert done.stdout.split() == [str(found.table.height), str(cases)]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
@pytest.mark.parametrize("weeks", ["iso", "epi"])
def test_a_series_in_r_begins_in_the_week_of_the_table(weeks: Any, tmp_path: Path) -> None:
    calendar = Calendar(every="week", weeks=weeks)
    starts = calendar.periods(DAY(2014, 12, 1), DAY(2033, 1, 20))
    lines = r_script(definition(time={"column": "day", "weeks": weeks}), "fr").splitlines()
    debut, numero = (next(one for one in lines if one.startswith(f"  {name} <- ")) for name in ("debut", "numero"))
    (tmp_path / "weeks.R").write_text(
        f"for (d in c({', '.join(repr(str(one)) for one in starts)})) {{ courbe <- data.frame(period = as.Date(d))\n"
        f'{debut}\n{numero}\ncat(sprintf("%d-W%02d\\n", debut$year + 1900L, as.integer(numero))) }}'
    )
    command = ["Rscript", "--vanilla", str(tmp_path / "weeks.R")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == [calendar.name(one, "en") for one in starts]


def test_a_table_of_carried_columns_needs_no_input(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    seen = [DAY(2026, 1, 1)] * 3
    pl.DataFrame({"id": list("abc"), "text": ["x", "y", "z"], "day_in": seen}).write_parquet(path)
    extract_here(make_settings(path, tmp_path / "run", data__carry_columns=["day_in"]))
    path.unlink()
    told = {"name": "t", "unit": "document", "field": "fever", "time": {"column": "day_in"}}
    assert glane.aggregate(tmp_path / "run", told).summary.documents == 3


def test_a_review_does_not_correct_persons_nor_groups_that_the_model_made(run: Path) -> None:
    gold = glane.open_run(run).usable().select("id", "fever").collect().sample(20, seed=1)
    told = {"name": "t", "unit": "person", "person": "patient", "field": "fever", "time": {"column": "seen"}}
    assert glane.aggregate(run, told).summary.documents <= 30
    with pytest.raises(ConfigError, match="does not correct counts of persons"):
        glane.aggregate(run, told, gold)
    by_sex = {"name": "t", "unit": "document", "field": "fever", "groups": ["sex"]}
    alone = glane.aggregate(run, by_sex)
    assert alone.summary.extracted == ("sex",)
    with pytest.raises(ConfigError, match="'sex' was extracted by the model"):
        glane.aggregate(run, by_sex, gold)
    strange = gold.with_columns(pl.lit("strange").alias("id")).head(1)
    with pytest.raises(DataError, match="not among the usable documents"):
        glane.aggregate(run, {"name": "t", "unit": "document", "field": "fever"}, strange)


def test_a_table_by_nothing_is_the_total() -> None:
    rows, truth = documents(400)
    found = table(rows, definition(), truth.sample(100, seed=1), failed=rows.head(7).drop("flu")).rows
    assert found.select("margin", "documents", "failed", "model").rows() == [("all", 400, 7, int(rows["flu"].sum()))]


@pytest.mark.slow
def test_figures_of_rare_cases_are_covered_in_every_margin() -> None:
    folder = str(Path(__file__).parent / "simulations")
    sys.path.insert(0, folder)
    try:
        import surveillance
    finally:
        sys.path.remove(folder)
    tables = [surveillance.simulated(surveillance.SCENARIOS["hospital"], seed) for seed in range(3)]
    for margin in ("period", "h", "period × h"):
        told = [one[margin] for one in tables]
        assert np.mean([one.covered for one in told]) > 0.9
        assert all(one.error < one.raw_error for one in told)
        assert 0.8 < np.mean([one.ratio for one in told]) < 1.25
