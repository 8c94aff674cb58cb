"""Files of separated values: the line that glane proposes reads them as they are."""

import csv
import io
import re

import polars as pl
import pytest

from conftest import SMALL_TASK, make_settings, write_documents
from glane.corpus.find import find_files
from glane.corpus.formats import conversion
from glane.corpus.garbled import is_garbled
from glane.errors import DataError
from glane.extraction.prepare import draft
from glane.task.task import load_task

ROWS = [
    ["finess", "commune", "poids", "texte"],
    ["010008407", "01004", "3,5", "Fièvre à 39,2 ; toux\ndepuis 3 jours, « œdème »"],
    ["750100042", "75056", "12,0", 'Il dit "non" | rien\tde plus'],
    ["2A0000014", "2A004", "70", "L’enfant va bien"],
]


def written(path, *, separator, encoding, rows=ROWS):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def run_line(said):
    """Run the proposed line as somebody would who pastes it."""
    line = re.search(r"(pl\.read_csv\(.*?\)\.write_parquet\(\".*?\"\))", said)[1]
    exec(line, {"pl": pl})
    return pl.read_parquet(re.search(r'write_parquet\("(.*?)"\)', line)[1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("name", ["liste.csv", "a folder/été n° 1.txt", "x.tsv", "UPPER.CSV"])
def test_the_proposed_line_gives_the_file_back(tmp_path, encoding, separator, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    path = written(tmp_path / name, separator=separator, encoding=encoding)
    said = conversion(path)
    found = run_line(said)
    assert found.columns == ROWS[0]
    assert [list(row) for row in found.rows()] == ROWS[1:]
    assert ("decimal comma" in said) == (separator != ",")


def test_no_cell_is_shown_and_long_files_are_read_to_their_end_for_the_encoding(tmp_path):
    rows = [["id", "texte"], *([[f"{i:07}", "rien de particulier " * 20] for i in range(6000)]), ["x", "é"]]
    path = written(tmp_path / "long.csv", separator=";", encoding="cp1252", rows=rows)
    said = conversion(path)
    assert 'encoding="cp1252"' in said
    assert "rien" not in said
    assert run_line(said).height == 6001


@pytest.mark.parametrize("content", [b"", b"one column\nof words\n", b"\x00\xff\x00"])
def test_what_is_no_table_is_told_without_a_guess(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    assert 'separator="…", encoding="…"' in conversion(tmp_path / "a.csv")
    assert 'separator="…"' in conversion(tmp_path / "nowhere.csv")


def test_a_folder_of_csv_is_told_with_the_path_of_one(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    path = written(tmp_path / "in" / "deep" / "a.csv", separator=";", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        find_files(str(tmp_path / "in"))
    assert f'pl.read_csv("{path}", separator=";", infer_schema=False)' in str(refused.value)


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
