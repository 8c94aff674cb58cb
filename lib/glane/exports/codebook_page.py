"""The codebook of an export as a page that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Mapping

from glane.assess.pages.page import decimal, heading, page, paragraph, table
from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.words import KINDS, ROLES, SENTENCES
from glane.languages import clauses, explained
from glane.types import Language

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "Dictionnaire des colonnes",
        "from": "Tâche {task} {version}, modèle {model}, extraction {run} (empreinte {fingerprint}).",
        "language": "Descriptions et libellés sont ceux de la tâche et de sa langue.",
        "table": "Table {name} : {rows} lignes",
        "key": "Clé : {key}.",
        "child": "Clé : {key}. Se joint à {parent} par {shared}.",
        "head": "nom|description|type|valeurs et libellés|rôle|colonne de l'extraction",
        "bounds": "de {low} à {high}",
        "zone": "heures de {zone}",
        "reasons": "Pourquoi elle est vide : {name}.",
    },
    "en": {
        "title": "Codebook",
        "from": "Task {task} {version}, model {model}, run {run} (fingerprint {fingerprint}).",
        "language": "Descriptions and labels are those of the task and its language.",
        "table": "Table {name}: {rows} rows",
        "key": "Key: {key}.",
        "child": "Key: {key}. Joined to {parent} by {shared}.",
        "head": "name|description|type|values and labels|role|column of the run",
        "bounds": "from {low} to {high}",
        "zone": "times of {zone}",
        "reasons": "Why it is empty: {name}.",
    },
}


def codebook_page(bundle: Bundle) -> bytes:
    """The page, in UTF-8; its words are there in both languages."""
    origin = bundle.origin
    title = f"{_WORDS[origin.language]['title']} – {origin.task}"
    found = page(title, lambda language: _body(bundle, language), language=origin.language, toy=origin.toy)
    return found.encode()


def _body(bundle: Bundle, language: Language) -> str:
    words, origin = _WORDS[language], bundle.origin
    told = words["from"].format(
        task=origin.task,
        version=origin.task_version,
        model=origin.model,
        run=origin.run,
        fingerprint=origin.fingerprint,
    )
    parts = [heading(words["title"], 1), paragraph(told), paragraph(words["language"])]
    if origin.shifted is not None:
        parts.append(paragraph(SENTENCES[language]["shifted"].format(origin.shifted)))
    if not origin.is_complete:
        parts.append(paragraph(SENTENCES[language]["part"]))
    return "".join([*parts, *(_table(one, language) for one in bundle.tables)])


def _table(one: Table, language: Language) -> str:
    words = _WORDS[language]
    key = ", ".join(one.key)
    about = words["key"].format(key=key)
    if one.parent is not None:
        about = words["child"].format(key=key, parent=one.parent, shared=", ".join(one.key[:-1]))
    rows = decimal(one.rows.height, language, digits=0)
    return "".join(
        [
            heading(words["table"].format(name=one.name, rows=rows)),
            paragraph(one.description),
            paragraph(about),
            table(words["head"].split("|"), [_row(each, language) for each in one.variables], text_columns=6),
        ]
    )


def _row(one: Variable, language: Language) -> list[str]:
    words = _WORDS[language]
    described = [one.description]
    if one.reasons is not None:
        described.append(words["reasons"].format(name=one.reasons))
    kind = [KINDS[language][one.kind]]
    if one.minimum is not None or one.maximum is not None:
        ends = ("–" if end is None else f"{end:g}" for end in (one.minimum, one.maximum))
        kind.append(words["bounds"].format(**dict(zip(("low", "high"), ends, strict=True))))
    if one.zone is not None:
        kind.append(words["zone"].format(zone=one.zone))
    codes = [
        explained(code, one.labels[code], language) if code in one.labels else code
        for code in one.categories or one.labels
    ]
    return [
        one.name,
        " ".join(described),
        ", ".join(kind),
        clauses(codes, language),
        ROLES[language][one.role],
        one.source,
    ]
