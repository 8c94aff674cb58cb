"""The task: the YAML that an epidemiologist writes, read once and checked completely."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.errors import ConfigError
from glane.task.answer import read_answer
from glane.task.derived import check_derived
from glane.task.examples import Example, example_notes, read_example
from glane.task.fields import Field, ListField, ObjectField, fields_from, inner_fields
from glane.task.imports import ImportedFields, fields_of_model, fields_of_schema_file
from glane.task.keys import FULL_KEYS, Keys, can_quote_first, short_keys
from glane.task.locate import locate
from glane.task.lookups import Lookup
from glane.task.result import reserved_names
from glane.task.rules import Rule, Rules
from glane.task.schema import json_schema
from glane.task.translations import Texts, is_blank, translated, untranslated
from glane.types import Language
from glane.validation import Strict, validated

TEXT_INPUT = "text"


class SplitSettings(Strict):
    """How a long document is split into chunks. Sizes are in tokens of the document's text."""

    max_tokens: int | Literal["auto"] = "auto"  # auto: what the model's context leaves after the rest of the prompt
    overlap_tokens: int = Key(default=100, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.max_tokens, int) and not self.overlap_tokens < self.max_tokens:
            raise ValueError(f"overlap_tokens {self.overlap_tokens} must be below max_tokens {self.max_tokens}")
        return self


class PassSettings(Strict):
    """How often each prompt is asked. Several samples need a temperature; their seeds are fixed."""

    samples: int = Key(default=1, ge=1, le=32)
    temperature: float = Key(default=0.7, gt=0, le=2)  # of all samples, if there are several
    recall: int = Key(default=0, ge=0, le=5)  # further prompts, for list items that earlier prompts missed


class _Manner(Strict):
    """The keys about how documents are read. They are the same in a task and in its file."""

    confidence: bool = True
    quotes: Literal["copied", "free"] = "copied"  # copied: decoding allows only substrings of the text
    keys: Literal["full", "short"] = "full"  # short keys take fewer tokens
    order: Literal["value_first", "quote_first"] = "value_first"  # of a value and its quote, in an answer
    split: SplitSettings | None = None
    passes: PassSettings = PassSettings()
    repairs: int = Key(default=1, ge=0, le=5)
    rules: tuple[Rule, ...] = ()
    sentinels: str | None = None  # folder of a frozen set from glane sentinels; asked in each run, changes no answer


class Task(_Manner):
    """What is asked of each document: fields, instructions, examples and rules."""

    name: str = Key(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    version: str
    language: Language
    instructions: str = Key(min_length=1)
    inputs: tuple[str, ...]
    fields: Mapping[str, Field]
    examples: tuple[Example, ...]
    lookups: Mapping[str, Lookup] = {}  # reference tables, in which values are looked up
    notes: tuple[str, ...] = Key(default=(), exclude=True)  # of an imported schema, and of examples

    @property
    def list_fields(self) -> dict[str, Field]:
        """The list fields, which recall passes ask for again."""
        return {name: field for name, field in self.fields.items() if isinstance(field, ListField)}

    def narrowed(self, fields: Mapping[str, Field], examples: Sequence[Example]) -> Task:
        """The task with some of its fields, and examples of these. Their keys are spelled as in the whole answer."""
        found = self.model_copy(update={"fields": fields, "examples": tuple(examples)})
        found.__dict__["spelling"] = self.spelling
        return found

    @cached_property
    def spelling(self) -> Keys:
        """How answers spell their keys."""
        keys = short_keys(self.fields) if self.keys == "short" else FULL_KEYS
        return replace(keys, quote_first=self.order == "quote_first" and can_quote_first(self.fields))

    @property
    def answer_schema(self) -> str:
        """The JSON Schema of an answer, as compact JSON."""
        schema = self.spelling.in_schema(json_schema(self.fields))
        return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))

    @property
    def input_columns(self) -> list[str]:
        """The input columns of a prompt, except the text."""
        return [name for name in self.inputs if name != TEXT_INPUT]


