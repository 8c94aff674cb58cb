"""Kinds of field: each says all of itself, and is carried from the question to the evaluation; the table of results."""

import datetime
import json
import random
import re
import shutil
import subprocess
import zoneinfo
from pathlib import Path

import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import glane
from conftest import ROOT, SMALL_TASK, extract_here, make_settings, write_documents
from glane.assess.compare.candidates import Candidate, shared_fields
from glane.assess.compare.comparison import compare_runs
from glane.assess.compare.drift import measure_drift
from glane.assess.evaluate.answers import answer_of, check_gold, gold_fields
from glane.assess.evaluate.evaluation import evaluate
from glane.assess.evaluate.leaf import rule_of
from glane.assess.evaluate.matching import same
from glane.assess.evaluate.measures import Chance
from glane.assess.files import as_parquet
from glane.assess.review.data import answer_of as review_answer
from glane.assess.review.data import field_schema, review_data, without_evidence
from glane.assess.review.page import render, review_table
from glane.assess.sampling import draw_random
from glane.engine.samples import sample_answer
from glane.errors import ConfigError, DataError
from glane.extraction import codebook as codebooks
from glane.extraction import records
from glane.extraction.codebook import codebook
from glane.extraction.records import record_table
from glane.run.repeats import DIGEST, DUPLICATE
from glane.task import result
from glane.task.answer import AnswerError, read_answer
from glane.task.arrow import columns, row_values
from glane.task.fields import KINDS, SCALARS, ListField, ObjectField, field_from, fields_from
from glane.task.form import answer_form
from glane.task.grammar import quote_grammar
from glane.task.kinds import pattern
from glane.task.kinds.field import BaseField, ScalarField, SingleField
from glane.task.locate import locate
from glane.task.prompt import compact_json, messages
from glane.task.result import RESULT_COLUMNS, ResultColumn
from glane.task.schema import json_schema
from glane.task.task import load_task
from glane.types import Extraction, Status

PAGE = Path(codebooks.__file__).parents[1] / "assess" / "review"
LOCAL = datetime.datetime(2025, 3, 5, 14, 30)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")

# Of every kind, a definition, and values as an answer has them that are right and that are wrong.
KIND_CASES = {
    "string": (
        {"min_length": 2, "max_length": 6, "pattern": "^[A-Z]+-?[0-9]+$"},
        ["AB-12"],
        ["A", "a1", "ABC-1234", 3],
    ),
    "integer": ({"minimum": 1, "maximum": 9}, [3, 4.0], [0, 10, 2.5, True, "3"]),
    "number": ({"above": 0, "maximum": 2}, [0.5, 2], [0, 2.1, "1", True]),
    "boolean": ({}, [True, False], ["true", 1]),
    "date": ({}, ["2025-03-05"], ["2025-02-30", "2025-03", 20250305]),
    "time": ({}, ["00:00", "23:59"], ["24:00", "9:05", "09:60", "09:05:00", 870]),
    "datetime": (
        {},
        ["2025-03-05T14:30", "2025-03-05T14:30:59"],
        ["2025-03-05 14:30", "2025-02-30T10:00", "2025-03-05T24:00", "2025-03-05T14:30Z", "2025-03-05"],
    ),
    "datetime in UTC": (
        {"type": "datetime", "zone": "offset"},
        ["2025-03-05T13:30+00:00", "2025-03-05T13:30:05+00:00"],
        ["2025-03-05T13:30", "2025-03-05T13:30+25:00"],
    ),
    "datetime in Paris": (
        {"type": "datetime", "zone": "Europe/Paris"},
        ["2025-03-05T14:30", "2025-10-26T02:30+01:00"],
        ["2025-03-05", "2025-03-30T02:30"],
    ),
    "enum": ({"values": ["a", "b"], "labels": {"a": "first"}}, ["a"], ["c", 1]),
}


def field(kind, **keys):
    return field_from({"type": kind, **keys}, place="task.fields.x")


