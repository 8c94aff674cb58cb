"""Files of a run replaced: killed at every step, no half passes for a whole run, and the same call ends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from dying import dying, each_death
from glane.errors import RunError
from glane.parquet import read_parquet, write_parquet
from glane.run.change import change_under_way as read_change
from glane.run.change import changing, refuse_changed
from glane.run.digests import read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.journal import Journal


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    extract_here(make_settings(write_documents(folder / "d.parquet", ["a", "b", "c"]), folder / "run"))
    return folder


@pytest.fixture
def directory(made, tmp_path) -> RunDirectory:
    shutil.copytree(made / "run", tmp_path / "run", symlinks=True)
    return RunDirectory(root=tmp_path / "run")


def marked(directory: RunDirectory, *, of: str = "all") -> None:
    """Its records with a mark in their footer, and its log without a line: other bytes, the same rows."""
    with changing(directory, command="glane test", of=of) as at_work:
        for path in sorted(directory.records.glob("*.parquet")):
            table = read_parquet(path)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"mark": b"1"})
            at_work.replace(path, lambda stream, table=table: write_parquet(table, stream))
        at_work.replace(directory.ledger / "starts.jsonl", lambda stream: stream.write(b"{}\n"))
        at_work.remove(directory.ledger / "shards.parquet")


def test_what_was_replaced_is_whole_and_the_digests_tell_it(directory):
    before = read_digests_of_run(directory)
    rows = glane.open_run(directory.root).all().collect()
    marked(directory)
    found = glane.verify(directory.root)
    assert found.is_as_it_was
    assert "files replaced by glane test on " in str(found)
    assert f"the digest of all digests was {before.own} before" in str(found)
    assert glane.open_run(directory.root).all().collect().equals(rows)
    (entry,) = read_digests_of_run(directory).renewed
    assert (entry.command, entry.before) == ("glane test", before.own)
    marked(directory)
    assert read_digests_of_run(directory).renewed[0] == entry
    assert not list(directory.root.rglob("*.tmp"))
    assert not (directory.root / "change.json").exists()


def test_killed_at_any_step_no_half_passes_and_the_same_call_ends_it(directory, tmp_path):
    shutil.copytree(directory.root, tmp_path / "kept", symlinks=True)
    seen = 0
    for _ in each_death(lambda: marked(directory), {"replace", "unlink"}):
        begun = (directory.root / "change.json").exists()
        if begun:
            with pytest.raises(RunError, match=r"glane test replaces files of this run since .* run the same command"):
                glane.open_run(directory.root)
            with pytest.raises(RunError, match="glane test replaces files"):
                marked(directory, of="something else")
            seen += 1
        else:
            assert glane.verify(directory.root).is_as_it_was
        marked(directory)
        assert glane.verify(directory.root).is_as_it_was
        assert len(read_digests_of_run(directory).renewed) == 1
        assert not list(directory.root.rglob("*.tmp"))
        shutil.rmtree(directory.root)
        shutil.copytree(tmp_path / "kept", directory.root, symlinks=True)
    assert seen > 7


def test_killed_within_a_line_the_same_call_goes_on_with_the_lines_before_it(directory):
    assert dying(lambda: marked(directory), 3, {"replace"})  # change.json, and the first file, are there
    journal = directory.root / "change.jsonl"
    lines = journal.read_bytes()
    for cut in range(1, len(lines.splitlines()[-1]) + 1):
        journal.write_bytes(lines[:-cut])
        read = Journal(journal, change=read_change(directory).id, known={}, mode=0o600)
        assert len(read.files) == lines.count(b"\n") - 1
        assert journal.read_bytes() == b"".join(lines.splitlines(keepends=True)[:-1])
    marked(directory)
    assert glane.verify(directory.root).is_as_it_was
    assert not journal.exists()


def test_a_line_of_a_journal_costs_the_same_however_many_there_are(directory, monkeypatch):
    journal = Journal(directory.root / "change.jsonl", change="one", known={}, mode=0o600)
    for at in range(300):
        journal.add(f"parts/part-{at:07d}.parquet", ("0" * 32,))
    size = (directory.root / "change.jsonl").stat().st_size
    assert size < 300 * 200
    again = Journal(directory.root / "change.jsonl", change="one", known={}, mode=0o600)
    assert again.files == journal.files
    assert Journal(directory.root / "change.jsonl", change="two", known={}, mode=0o600).files == {}
    assert not (directory.root / "change.jsonl").exists()


def test_a_file_that_was_changed_before_is_not_hidden_by_new_digests(directory):
    (path,) = directory.records.glob("*.parquet")
    pl.read_parquet(path).write_parquet(path)
    with pytest.raises(RunError, match=r"records-00000.parquet: was changed since its digest was taken"):
        marked(directory)
    assert not (directory.root / "change.json").exists()  # nothing was replaced
    path.unlink()
    with pytest.raises(RunError, match="Restore it from a copy"):
        marked_one(directory, path)


def test_who_may_read_the_run_may_read_what_was_replaced(directory):
    for path in directory.root.rglob("*"):
        if path.is_file():
            path.chmod(0o640)
    marked(directory)
    assert {path.stat().st_mode & 0o777 for path in directory.root.rglob("*") if path.is_file()} == {0o640}


def marked_one(directory: RunDirectory, path: Path) -> None:
    with changing(directory, command="glane test", of="") as at_work:
        at_work.replace(path, lambda stream: stream.write(b"x"))


def test_of_two_at_once_one_is_refused(directory):
    with changing(directory, command="glane test", of="all"), pytest.raises(RunError, match="another process"):
        marked(directory)
    assert glane.verify(directory.root).is_as_it_was


def test_a_run_begins_no_work_while_its_files_are_replaced(made, directory):
    settings = make_settings(made / "d.parquet", directory.root)
    assert dying(lambda: marked(directory), at=15)
    assert not glane.verify(directory.root).is_as_it_was
    with pytest.raises(RunError, match="glane test replaces files"):
        extract_here(settings)


@pytest.mark.parametrize("half", ["", '{"kind": "gl'])
@pytest.mark.parametrize("whose", ["same", "next"])
def test_who_only_looks_leaves_the_journal_of_a_change_at_work(directory, whose, half):
    """A line may be half written when it is read, and one change may end and the next begin between the two files."""
    with changing(directory, command="glane test", of="all") as at_work:
        journal = directory.root / "change.jsonl"
        change = at_work.change.id if whose == "same" else "0" * 16
        Journal(journal, change=change, known={}, mode=0o600).add("run.yaml", ("a",))
        with journal.open("a") as stream:
            stream.write(half)
        before = journal.read_bytes()
        refuse_changed(directory, [directory.description])
        assert journal.read_bytes() == before
