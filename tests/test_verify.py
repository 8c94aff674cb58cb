"""Every digest of a run taken again: a byte that was flipped in any file is found, and the file is named."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job_here, make_settings, write_documents
from glane.api.verify import Verified
from glane.errors import ConfigError, RunError
from glane.job.tables import kept_tables
from glane.run.cleaned import note_cleaned
from glane.run.digests import write_digests
from glane.run.directory import RunDirectory
from glane.run.known import unknown_in
from glane.run.leftovers import leftovers, remove_leftover
from glane.run.starts import record_start
from glane.run.written import Call, FileSet, read_written
from glane.settings.keep import KINDS
from test_sentinels import attached, frozen_folder, whole_run


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


def test_in_french_what_is_no_file_has_a_french_name(made, monkeypatch):
    monkeypatch.setenv("GLANE_LANG", "fr")
    lines = str(glane.verify(made / "run")).splitlines()
    assert "identique    empreinte" in lines
    assert not [line for line in lines if "fingerprint" in line]


def test_what_is_missing_added_or_appended_is_told_as_that(copy):
    run = copy / "run"
    record_start(RunDirectory(root=run), cluster={})  # a later start of the same command
    assert glane.verify(run).is_as_it_was
    (run / "records" / "records-00001.parquet").write_bytes(b"x")
    (run / "plan.parquet").unlink()
    found = glane.verify(run)
    told = {one.place: (one.state, one.why) for one in found.verification.checks}
    assert told["plan.parquet"][0] == "missing"
    assert told["records/records-00001.parquet"] == ("changed", "it was added after the run was published")


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
    (folder / ".glane-files").write_bytes(note.model_copy(update={"own": note.expected()}).as_json())
    assert glane.verify(copy / "run", folders=folder).is_as_it_was
    (folder / mark).write_bytes(b"{}")
    found = [one for one in glane.verify(copy / "run", folders=folder).verification.checks if one.part == "made of it"]
    assert [(one.place, one.state) for one in found] == [(str(folder / mark), "changed")]
    assert "ended before" in found[0].why


def test_a_folder_that_is_not_there_does_not_pass_for_one_without_changes(made):
    done = job_here(f"run.dir={made / 'run'}", f"folder=[{made / 'evaluaton'}]", name="verify", check=2)
    assert "evaluaton is no directory" in done.stderr


def test_what_was_added_where_the_result_is_read_is_a_change_and_elsewhere_is_told(copy):
    run = copy / "run"
    for name in ("notes.txt", "ledger/workers/notes.txt", "records/more.parquet"):
        (run / name).write_bytes(b"x")
        found = glane.verify(run)
        told = {one.place: (one.state, one.why) for one in found.verification.checks}
        assert found.is_as_it_was == (not name.startswith("records/"))
        if not name.startswith("records/"):
            assert told[name] == ("not covered", "glane did not make it")
        (run / name).unlink()
    (copy / "export" / "more.csv").write_text("x")
    assert states(glane.verify(run))[str(copy / "export" / "more.csv")] == "not covered"


def test_a_run_without_digests_does_not_pass_for_one_without_changes(copy):
    """Who changes a record could else remove what tells it."""
    run = copy / "run"
    (run / "digests.json").unlink()
    found = glane.verify(run)
    assert not found.is_as_it_was
    assert states(found)["digests.json"] == "missing"
    assert states(found)["records/records-00000.parquet"] == "not covered"


@pytest.mark.parametrize("name", ["records/records-00000.parquet", "records", "digests.json", "run.yaml"])
def test_a_link_in_the_place_of_a_file_is_a_change_whatever_it_leads_to(copy, name):
    (copy / "run" / name).rename(copy / "elsewhere")
    (copy / "run" / name).symlink_to(copy / "elsewhere")
    assert not glane.verify(copy / "run").is_as_it_was


def test_what_glane_clean_removed_is_not_missing_and_covers_nothing_else(copy):
    run = copy / "run"
    (run / "extract.log").write_text("a line\n")
    (run / "digests.json").unlink()
    write_digests(RunDirectory(root=run), glane.open_run(run).description().fingerprint_digest)
    assert states(glane.verify(run))["extract.log"] == "equal"
    for path in (run, run / "extract.log"):
        os.utime(path, (0, 0))
    (one,) = leftovers(RunDirectory(root=run), ages=dict.fromkeys(KINDS, math.inf) | {"logs": 1.0})
    assert remove_leftover(one, days=1.0)
    found = glane.verify(run)
    told = {one.place: (one.state, one.why) for one in found.verification.checks}
    assert found.is_as_it_was
    assert told["extract.log"][0] == "cleaned"
    assert told["extract.log"][1].startswith("by glane clean, 20")
    (run / "extract.log").write_text("of the same command, which was given again\n")
    again = {one.place: (one.state, one.why) for one in glane.verify(run).verification.checks}["extract.log"]
    assert again == ("cleaned", told["extract.log"][1] + "; what is there was begun since")
    (run / "plan.parquet").unlink()
    note_cleaned(RunDirectory(root=run), "plan.parquet", what="forged", files=1, num_bytes=1)
    assert states(glane.verify(run))["plan.parquet"] == "missing"


def test_a_note_beside_results_that_was_changed_or_removed_is_told(copy):
    """Else an export would be none of the run's once its note is gone, or names another run."""
    run, note = copy / "run", copy / "export" / ".glane-files"
    content = note.read_bytes()
    identity = RunDirectory(root=run).identity().encode()
    note.write_bytes(content.replace(identity, b"0" * len(identity)))
    found = glane.verify(run)
    assert not found.is_as_it_was
    assert states(found)[str(note)] == "changed"
    note.unlink()
    told = {one.place: (one.state, one.why) for one in glane.verify(run).verification.checks}
    assert told[str(copy / "export" / "export.json")] == ("not covered", "no .glane-files names it")


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> Path:
    """A run with sentinels, whose summary is amended at its end; and a run that extends it."""
    folder = tmp_path_factory.mktemp("watched")
    documents = write_documents(folder / "documents.parquet", [f"note {number}" for number in range(40)])
    frozen = frozen_folder(folder, documents, rows=20)
    whole_run(attached(documents, folder / "run", frozen))
    more = {**SMALL_TASK, "fields": {**SMALL_TASK["fields"], "more": {"type": "boolean"}}}
    extract_here(make_settings(documents, folder / "child", more, data__extend=str(folder / "former")))
    return folder


