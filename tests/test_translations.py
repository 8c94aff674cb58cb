"""Tasks in French and English: translations hold texts alone, whole, and for the language that is asked for."""

import copy
import re

import pytest

from conftest import ROOT, SMALL_TASK
from glane.composition import composed
from glane.errors import ConfigError
from glane.extraction.codebook import codebook
from glane.extraction.fingerprint import make_fingerprint
from glane.settings import DataSettings, ModelSettings
from glane.settings.words import key_types
from glane.task.arrow import columns
from glane.task.prompt import messages
from glane.task.task import load_task

TASKS = sorted(path.stem for path in (ROOT / "conf" / "task").glob("*.yaml"))
# Words that one language has and the other has not. OR is a measure, `if` a word of programs, and la and le are names.
FRENCH = "le la les des du une est dans pour avec sur qui que aux tel telle écrit écrite n'est d'un qu'il ou et"
ENGLISH = "the of and is with from that which written as in or to if by are"
STRANGE = {"fr": set(ENGLISH.split()) - {"if", "or"}, "en": set(FRENCH.split()) - {"la", "le"}}


def prompt(task):
    return "\n".join(one["content"] for one in messages(task, {"text": ""}, style="full"))


def foreign(task):
    """Function words of the other language: of instructions, descriptions, labels and examples, without codes."""
    text = prompt(task)
    text = re.sub(r'"(?:program|columns)":.*', "", text) if task.name == "program_translation" else text
    text = re.sub(r"run\(tables.*|library\(dplyr\)[\s\S]*?data = incidence\)|proc sort[\s\S]*?quit;", "", text)
    return words_of(text) & STRANGE[task.language]


def words_of(text):
    """The words of a text, without names of fields and codes that are made of several words."""
    return set(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", re.sub(r"\w+_\w+", "", text.lower())))


def shape(field):
    """A field without its texts."""
    values = field.model_dump(exclude={"description", "labels", "synonyms", "items", "fields"})
    inner = [shape(field.items)] if field.type == "list" else []
    inner += [(name, shape(one)) for name, one in field.fields.items()] if field.type == "object" else []
    return values, inner


@pytest.mark.parametrize("name", TASKS)
def test_a_shipped_task_is_whole_in_both_languages_and_asks_the_same(name, shipped_task):
    french, english = (load_task({**shipped_task(name), "language": language}) for language in ("fr", "en"))
    assert (french.notes, english.notes) == ((), ())  # nothing untranslated, and each quote shows its value
    assert french.answer_schema == english.answer_schema
    assert [(one.name, one.type) for one in columns(french)] == [(one.name, one.type) for one in columns(english)]
    assert [shape(one) for one in french.fields.values()] == [shape(one) for one in english.fields.values()]
    assert french.rules == english.rules
    assert len(french.examples) == len(english.examples) >= 2
    assert not {one.inputs["text"] for one in french.examples} & {one.inputs["text"] for one in english.examples}
    assert (foreign(french), foreign(english)) == (set(), set())


@pytest.mark.parametrize("name", TASKS)
def test_one_text_left_untranslated_is_noted(name, shipped_task):
    values = shipped_task(name)
    (other,) = values["translations"]
    del next(iter(values["translations"][other]["fields"].values()))["description"]
    (note,) = load_task({**values, "language": other}).notes
    assert note.startswith(
        f"task.translations.{other}: has no text for fields.{next(iter(values['fields']))}.description"
    )


def test_a_description_in_the_other_language_is_seen(shipped_task):
    values = shipped_task("outbreak_report")
    values["translations"]["en"]["fields"]["source"]["description"] = values["fields"]["source"]["description"]
    assert foreign(load_task({**values, "language": "en"})) >= {"qui"}


OWN = {
    **SMALL_TASK,
    "written_in": "fr",
    "translations": {
        "en": {
            "instructions": "Read the text.",
            "fields": {
                "age": {"description": "Age."},
                "sex": {"labels": {"F": "female"}, "synonyms": {"F": ["woman"]}},
                "cases": {"items": {"fields": {"place": {"description": "Place."}}}},
            },
        }
    },
}


def own(path, value, **more):
    task = copy.deepcopy({**OWN, **more})
    here = task["translations"]
    for part in path[:-1]:
        here = here.setdefault(part, {})
    here[path[-1]] = value
    return task


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["en", "inputs"], ["text"], ["en.inputs", "every language", "task.inputs"]),
        (["en", "rules"], [], ["en.rules", "every language"]),
        (["en", "instruction"], "x", ["en.instruction", "Did you mean 'instructions'"]),
        (["en", "instructions"], 3, ["en.instructions", "a text is needed"]),
        (["en", "fields", "agge"], {}, ["en.fields.agge", "Did you mean 'age'", "sex"]),
        (["en", "fields", "age"], {"maximum": 3}, ["en.fields.age.maximum", "task.fields.age.maximum", "description"]),
        (["en", "fields", "age"], {"type": "number"}, ["en.fields.age.type", "every language"]),
        (["en", "fields", "age"], {"descripton": "x"}, ["en.fields.age.descripton", "Did you mean 'description'"]),
        (["en", "fields", "age"], {"labels": {}}, ["en.fields.age.labels", "Valid: description"]),
        (["en", "fields", "sex"], {"values": ["F"]}, ["en.fields.sex.values", "every language"]),
        (["en", "fields", "sex"], {"labels": {"W": "woman"}}, ["en.fields.sex", "W", "F, M"]),
        (["en", "fields", "sex"], {"synonyms": {"F": ["x"], "M": ["x"]}}, ["en.fields.sex", "means F already"]),
        (["en", "fields", "cases"], {"max_items": 3}, ["en.fields.cases.max_items"]),
        (["en", "fields", "cases"], {"items": {"fields": {"plce": {}}}}, ["cases.items.fields.plce", "'place'"]),
        (["en", "examples"], [{"text": "a", "output": {"agee": 3}}], ["translations.en.examples[0]", "agee"]),
        (["de"], {"instructions": "x"}, ["task.translations.de", "'fr' or 'en'"]),
    ],
)
def test_what_is_no_text_is_refused_whichever_language_is_asked(path, value, words, language):
    load_task({**OWN, "language": language})
    with pytest.raises(ConfigError) as raised:
        load_task(own(path, value, language=language))
    for word in words:
        assert word in str(raised.value)


