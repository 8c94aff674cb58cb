"""Pseudonymisation: what is found, what stands in its place, that nothing known is left, and that places come back."""

from __future__ import annotations

import pickle
import random
import re
import shutil
import stat
import unicodedata
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glane
from conftest import SMALL_TASK, extract_here, job_here, make_settings, work
from glane.api.sources import refuse_shifted
from glane.corpus.files import inspect_files
from glane.corpus.pseudonymised import MARK, PseudonymRules, rules_of, shifted_rules, with_mark
from glane.errors import ConfigError, DataError, RunError
from glane.extraction.frozen import freeze
from glane.extraction.results import Run
from glane.extraction.shifted import pseudonym_lines, pseudonym_rules
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.job.sentinels import Sentinels
from glane.job.tables import kept_tables
from glane.languages import in_language
from glane.pseudonyms import table as of_tables
from glane.pseudonyms.checks import luhn, nir_key, with_luhn
from glane.pseudonyms.dates import dates, num_left, shifted
from glane.pseudonyms.detect import identifiers
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.kinds import KINDS, counted
from glane.pseudonyms.offsets import Offsets
from glane.pseudonyms.offsets_file import places_made_of, publish_places
from glane.pseudonyms.replace import Pseudonymised, pseudonymised, with_surrogates
from glane.pseudonyms.squeezed import Squeezed, signs_of
from glane.pseudonyms.surrogates import RESERVED, Manner, Surrogates
from glane.pseudonyms.syllables import is_real
from glane.pseudonyms.tokens import tokens
from glane.pseudonyms.whole import known_replaced
from glane.pseudonyms.words import folded, letters, listed
from glane.settings.pseudonymise import Kind
from glane.task.task import load_task
from identified_notes import TEMPLATES, UNSEEN_FIRST, UNSEEN_LAST, Identified, identified
from simulations.pseudonyms import found_by_rules, measure, measure_closed

SECRET = b"0123456789abcdef0123456789abcdef-made-up"
KEY = Key(SECRET)
QUOTED = {
    "name": "quoted",
    "instructions": "Lis.",
    "fields": {name: {"type": "boolean", "evidence": True} for name in ("fever", "cough", "seen")},
}
SYLLABLES = [f"{one}{vowel}" for one in "bzxkw" for vowel in "aeiouy"]
PSEUDONYMISED_BEFORE = "the documents were pseudonymised before, as their files say: these are personal data still"
SAMPLE = [identified(template, seed, unseen=bool(seed % 2)) for template in TEMPLATES for seed in range(6)]


def write_key(folder: Path, secret: bytes = SECRET) -> None:
    """Write `key`, as its owner keeps one."""
    (folder / "key").write_bytes(secret)
    (folder / "key").chmod(0o600)


def made(text: str, *, person: str = "p", key: Key = KEY, **manner: Any) -> Pseudonymised:
    return pseudonymised(text, key=key, person=person, manner=Manner(**manner))


def moving(days: int) -> Surrogates:
    """The surrogates of a person whose dates are shifted by some days."""
    persons = (Surrogates(KEY, Manner(), person=str(one), text="", year=2024) for one in range(10_000))
    return next(one for one in persons if one.days == days)


def kinds(text: str, **more: Any) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in identifiers(text, **more)]


def names(text: str) -> list[str]:
    return [found for kind, found in kinds(text) if kind == "name"]


def nobodys(told: str) -> bool:
    """Whether a number is of a range that nobody is given one of."""
    signs = re.sub(r"[^\dAB]", "", told)
    if told.startswith("+") or len(signs) == 10:
        return any(signs[-9:].startswith(one) for one in RESERVED.values())
    return 13 <= int(signs[3:5]) <= 19 if len(signs) in (13, 15) else signs[:2] in ("00", "99")


# What is found


@pytest.mark.parametrize(
    ("number", "less"),
    [("1850578006084", 0), ("2690549588157", 0), ("190122A123456", 1_000_000), ("190122B123456", 2_000_000)],
)
def test_the_key_of_a_nir(number: str, less: int) -> None:
    """The letters of Corsica count as nought, and a million or two less: the other way that INSEE tells."""
    assert (int(re.sub("[AB]", "0", number)) - less + nir_key(number)) % 97 == 0
    assert (nir_key("1850578006084"), nir_key("2690549588157")) == (91, 80)


