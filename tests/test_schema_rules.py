"""A rule of an imported schema is kept or refused, never dropped: pairs of a rule and a value that breaks it."""

import itertools
import json
import random
import textwrap

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.engine.samples import sample_answer
from glane.errors import ConfigError
from glane.task.answer import AnswerError, read_answer
from glane.task.fields import ListField, ObjectField
from glane.task.form import answer_form
from glane.task.imports import fields_of_model, fields_of_schema, fields_of_schema_file
from glane.task.json_schema import definitions_of
from glane.task.locate import locate
from glane.task.schema import json_schema
from glane.task.task import load_task

TEXT = {"type": "string"}
COUNT = {"type": "integer"}


def record(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


def read(schema):
    return fields_of_schema(record(x=schema), place="S")


def answer_of(field, value):
    """A value of the schema, as glane's answer writes it: text for a category, null for what is absent."""
    if isinstance(field, ObjectField) and isinstance(value, dict):
        return record_answer(field.fields, value)
    if isinstance(field, ListField) and isinstance(value, list):
        return [answer_of(field.items, one) for one in value]
    return json.dumps(value) if field.type == "enum" and type(value) in (bool, int, float) else value


def record_answer(fields, value):
    """The answer; a property that is no field stays, so that the answer is refused."""
    found = {
        field.original or name: answer_of(field, value.get(field.original or name)) for name, field in fields.items()
    }
    return value | found


def takes(fields, answer):
    try:
        read_answer(fields, locate(json.dumps(answer)))
    except AnswerError:
        return False
    return True


A, B = {"a": TEXT}, {"b": TEXT}

# A rule, and a value that breaks it.
BROKEN = [
    ({"type": "integer", "minimum": 5, "exclusiveMinimum": 0}, 3),
    ({"type": "integer", "minimum": 0, "exclusiveMinimum": 5}, 5),
    ({"type": "integer", "maximum": 5, "exclusiveMaximum": 9}, 7),
    ({"type": "integer", "exclusiveMaximum": 4.5}, 5),
    ({"type": "integer", "minimum": 2.5}, 2),
    ({"type": "number", "minimum": 5, "exclusiveMinimum": 0}, 3),
    ({"type": "number", "minimum": 0, "exclusiveMinimum": 0}, 0),
    ({"type": "number", "maximum": 5, "exclusiveMaximum": 5}, 5),
    ({"type": "number", "multipleOf": 0.5}, 0.3),
    ({"type": "integer", "multipleOf": 3}, 4),
    ({"enum": ["a"], "type": "integer"}, "a"),
    ({"enum": ["a", 1], "type": "string"}, 1),
    ({"enum": ["a", None], "type": "string"}, None),
    ({"enum": ["a"], "type": ["string", "null"]}, None),
    ({"enum": ["a", 1.5], "type": ["string", "integer"]}, 1.5),
    ({"enum": ["abc", "d"], "maxLength": 1}, "abc"),
    ({"enum": ["abc", "d"], "minLength": 2}, "d"),
    ({"enum": ["abc", "d"], "pattern": "^a"}, "d"),
    ({"enum": ["2020-01-01", "d"], "format": "date"}, "d"),
    ({"enum": [1, 7], "minimum": 3}, 1),
    ({"enum": [1, 7], "exclusiveMaximum": 7}, 7),
    ({"enum": [1, 7], "multipleOf": 7}, 1),
    ({"enum": ["a", "b"], "const": "a"}, "b"),
    ({"enum": ["a", "b"], "const": "c"}, "c"),
    ({"enum": [1], "const": True}, True),
    ({"enum": ["a", "b"], "not": {"const": "a"}}, "a"),
    ({"const": True}, False),
    ({"enum": [None]}, "null"),
    ({"const": None}, "null"),
    ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, "a"),
    ({"allOf": [{"enum": [1, 2]}, {"enum": [True, 2]}]}, 1),
    ({"allOf": [{"enum": [1, 2]}, {"enum": [True, 2]}]}, True),
    ({"allOf": [{"const": 1}, {"const": True}]}, 1),
    ({"allOf": [{"enum": ["a", "bb"]}, {"minLength": 2}]}, "a"),
    ({"$ref": "#/$defs/short", "maxLength": 2}, "abc"),
    ({"$ref": "#/$defs/short", "pattern": "^a"}, "b"),
    ({"anyOf": [{"enum": ["a"], "minLength": 3}, {"const": "bbb"}]}, "a"),
    ({"anyOf": [{"type": "string", "maxLength": 2}, COUNT]}, "abc"),
    ({"anyOf": [{"type": "string", "pattern": "^a"}, COUNT]}, "b"),
    ({"anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "minLength": 5}]}, "abc"),
    ({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}, 3),
    ({"anyOf": [{"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 9}]}, 5),
    ({"anyOf": [{"type": "integer", "maximum": 3}, {"type": "number", "minimum": 9}]}, 5),
    ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "text"),
    ({"anyOf": [{"enum": ["a"]}, COUNT]}, "b"),
    ({"anyOf": [TEXT, {"type": "null", "not": {}}]}, None),
    ({"anyOf": [TEXT, {"type": "null"}], "enum": ["a", "b"]}, None),
    ({"oneOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, "b"),
    ({"oneOf": [COUNT, {"type": "number"}]}, 3),
    ({"oneOf": [TEXT, TEXT]}, "a"),
    ({"oneOf": [TEXT, {"const": "a"}]}, "a"),
    ({"oneOf": [TEXT, {"minimum": 3}]}, "a"),
    ({"oneOf": [{"type": ["string", "null"]}, {"type": "null"}]}, None),
    ({"type": ["string", "integer"], "maxLength": 2}, "abc"),
    (
        {"anyOf": [{"anyOf": [{**record(**A), "additionalProperties": False}, {"type": "null"}]}, record(c=TEXT, **B)]},
        {"a": "x", "b": "y"},
    ),
    ({"type": "array", "items": TEXT, "minItems": 2}, ["a"]),
    ({"type": "array", "items": TEXT, "maxItems": 1}, ["a", "b"]),
    ({"type": "array", "items": TEXT, "uniqueItems": True}, ["a", "a"]),
    ({"type": "array", "items": {"enum": ["a", "b"], "maxLength": 0}}, ["a"]),
    ({"type": "string", "format": "date", "pattern": "^2020"}, "2021-01-01"),
    ({"type": "string", "format": "date", "minLength": 11}, "2021-01-01"),
]

# A rule of a record, and a record that breaks it. They are tried at the top of a schema, too.
BROKEN_RECORDS = [
    ({"properties": A, "minProperties": 1}, {}),
    ({"properties": {**A, **B}, "maxProperties": 1}, {"a": "x", "b": "y"}),
    ({"properties": {**A, **B}, "dependentRequired": {"a": ["b"]}}, {"a": "x"}),
    ({"properties": {**A, **B}, "dependencies": {"a": ["b"]}}, {"a": "x"}),
    ({"properties": {**A, **B}, "dependentSchemas": {"a": {"required": ["b"]}}}, {"a": "x"}),
    ({"properties": A, "patternProperties": {"^a": {"minLength": 3}}}, {"a": "x"}),
    ({"properties": A, "propertyNames": {"minLength": 3}}, {"a": "x"}),
    ({"properties": A, "not": {"required": ["a"]}}, {"a": "x"}),
    ({"properties": {**A, **B}, "if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": "x"}),
    ({"properties": {**A, **B}, "if": {"required": ["a"]}, "else": {"required": ["b"]}}, {}),
    ({"properties": A, "allOf": [{"required": ["a"]}]}, {}),
    ({"properties": A, "allOf": [{"properties": {"a": {"maxLength": 1}}}]}, {"a": "xx"}),
    ({"properties": A, "allOf": [{"if": {"required": ["a"]}, "then": {"properties": {"a": {"const": "z"}}}}]}, {"a": "x"}),
    ({"properties": A, "required": ["a", "z"]}, {"a": "x"}),
    ({"properties": A, "required": ["z"], "additionalProperties": COUNT}, {"z": "text"}),
    ({"properties": A, "required": ["z"], "additionalProperties": False}, {"a": "x", "z": "y"}),
    ({"properties": A, "required": ["z"], "unevaluatedProperties": COUNT}, {"z": "text"}),
    ({"properties": A, "required": ["z"], "unevaluatedProperties": False}, {"a": "x", "z": "y"}),
    ({"properties": A, "required": ["z"], "patternProperties": {"z": COUNT}}, {"z": "text"}),
    ({"properties": A, "required": ["z"], "maxProperties": 1}, {"a": "x", "z": "y"}),
    ({"properties": A, "allOf": [{"properties": B, "additionalProperties": False}]}, {"a": "x", "b": "y"}),
    ({"properties": A, "allOf": [{"properties": B, "additionalProperties": COUNT}]}, {"a": "x", "b": "y"}),
    ({"properties": A, "allOf": [{"properties": B, "unevaluatedProperties": False}]}, {"a": "x", "b": "y"}),
    ({"properties": A, "$ref": "#/$defs/sealed"}, {"a": "x", "b": "y"}),
    ({"properties": {"a": False, **B}}, {"a": "x", "b": "y"}),
    ({"properties": {"a": False, **B}, "required": ["a"]}, {"a": "x", "b": "y"}),
    ({"properties": {**A, **B}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}),
    ({"properties": {**A, **B}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": "x", "b": "y"}),
    ({"oneOf": [record(**A), record(**B)]}, {"a": "x", "b": "y"}),
    ({"anyOf": [record(**A), record(**B)]}, {}),
    ({"anyOf": [{**record(**A), "additionalProperties": False}, {**record(**B), "additionalProperties": False}]}, {"a": "x", "b": "y"}),
    ({"anyOf": [record(k={"const": "p"}, **A), record(k={"const": "q"}, **B)]}, {"k": "q", "a": "x"}),
    ({"oneOf": [record(k={"const": "p"}, **A), record(k={"const": "q"}, **B)]}, {"k": "p", "b": "x"}),
    ({"anyOf": [{**record(**A), "patternProperties": {"^b": {"const": "z"}}}, record(c=TEXT, **B)]}, {"a": "x", "b": "y"}),
    ({"anyOf": [{**record(**A), "maxProperties": 1}, record(c=TEXT, **B)]}, {"a": "x", "b": "y"}),
    ({"anyOf": [{**record(**A), "properties": {**A, "b": False}}, record(c=TEXT, **B)]}, {"a": "x", "b": "y"}),
    ({"oneOf": [{**record(**A), "additionalProperties": False, "patternProperties": {"^b": TEXT}}, record(**A, **B)]}, {"a": "x", "b": "y"}),
    ({"oneOf": [{**record(**A), "unevaluatedProperties": COUNT}, record(c=TEXT, **B)]}, {"a": "x", "b": "y"}),
]  # fmt: skip
DEFINITIONS = {"short": {"type": "string", "maxLength": 5}, "sealed": {"properties": B, "unevaluatedProperties": False}}
PLACES = {
    "a property": (lambda rule: record(x=rule), lambda value: {"x": value}),
    "an item": (lambda rule: record(x={"type": "array", "items": rule}), lambda value: {"x": [value]}),
    "deep": (lambda rule: record(x=record(y={"allOf": [rule]})), lambda value: {"x": {"y": value}}),
    "a reference": (lambda rule: {**record(x={"$ref": "#/components/0/~0~1"}), "components": [{"~/": rule}]}, lambda value: {"x": value}),
    "an option": (lambda rule: record(x={"anyOf": [{"type": "null"}, rule]}), lambda value: {"x": value}),
}  # fmt: skip


def assert_never_dropped(schema, value):
    """That the value breaks the schema, and that glane refuses the one or the other."""
    dialect = jsonschema.Draft7Validator if "dependencies" in json.dumps(schema) else jsonschema.Draft202012Validator
    assert not dialect(schema, format_checker=jsonschema.FormatChecker(["date"])).is_valid(value)
    fields = fields_or_none(schema)
    whole = {"value": value} if list(fields) == ["value"] else value
    assert not fields or not takes(fields, record_answer(fields, whole))


def fields_or_none(schema):
    try:
        return fields_of_schema(schema, place="S").fields
    except ConfigError:
        return {}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("rule", "value"), BROKEN)
def test_what_breaks_a_rule_is_no_answer(rule, value, place):
    if place == "an option" and value is None:
        return  # null is what the other option allows
    around, wrapped = PLACES[place]
    assert_never_dropped({**around(rule), "$defs": DEFINITIONS}, wrapped(value))


@pytest.mark.parametrize("place", ["the top", *PLACES])
@pytest.mark.parametrize(("rule", "value"), BROKEN_RECORDS)
def test_a_record_that_breaks_a_rule_is_no_answer(rule, value, place):
    around, wrapped = PLACES.get(place, (lambda rule: rule, lambda value: value))
    schema = {**around({"type": "object", **rule}), "$defs": DEFINITIONS}
    assert_never_dropped(schema, wrapped(value))


@pytest.mark.parametrize(("rule", "value"), [pair for pair in BROKEN if pair[1] is not None])
def test_decoding_does_not_allow_it_either(rule, value):
    fields = fields_or_none({**record(x=rule), "$defs": DEFINITIONS})
    if fields:
        assert not jsonschema.Draft202012Validator(json_schema(fields)).is_valid({"x": answer_of(fields["x"], value)})


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 0),
        ({"type": "number", "maximum": 5, "exclusiveMaximum": True}, 5),
        ({"allOf": [{"type": "integer", "minimum": 3, "exclusiveMinimum": True}, {"minimum": 0}]}, 3),
        ({"enum": [1, 2], "minimum": 1, "exclusiveMinimum": True}, 1),
    ],
)
def test_exclusive_bounds_of_draft_4(rule, value):
    assert not jsonschema.Draft4Validator(rule).is_valid(value)
    fields = fields_or_none(record(x=rule))
    assert not fields or not takes(fields, {"x": value})


def test_a_boolean_bound_merges_as_what_it_means():
    rule = {"allOf": [{"type": "integer", "minimum": 3, "exclusiveMinimum": True}, {"minimum": 8}]}
    fields = read(rule).fields
    assert (takes(fields, {"x": 7}), takes(fields, {"x": 8})) == (False, True)


# What is kept is kept as it is: the value is an answer.
@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"enum": ["abc", "abd"], "minLength": 3, "maxLength": 3, "pattern": "^a", "format": "email"}, "abd"),
        ({"enum": [0.3, 0.6], "multipleOf": 0.1}, 0.3),
        ({"enum": ["a", 1, None], "type": ["string", "integer", "null"]}, None),
        ({"enum": ["a", None], "type": "string", "nullable": True}, None),
        ({"enum": [1.0, 2], "type": "integer"}, 2),
        ({"oneOf": [record(**A), record(**B)], "nullable": True}, None),
        ({"$ref": "#/properties/y", "nullable": True}, None),
        ({"enum": [True, False, None]}, False),
        ({"oneOf": [{"const": "a"}, {"const": "b"}, {"type": "null"}]}, None),
        ({"oneOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, "c"),
        ({"anyOf": [TEXT, {"enum": ["a"]}]}, "z"),
        ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "number", "minimum": 2}]}, 2.5),
        ({"anyOf": [{"type": "string", "maxLength": 2}, COUNT]}, "12"),
        ({"anyOf": [{"anyOf": [TEXT, {"type": "null"}]}, TEXT]}, None),
        ({"allOf": [{"properties": A}, True], "properties": B, "required": ["a"], "unevaluatedProperties": False}, {"a": "x", "b": "y"}),
        ({"type": "object", "properties": A, "required": ["z"], "additionalProperties": COUNT}, {"a": "x", "z": 3}),
        ({"oneOf": [record(k={"const": "p"}, **A), record(k={"const": "q"}, **B)]}, {"k": "q", "b": "x"}),
        ({"anyOf": [{**record(**A), "additionalProperties": False}, {**record(**B), "additionalProperties": False}]}, {"b": "y"}),
    ],
)  # fmt: skip
def test_what_keeps_the_rules_is_an_answer(rule, value):
    fields = fields_of_schema({"properties": {"x": rule, "y": TEXT}, "required": ["x"]}, place="S").fields
    assert takes(fields, {"x": answer_of(fields["x"], value), "y": None})


