"""Delays: the reporting triangle of a table, what is still to be expected, and what R makes of the same reports."""

import datetime
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import glane
from conftest import extract_here, make_settings
from glane.errors import ConfigError, DataError
from glane.languages import in_language
from glane.surveillance.dimensions import located
from glane.surveillance.line_list import line_list
from glane.surveillance.nowcast import _Hazards, _hazards, nowcast
from glane.surveillance.table import SurveillanceTable, surveillance_table
from r_packages import need_r
from test_surveillance import COUNT, definition

DAY = datetime.date
MONDAY = DAY(2026, 1, 5)

# Reports of our own, and what R with surveillance 1.20.3 makes of them: tests/gold/nowcast.R writes the file.
REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "gold" / "nowcast.json").read_text())


def matrix() -> tuple[np.ndarray, np.ndarray]:
    seen = np.array(REFERENCE["seen"], dtype=np.float64)
    return np.nan_to_num(seen), np.isfinite(seen)


@pytest.mark.parametrize(("name", "recent"), [("lawless", None), ("lawless, nine last weeks of reports", 9)])
def test_the_share_that_is_in_is_that_of_r(name: str, recent: int | None) -> None:
    seen, is_whole = matrix()
    found = nowcast(seen, is_whole, np.zeros(len(seen)), recent=recent, level=0.95)
    assert found.by_delay == pytest.approx(REFERENCE[name], rel=1e-9)
    delay = is_whole.sum(axis=1) - 1
    assert found.expected == pytest.approx(seen.sum(axis=1) / np.array(REFERENCE[name])[delay])


def test_draws_of_the_share_are_of_the_posterior_of_r() -> None:
    """Their mean is what R tells of the same prior; the dispersion is left out, which R does not know."""
    hazards = _hazards(*matrix(), None)
    alone = _Hazards(cases=hazards.cases, at_risk=hazards.at_risk, dispersion=1.0)
    drawn = alone.drawn(40_000, np.random.default_rng(1))
    assert drawn.mean(axis=0) == pytest.approx(REFERENCE["bayes.trunc"], abs=1e-3)


def reports(told: list[tuple[int, int | None, int]], **more: Any) -> pl.DataFrame:
    """Documents that are cases: so many of each week of the event and of the report, by their numbers."""
    rows = [
        (
            MONDAY + datetime.timedelta(days=7 * week),
            None if report is None else MONDAY + datetime.timedelta(days=7 * report),
        )
        for week, report, num in told
        for _ in range(num)
    ]
    return pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(len(rows))], "flu": [True] * len(rows),
            "day": pl.Series([one for one, _ in rows], dtype=pl.Date),
            "signed": pl.Series([one for _, one in rows], dtype=pl.Date), **more,
        }
    )  # fmt: skip


TIME = {"column": "day", "reported": "signed", "longest": 2, "until": "2026-02-15"}  # the Sunday of the sixth week
STEADY = [(week, week + delay, num) for week in range(6) for delay, num in enumerate((6, 3, 1)) if week + delay < 6]


def table(rows: pl.DataFrame, gold: pl.DataFrame | None = None, **told: Any) -> SurveillanceTable:
    one = definition(**{"time": TIME} | told)
    return surveillance_table(located(rows, rows.head(0), one), one, COUNT, id_column="id", reviewed=gold)


def by_period(found: SurveillanceTable) -> pl.DataFrame:
    return found.rows.filter((pl.col("margin") == "period") & pl.col("period").is_not_null())


def test_the_last_weeks_are_expected_to_grow_as_the_earlier_ones_did() -> None:
    rows = by_period(table(reports(STEADY)))
    assert rows["model"].to_list() == [10, 10, 10, 10, 9, 6]
    assert rows["completeness"].to_list() == pytest.approx([1, 1, 1, 1, 0.9, 0.6])
    assert rows["model_nowcast"].to_list() == pytest.approx([10.0] * 6)
    assert rows["incomplete"].to_list() == [False] * 5 + [True]  # 0.9 is complete by itself
    low, high = rows["model_nowcast_low"].to_numpy(), rows["model_nowcast_high"].to_numpy()
    assert (low[:4] == 10).all()
    assert (high[:4] == 10).all()
    assert low[5] < 10 < high[5]
    assert low[5] >= 6
    stricter = by_period(table(reports(STEADY), time=TIME | {"complete": 0.95}))
    assert stricter["incomplete"].to_list() == [False] * 4 + [True] * 2


