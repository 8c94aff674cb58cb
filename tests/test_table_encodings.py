"""The encoding of a table is found by all its bytes, as that of a document is; parts in two encodings are refused."""

import gzip
import json

import polars as pl
import pytest

from glane.tables.convert import convert
from glane.tables.options import TableOptions
from test_delimited import delimited, made, refused

FRENCH = ["Fièvre à 39 °C", "œdème de l’œil", "coût : 30 €", "Noël naïf, déjà ça", "forêt où il gèle"]
POLISH = ["gorączka i kaszel", "źródło zakażenia", "ból gardła", "część chorych", "łóżko, świąd"]
CZECH = ["horečka a kašel", "žádné příznaky", "tělesná zátěž", "úraz lýtka"]
GERMAN = ["Übelkeit", "größte Schmerzen", "Schwäche", "müde"]


def rows_of(texts):
    return [["id", "texte"], *([f"k{i}", text] for i, text in enumerate(texts))]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("cp1252", FRENCH), ("mac_roman", FRENCH), ("iso8859_15", [t.replace("’", "'") for t in FRENCH]),
        ("cp850", ["Fièvre à 39 °C", "déjà ça", "forêt où il gèle"]), ("cp1252", GERMAN), ("cp850", GERMAN),
        ("cp1250", POLISH), ("cp1250", CZECH), ("iso8859_2", POLISH), ("cp852", POLISH),
        ("utf-16", FRENCH), ("utf-16-le", FRENCH), ("utf-16-be", FRENCH), ("utf-16-le", ["a", "b"]), ("utf-32", POLISH),
        ("utf-8", POLISH), ("utf-8-sig", CZECH),
    ],
)  # fmt: skip
def test_texts_come_back_letter_by_letter(tmp_path, encoding, texts, separator):
    frame, _ = made(tmp_path, delimited(rows_of(texts), separator).encode(encoding))
    assert frame["texte"].to_list() == texts


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "mac_roman", "iso8859_15"])
def test_a_single_accent_at_the_end_of_many_rows_counts(tmp_path, encoding):
    last = {"cp1250": "źródło"}.get(encoding, "fièvre élevée")
    texts = [*["rien de particulier " * 20] * 20_000, last]
    frame, _ = made(tmp_path, delimited(rows_of(texts)).encode(encoding))
    assert frame["texte"][-1] == last


def test_what_is_found_is_told_and_what_is_told_is_taken(tmp_path):
    assert "Windows-1250" in made(tmp_path, delimited(rows_of(POLISH)).encode("cp1250"))[1].line()
    assert "UTF-16" in made(tmp_path, delimited(rows_of(POLISH)).encode("utf-16-be"))[1].line()
    frame, shape = made(tmp_path, delimited(rows_of(POLISH)).encode("cp1250"), encoding="cp1252")
    assert shape.encoding == "cp1252"
    assert frame["texte"].to_list() != POLISH


def test_parts_in_two_encodings_are_refused_by_the_line(tmp_path):
    half = delimited(rows_of(POLISH)).encode() + delimited(rows_of(POLISH)[1:]).encode("cp1250")
    refused(tmp_path, half, "line 7", "several encodings", "data.encoding")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_json_lines_of_each_unicode_are_read(tmp_path, encoding, is_packed):
    lines = "".join(json.dumps({"id": i, "t": text}, ensure_ascii=False) + "\n" for i, text in enumerate(POLISH))
    path = tmp_path / ("a.jsonl.gz" if is_packed else "a.jsonl")
    content = lines.encode(encoding)
    path.write_bytes(gzip.compress(content) if is_packed else content)
    convert(path, tmp_path / "a.parquet", options=TableOptions())
    assert pl.read_parquet(tmp_path / "a.parquet")["t"].to_list() == POLISH