def read(one, value):
    return read_answer({"x": one}, locate(json.dumps({"x": value})))["x"]


def test_every_kind_is_tried_here():
    tried = {keys.get("type", name) for name, (keys, *_) in KIND_CASES.items()}
    assert tried == {kind.model_fields["type"].default for kind in SCALARS}
    assert set(KINDS) == tried | {"list", "object"}


def test_a_kind_that_leaves_something_out_is_refused_with_all_that_it_lacks():
    class Colour(SingleField):
        type: str = "colour"

        def word(self, language):
            return {"fr": "couleur", "en": "colour"}[language]

    with pytest.raises(TypeError) as raised:
        Colour()
    lacking = {name for name in ScalarField.__abstractmethods__ if name != "word"}
    assert all(re.search(rf"\b{name}\b", str(raised.value)) for name in lacking)
    assert {
        "value_schema",
        "phrase",
        "imported",
        "read",
        "traces",
        "arrow_type",
        "rules_type",
        "same",
    } <= lacking


def sample_value(one, rng):
    """A value as the engine that has no model draws it."""
    task = load_task({"name": "t", "instructions": "x", "fields": {"x": {"type": "string"}}})
    form = answer_form(task.model_copy(update={"fields": {"x": one}}))
    return json.loads(sample_answer(form, rng, quote="q"))["x"]


@pytest.mark.parametrize("kind", KIND_CASES)
def test_what_a_kind_asks_for_is_what_it_reads(kind):
    """The schema that constrains decoding, the strict reading and the random values say the same."""
    keys, right, wrong = KIND_CASES[kind]
    one = field(kind, **keys)
    schema = json_schema({"x": one})
    jsonschema.Draft202012Validator.check_schema(schema)
    rng = random.Random(0)
    for value in [*right, *(sample_value(one, rng) for _ in range(50))]:
        jsonschema.validate({"x": value}, schema)
        found = read(one, value)
        stored = pa.array([found.value], one.arrow_type(nested=True))
        assert read(one, one.written(found.value, found.precision)).value == found.value
        assert stored.null_count == 0
        assert one.same(found.value, found.value)
        assert one.statement(found.value) == one.statement(found.value)
        assert isinstance(one.traces(found.value), tuple)
    for value in wrong:
        with pytest.raises(AnswerError, match="x: "):
            read(one, value)


@pytest.mark.parametrize("kind", KIND_CASES)
def test_a_kind_goes_all_the_way_to_the_columns_and_back(kind, tmp_path):
    """Through the scripted engine to Parquet, into rules, the codebook, the review page and the evaluation."""
    keys, right, _ = KIND_CASES[kind]
    task = {
        **SMALL_TASK,
        "confidence": True,
        "fields": {
            "x": {"type": kind, **keys, "missing": True},
            "many": {"type": "list", "max_items": 3, "items": {"type": kind, **keys}},
            "deep": {"type": "object", "fields": {"y": {"type": kind, **keys, "nullable": True}}},
        },
        "rules": ["x IS NOT NULL OR x IS NULL", "x = x"],
    }
    said = {"x": {"value": right[0]}, "many": [right[0], right[0]], "deep": {"y": right[-1]}}
    data = write_documents(tmp_path / "d.parquet", [f"[[answer {json.dumps(said)}]]", *(f"n {i}" for i in range(30))])
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    assert rows["status"].cast(str).to_list() == ["OK"] * 31, rows["reason"].to_list()
    assert not rows["broken_rules"].list.len().sum()
    loaded = load_task(task)
    one, first = loaded.fields["x"], rows.row(0, named=True)
    value = one.read(right[0], "x")
    kept = {"date": datetime.date, "time": datetime.time, "datetime": datetime.datetime}.get(kind)
    assert first["x"] == value
    assert kept is None or type(first["x"]) is kept
    assert first["many"] == [value, value]
    assert first["deep"] == {"y": one.read(right[-1], "y"), **{k: v for k, v in first["deep"].items() if k != "y"}}

    gold = gold_fields(loaded.fields, rows, [], place="gold")
    check_gold(gold, rows, "id")
    assert all(
        same(gold[name], answer_of(gold, first)[name], answer_of(gold, first)[name]) for name in ("x", "many", "deep")
    )
    assert rule_of(one)
    assert rule_of(loaded.fields["many"]).startswith("items ")
    with pytest.raises(DataError, match="task's"):
        gold_fields(loaded.fields, pl.DataFrame({"id": ["a"], "x": [[b"x"]]}), ["x"], place="gold")

    shown = review_answer(loaded.fields["x"], "x", first)
    assert shown == {"value": json.loads(json.dumps(right[0]))}
    assert field_schema(loaded.fields["x"])["type"] == keys.get("type", kind)
    flat = glane.open_run(tmp_path / "run")
    assert flat.line_list().collect().height == 31
    assert flat.evidence().collect().filter(pl.col("field") == "x").height == rows["x"].is_not_null().sum()