def test_only_rows_by_period_alone_have_a_nowcast_and_a_review_does_not_change_it() -> None:
    told = reports(STEADY).with_columns(h=pl.Series(["A", "B"] * 100)[: len(reports(STEADY))])
    gold = told.select("id", "flu").sample(20, seed=1)
    found = table(told, gold, groups=["h"]).rows
    assert (
        found.filter(pl.col("margin") != "period")["model_nowcast"].null_count() == (found["margin"] != "period").sum()
    )
    alone = table(told, groups=["h"]).rows
    names = ["completeness", "model_nowcast", "model_nowcast_low", "model_nowcast_high"]
    assert found.select(names).equals(alone.select(names))
    assert "nowcast" not in found.columns  # nothing is a nowcast of corrected counts


def test_a_week_whose_reports_are_still_coming_tells_nothing_of_delays() -> None:
    """Reports until Wednesday: the last week is not judged by them, but counts that are in stay."""
    early = reports([*STEADY, (6, 6, 2), (5, 6, 4)])
    rows = by_period(table(early, time=TIME | {"until": "2026-02-18"}))
    assert rows["completeness"].to_list()[:6] == pytest.approx([1, 1, 1, 1, 0.9, 0.6])
    assert rows["completeness"].to_list()[6] is None
    assert rows["model_nowcast"].to_list()[5:] == [pytest.approx(10.0), None]
    assert rows["incomplete"].to_list()[5:] == [True, True]
    more = reports([*STEADY, (5, 6, 40)])
    rows = by_period(table(more, time=TIME | {"until": "2026-02-18"}))
    assert rows["model_nowcast"].to_list()[5] == 46  # never fewer than are in


def test_reports_after_the_day_until_which_they_are_in_are_left_out_and_told() -> None:
    rows = reports([(week, week + delay, num) for week in range(6) for delay, num in enumerate((6, 3, 1))])
    one = definition(time=TIME)
    found = located(rows, rows.head(0), one)
    assert found.unplaced.reported_later == 3 + 1 + 1
    assert found.unplaced.outside == 0
    assert by_period(table(rows)).equals(by_period(table(reports(STEADY))))


def test_a_delay_that_cannot_be_told_is_counted_as_such() -> None:
    """Without a day of report, or reported before: in the table, in the triangle of no delay, and in the nowcast."""
    rows = reports([*STEADY, (3, None, 2), (5, 4, 1), (0, 4, 5)])
    found = table(rows)
    assert found.delays is not None
    told = found.delays.triangle
    assert (told.reports.undated, told.reports.reversed, told.reports.late) == (2, 1, 5)
    unknown = told.rows.filter(pl.col("delay").is_null())
    assert unknown.select("period_name", "model").rows() == [("2026-W05", 2), ("2026-W07", 1)]
    sums = told.rows.group_by("period", maintain_order=True).agg(pl.col("model", "documents").sum())
    assert sums["model"].to_list() == by_period(found)["model"].to_list()
    assert by_period(found)["model_nowcast"].to_list()[5] > 7 / 0.65


def test_a_table_too_short_for_the_longest_delay_is_refused() -> None:
    with pytest.raises(DataError, match=r"longest: 6, and the reports of only 6 whole periods are in"):
        table(reports(STEADY), time=TIME | {"longest": 6})
    assert table(reports(STEADY), time=TIME | {"longest": 5}).delays is not None


