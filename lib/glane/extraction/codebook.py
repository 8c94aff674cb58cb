"""The codebook of a result: a description of every column in the task's language, flat enough for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pyarrow as pa

from glane.corpus.pseudonymised import PseudonymRules
from glane.run.description import ColumnEntry, EarlierRun
from glane.task.arrow import columns, derived_columns
from glane.task.derived import lookup_of
from glane.task.fields import Field, ListField, ObjectField
from glane.task.result import RESULT_COLUMNS, REUSED
from glane.task.task import Task
from glane.types import DOCUMENTS, LOOKUP, Found, Language

ANNOTATIONS: dict[Language, dict[str, str]] = {
    "fr": {
        "precision": "Précision de {} : année, mois ou jour (year, month, day).",
        "missing": "Pourquoi {} est vide.",
        "assertion": "Comment le texte parle de {}.",
        "evidence": "Passage qui montre {} : texte[start:end] == quote, en caractères Unicode de la colonne du texte. "
        "quote_mass : part de probabilité que la copie a laissée au début de la citation, de 0 (le modèle voulait "
        "citer autre chose que le texte) à 1, null si inconnue.",
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
        "evidence": "The passage that shows {}: text[start:end] == quote, in code points of the text column. "
        "quote_mass: share of probability that copying left to the beginning of the quote, from 0 (the model wanted to "
        "quote what is not in the text) to 1, null if not known.",
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
_KEPT: dict[Language, str] = {
    "fr": "[Repris de l'extraction {run} ({id}) là où reused est vrai.]",
    "en": "[Kept of the run {run} ({id}) where reused is true.]",
}
_SHIFTED: dict[Language, str] = {
    "fr": "[Décalée de {days} jours au plus, avec un décalage propre à chaque personne (à chaque document, si la "
    "personne n'est pas dite) : les périodes ne se comparent pas d'une personne à l'autre, aucun décompte par semaine "
    "ou par mois n'est juste.]",
    "en": "[Shifted by up to {days} days, by another number for each person (each document, if no person is told): "
    "periods cannot be compared between persons, no count by week or month is right.]",
}
_GROUPS: dict[Language, dict[str, str]] = {
    "fr": {
        "id": "Identifiant du groupe de documents.",
        "documents": (
            "Documents du groupe, dans l'ordre : identifiant (document), ce qui les ordonne (order), longueur en "
            "caractères (characters), et pourquoi un document n'est pas lu (skipped : null, blank, text is not valid "
            "UTF-8)."
        ),
        "evidence": (
            "Passage qui montre {} : texte[start:end] == quote, en caractères Unicode du texte du document nommé dans "
            "document."
        ),
    },
    "en": {
        "id": "The id of the group of documents.",
        "documents": (
            "The documents of the group, in order: id (document), what orders them (order), length in code points "
            "(characters), and why a document is not read (skipped: null, blank, text is not valid UTF-8)."
        ),
        "evidence": (
            "The passage that shows {}: text[start:end] == quote, in code points of the text of the document that "
            "document names."
        ),
    },
}
# The words of Arrow's types are those that kinds of field have.
_TYPES: dict[Language, dict[str, str]] = {
    "fr": {
        "category": "catégorie",
        "text": "texte",
        "integer": "entier",
        "number": "nombre",
        "boolean": "vrai ou faux",
        "date": "date",
        "time": "heure",
        "datetime": "date et heure",
        "list": "liste",
        "record": "enregistrement",
        "bytes": "octets",
    },
    "en": {
        "category": "category",
        "text": "text",
        "integer": "integer",
        "number": "number",
        "boolean": "true or false",
        "date": "date",
        "time": "time",
        "datetime": "date and time",
        "list": "list",
        "record": "record",
        "bytes": "bytes",
    },
}
_IS_TYPE: dict[str, Callable[[pa.DataType], bool]] = {
    "category": pa.types.is_dictionary,
    "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "integer": pa.types.is_integer,
    "number": lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind),
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "time": pa.types.is_time,
    "datetime": pa.types.is_timestamp,
    "record": pa.types.is_struct,
    "bytes": lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind),
}
_INPUT: dict[Language, dict[str, str]] = {
    "fr": {"id": "Identifiant du document.", "carried": "Repris de l'entrée."},
    "en": {"id": "The document's id.", "carried": "Kept from the input."},
}


def codebook(
    task: Task,
    *,
    id_column: str,
    carry_columns: Sequence[str],
    documents: pa.DataType | None = None,
    extends: EarlierRun | None = None,
    shifted: PseudonymRules | None = None,
) -> tuple[ColumnEntry, ...]:
    """Return one entry per column of a result, and per member of a record. Entries hold flat values only.

    `documents` is that of `glane.task.arrow.columns`: given where documents are grouped. `extends` is the run of which
    values are kept, and `shifted` by which rules the dates of the documents were shifted, if they were.

    `role` is input, field, annotation (of a field), member (of a record, `<field>.<member>`) or result.
    """
    language = task.language
    words = _INPUT[language] if documents is None else _INPUT[language] | _GROUPS[language]
    entries = [ColumnEntry(column=id_column, role="input", type="", description=words["id"])]
    days = None if shifted is None else shifted.most_days
    moved = () if shifted is None else shifted.shift_columns
    entries += [
        _carried(name, words["carried"], days if name in moved else None, language)
        for name in carry_columns
        if name != id_column
    ]
    if documents is not None:
        entries.insert(
            1, ColumnEntry(column=DOCUMENTS, role="input", type="list of struct", description=words[DOCUMENTS])
        )
    for column in columns(task, documents=documents):
        field = task.fields[column.field]
        if column.name == column.field:
            own = [_described(column.name, "field", field, language), *_members(column.name, field, task)]
            entries += own if days is None else [_with_shift(entry, days, language) for entry in own]
        else:
            entry = _annotation(column.name, column.type, field, task)
            if documents is not None and column.name.endswith("__evidence"):
                entry = entry.model_copy(update={"description": words["evidence"].format(column.field)})
            entries.append(entry)
    for one in (*RESULT_COLUMNS, *([] if extends is None else [REUSED])):
        word = type_word(one.type, language)
        entries.append(ColumnEntry(column=one.name, role="result", type=word, description=one.words[language]))
    return tuple(entries if extends is None else [_of_run(entry, extends, language) for entry in entries])


def _carried(name: str, description: str, days: int | None, language: Language) -> ColumnEntry:
    told = description if days is None else with_shift(description, days, language)
    return ColumnEntry(column=name, role="input", type="", description=told)


def with_shift(description: str, days: int, language: Language) -> str:
    """What is said of a column of dates, and that they were shifted, once."""
    said = _SHIFTED[language].format(days=days)
    return description if said in description else f"{description} {said}".strip()


def _with_shift(entry: ColumnEntry, days: int, language: Language) -> ColumnEntry:
    """The entry, with what became of dates, if it is of one."""
    if entry.role == "annotation" or "date" not in entry.type:  # the word of both languages
        return entry
    return entry.model_copy(update={"description": with_shift(entry.description, days, language)})


def _of_run(entry: ColumnEntry, extends: EarlierRun, language: Language) -> ColumnEntry:
    """The entry with the earlier run of which the column is kept, if it is."""
    if entry.role in ("input", "result") or entry.column.partition("__")[0].partition(".")[0] not in extends.reused:
        return entry
    said = _KEPT[language].format(run=extends.path, id=extends.id)
    return entry.model_copy(update={"description": f"{entry.description} {said}".strip()})


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
    description = ANNOTATIONS[task.language][what].format(base)
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
        type=type_word(kind, task.language),
        description=description,
        values="; ".join(values) or None,
    )


def type_word(kind: pa.DataType, language: Language) -> str:
    """An Arrow type in words, without details of storage."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{_TYPES[language]['list']} ({type_word(kind.value_type, language)})"
    word = next((name for name, is_it in _IS_TYPE.items() if is_it(kind)), None)
    return str(kind) if word is None else _TYPES[language][word]  # of what inputs may hold, as durations
