"""What the words of a statement can change, by kind, in French and English: each false sentence is of a true passage."""

import datetime
from typing import Any

import polars as pl
import pytest

from glane.briefs.checks import Cited, checked
from glane.briefs.passages import widened
from glane.briefs.record import Quote
from glane.briefs.said import said_in
from simulations.brief_attacks import by_kind, results


def failed(sentence: str, passage: str, *, document: str | None = None, **told: Any) -> list[str]:
    """The checks that a sentence fails against the passage that a quote is widened to."""
    document = document or passage
    at = document.index(passage)
    start, end = (0, len(document)) if document == passage else widened(document, at, at + len(passage))
    quote = Quote(number=1, document="d", text=document[start:end], start=start, end=end, **told)
    found = checked(sentence, Cited(quote=quote, copied=passage), document=document, speaks=lambda _: False)
    return [one.name for one in found if not one.passed]


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        ("Au moins 8 foyers ont été visités.", "Au moins huit foyers ont été visités.", "Au plus 8 foyers ont été visités."),
        ("Au moins 8 foyers ont été visités.", "8 foyers au moins ont été visités.", "8 foyers ont été visités."),
        ("Moins de 15 lits sont libres.", "Moins de quinze lits sont libres.", "Environ 15 lits sont libres."),
        ("Plus de 90 lits sont libres.", "Plus de 90 lits sont libres.", "90 lits sont libres."),
        ("Jusqu'à 25 agents sont venus.", "Jusqu'à 25 agents sont venus.", "Au moins 25 agents sont venus."),
        ("Près de 70 lits sont libres.", "Environ 70 lits sont libres.", "70 lits sont libres."),
        ("La teneur est ≤ 4 mg.", "La teneur est ≤ 4 mg.", "La teneur est ≥ 4 mg."),
        ("La teneur est ≥ 4 mg.", "La teneur est ≥ 4 mg.", "La teneur est de 4 mg."),
        ("Entre 6 et 9 lits sont libres.", "Entre six et neuf lits sont libres.", "9 lits sont libres."),
        ("More than 90 beds are free.", "More than ninety beds are free.", "Fewer than 90 beds are free."),
        ("At most 25 nurses came.", "At most twenty-five nurses came.", "At least 25 nurses came."),
        ("No fewer than 25 nurses came.", "At least 25 nurses came.", "No more than 25 nurses came."),
        ("About 70 beds are free.", "About seventy beds are free.", "70 beds are free."),
        ("Up to 7 doses were given.", "Up to seven doses were given.", "7 doses were given."),
        ("From 3 to 9 doses were given.", "From three to nine doses were given.", "9 doses were given."),
        ("Persons aged 70 or over had 11 visits.", "Persons aged 70 or over had 11 visits.", "Persons aged 70 had 11 visits."),
    ],
)  # fmt: skip
def test_a_bound_has_a_direction_and_cannot_be_left_out(passage: str, true: str, false: str) -> None:
    assert failed(true, passage) == []
    assert "status" in failed(false, passage)


@pytest.mark.parametrize(
    ("passage", "true", "false"),
    [
        ("15 décès ont été signalés à Gap.", "Quinze décès ont été signalés à Gap.", "Deux décès ont été signalés à Gap."),
        ("15 décès ont été signalés à Gap.", "15 décès à Gap.", "Un décès a été signalé à Gap."),
        ("15 décès ont été signalés à Gap.", "15 décès à Gap.", "Des centaines de décès à Gap."),
        ("Un décès a été signalé à Gap.", "1 décès a été signalé à Gap.", "Deux décès ont été signalés à Gap."),
        ("Deux décès ont été signalés à Gap.", "2 décès ont été signalés à Gap.", "Zéro décès à Gap."),
        ("Une vingtaine de malades ont été vus.", "Environ 20 malades ont été vus.", "Une centaine de malades ont été vus."),
        ("Les deux tiers des lits sont libres.", "Les deux tiers des lits sont libres.", "La moitié des lits sont libres."),
        ("La moitié des 40 lits sont libres.", "La moitié des 40 lits sont libres.", "40 lits sont libres."),
        ("15 deaths were reported in Hull.", "Fifteen deaths were reported in Hull.", "A death was reported in Hull."),
        ("15 deaths were reported in Hull.", "15 deaths in Hull.", "Several hundred deaths in Hull."),
        ("One man died in Hull.", "1 man died in Hull.", "Two men died in Hull."),
        ("A dozen beds are free.", "Twelve beds are free.", "Two dozen beds are free."),
        ("Some of the beds are free.", "Some of the beds are free.", "Most of the beds are free."),
        ("1.5 million doses were given.", "1,500,000 doses were given.", "1.5 doses were given."),
        ("Il fait −7 °C dehors.", "Il fait -7 °C dehors.", "Il fait 7 °C dehors."),
        ("La teneur est de 0,500 mg.", "La teneur est de 0,5 mg.", "La teneur est de 500 mg."),
    ],
)  # fmt: skip
def test_small_numbers_in_words_and_amounts_are_numbers(passage: str, true: str, false: str) -> None:
    assert failed(true, passage) == []
    assert "number" in failed(false, passage)