@pytest.mark.parametrize(
    "options",
    [
        [{"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 9}],
        [{"type": "integer", "maximum": 3}, {"type": "number", "exclusiveMaximum": 3}],
        [{"type": "string", "pattern": "^<"}, {"type": "number"}],
        [{"type": "string", "minLength": 3}, {"type": "number"}],
        [{"type": "string", "maxLength": 3}, {"enum": ["four"]}],
        [{"enum": ["unknown"]}, {"type": "integer"}],
    ],
)
def test_a_union_of_which_a_column_would_hold_a_part_only_is_refused(options):
    with pytest.raises(ConfigError, match=r"^S\.x: .*none allows exactly these values"):
        read({"anyOf": options})


# References


@pytest.mark.parametrize(
    "reference",
    ["#/components/schemas/A", "#/components/schemas/%41", "#/co~0m~1p/A", "#/co%7E0m~1p/A", "#/list/1/items", "#/%C3%A9/", "#/~01"],
)  # fmt: skip
def test_a_reference_is_a_json_pointer(reference):
    right = {"type": "integer", "minimum": 3}
    schema = {
        **record(x={"$ref": reference}),
        "$defs": {"A": TEXT}, "A": TEXT, "components": {"schemas": {"A": right}}, "co~m/p": {"A": right}, "list": [TEXT, {"items": right}],
        "é": {"": right}, "~1": right, "/": TEXT,
    }  # fmt: skip
    assert fields_of_schema(schema, place="S").fields["x"].minimum == 3


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("other.json#/$defs/A", "'other.json#/$defs/A' is not in this file"),
        ("https://example.org/x", "'https://example.org/x' is not in this file"),
        ("#A", "'#A' is no JSON pointer"),
        ("#/$defs/~2", "is no JSON pointer"),
        ("#/$defs/B", "Valid: #/$defs/A"),
        ("#/A", "no definition '#/A'"),
        ("#/list/01", "no definition"),
        ("#/list/²", "no definition"),
        ("#/list/-", "no definition"),
        ("#/%E9", "not as UTF-8"),
        ("#", "contains itself"),
        ("#/properties/x", "contains itself"),
        ("#/$defs/no", "allows no value"),
        ("#/list", "is no schema"),
    ],
)
def test_a_reference_that_leads_elsewhere_is_refused_by_name(reference, told):
    schema = {**record(x={"$ref": reference}), "$defs": {"A": TEXT, "no": False}, "list": [TEXT]}
    with pytest.raises(ConfigError) as refusal:
        fields_of_schema(schema, place="S")
    assert str(refusal.value).startswith("S.x")
    assert told in str(refusal.value)


