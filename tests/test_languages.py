"""Messages on a terminal are in the language of who reads them, and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conftest import ROOT
from glane.errors import ConfigError, did_you_mean
from glane.languages import in_language, language_of
from glane.languages.catalogue import PLACE, Template, catalogue
from glane.languages.matching import Translator
from glane_tools.messages import all_messages, tables

_ENGLISH = {"the", "is", "are", "of", "and", "with", "not", "from", "this", "give", "has", "have", "set", "choose"}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB", "GLANE_LANG": "fr"}, "fr"),
        ({"LANG": "fr_FR", "GLANE_LANG": "en"}, "en"),
        ({"GLANE_LANG": "fr-BE"}, "fr"),
        ({"GLANE_LANG": "", "LC_ALL": "", "LANG": "fr"}, "fr"),
    ],
)
def test_the_language_is_that_of_the_variable_then_of_the_locale(environment, language):
    assert language_of(environment) == language


def test_a_language_that_is_not_spoken_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match="GLANE_LANG=de: no such language.*Valid: en, fr"):
        language_of({"GLANE_LANG": "de"})


TABLE = Translator(
    [
        Template("{0}: no column {1}. {2}", "{0} : pas de colonne {1}. {2}"),
        Template("Did you mean {0}? Valid: {1}.", "Vouliez-vous dire {0} ? Valeurs possibles : {1}."),
        Template("Valid: {0}.", "Valeurs possibles : {0}."),
        Template("{0} of {1} rows", "sur {1} lignes, {0}"),
        Template("all is answered", "tout a sa réponse"),
        Template("error: {0}", "erreur : {0}"),
        Template("{0} lost", "{0} perdu"),
        Template("row{0}", "ligne{0}"),
    ]
)


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("all is answered", "tout a sa réponse"),
        ("  all is answered\n", "  tout a sa réponse\n"),
        ("all is answered, 3 of 5 rows", "tout a sa réponse, sur 5 lignes, 3"),
        ("all is answered\n3 of 5 rows", "tout a sa réponse\nsur 5 lignes, 3"),
        (
            "error: data: no column 'a'. Did you mean 'b'? Valid: b, c.",
            "erreur : data : pas de colonne 'a'. Vouliez-vous dire 'b' ? Valeurs possibles : b, c.",
        ),
        ("data: no column 'a: {0}'. Valid: x.", "data : pas de colonne 'a: {0}'. Valeurs possibles : x."),
        ("what no table knows", "what no table knows"),
        ("runs/lost and found", "runs/lost and found"),
        ("", ""),
    ],
)
def test_a_message_is_found_again_in_the_table(english, french):
    assert TABLE(english) == french


def test_a_long_text_of_many_lines_takes_no_time_to_speak_of():
    text = "\n".join(f"{number} of 9 rows: a value, and ({number}) more; all is answered" for number in range(2000))
    assert TABLE(text).count("tout a sa réponse") == 2000


def test_english_stays_as_it_is():
    message = f"data: no column 'a'. {did_you_mean('a', ['b'])}"
    assert in_language(message, "en") == message


def test_every_message_of_the_source_has_its_translation():
    said = {one for files in all_messages().values() for several in files.values() for one in several}
    known = {entry.msgid: entry.msgstr for table in tables("fr").values() for entry in table}
    assert sorted(said - set(known)) == [], "python -m glane_tools.messages fr adds them"
    assert sorted(set(known) - said) == [], "python -m glane_tools.messages fr drops them"
    assert [message for message, translation in known.items() if not translation] == []


def test_a_translation_has_the_places_of_its_message():
    wrong = [one.english for one in catalogue("fr") if sorted(PLACE.findall(one.other)) != sorted(map(str, one.places))]
    assert wrong == []


def test_messages_with_values_in_them_come_out_in_french():
    """Each template is filled in with values, and found again."""
    left = []
    for one in catalogue("fr"):
        filled = PLACE.sub(lambda found: f"x{found[1]}7", one.english)
        expected = PLACE.sub(lambda found: f"x{found[1]}7", one.other)
        if in_language(filled, "fr") != expected and one.other != one.english:
            left.append((filled, in_language(filled, "fr")))
    assert len(left) <= 0.01 * len(catalogue("fr")), left[:20]


@pytest.mark.parametrize(
    "arguments",
    [
        ["extract", "tsk=x"],
        ["extract", "task=ed_visit", "model=scripted", "data.path=/nowhere", "run.dir=/nowhere/run"],
        ["estimate", "run.dir=/nowhere", "gold=/nowhere", "out.dir=/nowhere/x", "field=a"],
        ["runs", "/nowhere"],
        ["nosuch"],
        ["status"],
    ],
)
def test_a_command_that_fails_says_so_in_french(arguments):
    environment = {"PATH": "/usr/bin:/bin", "GLANE_LANG": "fr", "HOME": "/nonexistent", "PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(
        [sys.executable, "-m", "glane.cli", *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == (0 if arguments[0] == "runs" and not done.stderr else 2), said
    assert not _ENGLISH & set(said.lower().split()), said
