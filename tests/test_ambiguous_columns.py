"""What can be read in two ways stays text and is told with what decides; what can be read in one way is read."""

import datetime

import polars as pl
import pytest

from glane.errors import ConfigError
from glane.tables.advice import conversion_command
from glane.tables.convert import convert
from glane.tables.options import TableOptions
from test_delimited import delimited, made, refused
from workbooks import write_xlsx


def column(tmp_path, cells, separator=";", other=None, **options):
    """The column `c` of a file of these cells, and what was told of it. `other` are the cells of a column beside it."""
    other = other or ["x"] * len(cells)
    rows = [["i", "c", "other"], *([f"k{i}", cell, beside] for i, (cell, beside) in enumerate(zip(cells, other)))]
    frame, shape = made(tmp_path, delimited(rows, separator), **options)
    return frame["c"], " ".join(note for note in shape.notes if "'c'" in note or note.endswith(": c"))


@pytest.mark.parametrize("separator", [";", "\t", ",", "|"])
@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1.250", "2.300"], "point"),
        (["-1.250", "850", "2.300"], "point"),
        (["1.250", "12500"], "point"),
        (["1,250", "2,300"], "comma"),
        (["999,999", "3"], "comma"),
    ],
)
def test_a_number_of_three_digits_behind_its_sign_is_not_guessed(tmp_path, separator, cells, sign):
    found, said = column(tmp_path, cells, separator)
    assert found.to_list() == cells
    assert f"have a {sign} before three digits" in said
    assert f"data.thousands={sign} or data.decimal={sign} says which" in said
    assert not any(cell in said for cell in cells if len(cell) > 3)


@pytest.mark.parametrize(
    ("cells", "options", "values"),
    [
        (["1.250", "2.300"], {"decimal": "point"}, [1.25, 2.3]),
        (["1.250", "2.300"], {"thousands": "."}, [1250, 2300]),
        (["1.250", "2.300"], {"decimal": ","}, [1250, 2300]),
        (["1.250", "850"], {"thousands": "point"}, [1250, 850]),
        (["1.250", "3,5"], {"thousands": "point"}, [1250.0, 3.5]),
        (["1,250", "2,300"], {"decimal": "comma"}, [1.25, 2.3]),
        (["1,250", "2,300"], {"thousands": "comma"}, [1250, 2300]),
        (["1,250", "2,300"], {"decimal": "."}, [1250, 2300]),
        (["1.250", "2.300"], {"thousands": "space"}, [1.25, 2.3]),
        (["732 829 320", "1 250"], {"thousands": "space"}, [732829320, 1250]),
        (["1 250.5", "7"], {"decimal": "."}, [1250.5, 7.0]),
    ],
)
def test_what_is_told_decides(tmp_path, cells, options, values):
    found, _ = column(tmp_path, cells, **options)
    assert found.to_list() == values
    assert found.dtype == (pl.Float64 if isinstance(values[0], float) else pl.Int64)


@pytest.mark.parametrize(
    ("cells", "values", "said"),
    [
        (["1 250,50", "12,5", "3"], [1250.5, 12.5, 3.0], "spaces between thousands and a decimal comma"),
        (["1\u202f250,50", "1 250 000,1"], [1250.5, 1250000.1], "decimal comma"),
        (["1\u00a0250", "12\u202f000", "-3"], [1250, 12000, -3], "spaces between thousands"),
        (["1 250", "12,50"], [1250.0, 12.5], "decimal comma"),
        (["12500", "12 500,5"], [12500.0, 12500.5], "decimal comma"),
        (["1 250.5", "3"], [1250.5, 3.0], "decimal point"),
        (["1.250,50", "2.300"], [1250.5, 2300.0], "points between thousands"),
        (["1.234.567", "2.300"], [1234567, 2300], "points between thousands"),
        (["1,250.50", "-2,300.25"], [1250.5, -2300.25], "commas between thousands"),
        (["1.250", "0.5"], [1.25, 0.5], "decimal point"),
        (["1.250", "12.5"], [1.25, 12.5], "decimal point"),
        (["1,250", "12,5"], [1.25, 12.5], "decimal comma"),
    ],
)
def test_what_can_be_read_in_one_way_is_read(tmp_path, cells, values, said):
    found, told = column(tmp_path, cells)
    assert found.to_list() == values
    assert said in told
    assert found.dtype == (pl.Float64 if isinstance(values[0], float) else pl.Int64)


