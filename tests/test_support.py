"""A quote supports its value only if the value can be read in it."""

import datetime

import pytest

from glane.reading.align import Aligner
from glane.reading.ground import ground
from glane.reading.leaks import Leaks
from glane.reading.support import judge, not_in_quote
from glane.task.answer import read_answer
from glane.task.examples import read_example
from glane.task.fields import fields_from
from glane.task.locate import locate
from glane.task.prompt import compact_json
from glane.task.wording import Wording

SEX = {"type": "enum", "values": ["M", "F", "unknown"], "synonyms": {"M": ["homme", "man"], "F": ["femme", "woman"]}}
CERTAINTY = {"type": "enum", "values": ["suspected", "confirmed"]}
PARTIAL = {"type": "date", "precision": "partial"}
CLOCK = {"type": "datetime"}


@pytest.mark.parametrize(
    ("field", "value", "quote", "supports"),
    [
        ({"type": "integer"}, 67, "patiente de 67 ans", True),
        ({"type": "integer"}, 67, "patiente de 76 ans", False),
        ({"type": "integer"}, 67, "France", False),
        ({"type": "integer"}, 22, "vingt-deux enfants", True),
        ({"type": "integer"}, 92, "Quatre-vingt-\ndouze cas", True),
        ({"type": "integer"}, 105, "a hundred and five cases", True),
        ({"type": "integer"}, 1234, "1\u202f234 cas", True),
        ({"type": "integer"}, 234, "1 234 cas", False),
        ({"type": "integer"}, 0, "no deaths", True),
        ({"type": "integer"}, 0, "aucun décès", True),
        ({"type": "integer"}, 0, "des décès", False),
        ({"type": "integer"}, 1, "un cas", True),
        ({"type": "integer"}, 1, "a man", True),
        ({"type": "integer"}, 1, "several cases", False),
        ({"type": "number"}, 39.2, "fièvre à 39,2°C", True),
        ({"type": "number"}, 39.2, "fièvre à 39", False),
        ({"type": "number"}, -5.0, "à -5 degrés", True),
        ({"type": "date"}, "2024-05-03", "le 3 mai 2024", True),
        ({"type": "date"}, "2024-05-03", "03/05/24", True),
        ({"type": "date"}, "2024-05-03", "May 3", True),
        ({"type": "date"}, "2024-05-03", "le 3 mai 2023", False),
        ({"type": "date"}, "2024-05-03", "le 4 mai 2024", False),
        ({"type": "date"}, "2024-05-03", "le 3 juin", False),
        ({"type": "date"}, "2024-05-03", "depuis lundi", None),
        ({"type": "date"}, "2024-05-03", "il y a 3 jours", None),
        ({"type": "date"}, "2024-05-03", "Freetown", False),
        (PARTIAL, "2024", "en 2024", True),
        (PARTIAL, "2024", "en 2023", False),
        (PARTIAL, "2024-05", "en mai 2024", True),
        (PARTIAL, "2024-05", "en mai 2023", False),
        *(({"type": "date"}, "2024-05-03", quote, True) for quote in (
            "03/05/2024", "3/5", "03.05.24", "2024-05-03", "du 3 au 5 mai 2024", "3rd of May", "3 mai 24", "May 3, 2024")),
        *(({"type": "date"}, "2024-05-03", quote, False) for quote in (
            "03/05/23", "3 mai 23", "3 mai 2023", "5 cas et 3 décès", "TA 5/4", "may have 3 cases", "12 deaths",
            "2024-05-04", "du 4 au 5 mai", "3 patients de 5 ans")),
        ({"type": "date"}, "2024-09-09", "09/09", True),
        ({"type": "date"}, "2024-07-14", "14 juill. 2024", True),
        ({"type": "date"}, "2024-05-03", "last night", None),
        (PARTIAL, "2024", "24 cas", False),
        (PARTIAL, "2024-05", "5 patients, 12 décès", False),
        ({"type": "integer"}, 67, "a sixty-seven-year-old man", True),
        ({"type": "integer"}, 14, "two-week history", True),
        ({"type": "integer"}, 1500000, "1,5 million de doses", True),
        ({"type": "integer"}, 12000, "12 mille doses", True),
        ({"type": "integer"}, 0, "une personne malade", False),
        ({"type": "integer"}, 0, "pas moins de 12 cas", False),
        ({"type": "integer"}, 1, "le 12", False),
        ({"type": "integer"}, 0, "since this morning", True),
        *(({"type": "string"}, text, text, True) for text in ("1,5 mg", "38.5", "1 000 doses", "BA.2.86", "post-op", "東京")),
        ({"type": "string"}, "vomissements", "vomis-\nsements", True),
        ({"type": "string"}, "Niger", "au Nigeria", False),
        ({"type": "string"}, "Austria", "in Australia", False),
        ({"type": "string"}, "polio", "la police", False),
        ({"type": "string"}, "positive", "sa position", False),
        ({"type": "string"}, "cough", "coughing", True),
        ({"type": "string"}, "anémie", "anémone", False),
        ({"type": "time"}, "14:30", "à 14h30", True),
        ({"type": "time"}, "14:30", "at 2:30 pm", True),
        ({"type": "time"}, "14:30", "à 14h45", False),
        ({"type": "time"}, "12:00", "à midi", None),
        (CLOCK, "2024-05-03T14:30", "le 3 mai 2024 à 14h30", True),
        (CLOCK, "2024-05-03T14:30", "le 3 mai 2024 à midi", None),
        (CLOCK, "2024-05-03T14:30", "le 4 mai 2024 à 14h30", False),
        ({"type": "string"}, "Algérie", "un foyer algérien", True),
        ({"type": "string"}, "Freedonia", "Freetown", False),
        ({"type": "string"}, "Freedonia", "F", False),
        ({"type": "string"}, "Rougeole", "cas de rougeoles", True),
        ({"type": "string"}, "hypotension", "hypertension", False),
        ({"type": "string"}, "Influenza A H5N1", "influenza A(H5N1) virus", True),
        ({"type": "string"}, "Influenza A H5N1", "influenza A(H7N9) virus", False),
        ({"type": "string"}, "The programme halved smoking among the pupils", "a fall by 50 %", None),
        (SEX, "F", "une femme de 30 ans", True),
        (SEX, "M", "une femme de 30 ans", False),
        (SEX, "F", "30 ans", False),
        (SEX, "unknown", "30 ans", None),
        (CERTAINTY, "suspected", "3 suspected cases", True),
        (CERTAINTY, "suspected", "3 confirmed cases", None),
        (SEX, "unknown", "une femme", False),
        (SEX, "F", "F, 45 ans", True),
        (SEX, "M", "F, 45 ans", False),
        (CERTAINTY, "confirmed", "not confirmed", None),
        ({"type": "integer"}, 15, "15 juin 2024", False),
        ({"type": "integer"}, 2024, "15 juin 2024", True),
        ({"type": "integer"}, 6, "le 15/06/2024", False),
        ({"type": "integer"}, 15, "June 15, 2024", False),
        ({"type": "integer"}, 15, "15 cas en juin 2024", True),
        ({"type": "integer"}, 12, "une douzaine de convives", True),
        ({"type": "integer"}, 20, "une vingtaine de cas", True),
        ({"type": "integer"}, 1, "20 mois", True),
        ({"type": "integer"}, 0, "8 M", True),
        ({"type": "integer"}, 2, "depuis 48h", True),
        ({"type": "integer"}, 2, "depuis avant-hier", True),
        ({"type": "integer"}, 1, "depuis hier", True),
        ({"type": "integer"}, 0, "depuis ce matin", True),
        ({"type": "integer"}, 5, "depuis 3 jours", False),
        ({"type": "integer"}, 14, "two weeks ago", True),
        ({"type": "integer"}, 14, "2 weeks ago", True),
        ({"type": "number"}, 39.7, "39°7", True),
        ({"type": "integer"}, 1, "son frère est malade", True),
        ({"type": "integer"}, 0, "personne d'autre malade", True),
        *(({"type": "date"}, "2024-08-12", quote, False) for quote in (
            "TA 12/8", "TA à 12/8", "PA : 12/8 mmHg", "BP 12/8", "tension artérielle 12/8", "EVA 8/12", "score 8/12",
            "8/12 des résidents", "8/12 of the pupils", "8-12 doses", "8-12 patients", "pain score of 8/12", "12.8 g")),
        *(({"type": "date"}, "2024-08-12", quote, True) for quote in (
            "le 12/8", "vu le 12/8, TA 13/7", "depuis le 12.8", "on 12/8", "since 8/12", "12/8", "Vu 12/08", "12-08",
            "TA 13/7 le 12/8", "12/8/24")),
        *(({"type": "date"}, "2024-05-12", quote, False) for quote in (
            "12 may 20 patients", "12 may need care", "the 12 who may", "of 20, 12 may have it")),
        *(({"type": "date"}, "2024-05-12", quote, True) for quote in (
            "12 May 20 patients", "on 12 may with fever", "12th of may", "seen 12 may.", "12 may 2024", "12 mai 20 patients")),
        ({"type": "date"}, "2024-03-12", "12 march past", False),
        ({"type": "integer"}, 12, "12 may need care", True),
        ({"type": "integer"}, 20, "12 may 20 patients", True),
        *(({"type": "integer", "description": "Nombre de cas"}, number, "fièvre 3 semaines", supports)
          for number, supports in ((504, False), (21, False), (3, True))),
        *(({"type": "integer", "description": about}, number, "fever for 3 weeks", supports) for about, number, supports in (
            ("Duration in days", 21, True), ("Duration in hours", 504, True), ("Duration in days", 504, False),
            ("Duration", 21, True), ("Duration", 504, False), ("Number of pupils", 21, False), ("", 504, False))),
        ({"type": "integer", "description": "Âge en années"}, 1, "20 mois", True),
        ({"type": "integer", "description": "Âge en mois"}, 24, "2 ans", True),
        ({"type": "integer", "description": "Nombre de décès"}, 2, "depuis 48h", False),
        ({"type": "integer"}, 504, "fièvre 3 semaines", False),
        *(({"type": "integer"}, number, quote, supports) for number, quote, supports in (
            (10, "10² UFC", False), (100, "10² UFC", True), (100000, "10⁵ UFC/mL", True), (10, "10⁵ UFC/mL", False),
            (5000, "5×10³ copies", True), (5000, "5 x 10^3 copies", True), (10, "10^3 copies", False), (12, "12² cas", False),
            (10, "3 kg/m² et 10 cas", True))),
        *(({"type": "number"}, number, quote, supports) for number, quote, supports in (
            (2.5, "2½ tablets", True), (2, "2½ comprimés", False), (0.5, "½ comprimé", True), (0.01, "10⁻² mol", True))),
        (CERTAINTY, "suspected", "3 cas", None),
        ({"type": "boolean"}, True, "anything", None),
    ],
)  # fmt: skip
def test_a_value_is_read_in_its_quote_or_not(field, value, quote, supports):
    one = fields_from({"x": {**field, "evidence": True}}, place="fields")
    answer = compact_json({"x": {"value": value, "quote": quote}})
    found = read_answer(one, locate(answer))
    ground(found, Aligner(f"Vu ce jour. {quote}."))
    judge(found, one)
    assert found["x"].evidence.supports is supports
    assert not_in_quote(found, one) == (["x"] if supports is False else [])


