"""An erasure that cannot be done to its end begins nothing, and one that is stopped says so, and goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import glane
from conftest import extract_here, job_here, make_settings, prepare_run, work
from dying import each_death
from glane import owned_folders
from glane.errors import RunError
from glane.exports import folder as export_folder
from glane.extraction.frozen import freeze
from glane.job import part as ending
from glane.job import rewrite as rewriting
from glane.job.erase import data as erasing_data
from glane.job.part import Part
from glane.job.resolve import resolve
from glane.job.rewrite import rewrite_all
from glane.keys import KEY_FILE
from glane.locks import locked_folder
from glane.parquet import write_parquet_frame
from glane.run import written
from glane.run.directory import RunDirectory
from glane.run.overview import overview
from glane.run.progress import ProgressReporter
from other_users import ALICE, GROUP, TWO_USERS, acting_as
from test_encryption import ring_at
from test_erase import GONE, do, documents, holding


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A run, sentinels that were frozen of it, and a review: where other users can come to, and a copy beside it."""
    with tempfile.TemporaryDirectory(prefix="glane-test-") as name:
        os.chmod(name, 0o755)
        here = Path(name) / "here"
        here.mkdir()
        extract_here(make_settings(documents(here / "theirs.parquet"), here / "run"))
        run = glane.open_run(here / "run")
        freeze(run, run.task, run.usable().collect()["id"], folder=here / "frozen", sample={}, tolerance=0.02)
        glane.review(here / "run", here / "review", rows=40)
        shutil.copytree(here, here.with_name("kept"))
        yield here


@pytest.fixture
def here(made: Path) -> Path:
    """The folder with the run, as it was made."""
    shutil.rmtree(made)
    shutil.copytree(made.with_name("kept"), made)
    do(made)  # so that all is imported: another user may not be able to
    shutil.rmtree(made)
    return Path(shutil.copytree(made.with_name("kept"), made))


def all_bytes(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@TWO_USERS
def test_what_an_ordinary_user_may_not_write_to_is_told_before_anything_is_changed(here: Path) -> None:
    for path in (here, *here.rglob("*")):
        os.chown(path, ALICE, GROUP)
    before = all_bytes(here)
    for name in ("frozen", "review"):
        (here / name).chmod(0o555)
    with acting_as(ALICE), pytest.raises(RunError) as refused:
        do(here)
    assert str(refused.value).startswith(f"{here / 'review'}, {here / 'frozen'}: would be changed, and cannot be")
    assert all_bytes(here) == before
    assert glane.open_run(here / "run").all().collect().height == 40
    for name in ("frozen", "review"):
        (here / name).chmod(0o755)
    (here / "frozen" / "documents.parquet").chmod(0o400)  # which who owns the folder replaces all the same
    with acting_as(ALICE):
        assert do(here)[0]
    assert set(holding(here)) == {"theirs.parquet"}


@TWO_USERS
def test_what_a_user_may_not_read_is_told_and_never_taken_for_searched(here: Path) -> None:
    for path in (here, *here.rglob("*")):
        os.chown(path, ALICE, GROUP)
    (here / "review" / "review.html").chmod(0)
    (here / "hidden").mkdir(mode=0o700)
    with (
        acting_as(ALICE),
        pytest.raises(RunError, match=r"review.html: Permission denied. What cannot be read may hold"),
    ):
        do(here)
    (here / "review" / "review.html").chmod(0o600)
    with acting_as(ALICE):
        is_clean, said = do(here)
    assert not is_clean
    assert f"not searched   {here / 'hidden'}: give yourself access to it" in said


def _immutable(path: Path) -> Callable[[], object] | None:
    done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False)
    return None if done.returncode else lambda: subprocess.run(["chattr", "-i", str(path)], check=True)


