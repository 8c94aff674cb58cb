"""What is left of erased documents is searched for in many files at once, and told of each."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.errors import UnreadableError
from glane.job.erase import pieces, standing, tables
from glane.job.erase.ids import ids_told_by
from glane.job.erase.pieces import Found, sought
from glane.job.erase.search import found_in_bytes, found_in_files
from glane.job.erase.standing import Standing

TEXT = "Zzyzx Quaresmo habite l'impasse des Glycines bleues, et tousse depuis trois jours."
SOUGHT = sought(["PAT-12", "PAT-77"], [TEXT], [])


def made(folder: Path) -> dict[Path, Found]:
    """Files, and what stands in each."""
    files = {
        "a.json": (json.dumps({"id": "PAT-12"}), Found({"PAT-12"})),
        "b.txt": ("PAT-123, PAT-7 7", Found()),
        "c.html": ("<p>PAT-77</p> <p>PAT-12</p>", Found({"PAT-12", "PAT-77"})),
        "d.txt": (TEXT.upper(), Found(set(), {*SOUGHT.pieces})),
        "e.txt": ("", Found()),
    }
    for name, (content, _) in files.items():
        (folder / name).write_text(content)
    return {folder / name: found for name, (_, found) in files.items()}


@pytest.mark.parametrize("at_once", [1, 90, 1 << 24])
def test_what_stands_in_each_file_is_told_however_many_are_searched_at_once(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(pieces, "_AT_ONCE", at_once)
    wanted = made(tmp_path)
    assert found_in_files(dict.fromkeys(wanted), SOUGHT) == wanted


def test_a_file_that_cannot_be_read_is_told_and_others_are_searched(tmp_path):
    wanted = made(tmp_path)
    (tmp_path / "a.json").unlink()
    found = found_in_files(dict.fromkeys(wanted), SOUGHT)
    assert isinstance(found.pop(tmp_path / "a.json"), FileNotFoundError)
    assert found == {path: one for path, one in wanted.items() if path.name != "a.json"}


def test_what_a_file_would_hold_is_searched_in_place_of_what_it_does(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("PAT-12")
    assert found_in_files({path: b"PAT-77"}, SOUGHT) == {path: Found({"PAT-77"})}


def test_many_small_files_are_searched_by_one_automaton(tmp_path, monkeypatch):
    for at in range(50):
        (tmp_path / f"{at}.txt").write_text(f"{TEXT} {at}")
    made_for = []

    def counted(names, texts):
        made_for.append(names)
        return standing.occurring(names, texts)

    monkeypatch.setattr(pieces, "occurring", counted)
    found = found_in_files(dict.fromkeys(tmp_path.iterdir()), SOUGHT)
    assert len(found) == 50
    assert all(found.values())
    assert made_for == [SOUGHT.pieces]


@pytest.mark.parametrize("before", range(12))
def test_an_id_is_found_where_one_part_of_the_bytes_ends_and_the_next_begins(monkeypatch, before):
    monkeypatch.setattr(standing, "_PART", 8)
    assert found_in_bytes(b"\xff" * before + b" PAT-12 ", SOUGHT).ids == {"PAT-12"}


@given(text=st.text("ab1-é \0\ud800", max_size=30), ids=st.sets(st.text("ab1-é", min_size=1, max_size=3), min_size=1))
def test_an_id_stands_by_itself_where_no_letter_or_digit_is_beside_it(text, ids):
    held = {one for one in ids if re.search(rf"(?<![ab1é]){re.escape(one)}(?![ab1é])", text)}
    assert [*Standing(ids).in_each([text, ""])] == [held, set()]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_which_ids_a_table_has_is_told_by_one_reading_of_it(tmp_path, monkeypatch, name):
    path = tmp_path / name
    rows = pl.DataFrame({"id": [1234567891, 5], "visit": ["PAT-12", "7"], "note": ["PAT-7777", "8"]})
    rows.write_csv(path) if path.suffix == ".csv" else rows.write_parquet(path)
    read = []
    for module, what in ((tables, "open_parquet"), (tables.csv, "reader")):
        reads = getattr(module, what)
        monkeypatch.setattr(module, what, lambda *one, reads=reads, **more: read.append(one) or reads(*one, **more))
    asked = {"1234567891", "5", "PAT-12", "7", "8", "PAT-7777", *map(str, range(100, 200))}
    anywhere = {"PAT-7777"} if path.suffix == ".parquet" else set()
    assert ids_told_by(path, asked, {"visit"}) == {"1234567891", "5", "PAT-12", "7"} | anywhere
    assert len(read) == 1


def packed(folder: Path) -> dict[str, bytes]:
    """Files of which what is packed in them can be read no more."""
    rows = pl.DataFrame({"id": [f"PAT-{at}" for at in range(2000)], "text": [f"{TEXT} {at}" for at in range(2000)]})
    rows.write_parquet(folder / "whole.parquet", compression="zstd")
    whole = (folder / "whole.parquet").read_bytes()
    plain = json.dumps(rows["text"].to_list()).encode()
    with zipfile.ZipFile(sink := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", plain)
    zipped, gzipped = sink.getvalue(), gzip.compress(plain)
    return {
        "cut.parquet": whole[:-8], "page.parquet": whole[:4] + bytes(len(whole) // 2) + whole[len(whole) // 2 + 4 :], "cut.zip": zipped[:-30],
        "entry.zip": zipped[:60] + bytes(60) + zipped[120:], "cut.json.gz": gzipped[:-30],
        "within.zip": zipped_again(gzipped[:-30]),
    }  # fmt: skip


def zipped_again(content: bytes) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        archive.writestr("a.json.gz", content)
    return sink.getvalue()


def test_what_is_packed_in_a_damaged_file_is_told_as_not_searched(tmp_path):
    for name, content in packed(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        (error,) = found_in_files({tmp_path / name: None}, SOUGHT).values()
        assert isinstance(error, UnreadableError), name
        assert "cannot be read" in str(error)
        assert "Glycines" not in str(error)