def test_a_mistyped_day_of_report_does_not_make_all_weeks_complete() -> None:
    wrong = reports([*STEADY, (2, 60, 1)])
    with pytest.raises(DataError, match=r"the last report is of 2027-03-01, 55 periods after the last event.*until"):
        table(wrong, time=TIME | {"until": None})
    found = table(wrong)
    assert by_period(found)["completeness"].to_list() == by_period(table(reports(STEADY)))["completeness"].to_list()
    early = by_period(table(reports([*STEADY, (2, -5000, 1)])))  # of the year 1930
    assert early["completeness"].to_list() == pytest.approx([1, 1, 1, 1, 0.9, 0.6])


def test_without_a_day_of_report_there_is_no_triangle() -> None:
    nothing = reports(STEADY).with_columns(pl.lit(None, pl.Date).alias("signed"))
    found = table(nothing, time={**TIME, "until": None})
    assert found.delays is None
    assert "completeness" not in found.rows.columns


@given(data=some.data(), every=some.sampled_from(["day", "week", "month"]), weeks=some.sampled_from(["iso", "epi"]))
@settings(max_examples=25)
def test_the_triangle_adds_up_to_the_table(data: some.DataObject, every: str, weeks: str) -> None:
    num = data.draw(some.integers(1, 40))
    days = some.dates(DAY(2026, 1, 1), DAY(2026, 6, 30))
    rows = pl.DataFrame(
        {
            "id": [str(i) for i in range(num)],
            "flu": data.draw(some.lists(some.booleans(), min_size=num, max_size=num)),
            "day": data.draw(some.lists(some.none() | days, min_size=num, max_size=num)),
            "signed": data.draw(some.lists(some.none() | days, min_size=num, max_size=num)),
        },
        schema={"id": pl.String, "flu": pl.Boolean, "day": pl.Date, "signed": pl.Date},
    )
    time = {"column": "day", "reported": "signed", "longest": 1, "every": every, "weeks": weeks}
    try:
        found = table(rows, time=time)
    except DataError:
        return
    if found.delays is None:
        return
    told = found.delays.triangle.rows
    counts = by_period(found)
    sums = told.group_by("period").agg(pl.col("model", "documents").sum())
    sums = counts.select("period").join(sums, on="period", how="left", maintain_order="left").fill_null(0)
    assert sums["model"].to_list() == counts["model"].to_list()
    assert sums["documents"].to_list() == counts["documents"].to_list()
    shares = counts["completeness"].drop_nulls()
    assert ((shares >= 0) & (shares <= 1)).all()
    judged = counts.drop_nulls("model_nowcast")
    assert (judged["model_nowcast_low"] <= judged["model_nowcast"]).all()
    assert (judged["model_nowcast"] <= judged["model_nowcast_high"]).all()
    assert (judged["model"] <= judged["model_nowcast_low"]).all()


def test_weeks_that_few_reports_are_in_of_are_no_signal() -> None:
    steady = [
        (week, week + delay, num) for week in range(20) for delay, num in enumerate((6, 3, 1)) if week + delay < 20
    ]
    told = {"methods": "ears_c2"}
    found = table(reports(steady), time=TIME | {"until": "2026-05-24", "complete": 0.95}, signals=told).signals
    assert found is not None
    assert found["reason"].to_list()[-3:] == [None, "incomplete", "incomplete"]
    assert found["signal"].to_list()[-3:] == [False, None, None]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"column": "day", "longest": 3}, "reported: COLUMN is needed"),
        ({"column": "day", "reported": "signed"}, "needs longest"),
        ({"column": "day", "reported": "day", "longest": 3}, "day is the column of the event"),
        ({"column": "day", "reported": "signed", "longest": 0}, "longest"),
        ({"column": "day", "reported": "signed", "longest": 3, "complete": 1.5}, "complete"),
    ],
)
def test_delays_that_cannot_be_are_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        definition(time=told)
    with pytest.raises(ConfigError, match=r"table\.time: 'signed' is of type text, and must be a date"):
        table(reports(STEADY).with_columns(pl.col("signed").cast(pl.String)))