def _mounted(path: Path) -> Callable[[], object] | None:
    done = subprocess.run(
        ["mount", "--bind", "-o", "ro", str(path.parent), str(path.parent)], capture_output=True, check=False
    )
    return None if done.returncode else lambda: subprocess.run(["umount", str(path.parent)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can")
@pytest.mark.parametrize("make", [_immutable, _mounted])
def test_what_even_root_cannot_write_to_is_told_before_anything_is_changed(here: Path, make: Callable) -> None:
    before = all_bytes(here)
    undo = make(here / "frozen" / "documents.parquet")
    if undo is None:
        pytest.skip("this machine has no such thing")
    try:
        with pytest.raises(
            RunError, match="frozen.*: would be changed, and cannot be written to. Nothing was done now"
        ):
            do(here)
    finally:
        undo()
    assert all_bytes(here) == before
    assert do(here)[0]


def test_stopped_midway_status_and_verify_say_what_goes_on_and_the_same_command_ends_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "frozen/documents.parquet")

    with monkeypatch.context() as patched:
        patched.setattr(erasing_data, "replace_file", refuses)
        with pytest.raises(
            RunError, match="Read-only.* begun and is not finished: .*run cannot be opened until then.*goes on"
        ):
            do(here)
    why = "glane erase replaces files of this run since"
    with pytest.raises(RunError, match=why):
        glane.open_run(here / "run")
    assert any(why in line for line in overview(here / "run").errors)
    assert why in job_here(f"run.dir={here / 'run'}", name="status", check=None).stdout
    assert why in str(glane.verify(here / "run"))
    assert do(here)[0]
    assert set(holding(here)) == {"theirs.parquet"}
    assert glane.verify(here / "run").is_as_it_was
    assert why not in " ".join(overview(here / "run").errors)
    assert GONE not in " ".join(overview(here / "run").errors)


@pytest.fixture
def of_key_one(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with keys of which its files have none yet."""
    monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "keys.yaml", "one")))
    return here


def test_while_a_data_set_is_encrypted_again_nothing_of_it_is_erased_and_who_does_it_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_bytes(here)
    monkeypatch.setattr(written, "_LOCK_S", 0.1)
    why = f"frozen: process {os.getpid()} of this machine has been writing in it for"
    with locked_folder(here / "frozen", within_s=0, setting="folder"), pytest.raises(RunError, match=why):
        do(here)
    assert all_bytes(here) == before
    assert do(here)[0]


def test_while_a_data_set_is_erased_from_it_is_not_encrypted_again(
    of_key_one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "_LOCK_S", 0.1)
    really, said = erasing_data.replace_file, []

    def meanwhile(path: Path, *told: Any, **more: Any) -> None:
        for root in (of_key_one, path.parent):
            with pytest.raises(RunError, match=r"frozen: process \d+ of this machine has been"):
                rewriting._rewrite([root], [path])
        said.append(path.name)
        really(path, *told, **more)

    monkeypatch.setattr(rewriting, "_LOCK_S", 0.1)
    monkeypatch.setattr(erasing_data, "replace_file", meanwhile)
    assert do(of_key_one)[0]
    assert "documents.parquet" in said
    assert set(holding(of_key_one)) == {"theirs.parquet"}


def test_files_that_an_erasure_is_writing_are_not_removed_as_those_of_a_killed_writer(
    of_key_one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "_LOCK_S", 0.1)
    half = of_key_one / "frozen" / f".documents.parquet.{'0' * 32}.tmp"
    half.write_bytes(b"half")
    with (
        locked_folder(of_key_one / "frozen", within_s=0, setting="folder"),
        pytest.raises(RunError, match="has been writing"),
    ):
        rewrite_all([str(of_key_one)])
    assert half.exists()
    rewrite_all([str(of_key_one)])
    assert not half.exists()


@pytest.mark.slow
def test_what_an_encryption_that_was_killed_left_is_gone_too(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before a file takes its place, the new one lies beside it, with all rows."""
    monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "keys.yaml", "one")))
    shutil.copytree(here, tmp_path / "kept")
    places = [str(here / name) for name in ("review", "frozen")]
    seen = set()
    for _ in each_death(lambda: rewrite_all(places), {"replace", "unlink"}):
        left = {path for path in here.rglob("*.tmp") if path.name.endswith("parquet" + path.name[-37:])}
        seen |= {path.parent.name for path in left}
        is_clean, said = do(here)
        assert is_clean, said
        assert not [path for path in left if path.exists()]
        assert set(holding(here)) == {"theirs.parquet"}
        shutil.rmtree(here)
        shutil.copytree(tmp_path / "kept", here)
    assert seen == {"review", "frozen"}


