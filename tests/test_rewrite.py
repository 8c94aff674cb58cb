"""Files encrypted again by the current key: the same rows, the same digests to who has the key, and safe under a kill."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, job_here, make_settings, work, write_documents
from dying import each_death
from glane import keys
from glane.added_key import add_key
from glane.errors import RunError
from glane.extraction.frozen import MANIFEST
from glane.job import rewrite as rewriting
from glane.job.encrypt_again import rewrite
from glane.job.rewrite import keys_needed, rewrite_all
from glane.job.tables import kept_tables
from glane.keys import KEY_COMMAND, KEY_FILE, KeysError, parse_keyring
from glane.locks import locked_folder
from glane.parquet import is_encrypted, key_of, read_parquet, write_parquet
from glane.rewritten import REWRITTEN
from glane.rewritten import forget as no_longer_told
from glane.run.change import changing
from glane.run.directory import RunDirectory
from glane.run.written import digest_of

SECRET = "Zzyzx"


def forget() -> None:
    keys._keyring.cache_clear()


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of keys with one key, that this process is told of."""
    monkeypatch.delenv(KEY_COMMAND, raising=False)
    path = tmp_path / "keys.yaml"
    add_key(path, "old")
    monkeypatch.setenv(KEY_FILE, str(path))
    forget()
    return path


def turn(ring: Path, name: str = "new") -> None:
    add_key(ring, name)
    forget()


def only_current(ring: Path) -> None:
    """Take all keys away but the current one."""
    import base64

    told = parse_keyring(ring.read_text(), place="keys")
    kept = base64.b64encode(told.keys[told.current]).decode()
    ring.write_text(f"current: {told.current!r}\nkeys:\n  {told.current!r}: {kept}\n")
    forget()