def test_the_interval_covers_what_comes_while_delays_stay_and_not_when_they_grow() -> None:
    folder = str(Path(__file__).parent / "simulations")
    sys.path.insert(0, folder)
    try:
        import nowcast as simulation
    finally:
        sys.path.remove(folder)
    for name in ("steady", "few", "outbreak"):
        for one in simulation.simulated(simulation.SCENARIOS[name], series=60, seed=2):
            assert one.covered > 0.88, name
            assert name == "few" or 0.85 < one.ratio < 1.15, name
    slower = simulation.simulated(simulation.SCENARIOS["slower, all weeks"], series=60, seed=2)
    assert slower[1].covered < 0.5  # the limit that the page of docs tells
    assert simulation.simulated(simulation.SCENARIOS["slower, six last"], series=60, seed=2)[1].covered > 0.88


# On a run: the files, the page, and R.


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delays")
    rng = np.random.default_rng(3)
    day = [MONDAY + datetime.timedelta(days=int(one)) for one in rng.integers(0, 140, 400)]
    signed = [
        one + datetime.timedelta(days=int(late)) for one, late in zip(day, rng.geometric(0.12, 400) - 1, strict=True)
    ]
    frame = pl.DataFrame(
        {"id": [f"d{i}" for i in range(400)], "text": [f"note {i}" for i in range(400)], "day": day, "signed": signed}
    )
    frame = frame.with_columns(
        department=pl.Series(["01", "2A", "75", "971"] * 100), patient_age=pl.Series([*range(100)] * 4)
    )
    frame.filter(pl.col("signed") < MONDAY + datetime.timedelta(days=140)).write_parquet(folder / "d.parquet")
    extract_here(make_settings(folder / "d.parquet", folder / "run"))
    return folder / "run"


OF_RUN = {
    "name": "t", "unit": "document", "field": "fever", "place": {"column": "department"},
    "time": {"column": "day", "reported": "signed", "longest": 5, "until": "2026-05-24"},
}  # fmt: skip


@pytest.fixture(scope="module")
def with_r() -> None:
    need_r("TABLES OF CASES", surveillance=True)


def by_r(folder: Path, code: str) -> list[str]:
    (folder / "check.R").write_text(f'source("lire.R", encoding = "UTF-8")\n{code}\n', encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", "check.R"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_page_and_the_terminal_tell_what_is_still_to_come(run: Path, tmp_path: Path) -> None:
    found = glane.aggregate(run, OF_RUN, out_dir=str(tmp_path / "out"))
    assert "are expected in the end, if delays stay as they were" in str(found)
    assert "attendus à la fin, si les délais restent" in in_language(str(found), "fr")
    page = (tmp_path / "out" / "report.html").read_text()
    for words in ("Délais", "Delays", "Lawless", "2026‑W21", "5+"):
        assert words in page
    told = json.loads((tmp_path / "out" / "table.json").read_text())["delays"]
    assert told["last_whole"] == "2026-05-18"
    assert told["by_delay"][-1] == 1
    stored = pl.read_parquet(tmp_path / "out" / "triangle.parquet")
    total = pl.read_parquet(tmp_path / "out" / "table.parquet").filter(pl.col("margin") == "all")["model"].item()
    assert stored["model"].sum() == total


@pytest.mark.usefixtures("with_r")
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("every", "weeks", "longest"), [("week", "iso", 5), ("week", "epi", 5), ("month", "iso", 2), ("day", "iso", 40)]
)
def test_r_has_the_triangle_and_says_the_same_of_it(
    run: Path, tmp_path: Path, language: Any, every: str, weeks: str, longest: int
) -> None:
    time = {
        "column": "day",
        "reported": "signed",
        "longest": longest,
        "until": "2026-05-24",
        "every": every,
        "weeks": weeks,
    }
    found = replace(glane.aggregate(run, OF_RUN | {"time": time}), language=language)
    found.write(str(tmp_path))
    is_known = every in ("day", "week") and weeks == "iso"
    said = by_r(
        tmp_path,
        'cat(sum(delais$model), sum(triangle, na.rm = TRUE), nrow(declarations), dim(triangle), "\\n")\n'
        "cat(mapply(function(a, b) seq(a, by = '1 month', length.out = b + 1)[b + 1], declarations$period[1:3],"
        " declarations$delay[1:3]) == declarations$report[1:3], '\\n')\n"
        'cat(exists("prevision"), "\\n")\n'
        'if (exists("prevision")) {\n'
        "  de_r <- suppressWarnings(suppressMessages(prevision()))\n"
        '  cat("\\nR", rev(surveillance::delayCDF(de_r)[["lawless"]]), "\\n")\n'
        '  cat("\\nN", sum(surveillance::reportingTriangle(de_r), na.rm = TRUE), "\\n")\n}',
    )
    assert found.triangle is not None
    assert found.summary.delays is not None
    total = found.triangle["model"].sum()
    known = found.triangle.filter(pl.col("delay").is_not_null())
    periods = known["period"].n_unique()
    assert said[0].split() == [
        str(total),
        str(known["model"].sum()),
        str(known["model"].sum()),
        str(periods),
        str(longest + 1),
    ]
    if every == "month":
        assert said[1].split() == ["TRUE"] * 3
    assert said[2].strip() == str(is_known).upper()
    of_r = [line.split()[1:] for line in said if line.startswith("R ")]
    assert bool(of_r) is is_known
    if of_r:
        by_period = found.table.filter((pl.col("margin") == "period") & pl.col("completeness").is_not_null())
        assert [float(one) for one in of_r[0][: by_period.height]] == pytest.approx(
            by_period["completeness"].to_list(), abs=1e-6
        )
        whole = known.filter(pl.col("whole"))["model"].sum()
        assert [line.split()[1] for line in said if line.startswith("N ")] == [str(whole)]