@pytest.mark.parametrize("kind", KIND_CASES)
def test_a_kind_is_evaluated_compared_and_reviewed(kind, tmp_path):
    keys, right, _ = KIND_CASES[kind]
    task = {
        **SMALL_TASK,
        "fields": {
            "x": {"type": kind, **keys, "nullable": True},
            "many": {
                "type": "list",
                "max_items": 3,
                "items": {"type": "object", "fields": {"y": {"type": kind, **keys}}},
            },
        },
    }
    said = [{"x": right[0], "many": [{"y": right[0]}]}, {"x": None, "many": []}]
    texts = [f"[[answer {json.dumps(one)}]] {i}" for i in range(3) for one in said]
    data = write_documents(tmp_path / "d.parquet", texts)
    extract_here(make_settings(data, tmp_path / "run", task))
    run, fields = glane.open_run(tmp_path / "run"), load_task(task).fields
    rows = run.all().collect()

    found = evaluate(fields, run.all(), rows.select("id", "x", "many"), id_column="id", chance=Chance(samples=0))
    as_parquet(found.values), as_parquet(found.fields), found.summary.as_json()
    assert set(found.values["verdict"].cast(str)) <= {"correct", "absent"}
    assert found.fields.filter(pl.col("field") == "x")["f1"].to_list() == [1.0]
    empty = rows.select("id", pl.lit(None, rows.schema["x"]).alias("x"))
    wrong = evaluate(fields, run.all(), empty, id_column="id", chance=Chance(samples=0))
    assert wrong.values.filter(pl.col("field") == "x")["verdict"].cast(str).to_list().count("spurious") == 3

    sides = [Candidate(name=name, fields=fields, rows=run.all(), id_column="id") for name in ("a", "b")]
    assert compare_runs(sides, chance=Chance(samples=0)).summary.comparisons[0].equal == 6
    drift = measure_drift(*sides, tolerance=0.02, changes={})
    drift.model_dump_json()
    assert drift.drift == ()
    assert drift.fields[0].figures

    sample = draw_random(rows.select("id"), id_column="id", num_rows=6, seed=0)
    shown = review_data(
        load_task(task), rows.join(run.documents().collect(), on="id"), sample, id_column="id", text_column="text", run="r",
        fields=["x", "many"], context=[],
    )  # fmt: skip
    assert render(shown)
    assert review_table(shown).height == 12
    (answered,) = {json.dumps(one["fields"]["x"]["answer"]) for one in shown["documents"]} - {"null"}
    assert json.loads(answered) == right[0]
    assert read(without_evidence(fields["x"]), json.loads(answered)).value == rows["x"].drop_nulls()[0]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_words_in_both_languages(kind, language):
    keys = {
        **{name: case[0] for name, case in KIND_CASES.items()},
        "list": {"items": {"type": "time"}},
        "object": {"fields": {"a": {"type": "time"}}},
    }[kind]
    task = load_task({**SMALL_TASK, "language": language, "fields": {"x": {"type": kind, **keys}}})
    (entry,) = [one for one in codebook(task, id_column="id", carry_columns=[]) if one.column == "x"]
    assert entry.type.strip()
    phrase = task.fields["x"].phrase(language)
    message = messages(task, {"text": "t"}, style="full")[0]
    assert f"- x ({phrase}" in message["content"]
    other = "en" if language == "fr" else "fr"
    assert phrase != task.fields["x"].phrase(other)


