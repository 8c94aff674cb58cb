"""Dates and quantities as they are written, in one form: never a guess, and a reason where there is none."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import glane
from conftest import extract_here, make_settings, write_documents
from glane.errors import ConfigError
from glane.extraction.summary import extraction_summary
from glane.normalisation.dates import read_date
from glane.normalisation.quantities import read_quantity
from glane.task.normalising import Normalise
from glane.task.task import load_task
from glane.task.units import unit_named

WEDNESDAY = datetime.date(2024, 3, 6)
PARIS = ZoneInfo("Europe/Paris")


def date_of(text: str, reference: Any = WEDNESDAY, language: Any = "fr", **keys: Any) -> str:
    found = read_date(text, language, Normalise(to="date", **keys), reference)
    if found.reason is not None:
        assert found.date is None
        return str(found.reason)
    time = "" if found.time is None else f"T{found.time:%H:%M}"
    return f"{found.date}{time} {found.precision}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hier", "2024-03-05 day"), ("Avant-hier", "2024-03-04 day"), ("ce matin", "2024-03-06 day"),
        ("aujourd’hui", "2024-03-06 day"), ("hier soir", "2024-03-05 day"), ("hier à 22h", "2024-03-05T22:00 hour"),
        ("ce matin vers 8 h 30", "2024-03-06T08:30 hour"), ("depuis 48 h", "2024-03-04 day"), ("depuis 48h", "2024-03-04 day"),
        ("depuis 2 j", "2024-03-04 day"), ("depuis deux jours", "2024-03-04 day"), ("il y a 3 jours", "2024-03-03 day"),
        ("fièvre depuis 3 jours", "2024-03-03 day"), ("depuis une semaine", "2024-02-28 week"),
        ("il y a quinze jours", "2024-02-20 week"), ("depuis environ 3 jours", "2024-03-03 week"),
        ("il y a 3 mois", "2023-12-06 month"), ("il y a un an", "2023-03-06 year"), ("la semaine dernière", "2024-02-28 week"),
        ("lundi dernier", "2024-03-04 day"), ("mercredi dernier", "2024-02-28 day"), ("depuis lundi", "2024-03-04 day"),
        ("lundi prochain", "2024-03-11 day"), ("J-3", "2024-03-03 day"), ("J+2", "2024-03-08 day"), ("demain", "2024-03-07 day"),
        ("dans 3 jours", "2024-03-09 day"), ("3 mai 2024", "2024-05-03 day"), ("depuis le 3 mai", "2023-05-03 day"),
        ("03/05/2024", "2024-05-03 day"), ("3.5.24", "2024-05-03 day"), ("le 1er mars 2024", "2024-03-01 day"),
        ("mars 2024", "2024-03-01 month"), ("en 2019", "2019-01-01 year"), ("lundi 4 mars 2024", "2024-03-04 day"),
        ("hier (5 mars 2024)", "2024-03-05 day"), ("29 février 2024", "2024-02-29 day"),
        # Not told, or told in two ways.
        ("hier (4 mars 2024)", "several"), ("mardi 4 mars 2024", "impossible"), ("31/02/2024", "impossible"),
        ("29 février 2023", "impossible"), ("il y a 9999 ans", "impossible"), ("lundi", "direction"), ("le 3 mai", "direction"),
        ("depuis mercredi", "ambiguous"), ("depuis 12 h", "reference_too_coarse"), ("quelques jours", "not_understood"),
        ("depuis plus de 3 jours", "not_understood"), ("12", "not_understood"), ("mars", "not_understood"),
        ("may", "not_understood"), ("2024", "not_understood"), ("J3", "not_understood"), ("cette nuit", "not_understood"),
        ("la veille", "not_understood"), ("3 jours avant", "not_understood"), ("trois jours", "not_understood"),
        ("du 3 au 5 mars 2024", "not_understood"), ("début mars 2024", "not_understood"), ("pas depuis hier", "not_understood"),
        ("depuis -3 jours", "not_understood"), ("depuis 1,5 jour", "not_understood"), ("depuis 2 semaines et 3 jours", "not_understood"),
        ("il y a 3 jours avant l'admission", "not_understood"), ("le 5 mars 2024, fièvre à 39", "not_understood"),
        ("", "not_understood"), ("\ud800", "not_understood"), ("hier " * 200, "not_understood"),
    ],
)  # fmt: skip
def test_a_date_in_french(text: str, told: str) -> None:
    assert date_of(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", "2024-03-05 day"), ("the day before yesterday", "2024-03-04 day"), ("three days ago", "2024-03-03 day"),
        ("a week ago", "2024-02-28 week"), ("since Monday", "2024-03-04 day"), ("May 3, 2024", "2024-05-03 day"),
        ("3rd of May 2024", "2024-05-03 day"), ("13/05/2024", "2024-05-13 day"), ("03/05/2024", "ambiguous"),
        ("may", "not_understood"), ("3 days after", "not_understood"), ("two or three days ago", "not_understood"),
    ],
)  # fmt: skip
def test_a_date_in_english(text: str, told: str) -> None:
    assert date_of(text, language="en") == told


def test_the_order_of_day_and_month_and_the_direction_can_be_told() -> None:
    assert date_of("03/05/2024", language="en", day_first=True) == "2024-05-03 day"
    assert date_of("03/05/2024", language="en", day_first=False) == "2024-03-05 day"
    assert date_of("lundi", direction="past") == "2024-03-04 day"
    assert date_of("31 décembre", datetime.date(2024, 1, 1), direction="past") == "2023-12-31 day"
    assert date_of("le 3 mai", direction="future") == "2024-05-03 day"


def test_ends_of_years_leap_days_and_changes_of_clocks() -> None:
    assert date_of("depuis 3 jours", datetime.date(2024, 1, 2)) == "2023-12-30 day"
    assert date_of("il y a un an", datetime.date(2024, 2, 29)) == "2023-02-28 year"
    assert date_of("il y a un mois", datetime.date(2024, 3, 31)) == "2024-02-29 month"
    assert date_of("29 février", datetime.date(2023, 3, 1), direction="past") == "impossible"
    assert date_of("hier", datetime.date(1, 1, 1)) == "impossible"
    # On 31 March 2024, clocks in Paris go from 2:00 to 3:00: six hours before 8:00 it was 1:00.
    assert date_of("depuis 6 h", datetime.datetime(2024, 3, 31, 8, tzinfo=PARIS)) == "2024-03-31T01:00 hour"
    assert date_of("depuis 12 h", datetime.datetime(2024, 3, 6, 9, 30)) == "2024-03-05T21:30 hour"


def test_without_a_reference_what_is_relative_has_no_date() -> None:
    assert [date_of(text, None) for text in ("hier", "depuis 3 jours", "lundi", "3.5.24")] == ["no_reference"] * 4
    assert date_of("3 mai 2024", None) == "2024-05-03 day"


def quantity_of(text: str, unit: str | None = None, language: Any = "fr") -> str:
    found = read_quantity(text, language, unit=None if unit is None else unit_named(unit))
    if found.reason is not None:
        assert found.low is None
        assert found.high is None
        return str(found.reason)
    bounds = dict.fromkeys("" if one is None else f"{one:g}" for one in (found.low, found.high))
    return " ".join(filter(None, ("~" if found.approximate else "", "..".join(bounds), found.unit)))


@pytest.mark.parametrize(
    ("text", "unit", "told"),
    [
        ("38°5", "°C", "38.5 °C"), ("38,5 °C", "°C", "38.5 °C"), ("39°", "°C", "39 °C"), ("38 à 39 °C", "°C", "38..39 °C"),
        ("104 °F", "°C", "40 °C"), ("-3 °C", "°C", "-3 °C"), ("38,5", "°C", "unit"),
        ("1 200", None, "1200"), ("1\u202f200", None, "1200"), ("1.200", None, "ambiguous"), ("1 234,5", None, "1234.5"),
        ("une vingtaine de cas", None, "~ 20"), ("deux cents", None, "200"), ("mille deux cents", None, "1200"),
        ("3 à 5", None, "3..5"), ("entre 3 et 5", None, "3..5"), ("3 ou 4 cas", None, "3..4"), ("environ 30", None, "~ 30"),
        ("plus de 20", None, "20.."), ("moins de 20", None, "..20"), ("≥ 30", None, "30.."), ("5 à 3", None, "impossible"),
        ("-4", None, "impossible"), ("quelques", None, "not_understood"), ("un peu", None, "not_understood"),
        ("12 cas dont 3 décès", None, "several"), ("trois, quatre", None, "several"), ("½", None, "ambiguous"),
        ("H1N1", None, "not_understood"), ("covid19", None, "not_understood"), ("pas de cas", None, "not_understood"),
        ("48h", "h", "48 h"), ("2 jours", "h", "48 h"), ("une semaine", "h", "168 h"), ("2 h 30", "h", "2.5 h"),
        ("1 j 12 h", "h", "36 h"), ("une demi-heure", "h", "0.5 h"), ("un quart d'heure", "h", "0.25 h"),
        ("une heure et demie", "h", "1.5 h"), ("3 à 5 jours", "h", "72..120 h"), ("1 mois", "d", "~ 30.4375 d"),
        ("20 m", "h", "unit"), ("10", "h", "unit"), ("18 mois", "y", "1.5 y"),
        ("0,5 g x3/j", "mg/d", "1500 mg/d"), ("500 mg toutes les 8 h", "mg/d", "1500 mg/d"), ("1 g 3 fois par jour", "g/d", "3 g/d"),
        ("0,5 g x3/j", "mg", "unit"), ("0,5 g", "mg", "500 mg"), ("12,3 g/dl", "g/L", "123 g/L"), ("12 G/L", "g/L", "ambiguous"),
        ("", None, "not_understood"), ("1" * 399, None, "impossible"), ("\ud800 3", None, "3"),
    ],
)  # fmt: skip
def test_a_quantity_in_french(text: str, unit: str | None, told: str) -> None:
    assert quantity_of(text, unit) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [("1,200", "1200"), ("1.200", "1.2"), ("twenty-one", "21"), ("about a dozen", "~ 12"), ("3-5", "3..5")],
)
def test_a_quantity_in_english(text: str, told: str) -> None:
    assert quantity_of(text, language="en") == told


@given(st.text(alphabet="0123456789 hjdsemanio,.-/°àxetlundiv'½²\n", max_size=40))
def test_no_text_breaks_the_rules(text: str) -> None:
    for language in ("fr", "en"):
        date_of(text, language=language)
        quantity_of(text, "h", language)
        quantity_of(text, None, language)


FIELDS: dict[str, Any] = {
    "seen": {"type": "date", "nullable": True},
    "onset": {"type": "string", "nullable": True, "normalise": {"relative_to": "seen"}},
    "stay": {"type": "integer", "evidence": True, "nullable": True, "normalise": {"unit": "h"}},
    "doses": {"type": "list", "items": {"type": "string", "normalise": {"unit": "mg"}}},
    "events": {"type": "list", "items": {"type": "object", "fields": {"when": {"type": "string", "normalise": {"relative_to": "visit"}}}}},
}  # fmt: skip
TASK = {"name": "t", "instructions": "Lis.", "repairs": 0, "inputs": ["text", "visit"], "fields": FIELDS}
ANSWER = {
    "seen": "2024-03-06", "onset": "depuis 48 h", "stay": {"value": 2, "quote": "deux jours"}, "doses": ["0,5 g", "un peu"],
    "events": [{"when": "hier"}, {"when": "bientôt"}],
}  # fmt: skip


def test_a_run_has_the_normal_form_beside_the_value(tmp_path: Path) -> None:
    texts = [f"deux jours [[answer {json.dumps(one)}]]" for one in (ANSWER, ANSWER | {"seen": None})]
    data = write_documents(tmp_path / "d.parquet", texts, visit=["2024-01-01T08:00:00", "01/01/2024"])
    rows = extract_here(make_settings(data, tmp_path / "run", TASK))
    assert rows["onset"].to_list() == ["depuis 48 h"] * 2
    assert [one["date"] for one in rows["onset__normalised"]] == [datetime.date(2024, 3, 4), None]
    assert rows["onset__normalised"][1]["reason"] == "no_reference"
    assert (rows["stay"][0], rows["stay__normalised"][0]["low"], rows["stay__normalised"][0]["unit"]) == (2, 48.0, "h")
    assert [one["low"] for one in rows["doses__normalised"][0]] == [500.0, None]
    dates = [[one["when__normalised"]["date"] for one in events] for events in rows["events"]]
    assert dates == [[datetime.date(2023, 12, 31), None], [None, None]]
    run = glane.open_run(tmp_path / "run")
    assert run.line_list().collect()["onset__normalised.date"].to_list() == [datetime.date(2024, 3, 4), None]
    counts = {one.field: one.by for one in extraction_summary(run.directory).derived}
    assert counts["onset"] == {"read": 1, "no_reference": 1}
    assert counts["events.when"] == {"read": 1, "not_understood": 2, "no_reference": 1}


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"type": "integer", "normalise": "quantity"}, "set evidence: true"),
        ({"type": "date", "evidence": True, "normalise": {"unit": "h"}}, "a date is read as a date"),
        ({"type": "string", "normalise": {"unit": "parsec"}}, "no known unit"),
        ({"type": "string", "normalise": {"relative_to": "vist"}}, "Did you mean 'visit'"),
        ({"type": "string", "normalise": {"relative_to": "a"}}, "another date is needed"),
        ({"type": "string", "normalise": {"to": "quantity", "direction": "past"}}, "are of dates"),
        ({"type": "string", "normalise": {"to": "date", "unit": "h"}}, "unit is of quantities"),
        ({"type": "list", "normalise": "date", "items": {"type": "string"}}, "set it on `items`"),
        ({"type": "boolean", "normalise": "date"}, "unknown key"),
    ],
)
def test_a_wrong_declaration_is_refused(field: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_task({**TASK, "fields": {"a": field}})
