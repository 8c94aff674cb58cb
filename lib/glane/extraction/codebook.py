"""The codebook of a result: a description of every column in the task's language, flat enough for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import pyarrow as pa

from glane.run.description import ColumnEntry
from glane.task.arrow import LOOKUP, columns, derived_columns
from glane.task.derived import lookup_of
from glane.task.fields import Field, ListField, ObjectField
from glane.task.result import RESULT_COLUMNS
from glane.task.task import Task
from glane.types import Found, Language

_ANNOTATIONS: dict[Language, dict[str, str]] = {
    "fr": {
        "precision": "Précision de {} : année, mois ou jour (year, month, day).",
        "missing": "Pourquoi {} est vide.",
        "assertion": "Comment le texte parle de {}.",
        "evidence": "Passage qui montre {} : texte[start:end] == quote, en caractères Unicode de la colonne de texte.",
        "confidence": "Probabilité de {} selon le modèle, de 0 à 1 ; elle classe, elle n'est pas calibrée.",
        "probabilities": "Probabilité de chaque valeur de {} selon le modèle.",
        "agreement": "Part des lectures qui disent la même chose de {}.",
        "lookup": "Ce qu'une table de référence dit de {} : code (vide si how est ambiguous ou none), label, how "
        "(comment la valeur a été trouvée), similarity (de 0 à 100, d'une valeur à peu près la même), candidates (les "
        "codes entre lesquels rien ne décide)",
        "normalised": "Ce que dit {} tel qu'écrit, ou sa citation, sous une seule forme : date, heure, précision et "
        "origine, ou de low à high dans une unité ; reason dit pourquoi il n'y en a pas.",
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
        "lookup": "What a reference table says of {}: code (null if how is ambiguous or none), label, how (how the "
        "value was found), similarity (0 to 100, of one that is nearly the same), candidates (the codes between which "
        "nothing decides)",
        "normalised": "What {} as it is written, or its quote, says in one form: date, time, precision and origin, or "
        "from low to high in a unit; reason tells why there is none.",
        "conflicts": "Other values of {}, said by other chunks of the document or by other samples.",
    },
}
_INPUT: dict[Language, dict[str, str]] = {
    "fr": {"id": "Identifiant du document.", "carried": "Repris de l'entrée."},
    "en": {"id": "The document's id.", "carried": "Kept from the input."},
}


def codebook(task: Task, *, id_column: str, carry_columns: Sequence[str]) -> tuple[ColumnEntry, ...]:
    """Return one entry per column of a result, and per member of a record. Entries hold flat values only.

    `role` is input, field, annotation (of a field), member (of a record, `<field>.<member>`) or result.
    """
    words, language = _INPUT[task.language], task.language
    entries = [ColumnEntry(column=id_column, role="input", type="", description=words["id"])]
    entries += [
        ColumnEntry(column=name, role="input", type="", description=words["carried"])
        for name in carry_columns
        if name != id_column
    ]
    for column in columns(task):
        field = task.fields[column.field]
        if column.name == column.field:
            entries.append(_described(column.name, "field", field, language))
            entries += _members(column.name, field, task)
        else:
            entries.append(_annotation(column.name, column.type, field, task))
    for one in RESULT_COLUMNS:
        word = _arrow_word(one.type)
        entries.append(ColumnEntry(column=one.name, role="result", type=word, description=one.words[language]))
    return tuple(entries)


def _members(prefix: str, field: Field, task: Task) -> Iterator[ColumnEntry]:
    inner = field.items if isinstance(field, ListField) else field
    if isinstance(inner, ObjectField):
        for name, one in inner.fields.items():
            yield _described(f"{prefix}.{name}", "member", one, task.language)
            for what, kind in derived_columns(one, task).items():
                yield _annotation(f"{prefix}.{name}__{what}", kind, one, task)
            yield from _members(f"{prefix}.{name}", one, task)


def _described(name: str, role: Literal["field", "member"], field: Field, language: Language) -> ColumnEntry:
    inner = field.items if isinstance(field, ListField) else field
    kind = field.word(language) if inner is field else f"{field.word(language)} ({inner.word(language)})"
    entry = ColumnEntry(
        column=name,
        role=role,
        type=kind,
        description=field.description.strip(),
        nullable=field.nullable,
        original=field.original or None,
    )
    if isinstance(inner, ListField | ObjectField):
        return entry
    bounds = inner.model_dump(include={"minimum", "maximum"}, exclude_unset=True)
    more = {key: float(bound) for key, bound in bounds.items() if bound is not None}
    labels = "; ".join(f"{value}: {label}" for value, label in inner.explained().items())
    values = "; ".join(inner.categories)
    return entry.model_copy(update=more | {"values": values or None, "labels": labels or None})


def _annotation(name: str, kind: pa.DataType, field: Field, task: Task) -> ColumnEntry:
    base, _, what = name.partition("__")
    description = _ANNOTATIONS[task.language][what].format(base)
    if what == LOOKUP and (table := lookup_of(field)) is not None:
        description = f"{description} ; " if task.language == "fr" else f"{description}; "
        description += f"{table}: {', '.join((task.lookups[table].code, *task.lookups[table].also))}."
    values: Sequence[str] = {"missing": field.missing, "assertion": field.assertion}.get(what, ())
    if what == "precision":
        values = ("year", "month", "day")
    elif what == LOOKUP:
        values = tuple(Found)
    return ColumnEntry(
        column=name,
        role="annotation",
        type=_arrow_word(kind),
        description=description,
        values="; ".join(values) or None,
    )


def _arrow_word(kind: pa.DataType) -> str:
    """An Arrow type in one word, without details of storage."""
    if pa.types.is_dictionary(kind):
        return str(kind.value_type)
    return f"list of {_arrow_word(kind.value_type)}" if pa.types.is_list(kind) else str(kind).partition("<")[0]