def test_the_page_on_tasks_tells_of_every_kind_in_both_languages():
    page = (ROOT / "conf" / "task" / "README.md").read_text()
    parts = page.split("## Writing your own (English)")
    for kind, model in KINDS.items():
        for part in parts:
            (row,) = re.findall(rf"^\| `{kind}` \|(.*)\|.*\|$", part, re.MULTILINE)
            own = set(model.model_fields) - set(BaseField.model_fields) - {"type", "merge", "compare"}
            told = own - {"keys", "similarity"}  # of lists: told where chunks are merged
            assert told == set(re.findall(r"`(\w+)[`:]", row)) - {"partial"}, kind
    (example,) = re.findall(r"```yaml\n(fields:\n  rpps:.*?)```", page, re.DOTALL)
    assert list(load_task({**SMALL_TASK, **yaml.safe_load(example)}).fields) == ["rpps", "arrivee", "examen", "appel"]


def test_the_codebook_tells_times_in_the_words_of_the_task():
    asked = {"at": {"type": "time"}, "seen": {"type": "datetime"}, "born": {"type": "datetime", "zone": "Europe/Paris"}}
    words = {
        language: [
            one.type
            for one in codebook(
                load_task({**SMALL_TASK, "language": language, "fields": asked}), id_column="id", carry_columns=[]
            )
            if one.role == "field"
        ]
        for language in ("fr", "en")
    }
    assert words == {
        "fr": ["heure", "date et heure (sans fuseau)", "date et heure (Europe/Paris)"],
        "en": ["time", "date and time (without time zone)", "date and time (Europe/Paris)"],
    }


def test_the_review_page_has_an_editor_and_a_view_for_every_kind():
    editor, show = ((PAGE / name).read_text() for name in ("editor.js", "show.js"))
    assert keys_of(editor, "EDITORS") == set(KINDS)
    assert keys_of(show, "SHOWN") == set(KINDS)
    in_line = {
        kind
        for kind, how in re.findall(r"^  (\w+): (\w+),$", block(editor, "EDITORS"), re.MULTILINE)
        if how == "textEditor"
    }
    assert keys_of(editor, "WRITTEN") == in_line
    assert "schema.type ===" not in show.replace('schema.type === "list"', "")


def block(script, name):
    return re.search(rf"^const {name} = \{{\n(.*?)^\}};", script, re.MULTILINE | re.DOTALL)[1]


def keys_of(script, name):
    return set(re.findall(r"^  (\w+):", block(script, name), re.MULTILINE))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, to run the page's own functions")
