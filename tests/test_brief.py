"""Briefs: a figure says what it measures and nothing else, in both languages; the same brief is the same claims."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scipy import stats

import glane
from conftest import extract_here, job_here, make_settings
from glane.briefs.change import rate_ratio
from glane.briefs.coverage import are_of_other_sources, has_gaps
from glane.briefs.labels import check_labels
from glane.briefs.plan import days_before, days_of
from glane.briefs.record import Days, Measure, Place, Value
from glane.briefs.sentences import days_text, sentence
from glane.briefs.tables import claims_of
from glane.briefs.values import Corrected, Counts, counts, value_of
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.run.written import WRITTEN, digest_of
from glane.settings.brief_definition import BriefDefinition, BriefPeriod
from glane.validation import validated

DAY = datetime.date
FEVER = {"fr": "une fièvre", "en": "fever"}
TASK = {
    "name": "t", "version": "1", "language": "en", "instructions": "Read.", "inputs": ["text"],
    "fields": {
        "fever": {"type": "boolean"},
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": True},
        "what": {"type": "string", "max_length": 60, "nullable": True, "evidence": True},
    },
}  # fmt: skip
BRIEF: dict[str, Any] = {
    "name": "b", "title": {"fr": "Fièvres", "en": "Fevers"}, "language": "en",
    "period": {"column": "day", "every": "week"},
    "measures": [
        {"name": "all", "case": "fever", "label": FEVER},
        {"name": "part", "kind": "share", "case": "fever", "label": FEVER},
        {"name": "rate", "kind": "rate", "case": "fever", "label": FEVER, "population": {"people": 50_000, "source": "Insee"}},
        {"name": "change", "kind": "ratio", "case": "fever", "label": FEVER},
        {"name": "age", "kind": "median", "field": "age", "unit": {"fr": "ans", "en": "years"}, "case": "fever",
         "label": {"fr": "âge", "en": "age"}},
        {"name": "each", "case": "fever", "label": FEVER, "by": "hospital"},
    ],
}  # fmt: skip


def definition(**told: Any) -> BriefDefinition:
    return validated(BriefDefinition, BRIEF | told, place="brief")


def answer(**values: Any) -> str:
    import json

    return f"[[answer {json.dumps(values)}]]"


def documents(folder: Path, *, order: int = 1) -> Path:
    """Forty notes of two weeks: 4 of 20 with fever, then 12 of 20."""
    rows = []
    for number in range(40):
        later = number >= 20
        fever = number % 20 < (12 if later else 4)
        quote = f"Seen at {number % 24}h"
        told = answer(fever=fever, age=20 + number, what={"value": quote, "quote": quote})
        rows.append(
            {
                "id": f"d{number:02d}", "text": f"{quote}. {told}",
                "day": DAY(2026, 1, 5) + datetime.timedelta(days=7 * later + number % 7),
                "hospital": "Nord" if number % 2 else "Sud",
            }
        )  # fmt: skip
    path = folder / f"documents{order}.parquet"
    pl.DataFrame(rows[::order]).write_parquet(path)
    return path


def run_of(folder: Path, *, order: int = 1) -> Path:
    run = folder / f"run{order}"
    extract_here(make_settings(documents(folder, order=order), run, TASK, data__carry_columns=["hospital"]))
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("brief"))


def measure(**told: Any) -> Measure:
    base: dict[str, Any] = {
        "name": "m", "kind": "count", "unit": "document", "case": "fever", "among": None, "label": FEVER,
        "period": {"first": "2026-01-05", "last": "2026-01-11"}, "level": 0.95,
    }  # fmt: skip
    return Measure.model_validate(base | told)


# Sentences.


@pytest.mark.parametrize(
    ("first", "last", "fr", "en"),
    [
        (DAY(2026, 1, 5), DAY(2026, 1, 11), "du 5 au 11 janvier 2026", "from 5 to 11 January 2026"),
        (DAY(2026, 1, 1), DAY(2026, 2, 3), "du 1er janvier au 3 février 2026", "from 1 January to 3 February 2026"),
        (DAY(2025, 12, 29), DAY(2026, 1, 4), "du 29 décembre 2025 au 4 janvier 2026", "from 29 December 2025 to 4 January 2026"),
        (DAY(2026, 8, 1), DAY(2026, 8, 1), "le 1er août 2026", "on 1 August 2026"),
    ],
)  # fmt: skip
def test_a_period_is_told_as_a_person_writes_it(first: DAY, last: DAY, fr: str, en: str) -> None:
    days = Days(first=first, last=last)
    assert (days_text(days, "fr"), days_text(days, "en")) == (fr, en)


@pytest.mark.parametrize(
    ("num", "fr", "en"),
    [(0, "0 document ", "0 documents "), (1, "1 document ", "1 document "), (2, "2 documents ", "2 documents ")],
)
def test_a_noun_agrees_with_its_number(num: int, fr: str, en: str) -> None:
    value = Value(value=num, model=num, counted=num, documents=10)
    assert fr in sentence(measure(), value, "fr", alpha=0.05)
    assert en in sentence(measure(), value, "en", alpha=0.05)


def test_a_count_says_period_place_group_and_that_nobody_corrected_it() -> None:
    place = Place(column="dep", value="35", level="department", name="Ille-et-Vilaine")
    value = Value(value=1234, model=1234, counted=1234, documents=9999)
    one = measure(place=place, by="hospital", group="CH Nord")
    assert sentence(one, value, "en", alpha=0.05) == (
        'From 5 to 11 January 2026, department 35 (Ille-et-Vilaine), hospital = "CH Nord": 1,234 documents with fever '
        "(by the model alone, not corrected)."
    )
    told = sentence(one, value, "fr", alpha=0.05)
    assert told.startswith(
        "Du 5 au 11 janvier 2026, département 35 (Ille-et-Vilaine), hospital = «\u00a0CH Nord\u00a0»\u00a0: 1"
    )
    assert told.endswith("avec une fièvre (d'après le modèle seul, sans correction).")


def test_a_corrected_figure_stands_before_that_of_the_model() -> None:
    found = value_of(
        measure(kind="share"),
        Counts(cases=30, whole=100),
        corrected=Corrected(estimate=20, low=10, high=31, reviewed=50),
    )
    told = sentence(measure(kind="share"), found, "en", alpha=0.05)
    assert "20 of 100 documents, or 20.0%" in told
    assert "95% interval: 10.0 to 31.0; corrected by 50 reviewed documents; the model alone: 30.0%)" in told


@pytest.mark.parametrize(
    ("told", "now", "corrected", "fr", "en"),
    [
        ({"kind": "share"}, (3, 9999), None, "soit moins de 0,1\u00a0%", "or less than 0.1%"),
        ({"kind": "share"}, (9999, 10_000), None, "soit plus de 99,9\u00a0%", "or more than 99.9%"),
        ({"kind": "share"}, (0, 10), None, "soit 0,0\u00a0%", "or 0.0%"),
        ({"kind": "share"}, (1, 3), (0.5, 0, 1, 1), "0,5 sur 3 documents, soit 16,7\u00a0%", "0.5 of 3 documents, or 16.7%"),
        ({"kind": "share"}, (3, 7), (None, None, None, 2), "– sur 7 documents, soit –\u00a0%", "– of 7 documents, or –%"),
        ({}, (3, 7), (2, 1, 3, 1), "corrigé par 1 document relu\u00a0;", "corrected by 1 reviewed document;"),
        ({}, (3, 7), (2, -1e-9, 2.2, 5), "intervalle à 95\u00a0%\u00a0: 0 à 3", "95% interval: 0 to 3"),
        ({}, (3, 7), (0.4, 0, 1.6, 5), "0,4 document avec une fièvre", "0.4 documents with fever"),
        ({"kind": "rate", "people": 1, "per": 1, "source": "x"}, (0, 7), None,
         "0,00 document avec une fièvre pour 1 habitant (0 document pour 1 habitant, x)", "per 1 inhabitant (0 documents for"),
        ({"kind": "rate", "people": 9, "per": 9, "source": "x"}, (3, 7), (None, None, None, 0),
         "– documents avec une fièvre pour 9 habitants (– documents pour", "(– documents for 9 inhabitants, x)"),
    ],
)  # fmt: skip
def test_a_figure_is_written_as_it_is_read(
    told: dict[str, Any], now: tuple[int, int], corrected: tuple[Any, ...] | None, fr: str, en: str
) -> None:
    one = measure(**told)
    reviewed = None
    if corrected is not None:
        reviewed = Corrected(**dict(zip(("estimate", "low", "high", "reviewed"), corrected, strict=True)))
    value = value_of(one, Counts(cases=now[0], whole=now[1]), corrected=reviewed)
    assert fr in sentence(one, value, "fr", alpha=0.05)
    assert en in sentence(one, value, "en", alpha=0.05)


def test_the_unit_of_a_median_needs_no_plural() -> None:
    one = measure(kind="median", field="age", field_unit={"fr": "ans", "en": "years"})
    found = value_of(one, Counts(cases=1, whole=1), numbers=pl.Series([1]))
    assert "une fièvre (ans), médiane 1 (1 document)" in sentence(one, found, "fr", alpha=0.05)


TREND = ("rises", "falls", "augmente", "diminue")


@pytest.mark.parametrize(
    ("cases", "before", "changes", "word"),
    [
        (12, 4, {}, None),
        (40, 10, {}, "rises"),
        (10, 40, {}, "falls"),
        (40, 10, {"is_incomplete": True}, None),
        (40, 10, {"is_drifted": True}, None),
        (40, 10, {"is_mixed": True}, None),
        (40, 10, {"documents_before": 0, "p": 0.001}, None),
        (0, 0, {}, None),
    ],
)
def test_a_word_of_trend_stands_only_where_the_test_finds_a_change(
    cases: int, before: int, changes: dict[str, bool], word: str | None
) -> None:
    one = measure(kind="ratio", before={"first": "2025-12-29", "last": "2026-01-04"})
    value = value_of(one, Counts(cases=cases, whole=100), before=Counts(cases=before, whole=100))
    told = sentence(one, value.model_copy(update=changes), "en", alpha=0.05)
    assert [name for name in TREND if name in told] == ([word] if word else [])
    french = sentence(one, value.model_copy(update=changes), "fr", alpha=0.05)
    assert [name for name in TREND if name in french] == (
        ["augmente" if word == "rises" else "diminue"] if word else []
    )


# Values.


def test_the_test_of_a_change_is_the_exact_conditional_one() -> None:
    found = rate_ratio(12, 200, 4, 100, level=0.95)
    assert found.ratio == pytest.approx((12 / 200) / (4 / 100))
    assert found.p == pytest.approx(stats.binomtest(12, 16, 2 / 3).pvalue)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.ratio < found.high
    assert rate_ratio(3, 10, 0, 10, level=0.95)[::2] == (None, None)  # undefined, and without an upper limit


def test_its_error_keeps_to_alpha() -> None:
    """Of two equal rates, at most one in twenty is told as a change: all pairs of counts, weighted by their chance."""
    for mean in (2, 5, 20):
        chances = stats.poisson.pmf(range(80), mean)
        shown = sum(
            chances[now] * chances[before]
            for now in range(80)
            for before in range(80)
            if chances[now] * chances[before] > 1e-9
            and (p := rate_ratio(now, 500, before, 500, level=0.95).p) is not None
            and p < 0.05
        )
        assert shown <= 0.05


def test_a_person_counts_once_and_who_is_not_named_counts_as_one() -> None:
    rows = pl.DataFrame({"patient": ["a", "a", "b", None, None]})
    yes = pl.Series([True] * 5)
    assert counts(rows, yes, yes, ["patient"]) == Counts(cases=4, whole=4)
    assert counts(rows, yes, yes, []) == Counts(cases=5, whole=5)


def test_the_limits_of_a_median_hold_for_every_distribution() -> None:
    one = measure(kind="median", field="age", field_unit={"fr": "ans", "en": "years"})
    found = value_of(one, Counts(cases=25, whole=25), numbers=pl.Series(range(1, 26)))
    rank = (found.low, found.value, found.high)
    assert rank == (8, 13, 18)  # X(8) and X(18) of 25: their binomial probability is 0.957
    assert value_of(one, Counts(cases=0, whole=0), numbers=pl.Series([None, None])).value is None


@pytest.mark.parametrize(
    ("last_day", "first"), [(DAY(2026, 1, 18), DAY(2026, 1, 12)), (DAY(2026, 1, 17), DAY(2026, 1, 5))]
)
def test_the_last_period_is_the_last_whole_one(last_day: DAY, first: DAY) -> None:
    period = BriefPeriod(column="day")
    days = days_of(period, last_day, today=last_day)
    assert days.first == first
    assert days_before(period, days) == Days(
        first=first - datetime.timedelta(days=7), last=first - datetime.timedelta(days=1)
    )


def test_a_document_of_a_day_to_come_chooses_no_period() -> None:
    today, period = DAY(2026, 1, 18), BriefPeriod(column="day")
    assert days_of(period, today + datetime.timedelta(days=1), today=today).last == today
    with pytest.raises(DataError, match="2062-01-08 in 'day', which is still to come"):
        days_of(period, DAY(2062, 1, 8), today=today)
    given = BriefPeriod(column="day", first="2026-01-05", last="2026-01-11")
    assert days_of(given, DAY(2062, 1, 8), today=today).last == DAY(2026, 1, 11)


# Periods that can be compared.

WEEKS = [Days(first=DAY(2026, 1, 12), last=DAY(2026, 1, 18)), Days(first=DAY(2026, 1, 5), last=DAY(2026, 1, 11))]


def dated(*num: int) -> pl.Series:
    """So many documents on each of fourteen days."""
    first = DAY(2026, 1, 5)
    return pl.Series(
        [first + datetime.timedelta(days=at) for at, many in enumerate(num) for _ in range(many)], dtype=pl.Date
    )


@pytest.mark.parametrize(
    ("num", "has"),
    [
        ([10] * 14, False),
        ([20, *[0] * 12, 20], True),  # a Monday, and a Sunday
        ([20, *[0] * 6, 20, *[0] * 6], False),  # a bulletin of Mondays
        ([9, 9, 9, 9, 9, 0, 0] * 2, False),  # closed at the end of the week
        ([9, 9, 9, 9, 9, 0, 0, 9, 9, 0, 9, 9, 0, 0], True),
        ([9, 9, 9, 9, 9, 2, 2, 9, 9, 9, 9, 0, 0, 0], True),
        ([3, 2, 4, 1, 0, 3, 2, 2, 5, 3, 0, 2, 1, 3], False),  # few a day: two days without any are chance
        ([3, 3, 3, 3, 3, 3, 3, 9, 9, 0, 0, 0, 0, 0], True),
        ([0] * 14, True),
    ],
)
def test_days_are_missing_where_chance_would_not_leave_them_empty(num: list[int], has: bool) -> None:
    assert has_gaps(dated(*num), WEEKS) is has


def test_the_days_of_a_period_alone_are_held_against_those_beside() -> None:
    there = dated(*[20] * 7, *[20] * 3, *[0] * 4)
    assert not has_gaps(there, WEEKS[:1])  # as if nobody wrote on these days of the week
    assert has_gaps(there, WEEKS[:1], beside=WEEKS[1:])


@pytest.mark.parametrize(
    ("now", "before", "are"),
    [
        (["a"] * 10, ["b"] * 10, True),
        (["a", "b"] * 10, ["b", "a"] * 10, False),
        (["a"] * 99 + ["new"], ["a"] * 100, False),  # too few to change a rate
        (["a"] * 100, ["a"] * 80 + ["gone"] * 20, True),
        ([None] * 10, ["a"] * 10, True),
        ([None] * 10, [None] * 10, False),
    ],
)
def test_other_sources_are_another_period(now: list[str | None], before: list[str | None], are: bool) -> None:
    assert are_of_other_sources(pl.Series(now, dtype=pl.String), pl.Series(before, dtype=pl.String)) is are


# Labels: a condition that is valid, and not what its label says.


@pytest.mark.parametrize(
    ("case", "fr", "en", "words"),
    [
        ("age >= 56", "une fièvre à 65 ans ou plus", "fever at 56 or over", "fr: says 65"),
        ("age >= 65", "une fièvre à 65 ans ou plus", "fever at 56 or over", "en: says 56"),
        ("fever AND dep = '44'", "une fièvre en Ille-et-Vilaine", "fever", "names Ille-et-Vilaine"),
        ("fever", "une fièvre en Bretagne", "fever", "names Bretagne"),
    ],
)
def test_a_label_that_says_otherwise_than_its_condition_is_refused(case: str, fr: str, en: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_labels(definition(measures=[{"name": "m", "case": case, "label": {"fr": fr, "en": en}}]))


@pytest.mark.parametrize(
    ("case", "fr", "en"),
    [
        ("age >= 65 AND dep = '35'", "une fièvre à 65 ans ou plus en Ille-et-Vilaine", "fever at 65 or over"),
        ("NOT age >= 65", "moins de 65 ans", "under 65"),
        ("65 <= age", "65 ans et plus", "65 years or older"),
        ("age > 65", "plus de 65 ans", "over 65"),
        ("age BETWEEN 15 AND 64", "de 15 à 64 ans", "15 to 64 years"),
        ("age IN (15, 16)", "15 ou 16 ans", "15 or 16 years"),
        ("band = '65-74'", "65 à 74 ans", "65 to 74 years"),
        ("n >= 1000", "1 000 ou plus", "1,000 or more"),
        ("t >= 38.5", "38,5 °C ou plus", "38.5 °C or more"),
        ("t >= 50.0", "50 ou plus", "50 or over"),
        ("onset >= day - INTERVAL 7 DAYS", "un début dans les 7 jours", "an onset within 7 days"),
        ("covid", "une covid-19", "covid-19"),
        ("h1n1", "une grippe A(H1N1)", "influenza A(H1N1)"),
        ("dep = '95'", "dans le Val-d’Oise", "in Val-d'Oise"),
        ("dep = 1", "une fièvre dans l'Ain", "fever in Ain"),
        ("dep = '974'", "à La Réunion", "in Reunion"),
        ("dep = '973'", "en Guyane", "in French Guiana"),
        ("reg = '53'", "en Bretagne", "in Brittany"),
        ("dep = 'Charente-Maritime'", "en Charente-Maritime", "in Charente-Maritime"),
        ("hospital = 'CH Nord'", "au CH Nord", "at CH Nord"),
        ("wound", "une plaie à la manche, une somme de symptômes", "a wound at the sleeve"),
        ("fall", "une chute de hauteur", "a fall"),
    ],
)
def test_a_label_that_agrees_is_taken(case: str, fr: str, en: str) -> None:
    check_labels(definition(measures=[{"name": "m", "case": case, "label": {"fr": fr, "en": en}}]))


OVER = ("65 ans ou plus", "65 or over")


@pytest.mark.parametrize(
    ("case", "fr", "en", "words"),
    [
        ("age < 65", *OVER, "fr: says 65"),
        ("age > 65", *OVER, "fr: says 65"),
        ("NOT age >= 65", *OVER, "fr: says 65"),
        ("NOT (fever AND NOT (age < 65))", *OVER, "fr: says 65"),
        ("age >= 15 AND bed <> 65", *OVER, "fr: says 65"),
        ("age >= 15 AND dep = '65'", *OVER, "fr: says 65"),
        ("q65", *OVER, "fr: says 65"),
        ("age >= 65", "plus de 65 ans", "over 65", "fr: says 65"),
        ("age >= 65 OR age <= 15", "de 15 à 65 ans", "15 to 65 years", "fr: says 15"),
        ("age >= 15", "soixante-cinq ans ou plus", "sixty-five or over", "fr: says 65"),
        ("age >= 15", "٦٥ ans", "６５ years", "fr: says"),
        ("age >= 65", "65 ans ou plus", "older persons", "do not say the same numbers"),
        ("dep = '47'", "dans le Lot", "in Lot", "names Lot"),
        ("dep = 'Charente-Maritime'", "en Charente", "in Charente", "names Charente"),
        ("dep = 'Haute-Savoie'", "en Savoie", "in Savoie", "names Savoie"),
        ("dep <> '35'", "en Ille-et-Vilaine", "in Ille-et-Vilaine", "names Ille-et-Vilaine"),
        ("NOT dep IN ('35', '29')", "en Ille-et-Vilaine", "in Ille-et-Vilaine", "names Ille-et-Vilaine"),
        ("reg = '28'", "une fièvre", "fever in Brittany", "en: names Bretagne"),
        ("fever", "une fièvre causée par la chaleur", "fever", "trend or a cause"),
        ("fever", "une fièvre", "fever rising sharply", "trend or a cause"),
        ("fever", "une fièvre.\n\n## Décès", "fever", "more than a name"),
        ("fever", "une fièvre : 300 décès", "fever", "more than a name"),
        ("fever", "une fièvre dès 6\u200b5 ans", "fever", "more than a name"),
    ],
)
def test_a_label_that_means_something_else_is_refused(case: str, fr: str, en: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_labels(definition(measures=[{"name": "m", "case": case, "label": {"fr": fr, "en": en}}]))


def test_a_value_of_a_document_cannot_leave_its_quotation() -> None:
    value = Value(value=1, model=1, counted=1, documents=3)
    one = measure(by="hospital", group='Nord": 900 deaths.\n"Sud')
    assert sentence(one, value, "en", alpha=0.05).count('"') == 2
    assert "hospital = \"Nord': 900 deaths. 'Sud\": 1 document" in sentence(one, value, "en", alpha=0.05)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"kind": "median"}, "field and unit"),
        ({"kind": "rate"}, "population"),
        ({"case": None}, "say which documents"),
        ({"kind": "ratio", "by": "hospital"}, "by goes with"),
    ],
)
def test_a_measure_that_is_not_whole_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        definition(measures=[{"name": "m", "case": "fever", "label": FEVER} | told])


# Whole briefs.


def test_a_brief_counts_what_the_run_says(run: Path, tmp_path: Path) -> None:
    found = glane.brief(run, definition(), tmp_path / "out")
    told = {(one.measure.name, one.measure.group): one for one in found.claims if one.measure is not None}
    assert found.summary.period == Days(first=DAY(2026, 1, 12), last=DAY(2026, 1, 18))
    assert found.summary.documents == 20
    assert told["all", None].value.counted == 12
    assert told["part", None].value.value == pytest.approx(12 / 20)
    assert told["rate", None].value.value == pytest.approx(12 / 50_000 * 100_000)
    assert (told["change", None].value.counted, told["change", None].value.before) == (12, 4)
    assert told["each", "Nord"].value.counted + told["each", "Sud"].value.counted == 12
    assert len(told["all", None].documents) == 12
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {
        "claims.parquet",
        "measures.parquet",
        "brief.json",
        "brief.md",
        "brief.html",
        "brief.docx",
        ".glane-files",
    }
    kept = pl.read_parquet(tmp_path / "out" / "claims.parquet")
    assert tuple(claims_of(kept)) == found.claims
    page = (tmp_path / "out" / "brief.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert all(f"en-{one.id}" in page and f"fr-{one.id}" in page for one in found.claims)


def test_the_order_of_documents_changes_nothing(run: Path, tmp_path: Path) -> None:
    other = run_of(tmp_path, order=-1)
    one, two = glane.brief(run, definition(), tmp_path / "a"), glane.brief(other, definition(), tmp_path / "b")
    assert [(c.fr, c.en, sorted(c.documents)) for c in one.claims] == [
        (c.fr, c.en, sorted(c.documents)) for c in two.claims
    ]


CHANGE = BRIEF["measures"][3]


def run_with(folder: Path, rows: list[tuple[datetime.date, str, dict[str, Any]]]) -> Path:
    """A run of notes, each with its day, its hospital and what the model answers."""
    told = [
        {"id": f"d{at:03d}", "text": f"Seen. {answer(**BASE | values)}", "day": day, "hospital": hospital}
        for at, (day, hospital, values) in enumerate(rows)
    ]
    pl.DataFrame(told).write_parquet(folder / "notes.parquet")
    extract_here(make_settings(folder / "notes.parquet", folder / "run", TASK, data__carry_columns=["hospital"]))
    return folder / "run"


BASE = {"fever": False, "age": 20, "what": {"value": "Seen", "quote": "Seen"}}


def weeks(*, later: str, first_days: int = 7, last_days: int = 7) -> list[tuple[datetime.date, str, dict[str, Any]]]:
    """Twenty notes of a week, two with fever, and twenty of the next, eighteen with fever."""
    first, second = DAY(2026, 1, 5), DAY(2026, 1, 18)
    return [
        (first + datetime.timedelta(days=at % first_days), "Nord", {"fever": at < 2}) for at in range(20)
    ] + [(second - datetime.timedelta(days=at % last_days), later, {"fever": at < 18}) for at in range(20)]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "told", "words"),
    [
        ({"later": "Nord"}, {}, "rises"),
        ({"later": "Nord", "first_days": 1, "last_days": 1}, {}, "days of the period are missing"),
        ({"later": "Nord", "last_days": 2}, {}, "days of the period are missing"),
        ({"later": "Sud"}, {}, "sources have documents in one of the periods only"),
        ({"later": "Sud"}, {"place": {"column": "hospital", "value": "Sud"}}, "one of the periods has no document"),
    ],
)
def test_a_change_of_who_writes_or_when_is_no_trend(
    tmp_path: Path, rows: dict[str, Any], told: dict[str, Any], words: str
) -> None:
    run = run_with(tmp_path, weeks(**rows))
    period = {"column": "day", "every": "week", "source": "hospital"}
    one = glane.brief(run, definition(measures=[CHANGE], period=period, **told), tmp_path / "out").claims[0]
    assert words in one.en
    assert ("rises" in one.en) is (words == "rises")
    assert ("augmente" in one.fr) is (words == "rises")


def test_a_share_tells_of_how_many_its_condition_is_unknown(tmp_path: Path) -> None:
    rows = [
        (DAY(2026, 1, 5) + datetime.timedelta(days=at % 7), "Nord", {"age": 70 if at < 3 else None}) for at in range(20)
    ]
    run = run_with(tmp_path, rows)
    old = {"name": "old", "kind": "share", "case": "age >= 65", "label": dict(zip(("fr", "en"), OVER, strict=True))}
    young = {"name": "young", "case": "age < 65 AND NOT fever", "label": {"fr": "moins de 65 ans", "en": "under 65"}}
    part = old | {"name": "part", "among": {"case": "age IS NOT NULL", "label": {"fr": "un âge", "en": "an age"}}}
    claims = glane.brief(run, definition(measures=[old, young, part]), tmp_path / "out").claims
    assert [one.value.unknown for one in claims] == [17, 17, 0]
    assert "3 of 20 documents, or 15.0%, with 65 or over (unknown of 17 of 20 documents; by" in claims[0].en
    assert "(non renseigné pour 17 sur 20 documents\u00a0; d'après" in claims[0].fr
    assert "unknown" not in claims[2].en
    assert pl.read_parquet(tmp_path / "out" / "measures.parquet")["unknown"].to_list() == [17, 17, 0]


def test_a_place_without_a_document_has_missing_days(run: Path, tmp_path: Path) -> None:
    place = {"column": "hospital", "value": "Ouest"}
    one = glane.brief(run, definition(measures=BRIEF["measures"][:1], place=place), tmp_path / "out").claims[0]
    assert one.value.is_incomplete
    assert "days of the period are missing" in one.en


def test_a_review_corrects_the_figures(run: Path, tmp_path: Path) -> None:
    rows = glane.open_run(run).usable().select("id", "fever").collect()
    found = glane.brief(run, definition(), tmp_path / "out", gold=rows)
    told = next(one for one in found.claims if one.measure is not None and one.measure.name == "all")
    assert told.value.reviewed == 40
    assert told.value.value == pytest.approx(12)
    assert "corrected by 40 reviewed documents" in told.en
    ratio = next(one for one in found.claims if one.measure is not None and one.measure.kind == "ratio")
    assert ratio.value.reviewed is None  # a change is tested in the model's counts, and says so


def test_a_brief_is_a_draft_until_what_was_written_is_signed(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RunError, match="no brief"):
        glane.brief(run, definition(), out, sign="A. Martin")
    assert glane.brief(run, definition(), out).summary.signature is None
    assert "nobody has signed" in (out / "brief.md").read_text()
    with pytest.raises(RunError, match="not what this command would write"):
        glane.brief(run, definition(alpha=0.001, measures=BRIEF["measures"][:1]), out, sign="A. Martin")
    glane.brief(run, definition(), out, sign="A. Martin")
    assert "Read and signed by A. Martin" in (out / "brief.md").read_text()


@pytest.mark.parametrize(
    "told",
    [
        {"title": {"fr": "Peste", "en": "Plague"}}, {"audience": "Ministre"}, {"language": "fr"}, {"policy": "show"},
        {"alpha": 0.04}, {"name": "other"}, {"level": 0.9},
    ],
)  # fmt: skip
def test_what_is_signed_is_the_whole_brief(run: Path, tmp_path: Path, told: dict[str, Any]) -> None:
    glane.brief(run, definition(), tmp_path / "out")
    with pytest.raises(RunError, match="not what this command would write"):
        glane.brief(run, definition(**told), tmp_path / "out", sign="A. Martin")


def test_a_signature_is_not_lost(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    glane.brief(run, definition(), out)
    one = glane.brief(run, definition(), out, sign="A. Martin")
    kept = (out / "brief.json").read_bytes()
    for told in ({}, {"sign": "B. Autre"}, {"sign": "A. Martin"}):
        with pytest.raises(RunError, match="was signed by A. Martin"):
            glane.brief(run, definition(), out, **told)
    assert (out / "brief.json").read_bytes() == kept
    assert glane.trace(out, one.claims[0].id).chain.signature == one.summary.signature


def test_a_summary_that_nobody_signed_is_told_though_its_digests_were_changed_with_it(
    run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    glane.brief(run, definition(), out)
    one = glane.brief(run, definition(), out, sign="A. Martin").claims[0]
    before = digest_of(out / "brief.json")
    changed = (out / "brief.json").read_bytes().replace(b'"Fevers"', b'"Plague"')
    (out / "brief.json").write_bytes(changed)
    told = (out / WRITTEN).read_text()
    (out / WRITTEN).write_text(told.replace(before, digest_of(changed)))
    with pytest.raises(RunError, match="is not what A. Martin signed"):
        glane.trace(out, one.id)


def test_a_flipped_byte_is_not_signed(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    glane.brief(run, definition(), out)
    content = bytearray((out / "claims.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (out / "claims.parquet").write_bytes(bytes(content))
    with pytest.raises(RunError, match="not what this command would write"):
        glane.brief(run, definition(), out, sign="A. Martin")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"period": {"column": "dya"}}, "no column 'dya'"),
        ({"period": {"column": "hospital"}}, "must be a date"),
        ({"place": {"column": "hospital", "value": "99", "level": "region"}}, "no official code"),
        ({"measures": [{"name": "m", "case": "fevre", "label": FEVER}]}, "no column 'fevre'"),
        ({"measures": [{"name": "m", "case": "fever", "label": FEVER, "by": "what"}]}, "text that the model has taken"),
        ({"measures": [{"name": "m", "case": "fever AND", "label": FEVER}]}, "brief.measures.m"),
    ],
)
def test_a_brief_that_does_not_fit_the_run_is_refused(
    run: Path, tmp_path: Path, told: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        glane.brief(run, definition(**told), tmp_path / "out")


def test_the_command_says_the_figures_and_no_text_of_documents(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "conf" / "brief"
    folder.mkdir(parents=True)
    import yaml

    (folder / "mine.yaml").write_text(yaml.safe_dump({"defaults": ["base/default@_here_", "_self_"], **BRIEF}))
    done = job_here(
        f"--config-dir={folder.parent}", "brief=mine", f"run.dir={run}", f"out.dir={tmp_path / 'out'}", name="brief"
    )
    assert "12 documents with fever" in done.stdout
    assert "Seen at" not in done.stdout + done.stderr


# Back from a sentence.


def test_a_figure_is_followed_back_to_its_run(run: Path, tmp_path: Path) -> None:
    out, kept = tmp_path / "out", tmp_path / "trace.json"
    found = glane.brief(run, definition(), out)
    told = glane.trace(out, found.claims[0].id, out=kept)
    assert told.chain.claim == found.claims[0]
    assert "12 of 20" in str(told)
    assert str(run) in kept.read_text()
    with pytest.raises(ConfigError, match="is there already"):
        glane.trace(out, found.claims[0].id, out=kept)
    with pytest.raises(ConfigError, match="no sentence"):
        glane.trace(out, "f-none")
    with pytest.raises(RunError, match="no brief in"):
        glane.trace(tmp_path, found.claims[0].id)


@pytest.mark.parametrize(
    "name", ["claims.parquet", "measures.parquet", "brief.json", "brief.md", "brief.html", "brief.docx"]
)
def test_a_flipped_byte_of_any_file_is_told(run: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    one = glane.brief(run, definition(), out).claims[0]
    content = bytearray((out / name).read_bytes())
    content[len(content) // 2] ^= 1
    (out / name).write_bytes(bytes(content))
    with pytest.raises(RunError, match="was changed since"):
        glane.trace(out, one.id)


@contextlib.contextmanager
def flipped(path: Path, at: int) -> Iterator[None]:
    """A file with a flipped bit at a place, for a while."""
    kept = path.read_bytes()
    path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
    yield
    path.write_bytes(kept)


def test_what_tells_which_files_are_those_of_a_brief_is_damaged_or_gone(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    one = glane.brief(run, definition(), out).claims[0]
    marker = out / ".glane-files"
    for at in range(0, marker.stat().st_size, 40):
        with flipped(marker, at), contextlib.suppress(GlaneError):  # a flip in the run's name changes nothing here
            glane.trace(out, one.id)
    marker.unlink()
    with pytest.raises(RunError, match="was changed since"):
        glane.trace(out, one.id)


def test_a_damaged_file_of_a_run_is_told(tmp_path: Path) -> None:
    run, out = run_of(tmp_path), tmp_path / "out"
    one = glane.brief(run, definition(), out).claims[0]
    plan = run / "plan.parquet"
    refused = 0
    for at in range(4, plan.stat().st_size, plan.stat().st_size // 15):
        with flipped(plan, at):
            try:
                glane.trace(out, one.id)
            except GlaneError:
                refused += 1
    assert refused > 3


def test_a_review_or_an_input_that_is_another_one_is_told(tmp_path: Path) -> None:
    run, gold, out = run_of(tmp_path), tmp_path / "gold.parquet", tmp_path / "out"
    rows = glane.open_run(run).usable().select("id", "fever").collect()
    rows.write_parquet(gold)
    one = glane.brief(run, definition(), out, gold=str(gold)).claims[0]
    assert glane.trace(out, one.id).chain.gold == str(gold)
    rows.with_columns(~pl.col("fever")).write_parquet(gold)
    with pytest.raises(DataError, match="was changed since"):
        glane.trace(out, one.id)
    rows.write_parquet(gold)
    for at in range(0, gold.stat().st_size, gold.stat().st_size // 20):
        with flipped(gold, at), pytest.raises(DataError, match="was changed since"):
            glane.trace(out, one.id)
    glane.trace(out, one.id)
    path = tmp_path / "documents1.parquet"
    pl.read_parquet(path).with_columns(pl.col("day").dt.offset_by("1d")).write_parquet(path)
    with pytest.raises(DataError):
        glane.trace(out, one.id)
