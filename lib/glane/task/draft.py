"""A task that a model drafts: the question that asks for its fields, and what becomes a definition of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glane.errors import ConfigError
from glane.task.task import load_task
from glane.types import Language

ABOUT = "about"  # the input that holds the analyst's sentence
_NAME = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
_KINDS = ("text", "yes_no", "whole_number", "number", "date", "category", "list_of_texts")
_ID = "id"  # a run refuses a field of the name that its column of ids has, if no other is told
_MOST_VALUES, _LONGEST_TEXT, _MOST_ITEMS = 12, 120, 20

_ASKED: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "instructions": (
            "Un analyste veut transformer des documents en tableau : une ligne par document, une colonne par champ. "
            "Tu lis sa question (about) et quelques-uns de ces documents, séparés par des lignes de tirets. Propose "
            "les champs qui répondent à sa question, du plus important au moins important, et rien de plus. Chaque "
            "champ doit pouvoir se lire dans un document à lui seul.\n"
            "kind : text (un nom, un lieu), yes_no (un fait affirmé ou nié), whole_number, number, date, category (une "
            "valeur parmi quelques-unes, que tu donnes dans values), list_of_texts (plusieurs textes courts).\n"
            "Le nom est court, en minuscules, sans accent ni espace. La description dit en une phrase ce qui est "
            "demandé, et sa citation est un passage où cela se lit."
        ),
        "name": "Nom de la colonne.",
        "kind": "Ce que le champ contient.",
        "description": "Ce qui est demandé, en une phrase.",
        "values": "Les valeurs possibles d'une catégorie, sinon rien.",
        "unit": "L'unité d'un nombre, sinon null.",
        "read": (
            "Tu lis un document. Remplis chaque champ d'après ce texte seul, sans rien déduire. Ce qui n'est pas écrit "
            "manque. Question à laquelle servent ces champs : {about}"
        ),
    },
    "en": {
        "instructions": (
            "An analyst wants to turn documents into a table: one row per document, one column per field. You read the "
            "question (about) and some of these documents, parted by lines of dashes. Propose the fields that answer "
            "the question, the most important first, and nothing more. Each field must be readable in one document "
            "alone.\n"
            "kind: text (a name, a place), yes_no (a fact that is stated or denied), whole_number, number, date, "
            "category (one of a few values, which you give in values), list_of_texts (several short texts).\n"
            "The name is short, in lower case, without accents or blanks. The description says in a sentence what is "
            "asked, and its quote is a passage in which it can be read."
        ),
        "name": "Name of the column.",
        "kind": "What the field holds.",
        "description": "What is asked, in a sentence.",
        "values": "The possible values of a category, else none.",
        "unit": "The unit of a number, else null.",
        "read": (
            "You read a document. Fill in each field from this text alone, without inferring. What is not written is "
            "missing. The question that these fields serve: {about}"
        ),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A definition that can be loaded, why proposals are not in it, and which are asked otherwise than proposed."""

    values: Mapping[str, Any]
    left_out: tuple[str, ...] = field(default=())
    as_text: tuple[str, ...] = field(default=())


def drafting_task(language: Language, *, most_fields: int) -> dict[str, Any]:
    """The values of a task whose answer is a list of fields."""
    words = _ASKED[language]
    proposed = {
        "name": {"type": "string", "pattern": _NAME, "max_length": 24, "verbatim": False, "description": words["name"]},
        "kind": {"type": "enum", "values": list(_KINDS), "description": words["kind"]},
        "description": {
            "type": "string", "max_length": 160, "verbatim": False, "evidence": True,
            "description": words["description"],
        },
        "values": {
            "type": "list", "max_items": _MOST_VALUES, "description": words["values"],
            "items": {"type": "string", "max_length": 30, "verbatim": False},
        },
        "unit": {
            "type": "string", "max_length": 12, "nullable": True, "verbatim": False, "description": words["unit"],
        },
    }  # fmt: skip
    return {
        "name": "draft",
        "version": "1",
        "language": language,
        "instructions": words["instructions"],
        "inputs": ["text", ABOUT],
        "confidence": False,
        "fields": {
            "fields": {
                "type": "list",
                "min_items": 1,
                "max_items": most_fields,
                "items": {"type": "object", "fields": proposed},
            }
        },
    }


def drafted(
    proposals: Sequence[Mapping[str, Any]],
    *,
    name: str,
    about: str,
    language: Language,
) -> Drafted:
    """A definition of what was proposed.

    Args:
        proposals: Records with the members of `drafting_task`.
        name: Of the task.
        about: The analyst's sentence.
        language: Of the prompt.

    Raises:
        ConfigError: if no field is left.
    """
    values: dict[str, Any] = {
        "name": name,
        "version": "1",
        "language": language,
        "instructions": _ASKED[language]["read"].format(about=about.strip()),
        "inputs": ["text"],
        "fields": {},
    }
    left_out, as_text = [], []
    for one in proposals:
        key = str(one["name"])
        if key in values["fields"]:
            left_out.append(f"{key}: proposed twice")
            continue
        if key == _ID:
            left_out.append(f"{key}: the name of the column with the ids of documents")
            continue
        tried = {**values, "fields": {**values["fields"], key: _field(one)}}
        try:
            load_task(tried)
        except ConfigError as error:
            left_out.append(f"{key}: {error}")
        else:
            values = tried
            if one["kind"] == "category" and values["fields"][key]["type"] != "enum":
                as_text.append(f"{key}: proposed as a category, without two values that differ")
    if not values["fields"]:
        raise ConfigError(
            "new-task: no field that was proposed can be asked. Say in more words what you look for (about=…), show "
            "other documents, or take a larger model."
        )
    return Drafted(values=values, left_out=tuple(left_out), as_text=tuple(as_text))


def with_examples(draft: Drafted, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The definition with examples (`text`, and `output` by field)."""
    return {**draft.values, "examples": [dict(one) for one in examples]} if examples else dict(draft.values)


def _field(one: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of one proposed field. What has no value has a reason, and each value its quote."""
    description = " ".join(str(one["description"]).split())
    if one.get("unit") and one["kind"] in ("whole_number", "number"):
        description = f"{description.rstrip('.')} ({one['unit']})."
    found = {**_kind(str(one["kind"]), [str(value) for value in one.get("values") or ()]), "description": description}
    return {**found, "evidence": True, "missing": True}


def _kind(kind: str, values: Sequence[str]) -> dict[str, Any]:
    several = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    if kind == "category" and len(several) > 1:
        return {"type": "enum", "values": several}
    others: Mapping[str, dict[str, Any]] = {
        "yes_no": {"type": "boolean"},
        "whole_number": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "number": {"type": "number", "minimum": 0},
        "date": {"type": "date", "precision": "partial"},
        "list_of_texts": {
            "type": "list", "max_items": _MOST_ITEMS, "items": {"type": "string", "max_length": _LONGEST_TEXT},
        },
    }  # fmt: skip
    return others.get(kind, {"type": "string", "max_length": _LONGEST_TEXT})