def test_synonyms_are_those_of_both_languages_and_labels_of_the_one():
    task = {**copy.deepcopy(OWN), "language": "en"}
    task["fields"]["sex"] |= {"synonyms": {"F": ["femme"]}, "labels": {"F": "femme", "M": "homme"}}
    sex = load_task(task).fields["sex"]
    assert (sex.synonyms, sex.labels) == ({"F": ("femme", "woman")}, {"F": "female", "M": "homme"})
    assert any("fields.sex.labels.M" in note for note in load_task(task).notes)


def ask(*words, folders=()):
    told = ["model=scripted", "data.path=x", "run.dir=y", *words]
    return load_task(composed("extract", told, types=key_types("extract"), config_dirs=folders)["task"])


def test_what_a_command_line_tells_is_told_in_the_language_that_is_asked():
    task = ask("task=ed_visit", "task.language=en", "task.instructions=Read.", "task.fields.age.description=Years.")
    assert (task.instructions, task.fields["age"].description, task.notes) == ("Read.", "Years.", ())
    assert task.fields["sex"].description == "Sex of the patient."
    assert ask("task=ed_visit", "task.language=en", "task.examples=[]").examples == ()


def test_a_task_that_inherits_does_not_keep_the_translation_of_what_it_changes(tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "mine.yaml").write_text(
        "defaults: [outbreak_report, _self_]\nname: mine\ninstructions: Lis.\n"
    )
    task = ask("task=mine", "task.language=en", folders=[tmp_path])
    assert task.instructions == "Lis."
    assert task.notes == ("task.translations.en: has no text for instructions; the prompt shows the task's own there.",)


@pytest.mark.parametrize(
    ("written", "asked", "is_noted"), [("fr", "en", True), ("en", "fr", True), ("en", "en", False)]
)
def test_a_task_without_translation_asked_in_the_other_language_is_noted(tmp_path, written, asked, is_noted):
    (tmp_path / "task").mkdir()
    fields = "fields: {a: {type: boolean}}\n"
    (tmp_path / "task" / "mine.yaml").write_text(f"name: mine\nlanguage: {written}\ninstructions: x\n{fields}")
    notes = ask("task=mine", f"task.language={asked}", folders=[tmp_path]).notes
    assert bool(notes) == is_noted
    assert all(f"written in {written}" in note and f"task.language={written}" in note for note in notes)


def test_languages_are_different_questions(shipped_task):
    found = [
        make_fingerprint(
            data=DataSettings(path="x"), only_ids=None, task=load_task({**shipped_task("ed_visit"), "language": language}),
            model=ModelSettings(name="m", engine="scripted", path="none", max_model_len=100, max_tokens=10),
            inputs=[], model_digests={}, engine_version="1", lookups={},
        )["task"]
        for language in ("fr", "en")
    ]  # fmt: skip
    assert found[0]["prompt"] != found[1]["prompt"]
    assert found[0]["schema"] == found[1]["schema"]


@pytest.mark.parametrize("name", TASKS)
def test_the_codebook_speaks_the_language_that_is_asked(name, shipped_task):
    books = {}
    for language in ("fr", "en"):
        task = load_task({**shipped_task(name), "language": language, "passes": 2, "confidence": True})
        books[language] = codebook(task, id_column="id", carry_columns=["x"])
        told = " ".join(f"{one.type} {one.description}" for one in books[language])
        words = words_of(told)
        assert words & STRANGE[language] == set()
        assert not words & {"int", "struct", "bool", "double", "string"}
    assert [one.column for one in books["fr"]] == [one.column for one in books["en"]]