def test_a_mark_before_three_digits_is_of_thousands_where_something_is_counted() -> None:
    told = {text: said_in(text).figures[0].value for text in ("1,250 cases", "1.250 cas", "1,250 mg", "1,000 lits")}
    assert told == {"1,250 cases": "1250", "1.250 cas": "1250", "1,250 mg": "1.25", "1,000 lits": "1000"}


@pytest.mark.parametrize(
    ("document", "quote", "false"),
    [
        ("Démenti : 9 cas de rage à Gap.", "9 cas de rage à Gap", "9 cas de rage à Gap."),
        ("9 cas de rage à Gap, ce que le laboratoire a infirmé.", "9 cas de rage à Gap", "9 cas de rage à Gap."),
        ("Si la digue cède, 80 habitants de Gap partiront.", "80 habitants de Gap partiront", "80 habitants de Gap partent."),
        ("Selon une rumeur, 9 cas de rage à Gap.", "9 cas de rage à Gap", "9 cas de rage à Gap."),
        ("Objectif : 95 % des enfants de Gap vaccinés.", "95 % des enfants de Gap vaccinés", "95 % des enfants de Gap vaccinés."),
        ("A-t-on vu 9 cas de rage à Gap ?", "9 cas de rage à Gap", "9 cas de rage à Gap."),
        ("Untrue: 9 cases of rabies in Hull.", "9 cases of rabies in Hull", "9 cases of rabies in Hull."),
        ("9 cases of rabies in Hull, later ruled out.", "9 cases of rabies in Hull", "9 cases of rabies in Hull."),
        ("Unless the dam holds, 80 people in Hull leave.", "80 people in Hull leave", "80 people in Hull leave."),
        ("Were 9 cases of rabies seen in Hull?", "9 cases of rabies", "9 cases of rabies in Hull."),
        ("The unit will open 12 beds in Hull.", "open 12 beds in Hull", "The unit opened 12 beds in Hull."),
        ("Maladies exclues :\n- rage à Gap\n- tétanos à Gap", "tétanos à Gap", "Le tétanos à Gap."),
    ],
)  # fmt: skip
def test_what_takes_a_passage_back_must_be_told(document: str, quote: str, false: str) -> None:
    assert "frame" in failed(false, quote, document=document)


@pytest.mark.parametrize(
    ("document", "quote", "true"),
    [
        ("Démenti : 9 cas de rage à Gap.", "9 cas de rage à Gap", "Il est faux que 9 cas de rage ont été vus à Gap."),
        ("9 cas de rage à Gap, 3 cas exclus.", "9 cas de rage à Gap", "9 cas de rage à Gap."),
        ("The unit will open 12 beds in Hull.", "open 12 beds in Hull", "The unit will open 12 beds in Hull."),
        ("L'infirmière de Gap a vu 9 cas de rage.", "9 cas de rage", "À Gap, l'infirmière a vu 9 cas de rage."),
    ],
)  # fmt: skip
def test_what_is_told_with_its_frame_or_of_another_number_stays(document: str, quote: str, true: str) -> None:
    assert failed(true, quote, document=document) == []


@pytest.mark.parametrize(
    ("text", "at", "whole"),
    [
        ("Il n'y a pas eu de\ndécès à Gap. Fin.", "décès à Gap", "Il n'y a pas eu de\ndécès à Gap."),
        ("There were no deaths in\nHull. End.", "Hull", "There were no deaths in\nHull."),
        ("Lieu\nGap\nPas de toux", "toux", "Pas de toux"),
        ("Aucun cas selon le Dr. Martin de rage. Fin.", "rage", "Aucun cas selon le Dr. Martin de rage."),
        ("No deaths, e.g. from heat. End.", "heat", "No deaths, e.g. from heat."),
        ("Avant.\nSignes absents :\n- toux\n- fièvre\nAprès", "fièvre", "Signes absents :\n- toux\n- fièvre"),
        ("Un.\n\n- toux\n- fièvre", "fièvre", "- fièvre"),
        ("En 2014 :\n33 cas de gale.", "cas", "En 2014 :\n33 cas de gale."),
    ],
)
def test_a_line_that_goes_on_an_abbreviation_and_a_list_are_no_ends_of_sentences(
    text: str, at: str, whole: str
) -> None:
    start = text.index(at)
    low, high = widened(text, start, start + len(at))
    assert text[low:high] == whole
    assert widened(text, low, high) == (low, high)