@pytest.mark.parametrize(
    "text",
    [
        "1 85 05 78 006 084 91", "185057800608491", "1 90 12 2A 123 456 39", "1 85 05 78 006 084", "1850578006084",
        "1.85.05.78.006.084.91", "NIR : 1 85 13 78 006 084 11",
    ],
)  # fmt: skip
def test_a_nir_in_all_its_forms(text: str) -> None:
    assert [kind for kind, _ in kinds(f"Sécu {text}, suivi.")] == ["nir"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Vu par le Dr de La Tour et Mme Le Goff.", ["de La Tour", "Le Goff"]),
        ("Monsieur N'Guessan, M. Ben Salah, Pr Wu", ["N'Guessan", "Ben Salah", "Wu"]),
        ("Monsieur DU-\nPONT Jean va mieux", ["DU-\nPONT", "Jean"]),
        ("mme quénéhervé josiane, 84 ans", ["quénéhervé", "josiane"]),
        ("Courrier de J.-P. Martin.", ["J.-P.", "Martin"]),
        ("Mme Petit Rose. La petite est rose. Petit va mieux", ["Petit", "Rose"]),
        ("KOUAXI Amenan est hospitalisée", ["KOUAXI", "Amenan"]),
        ("MME DE LA TOUR EST HOSPITALISEE", ["DE LA TOUR"]),
        ("Maladie de Crohn, signe de Babinski, Parkinson, Charcot, Hodgkin, Lasègue", []),
        ("Vu par le Dr Charcot pour une maladie de Charcot.", ["Charcot"]),
        ("Né en juillet, opéré par Dr Juillet", ["Juillet"]),
        ("Madame\n  CAZENEUVE-ROY, 79 ans", ["CAZENEUVE-ROY"]),
        # Beside a name, by a birth, by who did something, by what somebody does.
        ("Vu Mme Mahery de Kermadec et Mme Souhila O'Reilly", ["Mahery", "de Kermadec", "Souhila", "O'Reilly"]),
        ("Zyxandre Vorn née le 3 mars", ["Zyxandre", "Vorn"]),
        ("examiné par Zyxandre, traité par Modopar, relayé par Augmentin", ["Zyxandre"]),
        ("Zyxandre refuse la toilette. Sodium 138. Kardegic refuse", ["Zyxandre"]),
        ("Mme d. a dormi", ["d"]),
        ("\n\nC. de La Tour\n", ["C.", "de La Tour"]),
        ("Mail yann.kervorn@ch.fr : kervorn rappelle", ["kervorn"]),
        # In lines without capitals, behind words that announce somebody.
        ("vu avec sa fille zyxandre vorn, sous lovenox ce jour", ["zyxandre", "vorn"]),
        ("salut, ok pour von arx loïc-marie ipp P1234567 demain", ["von arx", "loïc-marie"]),
        ("vu avec douleur, avec fièvre et toux, sous lovenox", []),
        ("mme d'arvor. vu avec zyxandre van vorn, tel ce jour", ["d'arvor", "zyxandre", "van vorn"]),
        # By the words around a name, in lines of any case.
        ("Peux-tu voir si Zyxandre peut rentrer ?", ["Zyxandre"]),
        ("Sa mère (Zyxandre) s'inquiète", ["Zyxandre"]),
        ("ses enfants Zyxandre et Vornia sont là", ["Zyxandre", "Vornia"]),
        ("L'infirmier libéral, Zyxandre, passe", ["Zyxandre"]),
        ("Zyxandre, la voisine du dessous, a les clefs", ["Zyxandre"]),
        ("Objet : Zyxandre V.\nBonjour,", ["Zyxandre", "V."]),
        ("12 PRINTEMPS C. 19/07/2016", ["PRINTEMPS", "C."]),
        ("LA COMPAGNE DE ZYXANDRE VORN RACONTE SA CHUTE", ["ZYXANDRE", "VORN"]),
        ("vu Nadia Cheval ce jour", ["Nadia", "Cheval"]),
        ("vu Pham Van ce jour", ["Pham", "Van"]),
        ("Yann Kervorn est passé.\nMerci. YK\nTA", ["Yann", "Kervorn", "YK"]),
        # As a scanner reads them.
        ("Madame Zyx1ane, son fils 0umarou", ["Zyx1ane", "0umarou"]),
        ("Nom\tPrénom\tService\nxylander\tOthmane\tpneumologie\n", ["xylander", "Othmane"]),
    ],
)
def test_names(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("known", "text", "kind", "found"),
    [
        ("Quénéhervé", "Madame QUENEHREVE va mieux", "name", ["QUENEHREVE"]),
        ("Kerzérho", "vu kerzheo et kerzerho ce jour", "name", ["kerzheo", "kerzerho"]),
        ("Martin", "Vu le matin, la main est rouge", "name", []),
        ("1951-03-12", "patiente du 12 mars 1951, vue le 13/03/2024", "birth_date", ["12 mars 1951"]),
        ("12/03/1951", "patiente du 12.03.51, vue le 12/03/2024", "birth_date", ["12.03.51"]),
        ("14 rue des Lilas", "habite 14, rue des lilas, avec", "address", ["14, rue des lilas"]),
        ("06 12 34 56 78", "joindre 0612345678", "phone", ["0612345678"]),
        ("06 12 34 56 78", "joindre 0612\u200b345678", "phone", ["0612\u200b345678"]),
        ("Quénéhervé", "vue : Qué\u200bné\u2060hervé\ufeff.", "name", ["Qué\u200bné\u2060hervé\ufeff"]),
        ("Kerzérho", "MmeKerzérho et KerzérhoZoé, SaintKerzérhoise", "name", ["Kerzérho", "Kerzérho"]),
    ],
)
def test_known_values_in_other_forms_and_misspelt(known: str, text: str, kind: str, found: list[str]) -> None:
    assert [one for told, one in kinds(text, known=[known]) if told == kind] == found


@given(st.text("abÉ1 -.\n_", max_size=40), st.text("abé1", min_size=1, max_size=3))
def test_where_a_value_stands_is_where_a_pattern_finds_it(text: str, value: str) -> None:
    between = r"[\s.,'’‐‑\u0300-\u036f\u00ad-]{0,3}"
    pattern = r"(?<![^\W_])" + between.join(map(re.escape, signs_of(value))) + r"(?![^\W_])"
    assert list(Squeezed(text).where(signs_of(value))) == [one.span() for one in re.finditer(pattern, folded(text))]


def test_an_address_that_is_known_leaves_none_of_its_words() -> None:
    text = "vu au 14, rue des lilas ce jour"
    assert "lilas" not in pseudonymised(text, key=KEY, person="p", manner=Manner(), known=["14 rue des Lilas"]).text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ok pour 12/03.", ["12/03"]),
        ("rdv 09/11 matin", ["09/11"]),
        ("TA 12/08, PA 11/07, EVA 05/10, tension 10/06", []),
        ("dilué à 1/10, score 08/10, 03/12 mm", []),
    ],
)
def test_days_without_a_year_are_no_measures(text: str, found: list[str]) -> None:
    assert [one for kind, one in kinds(text) if kind == "date"] == found


def test_styles_that_the_rules_were_not_made_for_lose_most_names() -> None:
    """No target of the rules: a sign that they were broken."""
    figures = measure_closed(60)["all"]
    assert figures.hit["name"] > 0.78 * figures.told["name"]
    assert figures.precision > 0.97
    assert figures.eponyms > 200
    assert figures.eponyms_replaced == 0


@pytest.mark.parametrize(
    "text",
    [
        "Infection à SARS-CoV-2 confirmée", "Pneumopathie à Mycoplasma", "infection à Monkeypox", "bactériémie à Enterococcus",
        "Endocardite à Streptocoque", "infection à Zyxavirus", "Rash à Coxsackie A16", "myocardite à Parvovirus B19",
        "Contact : Méningite", "voir Dengue demain", "Mère : Rubéole", "Patient : Paludisme probable", "avec Leptospirose",
        "Décès de Spondylodiscite, Patient : Arbovirose", "Contact : Nirsevimab, voir Gardasil, relais à Doxycycline",
        "Retour de voyage, fièvre de Malte, syndrome de Lyell, fièvre de Crimée-Congo",
    ],
)  # fmt: skip
def test_what_a_disease_is_caused_by_is_no_town(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    ["charge virale 12500000 copies/mL", "10000000 UFC/mL", "leucocytes 12000000/L", "25000000 UI de pénicilline"],
)
def test_a_measure_of_eight_digits_is_no_number_of_somebody(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize("town", ["Saint-Pierre-la-Mer", "Ste-Marie", "St-Rémy", "Castelbrun"])
def test_a_town_behind_a_disease_is_one(town: str) -> None:
    assert kinds(f"Vue pour bronchite à {town} hier") == [("town", town)]


def test_a_hospital_that_is_called_after_somebody_is_no_person() -> None:
    assert kinds("Transféré à l'hôpital Henri Mondor") == [("hospital", "Henri Mondor")]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("IPP : 8012345678", "identifier", "8012345678"),
        ("n° de séjour: A240123456", "identifier", "A240123456"),
        (f"RPPS {with_luhn('1000123456')}", "rpps", with_luhn("1000123456")),
        (f"FINESS : {with_luhn('75012345')}", "finess", with_luhn("75012345")),
        ("Tél. 06.12.34.56.78", "phone", "06.12.34.56.78"),
        ("tel O6 12 34 56 78 ce soir", "phone", "O6 12 34 56 78"),
        ("DECT 6 12 34", "phone", "6 12 34"),
        ("secrétariat, poste 4512", "phone", "4512"),
        ("le dossier est le 3204200", "identifier", "3204200"),
        ("dossier du patient précédent (34021)", "identifier", "34021"),
        ("né le 3O/O9/195l", "birth_date", "3O/O9/195l"),
        ("CLINIQUE DES TILLEULS", "hospital", "DES TILLEULS"),
        ("vu a la clinique saint-fiacre", "hospital", "saint-fiacre"),
        ("scolarisé au collège Jules-Vornet", "hospital", "Jules-Vornet"),
        ("salarié de la société Vornex Sud", "hospital", "Vornex Sud"),
        ("ambulance prévue pour Vornel", "town", "Vornel"),
        ("habite a vornel depuis peu", "town", "vornel"),
        ("AMBULANCE PREVUE POUR VORNEL", "town", "VORNEL"),
        ("lieu-dit Le Vornais", "address", "lieu-dit Le Vornais"),
        ("fax 01.23.45.67.89", "phone", "01.23.45.67.89"),
        ("joindre au +33 6 12 34 56 78", "phone", "+33 6 12 34 56 78"),
        ("ecrire a jean.dupont@free.fr", "email", "jean.dupont@free.fr"),
        ("habite 3 bis av. de la République", "address", "3 bis av. de la République"),
        ("DDN 12/03/1954", "birth_date", "12/03/1954"),
        ("née le 3 avr. 1961", "birth_date", "3 avr. 1961"),
        ("hospitalisé du 12 au 15 mars 2024", "date", "12 au 15 mars 2024"),
        ("RDV le 03/04 à 9h", "date", "03/04"),
    ],
)
def test_identifiers_by_their_form(text: str, kind: str, found: str) -> None:
    assert kinds(text) == [(kind, found)]