def test_a_record_is_supported_by_one_of_its_members():
    fields = fields_from(
        {
            "events": {
                "type": "list", "evidence": True,
                "items": {"type": "object", "fields": {"place": {"type": "string"}, "cases": {"type": "integer"}}},
            }
        },
        place="fields",
    )  # fmt: skip
    text = "Trois cas à Lyon."
    for place, cases, supports in (("Lyon", 9, True), ("Metz", 3, True), ("Metz", 9, False)):
        item = {"value": {"place": place, "cases": cases}, "quote": text}
        found = read_answer(fields, locate(compact_json({"events": [item]})))
        ground(found, Aligner(text))
        judge(found, fields)
        assert found["events"].items[0].evidence.supports is supports
        assert not_in_quote(found, fields) == ([] if supports else ["events"])


def test_a_quote_that_is_not_in_the_text_supports_nothing():
    fields = fields_from({"x": {"type": "integer", "evidence": True}}, place="fields")
    found = read_answer(fields, locate('{"x":{"value":67,"quote":"67 ans"}}'))
    ground(found, Aligner("Rien."))
    judge(found, fields)
    assert found["x"].evidence.supports is False
    assert not_in_quote(found, fields) == ["x"]


@pytest.mark.parametrize(
    ("value", "quote", "is_leak"),
    [
        ("Freedonia", "France", True),  # the quote is in the text; the value is the example's and is not
        ("Freedonia", "Freedonia", True),
        ("France", "France", False),
        ("Sierra Leone", "Freetown", False),  # no example has it: not in its quote, and no leak
    ],
)
def test_a_leak_is_judged_by_its_value_whatever_the_quote(value, quote, is_leak):
    fields = fields_from({"country": {"type": "string", "evidence": True}}, place="fields")
    output = {"country": {"value": "Freedonia", "quote": "Freedonia"}}
    example = read_example({"text": "Cases in Freedonia.", "output": output}, ("text",), fields, place="example")
    text = "Cases in France, and in Freetown."
    found = read_answer(fields, locate(compact_json({"country": {"value": value, "quote": quote}})))
    ground(found, Aligner(text))
    assert Leaks([example], fields).in_answer(found, text) == (["country"] if is_leak else [])


