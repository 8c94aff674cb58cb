"""Tables of a series, issued one after the other: no small count follows from all of them together."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array, vstack

from glane.api.aggregate import Aggregated
from glane.disclosure.audit import intervals
from glane.disclosure.layout import sums
from glane.disclosure.register import IssuedTable, read_register
from glane.errors import RecordError, RunError
from glane.records import read_record
from glane.surveillance.record import TableSummary
from test_disclosure_leaving import definition, distinct, left

DAY = datetime.date
LEAST = 11


def visits(num: int, *, days: int, seed: int = 0) -> pl.DataFrame:
    """Documents of some weeks from a Monday on."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(num)], "flu": rng.random(num) < 0.12,
            "day": [DAY(2026, 1, 5) + datetime.timedelta(days=int(day)) for day in rng.integers(0, days, num)],
            "h": rng.choice(["A", "B", "C"], num, p=[0.6, 0.3, 0.1]), "age": rng.integers(0, 90, num),
            "dep": rng.choice(["75", "77", "78", "13", "84", "04"], num, p=[0.4, 0.2, 0.1, 0.2, 0.08, 0.02]),
        }
    )  # fmt: skip


def issued(rows: pl.DataFrame, folder: Path | None, out: Path, **told: Any) -> pl.DataFrame:
    """Make a table of a series, and write it; returns what it told."""
    rule = {"least": LEAST} | ({} if folder is None else {"register": str(folder)})
    _, found = left(rows, definition(**told, disclosure=rule))
    Aggregated(table=found.rows, summary=found.summary, issue=found.issue).write(str(out))
    return found.rows


def truth_of(rows: pl.DataFrame, table: IssuedTable) -> np.ndarray[Any, Any]:
    """The true cases of each row of a table, by what it says that it counts."""
    spans: Mapping[str, Any] = {key.name: key.spans for key in table.keys}
    values = {
        "day": rows["day"].map_elements(datetime.date.toordinal, return_dtype=pl.Int64).to_numpy(), "h": rows["h"].to_numpy(),
        "age": rows["age"].to_numpy(), "dep": rows["dep"].to_numpy(),
    }  # fmt: skip
    found = []
    for row in table.rows:
        inside = rows["flu"].to_numpy().copy()
        for key, at in zip(spans, row, strict=True):
            span, of = spans[key][at], values[key]
            inside &= (
                np.isin(of, span.labels)
                if span.labels
                else np.logical_or.reduce([(of >= low) & (of < high) for low, high in span.ranges])
            )
        found.append(inside.sum())
    return np.array(found)


def exposed(folder: Path, rows: pl.DataFrame) -> list[tuple[int, float]]:
    """Small counts that were suppressed anywhere, and that all tables together tell too well."""
    tables = [read_record(IssuedTable, path) for path in sorted(folder.glob("table-*.json"))]
    parts = sums([one.layout() for one in tables])
    equations, values, targets, small = [], [], [], []
    for table, of in zip(tables, parts, strict=True):
        true = truth_of(rows, table)
        for place, cases in enumerate(table.cases):
            if cases is not None:
                equations.append(of[[place]])
                values.append(float(cases))
            elif 0 < true[place] < LEAST:
                targets.append(of[[place]])
                small.append(int(true[place]))
    assert small
    found = intervals(
        csr_array(vstack(equations, format="csr")), np.array(values), csr_array(vstack(targets, format="csr")),
        width=LEAST, effort="exact",
    )  # fmt: skip
    return [(count, width) for count, width in zip(small, found.widths, strict=True) if width < LEAST - 1e-6]