@pytest.mark.parametrize(
    "text", ["0612345678/0712345678", "06 12 34 56 78/07 12 34 56 78", "06.12.34.56.78-07.12.34.56.78"]
)
def test_two_telephones_are_two(text: str) -> None:
    assert [kind for kind, _ in kinds(f"Tél. {text}, le soir")] == ["phone", "phone"]


def test_figures_of_a_note_are_no_identifiers() -> None:
    assert (
        kinds("TA 12/8, FC 88/min, T° 38,5, EVA 3/10, leucocytes 11200/mm3, Kardegic 75 mg x3/j, 2 L/min, G2P1") == []
    )


def test_ages_are_told_up_to_a_bound() -> None:
    assert kinds("97 ans, suivi 12 ans", oldest_age=89) == [("age", "97")]
    assert made("97 ans", oldest_age=89).text == "90 ans"
    assert made("97 ans").text == "97 ans"


def test_known_values_are_found_in_any_spelling() -> None:
    text = "QUENEHERVE, quénéhervé, Quéné-\nhervé ; petit garçon, PETIT ; dossier P 001 2345"
    found = kinds(text, known=["Quénéhervé", "Petit", "P0012345"])
    assert [one for _, one in found] == ["QUENEHERVE", "quénéhervé", "Quéné-\nhervé", "PETIT", "P 001 2345"]


@pytest.mark.parametrize(
    "piece",
    [
        "A ", "DE LA ", "de la ", "Saint-", "a-", "x", "1 ", "06 ", "a.", "12 rue de la ", "M. ", "nom : ", "a\tb\tc\n", "d'", "né le ",
        "CH de ", "a@", "at_", "@a", "x point ", "www.", "a.fr/", "00 33 ", "+33", "zéro six ", "FR76 ", "4970 ", "AB-123-",
    ],
)  # fmt: skip
def test_a_text_that_repeats_itself_is_read_to_its_end(piece: str) -> None:
    """A rule whose ways to read a text double with each word would not end."""
    assert made(piece * 300).text is not None


@pytest.mark.parametrize("value", ["CHU Est", "CH Nord", "Hôpital Saint-Louis", "Centre hospitalier de Vannes"])
def test_a_known_hospital_stays_one(value: str) -> None:
    text = f"Vue au {value} hier. Le chu est fermé."
    done = pseudonymised(text, key=KEY, person="p", manner=Manner(), known=[value])
    assert [(one.kind, text[one.start : one.end] in value) for one in done.segments] == [("hospital", True)]
    word = value.removesuffix(text[done.segments[0].start : done.segments[0].end])
    assert done.text.startswith(f"Vue au {word}")
    assert done.text.endswith("hier. Le chu est fermé.")
    made = Surrogates(KEY, Manner(), person="p", text=text, year=2024)
    whole, kind = known_replaced(value, made)
    assert kind == "hospital"
    assert whole in done.text
    assert known_replaced(value, made, ["hospital"]) == (value, "hospital")


def test_a_surname_that_is_also_a_word_for_a_home_is_a_name() -> None:
    assert known_replaced("Mas Pierre", Surrogates(KEY, Manner(), person="p", text="", year=2024))[1] == "name"


def test_short_known_values_are_not_looked_for() -> None:
    assert kinds("Le patient a 42 ans, FC 120, le 12 au soir", known=["42", "120", "12", "Le"]) == []


