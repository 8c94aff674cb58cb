"""Texts that a spreadsheet would compute are guarded, and nothing else is."""

import polars as pl
import pytest

from glane.spreadsheets import guarded, without_formulas

FORMULAS = ["=1+1", "+33 6", "-3", "-", "@SUM(1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK('x')", "\uff1d1"]
TEXTS = ["", "3", "toux", " =1", "a=1", "'=1", "39,5-40", "é"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_guarded(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", TEXTS)
def test_other_texts_are_left_alone(text):
    assert guarded(text) == text


def test_a_table_is_guarded_as_its_texts_are():
    texts = [*FORMULAS, *TEXTS, None]
    numbers = [-3.5] * len(texts)
    table = pl.DataFrame({"=id": texts, "number": numbers, "whole": pl.Series([-3] * len(texts)), "other": texts})
    for found in (without_formulas(table), without_formulas(table.lazy()).collect()):
        expected = [None if text is None else guarded(text) for text in texts]
        assert found["=id"].to_list() == found["other"].to_list() == expected
        assert found["number"].to_list() == numbers
        assert found.schema == table.schema
    assert '"' not in without_formulas(table).select("whole").write_csv()


def test_a_table_without_text_stays_as_it_is():
    table = pl.DataFrame({"a": [-1, 2]})
    assert without_formulas(table).equals(table)