def test_what_a_reviewer_writes_is_read_as_an_answer():
    cases = [
        ("time", {}, "9h05", "09:05"), ("time", {}, "09:05", "09:05"), ("time", {}, "24:00", None), ("time", {}, "9 h", "09:00"),
        ("datetime", {"zone": "none"}, "05/03/2025 9h05", "2025-03-05T09:05"),
        ("datetime", {"zone": "none"}, "2025-03-05T14:30", "2025-03-05T14:30"),
        ("datetime", {"zone": "none"}, "2025-03-05 14:30Z", None),
        ("datetime", {"zone": "offset"}, "2025-03-05 14:30+01:00", "2025-03-05T14:30+01:00"),
        ("datetime", {"zone": "offset"}, "2025-03-05 14:30", None),
        ("datetime", {"zone": "Europe/Paris"}, "2025-03-05 14:30", "2025-03-05T14:30"),
        ("datetime", {"zone": "none"}, "2025-02-30 14:30", None),
        ("string", {"max_length": 5, "min_length": 2, "pattern": "^A"}, "AB", "AB"),
        ("string", {"max_length": 5, "min_length": 2, "pattern": "^A"}, "A", None),
        ("string", {"max_length": 5, "min_length": 2, "pattern": "^A"}, "BA", None),
        ("number", {"minimum": None, "maximum": None, "above": 0, "below": None}, "0", None),
        ("number", {"minimum": None, "maximum": None, "above": 0, "below": None}, "0,5", 0.5),
    ]  # fmt: skip
    script = "".join((PAGE / name).read_text() for name in ("words.js", "show.js", "editor.js"))
    script += f"""
    const found = {json.dumps([[kind, keys, text] for kind, keys, text, _ in cases])}.map(([kind, keys, value]) => {{
      try {{ return WRITTEN[kind].parse({{ type: kind, ...keys }}, {{ value }}); }}
      catch (error) {{ if (!(error instanceof Wrong) || !error.message) throw error; return null; }}
    }});
    console.log(JSON.stringify(found));
    """
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [expected for *_, expected in cases]
    for kind, keys, _, expected in cases:  # and glane reads what the page gives
        if expected is not None and "minimum" not in keys:
            read(field(kind, **keys), expected)


# Times


def test_the_zone_policies_of_a_datetime():
    local, offset, paris = field("datetime"), field("datetime", zone="offset"), field("datetime", zone="Europe/Paris")
    assert read(local, "2025-03-05T14:30").value == LOCAL
    assert read(offset, "2025-03-05T14:30+01:00").value == datetime.datetime(2025, 3, 5, 13, 30, tzinfo=datetime.UTC)
    assert read(offset, "2025-03-05T13:30Z").value == read(paris, "2025-03-05T14:30").value
    assert read(paris, "2025-03-05T08:30-05:00").value == LOCAL.replace(tzinfo=PARIS)
    for one, value in ((local, "2025-03-05T14:30Z"), (offset, "2025-03-05T14:30"), (offset, "2025-03-05T14:30+15:00")):
        with pytest.raises(AnswerError, match="x: not a date and time"):
            read(one, value)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"x": value}, json_schema({"x": one}))
    kinds = [one.arrow_type(nested=False) for one in (local, offset, paris)]
    assert kinds == [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("us", "Europe/Paris")]


def test_clocks_that_change():
    paris = field("datetime", zone="Europe/Paris")
    with pytest.raises(AnswerError, match="no such time in Europe/Paris"):
        read(paris, "2025-03-30T02:30")
    twice = [read(paris, f"2025-10-26T02:30{offset}").value for offset in ("", "+02:00", "+01:00")]
    assert paris.same(twice[0], twice[1])
    assert not paris.same(twice[0], twice[2])
    assert paris.statement(twice[0]) != paris.statement(twice[2])
    table = pa.table({"x": pa.array(twice, paris.arrow_type(nested=False))})
    assert [one.astimezone(datetime.UTC).hour for one in table["x"].to_pylist()] == [0, 0, 1]


def test_a_zone_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"task\.fields\.x\.zone.*Europe/Paris.*'Europe/Pari'"):
        field("datetime", zone="Europe/Pari")


@pytest.mark.parametrize(
    ("definition", "gold", "found", "expected"),
    [
        ({"type": "time"}, datetime.time(9, 5), datetime.time(9, 5), True),
        ({"type": "time"}, datetime.time(9, 5), datetime.time(9, 6), False),
        ({"type": "time", "compare": {"tolerance_minutes": 5}}, datetime.time(23, 58), datetime.time(0, 3), True),
        ({"type": "time", "compare": {"tolerance_minutes": 4}}, datetime.time(23, 58), datetime.time(0, 3), False),
        ({"type": "datetime", "compare": {"tolerance_minutes": 60}}, LOCAL, LOCAL.replace(hour=15), True),
        ({"type": "datetime"}, LOCAL, LOCAL.replace(hour=15), False),
        (
            {"type": "datetime", "zone": "Europe/Paris"},
            LOCAL.replace(tzinfo=PARIS),
            LOCAL.replace(hour=13, tzinfo=datetime.UTC),
            True,
        ),
    ],
)
def test_rules_of_times(definition, gold, found, expected):
    assert same(field(**{"kind": definition.pop("type"), **definition}), gold, found) is expected


