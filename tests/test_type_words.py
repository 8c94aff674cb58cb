"""Types of columns are told in words, in both languages, whatever library names them."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from glane.languages import in_language
from glane.type_words import both_type_words, type_words

_WORDS = [
    (pa.large_string(), "of type text", "texte"),
    (pa.string_view(), "of type text", "texte"),
    (pa.dictionary(pa.int32(), pa.string()), "of type text", "texte"),
    (pl.Categorical(), "of type text", "texte"),
    (pl.Enum(["a"]), "of type text", "texte"),
    (pl.Int64(), "of type whole number", "nombre entier"),
    (pa.uint8(), "of type whole number", "nombre entier"),
    (pa.float32(), "of type number", "nombre"),
    (pl.Decimal(9, 2), "of type number", "nombre"),
    (pl.Boolean(), "of type true or false", "vrai ou faux"),
    (pa.date64(), "of type date", "date"),
    (pl.Datetime("us", "UTC"), "of type date and time", "date et heure"),
    (pl.Time(), "of type time of day", "heure"),
    (pl.Duration("ms"), "of type length of time", "durée"),
    (pa.binary(4), "of type bytes", "octets"),
    (pl.List(pl.String()), "of type list", "liste"),
    (pl.Array(pl.Int8, 2), "of type list", "liste"),
    (pl.Struct({"a": pl.Int8()}), "of type record", "enregistrement"),
    (pa.map_(pa.string(), pa.int8()), "of type record", "enregistrement"),
    (pa.null(), "of type nothing (it has no value)", "vide (aucune valeur)"),
]


@pytest.mark.parametrize(("kind", "english", "french"), _WORDS)
def test_a_type_is_told_in_words(kind: pa.DataType | pl.DataType, english: str, french: str) -> None:
    assert type_words(kind) == english
    message = f"d.parquet: column 'x' is {english}; set data.id_column to one of: a, b."
    assert in_language(message, "fr").startswith(f"d.parquet\u00a0: la colonne 'x' est de type {french}\u00a0; donnez")


def test_two_types_of_the_same_words_are_told_with_their_names() -> None:
    assert both_type_words(pl.Int32(), pl.Int64()) == ("of type whole number (Int32)", "of type whole number (Int64)")
    assert both_type_words(pl.Int32(), pl.String()) == ("of type whole number", "of type text")
    message = "runs: the ids of a are of type whole number (Int32), those of b of type whole number (Int64)."
    assert in_language(message, "fr").count("de type nombre entier (Int") == 2