@pytest.mark.usefixtures("with_r")
@pytest.mark.parametrize(("every", "weeks"), [("week", "iso"), ("week", "epi"), ("day", "iso"), ("month", "iso")])
def test_r_makes_an_incidence_of_the_same_cases(run: Path, tmp_path: Path, every: str, weeks: str) -> None:
    told = OF_RUN | {"time": {"column": "day", "every": every, "weeks": weeks}}
    found = glane.aggregate(run, told, out_dir=str(tmp_path))
    said = by_r(
        tmp_path,
        'cat(if (!exists("incidence", inherits = FALSE)) "none" else if (inherits(incidence, "incidence2")) '
        'c(sum(incidence$count), nrow(incidence)) else c(sum(incidence$counts), length(incidence$dates)), "\\n")',
    )
    periods = found.table.filter(pl.col("margin") == "period")
    assert said[-1].split() == [str(periods["model"].sum()), str(periods.height)]


# The line list.


def test_no_row_of_a_single_document_is_written_unless_it_is_asked_for(run: Path, tmp_path: Path) -> None:
    found = glane.aggregate(run, OF_RUN, out_dir=str(tmp_path))
    assert found.line_list is None
    ids = glane.open_run(run).all().select("id").collect()["id"].to_list()
    for one in tmp_path.iterdir():
        content = one.read_bytes()
        assert not any(f"{name};".encode() in content or f'"{name}"'.encode() in content for name in ids), one.name
    assert not list(tmp_path.glob("linelist*"))
    asked = glane.aggregate(run, OF_RUN, linelist=True, out_dir=str(tmp_path / "asked"))
    assert "These are personal data" in str(asked)
    assert "données personnelles" in in_language(str(asked), "fr")
    assert (tmp_path / "asked" / "linelist.parquet").stat().st_mode & 0o077 == 0


