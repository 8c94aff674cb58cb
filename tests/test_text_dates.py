"""Dates as text are told before anything is ordered by them, and a file of another kind is told as such."""

from pathlib import Path

import polars as pl
import pytest

from conftest import make_settings
from glane.corpus.files import inspect_files
from glane.corpus.text_dates import refuse_day_first, text_date_lines
from glane.errors import DataError
from glane.extraction.prepare import checked_files
from glane.task.task import load_task

DAY_FIRST = {
    "slashes": ["07/01/2025", None, "15/02/2025"],
    "points": ["7.1.25", "15.02.2025", "1.1.2025"],
    "hyphens": ["07-01-2025 08:30", "15-02-2025 09:00", None],
    "some": ["unknown", "07/01/2025", "?"],
}
OTHER = {
    "iso": ["2025-01-07", None, "2025-02-15"],
    "letters": ["a", "b", "c"],
    "numbers": ["1.5", "2.25", "10/20"],
    "none": [None, None, None],
    "whole": [3, 1, 2],
}


def given(folder: Path, columns: dict[str, list[object]]) -> Path:
    path = folder / "d.parquet"
    rows = {"id": [1, 2, 3], "text": ["a", "b", "c"], "patient": ["p", "p", "q"], **columns}
    pl.DataFrame(rows, strict=False).write_parquet(path)
    return path


@pytest.mark.parametrize("name", [*DAY_FIRST, *OTHER])
def test_documents_are_not_ordered_by_days_first(tmp_path: Path, name: str) -> None:
    path = given(tmp_path, {**DAY_FIRST, **OTHER})
    settings = make_settings(path, tmp_path / "run", data__group_by="patient", data__order_by=name)
    if name in DAY_FIRST:
        with pytest.raises(DataError, match=rf"data\.order_by: column '{name}' .*str\.to_date") as raised:
            checked_files(str(path), settings.data, load_task(settings.task))
        assert "07" not in str(raised.value).replace(str(path), "")
    elif name != "none":
        checked_files(str(path), settings.data, load_task(settings.task))


def test_a_dictionary_of_texts_is_looked_at_as_well(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    rows = pl.DataFrame({"id": [1, 2], "text": ["a", "b"], "day": ["07/01/2025", "01/02/2025"]})
    rows.with_columns(pl.col("day").cast(pl.Categorical)).write_parquet(path)
    with pytest.raises(DataError, match="holds dates as text"):
        refuse_day_first(inspect_files(str(path), id_column="id", text_column="text"), "day", setting="data.order_by")


def test_carried_dates_as_text_are_told_before_the_extraction(tmp_path: Path) -> None:
    path = given(tmp_path, {**DAY_FIRST, **OTHER})
    files = inspect_files(str(path), id_column="id", text_column="text")
    lines = text_date_lines(files, ["patient", *DAY_FIRST, *OTHER])
    assert [line.split("'")[1] for line in lines] == ["slashes", "points", "hyphens", "iso"]
    assert all("str.to_date" in line for line in lines)


@pytest.mark.parametrize("odd", ["a.parquet", "z.parquet"])
@pytest.mark.parametrize("columns", [{"id": [1], "fever": [True]}, {"note": ["x"]}, {"text": ["x"]}])
def test_a_file_of_another_kind_is_told_as_such(tmp_path: Path, odd: str, columns: dict[str, list[object]]) -> None:
    pl.DataFrame({"id": [1], "text": ["a"], "more": [2]}).write_parquet(tmp_path / "m.parquet")
    pl.DataFrame(columns).write_parquet(tmp_path / odd)
    with pytest.raises(
        DataError, match=rf"{odd}: no column '(id|text)': this file has other columns than .*m\.parquet"
    ):
        inspect_files(str(tmp_path / "*.parquet"), id_column="id", text_column="text")
