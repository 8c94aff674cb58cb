"""One register, one series: the same case in other words, another case, unit, column or collection, and open periods."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glane.api.aggregate import Aggregated
from glane.assess.estimate.question import Question
from glane.conditions import canonical
from glane.disclosure.register import read_register
from glane.errors import ConfigError
from glane.surveillance.protected import Leaving, leaving
from test_disclosure_leaving import definition, made, summary

DAY, LEAST = datetime.date, 11
YEAR = {"column": "day", "every": "year", "last": "2026-01-31"}


def notes(*of: tuple[DAY, str, int, int]) -> pl.DataFrame:
    """Of each day and hospital: cases and others."""
    rows = [(day, h, i < cases) for day, h, cases, others in of for i in range(cases + others)]
    found = pl.DataFrame(rows, schema=["day", "h", "flu"], orient="row")
    return found.with_columns(id=pl.int_range(pl.len()).cast(pl.String), other=pl.col("h"), who=pl.int_range(pl.len()))


JANUARY = notes((DAY(2026, 1, 6), "75", 20, 60), (DAY(2026, 1, 13), "13", 40, 60), (DAY(2026, 1, 20), "75", 12, 60))


def issued(
    rows: pl.DataFrame, folder: Path, *, case: str | None = None, collection: Sequence[str] = ("/notes",), **told: Any
) -> Leaving:
    rule = {"least": LEAST, "register": str(folder / "register")}
    of = definition(**({"time": YEAR} | told), disclosure=rule)
    table, found = made(rows, of)
    asked = Question(what="count", field="flu", case=case, population="run")
    left = leaving(
        table.rows, table.signals, summary(of, found, is_corrected=False), found, question=asked, id_column="id",
        collection=collection,
    )  # fmt: skip
    Aggregated(table=left.rows, summary=left.summary, issue=left.issue).write(str(folder / "out"))
    return left


@pytest.mark.parametrize("time", [None, {"column": "day"}, {"column": "day", "every": "month", "first": "2026-01-01"}])
def test_a_series_needs_the_day_until_which_documents_are_in(time: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"time\.last is needed: the day until which documents are in"):
        definition(time=time, groups=["h"], disclosure={"least": LEAST, "register": str(tmp_path)})


@pytest.mark.parametrize("every", ["month", "quarter", "year", "week"])
@pytest.mark.parametrize("last", ["2026-01-31", "2026-12-31"])
def test_what_a_period_that_is_not_over_grew_by_is_a_count_of_its_own(tmp_path: Path, every: str, last: str) -> None:
    """A table of January until the 13th, then until the 20th: two cases lie between. A later time.last changes nothing."""
    before = notes((DAY(2026, 1, 12), "75", 20, 40), (DAY(2026, 1, 13), "75", 25, 40))
    day = DAY(2026, 1, 20) if every != "week" else DAY(2026, 1, 15)
    after = pl.concat([before, notes((day, "75", 2, 40)).with_columns(id=pl.lit("new") + pl.col("id"))])
    time = {"column": "day", "every": every, "last": last}
    first = issued(before, tmp_path, time=time).rows
    assert first.filter(pl.col("margin") == "all")["model"].item() == 45
    second = issued(after, tmp_path, time=time).rows
    assert second.filter(pl.col("margin") == "all")["model"].item() is None
    assert not (second["model"] == 47).any()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("fever AND cough", "cough AND fever"),
        ("fever AND cough", "(cough)  AND (fever)"),
        ("fever OR (cough OR cold)", "(cold OR fever) OR cough"),
        (None, "flu"),
        (None, "flu = true"),
        ("score > 3", "3 < score"),
        ("flu IS TRUE", "true = flu"),
    ],
)
def test_the_same_case_in_other_words_is_of_the_same_series(tmp_path: Path, first: str | None, second: str) -> None:
    issued(JANUARY, tmp_path, case=first)
    found = issued(JANUARY, tmp_path, case=second, groups=["h"])
    assert found.summary.disclosure is not None
    assert found.summary.disclosure.earlier_rows == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fever AND cough", "fever OR cough"),
        ("score > 3", "score < 3"),
        ("flu", "flu = false"),
        ("a - b > 0", "b - a > 0"),
        ("flu", "flu = 'true'"),
        ("a AND (b OR c)", "(a AND b) OR c"),
        ("NOT a AND b", "NOT (a AND b)"),
        ("a IN (1, 2)", "a IN (1, 3)"),
    ],
)
def test_cases_that_differ_have_two_forms(one: str, other: str) -> None:
    assert canonical(one, place="case") != canonical(other, place="case")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"case": "rsv"}, "cases that are"),
        ({"case": "flu AND fever"}, "cases that are"),
        ({"unit": "person", "person": ["who"]}, "by the unit document, and this one person who"),
        ({"unit": "event", "links": "links"}, "by the unit document, and this one event"),
        ({"collection": ["/others"]}, "documents of /notes, and this one /others"),
    ],
)
def test_another_case_unit_or_collection_needs_a_register_of_its_own(
    tmp_path: Path, told: dict[str, Any], words: str
) -> None:
    issued(JANUARY, tmp_path)
    (tmp_path / "out" / "report.html").unlink()
    with pytest.raises(ConfigError, match=f"{words}(.|\n)*nothing protects across registers"):
        issued(JANUARY, tmp_path, **told)
    assert len(read_register(tmp_path / "register").tables) == 1
    assert not (tmp_path / "out" / "report.html").exists()


def test_folders_may_be_added_to_a_collection(tmp_path: Path) -> None:
    issued(JANUARY, tmp_path, collection=["/notes/1"])
    issued(JANUARY, tmp_path, collection=["/notes/1", "/notes/2"], groups=["h"])
    issued(JANUARY, tmp_path, collection=["/notes/2"], place={"column": "other"})
    assert len(read_register(tmp_path / "register").tables) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"place": {"column": "h"}}, {"groups": ["h"]}),
        ({"groups": ["h"]}, {"place": {"column": "h", "level": "region"}}),
        ({"place": {"column": "h"}}, {"place": {"column": "h", "codes": "region", "level": "region"}}),
        ({"age": {"column": "who", "classes": [0, 40]}}, {"groups": ["who"]}),
    ],
)
def test_a_column_is_taken_for_one_thing_in_all_tables(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    rows = JANUARY.filter(pl.col("who") < 130)
    issued(rows, tmp_path, **first)
    with pytest.raises(ConfigError, match="could not be known for the same"):
        issued(rows, tmp_path, **second)


def test_places_of_two_columns_are_two_keys(tmp_path: Path) -> None:
    """By residence, then by hospital: the second is told as if the register were empty, for nothing is known of it."""
    residence = notes(
        (DAY(2026, 1, 6), "75", 50, 120), (DAY(2026, 1, 6), "13", 20, 60), (DAY(2026, 1, 6), "84", 15, 100)
    )
    places = pl.when(pl.col("who") < 120).then(pl.lit("13")).otherwise(pl.lit("75"))
    rows = residence.with_columns(other=places)
    one = issued(rows, tmp_path, place={"column": "h"}).rows
    two = issued(rows, tmp_path, place={"column": "other"}).rows
    alone = issued(rows, tmp_path / "alone", place={"column": "other"}).rows
    assert one.filter(pl.col("place") == "84")["model"].to_list() == [15, 15]
    assert two.filter(pl.col("place") == "84")["model"].to_list() == [0, 0]
    assert two.equals(alone)
    names = [[key.name for key in table.keys] for table in read_register(tmp_path / "register").tables]
    assert names == [["day", "h"], ["day", "other"]]