def test_a_record_may_extend_what_it_also_holds():
    base = {"type": "object", "properties": {"n": COUNT}, "required": ["n"]}
    child = {"allOf": [{"$ref": "#/$defs/base"}], **record(parent={"$ref": "#/$defs/base"})}
    fields = fields_of_schema(
        {**record(x={"$ref": "#/$defs/child"}), "$defs": {"base": base, "child": child}}, place="S"
    ).fields
    assert list(fields["x"].fields["parent"].fields) == ["n"]


def test_references_of_a_schema_with_a_name_of_its_own_are_refused():
    inner = {"$id": "https://example.org/a", **record(y={"$ref": "#/$defs/A"}), "$defs": {"A": COUNT}}
    with pytest.raises(ConfigError, match=r"^S\.x\.\$id"):
        fields_of_schema({**record(x=inner), "$defs": {"A": TEXT}}, place="S")
    own = {**record(x={"$ref": "#/$defs/A"}), "$defs": {"A": TEXT}, "$id": "https://example.org/b"}
    assert fields_of_schema(own, place="S").fields["x"].type == "string"


# What may be absent


def test_what_is_not_required_may_be_null_at_every_depth():
    one = {
        "type": "object",
        "properties": {"a": {"type": "integer", "default": 0}, "b": {"enum": ["x"]}},
        "required": ["b"],
    }
    found = read({"type": "array", "items": {"allOf": [one]}}).fields["x"].items.fields
    assert {name: field.nullable for name, field in found.items()} == {"a": True, "b": False}


