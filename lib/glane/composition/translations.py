"""Texts of a task that a file or a command line changes: what is said of them in the task's other languages.

A task's texts can be translated below its key `translations`. Whoever changes a text leaves the translation of the
former one behind. So a file that inherits takes back the translations of what it changes, by a null; and what a command
line sets is told in every language.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from glane.types import Language

_LANGUAGES: tuple[str, ...] = get_args(Language)
_OWN = "translations"
_DEFAULT = "fr"  # of a task that does not say its language


def of_a_file(values: Mapping[Any, Any], *, inherits: bool) -> dict[Any, Any]:
    """The values of a task's file, with the language of its texts, and nulls for translations of texts it changes."""
    found = dict(values)
    if "instructions" in values and ("language" in values or not inherits):
        found.setdefault("written_in", values.get("language", _DEFAULT))
    if inherits:
        translations = values.get(_OWN)
        changed = copy.deepcopy(translations) if isinstance(translations, dict) else {}
        for path in _texts(values):
            for language in _LANGUAGES:
                _set_default(changed, (language, *path))
        if changed:
            found[_OWN] = changed
    return found


def as_told(values: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The values of a job in which the texts of the task are those that were told by `keys`, whatever the language.

    `keys` are the dotted keys that a command line sets. What they set of a field's structure leaves its translation.
    """
    task = values.get("task")
    if not isinstance(task, Mapping) or not isinstance(task.get(_OWN), Mapping):
        return dict(values)
    translations = copy.deepcopy(task[_OWN])
    for key in keys:
        first, *path = key.split(".")
        if first == "task" and path and path[0] != _OWN:
            for translation in translations.values():
                _tell(translation, path, task)
    return {**values, "task": {**task, _OWN: translations}}


def _tell(translation: Any, path: Sequence[str], told: Any) -> None:
    """Put what is told at `path` in place of its translation, or take the translation out where it is no text."""
    *before, last = path
    for name in before:
        translation = translation.get(name) if isinstance(translation, dict) else None
        told = told.get(name) if isinstance(told, Mapping) else None
    if not isinstance(translation, dict) or translation.get(last) is None:
        return
    value = told.get(last) if isinstance(told, Mapping) else None
    if isinstance(value, str | list):
        translation[last] = value
    else:
        del translation[last]


def _texts(task: Mapping[Any, Any]) -> Iterator[tuple[str, ...]]:
    """The places of the texts that a task's file sets."""
    for key in ("instructions", "examples"):
        if key in task:
            yield (key,)
    for path in _texts_of_fields(task.get("fields")):
        yield ("fields", *path)


def _texts_of_fields(fields: object) -> Iterator[tuple[str, ...]]:
    for name, field in fields.items() if isinstance(fields, Mapping) else ():
        for path in _texts_of_a_field(field):
            yield (str(name), *path)


def _texts_of_a_field(field: object) -> Iterator[tuple[str, ...]]:
    if not isinstance(field, Mapping):
        return
    if "description" in field:
        yield ("description",)
    labels = field.get("labels")
    for value in labels if isinstance(labels, Mapping) else ():
        yield ("labels", str(value))
    for path in _texts_of_a_field(field.get("items")):
        yield ("items", *path)
    for path in _texts_of_fields(field.get("fields")):
        yield ("fields", *path)


def _set_default(values: dict[Any, Any], path: Sequence[str]) -> None:
    """Set null at `path`, if nothing stands there."""
    for name in path[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            return
    values.setdefault(path[-1], None)
