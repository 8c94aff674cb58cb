"""The dictionary of a result: every column in the words of the task's language, flat enough for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from glane.task.arrow import columns
from glane.task.fields import Field, ListField, ObjectField
from glane.task.result import RESULT_COLUMNS
from glane.task.task import Task
from glane.types import Language

_ANNOTATIONS: dict[Language, dict[str, str]] = {
    "fr": {
        "precision": "Précision de {} : année, mois ou jour (year, month, day).",
        "missing": "Pourquoi {} est vide.",
        "assertion": "Comment le texte parle de {}.",
        "evidence": "Passage qui montre {} : texte[start:end] == quote, en caractères Unicode de la colonne de texte.",
        "confidence": "Probabilité de {} selon le modèle, de 0 à 1 ; elle classe, elle n'est pas calibrée.",
        "probabilities": "Probabilité de chaque valeur de {} selon le modèle.",
        "agreement": "Part des lectures qui disent la même chose de {}.",
        "conflicts": "Autres valeurs de {}, dites par d'autres morceaux du document ou d'autres lectures.",
    },
    "en": {
        "precision": "Precision of {}: year, month or day.",
        "missing": "Why {} is null.",
        "assertion": "How the text speaks of {}.",
        "evidence": "The passage that shows {}: text[start:end] == quote, in code points of the text column.",
        "confidence": "Probability of {} under the model, 0 to 1; it ranks, it is not calibrated.",
        "probabilities": "Probability of each value of {} under the model.",
        "agreement": "Share of the samples that say the same of {}.",
        "conflicts": "Other values of {}, said by other chunks of the document or by other samples.",
    },
}
_INPUT: dict[Language, dict[str, str]] = {
    "fr": {"id": "Identifiant du document.", "carried": "Repris de l'entrée."},
    "en": {"id": "The document's id.", "carried": "Kept from the input."},
}


def codebook(task: Task, *, id_column: str, carry_columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return one entry per column of a result, and per member of a record: flat values only.

    `role` is input, field, annotation (of a field), member (of a record, `<field>.<member>`) or result.
    """
    words = _INPUT[task.language]
    entries = [_entry(id_column, "input", "", words["id"])]
    entries += [_entry(name, "input", "", words["carried"]) for name in carry_columns if name != id_column]
    for column in columns(task):
        field = task.fields[column.field]
        if column.name == column.field:
            entries.append(_described(column.name, "field", field, task.language))
            entries += _members(column.name, field, task.language)
        else:
            entries.append(_annotation(column.name, column.type, field, task.language))
    return entries + [
        _entry(one.name, "result", _arrow_word(one.type), one.words[task.language]) for one in RESULT_COLUMNS
    ]


def _members(prefix: str, field: Field, language: Language) -> Iterator[dict[str, Any]]:
    inner = field.items if isinstance(field, ListField) else field
    if isinstance(inner, ObjectField):
        for name, one in inner.fields.items():
            yield _described(f"{prefix}.{name}", "member", one, language)
            yield from _members(f"{prefix}.{name}", one, language)


def _described(name: str, role: str, field: Field, language: Language) -> dict[str, Any]:
    inner = field.items if isinstance(field, ListField) else field
    kind = field.word(language) if inner is field else f"{field.word(language)} ({inner.word(language)})"
    entry = _entry(name, role, kind, field.description.strip(), nullable=field.nullable)
    entry["original"] = field.original or None
    if isinstance(inner, ListField | ObjectField):
        return entry
    if inner.categories:
        entry["values"] = "; ".join(inner.categories)
    if labels := inner.explained():
        entry["labels"] = "; ".join(f"{value}: {label}" for value, label in labels.items())
    bounds: Mapping[str, Any] = inner.model_dump(include={"minimum", "maximum"}, exclude_unset=True)
    return entry | {key: float(bound) for key, bound in bounds.items() if bound is not None}


def _annotation(name: str, kind: pa.DataType, field: Field, language: Language) -> dict[str, Any]:
    base, _, what = name.partition("__")
    entry = _entry(name, "annotation", _arrow_word(kind), _ANNOTATIONS[language][what].format(base))
    values: Sequence[str] = {"missing": field.missing, "assertion": field.assertion}.get(what, ())
    if what == "precision":
        values = ("year", "month", "day")
    return entry | {"values": "; ".join(values) or None}


def _entry(name: str, role: str, kind: str, description: str, *, nullable: bool = True) -> dict[str, Any]:
    empty = dict.fromkeys(("values", "labels", "minimum", "maximum", "original"))
    return {"column": name, "role": role, "type": kind, "description": description, "nullable": nullable} | empty


def _arrow_word(kind: pa.DataType) -> str:
    """An Arrow type in one word: what it is, not how it is kept."""
    if pa.types.is_dictionary(kind):
        return str(kind.value_type)
    return f"list of {_arrow_word(kind.value_type)}" if pa.types.is_list(kind) else str(kind).partition("<")[0]