MODELS = """
    import datetime
    from decimal import Decimal
    from typing import Annotated, Callable, Literal, Optional, Union

    from pydantic import AfterValidator, BaseModel, Field, field_validator

    class Place(BaseModel):
        town: str = "inconnu"
        kind: Literal["city", None] = None
        cases: int = Field(default=0, ge=0)

    class Report(BaseModel):
        title: str
        places: list[Place] = Field(default_factory=list)
        main: Place
        dose: Annotated[Decimal, Field(gt=0)]

    class Checked(BaseModel):
        a: Annotated[str, AfterValidator(str.strip)]

        @field_validator("a")
        def no_digit(cls, value):
            return value

    class Since(BaseModel):
        day: datetime.date = Field(ge=datetime.date(2020, 1, 1))

    class Ages(BaseModel):
        x: Annotated[Union[int, str], Field(gt=3)]

    class Digits(BaseModel):
        dose: Decimal = Field(max_digits=3)

    class Unanswerable(BaseModel):
        run: Callable[[], int]

    class Unfinished(BaseModel):
        x: "Nowhere"

    class Leaving(BaseModel):
        @classmethod
        def __get_pydantic_json_schema__(cls, core, handler):
            raise SystemExit("SECRET")

    not_a_model = 3
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))

    write("rules_models", MODELS)
    write("rules_syntax", "x = 1\ndef f(:\n")
    write("rules_raises", "secret = 'SECRET'\nraise RuntimeError(secret)\n")
    write("rules_exits", "import sys\n\nsys.exit('SECRET')\n")
    write("rules_imports", "import nowhere_at_all\n")
    write("rules_null", "x = '\0'\n")


def test_a_default_of_a_model_is_not_asked_for(modules):
    fields = fields_of_model("rules_models:Report").fields
    assert {name: one.nullable for name, one in fields.items()} == {
        "title": False, "places": True, "main": False, "dose": False,
    }  # fmt: skip
    for inner in (fields["places"].items.fields, fields["main"].fields):
        assert {name: one.nullable for name, one in inner.items()} == {"town": True, "kind": True, "cases": True}
    assert inner["kind"].values == ("city",)


def test_rules_of_a_model_that_its_schema_does_not_hold(modules):
    dose = fields_of_model("rules_models:Report").fields["dose"]
    assert (dose.type, dose.above) == ("number", 0)
    notes = fields_of_model("rules_models:Checked").notes
    assert any("'no_digit' is code" in note for note in notes)
    assert any("'strip' is code" in note for note in notes)
    for name, rule in (("Since", "ge of a date"), ("Digits", "max_digits of a decimal"), ("Ages", "'gt' is a rule")):
        with pytest.raises(ConfigError, match=rule):
            fields_of_model(f"rules_models:{name}")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rules_syntax:A", r"rules_syntax\.py, line 2: invalid syntax"),
        ("rules_raises:A", r"RuntimeError, .*rules_raises\.py, line 2"),
        ("rules_exits:A", r"SystemExit, .*rules_exits\.py, line 3"),
        ("rules_imports:A", "no module 'nowhere_at_all'"),
        ("rules_null:A", "is not Python"),
        ("nowhere_at_all:A", "no module 'nowhere_at_all'"),
        ("rules_models", "module:Class"),
        (":A", "module:Class"),
        ("rules_models:", "module:Class"),
        ("", "module:Class"),
        (".relative:A", "TypeError"),
        ("rules_models:Reprot", "Did you mean 'rules_models:Report'"),
        ("rules_models:not_a_model", "is no Pydantic model"),
        ("rules_models:BaseModel", "is no Pydantic model"),
        ("rules_models:Unanswerable", "has no JSON Schema"),
        ("rules_models:Unfinished", "has no JSON Schema"),
        ("rules_models:Leaving", "has no JSON Schema"),
    ],
)
def test_a_module_that_cannot_be_used_is_refused_in_a_sentence(modules, name, told):
    with pytest.raises(ConfigError, match=told) as refusal:
        fields_of_model(name)
    assert str(refusal.value).startswith(f"task.pydantic_model: {name!r}")
    assert "SECRET" not in str(refusal.value)


# Broken schemas


@pytest.mark.parametrize(
    "broken",
    [
        {"enum": []}, {"enum": {}}, {"enum": "a"}, {"type": 3}, {"type": None}, {"type": []}, {"type": [3]}, {"type": "null"},
        {"allOf": [{"type": 3}, {"type": "string"}]}, {"properties": []}, {"properties": None}, {"properties": {"a": 3}},
        {"properties": {"a": TEXT}, "required": "a"}, {"properties": {"a": TEXT}, "required": [3]}, {"properties": {"a": TEXT}, "required": {}},
        {"properties": {"a": TEXT}, "anyOf": [{"required": [{}]}]}, {"items": []}, {"items": 3}, {"items": None}, {"$defs": [], **TEXT},
        {"definitions": 3, **TEXT}, {"patternProperties": [], "properties": {"a": TEXT}}, {"dependentRequired": [], "properties": {"a": TEXT}},
        {"additionalProperties": 0, "properties": {"a": TEXT}}, {"anyOf": []}, {"anyOf": {}}, {"anyOf": [3]}, {"oneOf": [False]}, {"allOf": []},
        {"allOf": [False]}, {"$ref": 3}, {"$ref": None}, {"type": "string", "minLength": -1}, {"type": "string", "minLength": 1.5},
        {"type": "string", "minLength": True}, {"type": "string", "maxLength": "9"}, {"type": "string", "pattern": 3}, {"type": "string", "pattern": "("},
        {"type": "string", "format": 3}, {"type": "string", "nullable": "yes"}, {"type": "integer", "minimum": "1"}, {"type": "integer", "minimum": True},
        {"type": "integer", "exclusiveMinimum": "5"}, {"type": "integer", "exclusiveMinimum": True}, {"type": "integer", "minimum": float("nan")},
        {"type": "integer", "maximum": float("inf")}, {"type": "number", "minimum": 10**400}, {"type": "integer", "minimum": 10**400},
        {"type": "integer", "minimum": 10**17}, {"enum": [float("inf")]}, {"enum": [10**400]}, {"type": "array", "items": TEXT, "minItems": 10**300},
        {"type": "array", "items": TEXT, "uniqueItems": 1}, {"minimum": {"$data": "1/x"}}, {"enum": ["1", 1]}, {"enum": [[1]]},
        {"type": "string", "requried": True}, {"type": "string", "maxlength": 3}, {"type": "string", "formatMinimum": "2020-01-01"}, {"bsonType": "int"},
        {"type": "integer", "min": 3}, {"properties": {"a": TEXT}, "dependentRequired": {"a": [{}]}}, {"properties": {"a": TEXT}, "dependencies": {"a": 3}},
        *(json.loads('{"items":' * depth + "{}" + "}" * depth) for depth in (400, 900)),
    ],
)  # fmt: skip
def test_a_broken_schema_is_refused_with_its_place(broken):
    with pytest.raises(ConfigError, match="^S"):
        read(broken)
    with pytest.raises(ConfigError, match="^S"):
        fields_of_schema(broken, place="S")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nothing", "not readable JSON"),
        ("", "not readable JSON"),
        ('{"type": "object", "type": "array"}', "the key 'type' stands twice"),
        ('{"properties": {"a": {"minimum": NaN}}}', "NaN is no number"),
        ('{"properties": {"a": {"minimum": -Infinity}}}', "-Infinity is no number"),
        ('{"properties": {"a": {"minimum": 1e999}}}', "too large"),
        ('{"properties": {"a": {"minimum": 1' + "0" * 5000 + "}}}", "5001 digits"),
        ('{"properties": {"a": {"enum": ["\\ud800"]}}}', "surrogate"),
        ("[" * 100_000, "nested too deeply"),
        ("3", "not a JSON Schema"),
        ("true", "not a JSON Schema"),
    ],
)
def test_a_file_that_is_no_schema_is_refused(tmp_path, text, told):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(ConfigError, match=told) as refusal:
        fields_of_schema_file(tmp_path / "s.json")
    assert str(tmp_path / "s.json") in str(refusal.value)


def test_files_that_editors_write(tmp_path):
    schema = json.dumps(record(é=TEXT), ensure_ascii=False)
    (tmp_path / "mark.json").write_text(schema, encoding="utf-8-sig")
    assert list(fields_of_schema_file(tmp_path / "mark.json").fields) == ["é"]
    (tmp_path / "latin.json").write_bytes(schema.encode("latin-1"))
    for name, told in (("latin.json", "not UTF-8"), ("none.json", "no file"), (".", "cannot be read")):
        with pytest.raises(ConfigError, match=told):
            fields_of_schema_file(tmp_path / name)


def test_annotations_are_ignored_and_told():
    found = read({"type": "string", "readonly": True, "note": "x", "x-required": 1, "enumNames": ["a"], "unit": "mg"})
    assert found.notes == ("ignored, as it is no rule of JSON Schema: readonly, note, x-required, enumNames, unit.",)


# Random schemas

VALUES = ["a", "bb", "2020-01-01", 1, 2, 0, 1.5, True, False, None]
RULES = {
    "minLength": [1, 2], "maxLength": [1, 3], "pattern": ["^a", "b$"], "minimum": [0, 2.5], "maximum": [3, 9], "exclusiveMinimum": [0, 1.5],
    "exclusiveMaximum": [5, 7.5], "multipleOf": [1, 2], "format": ["date", "email"], "const": VALUES, "enum": [VALUES[:2], VALUES[3:6], VALUES[1:5], VALUES],
    "minItems": [1], "maxItems": [2],
}  # fmt: skip
RECORD_RULES = {
    "additionalProperties": [True, False, COUNT], "unevaluatedProperties": [False, TEXT], "minProperties": [1, 2], "maxProperties": [1, 3],
    "patternProperties": [{"^a": COUNT}, {"[ck]": COUNT}], "dependentRequired": [{"a": ["b"]}, {"z": ["a"]}], "required": [["a"], ["z"], ["b", "c"]],
    "anyOf": [[{"required": ["a"]}, {"required": ["b"]}]], "oneOf": [[{"required": ["a"]}, {"required": ["b"]}]],
}  # fmt: skip
TYPES = ["string", "integer", "number", "boolean", "array", "object", ["string", "null"], ["integer", "string"], None]


def some(rng, rules, share):
    return {key: rng.choice(values) for key, values in rules.items() if rng.random() < share}


def random_schema(rng, depth):
    kind = rng.choice(TYPES if depth else TYPES[:4])
    schema = {} if kind is None else {"type": kind}
    if kind == "object":
        return random_record(rng, depth - 1)
    schema |= some(rng, RULES, 0.1)
    if kind == "array":
        schema["items"] = random_schema(rng, depth - 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if depth and rng.random() < 0.12:
            schema[word] = [random_schema(rng, depth - 1) for _ in range(rng.randint(1, 3))]
    return schema


def random_record(rng, depth):
    names = rng.sample(["a", "b", "c"], rng.randint(1, 3))
    schema = {"type": "object", "properties": {name: random_schema(rng, depth) for name in names}}
    schema |= {"required": rng.sample(names, rng.randint(0, len(names)))} | some(rng, RECORD_RULES, 0.06)
    if rng.random() < 0.2:
        schema[rng.choice(["anyOf", "oneOf", "allOf"])] = [small_record(rng) for _ in range(2)]
    return schema


def small_record(rng):
    properties = {"k": {"enum": rng.sample(["p", "q", "r"], 2)}, "d": TEXT, "e": TEXT}
    names = rng.sample(list(properties), rng.randint(1, 3))
    found = {"type": "object", "properties": {name: properties[name] for name in names}}
    found["required"] = rng.sample(names, rng.randint(1, len(names)))
    return found | some(rng, {"additionalProperties": [False, COUNT]}, 0.3)


def readings(field, value):
    """What an answer may mean: null is null or absent, and a category is its text or the number that it spells."""
    if isinstance(field, ListField) and value is not None:
        items = itertools.product(*(list(readings(field.items, one)) for one in value))
        yield from (list(one) for one in itertools.islice(items, 64))
    elif isinstance(field, ObjectField) and value is not None:
        yield from record_readings(field.fields, value)
    else:
        yield value
        if field.type == "enum" and value in map(json.dumps, VALUES):
            yield json.loads(value)


def record_readings(fields, answer):
    options = []
    for name, field in fields.items():
        given = [(field.original or name, value) for value in readings(field, answer[name])]
        options.append([*given, None] if answer[name] is None else given)
    for chosen in itertools.islice(itertools.product(*options), 256):
        yield dict(one for one in chosen if one is not None)


FORM = load_task({"name": "t", "instructions": "x", "fields": {"x": {"type": "string"}}})


@given(st.integers(min_value=0))
def test_every_answer_to_a_random_schema_is_valid_for_it(seed):
    rng, kept = random.Random(seed), 0
    for _ in range(30):
        schema = random_record(rng, 2)
        if fields := fields_or_none(schema):
            kept += 1
            check_answers(schema, fields, rng)
    assert kept  # most schemas contradict themselves; some do not


def check_answers(schema, fields, rng):
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date"]))
    form = answer_form(FORM.model_copy(update={"fields": fields}))
    for _ in range(8):
        answer = json.loads(sample_answer(form, rng, quote="q"))
        if not takes(fields, answer):
            continue
        meant = (
            readings(fields["value"], answer["value"]) if list(fields) == ["value"] else record_readings(fields, answer)
        )
        assert any(map(validator.is_valid, meant)), (schema, answer)


@pytest.mark.parametrize("first", ["status", "status_field"])
def test_a_name_that_is_changed_takes_no_other_field_with_it(first: str) -> None:
    properties = {"status": {"type": "string", "enum": ["alive", "dead"]}, "status_field": {"type": "integer"}}
    ordered = {name: properties[name] for name in sorted(properties, key=lambda name: name != first)}
    fields, _ = definitions_of({"type": "object", "required": list(ordered), "properties": ordered}, place="schema")
    assert sorted(field["type"] for field in fields.values()) == ["enum", "integer"]
    assert len(fields) == 2
