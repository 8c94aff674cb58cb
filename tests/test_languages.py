"""Messages on a terminal are in the language of who reads them, and complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import glane
from conftest import ROOT, extract_here, job_here, make_settings, write_documents
from glane.errors import ConfigError, did_you_mean
from glane.languages import in_language, language_of
from glane.languages.catalogue import PLACE, Template, catalogue
from glane.languages.matching import Translator
from glane.languages.plurals import plurals_in
from glane_tools.messages import all_messages, tables, told_in_both

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
        Template("on {0}", "sur {0}"),
        Template("model", "modèle"),
        Template("{0} documents {1}", "{0} document(s) {1}"),
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
        ("error: model: all is answered", "erreur : model: tout a sa réponse"),  # a key is no message
        ("error: model: no column 'a'. all is answered", "erreur : model : pas de colonne 'a'. tout a sa réponse"),
        ("model", "modèle"),
        ("it depends on what is there", "it depends on what is there"),  # so few letters tell nothing of a sentence
        ("on gpu-3", "sur gpu-3"),
        ("what no table knows", "what no table knows"),
        ("runs/lost and found", "runs/lost and found"),
        ("export KEYS=~/keys.yaml     all is answered", "export KEYS=~/keys.yaml     tout a sa réponse"),
        ("runs/a  files of documents  complete", "runs/a  files of documents  complete"),  # no count stands there
        ("12 documents read", "12 document(s) read"),
        ("", ""),
    ],
)
def test_a_message_is_found_again_in_the_table(english, french):
    assert TABLE(english) == french


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "0/300 documents, 0/19 shards, 0.0 rows/s, 0 tokens/s, 1 not usable, ETA unknown, engines starting",
            "0/300 documents, 0/19 lots, 0.0 lignes/s, 0 jetons/s, 1 inutilisable, temps restant inconnu, démarrage des "
            "moteurs",
        ),
        (
            "64/300 files, 4/19 shards, 1.5 files/s, 2 not usable, ETA 0:02:37, 2 worker(s) at work",
            "64/300 fichiers, 4/19 lots, 1.5 fichiers/s, 2 inutilisables, temps restant 0:02:37, 2 processus de travail "
            "à l'œuvre",
        ),
    ],
)
def test_a_line_of_progress_begins_with_a_count_and_not_with_a_path(english, french):
    assert in_language(english, "fr") == french


@pytest.mark.parametrize(
    ("language", "message", "told"),
    [
        ("en", "2 node(s), 1 thread(s) and 0 GPU(s) each", "2 nodes, 1 thread and 0 GPUs each"),
        ("en", "1 documents compared; 1 rows are lost", "1 document compared; 1 row is lost"),
        ("en", "1 ids of the right answers are not there", "1 id of the right answers is not there"),
        ("en", "1 of 300 documents are read", "1 of 300 documents are read"),
        ("en", "1 documents to show, 1 rows repeat the names", "1 document to show, 1 row repeats the names"),
        ("en", "1 entities, 1,001 entities", "1 entity, 1,001 entities"),
        ("en", "no report of task(s) 1", "no report of task(s) 1"),  # the count is not told
        ("en", "1 of 2 nodes have not joined: task(s) 1", "1 of 2 nodes have not joined: task(s) 1"),
        ("en", "a file /data/1 file(s)/x, 'of 1 file(s)'", "a file /data/1 file(s)/x, 'of 1 file(s)'"),
        ("fr", "0 document(s) relu(s) sont là", "0 document relu est là"),
        ("fr", "1 document(s) relu(s), 2 document(s) relu(s) sur 1 dossier(s)", "1 document relu, 2 documents relus sur 1 dossier"),
        ("fr", "1 ligne(s) sur 40 ont une valeur", "1 ligne sur 40 a une valeur"),
        ("fr", "0 valeur(s) sur 326 en ont un", "0 valeur sur 326 en a un"),
        ("fr", "1 cellule(s) sur 9 fichier(s) ne sont pas lisible(s)", "1 cellule sur 9 fichiers n'est pas lisible"),
        ("fr", "3 ligne(s) sur 1 sont lue(s)", "3 lignes sur 1 sont lues"),
        ("fr", "1 code(s) postal(aux), 2 code(s) postal(aux)", "1 code postal, 2 codes postaux"),
        ("fr", "1 valeur(s) reste(nt), 1,200 valeur(s) reste(nt)", "1 valeur reste, 1,200 valeurs restent"),
    ],
)  # fmt: skip
def test_a_word_after_a_count_is_in_its_number(language, message, told):
    assert plurals_in(message, language) == told
    assert plurals_in(told, language) == told


def test_a_sign_that_is_a_value_stays_as_it_is():
    table = Translator([Template("separator {0}", "séparateur {0}")], signs={";": "\u00a0;", ":": "\u00a0:"})
    assert table("separator ;") == "séparateur ;"
    assert table("a, separator ;, b; c") == "a, séparateur ;, b; c"  # what the place holds, nothing tells
    assert table("a: 1; separator ;") == "a\u00a0: 1\u00a0; séparateur ;"


@pytest.mark.parametrize("name", ["model", "state", "rows", "run", "yes", "unknown", "no column", "a; b: c"])
def test_a_name_that_is_to_be_typed_stays_as_it_is(name):
    for message in (
        f"data.text_column: no column 'x'. {did_you_mean(name, ['age', name])}",
        f"data.text_column: no column 'x'. {did_you_mean('x', [name])}",
        f"data.text_column: no column 'x'. {did_you_mean('x', [name, *(f'z{number}' for number in range(200))])}",
    ):
        assert f" {name}" in in_language(message, "fr").partition("Valeurs possibles")[2], message
    command = f"glane extract 'run.dir=/data/{name}' task=a"
    assert in_language(f"submit     {command}", "fr") == f"soumettre  {command}"
    if " " not in name:
        assert in_language(f"written    {name}", "fr") == f"écrit      {name}"
        assert in_language(f"run        {name}", "fr") == f"extraction {name}"
        assert in_language(f"records  {name}/*.parquet", "fr") == f"résultat {name}/*.parquet"


def test_messages_in_a_row_whose_last_place_could_hold_the_next_are_all_found():
    figures = "0.889 [0.565, 0.980] of 9"
    kinds = ("sensitivity", "PPV", "specificity", "NPV")
    said = in_language(f"The model's yes against the review: {'; '.join(f'{kind} {figures}' for kind in kinds)}.", "fr")
    assert [part.split()[0] for part in said.partition("\u00a0: ")[2].split("\u00a0; ")] == [
        "sensibilité", "VPP", "spécificité", "VPN",
    ]  # fmt: skip
    assert " of " not in said


def test_a_label_is_french_however_few_its_letters_are():
    """A word and wide blanks begin a line that a command prints: "kept" is no value there."""
    labelled = [one for one in catalogue("fr") if one.is_labelled and one.places == (0,) and not one.literals[1]]
    told = {one.literals[0]: one.other.removesuffix("{0}") for one in labelled}
    for english, french in told.items():
        for value in ("/a/runs/b: it is a link, or not yours", "runs/b", "3 file(s) of 5"):
            assert in_language(english + value, "fr").startswith(french), english
    for why in ("it is a link, or not yours", "job ed-1 is running", "its result is being published"):
        assert in_language(f"kept          /a/runs/b: {why}", "fr").startswith("gardé         /a/runs/b\u00a0: ")


@pytest.mark.parametrize("num", [3, 12, 60, 400])
@pytest.mark.parametrize("around", ["{}", "note: {}", "note     {}; all is answered", "all is answered. {}"])
def test_a_message_with_a_list_of_any_length_is_found_among_others(num, around):
    """A list has cuts at each item: how many there are is no reason not to know the words around it."""
    names = ", ".join(f"name_{at} {at}" for at in range(num))
    table = Translator([Template("replaced {0}. Read a sample", "remplacé {0}. À relire")])
    said = table(around.format(f"replaced {names}. Read a sample"))
    assert f"remplacé {names}. À relire" in said


def test_a_value_and_a_message_beside_it_are_told_apart():
    message = "out.dir: /a/yes was changed since glane wrote it. Choose another out.dir, or move the file."
    assert "/a/yes a changé depuis que glane l'a écrit" in in_language(message, "fr")


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
    assert [message for message, french in told_in_both().items() if known[message] != french] == []


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


def test_what_a_program_reads_is_english_whoever_started_it(tmp_path, monkeypatch):
    """Files of a run and of an estimate, logs, and JSON on standard output; what is told beside them is French."""
    data = write_documents(tmp_path / "d.parquet", [f"note {at}" for at in range(40)])
    monkeypatch.setenv("GLANE_LANG", "fr")
    run = tmp_path / "runs" / "a"
    extract_here(make_settings(data, run))
    answers = glane.open_run(run).usable().select("id", "fever").collect()
    answers.sample(30, seed=1).write_parquet(tmp_path / "gold.parquet")
    words = (f"run.dir={run}", f"gold={tmp_path / 'gold.parquet'}", "field=fever", "population=run")
    told = job_here(*words, f"out.dir={tmp_path / 'fr'}", name="estimate").stdout
    assert "documents relus" in told
    monkeypatch.setenv("GLANE_LANG", "en")
    job_here(*words, f"out.dir={tmp_path / 'en'}", name="estimate")
    for name in ("estimates.json", "error_rates.json"):
        assert _lasting(tmp_path / "fr" / name) == _lasting(tmp_path / "en" / name), name
    for arguments, name in (((f"run.dir={run}",), "status"), ((f"folder={tmp_path}",), "runs")):
        said = {}
        for language in ("fr", "en"):
            monkeypatch.setenv("GLANE_LANG", language)
            said[language] = json.loads(job_here(*arguments, "json=true", name=name).stdout)
        assert said["fr"] == said["en"], name
    extract_here(make_settings(data, tmp_path / "runs" / "b"))  # with GLANE_LANG=en
    assert _french_in(run) == _french_in(tmp_path / "runs" / "b")


def _french_in(run):
    """What of the table stands in the files of a run: words of the task, whose language is its own."""
    french = {one.other for one in catalogue("fr") if not one.places and one.other != one.english and " " in one.other}
    paths = [*run.rglob("*.json"), *run.rglob("*.yaml"), *run.rglob("*.log")]
    assert len(paths) > 2
    return {words for words in french for path in paths if words in path.read_text(encoding="utf-8")}


def _lasting(path):
    """A record without when it was written and where its files lie."""
    return {key: value for key, value in json.loads(path.read_text()).items() if key not in ("created", "time")}


def test_words_of_tables_are_in_the_language_of_the_user_and_keys_stay(tmp_path, monkeypatch):
    data = write_documents(tmp_path / "d.parquet", ["note"])
    extract_here(make_settings(data, tmp_path / "a"))
    monkeypatch.setenv("GLANE_LANG", "fr")
    assert "complète" in job_here(f"run.dir={tmp_path / 'a'}", name="status").stdout
    assert "complète" in job_here(f"folder={tmp_path}", name="runs").stdout
    failed = job_here(f"run.dir={tmp_path / 'a'}", f"out.dir={tmp_path / 'r'}", "rows=-1", name="review", check=2)
    assert failed.stderr == "erreur\u00a0: rows\u00a0: la valeur doit être supérieure ou égale à 1 (vaut -1).\n"


def test_what_a_result_tells_of_itself_is_in_the_language_of_the_user(tmp_path, monkeypatch):
    """`str()` of what the API returns, what a run is shown as, and the list of runs."""
    data = write_documents(tmp_path / "d.parquet", [f"note {at}" for at in range(12)])
    extract_here(make_settings(data, tmp_path / "runs" / "a"))
    monkeypatch.setenv("GLANE_LANG", "fr")
    run = glane.open_run(tmp_path / "runs" / "a")
    told = {
        "run": repr(run),
        "runs": str(glane.runs(str(tmp_path / "runs"))),
        "export": str(glane.export(run, "csv", tmp_path / "csv")),
        "export again": str(glane.export(run, "csv", tmp_path / "csv")),
        "planted": str(glane.plant_attacks(run, rows=5, seed=1)),
    }
    for name, words in told.items():
        english = _ENGLISH & set(words.replace(str(tmp_path), "").lower().replace(",", " ").split())
        assert not english, (name, words)
    assert "complète" in told["run"]
    assert "JOUET (aléatoire)" in told["runs"]
    assert "écrit " in told["export"]
    assert "(a remplacé un export précédent)" in told["export again"]


@pytest.mark.ray
def test_reasons_in_the_list_of_what_needs_a_look_are_in_both_languages(tmp_path, monkeypatch):
    """The list is for people; the data set is for programs."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.pdf").write_bytes(b"%PDF-1.4 x")
    (tmp_path / "files" / "a.txt").write_text("note")
    monkeypatch.setenv("GLANE_LANG", "fr")
    found = glane.ingest(tmp_path / "files", tmp_path / "data")
    assert "à voir" in str(found)
    (row,) = found.needs_a_look().iter_rows(named=True)
    assert row["reason"].startswith("it is cut off")
    assert row["reason_fr"].startswith("il est coupé ou endommagé")
    assert found.documents().collect()["reason"].drop_nulls().to_list()[0].startswith("it is cut off")


def test_the_licence_of_a_model_is_a_name_that_no_language_changes():
    for path in sorted((ROOT / "conf" / "model").glob("*.yaml")):
        licence = re.search(r"^licence: *(.+?)(?: +#.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert licence is None or " " not in licence[1], path


def test_no_result_of_the_api_tells_of_itself_in_english_alone():
    """`Spoken` has `str()` in the language of the user; a `__str__` of its own would not."""
    own = [
        path.name for path in sorted((ROOT / "lib" / "glane" / "api").glob("*.py"))
        if "def __str__" in path.read_text(encoding="utf-8")
    ]  # fmt: skip
    assert own == []