# Floors, below what was measured: a rule that breaks is seen here. Figures are in docs/pseudonymisation.md.
@pytest.mark.parametrize(
    ("template", "recall", "precision"),
    [
        ("demo", 0.97, 0.97), ("capitals", 0.97, 0.97), ("letter", 0.98, 0.98), ("transport", 0.98, 0.98),
        ("follow_up", 0.96, 0.97), ("last", 0.86, 0.97),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unseen", [False, True])
def test_most_are_found(template: str, recall: float, precision: float, unseen: bool) -> None:
    found = measure(template, 15, unseen=unseen)
    assert found.recall >= recall
    assert found.precision >= precision
    assert found.eponyms > 10
    assert found.eponyms_replaced == 0


def test_unseen_names_are_in_no_list() -> None:
    for name in (*UNSEEN_FIRST, *UNSEEN_LAST):
        assert not {letters(name)} & (listed("first_names") | listed("surnames")), name


def test_a_document_that_keeps_a_name_counts_as_leaking() -> None:
    def all_but_one(document: Identified) -> list[tuple[int, int, str]]:
        return found_by_rules(document)[1:]

    assert measure("transport", 5, unseen=False, find=all_but_one).leaking == 5


# What stands in its place


def test_a_name_has_one_surrogate() -> None:
    one = made("M. Quénéhervé va mieux. M. QUENEHERVE sort.")
    other = made("Mme Quéné-\nhervé, sa fille", person="q")
    first, again = (one.text[part.new_start : part.new_end] for part in one.segments)
    apart = other.text[other.segments[0].new_start : other.segments[0].new_end]
    assert folded(first) == folded(again) == folded(apart)
    assert again.isupper()
    assert "quénéhervé" not in (one.text + other.text).lower()
    of_person = [made("M. Quénéhervé", person=person, scope="person").text for person in "pq"]
    assert of_person[0] != of_person[1]
    assert made("M. Quénéhervé", key=Key(SECRET + b"2")).text != made("M. Quénéhervé").text


@pytest.mark.parametrize("kind", ["name", "town"])
def test_hardly_two_of_ten_thousand_names_share_a_surrogate(kind: Kind) -> None:
    """Of 76 million surnames and 42 million towns, 1.3 and 2.4 are expected to; of 200,000 it would be hundreds."""
    told = sorted({f"{a}{b}{c}k" for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES})[:10_000]
    given_names = [Surrogates(KEY, Manner(), person="p", text="", year=2024).of(name, kind) for name in told]
    assert len(told) == 10_000
    assert len({letters(one) for one in given_names}) > 10_000 - 5
    assert not any(is_real(letters(one)) for one in given_names)


@pytest.mark.parametrize("document", SAMPLE, ids=lambda document: f"{len(document.text)}")
def test_no_surrogate_is_a_real_value(document: Identified) -> None:
    found = made(document.text)
    words = {token.word.letters for token in tokens(document.text)}
    for part in found.segments:
        old, new = document.text[part.start : part.end], found.text[part.new_start : part.new_end]
        assert new != old
        if part.kind == "name" and len(letters(old)) > 2:
            for word in re.split(r"[-‐‑ ]", new):
                assert letters(word) not in words
                assert not is_real(letters(word))
        if part.kind in ("nir", "phone", "rpps", "finess"):
            assert nobodys(new), new
            assert not nobodys(old)
            assert re.sub(r"\d", "9", new) == re.sub(r"\d", "9", old)
        if part.kind == "nir" and len(re.sub(r"\W", "", new)) == 15:
            assert nir_key(re.sub(r"\W", "", new)[:13]) == int(new[-2:])
        if part.kind in ("rpps", "finess"):
            assert luhn(re.sub(r"\D", "", new))


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ("DUPONT-1951-03", "DUPONT"), ("KERVELLA75", "KERVELLA"), ("DUPONT0612345678", "DUPONT"), ("12 Kervaon", "Kervaon"),
        ("Kervorn Zyx 75", "Kervorn"), ("BP 75 Castelbrun", "Castelbrun"), ("14 rue des Lilas", "Lilas"),
    ],
)  # fmt: skip
def test_letters_of_a_known_number_or_address_do_not_stay(known: str, left: str) -> None:
    text = pseudonymised(f"Dossier {known}, vu ce jour.", key=KEY, person="p", manner=Manner(), known=[known]).text
    assert left not in text


def test_what_kind_of_number_it_is_stays() -> None:
    assert made("IPP8012345678").text.startswith("IPP00")


@pytest.mark.parametrize("number", ["P0612345678", "A0212345678", "1" * 45])
def test_a_number_that_looks_like_a_telephone_or_is_long_is_replaced(number: str) -> None:
    """The letter before a telephone's number is left of a stay's number: that has no digit to replace."""
    assert number[1:] not in made(f"n° de séjour : {number}, vu ce jour").text


def test_a_known_name_of_several_words_has_the_surrogates_of_its_words() -> None:
    text = pseudonymised(
        "Jean Kervorn est vu. M. Kervorn sort, KERVORN, Jean aussi.", key=KEY, person="p", manner=Manner(), known=["Jean Kervorn"]
    ).text  # fmt: skip
    first, last = text.split()[:2]
    assert f"M. {last} sort, {folded(last).upper()}, {first} aussi." in text


def test_surrogates_are_seen_where_it_is_asked_for() -> None:
    text = made("Mme Quénéhervé, 06 12 34 56 78, vue le 12/03/2024", style="marked").text
    assert re.fullmatch(r"Mme \[nom [0-9a-f]{8}\], \[téléphone [0-9a-f]{8}\], vue le \d\d/\d\d/2024|.*2023", text)


def test_dates_of_a_person_move_together() -> None:
    text = "Né le 12/03/1954. Vu le 5 mars 2024, puis le 08/03/2024, RDV le 12/04. Hospitalisé du 28 au 31 mars 2024."
    for person in map(str, range(30)):
        found = [
            made(text, person=person).text[one.new_start : one.new_end] for one in made(text, person=person).segments
        ]
        birth = datetime.strptime(found[0], "%d/%m/%Y").date()
        shift = birth - date(1954, 3, 12)
        assert shift
        assert shift.days % 7 == 0
        assert abs(shift.days) <= 182
        assert found[2] == f"{date(2024, 3, 8) + shift:%d/%m/%Y}"
        assert found[3] == f"{date(2024, 4, 12) + shift:%d/%m}"
        assert found[1].startswith(f"{(date(2024, 3, 5) + shift).day} ") or found[1].startswith("1er ")
        assert f"{(date(2024, 3, 28) + shift).day} au {(date(2024, 3, 31) + shift).day} " in found[4]
    assert len({made(text, person=str(one)).text for one in range(30)}) > 15


@pytest.mark.parametrize(
    ("text", "days", "new"),
    [
        ("28 au 3 mars 2023", 7, "7 au 10 mars 2023"), ("28 au 3 mars 2024", 7, "6 au 10 mars 2024"),
        ("30 au 2 avril 2024", 7, "6 au 9 avril 2024"), ("12\nfévrier 2024", 7, "19\nfévrier 2024"),
    ],
)  # fmt: skip
def test_the_days_between_two_days_stay(text: str, days: int, new: str) -> None:
    assert shifted(text, days=days, year=2024) == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("12-MAR-2024", "02-AVR-2024"), ("12 MAR 2024", "2 AVR 2024"), ("12MAR2024", "02AVR2024"), ("12-mar-24", "02-avr-24"),
        ("12-MAY-2024", "02-JUN-2024"), ("12-JAN-2024", "02-FÉV-2024"), ("12/mars/2024", "02/avril/2024"), ("12 MARS 24", "2 AVRIL 24"),
        ("12/03/24", "02/04/24"), ("pour Apgar le 07/09/10", "pour Apgar le 28/09/10"), ("pour Apgar 12/03/24", "pour Apgar 02/04/24"), ("1er et 2 mars 2024", "22 et 23 mars 2024"), ("11, 12 et 13 mars", "1, 2 et 3 avril"),
        ("28, 29 et 30/12/2023", "18, 19 et 20/01/2024"), ("2024-03", "2024-04"), ("2024-W12", "2024-W15"), ("2024-S52", "2025-S03"),
        ("S12 2024", "S15 2024"), ("semaine 12 de 2024", "semaine 15 de 2024"), ("semaine 51/2024", "semaine 02/2025"),
        ("semaine épidémiologique 12", "semaine épidémiologique 15"), ("le 12/3 à 9h", "le 02/4 à 9h"),
    ],
)  # fmt: skip
def test_dates_in_many_forms_are_shifted(text: str, new: str) -> None:
    """By three weeks."""
    whole = f"Vu {text}."
    found = with_surrogates(whole, identifiers(whole), moving(21))
    assert found.text.replace("É", "E") == f"Vu {new}.".replace("É", "E")
    assert {one.kind for one in found.segments} == {"date"}


