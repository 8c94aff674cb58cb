"""JSON Schemas that a project already has: every rule is kept or refused, and what is read otherwise is told."""

import json
import random

import jsonschema
import pytest

from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from glane.engine.samples import sample_answer
from glane.errors import ConfigError
from glane.task.answer import AnswerError, read_answer
from glane.task.fields import ListField, ObjectField
from glane.task.form import answer_form
from glane.task.imports import fields_of_schema
from glane.task.kinds.object import Variant
from glane.task.locate import locate
from glane.task.task import load_task

TEXT = {"type": "string"}


def read(**properties):
    return fields_of_schema({"type": "object", "properties": properties, "required": list(properties)}, place="S")


def definition(schema):
    return read(x=schema).fields["x"].model_dump(exclude_unset=True, mode="json", exclude={"description"})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "minLength": 2, "maxLength": 9}, {"type": "string", "min_length": 2, "max_length": 9}),
        ({"type": "string", "pattern": "^[A-Z]+$"}, {"type": "string", "pattern": "^[A-Z]+$"}),
        ({"type": "string", "format": "date"}, {"type": "date"}),
        ({"type": "string", "format": "time"}, {"type": "time"}),
        ({"type": "string", "format": "date-time"}, {"type": "datetime"}),
        ({"type": "string", "format": "email"}, {"type": "string"}),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 9}, {"type": "integer", "minimum": 1, "maximum": 9}),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "minimum": 0.5, "multipleOf": 1}, {"type": "integer", "minimum": 1}),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 9}, {"type": "number", "above": 0, "maximum": 9}),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": True}, {"type": "number", "below": 1}),
        ({"enum": ["a", "b", None]}, {"type": "enum", "values": ["a", "b"], "nullable": True}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "enum", "values": ["1", "2"]}),
        ({"const": "a"}, {"type": "enum", "values": ["a"]}),
        ({"type": "boolean", "enum": [True, False]}, {"type": "boolean"}),
        ({"type": ["string", "null"], "maxLength": 3}, {"type": "string", "max_length": 3, "nullable": True}),
        ({"type": ["integer", "string"], "minimum": 3}, {"type": "string"}),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, {"type": "number"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "enum", "values": ["a", "b"]}),
        ({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, {"type": "list", "items": {"type": "string"}}),
        ({"type": "string", "nullable": True}, {"type": "string", "nullable": True}),
        ({"minLength": 1}, {"type": "string", "min_length": 1, "max_length": 1000}),
        ({"minimum": 1}, {"type": "number", "minimum": 1}),
        ({"items": TEXT}, {"type": "list", "items": {"type": "string"}}),
        ({"type": "array", "items": TEXT, "minItems": 60}, {"type": "list", "items": {"type": "string"}, "min_items": 60, "max_items": 60}),
        ({"properties": {"a": TEXT}, "required": ["a"]}, {"type": "object", "fields": {"a": {"type": "string"}}}),
        ({}, {"type": "string"}),
        (True, {"type": "string"}),
        ({"allOf": [{"type": "string", "minLength": 1}, {"minLength": 3, "maxLength": 9}]}, {"type": "string", "min_length": 3, "max_length": 9}),
        ({"type": "array", "items": TEXT, "uniqueItems": False}, {"type": "list", "items": {"type": "string"}}),
    ],
)  # fmt: skip
def test_a_rule_is_kept(schema, expected):
    assert definition(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "not": {"const": "a"}},
        {"type": "string", "if": {"const": "a"}, "then": {"minLength": 1}},
        {"type": "number", "multipleOf": 0.5},
        {"type": "array", "items": TEXT, "uniqueItems": True},
        {"type": "array", "items": TEXT, "contains": {"const": "a"}},
        {"type": "array", "items": [TEXT, {"type": "integer"}]},
        {"type": "array", "prefixItems": [TEXT]},
        {"type": "object", "properties": {"a": TEXT}, "patternProperties": {"^a": {"minLength": 3}}},
        {"type": "object", "properties": {"a": TEXT}, "minProperties": 1},
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "dependencies": {"a": ["b"]}},
        {"type": "object", "properties": {"a": TEXT}, "propertyNames": {"minLength": 3}},
        {"type": "object", "properties": {}, "patternProperties": {}},
        {"type": "object"},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "string", "maxLength": "9"},
        {"type": "boolean", "enum": [True]},
        {"enum": [{"a": 1}]},
        {"enum": []},
        {"type": "null"},
        {"type": "text"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.org/schema.json"},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"allOf": [{"pattern": "^a"}, {"pattern": "b$"}]},
        {"allOf": [{"properties": {"a": TEXT}, "additionalProperties": False}, {"properties": {"b": TEXT}}]},
        {"anyOf": [TEXT, {"type": "object", "properties": {"a": TEXT}}]},
        {"anyOf": [TEXT, {"type": "array", "items": {"type": "integer"}}]},
        {"anyOf": [{"minLength": 1}], "oneOf": [{"maxLength": 9}]},
        False,
        "text",
    ],
)
def test_a_rule_that_would_not_hold_is_refused_with_its_place(schema):
    with pytest.raises(ConfigError, match=r"^S\.x"):
        read(x=schema)


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        ({"type": "string", "format": "email"}, "S.x: format 'email' is not checked."),
        ({"type": "string", "format": "date-time"}, "S.x: format 'date-time' is answered without offset"),
        ({"type": ["integer", "string"]}, "S.x: integer or string: read as text"),
        ({"type": "string", "minimum": 3}, "S.x: minimum has no effect on string."),
        ({"type": "integer", "enum": [1, 2]}, "S.x: its values are kept as text."),
        ({}, "S.x: any value: read as text."),
        ({"type": "string", "readonly": True, "faker": "name"}, "ignored, as it is no rule of JSON Schema: readonly, faker."),
    ],
)  # fmt: skip
def test_what_is_read_otherwise_is_told(schema, note):
    assert any(told.startswith(note) for told in read(x=schema).notes), read(x=schema).notes