THREE_WEEKS = {"time": {"column": "day", "last": "2026-01-25"}, "groups": ["h"]}
ONE_YEAR = {"time": {"column": "day", "every": "year", "last": "2026-01-25"}, "groups": ["h"]}
SEVEN_WEEKS: Mapping[str, Any] = {"column": "day", "last": "2026-02-22"}
IN_ALL = {"time": SEVEN_WEEKS | {"every": "year"}}
SERIES: Mapping[str, list[dict[str, Any]]] = {
    "one week more": [
        {"groups": ["h"], "time": {"column": "day", "last": f"2026-02-{day:02d}"}} for day in (1, 8, 15, 22)
    ],
    "the total of one week more": [
        {"groups": ["h"], "time": {"column": "day", "every": "year", "last": f"2026-02-{day:02d}"}} for day in (1, 8, 15)
    ] + [{"groups": ["h"], "time": {"column": "day", "last": "2026-02-15"}}],
    "other classes of age": [
        IN_ALL | {"groups": ["h"], "age": {"column": "age", "classes": [0, low, 65]}} for low in (15, 16, 18)
    ],
    "regions beside departments": [
        IN_ALL | {"place": {"column": "dep", "level": level}, "age": {"column": "age", "classes": [0, 75]}} for level in ("region", "department")
    ],
    "months beside weeks": [
        {"time": SEVEN_WEEKS | {"every": every}, "groups": ["h"]} for every in ("week", "month", "week")
    ],
    "two tables with one key in common": [
        {"time": SEVEN_WEEKS | {"every": "month"}, "groups": ["h"]},
        IN_ALL | {"age": {"column": "age", "classes": [0, 40, 80]}, "groups": ["h"]},
        {"time": SEVEN_WEEKS | {"every": "month"}, "age": {"column": "age", "classes": [0, 40, 80]}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("series", SERIES)
def test_no_small_count_follows_from_all_tables_of_a_series(tmp_path: Path, series: str) -> None:
    """Or it is told how many do: the totals told the weeks between them before anybody asked for these weeks."""
    rows = visits(1500, days=49)
    for number, told in enumerate(SERIES[series]):
        issued(rows, tmp_path / "register", tmp_path / f"out{number}", **told)
    last = TableSummary.model_validate_json((tmp_path / f"out{number}" / "table.json").read_text()).disclosure
    assert last is not None
    found = exposed(tmp_path / "register", rows)
    assert len(found) == last.exposed
    assert found == [] or series == "the total of one week more"


def test_a_week_between_two_totals_is_hidden_before_anybody_asks_for_it(tmp_path: Path) -> None:
    rows = visits(1500, days=49)
    first, second = SERIES["the total of one week more"][:2]
    issued(rows, tmp_path / "register", tmp_path / "first", **first)
    told = issued(rows, tmp_path / "register", tmp_path / "second", **second)
    alone = issued(rows, None, tmp_path / "alone", **second)
    assert alone.filter(pl.col("margin") == "h")["suppressed"].null_count() >= 1
    before = read_record(IssuedTable, tmp_path / "register" / "table-000001.json")
    after = read_record(IssuedTable, tmp_path / "register" / "table-000002.json")
    steps = truth_of(rows, after) - truth_of(rows, before)
    for step, old, new in zip(steps, before.cases, after.cases, strict=True):
        assert not 0 < step < LEAST or old is None or new is None
    assert told["suppressed"].is_not_null().any()


@pytest.mark.parametrize("series", ["one week more", "other classes of age"])
def test_without_the_register_the_same_tables_tell_small_counts(tmp_path: Path, series: str) -> None:
    """The attack works where nothing prevents it."""
    rows = visits(1500, days=49)
    (tmp_path / "register").mkdir()
    for number, told in enumerate(SERIES[series]):
        issued(rows, tmp_path / f"alone{number}", tmp_path / f"out{number}", **told)
        alone = tmp_path / f"alone{number}" / "table-000001.json"
        alone.rename(tmp_path / "register" / f"table-{number + 1:06d}.json")
    assert exposed(tmp_path / "register", rows)


def test_weeks_that_grow_by_late_reports_are_protected_as_they_are_today(tmp_path: Path) -> None:
    rows = visits(1200, days=63, seed=2)
    rng = np.random.default_rng(1)
    came = rows["day"].to_numpy() + rng.geometric(0.3, rows.height).astype("timedelta64[D]")
    for week in range(4, 9):
        last = np.datetime64("2026-01-05") + np.timedelta64(7 * week + 6, "D")
        known = rows.filter(pl.Series(came <= last))
        told = issued(
            known,
            tmp_path / "register",
            tmp_path / f"out{week}",
            groups=["h"],
            time={"column": "day", "last": str(last - np.timedelta64(7, "D"))},  # of later days few are in
        )
        table = read_record(IssuedTable, max((tmp_path / "register").glob("table-*.json")))
        true = truth_of(known, table)
        gone = told["suppressed"].is_not_null().to_numpy()
        assert gone[(true > 0) & (true < LEAST)].all()
    # As if all that was told were told with the counts of today; but for what is hidden now and was told otherwise.
    tables = [read_record(IssuedTable, path) for path in sorted((tmp_path / "register").glob("table-*.json"))]
    parts = sums([one.layout() for one in tables])
    last = tables[-1]
    now = dict(zip(last.layout().names(), last.cases, strict=True))
    equations, values = [], []
    for table, of in zip(tables, parts, strict=True):
        true, documents = truth_of(known, table), truth_of(known.with_columns(flu=True), table)
        for place, (name, cases) in enumerate(zip(table.layout().names(), table.cases, strict=True)):
            is_as_told = (cases, table.documents[place]) == (true[place], documents[place])
            if cases is None or (name in now and now[name] is None and not is_as_told):
                continue
            equations.append(of[[place]])
            values.append(float(true[place]))
    small = np.flatnonzero((truth_of(known, last) > 0) & (truth_of(known, last) < LEAST))
    found = intervals(
        csr_array(vstack(equations, format="csr")),
        np.array(values),
        csr_array(parts[-1][small]),
        width=LEAST,
        effort="exact",
    )
    assert len(small)
    assert (found.widths >= LEAST - 1e-6).all()


def test_a_register_holds_no_suppressed_count(tmp_path: Path) -> None:
    sizes = [837, 4211, 3907, 5303, 619, 4409, 4603, 3803, 743]
    rule = {"least": 1000, "register": str(tmp_path / "register")}
    told = definition(time={"column": "day", "every": "month", "last": "2026-03-31"}, groups=["h"], disclosure=rule)
    raw, found = left(distinct(*sizes), told)
    Aggregated(table=found.rows, summary=found.summary, issue=found.issue).write(str(tmp_path / "out"))
    (path,) = (tmp_path / "register").glob("table-*.json")
    table = read_record(IssuedTable, path)
    assert [one is None for one in table.cases] == found.rows["suppressed"].is_not_null().to_list()
    numbers = set(re.findall(r"\d+", path.read_text()))
    for count in set(raw.filter(found.rows["suppressed"].is_not_null())["model"]):
        assert str(count) not in numbers
    assert path.stat().st_mode & 0o077 == 0


def test_a_table_that_was_issued_already_is_not_issued_again(tmp_path: Path) -> None:
    rows = visits(800, days=21)
    first = issued(rows, tmp_path / "register", tmp_path / "out", **THREE_WEEKS)
    again = issued(rows, tmp_path / "register", tmp_path / "out", **THREE_WEEKS)
    assert again.equals(first)
    assert len(read_register(tmp_path / "register").tables) == 1


def test_a_table_protected_by_an_older_register_is_not_issued(tmp_path: Path) -> None:
    rule = {"least": LEAST, "register": str(tmp_path / "register")}
    rows = visits(800, days=21)
    _, one = left(rows, definition(**THREE_WEEKS, disclosure=rule))
    issued(
        rows,
        tmp_path / "register",
        tmp_path / "other",
        **ONE_YEAR,
    )
    result = Aggregated(table=one.rows, summary=one.summary, issue=one.issue)
    with pytest.raises(RunError, match=r"a table was issued to .* since this one was protected"):
        result.write(str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert len(read_register(tmp_path / "register").tables) == 1


def test_a_damaged_register_is_told_and_nothing_is_issued(tmp_path: Path) -> None:
    rows = visits(800, days=21)
    issued(rows, tmp_path / "register", tmp_path / "out", **THREE_WEEKS)
    path = next((tmp_path / "register").glob("table-*.json"))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RecordError, match="damaged"):
        issued(
            rows,
            tmp_path / "register",
            tmp_path / "other",
            **ONE_YEAR,
        )
    assert not (tmp_path / "other").exists()