def test_a_long_sentence_is_whole_and_one_beyond_what_is_looked_at_is_not() -> None:
    for words, checks in ((100, []), (400, ["context"])):
        document = "Il est su que " + "ensuite " * words + "9 cas de rage à Gap."
        assert failed("9 cas de rage à Gap.", "9 cas de rage à Gap", document=document) == checks


def test_a_day_or_place_of_the_document_is_told_only_where_the_passage_tells_none() -> None:
    told: dict[str, Any] = {"day": datetime.date(2026, 4, 9), "place": "Hull"}
    assert failed("On 9 April 2026, 4 children were seen in Hull.", "4 children were seen.", **told) == []
    assert "period" in failed("On 9 April 2026, 4 children were seen.", "On 2 April, 4 children were seen.", **told)
    assert "period" in failed("On 9 April 2026, 4 children were seen.", "Yesterday, 4 children were seen.", **told)
    assert "place" in failed("4 children were seen in Hull.", "4 children were seen in York.", **told)


@pytest.mark.parametrize(
    ("passage", "false"),
    [
        ("7 cas à Dole, 4 cas à Gray.", "7 cas à Gray."),
        ("7 cases in Hull and 4 cases in York.", "4 cases in Hull."),
        ("7 femmes testées et 30 hommes vaccinés.", "30 femmes vaccinées."),
        ("Of 50 cases, 8 were admitted and 3 died.", "50 cases died."),
        ("7 cas probables et 2 cas confirmés à Dole.", "7 cas confirmés et 2 cas probables à Dole."),
        ("Moyenne de 6 jours, médiane de 4 jours.", "Une médiane de 6 jours."),
    ],
)
def test_what_stands_with_a_number_stays_with_it(passage: str, false: str) -> None:
    assert failed(false, passage) != []


@pytest.mark.parametrize(
    "sentence",
    ["7 cаs de rage à Dole.", "Ⅶ cas de rage à Dole.", "7 ᴄᴀs de rage à Dole.", "7\u202e cas de rage à Dole.", "— — —"],
)
def test_letters_that_look_alike_and_empty_forms_are_no_sentence(sentence: str) -> None:
    assert "form" in failed(sentence, "7 cas de rage à Dole.")


def test_a_department_in_small_letters_is_a_name() -> None:
    assert "place" in failed("7 cas de rage dans le morbihan.", "7 cas de rage à Dole.")
    assert "place" in failed("7 cas en Haute-Garonne.", "7 cas en Lot-et-Garonne.")
    assert failed("5 cas à Quimper.", "5 cas à Quimper.") == []


@pytest.mark.parametrize(
    ("sentence", "passage", "check"),
    [
        ("Une recrudescence de la rage à Dole.", "7 cas de rage à Dole.", "trend"),
        ("A resurgence of rabies in Hull.", "7 cases of rabies in Hull.", "trend"),
        ("7 cas de rage à Dole, liés à un chien.", "7 cas de rage à Dole, un chien.", "cause"),
        ("7 cases in Hull, associated with a dog.", "7 cases in Hull, a dog.", "cause"),
        ("Les tests sont positifs à Dole.", "Les tests sont négatifs à Dole.", "status"),
        ("The ward was closed before noon.", "The ward was closed after noon.", "sense"),
        ("Deux patients ont fait une chute à Dole, avec trois cas.", "Deux patients ont fait une chute à Dole, avec trois cas.", None),
        ("Les cas sont partis en car vers Dole.", "Les cas sont partis en car vers Dole.", None),
        ("Fewer than 9 children fell ill.", "Fewer than 9 children fell ill.", None),
    ],
)  # fmt: skip
def test_trends_causes_and_opposites(sentence: str, passage: str, check: str | None) -> None:
    found = failed(sentence, passage)
    assert (check in found) if check else (found == [])


def test_of_statements_made_to_pass_no_more_pass_than_the_page_tells() -> None:
    rows = pl.DataFrame(list(results()))
    for later, most_passed, most_dropped in ((False, 171, 41), (True, 25, 4)):
        *_, passed, _, dropped = by_kind(rows.filter(pl.col("later") == later)).row(-1)
        assert passed <= most_passed
        assert dropped <= most_dropped