def test_nothing_is_told_of_a_schema_that_is_kept():
    assert read(x={"type": "string", "title": "X", "default": "a", "examples": ["a"], "maxLength": 3}).notes == ()


def test_what_is_not_required_may_be_null():
    fields = fields_of_schema(
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}, place="S"
    ).fields
    assert (fields["a"].nullable, fields["b"].nullable) == (False, True)


def test_names_that_are_no_columns_are_mapped_and_kept_in_the_codebook(tmp_path):
    schema = {
        "type": "object",
        "properties": {
            "check-in": TEXT, "check_in": TEXT, "2fa": {"type": "boolean"}, "@type": TEXT, "Type": TEXT, "status": TEXT, "text": TEXT,
            "côté": TEXT, "xmp:note": {"type": "object", "properties": {"a.b": TEXT}},
        },
    }  # fmt: skip
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    task = {key: value for key, value in SMALL_TASK.items() if key != "fields"}
    task["json_schema_file"] = str(tmp_path / "schema.json")
    loaded = load_task(task)
    assert list(loaded.fields) == [
        "check_in", "check_in_2", "field_2fa", "type", "Type_2", "status_field", "text_field", "côté", "xmp_note",
    ]  # fmt: skip
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    assert rows["status"].cast(str).to_list() == ["OK", "OK"]
    import glane

    run = glane.open_run(tmp_path / "run")
    kept = {
        one["column"]: one["original"]
        for one in run.codebook(for_spreadsheet=False).iter_rows(named=True)
        if one["original"]
    }
    assert kept == {
        "check_in": "check-in", "check_in_2": "check_in", "field_2fa": "2fa", "type": "@type", "Type_2": "Type",
        "status_field": "status", "text_field": "text", "xmp_note": "xmp:note", "xmp_note.a_b": "a.b",
    }  # fmt: skip
    assert run.description().task_notes == loaded.notes
    assert any("check-in: becomes check_in" in note for note in loaded.notes)


def test_notes_are_told_when_the_job_starts(tmp_path, capsys):
    from glane.job.notes import tell_notes

    (tmp_path / "schema.json").write_text(json.dumps({"type": "array", "items": {"type": "string", "format": "uri"}}))
    tell_notes(load_task({"name": "x", "instructions": "y", "json_schema_file": str(tmp_path / "schema.json")}))
    told = capsys.readouterr().err
    assert "note: " in told
    assert "format 'uri' is not checked" in told
    assert "the field `value`" in told


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "array", "items": TEXT}, "list"),
        ({"enum": ["a", "b"]}, "enum"),
        ({"type": "string", "maxLength": 3}, "string"),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "string"),
    ],
)
def test_a_top_that_is_no_record_is_one_field(schema, kind):
    fields = fields_of_schema(schema, place="S").fields
    assert [(name, one.type) for name, one in fields.items()] == [("value", kind)]


@pytest.mark.parametrize(
    "schema", [{}, {"title": "x"}, {"definitions": {"a": TEXT}}, [], None, "x", {"type": "object"}]
)
def test_a_top_that_says_nothing_is_refused(schema):
    with pytest.raises(ConfigError, match="^S"):
        fields_of_schema(schema, place="S")


def test_references_are_followed_where_they_point():
    schema = {
        "$ref": "#/$defs/a~1b",
        "$defs": {
            "a/b": {"type": "object", "properties": {"x": {"$ref": "#/definitions/y/z"}, "w": {"$ref": "#/definitions/y/z"}}},
        },
        "definitions": {"y": {"z": {"type": "integer", "minimum": 3}}},
    }  # fmt: skip
    fields = fields_of_schema(schema, place="S").fields
    assert {name: one.minimum for name, one in fields.items()} == {"x": 3, "w": 3}


