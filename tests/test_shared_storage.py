"""A shared file system that cannot tell is asked again; what it says of absence is not believed at once."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, extract_here, make_settings, prepare_run, spec, work, write_documents
from glane import parquet, storage
from glane.errors import RunError
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.storage import exists, patiently, put_folder, replace_file, write_folder_once, write_once
from glane.task.task import load_task

UNKNOWN = [errno.ESTALE, errno.EIO, errno.ETIMEDOUT]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.time, "sleep", lambda _: None)


def failing(real: Callable[..., Any], times: int, number: int) -> Callable[..., Any]:
    left = [times]

    def call(*args: Any, **more: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return real(*args, **more)

    return call


@pytest.mark.parametrize("number", UNKNOWN)
def test_what_is_not_known_is_asked_again(number: int) -> None:
    assert patiently(failing(lambda: 7, 5, number)) == 7


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_an_answer_is_an_answer(number: int) -> None:
    calls = []

    def do() -> None:
        calls.append(1)
        raise OSError(number, "")

    with pytest.raises(OSError):
        patiently(do)
    assert len(calls) == 1


def test_the_wait_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(storage.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(storage.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with pytest.raises(OSError, match="Stale"):
        patiently(failing(lambda: 7, 10**9, errno.ESTALE))
    assert 25 < now[0] <= 30


@pytest.mark.parametrize("number", UNKNOWN)
@pytest.mark.parametrize("call", ["link", "replace", "open", "stat"])
def test_writes_are_repeated_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str) -> None:
    monkeypatch.setattr(os, call, failing(getattr(os, call), 2, number))
    assert write_once(tmp_path / "once", lambda stream: stream.write(b"1"), mode=0o600) is True
    assert write_once(tmp_path / "once", lambda stream: stream.write(b"2"), mode=0o600) is False
    replace_file(tmp_path / "again", lambda stream: stream.write(b"3"), mode=0o600)
    assert (tmp_path / "once").read_bytes() == b"1"
    assert (tmp_path / "again").read_bytes() == b"3"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "once"]


def test_a_lasting_fault_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_PATIENCE_S", 0.2)
    monkeypatch.setattr(os, "link", failing(os.link, 10**9, errno.EIO))
    with pytest.raises(RunError, match="nothing committed is lost"):
        write_once(tmp_path / "once", lambda stream: stream.write(b"1"), mode=0o600)
    assert list(tmp_path.iterdir()) == []


def test_existence_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").touch()
    monkeypatch.setattr(os, "stat", failing(os.stat, 3, errno.ESTALE))
    assert exists(tmp_path / "here")
    assert not exists(tmp_path / "absent")


@pytest.mark.parametrize("number", UNKNOWN)
def test_a_run_on_a_file_system_that_often_cannot_tell_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """One in ten of the calls that look or write below the run directory fails."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(120)])
    settings = make_settings(data, tmp_path / "run", run__shard_rows=8)
    rng, faults = random.Random(11), [0]

    def sometimes(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if args and str(args[0]).startswith(str(tmp_path / "run")) and rng.random() < 0.1:
                faults[0] += 1
                raise OSError(number, os.strerror(number), str(args[0]))
            return real(*args, **more)

        return call

    for name in (
        "stat",
        "lstat",
        "link",
        "replace",
        "scandir",
        "symlink",
        "readlink",
        "rename",
        "unlink",
        "open",
        "mkdir",
    ):
        monkeypatch.setattr(os, name, sometimes(getattr(os, name)))
    rows = extract_here(settings)
    assert rows["id"].to_list() == [f"d{i}" for i in range(120)]
    assert faults[0] > 20


def test_a_part_that_a_node_remembers_as_absent_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    run, _ = work(make_settings(data, tmp_path / "run", run__shard_rows=8))
    monkeypatch.setattr(parquet, "ParquetFile", failing(parquet.ParquetFile, 3, errno.ENOENT))
    finish_run(run, record_mib=1)
    assert run.directory.is_complete


def test_a_part_that_is_absent_is_told_at_once(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    run, _ = work(make_settings(data, tmp_path / "run", run__shard_rows=8))
    run.directory.part(2).unlink()
    with pytest.raises(RunError, match="not committed yet"):
        finish_run(run, record_mib=1)


def test_times_of_nodes_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node whose clock is a day behind works on half of the shards: the run did not take a day."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(64)])
    settings = make_settings(data, tmp_path / "run", run__shard_rows=8)
    run = prepare_run(settings, load_task(settings.task))
    from glane.run import parts, shards

    now, commits = parts.time.time, [0]

    def clock() -> float:
        return now() - (86_400 if commits[0] % 2 else 0)

    commit = shards.commit_part

    def counted(*args: Any, **more: Any) -> bool:
        commits[0] += 1
        more["started"] = clock() - 0.01
        monkeypatch.setattr(parts.time, "time", clock)
        try:
            return commit(*args, **more)
        finally:
            monkeypatch.setattr(parts.time, "time", now)

    monkeypatch.setattr(shards, "commit_part", counted)
    run_worker(spec(settings, run, "w"))
    finish_run(run, record_mib=1)
    assert run.directory.summary.exists()
    from glane.extraction.summary import ExtractionSummary
    from glane.run.summary import read_summary

    assert read_summary(run.directory, ExtractionSummary).seconds_working < 600


@pytest.mark.parametrize("number", [errno.EEXIST, errno.ENOTEMPTY, errno.EACCES, None])
def test_the_first_of_two_folders_stays(tmp_path: Path, number: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems say in two ways that a folder with something in it has the name."""
    target, rename = tmp_path / "one", os.rename

    def write(text: str) -> Callable[[Path], None]:
        return lambda folder: (folder / "a").write_text(text) and None

    assert write_folder_once(target, write("first"), mode=0o700)
    refuse = failing(rename, 1, number) if number is not None else rename
    monkeypatch.setattr(storage.os, "rename", refuse)
    if number == errno.EACCES:
        with pytest.raises(RunError, match=r"choose another out\.dir"):
            write_folder_once(target, write("second"), mode=0o700, setting="out.dir")
    else:
        assert not write_folder_once(target, write("second"), mode=0o700)
    assert (target / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("is_once", [True, False])
def test_a_folder_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch, is_once):
    """A crash of the machine after the renaming loses neither a file of the folder nor its name."""
    said, sync, rename = [], storage.sync, os.rename
    monkeypatch.setattr(storage, "sync", lambda path: said.append(("sync", path.name)) or sync(path))
    monkeypatch.setattr(
        storage.os, "rename", lambda one, other: said.append(("rename", other.name)) or rename(one, other)
    )

    def fill(folder: Path) -> None:
        (folder / "below").mkdir()
        (folder / "below" / "a").write_text("a")
        (folder / "b").write_text("b")

    target = tmp_path / "records"
    if is_once:
        assert write_folder_once(target, fill, mode=0o700)
    else:
        (tmp_path / "new").mkdir()
        fill(tmp_path / "new")
        put_folder(tmp_path / "new", target)
    at = said.index(("rename", "records"))
    assert {("sync", "a"), ("sync", "b"), ("sync", "below")} < set(said[:at])
    assert said[at + 1 :] == [("sync", tmp_path.name)]
    assert sorted(path.name for path in target.rglob("*")) == ["a", "b", "below"]


def test_every_folder_that_is_written_whole_gets_its_name_in_one_place():
    """`put_folder` has what a folder holds on the disk first; where another line renames, nothing new gets a name."""
    lines = {
        (path.relative_to(ROOT / "lib" / "glane").as_posix(), line.strip())
        for path in (ROOT / "lib" / "glane").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "os.rename(" in line
    }
    assert lines == {
        ("storage.py", "os.rename(new, path)"),
        ("exports/folder.py", "os.rename(root, old)"),
        ("exports/folder.py", "os.rename(new, root)"),  # its content is on the disk by then
        ("exports/folder.py", "os.rename(old, root)"),
    }
