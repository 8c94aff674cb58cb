"""What was put into a message comes out in every language as it went in, and no message takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glane.errors import did_you_mean
from glane.languages import in_language
from glane.languages.catalogue import catalogue
from glane.languages.matching import _Message
from glane_tools.messages import tables, words_in

_OF_ONE_VALUE = (
    "run.dir: {} is a file. Choose another directory.",
    "out.dir: {} holds files that are no export of glane. Choose another directory.",
    "{}: damaged, or made by another version of glane. Choose another run.dir.",
    "{}: damaged. Choose another run.dir.",
    "data.path: {} holds other things. Choose another data.path: a folder that is not there yet, or is empty.",
    "run_dir: {} was begun with other documents, those of /data. Choose another run_dir.",
    "{}: cannot be read (No such file or directory). Put it back and run the same command again.",
    "task.json_schema_file: {} holds half of a surrogate pair (\\ud800 to \\udfff).",
    "by: {} is a list or a record; strata are made of plain values.",
    "no column {} in the run or its input.",
    "case: the run has a column {} of its own. Rename the field of the task.",
    "run.reference_by: {} is not carried. Add data.carry_columns=[hospital].",
)
_WORDS = sorted({one.english for one in catalogue("fr") if not one.places and " " not in one.english})
_LETTERS = st.text("abcdefghijklmnopqrstuvwxyzéàABC0123456789_-", min_size=1, max_size=9)
_NAMES = st.one_of(st.sampled_from([*_WORDS, "state", "rows", "of", "no", "lost", "is", "error"]), _LETTERS)
_JOINED = st.lists(_NAMES, min_size=1, max_size=4).flatmap(
    lambda names: st.sampled_from(["; ", ": ", ", ", ";", " ", ":", ".", " of ", "! ", " (", "/"]).map(
        lambda sign: sign.join(names)
    )
)
_PATHS = st.tuples(st.lists(_JOINED, max_size=3), _NAMES).map(lambda parts: "/" + "/".join([*parts[0], parts[1]]))


@given(template=st.sampled_from(_OF_ONE_VALUE), value=st.one_of(_NAMES, _PATHS))
@example(template=_OF_ONE_VALUE[0], value="/data/a; b: c/model")
@example(template=_OF_ONE_VALUE[2], value="/notes: old/bag of words; no rows/x.parquet")
@example(template=_OF_ONE_VALUE[9], value="model")
def test_a_name_or_a_path_in_a_message_comes_out_as_it_went_in(template, value):
    said = in_language(f"error: {template.format(value)}", "fr")
    assert value in said, said
    assert said.startswith("erreur\u00a0: ")
    assert not {"Choose", "damaged", "column"} & set(said.replace(value, "").replace(":", " ").split()), said


_LAST_PARTS = _JOINED.map(lambda part: part.replace(": ", " ").replace(". ", " ")).map(
    lambda part: part.strip(" :;,.!(")
)
_BLANKS = st.tuples(
    st.sampled_from(["/", "/data/", "/my notes/x/", "~/", "./", "runs/", "a/b c/"]), _LAST_PARTS.filter(bool)
).map("".join)


@given(template=st.sampled_from(_OF_ONE_VALUE), value=_BLANKS)
@example(template=_OF_ONE_VALUE[2], value="/data/my notes (not told)")
@example(template=_OF_ONE_VALUE[2], value="/run! warning! licence")
@example(template=_OF_ONE_VALUE[3], value="/my notes/x/rows — waiting")
@example(template=_OF_ONE_VALUE[6], value="/unusable of without")
@example(template=_OF_ONE_VALUE[7], value="runs/shards; starting")
@example(template=_OF_ONE_VALUE[8], value="/data/clock skipped")
def test_the_last_part_of_a_path_may_have_blanks_and_words_of_messages(template, value):
    """A colon or a full stop before a blank ends it: who reads cannot tell either where such a path ends."""
    said = in_language(f"error: {template.format(value)}", "fr")
    assert value in said, said


@given(value=st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs", "Cc"]), max_size=40) | _JOINED)
@example("a column model: no rows; all is answered.")
@example('l\'eau; "no column": b')
@example("\ue000 and \ue001")
def test_any_quoted_text_comes_out_as_it_went_in(value):
    for template in ("data.text_column: no column {}. Valid: a.", "task.fields.{}: missing.", "by: {} is not carried."):
        said = in_language(f"error: {template.format(repr(value))}", "fr")
        assert repr(value) in said, said


@given(names=st.lists(_JOINED, min_size=1, max_size=30, unique=True))
@example(["a, b", "c. d", "(none of these)", "no rows; 3 lost"])
def test_names_in_a_list_come_out_as_they_went_in(names):
    said = in_language(f"error: data.text_column: no column 'x'. {did_you_mean('x', names)}", "fr")
    assert ", ".join(sorted(names)) in said, said
    assert "pas de colonne 'x'" in said


@pytest.mark.parametrize("name", [*_WORDS, "date"])
def test_a_single_word_in_a_message_is_a_name(name):
    for message in (
        f"error: case: the run has a column {name} of its own. Rename the field of the task.",
        f"case: no column {name} in the run or its input.",
        f"by: {name} is a list or a record; strata are made of plain values.",
    ):
        assert re.search(rf"(?<![^\s(]){re.escape(name)}(?![^\s,;).])", in_language(message, "fr")), message


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("numbers with a decimal comma, and the file has the other sign; data.decimal says which it is", "virgule"),
        ("only 3 true yes among the reviewed documents", "3 vrais oui"),
        ("read as dates (day/month/year): visit", "(jour/mois/année)"),
    ],
)
def test_a_word_of_glane_in_a_message_is_translated(english, french):
    assert french in in_language(english, "fr")


def test_the_tables_say_which_places_hold_words():
    said = words_in()
    wrong = [one.msgid for table in tables("fr").values() for one in table if one.comment != said.get(one.msgid, "")]
    assert wrong == [], "python -m glane_tools.messages fr says them"


@pytest.mark.parametrize(
    "line",
    [
        "glane sentinels run.dir=runs/notes out.dir=sentinels rows=200",
        "glane extract … task.sentinels=sentinels",
        "glane evaluate run.dir=runs/state gold='the rows; no model.parquet' out.dir=runs/evaluation",
        "glane doctor model=mistral_24b --config-dir tasks",
    ],
)
def test_a_command_stays_as_it_is(line):
    assert in_language(line, "fr") == line
    assert line in in_language(f"nothing works on it: {line}", "fr")


def test_a_long_list_costs_no_more_than_its_length(monkeypatch):
    """Work is counted, not timed: the parts of the text that are looked up."""
    looked_up, found = [], _Message._found
    monkeypatch.setattr(
        _Message, "_found", lambda self, text, depth: looked_up.append(text) or found(self, text, depth)
    )
    counted = []
    for num in (100, 200):
        in_language("; ".join(f"odd: name, {at}. (a) of rows" for at in range(num)), "fr")
        counted.append(len(looked_up))
        looked_up.clear()
    assert counted[1] < 2.5 * counted[0]
    in_language(f"no column 'x'. {did_you_mean('x', [f'odd: name, {at}; (a) rows' for at in range(40)])}", "fr")
    assert len(looked_up) < 100