class _Definition(_Manner):
    """The keys of a task file. Exactly one of `fields`, `schema` and `model` defines the fields."""

    name: str
    version: str = "1"
    language: Language = "fr"  # that is asked for: the task's own, or one of its translations
    written_in: Language | None = None  # the language of the task's own texts; told by the composition of its file
    instructions: str
    inputs: tuple[str, ...] = (TEXT_INPUT,)
    fields: Mapping[str, Any] | None = None
    json_schema_file: str | None = None
    pydantic_model: str | None = None
    examples: tuple[Mapping[str, Any], ...] = ()
    translations: Mapping[Language, Mapping[str, Any]] = {}  # texts alone, laid over the task's own
    lookups: Mapping[str, Lookup] = {}

    @model_validator(mode="before")
    @classmethod
    def _number_of_passes(cls, values: Any) -> Any:
        """`passes: 5` is short for five samples."""
        if isinstance(values, Mapping) and type(values.get("passes")) is int:
            values = {**values, "passes": {"samples": values["passes"]}}
        return values


def load_task(values: Mapping[str, Any]) -> Task:
    """Read a task from the plain values of its YAML.

    Raises:
        ConfigError: naming the key that is wrong, the value and what would be valid.
    """
    definition = validated(_Definition, {**values, "version": str(values.get("version", "1"))}, place="task")
    sources = {
        "fields": definition.fields,
        "json_schema_file": definition.json_schema_file,
        "pydantic_model": definition.pydantic_model,
    }
    given = [name for name, source in sources.items() if source is not None]
    if len(given) != 1:
        raise ConfigError(f"task: exactly one of {', '.join(sources)} says what is asked; given: {given or 'none'}.")
    if definition.json_schema_file is not None:
        imported = fields_of_schema_file(Path(definition.json_schema_file), taken=definition.inputs)
    elif definition.pydantic_model is not None:
        imported = fields_of_model(definition.pydantic_model, taken=definition.inputs)
    else:
        imported = ImportedFields(fields_from(definition.fields, place="task.fields"), ())
    fields = imported.fields
    if taken := sorted(set(fields) & reserved_names()):
        raise ConfigError(f"task.fields.{taken[0]}: this name is a column of every result; choose another.")
    if not definition.inputs or len(set(definition.inputs)) < len(definition.inputs):
        raise ConfigError(
            f"task.inputs: name each input once, {TEXT_INPUT!r} among them; it is {list(definition.inputs)}."
        )
    if TEXT_INPUT not in definition.inputs:
        raise ConfigError(
            f"task.inputs: {TEXT_INPUT!r} (the document itself) is missing from {list(definition.inputs)}."
        )
    _check_merging(fields, definition.split, confidence=definition.confidence)
    _check_parts(fields)
    _check_inputs(definition.inputs, fields)
    check_derived(definition.lookups, fields, [name for name in definition.inputs if name != TEXT_INPUT])
    if definition.passes.recall and not any(isinstance(field, ListField) for field in fields.values()):
        raise ConfigError("task.passes.recall: a recall pass looks for items of lists, and this task has no list.")
    rules = Rules(definition.rules, fields, [name for name in definition.inputs if name != TEXT_INPUT])
    versions = _versions(definition, fields)
    answered = {
        language: _examples(texts, definition.inputs, rules) for language, texts in versions.items()
    }  # all are read, so that what is wrong with a language is known before it is asked for
    asked = definition.language if definition.language in versions else None
    texts, examples = versions[asked], answered[asked]
    notes = [
        note for i, one in enumerate(examples) for note in example_notes(one, texts.fields, place=texts.example(i))
    ]
    return validated(
        Task,
        {
            "name": definition.name,
            "version": definition.version,
            "language": definition.language,
            "instructions": texts.instructions.strip(),
            "inputs": definition.inputs,
            "fields": texts.fields,
            "examples": examples,
            "lookups": definition.lookups,
            "notes": (*_translation_notes(definition, fields), *imported.notes, *notes),
            **{name: getattr(definition, name) for name in _Manner.model_fields},
        },
        place="task",
    )