def test_coordinates_with_points_say_nothing_of_amounts(tmp_path):
    """A file of semicolons is of a place where points stand between thousands, whatever a machine wrote beside."""
    cells, said = column(tmp_path, ["1.250", "2.300"], other=["48.8566", "2.3522"])
    assert cells.to_list() == ["1.250", "2.300"]
    assert "data.decimal=point" in said


def test_decimal_commas_beside_decide_for_commas_and_points_between_commas(tmp_path):
    assert column(tmp_path, ["3,250", "2,980"], other=["12,5", "7,5"])[0].to_list() == [3.25, 2.98]
    assert column(tmp_path, ["3.250", "2.980"], ",", other=["12.5", "7.5"])[0].to_list() == [3.25, 2.98]
    assert column(tmp_path, ["3.250", "2.980"], other=["12,5", "7,5"])[0].to_list() == ["3.250", "2.980"]


def test_of_as_many_points_as_commas_the_comma_is_decimal_between_semicolons(tmp_path):
    for separator, commas, points in ((";", pl.Float64, pl.String), ("\t", pl.String, pl.Float64)):
        frame, shape = made(tmp_path, delimited([["a", "b"], ["1,5", "1.5"], ["2,5", "2.5"]], separator))
        assert frame.schema == {"a": commas, "b": points}
        assert "the file has the other sign" in " ".join(shape.notes)
        assert f"data.decimal={'point' if separator == ';' else 'comma'}" in " ".join(shape.notes)


def test_one_sign_is_not_both(tmp_path):
    assert "data.thousands=space" in conversion_command("a.csv", TableOptions(thousands=" "))
    refused(tmp_path, "a;b\n1;2\n", "one sign", error=ConfigError, decimal="comma", thousands=",")
    refused(tmp_path, "a;b\n1;2\n", "data.thousands", "comma, point, space", error=ConfigError, thousands="dot")


_FRENCH = [f"{day:02d}/02/2024" for day in (1, 2, 3, 5, 8, 9, 10, 11, 12, 4)]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([*_FRENCH, "02/13/2024"], "only 1 of 11 cells show"),
        ([*_FRENCH, "02/13/2024", "13/02/2024"], "1 cells have the day first and 1 the month first: mend them"),
        ([*_FRENCH, "13/02/2024"], "only 1 of 11 cells show"),
        ([*_FRENCH * 3, "02/13/2024", "02/14/2024"], "only 2 of 32 cells show"),
        (["13/02/2024", "02/13/2024"], "1 cells have the day first and 1 the month first"),
        (["02/13/2024"], "only 1 of 1 cells show"),
        (_FRENCH, "no cell shows"),
    ],
)
def test_few_or_contradictory_days_do_not_turn_a_column(tmp_path, cells, said):
    found, told = column(tmp_path, cells)
    assert found.to_list() == cells
    assert said in told
    assert ("data.dates=day_first or month_first" in told) is ("mend them" not in told)
    assert "2024" not in told