def test_right_answers_may_give_times_as_text():
    asked = fields_from({"at": {"type": "time"}, "seen": {"type": "datetime", "zone": "Europe/Paris"}}, place="f")
    gold = pl.DataFrame({"id": ["a"], "at": ["09:05"], "seen": ["2025-03-05T14:30"]})
    kept = gold_fields(asked, gold, [])
    check_gold(kept, gold, "id")
    assert answer_of(kept, gold.row(0, named=True)) == {"at": datetime.time(9, 5), "seen": LOCAL.replace(tzinfo=PARIS)}
    for column, value, words in (("at", "9h05", "no time hh:mm"), ("seen", "5 mars", "no date and time")):
        wrong = gold.with_columns(pl.lit(value).alias(column))
        with pytest.raises(DataError, match=words):
            check_gold(kept, wrong, "id")
    with pytest.raises(DataError, match="Datetime with time zone"):
        gold_fields(asked, gold.with_columns(pl.lit(LOCAL).alias("seen")), [])


def test_runs_with_and_without_a_zone_do_not_share_the_field():
    def candidate(name, **keys):
        fields = fields_from({"a": {"type": "time"}, "x": {"type": "datetime", **keys}}, place="f")
        return Candidate(name=name, fields=fields, rows=pl.LazyFrame(), id_column="id")

    assert set(shared_fields([candidate("one"), candidate("two", zone="UTC")], ())) == {"a"}
    assert set(shared_fields([candidate("one", zone="offset"), candidate("two", zone="UTC")], ())) == {"a", "x"}


def test_rules_between_times():
    fields = {
        "arrived": {"type": "time"},
        "left": {"type": "time"},
        "seen": {"type": "datetime", "zone": "Europe/Paris"},
    }
    task = load_task({**SMALL_TASK, "fields": fields, "rules": ["arrived <= left"]})
    said = {"arrived": "14:00", "left": "13:00", "seen": "2025-03-05T14:30"}
    broken = glane.task.rules.Rules(task.rules, task.fields, []).broken(
        read_answer(task.fields, locate(json.dumps(said))), {}
    )
    assert [one.rule for one in broken] == ["arrived <= left"]


def test_an_unquoted_time_in_an_example_is_explained():
    task = {
        **SMALL_TASK,
        "fields": {"at": {"type": "time"}},
        "examples": [{"text": "à 14:30", "output": {"at": 870}}],  # what YAML makes of 14:30
    }
    with pytest.raises(ConfigError, match=r"task\.examples\[0\]\.output\.at: not a time hh:mm, written in quotes"):
        load_task(task)


# Patterns


@pytest.mark.parametrize(
    ("regex", "words"),
    [
        ("(", "not a regular expression"),
        ("a(?=b)", "look-around"),
        (r"(a)\1", "references"),
        (r"\bfoo", "boundary"),
        ("a^b", "start of an alternative"),
        ("a$b", "end of an alternative"),
        ("[a", "not a regular expression"),
    ],
)
def test_a_pattern_that_cannot_be_held_to_is_refused_when_the_task_is_read(regex, words):
    with pytest.raises(ConfigError, match=rf"task\.fields\.code\.pattern: .*{words}"):
        load_task({**SMALL_TASK, "fields": {"code": {"type": "string", "pattern": regex}}})


@pytest.mark.parametrize(
    "regex", [r"^\d{3}$", "^a|b$", "(^a$|^b$)", r"[$^]x", r"^\$\^$", "[a-z&&[^b]]", r"\p{L}+", "^.*$"]
)
def test_the_engine_takes_what_a_task_takes(regex):
    from llguidance import LLMatcher

    schema = json_schema({"code": field("string", pattern=regex, min_length=1)})
    assert LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(json.dumps(schema))) == ""


