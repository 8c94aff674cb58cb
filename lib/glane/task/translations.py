"""Translations of a task: texts in another language, laid over those of its file when that language is asked for.

A translation holds texts alone, in the places where the task has them. Names, types, values and rules are the task's in
every language. So answers to the one prompt can be compared with answers to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glane.errors import ConfigError, did_you_mean
from glane.task.fields import EnumField, Field, ListField, ObjectField, inner_fields
from glane.types import Language
from glane.validation import validated

_OF_A_TASK = ("instructions", "fields", "examples")
_TEXT = "description"


@dataclass(frozen=True, slots=True)
class Texts:
    """What a task says in one language. `place` is where its examples are written."""

    instructions: str
    fields: Mapping[str, Field]
    examples: tuple[Mapping[str, Any], ...]
    place: str = "task"

    def example(self, number: int) -> str:
        """The place of an example, by its number from 0."""
        return f"{self.place}.examples[{number}]"


def is_blank(values: Mapping[str, Any]) -> bool:
    """Whether a translation holds nothing but nulls, by which a file takes back what it inherits."""
    return all(one is None or (isinstance(one, Mapping) and is_blank(one)) for one in values.values())


def translated(texts: Texts, values: Any, *, language: Language, task_keys: Mapping[str, object]) -> Texts:
    """Return the texts of a task with a translation laid over them. What it leaves out stays as it is.

    `values` is what stands under `translations.<language>`, and `task_keys` are the keys of a task. Synonyms are added
    to those of the task: they are words of documents, and a prompt's language says nothing of the documents' language.

    Raises:
        ConfigError: for what is no text, or has no place in the task; naming it and what would be valid.
    """
    place = f"task.translations.{language}"
    given = _known(values, _OF_A_TASK, task_keys, place, beside="task")
    instructions, examples = given.get("instructions", texts.instructions), given.get("examples")
    if examples is not None and not isinstance(examples, list | tuple):
        raise ConfigError(f"{place}.examples: a list is needed, of examples as task.examples has them.")
    fields = _fields(texts.fields, given.get("fields", {}), f"{place}.fields", "task.fields")
    return Texts(
        _text(instructions, f"{place}.instructions"),
        fields,
        texts.examples if examples is None else tuple(examples),
        texts.place if examples is None else place,
    )


def untranslated(fields: Mapping[str, Field], values: Any, *, has_examples: bool) -> list[str]:
    """The texts of a task that a translation does not have, as keys below the task."""
    given = _given(values)
    found = [] if "instructions" in given else ["instructions"]
    found += [f"fields.{name}" for name in _untranslated(fields, given.get("fields"))]
    return found + (["examples"] if has_examples and "examples" not in given else [])


def _untranslated(fields: Mapping[str, Field], values: Any) -> Iterator[str]:
    given = _given(values)
    for name, field in fields.items():
        inner = _given(given.get(name))
        if field.description and _TEXT not in inner:
            yield f"{name}.{_TEXT}"
        one, path = field, name
        if isinstance(field, ListField):
            one, inner, path = field.items, _given(inner.get("items")), f"{name}.items"
        if isinstance(one, EnumField):
            yield from (f"{path}.labels.{value}" for value in one.labels if value not in _given(inner.get("labels")))
        for key in _untranslated(inner_fields(one), inner.get("fields")):
            yield f"{path}.fields.{key}"


def _given(values: Any) -> dict[str, Any]:
    """The keys that have a value. A null stands where a file takes back what it inherits."""
    return {str(key): one for key, one in values.items() if one is not None} if isinstance(values, Mapping) else {}


def _known(
    values: Any, valid: tuple[str, ...], structural: Mapping[str, object], place: str, *, beside: str
) -> dict[str, Any]:
    """The keys of a part of a translation, which are all texts. `structural` are the other keys of the same part."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place}: a mapping is needed, with the texts in the places where {beside} has them.")
    for key in map(str, values):
        if key not in valid and key in structural:
            raise ConfigError(
                f"{place}.{key}: a translation holds texts alone, and {key} holds for every language. Set it at "
                f"{beside}.{key}. Valid: {', '.join(valid)}."
            )
        if key not in valid:
            raise ConfigError(f"{place}.{key}: unknown key. {did_you_mean(key, valid)}")
    return _given(values)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or (not value.strip() and not place.endswith(_TEXT)):
        raise ConfigError(f"{place}: a text is needed; put quotes around one that YAML reads as something else.")
    return value


def _fields(fields: Mapping[str, Field], values: Any, place: str, beside: str) -> dict[str, Field]:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place}: a mapping of field to its texts is needed, as {{age: {{description: …}}}}.")
    for name in map(str, values):
        if name not in fields:
            owner = beside.removesuffix(".fields")
            raise ConfigError(
                f"{place}.{name}: is no field of {owner}. {did_you_mean(name, fields)} Where a field was taken out of "
                "the task, take it out of its translations, too."
            )
    given = _given(values)
    return {
        name: _field(field, given[name], f"{place}.{name}", f"{beside}.{name}") if name in given else field
        for name, field in fields.items()
    }


def _field(field: Field, values: Any, place: str, beside: str) -> Field:
    given = _known(values, _texts_of(field), type(field).model_fields, place, beside=beside)
    changes: dict[str, Any] = {}
    if _TEXT in given:
        changes[_TEXT] = _text(given[_TEXT], f"{place}.{_TEXT}")
    if isinstance(field, ListField) and "items" in given:
        changes["items"] = _field(field.items, given["items"], f"{place}.items", f"{beside}.items")
    if isinstance(field, ObjectField) and "fields" in given:
        changes["fields"] = _fields(field.fields, given["fields"], f"{place}.fields", f"{beside}.fields")
    if isinstance(field, EnumField):
        changes |= _words(field, given, place)
    return field.model_copy(update=changes) if changes else field


def _texts_of(field: Field) -> tuple[str, ...]:
    """The keys of a field that hold texts, or parts with texts."""
    if isinstance(field, EnumField):
        return (_TEXT, "labels", "synonyms")
    return (_TEXT, *({"list": ["items"], "object": ["fields"]}.get(field.type, [])))


def _words(field: EnumField, given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The labels and synonyms of categories, checked as those of a task are."""
    told = {key: given[key] for key in ("labels", "synonyms") if key in given}
    if not told:
        return {}
    told = {key: _given(words) if isinstance(words, Mapping) else words for key, words in told.items()}
    own = validated(EnumField, {"values": field.values, **told}, place=place)
    words = {**field.synonyms}
    for value, further in own.synonyms.items():
        words[value] = tuple(dict.fromkeys((*words.get(value, ()), *further)))
    both = {"values": field.values, "labels": {**field.labels, **own.labels}, "synonyms": words}
    checked = validated(EnumField, both, place=place)
    return {key: getattr(checked, key) for key in told}