@pytest.mark.parametrize(
    "node",
    [
        {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}},
        {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}},
        {"type": "array", "items": {"$ref": "#/$defs/node"}},
        {"allOf": [{"$ref": "#/$defs/node"}]},
        {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/node"}]},
    ],
)
def test_what_contains_itself_is_refused(node):
    with pytest.raises(ConfigError, match="contains itself"):
        fields_of_schema({"properties": {"a": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}, place="S")


def test_records_of_which_one_is_meant_are_one_record():
    circle = {"type": "object", "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}}}
    square = {"type": "object", "properties": {"kind": {"const": "square"}, "side": {"type": "number"}, "note": TEXT}}
    circle["required"], square["required"] = ["kind", "radius"], ["kind", "side"]
    found = read(x={"oneOf": [circle, square]})
    one = found.fields["x"]
    assert one.fields["kind"].values == ("circle", "square")
    assert {name: inner.nullable for name, inner in one.fields.items()} == {
        "kind": False, "radius": True, "side": True, "note": True,
    }  # fmt: skip
    assert one.exactly_one_of == (
        Variant(filled=("kind", "radius"), values={"kind": ("circle",)}),
        Variant(filled=("kind", "side"), values={"kind": ("square",)}),
    )
    assert "exactly one of these groups is complete: kind = circle and radius; kind = square and side" in one.phrase(
        "en"
    )
    assert any("read as one, with the fields of all" in note for note in found.notes)


# A reduced set of schemas with the features that public ones have.
SCHEMAS = {
    "function": {
        "type": "object",
        "properties": {
            "shape": {"type": "string", "enum": ["circle", "square"], "description": "The shape"},
            "when": {"type": "string", "format": "date"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
            "size": {
                "type": "object",
                "properties": {"radius": {"type": "number"}, "side": {"type": "number"}},
                "oneOf": [{"required": ["radius"]}, {"required": ["side"]}],
            },
            "tags": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 8}, "minItems": 1},
        },
        "required": ["shape", "size"],
    },
    "bounds": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "count": {"type": "integer", "exclusiveMinimum": 2, "maximum": 5},
            "maybe": {"type": ["integer", "null"], "minimum": 1, "maximum": 3},
            "level": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 3}, {"type": "null"}]},
        },
        "required": ["share", "count", "maybe", "level"],
        "minProperties": 2,
    },
    "draft 4": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "id": "x",
        "properties": {"a": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "maximum": 4}},
        "required": ["a"],
    },
    "references": {
        "type": "object",
        "properties": {"home": {"$ref": "#/definitions/address"}, "work": {"allOf": [{"$ref": "#/definitions/address"}]}},
        "definitions": {
            "address": {
                "type": "object", "additionalProperties": False, "required": ["city"],
                "properties": {"city": {"type": "string", "minLength": 2, "maxLength": 20}, "post-code": {"pattern": "^[0-9]{5}$", "type": "string"}},
            }
        },
    },
    "top list": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["n"]}},
    "vacuous": {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 3}, "b": {"type": "boolean"}},
        "required": ["a", "b"], "dependencies": {"a": ["b"], "zzz": ["yyy"]}, "patternProperties": {"^x-": {"type": "null"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_answer_that_glane_takes_is_one_that_the_schema_takes(name):
    """No rule is dropped: random answers, valid for glane, are valid for the schema that they came from."""
    schema = SCHEMAS[name]
    found = fields_of_schema(schema, place="S")
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema)
    task = load_task({"name": "t", "instructions": "x", "fields": {"x": {"type": "string"}}})
    form = answer_form(task.model_copy(update={"fields": found.fields}))
    rng, taken = random.Random(0), 0
    for _ in range(400):
        drawn = sample_answer(form, rng, quote="q")
        try:
            read_answer(found.fields, locate(drawn))
        except AnswerError:  # fields that stand together, or a repetition: decoding cannot hold to these
            continue
        taken += 1
        if taken > 40:
            break
        answer = json.loads(drawn)
        given = as_given(found.fields, answer, schema.get("required", ()))
        validator.validate(given["value"] if schema.get("type") == "array" else given)
    assert taken >= 20


def as_given(fields, answer, required=()):
    """An answer as the schema has it: its own names, and nothing in place of null where a property is not required."""
    given = {field.original or name: value_as_given(field, answer[name]) for name, field in fields.items()}
    return {name: value for name, value in given.items() if value is not None or name in required}


def value_as_given(field, value):
    if isinstance(field, ListField) and value is not None:
        return [value_as_given(field.items, one) for one in value]
    return as_given(field.fields, value) if isinstance(field, ObjectField) and value is not None else value


def test_a_run_of_an_imported_schema(tmp_path):
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMAS["function"]))
    task = {key: value for key, value in SMALL_TASK.items() if key != "fields"}
    task["json_schema_file"] = str(tmp_path / "schema.json")
    data = write_documents(tmp_path / "d.parquet", [f"n {i}" for i in range(20)])
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    rows = rows.with_columns(rows["status"].cast(str))
    usable, others = rows.filter(rows["status"] == "OK"), rows.filter(rows["status"] != "OK")
    assert usable.height >= 5
    assert all("radius" in reason for reason in others["reason"])  # what stands together is checked when it is read
    for size in usable["size"].to_list():
        assert (size["radius"] is None) != (size["side"] is None)
