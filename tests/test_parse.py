"""Completions are judged strictly, and reasons never quote a value."""

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import SMALL_TASK
from glane.reading.parse import parse
from glane.task.arrow import columns, row_values
from glane.task.task import load_task
from glane.types import Completion, Status

TASK = load_task(SMALL_TASK)
FIELDS = TASK.fields
GOOD = {
    "age": 4, "sex": "F", "onset": "2024-03", "seen": "2024-02-29", "note": "é \" \\ \n", "temperature": 38.5,
    "fever": None, "cases": [{"place": "Lyon", "when": "2024-01-01"}],
}  # fmt: skip


def judged(answer, finish_reason="stop"):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    completion = Completion(text=text, finish_reason=finish_reason, num_prompt_tokens=3, num_output_tokens=5)
    return parse(completion, FIELDS)


def values_of(result):
    return row_values(result.found, columns(TASK))


def test_a_right_answer_becomes_typed_values():
    result = judged(GOOD)
    assert result.status == Status.OK
    values = values_of(result)
    assert values["seen"] == datetime.date(2024, 2, 29)
    assert (values["onset"], values["onset__precision"]) == (datetime.date(2024, 3, 1), "month")
    assert values["cases"] == [{"place": "Lyon", "when": datetime.date(2024, 1, 1)}]


@pytest.mark.parametrize(
    ("onset", "date", "precision"),
    [
        ("2024", datetime.date(2024, 1, 1), "year"),
        ("2024-11", datetime.date(2024, 11, 1), "month"),
        ("2024-11-30", datetime.date(2024, 11, 30), "day"),
        (None, None, None),
    ],
)
def test_partial_dates_keep_their_precision(onset, date, precision):
    values = values_of(judged({**GOOD, "onset": onset}))
    assert (values["onset"], values["onset__precision"]) == (date, precision)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": 121}, "age: above the maximum 120"),
        ({"age": -1}, "age: below"),
        ({"age": True}, "age: not a whole number"),
        ({"age": 4.5}, "age: not a whole number"),
        ({"age": "4"}, "age: not a whole number"),
        ({"sex": "X"}, "sex: none of the values"),
        ({"seen": "2023-02-29"}, "seen: no such day"),
        ({"seen": "29/02/2024"}, "seen: not a date"),
        ({"seen": None}, "seen: null"),
        ({"onset": "2024-13"}, "onset: not a date"),
        ({"note": "x" * 41}, "note: longer than 40"),
        ({"note": "\ud800"}, "note: holds a lone surrogate"),
        ({"temperature": "hot"}, "temperature: not a number"),
        ({"fever": "oui"}, "fever: not true or false"),
        ({"cases": [{}] * 6}, "cases: has not 0 to 5"),
        ({"cases": [{"place": "x"}]}, "cases[0].when: missing"),
        ({"cases": {}}, "cases: not a list"),
        ({"surplus secret": 1}, "a key that is no field"),
    ],
)
def test_each_broken_rule_is_invalid_with_a_reason_without_text(change, reason):
    result = judged({**GOOD, **change})
    assert result.status == Status.INVALID
    assert result.found is None
    assert reason in result.reason
    assert "secret" not in result.reason


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"age":1,"age":2}', '{"age": NaN}', "[" * 100_000, '{"age":' + "9" * 10_000 + "}"]
)
def test_what_is_not_the_answer_is_invalid(text):
    assert judged(text).status == Status.INVALID


def test_finish_reasons_are_honoured():
    assert judged(GOOD, "length").status == Status.TRUNCATED
    assert judged(GOOD, "abort").status == Status.REJECTED


@given(st.text())
def test_any_completion_is_judged_without_an_exception(text):
    assert judged(text).status == Status.INVALID


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_in_any_field_is_judged(value):
    for name in FIELDS:
        assert judged({**GOOD, name: value}).status in (Status.OK, Status.INVALID)