def test_numbers_are_read_in_figures_and_in_words_of_both_languages():
    shown = Wording("Vingt et un enfants, thirty-two adults, 1.234,5 kg, 1,234 and ½")
    assert {21.0, 32.0, 1234.5, 1234.0, 1.234} <= shown.numbers
    assert not shown.has_number(20)
    assert Wording("3 mai").has_date(datetime.date(2024, 5, 3), None)


@pytest.mark.parametrize(
    "text", ["9" * 500 + " ans", "1," + "0" * 400 + " million", "0" * 400 + "h" + "1" * 400, "\ud800 x"]
)
def test_figures_of_any_length_are_read(text):
    shown = Wording(text)
    assert not shown.has_number(7)
    assert shown.has_time(datetime.time(7, 0)) in (None, False)
    assert not shown.has_date(datetime.date(2024, 5, 3), None)


@pytest.mark.parametrize(
    ("text", "value", "quote", "supports"),
    [
        ("La mère du patient a de la fièvre.", "fièvre", "patient a de la fièvre", False),
        ("Son frère présente une toux.", "toux", "toux", False),
        ("Her mother has a fever.", "fever", "fever", False),
        ("Pas de toux.", "toux", "toux", False),
        ("Absence de fièvre.", "fièvre", "fièvre", False),
        ("She denies any fever.", "fever", "fever", False),
        ("There is no cough.", "cough", "cough", False),
        ("Le patient a de la fièvre.", "fièvre", "fièvre", True),
        ("Pas de toux, fièvre.", "fièvre", "fièvre", True),
        ("Amené par sa mère pour fièvre.", "fièvre", "fièvre", True),
        ("Brought by his mother for fever.", "fever", "fever", True),
        ("Smoker: no Fever since Monday.", "Fever", "Fever since", True),
        ("Not seen before. Fever.", "Fever", "Fever", True),
    ],
)
def test_what_stands_left_of_a_quote_denies_it_or_tells_it_of_another(text, value, quote, supports):
    for assertion in (False, True):
        fields = fields_from(
            {"x": {"type": "list", "evidence": True, "assertion": assertion, "items": {"type": "string"}}}, place="f"
        )
        item = {"value": value, "quote": quote} | ({"assertion": "present"} if assertion else {})
        found = read_answer(fields, locate(compact_json({"x": [item]})))
        ground(found, Aligner(text))
        judge(found, fields, text)
        assert found["x"].items[0].evidence.supports is (True if assertion else supports)