def _versions(definition: _Definition, fields: Mapping[str, Field]) -> dict[Language | None, Texts]:
    """The texts of a task by language: its own at None, and those of its translations."""
    own = Texts(definition.instructions, fields, definition.examples)
    found: dict[Language | None, Texts] = {None: own}
    for language, values in definition.translations.items():
        if not is_blank(values):
            found[language] = translated(own, values, language=language, task_keys=_Definition.model_fields)
    return found


def _examples(texts: Texts, inputs: tuple[str, ...], rules: Rules) -> list[Example]:
    found = [
        read_example(example, inputs, texts.fields, place=texts.example(i)) for i, example in enumerate(texts.examples)
    ]
    for i, example in enumerate(found):
        answer = read_answer(texts.fields, locate(json.dumps(dict(example.output))))
        if broken := rules.broken(answer, example.inputs):
            raise ConfigError(f"{texts.example(i)}: breaks the task's own rule {broken[0].rule!r}.")
    return found


def _translation_notes(definition: _Definition, fields: Mapping[str, Field]) -> list[str]:
    """What is said of texts that are not in the language that is asked for."""
    asked, own = definition.language, definition.written_in
    values = definition.translations.get(asked, {})
    if own == asked or (own is None and is_blank(values)):  # a task that is read outside its file says its language
        return []
    if is_blank(values):
        return [
            f"task.language: {definition.name!r} is written in {own} and has no translation into {asked}: the prompt "
            f"is a mixture. Write its texts under translations.{asked}, or set task.language={own}."
        ]
    lacking = untranslated(fields, values, has_examples=bool(definition.examples))
    told = f"task.translations.{asked}: has no text for {', '.join(lacking)}; the prompt shows the task's own there."
    return [told] if lacking else []


def _check_merging(fields: Mapping[str, Field], split: SplitSettings | None, *, confidence: bool) -> None:
    """Refuse misleading merge rules: sums over overlapping chunks, and rules without effect."""
    for name, field in fields.items():
        place, merge = f"task.fields.{name}", field.merge
        if merge == "sum" and (split is None or split.overlap_tokens > 0):
            remedy = "set task.split.overlap_tokens=0" if split else "set task.split with overlap_tokens: 0"
            raise ConfigError(
                f"{place}.merge: sum would count twice what stands in the overlap of two chunks; {remedy}, "
                "or choose first, last, most_frequent or highest_confidence."
            )
        if merge == "highest_confidence" and not confidence:
            raise ConfigError(f"{place}.merge: highest_confidence needs confidences; set task.confidence=true.")
        _refuse_inner_merging(field, place)


def _refuse_inner_merging(field: Field, place: str) -> None:
    """Refuse merge rules inside records and lists: a record wins as a whole, and lists are united."""
    inner: dict[str, Field] = {"items": field.items} if isinstance(field, ListField) else {}
    inner |= field.fields if isinstance(field, ObjectField) else {}
    for name, one in inner.items():
        if "merge" in one.model_fields_set:
            raise ConfigError(
                f"{place}.{name}.merge: has no effect inside a list or a record. A list is the union of its items, "
                "told apart by `keys`; leave this key out."
            )
        _refuse_inner_merging(one, f"{place}.{name}")


def _check_parts(fields: Mapping[str, Field], place: str = "task.fields") -> None:
    """Refuse `asked_of` below the top level: a part is asked of a list or record as a whole."""
    for name, field in fields.items():
        for inner, one in inner_fields(field).items():
            if one.asked_of != "every_part":
                raise ConfigError(
                    f"{place}.{name}: {inner!r} has asked_of, which is for fields of the top level. Set it on "
                    f"{name!r}, or leave it out."
                )
        _check_parts(inner_fields(field), f"{place}.{name}.fields")
        if isinstance(field, ListField) and field.items.asked_of != "every_part":
            raise ConfigError(f"{place}.{name}.items: asked_of is for fields of the top level. Set it on {name!r}.")


def _check_inputs(inputs: tuple[str, ...], fields: Mapping[str, Field]) -> None:
    for name in inputs:
        if name in fields:
            raise ConfigError(f"task.inputs: {name!r} is also a field of the task; rename the field.")
        if name == "output":
            raise ConfigError("task.inputs: 'output' is what an example calls its answer; rename that column.")
