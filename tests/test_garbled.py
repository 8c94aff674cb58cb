"""Texts whose accents were read in a wrong encoding before they became Parquet are seen, and told without a word."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import SMALL_TASK, make_settings, write_documents
from glane.corpus.files import inspect_files
from glane.corpus.garbled import garbled_lines, is_garbled
from glane.extraction.prepare import draft
from glane.task.task import load_task


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("FiÃ¨vre Ã  39 Â°C", True), ("lâ€™enfant", True), ("lâ\x80\x99enfant", True), ("Å“dÃ¨me", True), ("Ã‰tat stable", True),
        ("ï»¿Note", True), ("Fi\ufffdvre", True),
        ("Fièvre à 39 °C, « œdème » de l’enfant", False), ("PÂLEUR, ÂGE, MÂCHOIRE. SÃO PAULO", False), ("Âge : 67 ans", False),
        ("plain", False), ("", False), ("Le gâteau, l’âme – bien", False),
    ],
)  # fmt: skip
def test_letters_of_a_wrong_encoding_are_seen(text, wrong):
    assert is_garbled(text) == wrong


@pytest.mark.parametrize(
    "original", ["Fièvre élevée", "L’enfant va bien", "37 °C", "à jeun", "État « stable »", "cœur"]
)
def test_whatever_is_read_in_another_encoding_is_seen(original):
    assert not is_garbled(original)
    assert is_garbled(original.encode().decode("cp1252", "replace"))
    assert is_garbled(original.encode().decode("latin-1"))


@pytest.mark.parametrize("letters", ["a", "é", "’", "😀"])
@pytest.mark.parametrize("before", range(4))
def test_of_a_huge_text_the_beginning_is_looked_at_and_its_last_letter_is_not_cut(tmp_path, letters, before):
    def warned(text):
        data = write_documents(tmp_path / "d.parquet", [text])
        files = inspect_files(str(data), id_column="id", text_column="text", carry_columns=[])
        return garbled_lines(files, "text")

    long = "b" * before + letters * 150_000
    assert not warned(long)
    assert warned("Fi\ufffdvre " + long)
    assert warned("FiÃ¨vre " + long)


def test_bytes_that_are_no_utf8_are_warned_of(tmp_path):
    for text in (b"Fi\xe8vre", b"a" * 99_990 + b"\xe8 " + b"a" * 9_000):
        column = pa.array([text], pa.large_binary()).cast(pa.large_string(), safe=False)
        pq.write_table(pa.table({"id": ["a"], "text": column}), tmp_path / "d.parquet")
        files = inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text", carry_columns=[])
        assert garbled_lines(files, "text")


def test_an_extraction_warns_of_them_without_a_word(tmp_path):
    def notes(texts):
        data = write_documents(tmp_path / "d.parquet", texts)
        return [
            line
            for line in draft(make_settings(data, tmp_path / "run"), load_task(SMALL_TASK), None).notes
            if "wrong" in line
        ]

    assert notes(["Fièvre", None, ""]) == []
    (line,) = notes(["FiÃ¨vre secrÃ¨te", "Toux", "lâ€™enfant", None])
    assert line.startswith("warning: 2 of the first 4 documents have letters of a wrong encoding")
    assert "secr" not in line


def test_one_bad_file_of_many_is_found(tmp_path):
    for number in range(50):
        text = "FiÃ¨vre" if number in (0, 49) else "Fièvre"
        ids = [f"{number}-{i}" for i in range(3)]
        pl.DataFrame({"id": ids, "text": [text] * 3}).write_parquet(tmp_path / f"d{number:02}.parquet")
    settings = make_settings(tmp_path / "*.parquet", tmp_path / "run")
    (line,) = [one for one in draft(settings, load_task(SMALL_TASK), None).notes if "wrong" in one]
    assert line.startswith("warning: 6 of the first 60 documents, in 2 of 20 files, as ")
    assert "d00.parquet have" in line