@pytest.mark.parametrize(
    "text",
    [
        "saison 2010-11",
        "le 3/4 de la dose",
        "le 1/2 comprimé",
        "12 SEP",
        "galop S3 2024",
        "hernie L5 S1",
        "2024-03-0012",
        "Apgar 10/10/10",
        "Apgar : 7-9-10",
        "Apgar coté à 9 10 10",
        "Humalog 10-8-12 UI",
        "Lévémir 06 12 24 unités",
    ],
)
def test_what_only_looks_like_a_date_stays(text: str) -> None:
    assert kinds(f"dit {text} chez lui.") == []


@given(st.dates(date(1960, 1, 1), date(2049, 1, 1)), st.integers(-60, 60), st.sampled_from(["", "-", " ", "."]))
def test_dates_of_machines_keep_their_form(day: date, weeks: int, sep: str) -> None:
    names = ("JAN", "FEV", "MAR", "AVR", "MAY", "JUN", "JUL", "AOU", "SEP", "OCT", "NOV", "DEC")
    text = f"{day.day:02d}{sep}{names[day.month - 1]}{sep}{day.year}"
    new = shifted(text, days=7 * weeks, year=2024)
    assert new is not None
    assert len(list(dates(f"le {new}."))) >= 1
    assert shifted(new, days=-7 * weeks, year=2024) is not None
    assert new.endswith(str((day + timedelta(7 * weeks)).year))
    week = "{}-W{:02}".format(*day.isocalendar())
    assert shifted(week, days=7 * weeks, year=2024) == "{}-W{:02}".format(*(day + timedelta(7 * weeks)).isocalendar())


def test_months_and_weeks_that_stay_are_counted() -> None:
    text = "Vu le 12/03/2024, puis en avril, en S14, à la semaine 15 et en mars 2024. M. Avril va bien."
    assert num_left(text, identifiers(text)) == 3


@pytest.mark.parametrize("text", ["31/04/2024", "29/02/2023", "00/00/1951", "2023-02-30"])
def test_a_date_of_no_calendar_is_found(text: str) -> None:
    assert made(f"Vue le {text} ce jour").text == "Vue le [date] ce jour"


def test_accents_and_line_ends_may_be_code_points_of_their_own() -> None:
    for document in SAMPLE:
        text = document.text.replace("\n", "\r\n")
        apart = unicodedata.normalize("NFD", text)
        found, again = identifiers(text), identifiers(apart)
        assert [unicodedata.normalize("NFC", apart[one.start : one.end]) for one in again] == [
            text[one.start : one.end] for one in found
        ]
        assert unicodedata.normalize("NFC", made(apart).text) == unicodedata.normalize("NFC", made(text).text)
    assert made("du 12\r\nmars 2024").text != "du 12\r\nmars 2024"


@given(st.dates(date(1920, 1, 1), date(2060, 1, 1)), st.integers(-3000, 3000))
def test_a_shifted_date_keeps_its_form(day: date, days: int) -> None:
    moved = day + timedelta(days)
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y"):
        assert shifted(day.strftime(form), days=days, year=2024) == moved.strftime(form)
    assert [text for text in ("le " + day.strftime("%d/%m/%Y"),) if len(list(dates(text))) == 1]


# Places


@pytest.mark.parametrize("document", SAMPLE, ids=lambda document: f"{len(document.text)}")
def test_places_come_back(document: Identified) -> None:
    found = made(document.text)
    offsets = Offsets(found.segments)
    rng = random.Random(len(document.text))
    for part in found.segments:
        assert offsets.original(part.new_start, part.new_end) == (part.start, part.end)
        assert offsets.pseudonymised(part.start, part.end) == (part.new_start, part.new_end)
    for _ in range(50):
        start = rng.randrange(len(found.text))
        end = rng.randrange(start + 1, len(found.text) + 1)
        old_start, old_end = offsets.original(start, end)
        inside = [part for part in found.segments if part.new_start < end and part.new_end > start]
        if not inside:
            assert document.text[old_start:old_end] == found.text[start:end]
        new_start, new_end = offsets.pseudonymised(old_start, old_end)
        assert new_start <= start
        assert new_end >= end
        expected = {start, *(part.new_start for part in inside)}, {end, *(part.new_end for part in inside)}
        assert new_start in expected[0]
        assert new_end in expected[1]


# The key


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(SECRET)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"can be read by others \(mode 640\)"):
        read_key(file=path, command=None)
    path.chmod(0o600)
    assert read_key(file=path, command=None).digest("a") == KEY.digest("a")
    path.write_bytes(b"short\n")
    with pytest.raises(ConfigError, match="gives 5 bytes"):
        read_key(file=path, command=None)
    path.write_bytes(b"abc" * 20)
    with pytest.raises(ConfigError, match="3 different bytes only"):
        read_key(file=path, command=None)
    with pytest.raises(ConfigError, match="^key_file: .*cannot be read"):
        read_key(file=tmp_path / "none", command=None)
    with pytest.raises(ConfigError, match=r"^pseudonyms\.key_command: ended with exit code 1"):
        read_key(file=None, command="false", within="pseudonyms.")


def test_a_key_of_a_command() -> None:
    assert read_key(file=None, command=f"printf %s {SECRET.decode()}").digest("a") == KEY.digest("a")
    for command, words in (
        ("false", "key_command: ended with exit code 1"),
        ("cat /dev/zero", "printed more than 1024 KiB, and was ended"),
        ("no-such-program-here", "cannot be run"),
        ("true", "gives 0 bytes"),
    ):
        with pytest.raises(ConfigError, match=words):
            read_key(file=None, command=command)


