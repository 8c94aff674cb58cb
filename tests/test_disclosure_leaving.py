"""What leaves of a surveillance table with a rule of disclosure: no figure, file or word tells of a suppressed count."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.api.aggregate import Aggregated
from glane.disclosure.audit import intervals
from glane.disclosure.layout import sums
from glane.errors import ConfigError
from glane.settings.table import TableDefinition
from glane.surveillance.counted import table_layout
from glane.surveillance.dimensions import Located, located
from glane.surveillance.figures import Rating
from glane.surveillance.protected import Leaving, leaving
from glane.surveillance.rates import STANDARDS, standard_shares
from glane.surveillance.record import TableSummary
from glane.surveillance.table import SurveillanceTable, surveillance_table
from glane.validation import validated
from test_surveillance import COUNT, documents

DAY = datetime.date
WHOLE = {
    "time": {"column": "day", "every": "month"}, "age": {"column": "age", "classes": [0, 15, 65]}, "groups": ["hospital"],
    "denominator": "documents", "standard": "esp2013", "disclosure": {"least": 11},
}  # fmt: skip
KEYS = ("period", "place", "age", "hospital", "h")
LABELS = ("margin", "period_name", "place_name", "age_class", "incomplete", "suppressed")


def definition(**told: Any) -> TableDefinition:
    return validated(TableDefinition, {"name": "t", "unit": "document", "field": "flu"} | told, place="table")


def made(
    rows: pl.DataFrame, told: TableDefinition, gold: pl.DataFrame | None = None
) -> tuple[SurveillanceTable, Located]:
    found = located(rows, rows.head(0), told)
    standard = None
    if told.standard is not None and told.age is not None:
        standard = standard_shares(told.standard, STANDARDS[told.standard], told.age.classes)
    rating = None if told.denominator is None else Rating(per=told.per, populations=None, standard=standard)
    return surveillance_table(found, told, COUNT, id_column="id", reviewed=gold, rating=rating), found


def summary(told: TableDefinition, found: Located, *, is_corrected: bool) -> TableSummary:
    return TableSummary(
        definition=told, case="flu = true", method="pooled" if is_corrected else None, reviewed=0,
        documents=found.usable.height, failed=0, unplaced=found.unplaced, first_day=found.first_day,
        last_day=found.last_day, places="2024-01-01",
    )  # fmt: skip


def left(rows: pl.DataFrame, told: TableDefinition, gold: pl.DataFrame | None = None) -> tuple[pl.DataFrame, Leaving]:
    """The raw rows, and what leaves."""
    table, found = made(rows, told, gold)
    return table.rows, leaving(
        table.rows,
        table.signals,
        summary(told, found, is_corrected=gold is not None),
        found,
        question=COUNT,
        id_column="id",
        collection=["notes"],
    )


def figures(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in (*KEYS, *LABELS)]


@pytest.mark.parametrize("with_review", [False, True])
def test_a_suppressed_row_tells_no_figure_and_the_others_tell_theirs(with_review: bool) -> None:
    rows, truth = documents(1500)
    raw, found = left(rows, definition(**WHOLE), truth.sample(400, seed=1) if with_review else None)
    told = found.rows
    is_small = ((raw["model"] > 0) & (raw["model"] < 11)) | (
        (raw["documents"] > raw["model"]) & (raw["documents"] - raw["model"] < 11)
    )
    is_gone = told["suppressed"].eq("row").fill_null(False)
    assert is_small.any()
    assert not is_gone.all()
    assert (is_gone | ~is_small).all()
    gone = told.filter(is_gone)
    assert all(gone[name].null_count() == gone.height for name in figures(told))
    kept = told.filter(~is_gone)
    for name in (
        "model",
        "documents",
        "model_rate",
        "model_rate_high",
        *(("estimate", "rate_low") if with_review else ()),
    ):
        assert kept[name].equals(raw.filter(~is_gone)[name]), name
    assert told.filter(pl.col("margin") != "all")["reviewed"].null_count() == told.height - 1
    assert found.summary.disclosure is not None
    assert found.summary.disclosure.suppressed == gone.height
    assert (found.summary.disclosure.narrowest or 11) >= 11


@pytest.mark.parametrize("column", ["model", "others", "estimate"])
def test_no_small_count_follows_from_what_leaves(column: str) -> None:
    """The attack on the rows as they are told, by the sums that anybody knows of."""
    rows, truth = documents(1500)
    told = definition(**WHOLE)
    raw, found = left(rows, told, truth.sample(400, seed=1))
    (parts,) = sums([table_layout(raw, told, located(rows, rows.head(0), told))])
    others = pl.col("documents") - pl.col("model")
    raw, shown = (one.with_columns(others.alias("others")) for one in (raw, found.rows))
    of = "model" if column == "estimate" else column
    small = np.flatnonzero(((raw[of] > 0) & (raw[of] < 11)).to_numpy())
    open_rows = np.flatnonzero(shown[column].is_not_null().to_numpy())
    values = shown[column].cast(pl.Float64).to_numpy()[open_rows]
    one = intervals(parts[open_rows], values, parts[small], width=11, is_whole=column != "estimate", effort="exact")
    assert len(small) or column == "others"
    assert (one.widths >= 11 - 1e-6).all()


def test_a_standardised_rate_leaves_only_where_all_of_its_classes_do() -> None:
    rows, _ = documents(1500)
    raw, found = left(rows, definition(**WHOLE))
    told = found.rows.filter(pl.col("margin") == "hospital")
    parts = found.rows.filter((pl.col("margin") == "age × hospital") & pl.col("age").is_not_null())
    for row in told.iter_rows(named=True):
        is_lost = parts.filter(pl.col("hospital") == row["hospital"])["suppressed"].eq("row").any()
        assert (row["standardised_model_rate"] is None) == is_lost
        if row["suppressed"] == "standardised":
            assert row["model_rate"] is not None
    months = found.rows.filter(pl.col("margin") == "period × hospital")
    assert (months["suppressed"] == "standardised").any()
    weights = STANDARDS["esp2013"]
    assert len(weights)
    assert raw["standardised_model_rate"].null_count() < found.rows["standardised_model_rate"].null_count()


def distinct(*sizes: int) -> pl.DataFrame:
    """Documents by hospital and month whose small counts are numbers that stand nowhere else."""
    rows = []
    for place, num in enumerate(sizes):
        rows.append(
            pl.DataFrame({"flu": [True] * num + [False] * 5000}).with_columns(
                h=pl.lit(f"H{place % 3}"), day=pl.lit(DAY(2026, 1 + place // 3, 15)), age=pl.lit(30)
            )
        )
    return pl.concat(rows).with_row_index("id").with_columns(pl.col("id").cast(pl.String))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_file_and_no_word_holds_a_suppressed_count(tmp_path: Path, language: Any) -> None:
    sizes = [837, 4211, 3907, 5303, 619, 4409, 4603, 3803, 743]
    rows = distinct(*sizes)
    told = definition(
        time={"column": "day", "every": "month"}, groups=["h"], denominator="documents", disclosure={"least": 1000},
        signals={"methods": ["ears_c1", "cusum"], "by": ["h"], "training": 7},
    )  # fmt: skip
    raw, found = left(rows, told)
    result = Aggregated(table=found.rows, summary=found.summary, signals=found.signals, language=language)
    files = result.write(str(tmp_path / "out"))
    assert len(files) == 6
    gone = found.rows["suppressed"].eq("row").fill_null(False)
    hidden = set(raw.filter(gone)["model"]) | set(raw.filter(gone)["documents"])
    assert {837, 619, 743} <= hidden
    rates = {f"{rate:.1f}" for rate in raw.filter(gone)["model_rate"]}
    texts = {path.name: path.read_bytes().decode(errors="replace") for path in (tmp_path / "out").iterdir()}
    texts["said"] = str(result)
    for name, text in texts.items():
        plain = text.replace(",", "").replace("\u202f", "").replace("\u00a0", "")
        numbers = set(re.findall(r"(?<![\d.#])\d+(?![\d.])", plain))
        assert not {str(count) for count in hidden} & numbers, name
        for rate in rates:
            assert rate not in text, (name, rate)
    read = pl.read_parquet(tmp_path / "out" / "table.parquet")
    assert read.filter(gone)["model"].null_count() == gone.sum()
    signals = pl.read_parquet(tmp_path / "out" / "signals.parquet")
    assert not hidden & set(signals["model"].drop_nulls())


def test_a_signal_is_not_told_once_a_suppressed_count_is_behind_it() -> None:
    rng = np.random.default_rng(2)
    days = [DAY(2026, 1, 5) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 7 * 26, 9000)]
    rows = pl.DataFrame({"day": days, "flu": rng.random(9000) < 0.1, "h": rng.choice(["A", "B"], 9000, p=[0.9, 0.1])})
    rows = rows.with_row_index("id").with_columns(pl.col("id").cast(pl.String))
    told = definition(
        time={"column": "day"}, groups=["h"], disclosure={"least": 11}, signals={"methods": ["ears_c2"], "by": ["h"]}
    )
    table, located_rows = made(rows, told)
    found = leaving(
        table.rows,
        table.signals,
        summary(told, located_rows, is_corrected=False),
        located_rows,
        question=COUNT,
        id_column="id",
        collection=["notes"],
    )
    assert table.signals is not None
    assert found.signals is not None
    of_b = found.signals.filter(pl.col("h") == "B")
    assert of_b["reason"].eq("suppressed").any()
    first = of_b["reason"].to_list().index("suppressed")
    after = of_b[first:]
    for name in ("expected", "upper", "signal", "probability"):
        assert after[name].null_count() == after.height, name
    gone = found.rows.filter(
        (pl.col("h") == "B") & (pl.col("margin") == "period × h") & pl.col("suppressed").is_not_null()
    )
    assert of_b.filter(pl.col("period").is_in(gone["period"].implode()))["model"].null_count() == gone.height
    of_all = found.signals.filter(pl.col("h").is_null())
    assert of_all["signal"].count() == table.signals.filter(pl.col("h").is_null())["signal"].count()


def test_a_total_that_is_too_small_is_told_nowhere(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": [str(i) for i in range(40)], "flu": [i < 7 for i in range(40)], "h": ["A", "B"] * 20})
    _, found = left(rows, definition(groups=["h"], denominator="documents", disclosure={"least": 11}))
    assert found.rows["suppressed"].eq("row").all()
    assert (found.summary.documents, found.summary.reviewed) == (None, None)
    result = Aggregated(table=found.rows, summary=found.summary)
    assert "The total is suppressed" in str(result)
    result.write(str(tmp_path / "out"))
    assert "Nombre de cas masqué" in (tmp_path / "out" / "report.html").read_text()


def test_documents_without_a_date_are_not_told_by_a_note() -> None:
    rows, _ = documents(600)
    rows = rows.with_columns(pl.when(pl.int_range(pl.len()) >= 7).then(pl.col("day")).alias("day"))
    _, found = left(rows, definition(time={"column": "day", "every": "month"}, disclosure={"least": 11}))
    assert found.summary.unplaced.without_date is None
    assert "no date" not in str(Aggregated(table=found.rows, summary=found.summary))
    assert found.rows.filter((pl.col("margin") == "period") & pl.col("period").is_null())["documents"].item() is None


def test_without_a_rule_everything_is_told_and_the_page_says_so(tmp_path: Path) -> None:
    rows, _ = documents(300)
    raw, found = left(rows, definition(groups=["hospital"]))
    assert found.rows.equals(raw)
    Aggregated(table=found.rows, summary=found.summary).write(str(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Aucune règle de confidentialité" in page
    assert (
        "disclosure" not in TableSummary.model_validate_json((tmp_path / "out" / "table.json").read_text()).as_values()
    )


def test_signals_of_changed_counts_are_refused() -> None:
    with pytest.raises(ConfigError, match="signals: there are none of counts that are changed"):
        definition(
            time={"column": "d"}, signals={"methods": ["cusum"]}, disclosure={"least": 5, "method": "round", "base": 5}
        )


def test_a_run_is_aggregated_under_a_rule(tmp_path: Path) -> None:
    days = [DAY(2026, 1, 1) + datetime.timedelta(days=3 * i) for i in range(60)]
    pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(60)],
            "text": [f"note {i}" for i in range(60)],
            "seen": days,
            "dep": ["01", "2A", "75"] * 20,
        }
    ).write_parquet(tmp_path / "d.parquet")
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run"))
    told = {
        "name": "t", "unit": "document", "field": "fever", "time": {"column": "seen", "every": "month"},
        "place": {"column": "dep"}, "disclosure": {"least": 5},
    }  # fmt: skip
    found = glane.aggregate(tmp_path / "run", told, out_dir=str(tmp_path / "out"))
    assert found.table["suppressed"].eq("row").any()
    small = (found.table["model"] > 0) & (found.table["model"] < 5)
    assert not small.any()
    assert "rows are suppressed: counts below 5" in str(found)


@pytest.mark.parametrize(
    ("hospitals", "hidden"),
    [
        ({"A": (60, 200, 0, 0), "B": (0, 150, 2, 0), "C": (30, 150, 0, 0)}, "B"),  # the model missed both
        ({"A": (60, 200, 0, 0), "B": (14, 150, 0, 11), "C": (30, 150, 0, 0)}, "B"),  # three of its fourteen are true
        ({"A": (60, 200, 0, 0), "B": (80, 20, 15, 0), "C": (30, 150, 0, 0)}, "B"),  # five of a hundred are no case
        ({"A": (60, 200, 0, 0), "B": (0, 150, 0, 0), "C": (12, 150, 0, 2)}, "C"),
    ],
)
def test_a_corrected_count_is_under_the_rule_where_that_of_the_model_is_not(
    hospitals: dict[str, tuple[int, int, int, int]], hidden: str
) -> None:
    """Of each hospital: cases by the model, others, and how many it missed and took for one; all are reviewed."""
    rows, right = [], []
    for h, (cases, others, missed, false) in hospitals.items():
        for i in range(cases + others):
            rows.append((f"{h}{i}", i < cases, h))
            right.append((f"{h}{i}", false <= i < cases + missed))
    notes = pl.DataFrame(rows, schema=["id", "flu", "h"], orient="row")
    gold = pl.DataFrame(right, schema=["id", "flu"], orient="row")
    told = definition(groups=["h"], denominator="documents", disclosure={"least": 11})
    raw, found = left(notes, told, gold)
    estimate = raw["estimate"].to_numpy()
    of_hidden = (raw["h"] == hidden).fill_null(value=False)
    assert found.rows.filter(of_hidden)["estimate"].null_count() == 1
    assert found.rows.filter(of_hidden)["model_rate"].null_count() == 1
    (parts,) = sums([table_layout(raw, told, located(notes, notes.head(0), told))])
    is_open = np.flatnonzero(found.rows["estimate"].is_not_null().to_numpy())
    one = intervals(
        parts[is_open], estimate[is_open], parts[np.flatnonzero(of_hidden.to_numpy())], width=11, is_whole=False, effort="exact"
    )  # fmt: skip
    assert (one.widths >= 11 - 1e-6).all()


def test_no_corrected_count_below_the_least_leaves() -> None:
    rows, truth = documents(1500)
    _, found = left(rows, definition(**WHOLE), truth.sample(400, seed=1))
    told = found.rows["estimate"].drop_nulls()
    rest = (found.rows["documents"] - found.rows["estimate"]).drop_nulls()
    assert len(told)
    assert not ((told > 1e-6) & (told < 11)).any()
    assert not ((rest > 1e-6) & (rest < 11)).any()


def weeks(*more: tuple[int, str | None, int, int], unknown_from: int = 14) -> pl.DataFrame:
    """Twenty weeks of two hospitals, some documents of none from a week on, and `more` by week, hospital and cases."""
    of = [(week, h, 30 + week % 5, 90) for week in range(20) for h in ("A", "B")]
    of += [(week, None, 3, 40) for week in range(unknown_from, 20)]
    rows = [
        (DAY(2026, 1, 6) + datetime.timedelta(days=7 * week), h, i < cases)
        for week, h, cases, others in [*of, *more]
        for i in range(cases + others)
    ]
    found = pl.DataFrame(rows, schema={"day": pl.Date, "h": pl.String, "flu": pl.Boolean}, orient="row")
    return found.with_columns(id=pl.int_range(pl.len()).cast(pl.String), dep=pl.lit("75"))


@pytest.mark.parametrize("by", [["h"], ["h", "place"]])
@pytest.mark.parametrize("more", [(), ((20, None, 3, 40), (20, "A", 2, 40))])
@pytest.mark.parametrize("unknown_from", [0, 14])
def test_each_signal_leaves_once_and_only_its_own_series_is_cut(by: list[str], more: Any, unknown_from: int) -> None:
    rows = weeks(*more, unknown_from=unknown_from)
    told = definition(
        time={"column": "day"}, groups=["h"], place={"column": "dep", "only": ["75"]}, disclosure={"least": 11},
        signals={"methods": ["ears_c1", "cusum"], "by": by, "training": 7},
    )  # fmt: skip
    whole = made(rows, told)[0].signals
    _, found = left(rows, told)
    assert whole is not None
    assert found.signals is not None
    at = ["method", *by, "period"]
    assert found.signals.select(at).equals(whole.select(at))
    of_all = found.rows.filter(pl.col("margin") == "period")
    first = of_all.filter(pl.col("suppressed") == "row")["period"].min()
    series = pl.all_horizontal(pl.col(key).is_null() for key in by)
    before = series if first is None else series & (pl.col("period") < first)
    assert found.signals.filter(before)["signal"].equals(whole.filter(before)["signal"])
    assert found.signals.filter(before)["reason"].equals(whole.filter(before)["reason"])
    if first is not None:
        assert found.signals.filter(series & (pl.col("period") >= first))["expected"].null_count() == len(
            found.signals.filter(series & (pl.col("period") >= first))
        )


@pytest.mark.parametrize("rule", [{"least": 11}, {"least": 11, "method": "round", "base": 11}])
@pytest.mark.parametrize("lone", [DAY(2025, 11, 3), DAY(2026, 12, 24), None])
def test_the_day_of_a_document_alone_in_its_period_is_not_told(
    rule: dict[str, Any], lone: datetime.date | None
) -> None:
    rows = weeks(unknown_from=20)
    if lone is not None:
        rows = pl.concat([rows, rows.head(1).with_columns(day=pl.lit(lone), id=pl.lit("lone"))])
    _, found = left(rows, definition(time={"column": "day"}, groups=["h"], disclosure=rule))
    told, is_exact = found.summary, "method" not in rule
    assert lone not in (told.first_day, told.last_day) or lone is None
    if lone is None:
        assert (told.first_day is not None, told.last_day is not None) == (is_exact, is_exact)
