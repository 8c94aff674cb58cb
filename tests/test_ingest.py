"""Files become a data set of documents: which are found, what their ids are, what is refused, and what is told."""

from __future__ import annotations

import csv
import dataclasses
import errno
import hashlib
import os
import platform
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from polars.testing import assert_frame_equal

import glane
from conftest import extract_here, job_here, make_settings
from document_files import zipped
from glane.api.ingest import Ingested
from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.ingestion import data_set
from glane.ingestion.read_file import read_file
from glane.ingestion.rows import keys, status_of
from glane.ingestion.source import Passed, PassedOver, SourceFile, walk
from glane.ingestion.summary import ingest_summary, summary_lines
from glane.run.directory import RunDirectory
from glane.settings.ingest import LimitSettings, OptionSettings
from ingest_runs import ingest_told, read_alone

NOTE = (
    "Le patient de 45 ans s'est présenté aux urgences pour fièvre et toux depuis trois jours, sans signe de gravité. "
    "L'examen est normal, la radiographie aussi. Retour à domicile avec paracétamol et consignes de surveillance."
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    for name, text in {"a.txt": NOTE, "b/1.txt": "one", "b/2.txt": "two", "c.txt": ""}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def rows_of(source: Any, data: Path, **changes: Any) -> pl.DataFrame:
    read_alone(ingest_told(source, data, **changes))
    return pl.read_parquet(data / "*.parquet")


def found(*sources: Path | str) -> tuple[list[str], list[tuple[str, str]]]:
    """The paths of the files, and what was passed over: (why, name)."""
    listed = list(walk([str(one) for one in sources]))
    files = [os.fsdecode(one.path) for one in listed if isinstance(one, SourceFile)]
    passed = [(str(one.why), Path(os.fsdecode(one.place)).name) for one in listed if isinstance(one, PassedOver)]
    return files, passed


def test_a_document_is_a_row_with_what_is_known_of_its_file(source: Path, tmp_path: Path) -> None:
    rows = rows_of(source, tmp_path / "out", language=True)
    assert rows["path"].to_list() == ["a.txt", "b/1.txt", "b/2.txt", "c.txt"]
    assert rows["text"].to_list() == [NOTE, "one", "two", None]
    assert rows["outcome"].to_list() == ["OK", "OK", "OK", "EMPTY"]
    assert rows["language"].to_list() == ["fr", None, None, None]
    assert set(rows["source"]) == {str(source)}
    assert rows["bytes"].to_list() == [(source / path).stat().st_size for path in rows["path"]]
    digest = hashlib.sha256(NOTE.encode()).hexdigest()
    assert (rows["sha256"][0], rows["id"][0]) == (digest, digest[:24])
    seen = rows["modified"][0].timestamp()
    assert seen == pytest.approx((source / "a.txt").stat().st_mtime, abs=1e-3)


def test_the_result_is_the_same_however_it_is_cut_and_in_whatever_order_it_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.txt").write_text(f"{NOTE} {number % 7} {'mot ' * (number % 5)}", encoding="utf-8")
    one = rows_of(folder, tmp_path / "one", run__shard_rows=1)
    seven = rows_of(folder, tmp_path / "seven", run__shard_rows=7)
    bytes_ = rows_of(folder, tmp_path / "bytes", run__shard_rows=40, run__shard_bytes=1)
    assert_frame_equal(one, seven)
    assert_frame_equal(one, bytes_)
    assert one["duplicate_of"].null_count() == 35


def test_texts_that_do_not_fit_into_memory_make_the_same_data_set(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glane.ingestion import spill, work
    from glane.run import parts

    for number in range(30):
        (source / f"{number:02}.txt").write_text(f"{number} {'mot ' * (number % 9)}", encoding="utf-8")
    plain = rows_of(source, tmp_path / "plain", run__shard_rows=20)
    places = tmp_path / "places"
    places.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(places))
    monkeypatch.setattr(work, "_CHARACTERS_AT_ONCE", 10)
    monkeypatch.setattr(spill, "_IN_MEMORY", 1000)
    monkeypatch.setattr(parts, "_GROUP_BYTES", 3000)
    groups, named = [], []
    commit = parts.write_parquet

    def counted(table: Any, stream: Any, **options: Any) -> None:
        groups.append(-(-table.num_rows // options.get("row_group_size", table.num_rows)))
        named.extend(places.iterdir())
        commit(table, stream, **options)

    monkeypatch.setattr(parts, "write_parquet", counted)
    assert_frame_equal(rows_of(source, tmp_path / "out", run__shard_rows=20), plain)
    assert max(groups) == 3
    assert named == []  # what was spilled has no name that a killed process would leave behind


def test_a_spill_holds_little_in_memory() -> None:
    from glane.ingestion.spill import Spill

    before = pa.total_allocated_bytes()
    with Spill(pa.schema([("n", pa.int64()), ("text", pa.large_string())])) as spill:
        for number in range(16):
            spill.add(pa.table({"n": [number], "text": pa.array([chr(97 + number) * 2**25], pa.large_string())}))
        table = spill.table()
    assert table.nbytes > 2**29
    assert pa.total_allocated_bytes() - before < 2**28
    assert table["n"].to_pylist() == list(range(16))
    assert [text.as_py()[-1] for text in table["text"]] == [chr(97 + number) for number in range(16)]


def test_a_disk_of_temporary_files_that_is_full_is_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glane.ingestion import spill

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spill, "_IN_MEMORY", 0)
    with monkeypatch.context() as patch:
        patch.setattr(spill.tempfile, "TemporaryFile", full)
        with pytest.raises(
            AssertionError, match=r"No space left on device\. The texts .* set TMPDIR to a place with room"
        ):
            read_alone(ingest_told(source, tmp_path / "out"))
    assert RunDirectory(root=tmp_path / "out.run").committed_shards() == []
    assert rows_of(source, tmp_path / "out").height == 4


def test_several_files_of_the_data_set_follow_one_another(source: Path, tmp_path: Path) -> None:
    for number in range(30):
        (source / f"{number}.bin.txt").write_bytes(os.urandom(100_000).hex().encode())
    rows = rows_of(source, tmp_path / "out", run__record_mib=1, near_duplicates=None)
    assert len(list((tmp_path / "out").glob("*.parquet"))) >= 1
    assert rows["path"].to_list() == sorted(rows["path"], key=os.fsencode)
    assert rows.height == 34


def test_same_content_has_ids_that_are_unique_and_tell_the_first(source: Path, tmp_path: Path) -> None:
    for name in ("z.txt", "b/0.txt"):
        (source / name).write_text("one")
    rows = rows_of(source, tmp_path / "out")
    first = hashlib.sha256(b"one").hexdigest()[:24]
    same = rows.filter(pl.col("text") == "one")
    assert same["path"].to_list() == ["b/0.txt", "b/1.txt", "z.txt"]
    assert same["id"].to_list() == [first, f"{first}-2", f"{first}-3"]
    assert same["duplicate_of"].to_list() == [None, first, first]
    assert rows["id"].n_unique() == rows.height


def test_the_same_content_within_a_file_is_told_as_such(source: Path, tmp_path: Path) -> None:
    (source / "d.zip").write_bytes(zipped({"1.txt": b"same", "x/2.txt": b"same", "3.txt": b"one"}))
    rows = rows_of(source, tmp_path / "out")
    first, same = (hashlib.sha256(text).hexdigest()[:24] for text in (b"one", b"same"))
    members = rows.filter(pl.col("part") != "")
    assert members["id"].to_list() == [same, f"{same}-2", f"{first}-2"]
    assert members["duplicate_of"].to_list() == [None, same, first]


def test_a_file_of_a_time_that_no_calendar_has_is_read(source: Path, tmp_path: Path) -> None:
    for name, seconds in (("a.txt", 13_569_465_600), ("c.txt", -13_569_465_600)):
        os.utime(source / name, (seconds, seconds))
    rows = rows_of(source, tmp_path / "out")
    assert rows["text"].to_list() == [NOTE, "one", "two", None]
    assert rows["modified"][0] is None


def test_a_new_file_with_the_number_of_one_that_was_removed_is_listed(source: Path) -> None:
    listed = walk([str(source)])
    first = next(listed)
    assert isinstance(first, SourceFile)
    number = (source / "a.txt").stat().st_ino
    (source / "a.txt").unlink()
    (source / "b" / "1.txt").unlink()
    (source / "b" / "1.txt").write_text("new, and it may well have that number")
    if (source / "b" / "1.txt").stat().st_ino != number:
        pytest.skip("this file system gives other numbers")
    assert [one.path for one in listed if isinstance(one, SourceFile)] == [b"b/1.txt", b"b/2.txt", b"c.txt"]


def test_ids_stay_where_files_are_added_renamed_or_moved(source: Path, tmp_path: Path) -> None:
    before = rows_of(source, tmp_path / "before").filter(pl.col("text").is_not_null())
    (source / "0.txt").write_text("new")
    (source / "a.txt").rename(source / "b" / "moved.txt")
    after = rows_of(source, tmp_path / "after")
    assert dict(before.select("text", "id").iter_rows()).items() <= dict(after.select("text", "id").iter_rows()).items()


def test_documents_of_one_file_with_its_digest_are_told_apart_by_their_part() -> None:
    def document(part: str, digest: str) -> ParsedDocument:
        return ParsedDocument(outcome=Outcome.OK, media_type="text/csv", part=part, sha256=digest)

    rows = [document("", "ab" * 32), document("1", "ab" * 32), document("2", "cd" * 32)]
    found = keys(rows, b"/in/a.csv")
    assert len(set(found)) == 3
    assert found == keys(rows, b"/elsewhere/b.csv")
    assert found[2].hex() == "cd" * 12  # an attachment is known by its own bytes, as that file is elsewhere
    lost = [document("", "")]
    assert keys(lost, b"/in/a") != keys(lost, b"/in/b")


def test_nearly_the_same_texts_are_marked_and_kept(source: Path, tmp_path: Path) -> None:
    (source / "d.txt").write_text(NOTE + " Signé : interne.", encoding="utf-8")
    (source / "e.txt").write_text(NOTE.upper() + "\n\n", encoding="utf-8")
    (source / "f.txt").write_text(NOTE, encoding="utf-8")
    (source / "g.txt").write_text(" ".join(reversed(NOTE.split())), encoding="utf-8")
    rows = rows_of(source, tmp_path / "out")
    first = rows.row(by_predicate=pl.col("path") == "a.txt", named=True)["id"]
    near = dict(rows.select("path", "near_duplicate_of").iter_rows())
    assert near == {**dict.fromkeys(near), "d.txt": first, "e.txt": first}
    assert rows.row(by_predicate=pl.col("path") == "f.txt", named=True)["duplicate_of"] == first
    assert ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts.near_duplicates == 2
    none = rows_of(source, tmp_path / "none", near_duplicates=None)
    assert none["near_duplicate_of"].null_count() == none.height
    assert ingest_summary(RunDirectory(root=tmp_path / "none.run")).counts.near_duplicates is None


def test_names_that_are_no_text_are_kept_apart_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = [b"\xff.txt", b"\xfe.txt", b"line\nbreak.txt", b"=1+1.txt", b" blank .txt", "é.txt".encode(), b"a" * 250]
    for number, name in enumerate(names):
        (folder / os.fsdecode(name)).write_text(f"text {number}")
    rows = rows_of(folder, tmp_path / "out")
    assert sorted(rows["text"]) == [f"text {number}" for number in range(len(names))]
    assert rows["path"].n_unique() == len(names)
    assert {"\\xff.txt", "\\xfe.txt", "line\nbreak.txt"} <= set(rows["path"])


def test_what_is_no_file_to_be_read_is_told_and_the_rest_is_read_once(source: Path) -> None:
    (source / ".git").mkdir()
    (source / ".git" / "x.txt").write_text("x")
    (source / "~$a.docx").write_text("x")
    (source / "link.txt").symlink_to("a.txt")
    (source / "b" / "loop").symlink_to("..")
    (source / "broken").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.path.relpath(source / "socket"))
    files, passed = found(source)
    listening.close()
    assert files == ["a.txt", "b/1.txt", "b/2.txt", "c.txt"]
    assert sorted(passed) == [
        ("again", "link.txt"), ("again", "loop"), ("broken link", "broken"), ("hidden", ".git"), ("hidden", "~$a.docx"),
        ("special", "pipe"), ("special", "socket"),
    ]  # fmt: skip


def test_folders_files_and_globs_may_overlap(source: Path) -> None:
    files, passed = found(source / "b" / "1.txt", str(source / "*"), source)
    assert files == ["1.txt", "a.txt", "b/2.txt", "c.txt"]
    assert {why for why, _ in passed} == {Passed.AGAIN}
    assert found(str(source / "**" / "?.txt"))[0] == ["a.txt", "b/1.txt", "b/2.txt", "c.txt"]
    assert found(str(source / "*.txt"))[0] == ["a.txt", "c.txt"]
    (source / ".hidden.txt").write_text("named")
    assert found(source / ".hidden.txt")[0] == [".hidden.txt"]


def test_folders_may_lie_deeper_in_one_another_than_calls(tmp_path: Path) -> None:
    depth, before = 1200, Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        Path("x.txt").write_text("deep")
        files, passed = found(tmp_path)
        assert (files, passed) == (["d/" * depth + "x.txt"], [])
    finally:
        Path("x.txt").unlink()
        for _ in range(depth):  # what removes the folders of tests calls itself
            os.chdir("..")
            Path("d").rmdir()
        os.chdir(before)


def test_a_folder_that_cannot_be_listed_and_a_file_that_is_gone_are_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, real_stat = os.scandir, os.stat

    def scandir(path: str) -> Any:
        if str(path).endswith("/b"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    def stat(path: Any, **options: Any) -> Any:
        if str(path).endswith("in/c.txt"):
            raise FileNotFoundError(errno.ENOENT, "gone")
        return real_stat(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        patch.setattr(os, "stat", stat)
        files, passed = found(source)
        settings = ingest_told(source, tmp_path / "out")
        from glane.ingestion.work import IngestWork, prepare_ingest

        prepare_ingest(IngestWork(settings=settings))
    assert (files, passed) == (["a.txt"], [("unreadable", "b"), ("unreadable", "c.txt")])
    read_alone(settings)
    with open(tmp_path / "out" / "_needs_a_look.csv", encoding="utf-8", newline="") as stream:
        told = list(csv.DictReader(stream))
    listed = [(row["path"], row["outcome"], row["reason"], row["reason_fr"]) for row in told]
    missing = [(str(source / name), "MISSING", "unreadable", "illisible") for name in ("b", "c.txt")]
    assert listed == missing
    assert ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts.needs_a_look == 2


def test_files_that_vanish_or_change_after_they_were_listed_are_told(source: Path, tmp_path: Path) -> None:
    from glane.ingestion.inventory import changes_since
    from glane.ingestion.work import IngestWork, prepare_ingest

    settings = ingest_told(source, tmp_path / "out")
    run, is_listed_now = prepare_ingest(IngestWork(settings=settings))
    assert is_listed_now
    assert changes_since(run.directory) == []
    (source / "a.txt").unlink()
    (source / "b" / "1.txt").write_text("changed")
    (source / "new.txt").write_text("new")
    told = changes_since(run.directory)
    assert [line.partition(".")[0] for line in told] == ["new files since: 1", "changed since: 1", "gone since: 1"]
    read_alone(settings)
    rows = pl.read_parquet(tmp_path / "out" / "*.parquet")
    assert rows["outcome"].to_list() == ["UNREADABLE", "OK", "OK", "EMPTY"]
    assert rows["text"].to_list() == [None, "changed", "two", None]
    assert rows["sha256"].null_count() == 1


class Writing:
    """A parser in whose reading another program writes, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def read(self, path: Path) -> tuple[ParsedDocument, ...]:
        text = path.read_text()
        if self.times > 0:
            self.times -= 1
            path.write_text(f"{text}.")
        return (ParsedDocument(outcome=Outcome.OK, media_type="text/plain", text=text),)


def test_a_file_that_changes_while_it_is_read_is_read_again_or_told(tmp_path: Path) -> None:
    path = tmp_path / "growing.txt"
    path.write_text("text")
    assert [one.text for one in read_file(Writing(2), os.fsencode(path))] == ["text.."]
    (told,) = read_file(Writing(9), os.fsencode(path))
    assert (told.outcome, told.text) == (Outcome.UNREADABLE, "")
    assert told.reason.startswith("it was changed while it was read, 3 times")


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["OK"], "OK"), (["EMPTY"], "EMPTY"), (["EMPTY", "OK"], "OK"), (["CORRUPT"], "INVALID"), (["NEEDS_OCR"], "INVALID"),
        (["TIMED_OUT"], "REJECTED"), (["CORRUPT", "CRASHED"], "REJECTED"), (["TOO_LARGE", "OK"], "OK"),
    ],
)  # fmt: skip
def test_a_file_counts_as_its_documents(outcomes: list[str], status: str) -> None:
    assert status_of([Outcome(one) for one in outcomes]) == status


def test_nothing_stays_behind_where_nothing_is_to_be_read(source: Path, tmp_path: Path) -> None:
    for told, words in {
        str(tmp_path / "absent"): "source: there is no",
        str(source / "*.pdf"): "source: no file in",
        str(source / "absent" / "*"): "source: there is no",
    }.items():
        with pytest.raises(DataError, match=words):
            read_alone(ingest_told(told, tmp_path / "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_place_that_is_not_ours_is_refused_and_left_as_it_is(source: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.docx").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("theirs")
    for data, words in {"theirs": "holds other things", "file": "is no folder", "link": "is no folder"}.items():
        with pytest.raises(RunError, match=words):
            read_alone(ingest_told(source, tmp_path / data))
        assert not (tmp_path / f"{data}.run").exists()
    assert [path.name for path in theirs.iterdir()] == ["thesis.docx"]
    for data, run in ((source / "out", tmp_path / "run"), (tmp_path / "out", source / "b" / "run")):
        with pytest.raises(RunError, match="lies in the source"):
            read_alone(ingest_told(source, data, run__dir=str(run)))
    (tmp_path / "alias").symlink_to(".")
    for run in ("out/run", "alias/out/run", "theirs/../out/run", "alias"):
        with pytest.raises(RunError, match="lie in one another"):
            read_alone(ingest_told(source, tmp_path / "out", run__dir=str(tmp_path / run)))
    beside = rows_of(str(source / "*.txt"), source / "out")  # the pattern leads nowhere near it
    assert beside.height == 2


def test_an_empty_folder_is_taken_and_that_of_another_run_is_not(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert rows_of(source, tmp_path / "out").height == 4
    with pytest.raises(RunError, match=r"holds the data set of another run \(.*out\.run\)"):
        read_alone(ingest_told(source, tmp_path / "out", run__dir=str(tmp_path / "other")))
    assert not (tmp_path / "other").exists()


def test_a_folder_that_comes_while_files_are_read_is_not_replaced(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = data_set.find_links

    def find_links(*given: Any) -> Any:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.docx").write_text("mine")
        return real(*given)

    monkeypatch.setattr(data_set, "find_links", find_links)
    with pytest.raises(RunError, match="holds other things"):
        read_alone(ingest_told(source, tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]
    monkeypatch.setattr(data_set, "find_links", real)
    (tmp_path / "out" / "thesis.docx").unlink()
    assert rows_of(source, tmp_path / "out").height == 4


def test_a_full_disk_is_told_and_what_is_committed_stays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(data_set, "_write_files", full)
        with pytest.raises(GlaneError, match=r"The disk is full: free space and run the same command again"):
            read_alone(ingest_told(source, tmp_path / "out"))
    assert len(RunDirectory(root=tmp_path / "out.run").committed_shards()) == 4
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]
    assert rows_of(source, tmp_path / "out").height == 4


def test_a_run_is_what_it_is(source: Path, tmp_path: Path) -> None:
    rows = rows_of(source, tmp_path / "out")
    for changes, words in (
        ({"source": source / "b"}, "source"),
        ({"near_duplicates": 0.9}, "near_duplicates: 0.8 -> 0.9"),
        ({"options": {"attachments": False}}, "options.attachments: true -> false"),
    ):
        told: dict[str, Any] = {"source": source, **changes}
        with pytest.raises(RunError, match=words):
            read_alone(ingest_told(data=tmp_path / "out", **told))
    with pytest.raises(RunError, match=r"another kind \(ingest, and this is extraction\)"):
        extract_here(make_settings(tmp_path / "out", tmp_path / "out.run"))
    extract_here(make_settings(tmp_path / "out", tmp_path / "extraction"))
    with pytest.raises(RunError, match=r"another kind \(extraction, and this is ingest\)"):
        read_alone(ingest_told(source, tmp_path / "new", run__dir=str(tmp_path / "extraction")))
    assert not (tmp_path / "extraction" / "inventory.parquet").exists()
    assert_frame_equal(rows_of(source, tmp_path / "out"), rows)


OTHER_MACHINE = "import platform\nplatform.machine = lambda: 'riscv64'\n"


def test_a_kernel_that_does_not_confine_the_reader_is_told_once(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confined = read_alone(ingest_told(source, tmp_path / "confined")).directory
    by_kernel = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    assert ("seccomp" in "\n".join(summary_lines(confined))) != by_kernel
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(OTHER_MACHINE)  # the reader starts with it
    monkeypatch.syspath_prepend(tmp_path / "site")
    told = read_alone(ingest_told(source, tmp_path / "out", run__shard_rows=1)).directory
    (line,) = [line for line in summary_lines(told) if "seccomp" in line]
    assert platform.node() in line
    assert_frame_equal(
        pl.read_parquet(tmp_path / "out" / "*.parquet"), pl.read_parquet(tmp_path / "confined" / "*.parquet")
    )


def test_a_complete_run_whose_data_set_is_gone_is_told(source: Path, tmp_path: Path) -> None:
    rows_of(source, tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    done = job_here(f"source={source}", f"data.path={tmp_path / 'out'}", "run.energy=none", "language=false",
                    "run.lease_s=1", "run.heartbeat_s=0.2", name="ingest", check=2)  # fmt: skip
    assert "is gone, and its run is complete and keeps no texts" in done.stderr
    (tmp_path / "moved").rename(tmp_path / "out")
    again = job_here(f"source={source}", f"data.path={tmp_path / 'out'}", "run.energy=none", "language=false",
                     "run.lease_s=1", "run.heartbeat_s=0.2", name="ingest")  # fmt: skip
    assert "complete already, nothing to do" in again.stderr
    assert "read     4 files > 4 documents: OK 3, EMPTY 1" in again.stderr


@pytest.mark.parametrize(("language", "begins"), [("fr", "\ufeffid;source;"), ("en", "id,source,")])
def test_what_people_read_beside_the_data_is_as_spreadsheets_of_their_language_read_it(
    source: Path, tmp_path: Path, monkeypatch, language: str, begins: str
) -> None:
    monkeypatch.setenv("GLANE_LANG", language)
    (source / "x;y, z.bin").write_bytes(b"%PDF-1.7 broken")
    read_alone(ingest_told(source, tmp_path / "out"))
    read = Ingested(path=tmp_path / "out", directory=RunDirectory(root=tmp_path / "out.run"))
    assert (tmp_path / "out" / "_needs_a_look.csv").read_bytes().decode().startswith(begins)
    look = read.needs_a_look()
    assert look.columns == ["id", "source", "path", "part", "outcome", "reason", "reason_fr"]
    assert look["path"].to_list() == ["x;y, z.bin"]
    book = (tmp_path / "out" / "_codebook.csv").read_bytes().decode()
    assert book.startswith(begins.replace("id", "column").replace("source", "type"))
    assert "absent s'il n'y en a pas" in book


def test_a_reading_of_other_files_in_the_same_place_is_told_by_the_key_that_chose_the_place(
    source: Path, tmp_path: Path
) -> None:
    read_alone(ingest_told(source, tmp_path / "out"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "d.txt").write_text("three")
    for other, changes in ((tmp_path / "other", {}), (source, {"near_duplicates": None}), ([str(source)] * 2, {})):
        with pytest.raises(RunError, match=r"^data\.path: .*out is of a reading .*\n") as raised:
            read_alone(ingest_told(other, tmp_path / "out", **changes))
        assert "Choose another data.path" in str(raised.value)
        assert "run.dir" not in str(raised.value)
    with pytest.raises(RunError, match=r"^run\.dir: .*out\.run is of a reading .*\n(.*\n)*Choose another run\.dir"):
        read_alone(ingest_told(source, tmp_path / "elsewhere", run__dir=str(tmp_path / "out.run")))
    assert not (tmp_path / "elsewhere").exists()


def test_what_comes_out_is_extracted_from_and_read_by_others(source: Path, tmp_path: Path) -> None:
    rows = rows_of(source, tmp_path / "out")
    result = extract_here(
        make_settings(tmp_path / "out", tmp_path / "run", data__carry_columns=["path", "outcome", "pages", "metadata"])
    )
    assert result["id"].to_list() == rows["id"].to_list()
    assert result["path"].to_list() == rows["path"].to_list()
    assert result["status"].to_list()[-1] == "EMPTY"
    assert "EMPTY" not in result["status"].to_list()[:-1]
    assert ds.dataset(tmp_path / "out").to_table().num_rows == 4  # names with "_" are passed over
    query = f"SELECT count(DISTINCT id), count(text), count(metadata) FROM '{tmp_path}/out/*.parquet'"
    assert duckdb.sql(query).fetchall() == [(4, 3, 4)]
    with open(tmp_path / "out" / "_codebook.csv", encoding="utf-8", newline="") as stream:
        words = list(csv.DictReader(stream))
    assert [row["column"] for row in words] == rows.columns
    assert all(row["description"] and row["description_fr"] for row in words)


@pytest.mark.parametrize("group_access", [False, True])
def test_data_set_and_run_are_their_owners(group_access: bool, source: Path, tmp_path: Path) -> None:
    rows_of(source, tmp_path / "out", run__group_access=group_access)
    folder, file = ("2750", "640") if group_access else ("700", "600")
    for root in (tmp_path / "out", tmp_path / "out.run"):
        assert f"{root.stat().st_mode & 0o7777:o}" == folder
        assert {f"{path.stat().st_mode & 0o777:o}" for path in root.glob("*.*") if path.is_file()} == {file}


def test_no_text_of_a_document_is_anywhere_but_in_the_data_set(tmp_path: Path) -> None:
    secret, folder = "SECRETTEXT", tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(f"{secret} {NOTE}")
    (folder / "b.bin").write_bytes(b"\0" + secret.encode())
    rows = rows_of(folder, tmp_path / "out")
    assert secret in rows["text"][0]
    for path in [*(tmp_path / "out.run").rglob("*"), *(tmp_path / "out").glob("_*")]:
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
            if path.suffix == ".parquet":
                assert secret not in str(pl.read_parquet(path).to_dicts())


def test_limits_and_options_are_those_of_the_reader() -> None:
    own = {"files_per_process", "edits"}  # nothing that a user would choose
    for ours, theirs in ((LimitSettings(), Limits()), (OptionSettings(), Options())):
        told = {name: value for name, value in dataclasses.asdict(theirs).items() if name not in own}
        assert ours.model_dump() == told


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("near_duplicates=0.5", "near_duplicates: Input should be greater than or equal to 0.7"),
        ("limits.timeout_s=600", "run.hang_after_s=900 must be at least 4 times limits.timeout_s=600"),
        ("limits.max_page=3", "Did you mean 'limits.max_pages'"),
    ],
)
def test_a_wrong_word_is_told(word: str, said: str, source: Path, tmp_path: Path) -> None:
    done = job_here(f"source={source}", f"data.path={tmp_path / 'out'}", word, name="ingest", check=2)
    assert said in done.stderr
    assert not (tmp_path / "out.run").exists()


def test_the_run_lives_beside_the_data_set() -> None:
    assert ingest_told("in", Path("/data/out/")).run.dir == "/data/out.run"
    assert ingest_told("in", Path("/data/out"), run__dir="/elsewhere").run.dir == "/elsewhere"
    with pytest.raises(ConfigError, match="source"):
        ingest_told([], Path("/data/out"))


@pytest.mark.ray
def test_from_a_notebook(source: Path, tmp_path: Path) -> None:
    (source / "x.bin").write_bytes(b"\0\1")
    told: dict[str, Any] = {"run__energy": "none", "cluster__cpus": 1, "language": False}
    read = glane.ingest([source / "b", source], tmp_path / "out", run_dir=tmp_path / "run", **told)
    assert read.documents().collect()["path"].to_list() == ["1.txt", "2.txt", "a.txt", "c.txt", "x.bin"]
    assert read.needs_a_look()["path"].to_list() == ["x.bin"]
    assert read.counts["outcomes"] == {"OK": 3, "EMPTY": 1, "UNSUPPORTED": 1}
    assert f"look at  1, listed in {tmp_path}/out/_needs_a_look.csv" in str(read)
    again = glane.ingest([source / "b", source], tmp_path / "out", run_dir=tmp_path / "run", **told)
    assert again == read


def test_a_notebook_cannot_submit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"glane\.ingest works on this machine"):
        glane.ingest(tmp_path, tmp_path / "out", cluster={"kind": "slurm"})


def test_small_tables_are_joined_into_row_groups_that_are_as_large_as_they_shall_be_and_no_larger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 1000
    monkeypatch.setattr(data_set, "_ROW_GROUP_BYTES", limit)
    tables = [pa.table({"number": list(range(size))}) for size in (10, 60, 60, 1, 300, 5, 2, 130, 3)]
    groups = list(data_set._row_groups(iter(tables)))
    assert pa.concat_tables(groups).equals(pa.concat_tables(tables))
    assert [group.num_rows for group in groups] == [130, 301, 137, 3]
    assert all(group.nbytes >= limit for group in groups[:-1])
