"""Numbers that people read are written as their language writes them, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.assess.pages.page import decimal
from glane.languages import numbers_in

THIN, NBSP = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("prompt tokens  33,113", f"prompt tokens  33{THIN}113"),
        ("1,234,567.5 MiB", f"1{THIN}234{THIN}567,5 MiB"),
        ("20.33 % (16.17 % to 25.25 %; 0.5).", "20,33 % (16,17 % to 25,25 %; 0,5)."),
        ("-0.012 +0.123 −1.5", "-0,012 +0,123 −1,5"),
        ("[0.944, 0.968]    0.753", f"[0,944{NBSP}; 0,968]   0,753"),  # the next column stays where it was
        ("[0.944, 0.968] of 5", f"[0,944{NBSP}; 0,968] of 5"),
        ("12.3 rows/s, 4.5/s: p = 0.03", "12,3 rows/s, 4,5/s: p = 0,03"),
    ],
)
def test_numbers_are_french_in_french(english: str, french: str) -> None:
    assert numbers_in(english, "fr") == french
    assert numbers_in(english, "en") == english


@pytest.mark.parametrize(
    "text",
    [
        "glane 0.1.0", "vllm 0.11.2rc1", "qwen2.5 v1.5 model-1.5", "runs/1.5/a 1.5/b x.1.5", "alpha=0.1 data.sample=0.05",
        "temperature >= 38.5 AND dose<1.5 OR x = 2.5", "'1.5' \"2.5\"", "[100,200] rows=[0.1,0.2]", "12:30:01.5",
        "10.0.0.1:8080", "2024-01-02", "ed-0000001", "1.5e-3", "a@1.5", "2227 0/300 (100%)", "5,000b", "1,23 1234,567",
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_sentence_stays(text: str) -> None:
    assert numbers_in(text, "fr") == text


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_pages_and_terminal_write_alike(value: float, digits: int) -> None:
    shown = decimal(value, "fr", digits=digits)
    assert shown.replace(THIN, ",").replace(",", ".").count(".") == decimal(value, "en", digits=digits).replace(
        ",", "."
    ).count(".")
    assert "." not in shown
    assert f" {shown} " == numbers_in(f" {decimal(value, 'en', digits=digits)} ", "fr")
