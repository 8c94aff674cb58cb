"""What codebooks of exports say, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Language

RECORDS, CODEBOOK = "records", "codebook"  # the table of all rows, and that of what they are
LABELS = "libelles"  # the function of lire.R that puts labels in the place of codes: no table may have its name

STATUSES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "OK": "réponse valide",
        "EMPTY": "texte vide ou absent",
        "TOO_LONG": "trop long pour le modèle",
        "TRUNCATED": "réponse coupée",
        "INVALID": "réponse hors du schéma",
        "REJECTED": "illisible, ou refusé par le moteur",
    },
    "en": {
        "OK": "valid answer",
        "EMPTY": "empty or missing text",
        "TOO_LONG": "too long for the model",
        "TRUNCATED": "answer cut off",
        "INVALID": "answer outside the schema",
        "REJECTED": "unreadable, or refused by the engine",
    },
}
PRECISIONS: Mapping[Language, Mapping[str, str]] = {
    "fr": {"year": "année", "month": "mois", "day": "jour"},
    "en": {"year": "year", "month": "month", "day": "day"},
}
KINDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "text": "texte", "category": "catégorie", "boolean": "vrai ou faux", "integer": "entier", "number": "nombre",
        "date": "date", "time": "heure", "datetime": "date et heure",
    },
    "en": {
        "text": "text", "category": "category", "boolean": "true or false", "integer": "integer", "number": "number",
        "date": "date", "time": "time", "datetime": "date and time",
    },
}  # fmt: skip
ROLES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "key": "clé", "input": "entrée", "status": "statut", "value": "valeur", "reason": "raison de l'absence",
        "annotation": "annotation", "evidence": "preuve", "result": "résultat",
    },
    "en": {
        "key": "key", "input": "input", "status": "status", "value": "value", "reason": "reason for none",
        "annotation": "annotation", "evidence": "evidence", "result": "result",
    },
}  # fmt: skip
COLUMNS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "table": "table", "name": "nom", "column": "colonne", "role": "rôle", "kind": "type",
        "description": "description", "categories": "valeurs", "labels": "libellés", "minimum": "minimum",
        "maximum": "maximum", "nullable": "peut être vide", "reasons": "raisons dans",
    },
    "en": {
        "table": "table", "name": "name", "column": "column", "role": "role", "kind": "type",
        "description": "description", "categories": "values", "labels": "labels", "minimum": "minimum",
        "maximum": "maximum", "nullable": "may be empty", "reasons": "reasons in",
    },
}  # fmt: skip
SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "records": "Une ligne par document ou groupe retenu, quel que soit son statut ; seul OK a des valeurs.",
        "list": "Une ligne par élément de {} ; la clé est celle de {} et le numéro de l'élément, à partir de 1.",
        "position": "Numéro de l'élément de {}, à partir de 1.",
        "count": "Nombre d'éléments de {} ; vide s'il n'y a pas de liste.",
        "signs": "Signes qu'une valeur n'est pas celle du document : le signe, et les champs ou règles qu'il concerne.",
        "other": "Une partie de {}.",
        "input": "Repris de l'entrée.",
        "shifted": (
            "Des dates sont décalées de {} jours au plus, avec un décalage propre à chaque personne (à chaque "
            "document, si la personne n'est pas dite) ; les colonnes le disent. Les intervalles d'une personne restent "
            "; les périodes ne se comparent pas d'une personne à l'autre, et aucun décompte par semaine ou par mois "
            "n'est juste."
        ),
        "oldest": "[Un âge de plus de {} ans est donné comme {} ans.]",
        "part": "Une extraction en cours : ce qu'elle avait jusque-là.",
        "yes": "oui",
        "no": "non",
    },
    "en": {
        "records": "One row per selected document or group, whatever its status; only OK has values.",
        "list": "One row per item of {}; the key is that of {} and the number of the item, from 1.",
        "position": "Number of the item of {}, from 1.",
        "count": "Number of items of {}; empty where there is no list.",
        "signs": "Signs that a value is not the document's: the sign, and the fields or rules that it is of.",
        "other": "A part of {}.",
        "input": "Kept from the input.",
        "shifted": (
            "Dates are shifted by up to {} days, by another number for each person (each document, if no person is "
            "told); the columns say so. Intervals of a person stay; periods cannot be compared between persons, and no "
            "count by week or month is right."
        ),
        "oldest": "[An age above {} years is given as {} years.]",
        "part": "A run under way: what it had so far.",
        "yes": "yes",
        "no": "no",
    },
}