@pytest.mark.parametrize("quotes", [True, False])
@pytest.mark.parametrize("kind", KIND_CASES)
def test_the_engine_takes_the_grammar_of_every_kind_and_its_values(kind, quotes):
    """With the engine's own matcher, over bytes: what is right is taken to its end, what is wrong is not."""
    from llguidance import LLMatcher, LLTokenizer

    keys, right, wrong = KIND_CASES[kind]
    fields = {"x": field(kind, **keys, evidence=quotes)}
    grammar = (
        LLMatcher.grammar_from_lark(quote_grammar(fields).about("a quoted text"))
        if quotes
        else LLMatcher.grammar_from_json_schema(json.dumps(json_schema(fields)))
    )
    tokenizer = LLTokenizer("byte")

    def takes(value):
        matcher = LLMatcher(tokenizer, grammar)
        said = {"x": {"value": value, "quote": "quoted"} if quotes else value}
        tokens = tokenizer.tokenize_str(compact_json(said))
        return (
            matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()
        )

    assert all(takes(value) for value in right if repr(value) != "4.0")  # a model writes whole numbers without a point
    in_calendar_only = {"2025-02-30", "2025-02-30T10:00", "2025-03-30T02:30"}
    assert [value for value in wrong if takes(value) and value not in in_calendar_only] == []


@pytest.mark.parametrize("regex", [r"\bfoo\b", "foo^bar", "a(?=b)", r"(a)\1", "("])
def test_the_engine_refuses_what_a_task_refuses(regex):
    from llguidance import LLMatcher

    schema = {"type": "string", "pattern": regex}
    assert LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(json.dumps(schema))) != ""


def test_a_pattern_is_found_in_a_text_as_the_grammar_finds_it():
    assert pattern.is_in("^abc$", "abc")
    assert not pattern.is_in("^abc$", "abc\n")  # where Python's own would find it
    assert pattern.is_in("b", "abc")
    assert not pattern.is_in("^(a+)+$", "a" * 5000 + "b")  # at once: no backtracking


def test_an_answer_that_breaks_a_pattern_is_invalid_and_the_reason_has_no_text(tmp_path):
    task = {
        **SMALL_TASK,
        "repairs": 0,
        "fields": {"code": {"type": "string", "pattern": "^[A-Z]{2}$", "min_length": 2}},
    }
    texts = [f"[[answer {json.dumps({'code': code})}]]" for code in ("AB", "secret", "A")]
    data = write_documents(tmp_path / "d.parquet", texts)
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    assert rows["status"].cast(str).to_list() == ["OK", "INVALID", "INVALID"]
    assert rows["reason"].to_list() == [
        None, "code: does not match the pattern ^[A-Z]{2}$", "code: shorter than 2",
    ]  # fmt: skip


# Records of which some fields stand together

SHAPE = {
    "type": "object",
    "fields": {name: {"type": "number", "nullable": True} for name in ("radius", "length", "width")},
    "exactly_one_of": [["radius"], ["length", "width"]],
}


def test_exactly_one_group_of_a_record_is_complete():
    one = field_from(SHAPE, place="f")
    read(one, {"radius": 1, "length": None, "width": 2})
    for said in ({"radius": None, "length": None, "width": 2}, {"radius": 1, "length": 3, "width": 2}):
        with pytest.raises(
            AnswerError, match="exactly one of these groups is to be complete: radius; length and width"
        ):
            read(one, said)
    any_of = field_from({**SHAPE, "exactly_one_of": [], "at_least_one_of": SHAPE["exactly_one_of"]}, place="f")
    read(any_of, {"radius": 1, "length": 3, "width": 2})
    with pytest.raises(AnswerError, match="at least one"):
        read(any_of, {"radius": None, "length": 3, "width": None})
    assert "radius ; length" not in one.phrase("fr")
    assert "exactement un" in one.phrase("fr")


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([["radius"], ["heigth"]], "'heigth' is no field of the record"),
        ([["radius"], ["radius", "width"]], "part of another"),
        ([["radius"], []], "empty"),
    ],
)
def test_groups_that_say_nothing_are_refused(groups, words):
    with pytest.raises(ConfigError, match=words):
        field_from({**SHAPE, "exactly_one_of": groups}, place="f")


