"""A run directory belongs to glane before glane touches it, and what is not glane's stays."""

from __future__ import annotations

import json
import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, make_settings, prepare_run, spec, work, write_documents
from glane.errors import DataError, GlaneError, RunError
from glane.run import shards
from glane.run.directory import RunDirectory
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.task.task import load_task


def content(root: Path) -> dict[str, bytes | str]:
    """Every path below a folder with what it holds."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else "a folder"
        for path in sorted(root.rglob("*"))
    }


def part_like(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["one", "two"]}), path)


FOREIGN = {
    "a corpus called parts": lambda root: part_like(root / "parts" / "notes-2024.parquet"),
    "parts named as ours": lambda root: part_like(root / "parts" / "part-0000000.parquet"),
    "a plan of another tool": lambda root: part_like(root / "plan.parquet"),
    "a ledger of another tool": lambda root: part_like(root / "ledger" / "claims" / "0"),
    "a log": lambda root: (root / "extract.log").write_text("mine"),
    "temporary files of another tool": lambda root: (root / "half.tmp").write_text("mine"),
    "records of another tool": lambda root: part_like(root / "records" / "a.parquet"),
    "a run without its mark": lambda root: (root / "run.yaml").write_text("task: x\n"),
    "a hidden file": lambda root: (root / ".hidden").write_text("mine"),
    "a link that leads nowhere": lambda root: (root / "parts").symlink_to("nowhere"),
    "a folder that is empty": lambda root: (root / "parts").mkdir(),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_glane_did_not_make_is_refused_and_stays(tmp_path: Path, kind: str) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    root = tmp_path / "run"
    root.mkdir()
    FOREIGN[kind](root)
    before = content(root)
    with pytest.raises(GlaneError, match=r"run\.dir|run\.yaml"):
        extract_here(make_settings(data, root))
    assert content(root) == before


def test_the_input_is_never_the_run_directory(tmp_path: Path) -> None:
    """The input in `parts/` of what is named as run.dir: nothing of it may go."""
    part_like(tmp_path / "corpus" / "parts" / "notes.parquet")
    before = content(tmp_path / "corpus")
    with pytest.raises(GlaneError):
        extract_here(make_settings(tmp_path / "corpus" / "parts", tmp_path / "corpus"))
    assert content(tmp_path / "corpus") == before
    (tmp_path / "corpus" / "parts" / "notes.parquet").rename(tmp_path / "corpus" / "notes.parquet")
    (tmp_path / "corpus" / "parts").rmdir()
    with pytest.raises(DataError, match=r"run\.dir"):
        extract_here(make_settings(tmp_path / "corpus", tmp_path / "corpus" / "run"))
    assert not (tmp_path / "corpus" / "run").exists()


def test_an_empty_directory_is_taken_and_its_mode_is_told(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    root = tmp_path / "run"
    root.mkdir()
    root.chmod(0o755)
    settings = make_settings(data, root)
    run = prepare_run(settings, load_task(settings.task))
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert any("had mode 755, and has 700 now" in note for note in run.notes)
    assert not any("mode" in note for note in prepare_run(settings, load_task(settings.task)).notes)


def test_what_somebody_put_into_a_run_stays_after_it_is_published(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    run, _ = work(make_settings(data, tmp_path / "run"))
    root = tmp_path / "run"
    mine = [root / "notes.txt", root / "parts" / "keep.parquet", root / "parts" / "sub" / "part-0000000.parquet"]
    mine += [root / ".records-mine" / "records-00000.parquet", root / "ledger" / "windows" / "a folder" / "x"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    finish_run(run, record_mib=1)
    assert [path for path in mine if not path.exists()] == []
    assert not list((root / "parts").glob("part-*.parquet"))
    assert glane.open_run(root).all().collect().height == 40


def test_many_first_starts_at_once_make_one_run(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    task = load_task(settings.task)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: prepare_run(settings, task), range(24)))
    assert len({run.key for run in runs}) == 1
    marker = json.loads((tmp_path / "run" / ".glane-run").read_text())
    assert len(marker["id"]) == 32
    assert extract_here(settings).height == 2


def test_a_start_that_was_killed_before_its_mark_is_followed_by_another(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    root = tmp_path / "run"
    root.mkdir()
    (root / f"..glane-run.{'0' * 32}.tmp").write_text("{")
    assert extract_here(make_settings(data, root)).height == 2


def test_a_mark_of_a_later_format_is_no_reason_to_write(tmp_path: Path) -> None:
    """Two directories differ in their marks."""
    ids = set()
    for name in ("a", "b"):
        RunDirectory(root=tmp_path / name).claim()
        ids.add(json.loads((tmp_path / name / ".glane-run").read_text())["id"])
    assert len(ids) == 2


def test_a_refused_submission_leaves_what_was_there(tmp_path: Path) -> None:
    directory = RunDirectory(root=tmp_path / "new")
    directory.create()
    directory.give_up()
    assert not directory.root.exists()
    directory.create()
    (directory.root / "notes.txt").write_text("mine")
    directory.give_up()
    assert (directory.root / "notes.txt").read_text() == "mine"
    run, _ = work(make_settings(write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "begun"))
    before = content(run.directory.root)
    run.directory.give_up()
    assert content(run.directory.root) == before


def test_a_complete_run_is_only_looked_at(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    extract_here(settings)
    before = {path: path.lstat().st_mtime_ns for path in sorted((tmp_path / "run").rglob("*"))}
    again = prepare_run(settings, load_task(settings.task))
    finish_run(again, record_mib=1)
    assert {path: path.lstat().st_mtime_ns for path in sorted((tmp_path / "run").rglob("*"))} == before


def test_a_result_that_was_removed_gets_a_summary_of_its_own(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    extract_here(settings)
    summary = tmp_path / "run" / "summary.json"
    former = json.loads(summary.read_text())
    summary.write_text(summary.read_text().replace(former["finished"], "1999-01-01T00:00:00Z"))
    shutil.rmtree(tmp_path / "run" / "records")
    assert extract_here(settings).height == 2
    assert "1999" not in summary.read_text()


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    run, _ = work(make_settings(data, tmp_path / "run"))
    root = run.directory.root
    old, young = root / f".run.yaml.{'a' * 32}.tmp", root / f".summary.json.{'b' * 32}.tmp"
    beside = root / "ledger" / "workers" / f".w.json.{'c' * 32}.tmp"
    foreign = root / ".mine.tmp"
    for path in (old, young, beside, foreign):
        path.write_text("x")
    for path in (old, beside, foreign):
        os.utime(path, (1e9, 1e9))
    finish_run(run, record_mib=1)
    assert [path.exists() for path in (old, young, beside, foreign)] == [False, True, False, True]


@pytest.mark.parametrize("removed", ["claims", "workers", "windows"])
def test_a_folder_of_the_ledger_that_is_missing_is_made_again(tmp_path: Path, removed: str) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    prepare_run(settings, load_task(settings.task))
    shutil.rmtree(tmp_path / "run" / "ledger" / removed)
    assert extract_here(settings).height == 2


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="is a file"):
        extract_here(make_settings(write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run"))
    assert (tmp_path / "run").read_text() == "mine"


def test_a_directory_that_is_replaced_under_a_worker_is_not_written_to(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    settings = make_settings(data, tmp_path / "run", run__shard_rows=8)
    run = prepare_run(settings, load_task(settings.task))
    other = prepare_run(make_settings(data, tmp_path / "other", run__shard_rows=8), load_task(settings.task))
    session = spec(settings, run, "w")
    commits = [0]
    commit = shards.commit_part

    def replaced(directory: RunDirectory, *args: Any, **more: Any) -> bool:
        commits[0] += 1
        done = commit(directory, *args, **more)
        if commits[0] == 2:
            (tmp_path / "run").rename(tmp_path / "run.was")
            (tmp_path / "other").rename(tmp_path / "run")
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "commit_part", replaced)
        report = run_worker(session)
    assert report.outcome == "failed"
    assert "another run directory" in report.message
    assert not list((tmp_path / "run" / "parts").iterdir())
    assert other.directory.root.name == "other"


def test_a_link_in_a_run_leads_nowhere_that_is_cleaned(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    run, _ = work(make_settings(data, tmp_path / "run"))
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "records-00000.parquet").write_text("mine")
    (run.directory.root / f".records-{'a' * 32}").symlink_to(mine)
    finish_run(run, record_mib=1)
    assert (mine / "records-00000.parquet").read_text() == "mine"


def test_a_marker_that_is_none_of_glanes_is_refused(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".glane-run").write_text("hello")
    with pytest.raises(RunError, match="none of glane's"):
        extract_here(make_settings(data, tmp_path / "run"))
    assert content(tmp_path / "run") == {".glane-run": b"hello"}