def test_a_run_and_what_was_made_of_it_need_the_new_key_alone_and_are_whole(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "notes.csv"
    table.write_text("id,text\n" + "".join(f"d{at},note {SECRET} {at}\n" for at in range(40)))
    with kept_tables(make_settings(table, tmp_path / "run")) as settings:
        rows = extract_here(settings)
    run = glane.open_run(tmp_path / "run")
    (tmp_path / "reviews").mkdir()
    gold = tmp_path / "reviews" / "gold.parquet"
    write_parquet(run.usable().select("id", "fever").collect().to_arrow(), gold)
    glane.estimate(tmp_path / "run", str(gold), "fever", out_dir=str(tmp_path / "reviews" / "estimate"))
    job_here(f"run.dir={tmp_path / 'run'}", f"out.dir={tmp_path / 'reviews' / 'export'}", "to=parquet", name="export")
    mine = tmp_path / "reviews" / "mine.parquet"
    pq.write_table(pa.table({"mine": [1]}), mine)
    own = (tmp_path / "run" / "digests.json").read_bytes()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.parquet")}

    asked = (f"run.dir={tmp_path / 'run'}", f"folder=[{tmp_path / 'reviews'}]")
    told = job_here(*asked, name="keys").stdout
    assert "key old: " in told
    assert f"left: {mine} is plain" in told
    assert "rewrite=true" not in told  # all are of the current key
    turn(ring)
    told = job_here(*asked, name="keys").stdout
    count = told.partition("key old: ")[2].partition(" files")[0]
    assert f"rewrite=true encrypts {count} files by key new" in told
    told = job_here(*asked, "rewrite=true", name="keys").stdout
    assert f"encrypted by key new: {count} files" in told
    assert "key old" not in told

    only_current(ring)
    verified = glane.verify(tmp_path / "run", folders=[str(tmp_path / "reviews")])
    assert verified.is_as_it_was, str(verified)
    assert any(one.part == "made of it" for one in verified.verification.checks)
    assert (tmp_path / "run" / "digests.json").read_bytes() == own
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert glane.open_run(tmp_path / "run").all().collect().equals(rows)
    with kept_tables(make_settings(table, tmp_path / "run")) as settings:
        assert extract_here(settings).equals(rows)
    assert glane.evaluate(tmp_path / "run", str(gold), samples=0).summary.overall.micro.f1 == 1
    assert pq.read_table(mine).num_rows == 1
    assert "nothing to remove" in job_here(f"run.dir={tmp_path / 'run'}", name="clean").stdout
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(KeysError, match="no key is told"):
        glane.verify(tmp_path / "run")


def test_a_run_that_is_not_published_goes_on_and_a_plain_one_becomes_encrypted(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {SECRET} {at}" for at in range(40)])
    settings = make_settings(data, tmp_path / "run")
    monkeypatch.delenv(KEY_FILE)
    run, _ = work(settings)
    run.directory.part(1).unlink()
    with pytest.raises(KeysError, match="no key is told"):
        rewrite_all([settings.run.dir])
    monkeypatch.setenv(KEY_FILE, str(ring))
    rewrite_all([settings.run.dir])
    turn(ring)
    rewrite_all([settings.run.dir])
    assert not (run.directory.parts / REWRITTEN).exists()  # of parts no digest is taken
    only_current(ring)
    assert extract_here(settings).height == 40
    assert not run.directory.parts.exists()
    assert glane.verify(settings.run.dir).is_as_it_was
    assert set(keys_needed([settings.run.dir]).files) == {"new"}
    assert not is_encrypted(data)


KILLED = """
import os, sys
from pathlib import Path
from glane.job import rewrite
step, calls = int(sys.argv[2]), 0
def counted(do):
    def called(*told, **more):
        global calls
        calls += 1
        if calls == step:
            os._exit(9)
        return do(*told, **more)
    return called
os.replace, os.fsync, os.utime = counted(os.replace), counted(os.fsync), counted(os.utime)
rewrite._refuse_busy = lambda roots: None
rewrite.rewrite_all([sys.argv[1]])
"""


def test_a_kill_at_any_step_leaves_a_whole_run_and_the_same_command_ends_it(tmp_path: Path, ring: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"text {at}" for at in range(20)])
    rows = extract_here(make_settings(data, tmp_path / "run"))
    turn(ring)
    for step in range(1, 8):
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run"), str(step)], check=False)
        assert done.returncode == 9
        assert glane.open_run(tmp_path / "run").all().collect().equals(rows)
        assert glane.verify(tmp_path / "run").is_as_it_was
    rewrite_all([str(tmp_path / "run")])
    only_current(ring)
    assert glane.open_run(tmp_path / "run").all().collect().equals(rows)
    assert glane.verify(tmp_path / "run").is_as_it_was
    assert not list((tmp_path / "run").rglob("*.tmp"))


def test_which_key_a_file_needs_is_told_without_reading_it_whole(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An encrypted file, and one of the user's that nothing tells of: both may be as large as a disk."""
    tables, theirs = many(tmp_path / "set"), tmp_path / "theirs" / "plain.parquet"
    theirs.parent.mkdir()
    pq.write_table(next(iter(tables.values())), theirs)
    pq.write_table(next(iter(tables.values())), plain := tmp_path / "set" / "plain.parquet")
    (tmp_path / "set" / MANIFEST).write_text("{}")
    read, digest = [], digest_of
    monkeypatch.setattr(rewriting, "digest_of", lambda path: read.append(path) or digest(path))
    found = keys_needed([str(tmp_path)])
    assert (found.files, found.left) == ({"old": list(tables)}, [plain, theirs])
    assert read == [plain]


def many(folder: Path) -> dict[Path, pa.Table]:
    """Seven files of frozen sentinels' kind: their digests are told beside them."""
    folder.mkdir()
    tables = {folder / f"t{at}.parquet": pa.table({"word": [f"{SECRET} {at}"]}) for at in range(7)}
    for path, table in tables.items():
        write_parquet(table, path)
    (folder / "manifest.json").write_text(json.dumps([digest_of(path) for path in tables]))
    return tables


def test_of_many_files_it_is_noted_at_once_what_they_were_and_a_kill_at_any_step_leaves_each_whole(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "_MOST_FILES", 3)
    tables = many(tmp_path / "set")
    before = {path: digest_of(path) for path in tables}
    turn(ring)
    shutil.copytree(tmp_path / "set", tmp_path / "kept")
    steps = 0
    for _ in each_death(lambda: rewrite_all([str(tmp_path / "set")]), {"replace"}):
        assert {path: digest_of(path) for path in tables} == before
        assert all(read_parquet(path).equals(table) for path, table in tables.items())
        rewrite_all([str(tmp_path / "set")])
        assert {path: digest_of(path) for path in tables} == before
        assert {key_of(path) for path in tables} == {"new"}
        assert not list((tmp_path / "set").glob("*.tmp"))
        shutil.rmtree(tmp_path / "set")
        shutil.copytree(tmp_path / "kept", tmp_path / "set")
        steps += 1
    assert steps == 7 + 3  # each file, and what is told of three groups


def test_what_a_file_was_is_forgotten_once_it_holds_something_else(tmp_path: Path, ring: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["text"] * 20)
    extract_here(make_settings(data, tmp_path / "run"))
    turn(ring)
    rewrite_all([str(tmp_path / "run")])
    directory = RunDirectory(root=tmp_path / "run")
    path = directory.records / "records-00000.parquet"
    assert path.name in (directory.records / REWRITTEN).read_text()
    with changing(directory, command="glane erase", of="test") as at_work:
        with pytest.raises(RunError, match="glane erase replaces files of this run"):
            rewrite_all([str(tmp_path / "run")])
        at_work.replace(path, lambda stream: write_parquet(pa.table({"word": ["other"]}), stream))
    assert path.name not in (directory.records / REWRITTEN).read_text()


def test_nothing_is_erased_of_a_run_while_its_files_are_encrypted_again(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was read before the erasure, and written after it, would bring its rows back."""
    data = write_documents(tmp_path / "d.parquet", ["text"] * 20)
    extract_here(make_settings(data, tmp_path / "runs" / "run"))
    turn(ring)
    tried = []

    def meanwhile(path: Path, *_: Path, **__: object) -> None:
        directory = RunDirectory(root=tmp_path / "runs" / "run")
        with pytest.raises(RunError, match="another process replaces files of this run"):  # noqa: SIM117
            with changing(directory, command="glane erase", of="test"):
                pass
        tried.append(path)

    monkeypatch.setattr(rewriting, "rewrite", meanwhile)
    rewrite_all([str(tmp_path / "runs")])
    assert tried


def test_nobody_writes_into_a_folder_of_results_while_a_file_in_it_is_encrypted_again(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["text"] * 20)
    extract_here(make_settings(data, tmp_path / "run"))
    glane.export(tmp_path / "run", to="parquet", out_dir=str(tmp_path / "results" / "one"))
    turn(ring)
    held = []

    def meanwhile(path: Path, *_: Path, **__: object) -> None:
        with locked_folder(path.parent, within_s=0, setting="folder") as is_free:
            held.append(not is_free)

    monkeypatch.setattr(rewriting, "rewrite", meanwhile)
    rewrite_all([str(tmp_path / "results")])
    rewrite_all([str(tmp_path / "results" / "one")])
    assert len(held) == 2
    assert all(held)


def a_file(folder: Path) -> Path:
    path = folder / "t.parquet"
    write_parquet(pa.table({"word": [SECRET], "share": [float("nan")]}), path)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_who_may_read_a_file_may_read_what_it_was(tmp_path: Path, ring: Path, mode: int) -> None:
    """Else a verification by one of the run's group, who has the key, would tell it as changed."""
    path, told = a_file(tmp_path), tmp_path / REWRITTEN
    path.chmod(mode)
    turn(ring)
    rewrite(path)
    assert told.stat().st_mode & 0o777 == mode
    no_longer_told(path)
    assert path.name not in told.read_text()
    assert told.stat().st_mode & 0o777 == mode


def test_no_other_content_passes_for_a_file_that_was_encrypted_again(tmp_path: Path, ring: Path) -> None:
    path = a_file(tmp_path)
    before = digest_of(path)
    turn(ring)
    rewrite(path)
    assert key_of(path) == "new"
    assert digest_of(path) == before
    whole, told = path.read_bytes(), (tmp_path / REWRITTEN).read_text()
    write_parquet(pa.table({"word": ["forged"]}), path)
    assert digest_of(path) != before
    forged = digest_of(path)
    from hashlib import blake2b

    (tmp_path / REWRITTEN).write_text(told.replace(blake2b(whole, digest_size=16).hexdigest(), forged))
    assert digest_of(path) == forged  # the proof is of another file
    path.write_bytes(whole)
    (tmp_path / REWRITTEN).write_text(told.replace('"proof": "', '"proof": "AA'))
    assert digest_of(path) != before


def test_a_file_that_would_not_hold_the_same_stays(tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_file(tmp_path)
    held = path.read_bytes()
    turn(ring)
    from glane.job import encrypt_again

    def lose(_: Path, stream: object) -> None:
        write_parquet(pa.table({"word": [""], "share": [0.0]}), stream)  # type: ignore[arg-type]

    monkeypatch.setattr(encrypt_again, "_copy", lose)
    with pytest.raises(RunError, match="would not hold the same, and stays as it is"):
        rewrite(path)
    assert path.read_bytes() == held
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".tmp"] == []


def test_a_run_at_work_and_a_lacking_key_are_refused_before_anything_is_written(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["text"] * 20)
    extract_here(make_settings(data, tmp_path / "run"))
    held = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    turn(ring)
    busy: Callable[[object], dict[Path, str]] = lambda _: {tmp_path / "run": "job 7 is RUNNING"}  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(rewriting, "busy_runs", busy)
        with pytest.raises(RunError, match="job 7 is RUNNING. Its files are encrypted again once that is over"):
            rewrite_all([str(tmp_path / "run")])
    only_current(ring)
    with pytest.raises(KeysError, match="no key 'old', which .* was encrypted with. Nothing was written"):
        rewrite_all([str(tmp_path / "run")])
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == held
    assert set(keys_needed([str(tmp_path / "run")]).files) == {"old"}  # that is told without it


@pytest.mark.parametrize(
    "told", [[], ["file=k.yaml"], ["file=k.yaml", "name=a", "run.dir=r"], ["name=a", "rewrite=true"]]
)
def test_one_thing_is_asked_of_keys(told: list[str]) -> None:
    assert "give file=… and name=… for a new key" in job_here(*told, name="keys", check=2).stderr