# The table of result columns


@pytest.mark.parametrize("name", [column.name for column in RESULT_COLUMNS])
def test_no_field_has_the_name_of_a_result_column(name, tmp_path):
    with pytest.raises(ConfigError, match=rf"task\.fields\.{name}: this name is a column of every result"):
        load_task({**SMALL_TASK, "fields": {name: {"type": "string"}}})
    data = write_documents(tmp_path / "d.parquet", ["a"], **({} if name in ("id", "text") else {name: ["x"]}))
    with pytest.raises(ConfigError, match=name):
        extract_here(make_settings(data, tmp_path / "run", data__carry_columns=[name]))


def test_a_column_is_added_in_one_place(monkeypatch, tmp_path):
    added = ResultColumn(
        name="language",
        type=pa.string(),
        read=lambda row, digest: f"{row.status} {digest is None}",
        words={"fr": "La langue.", "en": "The language."},
    )
    grown = (*RESULT_COLUMNS, added)
    for module in (result, records, codebooks):
        monkeypatch.setattr(module, "RESULT_COLUMNS", grown)
    with pytest.raises(ConfigError, match=r"task\.fields\.language"):
        load_task({**SMALL_TASK, "fields": {"language": {"type": "string"}}})
    data = write_documents(tmp_path / "d.parquet", ["a", "a"])
    rows = extract_here(make_settings(data, tmp_path / "run"))
    assert rows["language"].to_list() == ["OK False", "OK False"]
    entries = glane.open_run(tmp_path / "run").codebook().filter(pl.col("column") == "language")
    assert entries.select("role", "type", "description").rows() == [("result", "texte", "La langue.")]


def test_every_result_column_reads_a_row_that_has_nothing():
    row = Extraction(status=Status.EMPTY)
    table = record_table(pa.table({"id": ["d0"]}), [row], [None], [])
    assert table.schema.names == ["id", *(column.name for column in RESULT_COLUMNS)]
    kinds = [DIGEST if one.name == DUPLICATE else one.type for one in RESULT_COLUMNS]  # a part has digests there
    assert [table.schema.field(column.name).type for column in RESULT_COLUMNS] == kinds
    for column in RESULT_COLUMNS:
        assert set(column.words) == {"fr", "en"}
        assert all(column.words.values())


def test_times_keep_their_types_in_parquet(tmp_path):
    asked = fields_from({"at": {"type": "time"}, "seen": {"type": "datetime", "zone": "Europe/Paris"}}, place="f")
    task = load_task(
        {**SMALL_TASK, "fields": {"at": {"type": "time"}, "seen": {"type": "datetime", "zone": "Europe/Paris"}}}
    )
    found = read_answer(asked, locate('{"at":"09:05","seen":"2025-03-05T14:30"}'))
    kinds = columns(task)
    table = pa.Table.from_pylist(
        [row_values(found, kinds)], schema=pa.schema([pa.field(one.name, one.type) for one in kinds])
    )
    pq.write_table(table, tmp_path / "t.parquet")
    again = pl.read_parquet(tmp_path / "t.parquet")
    assert again.schema == {"at": pl.Time(), "seen": pl.Datetime("us", "Europe/Paris")}
    assert again.row(0) == (datetime.time(9, 5), LOCAL.replace(tzinfo=PARIS))


def test_the_shapes_are_lists_and_records():
    """Code that walks through a task knows three shapes; a kind is a scalar, and is asked."""
    assert [kind for kind in KINDS.values() if not issubclass(kind, ScalarField)] == [ListField, ObjectField]