def test_runs_with_sentinels_and_runs_that_extend_others_are_as_they_were(watched):
    found = glane.verify(watched / "run")
    assert found.is_as_it_was
    told = states(found)
    assert told["summary.json"] == told["sentinels/drift.json"] == told["sentinels/digests.json"] == "equal"
    assert told[str(watched / "frozen" / "reference.parquet")] == "equal"
    assert glane.verify(watched / "child").is_as_it_was


def test_what_glane_makes_in_such_runs_is_known(watched):
    for name in ("run", "child", "former"):
        assert list(unknown_in(RunDirectory(root=watched / name))) == []


def is_told(run: Path) -> bool:
    """Whether a verification says that a run is not what it was, or that there is none."""
    try:
        return not glane.verify(run).is_as_it_was
    except RunError:
        return True


def test_what_is_changed_removed_or_linked_of_a_run_with_sentinels_is_told(watched):
    """By a byte, an end, absence and a link: every file of the sentinels that is covered, the summary, the digests."""
    before = states(glane.verify(watched / "run"))
    shown = {"run": watched / "run", "frozen": watched / "frozen"}
    tried = 0
    for folder, root in shown.items():
        for name in _files(root):
            path, place = root / name, name if folder == "run" else str(root / name)
            if before[place] == "not covered" or (folder == "run" and not name.startswith(("s", "digests"))):
                continue
            content, mode = path.read_bytes(), path.stat().st_mode
            changes = [content[:-1], bytes([content[0] ^ 1]) + content[1:], None, *([path] if folder == "run" else [])]
            for changed in changes:
                path.unlink()
                if changed is path:
                    (watched / "target").write_bytes(content)
                    path.symlink_to(watched / "target")
                elif changed is not None:
                    path.write_bytes(changed)  # type: ignore[arg-type]
                assert is_told(watched / "run"), (name, changed is None)
                path.unlink(missing_ok=True)
                path.write_bytes(content)
                path.chmod(mode)
                tried += 1
    assert tried > 30
    assert glane.verify(watched / "run").is_as_it_was
    (watched / "run" / "sentinels").rename(watched / "gone")
    assert not glane.verify(watched / "run").is_as_it_was
    (watched / "gone").rename(watched / "run" / "sentinels")


def test_a_summary_that_is_amended_later_is_not_taken_for_a_changed_one(watched, tmp_path):
    """Sentinels may be attached to a run that is complete."""
    frozen, documents = watched / "frozen", watched / "documents.parquet"
    extract_here(make_settings(documents, tmp_path / "run", run__shard_rows=16))
    own = glane.verify(tmp_path / "run").verification.own
    whole_run(attached(documents, tmp_path / "run", frozen))
    found = glane.verify(tmp_path / "run")
    assert found.is_as_it_was
    assert states(found)["sentinels/drift.json"] == "equal"
    assert found.verification.own != own


def test_a_table_that_was_changed_after_the_run_read_it_is_told_also_where_the_run_was_moved(tmp_path):
    data = tmp_path / "d.csv"
    data.write_text("id,text\na,one\nb,two\n")
    with kept_tables(make_settings(data, tmp_path / "run")) as settings:
        extract_here(settings)
    assert states(glane.verify(tmp_path / "run"))[str(data)] == "equal"
    (tmp_path / "run").rename(tmp_path / "moved")
    assert glane.verify(tmp_path / "moved").is_as_it_was
    data.write_text("id,text\na,one\nb,owt\n")
    found = glane.verify(tmp_path / "moved")
    assert [one.place for one in found.verification.checks if one.state == "changed"] == [str(data)]


def test_a_list_of_ids_that_was_changed_after_the_run_is_told(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "c"])
    listed = tmp_path / "ids.parquet"
    pl.DataFrame({"id": ["d0", "d2"]}).write_parquet(listed)
    extract_here(make_settings(data, tmp_path / "run", data__only_ids_in=str(listed)))
    assert states(glane.verify(tmp_path / "run"))[str(listed)] == "equal"
    pl.DataFrame({"id": ["d0", "d1"]}).write_parquet(listed)
    assert states(glane.verify(tmp_path / "run"))[str(listed)] == "changed"
    listed.unlink()
    assert states(glane.verify(tmp_path / "run"))[str(listed)] == "missing"
