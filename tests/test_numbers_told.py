"""Numbers that people read are written as their language writes them, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.assess.pages.page import decimal
from glane.cluster.findings import ok, warning
from glane.errors import EngineError
from glane.job.doctor.report import NodeReport, lines_here, lines_of_nodes
from glane.languages import complain, measures_in, numbers_in

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


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("13% of it", f"13{NBSP}% of it"),
        ("in 5%, 12.5% and 100%.", f"in 5{NBSP}%, 12,5{NBSP}% and 100{NBSP}%."),
        ("2227 0/300 (100%)", "2227 0/300 (100%)"),  # a bar of progress
        ("5 % of it", "5 % of it"),
        ("tolerance=5% and '5%'", "tolerance=5% and '5%'"),
        ("a%20b 100%25 x-5%", "a%20b 100%25 x-5%"),
        ("12%  next column", "12%  next column"),
    ],
)
def test_percentages_have_a_blank_in_french(english: str, french: str) -> None:
    assert numbers_in(english, "fr") == french
    assert numbers_in(english, "en") == english


@pytest.mark.parametrize(
    ("text", "french"),
    [
        ("/tmp: 12.5 Gio libres sur 20.0 Gio", "/tmp: 12,5 Gio libres sur 20,0 Gio"),
        ("1.5 s en retard sur /scratch", "1,5 s en retard sur /scratch"),
        ("copie de 1,234.5 MB à 8.5 rows/s", f"copie de 1{THIN}234,5 MB à 8,5 rows/s"),
        ("pas en moins de 0.2 s.", "pas en moins de 0,2 s."),
        ("n'a pas répondu en 0.5 s, d'où l'erreur après 1.5 s", "n'a pas répondu en 0,5 s, d'où l'erreur après 1,5 s"),
        (f"95.5{NBSP}% et 3.5 kWh", f"95,5{NBSP}% et 3,5 kWh"),
    ],
)
def test_measures_are_french_in_what_was_found(text: str, french: str) -> None:
    assert measures_in(text, "fr") == french
    assert measures_in(text, "en") == text


@pytest.mark.parametrize(
    "text",
    [
        "Python 3.11 ou plus", "torch 2.13 et vLLM 0.32", "bootstrap.alpha : doit être au moins 0.5 (vaut 0.25)",
        "limits.timeout_s=0.5 s", "'1.5 s' n'est pas", "\"2.5 GiB\" est", "/data/a 1.5 s/b", "10.0.0.1 s", "age >= 38.5 h",
        "1.5 sur", "v1.5 MiB", "model-1.5 GB", "0.5 secondes",
    ],
)  # fmt: skip
def test_values_stay_as_they_are_typed_in_what_was_found(text: str) -> None:
    assert measures_in(text, "fr") == text


@given(st.floats(0.1, 1e6), st.sampled_from(["s", "GiB", "MB", "rows/s", "kWh"]))
def test_a_measure_of_any_size_has_no_point_in_french(value: float, unit: str) -> None:
    assert "." not in measures_in(f"not within {value:,.1f} {unit}", "fr")


def test_a_site_is_told_with_french_decimals_on_one_machine_and_on_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    found = [
        ok("temporary files", "/tmp: 12.5 of 20.0 GiB free"),
        warning("clock", "1.5 s behind the shared folder", "Python 3.11 or later"),
    ]
    here = "\n".join(lines_here(found))
    nodes = "\n".join(
        lines_of_nodes([NodeReport(host=f"n{rank}", rank=rank, findings=tuple(found)) for rank in range(2)])
    )
    for told in (here, nodes):
        assert f"/tmp{NBSP}: 12,5 Gio libres sur 20,0 Gio" in told
        assert "1,5 s" in told
        assert "Python 3.11" in told
    assert "[les 2 nœuds]" in nodes


def test_an_error_keeps_what_was_typed_and_has_french_measures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    error = EngineError("ocr.endpoint: http://127.0.0.1:80/v1: does not answer (not within 0.2 s). data.sample=0.05")
    complain(f"error: {error}")
    said = capsys.readouterr().err
    assert "0,2 s" in said
    assert "data.sample=0.05" in said
    assert "127.0.0.1" in said
