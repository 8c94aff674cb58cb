"""What the columns say that only the flat table of a result has (`glane.extraction.tables.line_list`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl
import pyarrow as pa

from glane.extraction.codebook import ANNOTATIONS, type_word
from glane.extraction.tables import line_list
from glane.types import Language

ROLE = "line_list"
_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "quote": "Tableau à plat : la citation qui montre {} ; d'une liste, celles des éléments, entre « ; ».",
        "start": "Tableau à plat : où la citation de {} commence dans le texte, en caractères Unicode, à partir de 0.",
        "end": "Tableau à plat : où la citation de {} finit dans le texte, ce caractère non compris.",
        "alignment": "Tableau à plat : comment la citation de {} a été retrouvée (exact, normalised, fuzzy, none).",
        "supports": "Tableau à plat : vrai si {} se lit dans sa propre citation.",
        "quote_mass": "Tableau à plat : part de probabilité que la copie a laissée au début de la citation de {}, de 0 "
        "(le modèle voulait citer autre chose que le texte) à 1.",
        "document": "Tableau à plat : le document du groupe où se trouve la citation de {}.",
        "count": "Tableau à plat : nombre d'éléments de {}.",
        "item": "Tableau à plat d'une ligne par élément de {} (explode) : numéro de l'élément, à partir de 0 ; vide "
        "s'il n'y en a pas.",
        "other": "Tableau à plat : une partie de {}.",
    },
    "en": {
        "quote": 'Flat table: the quote that shows {}; of a list, those of its items, joined by "; ".',
        "start": "Flat table: where the quote of {} begins in the text, in code points, from 0.",
        "end": "Flat table: where the quote of {} ends in the text; this code point does not belong to it.",
        "alignment": "Flat table: how the quote of {} was found (exact, normalised, fuzzy, none).",
        "supports": "Flat table: true if {} can be read in its own quote.",
        "quote_mass": "Flat table: share of probability that copying left to the beginning of the quote of {}, from 0 "
        "(the model wanted to quote what is not in the text) to 1.",
        "document": "Flat table: the document of the group that the quote of {} is in.",
        "count": "Flat table: number of items of {}.",
        "item": "Flat table with a row for each item of {} (explode): the number of the item, from 0; null where there "
        "is none.",
        "other": "Flat table: a part of {}.",
    },
}  # fmt: skip


def flat_entries(
    schema: pl.Schema, fields: Sequence[str], known: Collection[str], language: Language
) -> list[dict[str, str]]:
    """An entry (column, role, type, description) for each column of a flat table that is not `known`.

    Args:
        schema: of the result.
        fields: of the task.
        known: the columns that the codebook of the result has.
        language: of the descriptions.
    """
    nothing = pl.LazyFrame(schema=schema)
    lists = [name for name in fields if isinstance(schema[name], pl.List)]
    columns: dict[str, pa.DataType] = {}
    for explode in (None, *lists):
        table = line_list(nothing, fields, explode=explode).collect().to_arrow(compat_level=pl.CompatLevel.oldest())
        columns |= {column.name: column.type for column in table.schema}
    found = []
    for name, kind in columns.items():
        if name not in known:
            stem, _, what = name.rpartition("__")
            words = _WORDS[language].get(what) or ANNOTATIONS[language].get(what) or _WORDS[language]["other"]
            described = {"column": name, "role": ROLE, "type": type_word(kind, language)}
            found.append({**described, "description": words.format(stem or name)})
    return found