def test_a_key_is_not_shown() -> None:
    assert "0123" not in repr(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


# Tables and runs


def write_notes(path: Path, documents: list[Identified], persons: int = 4) -> Path:
    rows = {
        "id": [f"8012{place:06}" for place in range(len(documents))],
        "text": [document.text for document in documents],
        "patient": [f"pat-{place % persons}" for place in range(len(documents))],
        "nom": [document.known[1] if len(document.known) > 1 else None for document in documents],
        "visit": [date(2024, 3, 1) + timedelta(place) for place in range(len(documents))],
        "ward": ["A"] * len(documents),
    }
    pq.write_table(pa.table(rows), path, row_group_size=5)
    return path


@pytest.fixture(scope="module")
def given_away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pseudonyms")
    documents = [identified("letter", seed, unseen=True) for seed in range(12)]
    write_notes(folder / "notes.parquet", documents)
    write_key(folder)
    told = job_here(
        f"data.path={folder}/notes.parquet", f"out.dir={folder}/out", f"offsets={folder}/apart/offsets.parquet",
        f"key_file={folder}/key", "data.person_column=patient", "data.known_columns=[nom]", "data.carry_columns=[ward]",
        "data.shift_columns=[visit]", name="pseudonymise",
    )  # fmt: skip
    (folder / "told.txt").write_text(told.stdout + told.stderr)
    return folder


def content(path: Path) -> str:
    """All that a file holds, the values of Parquet unpacked, in plain letters."""
    packed = path.read_bytes()
    text = packed.decode("utf-8", "replace")
    if packed[:4] == b"PAR1":
        table = pq.read_table(path)
        text += "\n".join(str(column.to_pylist()) for column in table.columns) + str(table.schema.metadata)
    return folded(text.replace("\\n", "\n"))


def seeded(document: Identified) -> set[str]:
    """The identifiers of a document that are long enough to be looked for."""
    told = {
        document.text[start:end] for start, end, kind in document.spans if kind not in ("hospital", "town", "postcode")
    }
    told = {one for one in told if not re.fullmatch(r"\d\d?(?:er)? \D+", one)}  # days without a year
    told |= set(document.known)
    return {folded(one) for one in told if len(letters(one)) > 4 and not is_real(letters(one))}


def test_nothing_that_was_seeded_is_in_any_byte(given_away: Path, tmp_path: Path) -> None:
    original = pl.read_parquet(given_away / "notes.parquet")
    assert "dates are shifted by up to 182 days" in (given_away / "told.txt").read_text()
    found = made_table = pl.read_parquet(given_away / "out" / "documents.parquet")
    assert found.columns == ["id", "text", "patient", "ward", "visit"]
    settings = make_settings(given_away / "out" / "documents.parquet", tmp_path / "run", SMALL_TASK)
    extract_here(settings)
    job_here(f"run.dir={tmp_path}/run", f"out.dir={tmp_path}/review", "rows=5", name="review")
    job_here(f"run.dir={tmp_path}/run", f"out.dir={tmp_path}/csv", "to=csv", "evidence=true", name="export")
    files = [path for root in (given_away / "out", tmp_path) for path in root.rglob("*") if path.is_file()]
    assert len(files) > 10
    everything = {path: content(path) for path in files} | {Path("told"): content(given_away / "told.txt")}
    wanted = set().union(*(seeded(identified("letter", seed, unseen=True)) for seed in range(12)))
    wanted |= {SECRET.decode(), SECRET.hex(), *original["id"], *original["patient"]}
    assert len(wanted) > 100
    for path, text in everything.items():
        left = [one for one in wanted if folded(one) in text]
        assert not left, f"{path.name}: {len(left)}"
    assert made_table.height == 12
    # The search sees what is there: the originals hold all of it.
    assert sum(one in content(given_away / "notes.parquet") for one in wanted) > 0.9 * len(wanted) - 3


def test_what_is_apart_holds_no_text(given_away: Path) -> None:
    path = given_away / "apart" / "offsets.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("documents.parquet", "pseudonymised.json"):
        assert stat.S_IMODE((given_away / "out" / name).stat().st_mode) == 0o600
    assert pl.read_parquet(path).columns == ["id", "new_id", "kind", "start", "end", "new_start", "new_end"]


def test_dates_beside_the_text_move_with_it(given_away: Path) -> None:
    old, new = pl.read_parquet(given_away / "notes.parquet"), pl.read_parquet(given_away / "out" / "documents.parquet")
    moved = (new["visit"] - old["visit"]).dt.total_days()
    by_person = pl.DataFrame({"patient": old["patient"], "moved": moved}).unique()
    assert by_person.height == 4
    assert 0 not in moved.to_list()


def test_evidence_is_found_in_the_originals(given_away: Path, tmp_path: Path) -> None:
    old, new = pl.read_parquet(given_away / "notes.parquet"), pl.read_parquet(given_away / "out" / "documents.parquet")
    quotes = []
    for identifier, text in new.select("id", "text").iter_rows():
        start = text.index("Cher confrère")
        quotes.append({"id": identifier, "start": start, "end": start + 13})
    rows = glane.original_places(
        pl.DataFrame([*quotes, {"id": "x", "start": 1, "end": 2}]), given_away / "apart" / "offsets.parquet"
    )
    texts = dict(old.select("id", "text").iter_rows())
    for row in rows.head(12).iter_rows(named=True):
        assert texts[row["original_id"]][row["original_start"] : row["original_end"]] == "Cher confrère"
    assert rows[12, "original_id"] is None
    settings = make_settings(given_away / "out" / "documents.parquet", tmp_path / "run", QUOTED)
    extract_here(settings)
    found = glane.original_places(
        glane.open_run(tmp_path / "run").evidence().collect(), given_away / "apart" / "offsets.parquet"
    ).drop_nulls("original_start")
    assert found.height > 3
    back = {name: place for place, name in enumerate(new["id"])}
    for row in found.iter_rows(named=True):
        original = old["text"][back[row["id"]]]
        assert new["text"][back[row["id"]]][row["start"] : row["end"]] == row["quote"]
        told = made(original, person=f"pat-{back[row['id']] % 4}")
        start, end = row["original_start"], row["original_end"]
        passage = original[start:end]
        for part in reversed([part for part in told.segments if part.start < end and part.end > start]):
            assert start <= part.start < part.end <= end  # of an identifier, the whole
            new_part = told.text[part.new_start : part.new_end]
            passage = passage[: part.start - start] + new_part + passage[part.end - start :]
        assert row["quote"] in passage
    with pytest.raises(DataError, match="holds no offsets"):
        glane.original_places(rows, given_away / "notes.parquet")


def test_a_second_call_gives_the_same_bytes_and_touches_nothing(given_away: Path, tmp_path: Path) -> None:
    words = {"key_file": given_away / "key", "data__person_column": "patient", "data__known_columns": ["nom"]}
    more = {"data__carry_columns": ["ward"], "data__shift_columns": ["visit"]}
    done = glane.pseudonymise(
        given_away / "notes.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", **words, **more
    )
    same = (given_away / "out" / "documents.parquet").read_bytes()
    assert (tmp_path / "out" / "documents.parquet").read_bytes() == same
    assert done.table.rows == 12
    with pytest.raises(RunError, match="is there already"):
        glane.pseudonymise(given_away / "notes.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", **words)
    with pytest.raises(RunError, match="holds no offsets"):
        glane.pseudonymise(given_away / "notes.parquet", tmp_path / "b", offsets=given_away / "notes.parquet", **words)
    with pytest.raises(ConfigError, match="outside out.dir"):
        glane.pseudonymise(given_away / "notes.parquet", tmp_path / "b", offsets=tmp_path / "b" / "o.parquet", **words)
    assert not (tmp_path / "b").exists()


def test_a_column_that_would_be_written_twice_is_told_with_both_keys(given_away: Path, tmp_path: Path) -> None:
    """Here what is shifted is written by that; an extraction shifts what it carries."""
    words = {"offsets": tmp_path / "o.parquet", "key_file": given_away / "key", "data__shift_columns": ["visit"]}
    with pytest.raises(
        ConfigError, match=r"'visit' is in data\.carry_columns and data\.shift_columns.* out of data\.carry_columns"
    ):
        glane.pseudonymise(given_away / "notes.parquet", tmp_path / "b", **words, data__carry_columns=["visit"])
    with pytest.raises(
        ConfigError, match=r"'visit' would be written twice \(data\.person_column, data\.shift_columns\)"
    ):
        glane.pseudonymise(given_away / "notes.parquet", tmp_path / "b", **words, data__person_column="visit")
    told = {"key_file": str(given_away / "key"), "dates": "shifted", "offsets": str(tmp_path / "o.parquet")}
    with pytest.raises(
        ConfigError, match=r"'visit' is in data\.pseudonyms\.shift_columns and not in data\.carry_columns.*in neither"
    ):
        make_settings(
            given_away / "notes.parquet", tmp_path / "run", SMALL_TASK, data__pseudonyms={**told, "shift_columns": ["visit"]}
        )  # fmt: skip


def test_rows_whose_ids_have_another_name_are_found_by_it_and_else_refused(given_away: Path) -> None:
    path = given_away / "apart" / "offsets.parquet"
    rows = pl.DataFrame({"note": pl.read_parquet(path)["new_id"].head(1), "start": [0], "end": [4]})
    with pytest.raises(DataError, match=r"no column 'id'.*id_column=…\. .*note"):
        glane.original_places(rows, path)
    with pytest.raises(DataError, match="no column 'start'"):
        glane.original_places(rows.drop("start"), path, id_column="note")
    assert glane.original_places(rows, path, id_column="note")["original_id"].null_count() == 0


def test_the_offsets_of_another_set_are_never_replaced(
    given_away: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the only way back. The same call goes on where it was interrupted: its offsets are those of the set."""
    notes, kept = given_away / "notes.parquet", tmp_path / "o.parquet"
    words = {"offsets": kept, "key_file": given_away / "key", "data__person_column": "patient"}
    glane.pseudonymise(notes, tmp_path / "first", **words)
    before = kept.read_bytes()
    others = pl.read_parquet(notes).head(11)
    others.write_parquet(tmp_path / "others.parquet")
    (tmp_path / "o_2.parquet").write_bytes(b"")
    for path, more in (
        (notes, {"keep": ["date"]}),
        (notes, {"keep_ids": True}),
        (notes, {"data__known_columns": ["nom"]}),
        (tmp_path / "others.parquet", {}),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(of_tables, "write_replaced", None)  # nothing is begun
            with pytest.raises(RunError, match="o.parquet holds those of other documents or rules") as told:
                glane.pseudonymise(path, tmp_path / "second", **words, **more)
        assert str(told.value).endswith(f"Choose another path, as offsets={tmp_path}/o_3.parquet")
        assert not (tmp_path / "second").exists()
    assert kept.read_bytes() == before
    shutil.rmtree(tmp_path / "first")  # as if it had been interrupted before the folder was there
    glane.pseudonymise(notes, tmp_path / "first", **words, data__carry_columns=["ward"])
    assert pl.read_parquet(kept).equals(pl.read_parquet(before))


def test_offsets_that_are_put_there_meanwhile_stay(given_away: Path, tmp_path: Path) -> None:
    kept = given_away / "apart" / "offsets.parquet"
    pq.write_table(places_made_of("another").empty_table(), tmp_path / "made")
    before = kept.read_bytes()
    with pytest.raises(RunError, match="holds those of other documents"):
        publish_places(tmp_path / "made", kept)
    assert kept.read_bytes() == before


def test_a_known_column_that_is_carried_is_replaced(given_away: Path, tmp_path: Path) -> None:
    words = {"key_file": given_away / "key", "data__known_columns": ["nom"], "data__carry_columns": ["nom", "patient"]}
    done = glane.pseudonymise(given_away / "notes.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", **words)
    old, new = pl.read_parquet(given_away / "notes.parquet"), pl.read_parquet(tmp_path / "out" / "documents.parquet")
    for before, after, text in zip(old["nom"], new["nom"], new["text"], strict=True):
        assert (before is None) == (after is None)
        assert after is None or (after != before and all(folded(word) in folded(text) for word in after.split()))
    assert new["patient"].to_list() == old["patient"].to_list()
    assert f"values by column: nom {old['nom'].count()}" in str(done)
    with pytest.raises(ConfigError, match="keep_ids"):
        glane.pseudonymise(
            given_away / "notes.parquet", tmp_path / "b", offsets=tmp_path / "p.parquet", keep_ids=True,
            **(words | {"data__known_columns": ["id"]}),
        )  # fmt: skip
    assert not (tmp_path / "b").exists()


@pytest.fixture(scope="module")
def shifted_before(given_away: Path) -> Run:
    """A run on a copy of what the command wrote, which carries a shifted column and one that is not."""
    copy = given_away / "copies" / "copied.parquet"
    copy.parent.mkdir()
    copy.write_bytes((given_away / "out" / "documents.parquet").read_bytes())
    settings = make_settings(copy, given_away / "run", SMALL_TASK, data__carry_columns=["visit", "ward"])
    extract_here(settings)
    return glane.open_run(given_away / "run")


def test_carried_columns_that_stay_are_named(tmp_path: Path) -> None:
    table = {"id": ["a", "b"], "text": ["Toux.", "Fièvre."], "hospital": ["CH Nord", "CHU Est"], "ward": [1, 2]}
    pq.write_table(pa.table(table), tmp_path / "notes.parquet")
    write_key(tmp_path)
    done = glane.pseudonymise(
        tmp_path / "notes.parquet", tmp_path / "out", offsets=tmp_path / "places", key_file=tmp_path / "key",
        data__carry_columns=["hospital", "ward"],
    )  # fmt: skip
    assert "columns that are written as they are: hospital, ward" in str(done)


def test_dates_that_were_shifted_before_are_known_to_be_in_each_copy(shifted_before: Run) -> None:
    rules = shifted_rules(shifted_before.description().fingerprint)
    assert rules is not None
    assert (rules.most_days, rules.shift_columns, rules.person_column) == (182, ("visit",), "patient")
    said = {entry.column: entry.description for entry in shifted_before.description().codebook}
    assert all("182 jours" in said[name] for name in ("onset", "visit"))
    assert not any("182 jours" in said[name] for name in ("age", "ward"))


@pytest.mark.parametrize("column", ["onset", "visit"])
def test_periods_of_dates_that_were_shifted_before_are_refused(shifted_before: Run, column: str) -> None:
    said = f"the dates of '{column}' were shifted by up to 182 days"
    with pytest.raises(ConfigError, match=said):
        glane.aggregate(shifted_before, {"name": "t", "field": "fever", "value": True, "time": {"column": column}})
    gold = pl.DataFrame({"id": ["a"]})
    with pytest.raises(ConfigError, match=said):
        glane.estimate(shifted_before, gold, field="fever", value=True, by=column, every="week")
    with pytest.raises(ConfigError, match=said):
        refuse_shifted([shifted_before], by=column)


def test_rows_are_not_chosen_or_ordered_by_dates_that_were_shifted_before(given_away: Path, tmp_path: Path) -> None:
    made_table = given_away / "out" / "documents.parquet"
    with pytest.raises(ConfigError, match=r"data.where: the dates of 'visit' were shifted"):
        work(make_settings(made_table, tmp_path / "a", data__where="visit >= '2024-03-01'"))
    with pytest.raises(ConfigError, match=r"data.order_by: the dates of 'visit' were shifted, by another number"):
        work(make_settings(made_table, tmp_path / "b", data__group_by="ward", data__order_by="visit"))
    work(make_settings(made_table, tmp_path / "c", data__group_by="patient", data__order_by="visit"))


def test_what_was_pseudonymised_is_not_pseudonymised_again(given_away: Path, tmp_path: Path) -> None:
    """A second time with dates=kept would tell that dates are true."""
    path = given_away / "out" / "documents.parquet"
    with pytest.raises(DataError, match="were pseudonymised before"):
        glane.pseudonymise(path, tmp_path / "out", offsets=tmp_path / "o.parquet", key_file=given_away / "key")
    told = {"key_file": str(given_away / "key"), "dates": "kept", "offsets": str(tmp_path / "o.parquet")}
    settings = make_settings(
        path, tmp_path / "run", SMALL_TASK, **{f"data__pseudonyms__{name}": value for name, value in told.items()}
    )  # fmt: skip
    with pytest.raises(DataError, match="were pseudonymised before"), kept_tables(settings):
        pass
    assert sorted(tmp_path.iterdir()) == []


def test_files_that_were_pseudonymised_otherwise_or_not_are_told(given_away: Path, tmp_path: Path) -> None:
    words = {"key_file": given_away / "key", "data__carry_columns": ["ward", "visit"], "keep": ["date"]}
    done = glane.pseudonymise(given_away / "notes.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", **words)
    folder = tmp_path / "all"
    folder.mkdir()
    kept = tmp_path / "out" / "documents.parquet"
    assert "shifted" not in str(done)
    (folder / "a.parquet").write_bytes(kept.read_bytes())
    settings = make_settings(folder, tmp_path / "run", SMALL_TASK, data__carry_columns=["ward"])
    files = inspect_files(str(folder), id_column="id", text_column="text")
    assert pseudonym_lines(settings.data, files) == [PSEUDONYMISED_BEFORE]
    other = pl.read_parquet(given_away / "out" / "documents.parquet").select("id", "text", "ward", "visit").to_arrow()
    marked = with_mark(other.schema, known_mark(given_away / "out" / "documents.parquet"))
    pq.write_table(other.cast(pq.read_schema(kept)).replace_schema_metadata(marked.metadata), folder / "b.parquet")
    files = inspect_files(str(folder), id_column="id", text_column="text")
    rules = pseudonym_rules(settings.data, files)
    assert rules is not None
    assert (rules.dates, rules.shift_columns) == ("shifted", ("visit",))
    assert len(pseudonym_lines(settings.data, files)) == 3
    assert (
        pseudonym_rules(
            settings.data, inspect_files(str(given_away / "notes.parquet"), id_column="id", text_column="text")
        )
        is None
    )


def known_mark(path: Path) -> PseudonymRules:
    found = rules_of(str(path), [(pq.read_schema(path).metadata or {}).get(MARK)])
    assert found is not None
    return found


def test_sentinels_of_originals_are_told_in_a_run_on_pseudonyms(
    given_away: Path, shifted_before: Run, tmp_path: Path
) -> None:
    plain = make_settings(given_away / "notes.parquet", tmp_path / "plain", SMALL_TASK)
    extract_here(plain)
    task = load_task(SMALL_TASK)
    for run, are_originals in ((shifted_before, False), (glane.open_run(tmp_path / "plain"), True)):
        folder = tmp_path / f"frozen-{are_originals}"
        ids = run.usable().select(run.id_column).collect().to_series().head(3)
        frozen = freeze(run, task, ids, folder=folder, sample={}, tolerance=0)
        settings = make_settings(
            given_away / "out" / "documents.parquet", tmp_path / f"run-{are_originals}", {**SMALL_TASK, "sentinels": str(folder)}
        )  # fmt: skip
        with_them = load_task(settings.task)
        prepared = prepare_extraction(ExtractionWork(settings=settings, task=with_them))
        assert Sentinels(settings, with_them, prepared, frozen).are_originals == are_originals


def test_a_text_that_cannot_be_read_is_null_and_told(given_away: Path, tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b", "c", "d", "e"],
            "text": pa.array([b"Mme Qu\xe9n\xe9herv\xe9", None, b"toux", b"   ", b""], pa.binary()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    done = glane.pseudonymise(
        tmp_path / "t.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", key_file=given_away / "key"
    )
    assert pl.read_parquet(tmp_path / "out" / "documents.parquet")["text"].to_list() == [
        None, None, "toux", "   ", "",
    ]  # fmt: skip
    assert "4 documents have no text that can be read: theirs is null or blank" in str(done)
    assert "in 1 document nothing was found" in str(done)


@pytest.mark.slow
def test_several_processes_give_the_same(given_away: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        glane.pseudonymise(
            given_away / "notes.parquet", tmp_path / f"{processes}", offsets=tmp_path / "o.parquet",
            key_file=given_away / "key", processes=processes,
        )  # fmt: skip
    one, two = ((tmp_path / name / "documents.parquet").read_bytes() for name in "12")
    assert one == two


def test_kinds_of_identifiers_are_told_in_words_and_all_of_them_in_french() -> None:
    """The code of a kind is for files and settings."""
    for num in (1, 1234):
        told = counted(dict.fromkeys(KINDS, num)).split(", ")
        assert len(told) == len(KINDS)
        french = [in_language(one, "fr") for one in told]
        assert not {kind for kind in KINDS for one in french if re.search(rf"\b{kind}\b", one)} - {"date"}
        same = [one for one, other in zip(told, french, strict=True) if one == other]
        assert {one.split(maxsplit=1)[1].removesuffix("(s)") for one in same} <= {"NIR", "RPPS", "FINESS"}
    assert in_language(counted({"postcode": 2, "birth_date": 1}), "fr") == "1 date de naissance, 2 codes postaux"
    assert in_language(f"4 documents; replaced: {counted({})}", "fr").endswith("aucun identifiant")