def test_enough_days_show_the_order_and_it_can_be_told(tmp_path):
    cells = [*_FRENCH, "13/02/2024", "14/02/2024", "29/02/2024"]
    found, told = column(tmp_path, cells)
    assert found[0] == datetime.date(2024, 2, 1)
    assert "day/month/year" in told
    assert column(tmp_path, _FRENCH, dates="day_first")[0].dtype == pl.Date
    found, told = column(tmp_path, [*_FRENCH, "02/13/2024"], dates="day_first")
    assert found.dtype == pl.String
    assert "1 of 11 cells are no dates with the day first" in told


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1,5", "2.5", "3"], "1 have a point and 1 a comma"),
        (["1.250", "3,5"], "1 have a point and 1 a comma"),
        (["12,5 %", "3 %", "40"], "2 of 3 cells are numbers with a sign such as % or €"),
        (["12,50\u00a0€", "1 250,00 €"], "2 of 2 cells are numbers with a sign"),
        (["14:30", "9:05", "23:59:01"], "3 of 3 cells are times of day or durations"),
        (["14h30", "9h05"], "2 of 2 cells are times of day"),
        (["13/02/24", "14/02/24"], "2 of 2 cells are dates whose years have two digits"),
        (["+5", "-3", "+2,5"], "2 of 3 cells are numbers with a plus in front"),
        (["1 250", "2 300"], "2 of 2 cells have spaces between groups of three digits"),
        (["732 829 320", "552 100 554"], "data.thousands=space says that they are numbers"),
        (["0012", "12,5"], "not all written in one way"),
        (["12345678901234567890", "1"], "more digits than are kept"),
        (["12", "<5", "7"], "1 of 3 cells are no whole numbers"),
        (["12", "15", "Total"], "the last row alone, which may be one of totals"),
        (["12,5", "Total", "7,5"], "1 of 3 cells are no numbers with a decimal comma"),
        (["12", "ND", "7"], "data.null_values=[NA] says so"),
    ],
)
def test_what_looks_like_numbers_or_dates_is_told_why_it_stays_text(tmp_path, cells, said):
    found, told = column(tmp_path, cells)
    assert found.to_list() == cells
    assert "'c' stays text" in told
    assert said in told
    assert "Total" not in told


def test_words_and_codes_are_no_news(tmp_path):
    for cells in (["fièvre", "toux", "3"], ["J18.9", "A01"], ["06 12 34 56 78", "01 02 03 04 05"], ["a", ""]):
        assert column(tmp_path, cells)[1] == ""


@pytest.mark.parametrize("word", ["Total", "TOTAL :", "Totaux", "Total général", "sous-total"])
def test_a_last_row_of_totals_is_told_also_where_no_column_is_hurt(tmp_path, word):
    for at, is_told in ((3, True), (2, False)):
        rows = [["id", "n"], ["a1", "2"], ["a2", "3"], ["a3", "4"]]
        rows[at][0] = word
        _, shape = made(tmp_path, delimited(rows))
        assert any("one of totals" in note for note in shape.notes) is is_told
        assert "néral" not in " ".join(shape.notes)
    for word in ("totalement guéri", "total", "La fièvre totale"):
        rows[3][0] = word
        told = any("one of totals" in note for note in made(tmp_path, delimited(rows))[1].notes)
        assert told is (word == "total")


def test_a_row_of_totals_of_a_workbook_is_told_without_options_that_it_does_not_take(tmp_path):
    rows = [
        ["id", "n", "w", "p"],
        *([i, i * 2, "1 250,50", "1.250"] for i in range(1, 5)),
        ["Total", 20, "5,5", "2.300"],
    ]
    shape = convert(write_xlsx(tmp_path / "a.xlsx", {"f": rows}), tmp_path / "a.parquet", options=TableOptions())
    said = " ".join(shape.notes)
    assert "column 'id' stays text: 1 of 5 cells are no whole numbers: the last row alone" in said
    assert "'w' stays text: its cells are texts that read as numbers with spaces between thousands" in said
    assert "'p' stays text: 5 of 5 cells have a point before three digits" in said
    assert "data." not in said
    assert pl.read_parquet(tmp_path / "a.parquet")["n"].to_list() == [2, 4, 6, 8, 20]