def test_what_a_killed_command_left_where_nothing_else_is_erased_is_told_or_goes_with_the_run(here: Path) -> None:
    end = f"{'0' * 32}.tmp"
    begun = [here / f".pseudo.{end}" / "documents.parquet", here / "run" / f".input.{end}" / "theirs.parquet"]
    for path in begun:
        path.parent.mkdir()
        shutil.copy(here / "theirs.parquet", path)
    shutil.copy(here / "theirs.parquet", here / f".theirs.parquet.{end}")  # a command of the user's may write it now
    is_clean, said = do(here)
    assert not is_clean
    assert not begun[1].parent.exists()
    assert set(holding(here)) == {"theirs.parquet", f".theirs.parquet.{end}", f".pseudo.{end}/documents.parquet"}
    for path in (begun[0], here / f".theirs.parquet.{end}"):
        assert f"still found    {path}: 1 id(s), " in said
    assert said.count("A command that was ended left it: remove it, once none writes there") == 2


def test_what_an_export_or_an_ingestion_left_that_was_killed_is_searched(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export_folder, "note_written", killed)
        patched.setattr(owned_folders, "_remove", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            glane.export(here / "run", "csv", here / "export")
    begun = here / f".notes.{RunDirectory(root=here / 'run').identity()}-{'0' * 32}.tmp" / "documents-00000.parquet"
    begun.parent.mkdir()
    shutil.copy(here / "theirs.parquet", begun)
    is_clean, said = do(here)
    assert not is_clean
    (table,) = here.glob(".export.glane-export-*/new/records.csv")
    assert set(holding(here)) == {"theirs.parquet", *(str(path.relative_to(here)) for path in (table, begun))}
    for path in (table, begun):
        assert f"still found    {path}: 1 id(s), " in said


@pytest.mark.parametrize("command", ["review", "evaluate", "csv", "filled"])
def test_what_was_read_before_documents_were_erased_is_not_written_after_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Rows are read when a command begins, and written when it ends: hours later, where a model is asked meanwhile."""
    run, reference, erased = here / "run", here / "theirs_too.parquet", list[bool]()
    with reference.open("wb") as stream:
        write_parquet_frame(glane.open_run(run).usable().select("id", "fever").collect(), stream)
    begun = glane.evaluate(run, str(reference), samples=0)
    write: dict[str, Callable[[], object]] = {
        "review": lambda: glane.review(run, here / "again", rows=40),
        "evaluate": lambda: begun.write(here / "evaluation"),
        "csv": lambda: glane.export(run, "csv", here / "export"),
    }
    write["filled"] = write["csv"]

    def meanwhile(really: Callable[..., Any], *told: Any, **more: Any) -> Any:
        if not erased:
            erased.append(True)
            assert do(here)[0] == (command != "csv")  # what it has begun to write is told
        return really(*told, **more)

    with monkeypatch.context() as patched:
        where = {"csv": (export_folder, "note_written"), "filled": (export_folder, "put_folder")}
        owner, name = where.get(command, (written, "alone_in_folder"))
        patched.setattr(owner, name, partial(meanwhile, getattr(owner, name)))
        with pytest.raises(RunError, match="documents were erased of this run since it was read here|No such file"):
            write[command]()
    assert erased
    assert set(holding(here)) == {"theirs.parquet", "theirs_too.parquet"}
    glane.review(run, here / "again", rows=39)  # anew, it is written
    assert set(holding(here)) == {"theirs.parquet", "theirs_too.parquet"}


def test_the_same_command_again_says_that_documents_were_erased_and_a_run_that_extends_it_that_they_are_asked(
    here: Path,
) -> None:
    assert do(here)[0]
    run, _ = work(make_settings(here / "theirs.parquet", here / "run"))
    assert run.notes == (
        "1 document(s) were erased of this run: they are not asked again, though its input may hold them still",
    )
    child, _ = work(make_settings(here / "theirs.parquet", here / "child", data__extend=str(here / "run")))
    (told,) = [note for note in child.notes if "erased" in note]
    assert told.startswith(
        f"documents were erased of {here / 'run'}: where the input of this run holds them, they are asked"
    )


def test_what_is_erased_while_the_same_command_ends_again_is_not_told_of_in_digests_or_summary(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ended a complete run wrote what it had read before back."""
    settings, task = resolve(make_settings(here / "theirs.parquet", here / "run"))
    run = prepare_run(settings, task)
    part = Part(settings=settings, task=task, run=run, sentinels=None, place="")
    really, after = ending.amended, {}

    def meanwhile(summary: Any, **told: Any) -> Any:
        if not after:
            after["said"] = None
            assert do(here)[0]
            after.update((name, (here / "run" / name).read_bytes()) for name in ("summary.json", "digests.json"))
        return really(summary, **told).model_copy(update={"engine_deaths": 7})  # something new to be written

    with monkeypatch.context() as patched, ProgressReporter(run.directory, run.plan, style="none") as progress:
        patched.setattr(ending, "amended", meanwhile)
        part.finish(None, progress)
    told = json.loads((here / "run" / "summary.json").read_bytes())
    assert told == json.loads(after["summary.json"]) | {"engine_deaths": 7}
    assert told["flow"]["selected"] == 39
    files = [json.loads(one)["files"] for one in ((here / "run" / "digests.json").read_bytes(), after["digests.json"])]
    assert [one.pop("summary.json") for one in files]
    assert files[0] == files[1]
    assert glane.verify(here / "run").is_as_it_was


@pytest.mark.parametrize("name", ["records/records-00000.parquet", "summary.json"])
def test_a_file_that_was_changed_is_refused_at_the_look_and_before_anything_is_done(here: Path, name: str) -> None:
    path = here / "run" / name
    content = path.read_bytes()
    path.write_bytes(content + b"\n" if path.suffix == ".json" else content.replace(b"a", b"b", 1))
    before = {one: one.read_bytes() for one in here.rglob("*") if one.is_file()}
    for remove in (False, True):
        with pytest.raises(RunError, match=f"{name}: was changed since its digest was taken"):
            do(here, remove=remove)
    assert {one: one.read_bytes() for one in here.rglob("*") if one.is_file()} == before


def test_a_link_in_the_place_of_a_file_of_a_run_is_refused_as_what_it_leads_to_would_stay(here: Path) -> None:
    path = here / "run" / "records" / "records-00000.parquet"
    path.rename(here / "theirs_too.parquet")
    path.symlink_to(here / "theirs_too.parquet")
    before = all_bytes(here)
    with pytest.raises(RunError, match="records-00000.parquet: a link stands in its place"):
        do(here)
    assert all_bytes(here) == before


def test_what_is_not_of_glane_is_left_as_it_is_and_told_and_so_is_what_a_notebook_shows(here: Path) -> None:
    cell = {"outputs": [{"data": {"text/html": [f"<td>{GONE}</td>"]}}]}
    theirs = {
        here / "run" / "ledger" / "mine.jsonl": f'{{"id": "{GONE}"}}\n',
        here / "review" / "mine.csv": f"id,x\n{GONE},1\n",
        here / "shown.ipynb": json.dumps({"cells": [cell]}),
    }
    for path, content in theirs.items():
        path.write_text(content)
    is_clean, said = do(here)
    assert not is_clean
    for path, content in theirs.items():
        assert path.read_text() == content
        assert f"still found    {path}: 1 id(s)" in said
