"""A verification by somebody else: what may not be read is told as that, and what others put there hides nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.commands.verify import main as command
from glane.errors import RunError
from glane.run.digests import RunDigests
from glane.run.written import WRITTEN
from other_users import STRANGER, TWO_USERS, acting_as
from test_verify import states


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A run, its input, an export and an evaluation of it, which others may read."""
    folder = Path(tempfile.mkdtemp(prefix="glane-verify-", dir="/tmp"))
    try:
        data = write_documents(folder / "documents.parquet", [f"note {number}" for number in range(3)])
        rows = extract_here(make_settings(data, folder / "run"))
        rows.select("id", fever=pl.lit(True)).write_parquet(folder / "gold.parquet")
        glane.export(folder / "run", "csv", folder / "export")
        glane.evaluate(folder / "run", folder / "gold.parquet").write(folder / "evaluation")
        (folder / "evaluation" / "own.json").write_text("{}")
        job_here(f"run.dir={folder}/run", name="verify")  # others may not enter the folders of modules
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def open_to_all(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in (made, *made.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.setenv("HOME", "/nonexistent")
    return made


def paths_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if not path.is_symlink()]


@TWO_USERS
def test_what_a_user_may_not_read_is_unreadable_and_never_changed_or_missing(open_to_all: Path) -> None:
    """Each file and folder of a run, of its input and of what was made of it, closed one after the other."""
    with acting_as(STRANGER):
        before = states(glane.verify(open_to_all / "run"))
    assert {"changed", "missing", "unreadable"}.isdisjoint(before.values())
    seen = 0
    for path in paths_of(open_to_all):
        mode = path.stat().st_mode
        path.chmod(0)
        try:
            with acting_as(STRANGER):
                found = glane.verify(open_to_all / "run")
        except RunError:
            assert path == open_to_all / "run"
            continue
        finally:
            path.chmod(mode)
        told = states(found)
        assert {"changed", "missing"}.isdisjoint(told.values()), (path, told)
        place = str(path.relative_to(open_to_all / "run")) if path.is_relative_to(open_to_all / "run") else str(path)
        is_covered = before.get(place) == "equal" or any(
            state == "equal" and name.startswith(f"{place}/") for name, state in before.items()
        )
        closed = [name for name, state in told.items() if state == "unreadable"]
        if path.is_dir() and not path.is_relative_to(open_to_all / "run"):
            assert told[place] == "not covered", path  # whether it is of this run is not known
            continue
        assert bool(closed) == (is_covered or path.is_dir() or path.name == WRITTEN), (path, told)
        assert found.is_as_it_was == (not closed)
        if is_covered and path.is_file():
            assert told[place] == "unreadable", path
        seen += is_covered
    assert seen > 15


@TWO_USERS
def test_the_command_says_it_with_a_status_of_its_own(
    open_to_all: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its settings are given, not composed, and messages read before: that user may not be able to read this code."""
    monkeypatch.setenv("GLANE_LANG", "fr")
    command({"run": {"dir": str(open_to_all / "run")}})
    (open_to_all / "run" / "summary.json").chmod(0)
    for language, told in (
        ("fr", "illisible    summary.json ("),
        ("en", "unreadable   summary.json (it cannot be read"),
    ):
        monkeypatch.setenv("GLANE_LANG", language)
        with acting_as(STRANGER), pytest.raises(SystemExit, match="3"):
            command({"run": {"dir": str(open_to_all / "run")}})
        assert told in capsys.readouterr().out


@TWO_USERS
def test_a_run_whose_folder_may_not_be_entered_is_told_in_a_sentence(open_to_all: Path) -> None:
    (open_to_all / "run").chmod(0)
    with acting_as(STRANGER), pytest.raises(RunError, match=r"cannot be looked at \(Permission denied\)"):
        command({"run": {"dir": str(open_to_all / "run")}})


NAMES = (
    b"line\nequal       run.yaml",
    b"\xff\xfe.json",
    b"a" * 250,
    "caf\u00e9\u202e.json".encode(),
    b"back\\nslash",
    b"\x1b[2J",
)


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "kept", symlinks=True)
    return tmp_path / "kept"


def test_a_name_that_cannot_be_shown_is_escaped_and_hides_no_other(copy: Path, tmp_path: Path) -> None:
    for folder in (copy / "run" / "records", copy / "run", copy / "export", copy):
        for name in NAMES:
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("{}")
    (copy / "run" / "records" / "back\nslash").write_text("{}")
    found = glane.verify(copy / "run", out=tmp_path / "told.json")
    lines = str(found).splitlines()
    assert all(line.isprintable() for line in lines)
    assert "changed      records/line\\nequal       run.yaml (it was added after the run was published)" in lines
    places = [one["place"] for one in json.loads((tmp_path / "told.json").read_bytes())["checks"]]
    assert len(places) == len(set(places))
    assert {"records/\\xff\\xfe.json", "records/back\\\\nslash", "records/back\\nslash"} <= set(places)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def _hole(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


THINGS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": _socket,
    "a hole": _hole,
    "a folder": Path.mkdir,
    "a loop": _loop,
}


@pytest.mark.parametrize("kind", THINGS)
def test_whatever_stands_where_a_file_was_is_told_and_waited_for_by_nobody(
    copy: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and not path.is_symlink()]
    covered = {place for place, state in states(glane.verify(copy / "run")).items() if state == "equal"}
    for path in files:
        place = str(path.relative_to(copy / "run")) if path.is_relative_to(copy / "run") else str(path)
        if place not in covered or (kind == "a hole" and path.suffix == ".csv"):
            continue  # a table of text may be as long as one likes, and is read to its end
        path.rename(path.with_name("former"))
        monkeypatch.chdir(path.parent)
        THINGS[kind](path)
        try:
            told = states(glane.verify(copy / "run"))
            assert told.get(place) in ("changed", "missing"), (place, told.get(place))
        except RunError:
            assert path.name in (".glane-run", "run.yaml")  # nobody calls that a run
        shutil.rmtree(path) if kind == "a folder" else path.unlink()
        path.with_name("former").rename(path)


HOSTILE = {
    "a name out of the folder": "../../../../etc/hostname",
    "a whole path": "/etc/hostname",
    "a name with an end in it": "records/a\0b",
    "half of a character": "records/\ud800",
    "a long name": "a" * 5_000,
    "no name": "",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_name_that_digests_give_leads_nowhere_else(copy: Path, kind: str) -> None:
    """Who may write to the run writes its digests, too: a file elsewhere is not compared for them."""
    path = copy / "run" / "digests.json"
    taken = RunDigests.model_validate(json.loads(path.read_bytes()))
    digest = hashlib.blake2b(Path("/etc/hostname").read_bytes(), digest_size=16).hexdigest()
    values = {**taken.as_values(), "files": {**taken.files, HOSTILE[kind]: digest}}
    values["begun"] = {**values["begun"], "extract.log": {"bytes": 10**18, "digest": digest}}
    path.write_text(json.dumps(values))
    done = job_here(f"run.dir={copy}/run", name="verify", check=2)
    assert "equal        ../" not in done.stdout
    assert "equal        /etc/hostname" not in done.stdout
    assert "Traceback" not in done.stderr
    assert all(line.isprintable() for line in done.stdout.splitlines())


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_name_that_a_list_of_results_gives_leads_nowhere_else(copy: Path, kind: str) -> None:
    path = copy / "export" / WRITTEN
    digest = hashlib.blake2b(Path("/etc/hostname").read_bytes(), digest_size=16).hexdigest()
    values = json.loads(path.read_bytes())
    for call in values["calls"].values():
        call["now"]["files"][HOSTILE[kind]] = digest
    path.write_text(json.dumps(values))
    done = job_here(f"run.dir={copy}/run", name="verify", check=2)
    assert "Traceback" not in done.stderr
    assert not any("/etc/hostname" in line for line in done.stdout.splitlines() if line.startswith("equal"))