def test_a_line_list_has_every_document_of_its_table_once_and_no_text(run: Path) -> None:
    told = OF_RUN | {"age": {"column": "patient_age", "classes": [0, 15, 65]}}
    found = glane.aggregate(run, told, linelist=True)
    rows = found.line_list
    assert rows is not None
    assert rows["id"].n_unique() == rows.height == found.summary.documents + found.summary.failed
    total = found.table.filter(pl.col("margin") == "all").row(0, named=True)
    assert rows["case"].sum() == total["model"]
    assert rows["case"].null_count() == total["failed"] == (rows["status"] != "OK").sum()
    assert set(rows["grounded"].drop_nulls()) <= {"exact", "normalised", "fuzzy", "none"}
    by_place = rows.group_by("place_name").agg(pl.col("case").sum())
    told_places = found.table.filter((pl.col("margin") == "place") & (pl.col("documents") > 0))
    joined = told_places.join(by_place, on="place_name", how="left")
    assert joined["model"].to_list() == joined["case"].to_list()
    columns = ["id", "case", "status", "grounded", "event", "reported", "period", "period_name", "place", "place_name"]
    assert rows.columns == [*columns, "age", "age_class"]
    document = rows.row(by_predicate=pl.col("id") == "d17", named=True)
    source = glane.open_run(run).columns_beside().filter(pl.col("id") == "d17").collect().row(0, named=True)
    assert (document["event"], document["reported"], document["age"]) == (source["day"], source["signed"], 17)
    assert document["age_class"] == "15–64"
    assert not any(str(value).startswith("note") for value in document.values())


def test_a_line_list_of_persons_has_each_once(run: Path) -> None:
    by_age = {"name": "t", "unit": "person", "person": ["patient_age"], "field": "fever", "time": {"column": "day"}}
    found = glane.aggregate(run, by_age, linelist=True)
    assert found.line_list is not None
    assert found.line_list.height == found.summary.documents + found.summary.failed <= 100
    assert found.line_list["case"].sum() == found.table.filter(pl.col("margin") == "all")["model"].item()


def test_a_group_that_the_list_has_already_is_refused() -> None:
    rows = reports(STEADY).with_columns(status=pl.lit("x"), case=pl.lit("y"))
    one = definition(groups=["status"])
    details = rows.select("id", pl.lit("OK").alias("status"), pl.lit(None, pl.String).alias("grounded"))
    with pytest.raises(ConfigError, match="linelist: the group 'status' is a column of the line list"):
        line_list(located(rows, rows.head(0), one), one, COUNT, id_column="id", details=details)


@pytest.mark.usefixtures("with_r")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_r_reads_the_line_list_with_its_types(run: Path, tmp_path: Path, language: Any) -> None:
    told = OF_RUN | {"age": {"column": "patient_age", "classes": [0, 15, 65]}}
    found = replace(glane.aggregate(run, told, linelist=True), language=language)
    found.write(str(tmp_path))
    said = by_r(
        tmp_path,
        'cat(nrow(liste), sum(liste$case, na.rm = TRUE), sum(is.na(liste$case)), "\\n")\n'
        "cat(vapply(liste, function(one) class(one)[1], ''), '\\n')\n"
        'cat(as.character(max(liste$reported)), mean(liste$age), nlevels(liste$age_class), "\\n")\n'
        'if (exists("lignes")) cat("tags", names(linelist::tags(lignes)), inherits(lignes, "linelist"), "\\n")',
    )
    rows = found.line_list
    assert rows is not None
    assert said[0].split() == [str(rows.height), str(rows["case"].sum()), str(rows["case"].null_count())]
    kinds = dict(zip(rows.columns, said[1].split(), strict=True))
    assert {kinds[name] for name in ("event", "reported", "period")} == {"Date"}
    assert {kinds[name] for name in ("status", "grounded", "place", "age_class")} == {"factor"}
    assert (kinds["case"], kinds["age"], kinds["id"]) == ("logical", "numeric", "character")
    latest, mean, levels = said[2].split()
    assert latest == str(rows["reported"].max())
    assert float(mean) == pytest.approx(rows["age"].mean(), rel=1e-5)
    assert levels == "3"
    if tagged := [line.split()[1:] for line in said if line.startswith("tags")]:
        assert tagged == [["id", "date_reporting", "age", "location", "date_event", "TRUE"]]
