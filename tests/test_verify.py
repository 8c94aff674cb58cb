"""Every digest of a run taken again: a byte that was flipped in any file is found, and the file is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.api.verify import Verified
from glane.errors import ConfigError, RunError
from glane.run.directory import RunDirectory
from glane.run.starts import record_start
from glane.run.written import Call, FileSet, read_written


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A run, and an export and an evaluation of it."""
    folder = tmp_path_factory.mktemp("made")
    data = write_documents(folder / "documents.parquet", [f"note {number}" for number in range(20)])
    rows = extract_here(make_settings(data, folder / "run"))
    rows.select("id", fever=pl.lit(True)).write_parquet(folder / "gold.parquet")
    glane.export(folder / "run", "csv", folder / "export")
    glane.evaluate(folder / "run", folder / "gold.parquet").write(folder / "evaluation")
    return folder


@pytest.fixture
def copy(made, tmp_path, monkeypatch) -> Path:
    """All of it in another place, with the paths that the run knows."""
    shutil.copytree(made, tmp_path / "kept", symlinks=True)
    return tmp_path / "kept"


def states(found: Verified) -> dict[str, str]:
    return {one.place: one.state for one in found.verification.checks}


def test_a_run_that_nobody_touched_is_as_it_was(made, tmp_path):
    found = glane.verify(made / "run", out=tmp_path / "verified.json")
    told = states(found)
    assert found.is_as_it_was
    assert {told[name] for name in ("run.yaml", "plan.parquet", "summary.json", "records/records-00000.parquet")} == {
        "equal"
    }
    assert told["ledger/starts.jsonl"] == told[".glane-run"] == told["digests.json"] == told["fingerprint"] == "equal"
    assert told[str(made / "documents.parquet")] == told["small"] == "equal"
    written = {str(path) for folder in ("export", "evaluation") for path in (made / folder).glob("[!.]*")}
    assert len(written) > 3
    assert {told[name] for name in written} == {"equal"}
    assert [name for name, state in told.items() if state == "not covered"] == [
        *sorted(f"ledger/workers/{path.name}" for path in (made / "run" / "ledger" / "workers").iterdir()), "scripted",
    ]  # fmt: skip
    written = json.loads((tmp_path / "verified.json").read_text())
    assert len(written["checks"]) == len(told)
    with pytest.raises(ConfigError, match="is there already"):
        glane.verify(made / "run", out=tmp_path / "verified.json")


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_flipped_byte_in_any_file_of_the_run_is_found(made, copy):
    """The first, the middle and the last byte of every file that is covered; of the others it is told that they are not."""
    run, seen = copy / "run", 0
    for name in _files(run):
        path = run / name
        content = path.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1}:
            flipped = bytearray(content)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            try:
                found = states(glane.verify(run))
            except RunError as error:
                found = {name: "changed" if name in str(error) else "not told"}
            assert found[name] == ("not covered" if name.startswith("ledger/workers/") else "changed"), (name, place)
            seen += found[name] == "changed"
        path.write_bytes(content)
    assert seen >= 3 * 8
    assert glane.verify(run).is_as_it_was


@pytest.mark.parametrize("folder", ["export", "evaluation"])
def test_a_flipped_byte_in_what_was_made_of_it_is_found(copy, folder):
    for name in _files(copy / folder):
        path = copy / folder / name
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 1
        path.write_bytes(flipped)
        found = glane.verify(copy / "run")
        assert not found.is_as_it_was or name == ".glane-files", name
        path.write_bytes(content)
    (copy / folder / _files(copy / folder)[-1]).unlink()
    assert "missing" in states(glane.verify(copy / "run")).values()


def test_an_input_that_changed_or_is_gone_is_told(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    extract_here(make_settings(data, tmp_path / "run"))
    content = data.read_bytes()
    data.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    assert states(glane.verify(tmp_path / "run"))[str(data)] == "changed"
    data.unlink()
    assert states(glane.verify(tmp_path / "run"))[str(data)] == "missing"


def test_what_is_missing_added_or_appended_is_told_as_that(copy):
    run = copy / "run"
    record_start(RunDirectory(root=run), cluster={})  # a later start of the same command
    assert glane.verify(run).is_as_it_was
    (run / "records" / "records-00001.parquet").write_bytes(b"x")
    (run / "plan.parquet").unlink()
    found = glane.verify(run)
    told = {one.place: (one.state, one.why) for one in found.verification.checks}
    assert told["plan.parquet"][0] == "missing"
    assert told["records/records-00001.parquet"] == ("not covered", "it was added after the run was published")
    (run / "digests.json").unlink()
    assert states(glane.verify(run))["records/records-00000.parquet"] == "not covered"


def test_a_change_that_makes_the_digests_fit_shows_in_the_digest_of_all(copy):
    run = copy / "run"
    before = glane.verify(run).verification.own
    path = run / "digests.json"
    values = json.loads(path.read_text())
    (run / "summary.json").write_bytes((run / "summary.json").read_bytes() + b"\n")
    from glane.run.digests import RunDigests, digest_of_file

    values["files"]["summary.json"] = digest_of_file(run / "summary.json")
    made = RunDigests(**values)
    path.write_bytes(made.model_copy(update={"own": made.expected()}).as_json())
    found = glane.verify(run)
    assert found.is_as_it_was
    assert found.verification.own != before


def test_the_command_says_it_and_its_exit_code_does(copy):
    run = copy / "run"
    done = job_here(f"run.dir={run}", name="verify", as_told=True)
    assert "equal        run.yaml" in done.stdout
    assert " changed 0, missing 0" in done.stdout
    (run / "summary.json").write_bytes(b"{}")
    done = job_here(f"run.dir={run}", name="verify", as_told=True, check=2)
    assert "changed      summary.json" in done.stdout
    assert "Traceback" not in done.stderr
    with pytest.raises(RunError, match="holds no run"):
        glane.verify(copy)


def test_what_a_killed_command_left_is_told_and_what_stands_of_before_is_not_missed(copy):
    folder = copy / "evaluation"
    mark, call = next(iter(read_written(folder).calls.items()))
    later = FileSet(files=dict.fromkeys(call.now.files, "0" * 32), runs=call.now.runs)
    note = read_written(folder).model_copy(update={"calls": {mark: Call(now=later, is_whole=False, before=call.now)}})
    (folder / ".glane-files").write_bytes(note.as_json())
    assert glane.verify(copy / "run", folders=folder).is_as_it_was
    (folder / mark).write_bytes(b"{}")
    found = [one for one in glane.verify(copy / "run", folders=folder).verification.checks if one.part == "made of it"]
    assert [(one.place, one.state) for one in found] == [(str(folder / mark), "changed")]
    assert "ended before" in found[0].why


def test_a_folder_that_is_not_there_does_not_pass_for_one_without_changes(made):
    done = job_here(f"run.dir={made / 'run'}", f"folder=[{made / 'evaluaton'}]", name="verify", check=2)
    assert "evaluaton is no directory" in done.stderr
