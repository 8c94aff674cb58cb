"""The audit log: every way of changing it is found, and nothing is done that it does not tell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from dying import Died, dying
from glane.api.audit import write_heads
from glane.errors import DataError, GlaneError, RunError
from glane.job.audited import configuration_digest
from glane.locks import lock
from glane.run import audit_chain, audit_entry
from glane.run.audit import begin_session, note
from glane.run.audit_chain import parsed_lines
from glane.run.audit_entry import AuditEntry
from glane.run.directory import RunDirectory

SECRET = "Zzyzx"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    monkeypatch.setenv("GLANE_AUDIT", str(folder))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("audited")
    extract_here(
        make_settings(write_documents(root / "d.parquet", [f"{SECRET} {at}" for at in range(20)]), root / "run")
    )
    return root / "run"


def chain(folder: Path) -> Path:
    (path,) = folder.glob("*.jsonl")
    return path


def entries(folder: Path) -> list[AuditEntry]:
    return [one for path in sorted(folder.glob("*.jsonl")) for one in parsed_lines(path)]


def fill(num: int = 6) -> None:
    begin_session("evaluate", keys=("gold", "run.dir"))
    for _ in range(num - 2):
        note("read", folder="/runs/a")
    note("ended", outcome="done", exit_code=0)


def filled(folder: Path, num: int = 6) -> Path:
    fill(num)
    return chain(folder)


def is_whole(folder: Path, **told: Any) -> bool:
    found = glane.audit(folder, **told)
    if found.problems:
        with pytest.raises(DataError):
            found.refuse_broken()
    else:
        found.refuse_broken()
    return not found.problems


# What somebody does to a chain.


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def inserted(lines: list[bytes]) -> list[bytes]:
    forged = json.loads(lines[2]) | {"folder": "/runs/other"}
    return [*lines[:2], json.dumps(forged, separators=(",", ":")).encode(), *lines[2:]]


def told_as_torn(lines: list[bytes]) -> list[bytes]:
    """A line that was damaged, with an entry that tells of it in its place, but not of what is there."""
    told = json.loads(lines[3]) | {"event": "repaired", "torn": {"bytes": 3, "sha256": "0" * 64}}
    return [*lines[:2], lines[2][:-5], json.dumps(told, separators=(",", ":")).encode(), *lines[4:]]


ATTACKS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a value changed": lambda lines: [lines[0], lines[1].replace(b"/runs/a", b"/runs/b"), *lines[2:]],
    "a time changed": lambda lines: [lines[0].replace(b'"time":"20', b'"time":"19'), *lines[1:]],
    "a blank put in": lambda lines: [lines[0], lines[1].replace(b":", b": ", 1), *lines[2:]],
    "the first removed": lambda lines: lines[1:],
    "one removed": lambda lines: [*lines[:2], *lines[3:]],
    "two swapped": swapped,
    "one inserted": inserted,
    "one twice": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "one cut": lambda lines: [*lines[:2], lines[2][:-7], *lines[3:]],
    "one emptied": lambda lines: [*lines[:2], b"", *lines[3:]],
    "told as torn": told_as_torn,
    "not JSON": lambda lines: [*lines[:2], b"\xff", *lines[2:]],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_done_to_a_line_is_found(log: Path, attack: str) -> None:
    path = filled(log)
    assert is_whole(log)
    path.write_bytes(b"".join(line + b"\n" for line in ATTACKS[attack](path.read_bytes().splitlines())))
    assert not is_whole(log)
    note("read")  # and is not mended by who goes on
    assert not is_whole(log)


def test_every_flipped_bit_is_found(log: Path) -> None:
    path = filled(log, 3)
    content = path.read_bytes()
    heads = log / "heads.json"
    glane.api.audit.write_heads(glane.audit(log), heads)
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not is_whole(log, against=heads), at
    path.write_bytes(content)
    assert is_whole(log, against=heads)


def test_an_end_that_is_cut_off_and_a_chain_that_is_written_anew_are_found_by_the_head(
    log: Path, tmp_path: Path
) -> None:
    path, heads = filled(log), tmp_path / "heads.json"
    job_here(f"dir={log}", f"out={heads}", name="audit", as_told=True)
    assert "is there already" in job_here(f"dir={log}", f"out={heads}", name="audit", as_told=True, check=2).stderr
    whole = path.read_bytes()
    note("read")  # goes on
    assert is_whole(log, against=heads)
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert is_whole(log)  # which the chain alone does not find
    done = job_here(f"dir={log}", f"against={heads}", name="audit", as_told=True, check=2)
    assert "ends after 5 entries, and had 6" in done.stderr
    path.unlink()
    filled(log, 9)
    assert is_whole(log)
    assert (
        "is not what it was when the head was kept"
        in job_here(f"dir={log}", f"against={heads}", name="audit", as_told=True, check=2).stderr
    )
    path.unlink()
    assert "is gone" in job_here(f"dir={log}", f"against={heads}", name="audit", as_told=True, check=2).stderr


def test_a_chain_is_of_who_its_file_names(log: Path) -> None:
    path = filled(log)
    path.rename(log / "somebody@host.jsonl")
    assert "stands in the file of another" in glane.audit(log).problems[0]


# A writer that is killed.


def test_a_line_that_was_cut_at_any_byte_is_told_and_the_chain_goes_on(log: Path) -> None:
    path = filled(log, 3)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        assert glane.audit(log).chains[0].is_torn == (cut > start)
        note("read")
        (found,) = glane.audit(log).chains
        assert (found.problem, found.is_torn) == (None, False)
        is_all_but_ended = cut == len(whole) - 1
        assert found.repaired == (start < cut < len(whole) - 1)
        assert found.entries == 2 + is_all_but_ended + found.repaired + 1
        torn = path.read_bytes()
        assert torn.startswith(whole[:cut])  # nothing is taken away


def test_one_who_is_killed_while_telling_of_a_torn_line_is_told_of(log: Path) -> None:
    path = filled(log, 3)
    cut = path.read_bytes()[:-20]
    path.write_bytes(cut)
    note("read")
    whole = path.read_bytes()
    for end in range(len(cut), len(whole), 5):
        path.write_bytes(whole[:end])
        for _ in range(2):
            note("read")
            (found,) = glane.audit(log).chains
            assert (found.problem, found.is_torn) == (None, False), end


def test_a_writer_that_dies_at_any_operation_leaves_a_chain_that_goes_on(log: Path) -> None:
    filled(log)
    at = 1
    while dying(lambda: note("read"), at):
        assert is_whole(log)
        at += 1
    assert at > 1


def test_a_disk_that_takes_half_a_line(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(log)
    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, content: real(descriptor, content[: len(content) // 2]))
        with pytest.raises(RunError, match="the disk is full"):
            note("read")
    note("read")
    (found,) = glane.audit(log).chains
    assert (found.problem, found.repaired) == (None, 1)


# Writers at once, and other users.


def test_many_writers_at_once_make_one_chain(log: Path) -> None:
    code = "from glane.run.audit import note\nfor _ in range(40): note('read')"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    threads = [threading.Thread(target=lambda: [note("read") for _ in range(20)]) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert [one.wait(60) for one in others] == [0, 0]
    (found,) = glane.audit(log).chains
    assert (found.problem, found.entries, found.is_torn) == (None, 140, False)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder as a site makes it: everybody may make files there, and remove only their own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_nobody_writes_the_chain_of_another(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANE_AUDIT", str(shared))
    path = filled(shared)
    name, host = path.stem.split("@")
    os.seteuid(65534)
    try:
        fill()
        with pytest.raises(PermissionError):
            path.open("ab")
        with pytest.raises(PermissionError):
            path.unlink()
        other = next(one for one in shared.glob("*.jsonl") if one != path)
        assert other.stat().st_mode & 0o777 == 0o640
    finally:
        os.seteuid(0)
    assert is_whole(shared)
    assert len(glane.audit(shared).chains) == 2
    path.unlink()
    other.rename(shared / f"{name}@{host}.jsonl")  # of another user, in the place of one's own
    with pytest.raises(RunError, match="is not a file of yours alone"):
        note("read")


@pytest.mark.parametrize(
    "kind", ["symlink", "hardlink", "hardlink to nothing", "hardlink to another's log", "directory"]
)
def test_what_is_no_file_of_ones_own_is_not_written(log: Path, tmp_path: Path, kind: str) -> None:
    path, target = filled(log), tmp_path / "target"
    path.rename(target)
    if kind == "symlink":
        path.symlink_to(target)
    elif kind == "hardlink":
        target.write_bytes(b"a file of one's own\n" * 9)
        path.hardlink_to(target)
    elif kind == "hardlink to nothing":
        target.write_bytes(b"")
        path.hardlink_to(target)
    elif kind == "hardlink to another's log":
        target.write_bytes(target.read_bytes().replace(b'"host":"', b'"host":"x', 1))
        path.hardlink_to(target)
    else:
        path.mkdir()
    before = target.read_bytes()
    with pytest.raises(RunError, match="GLANE_AUDIT|audit"):
        note("read")
    assert target.read_bytes() == before


def test_a_log_with_a_second_name_as_backups_make_it_goes_on_and_is_told(log: Path, tmp_path: Path) -> None:
    path = filled(log)
    (tmp_path / "backup.jsonl").hardlink_to(path)
    before = len(entries(log))
    note("read")
    assert len(entries(log)) == before + 1
    assert is_whole(log)
    assert "; it has 2 names (hard links), which are no copies: they change with it" in str(glane.audit(log))
    (tmp_path / "backup.jsonl").unlink()
    assert "names" not in str(glane.audit(log))


def test_a_log_of_a_terabyte_of_holes_is_told_and_not_read(log: Path) -> None:
    path = filled(log)
    os.truncate(path, 2**40)
    assert "cannot be read (File too large)" in glane.audit(log, show=3).problems[0]
    with pytest.raises(RunError, match="holds no entry of glane"):
        note("read")


def test_names_that_cannot_be_shown_are_told_and_stop_no_audit(log: Path) -> None:
    fill()
    for name in (b"\xff\xfe@h.jsonl", b"a\x1b[2J@h.jsonl", b"a" * 240 + b"@h.jsonl", b"@.jsonl"):
        Path(os.fsdecode(os.fsencode(log) + b"/" + name)).write_bytes(b"{}")
    found = glane.audit(log, show=3)
    assert len(found.problems) == 3
    assert all(line.isprintable() for line in str(found).splitlines())
    done = job_here(f"dir={log}", name="audit", check=2)
    assert "Traceback" not in done.stderr
    done.stderr.encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_chain_in_the_name_of_another_user_is_told(log: Path) -> None:
    path = filled(log)
    assert is_whole(log)
    path.rename(log / "daemon@host.jsonl")
    os.chown(log / "daemon@host.jsonl", 65534, -1)
    assert "is named as that of daemon" in glane.audit(log).problems[0]


def test_what_others_put_into_the_folder_stops_no_audit_and_is_told(log: Path, tmp_path: Path) -> None:
    """A pipe would be waited for, a link to a device be read for ever, and a name may feign lines of its own."""
    fill()
    os.mkfifo(log / "a@h.jsonl")
    (log / "b@h.jsonl").symlink_to("/dev/zero")
    (log / "c@h.jsonl").mkdir()
    (log / "d\nroot@h.jsonl: whole, 9 entries.jsonl").write_bytes(b"")
    found = glane.audit(log, show=3)
    assert len(found.problems) == 4
    assert len(str(found).splitlines()) == 5 + 3
    assert [one.problem for one in found.chains if one.entries] == [None]


def test_a_line_that_is_longer_than_what_is_read_at_first_closes_no_log(log: Path) -> None:
    note("wrote", of=tuple(f"{number:032x}" for number in range(20_000)))
    note("read")
    path = chain(log)
    path.write_bytes(path.read_bytes() + b"x" * 700_000)  # and what a killed writer left of another
    note("read")
    (found,) = glane.audit(log).chains
    assert (found.problem, found.repaired, found.entries) == (None, 1, 4)


def test_a_clock_that_went_back_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill()

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr("glane.run.audit.datetime", Earlier)
    note("read")
    found = glane.audit(log)
    assert found.chains[0].turned_back == 1
    assert not found.problems
    assert "its clock went back 1 time" in str(found)


def test_a_log_is_told_in_french_with_numbers_that_agree(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    begin_session("evaluate")
    one = str(glane.audit(log))
    assert "entier, 1 entrée\u00a0: 1 commande commencée\u00a0; tête " in one
    note("ended", outcome="refused", exit_code=2)
    begin_session("export")
    several = str(glane.audit(log))
    assert "entier, 3 entrées\u00a0: 2 commandes commencées, 1 refus\u00a0; tête " in several
    for event in get_args(audit_entry.Event):
        if event not in ("ended", "repaired"):
            note(event)
    for outcome in get_args(audit_entry.Outcome):
        note("ended", outcome=outcome)
    told = str(glane.audit(log))
    for word in (*get_args(audit_entry.Event), *get_args(audit_entry.Outcome)):
        assert f"{word} " not in told.partition("entrées")[2], "the code of an entry is no word"
    assert sum(map(int, re.findall(r"[:,] (\d+) ", told.partition("entrées")[2]))) == len(entries(log))


def test_heads_are_those_of_a_whole_log_and_are_compared_with_those_of_a_file_of_heads(log: Path) -> None:
    fill(2)
    chain(log).write_bytes(chain(log).read_bytes()[10:])
    done = job_here(f"dir={log}", f"out={log.parent / 'new.json'}", name="audit", check=2)
    assert done.stdout.splitlines()[-1] == "heads: none are written of a log that is broken"
    assert not (log.parent / "new.json").exists()
    (log.parent / "notes.yaml").write_text("a: [")
    for wrong in ("notes.yaml", "."):
        refused = job_here(f"dir={log}", f"against={log.parent / wrong}", name="audit", check=2).stderr
        assert refused.startswith("error: against: ")
        assert refused.endswith("Give a file that glane audit out=… wrote.\n")


def test_an_emptied_log_is_told_without_a_count_and_a_head(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(2)
    heads = write_heads(glane.audit(log), log.parent / "heads.json")
    chain(log).write_bytes(b"")
    assert str(glane.audit(log)) == f"{chain(log).name}: no entry"
    monkeypatch.setenv("GLANE_LANG", "fr")
    assert str(glane.audit(log)) == f"{chain(log).name}\u00a0: aucune entrée"
    assert str(glane.audit(log, against=heads)) == f"{chain(log).name}\u00a0: rompu avant toute entrée"


def test_reading_the_log_gives_no_writer_s_lock_back(log: Path) -> None:
    """A lock of a process is lost where it closes any descriptor of the file."""
    path = filled(log)
    descriptor = os.open(path, os.O_RDWR)
    try:
        with audit_chain._HERE:
            reader = threading.Thread(target=lambda: glane.audit(log))
            assert lock(descriptor, deadline=0)
            reader.start()
            reader.join(0.3)
            code = f"import fcntl,os\nfcntl.lockf(os.open({str(path)!r}, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)"
            assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 1
        reader.join(30)
    finally:
        os.close(descriptor)


# What commands tell.


def test_a_command_is_refused_before_it_does_anything_where_it_cannot_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Path
) -> None:
    monkeypatch.setenv("GLANE_AUDIT", str(tmp_path / "none"))
    done = job_here(f"path={tmp_path / 'corpus'}", "documents=3", name="demo_corpus", as_told=True, check=2)
    assert "nothing is done that is not written down" in done.stderr
    assert not (tmp_path / "corpus").exists()
    with pytest.raises(RunError, match="is no folder"):
        glane.open_run(run)
    with pytest.raises(RunError, match="is no folder"):
        glane.runs(run).write(str(tmp_path / "pages"))
    assert not list((tmp_path / "pages").glob("*.html"))


def test_who_ran_read_wrote_and_was_refused_is_told_and_no_text(
    log: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = glane.open_run(run).usable().select("id", "fever").collect()
    gold.write_parquet(tmp_path / "gold.parquet")
    out = tmp_path / "out"
    job_here(
        f"run.dir={run}", f"gold={tmp_path / 'gold.parquet'}", "field=fever", f"out.dir={out}", name="estimate", as_told=True
    )  # fmt: skip
    job_here(f"run.dir={run}", f"case=note = '{SECRET}'", f"gold={SECRET}", f"out.dir={out}", name="estimate", check=2)
    job_here(f"{SECRET}=1", f"+gold.{SECRET}=2", f"note={SECRET}", name="estimate", check=2)
    job_here(f"run.dir={run}", "to=csv", f"out.dir={tmp_path / 'export'}", name="export", as_told=True)
    assert is_whole(log)
    told = entries(log)
    directory = RunDirectory(root=run)
    read = [one for one in told if one.event == "read"]
    assert {one.run.id for one in read if one.run} == {directory.identity()}
    assert {one.run.fingerprint for one in read if one.run} == {glane.open_run(run).description().fingerprint_digest}
    wrote = [(one.command, one.folder, one.first_file, one.of) for one in told if one.event == "wrote"]
    assert wrote == [
        ("estimate", str(out), "estimates.parquet", (directory.identity(),)),
        ("export", str(tmp_path / "export"), "export.json", (directory.identity(),)),
    ]
    assert [one.outcome for one in told if one.event == "ended"] == ["done", "refused", "refused", "done"]
    began = [one for one in told if one.event == "began"]
    assert began[0].keys == ("run.dir", "gold", "field", "out.dir")
    assert began[0].configuration is not None
    assert SECRET not in "".join(path.read_text() for path in log.iterdir())
    shown = job_here(f"dir={log}", "show=3", name="audit", as_told=True).stdout
    assert len(shown.splitlines()) == 4
    assert "export ended" in shown
    monkeypatch.setenv("GLANE_LANG", "fr")  # whatever the language, an entry's values can be read by a program
    last = job_here(f"dir={log}", "show=1", name="audit").stdout.splitlines()[-1]
    assert json.loads(last[last.index("{") :])


def test_a_look_at_what_would_be_erased_and_records_that_are_pseudonymised_are_reads(
    log: Path, run: Path, tmp_path: Path
) -> None:
    read_by = {
        "erase": [f"run.dir={run}", "ids=[d3]"],
        "pseudonymise": [
            f"data.path={run}/records/*.parquet", "data.text_column=note", f"out.dir={tmp_path / 'pseudo'}",
            f"offsets={tmp_path / 'offsets.parquet'}", f"key_file={tmp_path / 'key'}",
        ],
    }  # fmt: skip
    (tmp_path / "key").write_bytes(b"a key of this test, long enough to be one")
    (tmp_path / "key").chmod(0o600)
    for command, words in read_by.items():
        job_here(*words, name=command, as_told=True)
    told = [(one.command, one.run and one.run.id, one.folder) for one in entries(log) if one.event == "read"]
    assert told[-2:] == [(command, RunDirectory(root=run).identity(), str(run)) for command in read_by]


def test_a_command_that_dies_is_seen_by_its_beginning(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        monkeypatch.setenv("GLANE_AUDIT", "")  # as nothing more is written after SIGKILL
        raise Died

    monkeypatch.setattr("glane.demo.corpus.write_corpus", killed)
    with pytest.raises(Died):
        job_here(f"path={tmp_path / 'c'}", "documents=3", name="demo_corpus", as_told=True)
    assert [one.event for one in entries(log)] == ["began"]


def test_a_configuration_is_told_by_its_digest_without_questions_and_ids() -> None:
    one = configuration_digest({"query": "a", "top": 3, "run": {"dir": "x", "show": "d1"}})
    assert one == configuration_digest({"query": "b", "top": 3, "run": {"dir": "x", "show": "d2"}})
    assert one != configuration_digest({"query": "a", "top": 4, "run": {"dir": "x", "show": "d1"}})


def test_the_site_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, folder = tmp_path / "site.yaml", tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("GLANE_AUDIT", "")
    monkeypatch.setenv("GLANE_SITE", str(site))
    site.write_text("audit: null\n")
    job_here(f"path={tmp_path / 'a'}", "documents=3", name="demo_corpus", as_told=True)
    assert not os.environ["GLANE_AUDIT"]
    site.write_text(f"audit: {folder}\nnone: 3\n")
    done = job_here(f"path={tmp_path / 'b'}", "documents=3", name="demo_corpus", as_told=True, check=2)
    assert "none: unknown key" in done.stderr
    assert not (tmp_path / "b").exists()
    site.write_text(f"audit: {folder}\n")
    job_here(f"path={tmp_path / 'b'}", "documents=3", name="demo_corpus", as_told=True)
    assert [one.event for one in entries(folder)] == ["began", "wrote", "ended"]
    assert os.environ["GLANE_AUDIT"] == str(folder)  # for what it starts


def test_without_a_log_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    monkeypatch.setenv("GLANE_AUDIT", "")
    glane.open_run(run)
    note("read")
    with pytest.raises(GlaneError, match="no audit log is named"):
        glane.audit()
    assert "no entry" in str(glane.audit(tmp_path))


def test_what_a_notebook_does_is_told_refused_reads_too(
    log: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glane.run.audit._command", "python")  # other tests called commands in this process
    shutil.copytree(run, tmp_path / "lossy")
    for path in (tmp_path / "lossy" / "records").iterdir():
        path.unlink()
    for place in (tmp_path / "lossy", tmp_path / "none"):
        with pytest.raises(RunError):
            glane.open_run(place)
    told = [(Path(one.folder or "").name, one.outcome, one.reason) for one in entries(log)]
    assert told == [
        ("lossy", None, None), ("lossy", "refused", "RunError"), ("none", None, None), ("none", "refused", "RunError")
    ]  # fmt: skip
    glane.freeze_sentinels(run, str(tmp_path / "frozen"), rows=10)
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "new"))
    wrote = [(one.command, one.folder, one.first_file) for one in entries(log) if one.event == "wrote"]
    assert wrote == [
        ("python", str(tmp_path / "frozen"), "sentinels.json"), ("python", str(tmp_path / "new"), "run.yaml"),
    ]  # fmt: skip
    assert is_whole(log)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_who_has_no_right_to_a_run_is_refused_in_a_sentence_and_told(
    shared: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLANE_AUDIT", str(shared))
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    shutil.copytree(run, place / "run")
    (place / "run").chmod(0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(RunError, match="no right to read it"):
            glane.open_run(place / "run")
    finally:
        os.seteuid(0)
        shutil.rmtree(place)
    assert [(one.user, one.outcome) for one in entries(shared)] == [("nobody", None), ("nobody", "refused")]
