"""What a hostile or damaged file may not do: raise, hang, fill the memory, write, or reach the network."""

from __future__ import annotations

import io
import os
import platform
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import psutil
import pytest

import document_files as files
from conftest import ROOT
from glane.documents import process, wire
from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.read import Parser, read_file
from glane.errors import ConfigError

SLOW = b"{\\rtf1 " + b"{\\b x}" * 8_000_000 + b"}"  # takes a reader seconds, on any machine


def read(path: Path, data: bytes, options: Options | None = None, **limits: float) -> tuple[ParsedDocument, ...]:
    path.write_bytes(data)
    told = {"timeout_s": 120.0} | limits
    with Parser(limits=Limits(**told), options=options or Options()) as parser:
        return parser.read(path)


def child_of(parser: Parser) -> psutil.Process:
    return psutil.Process(parser._process._process.pid)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "file"


def test_a_reader_that_does_not_end_is_ended_and_the_next_file_is_read(file, tmp_path):
    file.write_bytes(SLOW)
    (tmp_path / "next.txt").write_text("suite")
    with Parser(limits=Limits(timeout_s=0.5), options=Options()) as parser:
        (document,) = parser.read(file)
        assert document.outcome == Outcome.TIMED_OUT
        assert document.media_type == "application/rtf"
        assert len(document.sha256) == 64
        assert "0.5 s" in document.reason
        assert parser.read(tmp_path / "next.txt")[0].text == "suite"


def test_a_reader_that_is_stopped_in_its_work_is_ended(file):
    file.write_bytes(SLOW)
    with Parser(limits=Limits(timeout_s=2), options=Options()) as parser:
        parser._ready_process()
        os.kill(child_of(parser).pid, signal.SIGSTOP)
        assert parser.read(file)[0].outcome == Outcome.TIMED_OUT


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_reader_that_dies_is_a_row_and_the_next_file_is_read(file, tmp_path, sent):
    file.write_bytes(SLOW)
    (tmp_path / "next.txt").write_text("suite")
    with Parser(limits=Limits(timeout_s=120), options=Options()) as parser:
        parser._ready_process()
        child = child_of(parser)
        killer = threading.Timer(0.3, child.send_signal, [sent])
        killer.start()
        (document,) = parser.read(file)
        killer.join()
        assert document.outcome == Outcome.CRASHED
        assert ("killed from outside" if sent == signal.SIGKILL else sent.name) in document.reason
        assert parser.read(tmp_path / "next.txt")[0].text == "suite"
        child_of(parser).kill()
        child_of(parser).wait(10)
        assert parser.read(tmp_path / "next.txt")[0].text == "suite"  # killed between two files: no file's fault


def test_memory_is_bounded_and_a_file_that_wants_more_is_told(file):
    many = b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 1_000_000
    with zipfile.ZipFile(io.BytesIO(files.word())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    main = parts["word/document.xml"]
    parts["word/document.xml"] = main.replace(b"<w:body>", b"<w:body>" + many)
    (document,) = read(file, files.zipped(parts), memory_mib=300)
    assert document.outcome == Outcome.OUT_OF_MEMORY
    assert "300 MiB" in document.reason


@pytest.mark.parametrize("kind", ["a.pdf", "a.docx", "a.xlsx"])
def test_too_little_memory_for_a_library_is_no_fault_of_the_file(file, kind):
    assert read(file, files.KINDS[kind](), memory_mib=60)[0].outcome == Outcome.OUT_OF_MEMORY


def test_a_process_that_cannot_be_started_is_said_in_a_sentence(file, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConfigError, match="could not be started"):
        read(file, b"x")


def test_the_text_of_a_file_is_bounded(file):
    assert read(file, b"a" * (3 << 20), max_text_mib=2)[0].outcome == Outcome.TOO_LARGE
    assert read(file, b"a" * (3 << 20), max_file_mib=2)[0].outcome == Outcome.TOO_LARGE
    assert read(file, files.pdf(*[["a"]] * 5), max_pages=4)[0].outcome == Outcome.TOO_LARGE


def test_a_zip_bomb_is_not_unpacked(file):
    bomb = files.zipped({"a.txt": b"0" * (64 << 20), "b.txt": b"b"})
    documents = read(file, bomb, max_unpacked_mib=16)
    assert [document.outcome for document in documents] == [Outcome.EMPTY, Outcome.TOO_LARGE, Outcome.TOO_LARGE]
    with zipfile.ZipFile(io.BytesIO(files.word())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["word/document.xml"] = b" " * (64 << 20)
    assert read(file, files.zipped(parts), max_unpacked_mib=16)[0].outcome == Outcome.TOO_LARGE
    lying = bytearray(files.zipped({"a.txt": b"0" * (8 << 20)}))
    at = lying.index(b"PK\x01\x02") + 24  # the size that is told
    lying[at : at + 4] = (100).to_bytes(4, "little")
    assert read(file, bytes(lying), max_unpacked_mib=4)[1].outcome in (Outcome.CORRUPT, Outcome.TOO_LARGE)


def test_archives_in_archives_and_many_members_end(file):
    data = b"texte"
    for level in range(8):
        data = files.zipped({f"{level}.zip" if level else "a.txt": data})
    documents = read(file, data, max_depth=3)
    assert [document.outcome for document in documents] == [*[Outcome.EMPTY] * 4, Outcome.TOO_LARGE]
    assert documents[-1].part.startswith("1/1/1/1 ")
    documents = read(file, files.zipped({f"{number}.txt": b"x" for number in range(30)}), max_parts=10)
    assert [document.outcome for document in documents[1:]] == [*[Outcome.OK] * 10, Outcome.TOO_LARGE]
    assert len(read(file, files.nested(), Options(attachments=False))) == 1


def test_no_entity_is_resolved(file, tmp_path):
    (tmp_path / "secret").write_text("geheim")
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    for declared in (f'<!ENTITY a0 "ha">{laughs}', f'<!ENTITY a11 SYSTEM "file://{tmp_path}/secret">'):
        text = f"<!DOCTYPE x [{declared}]><office:document xmlns:office='o' xmlns:text='t'><office:body><text:p>&a11;</text:p></office:body></office:document>"
        (document,) = read(file, text.encode(), max_text_mib=1, timeout_s=30)
        assert "geheim" not in document.text
        assert "haha" not in document.text
        parts = {"[Content_Types].xml": b"<a/>", "word/document.xml": text.replace("office:body", "body").encode()}
        (document,) = read(file, files.zipped(parts), timeout_s=30)
        assert "geheim" not in document.text
        assert "haha" not in document.text


@pytest.mark.parametrize(
    "data", [b"{" * 3_000_000, b"{\\rtf1" + b"{" * 3_000_000, b"<html>" + b"<table><tr><td>" * 300_000]
)
def test_what_is_nested_without_end_ends(file, data):
    (document,) = read(file, data, timeout_s=20)
    assert document.outcome in set(Outcome) - {Outcome.CRASHED}


def test_mail_that_is_nested_without_end_ends(file):
    data = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\nMIME-Version: 1.0\n\n--b%d\n" % (n, n) for n in range(1000)
    )
    assert read(file, b"From: a\n" + data, timeout_s=20)[0].outcome in (Outcome.CORRUPT, Outcome.EMPTY)
    mail = files.message()
    for _ in range(12):
        outer = files.message()
        outer.add_attachment(mail)
        mail = outer
    documents = read(file, mail.as_bytes())
    assert documents[-1].outcome == Outcome.TOO_LARGE


def test_a_part_that_breaks_the_reader_does_not_take_the_others_with_it(file):
    parts = {"a.txt": b"un", "b.rtf": SLOW, "c.txt": b"trois"}
    file.write_bytes(files.zipped(parts))
    with Parser(limits=Limits(timeout_s=300), options=Options()) as parser:
        parser._ready_process()
        killer = threading.Timer(0.6, child_of(parser).kill)
        killer.start()
        documents = parser.read(file)
        killer.join()
    assert [document.part for document in documents] == ["", "1 a.txt", "2 b.rtf", "3 c.txt"]
    assert [document.outcome for document in documents[1:]] == [Outcome.OK, Outcome.CRASHED, Outcome.OK]
    documents = read(file, files.zipped(parts), timeout_s=1)
    assert documents[-1].outcome == Outcome.TIMED_OUT
    assert "was not read" in documents[-1].reason


def test_the_reader_ends_with_its_parent(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from glane.documents.read import *\n"
        "parser = Parser(limits=Limits(), options=Options()); parser.read(Path(sys.argv[1]))\n"
        "print(parser._process._process.pid, flush=True); os._exit(9)"
    )
    (tmp_path / "a.txt").write_text("x")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.txt"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 9, done.stderr
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid := int(done.stdout)) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_is_kept_for_files_and_replaced_after_some(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with Parser(limits=Limits(files_per_process=3), options=Options()) as parser:
        pids = []
        for _ in range(7):
            parser.read(tmp_path / "a.txt")
            pids.append(child_of(parser).pid)
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_the_reader_has_no_core_dump_no_key_and_little_memory(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.MonkeyPatch.context() as patch, Parser(limits=Limits(memory_mib=999), options=Options()) as parser:
        patch.setenv("HTTPS_PROXY", "proxy.example.org")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
        parser.read(tmp_path / "a.txt")
        child = child_of(parser)
        assert child.rlimit(psutil.RLIMIT_AS) == (999 << 20, 999 << 20)
        assert child.rlimit(psutil.RLIMIT_CORE) == child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert not {"HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY", "HOME"} & set(child.environ())
        assert child.cwd() == "/"


TRIED = """
import ctypes, os, socket, sys
from glane.documents import confine
confine.confine(memory_bytes=1 << 31)
def tried(name, do):
    try:
        do()
        print(name, "done")
    except OSError as error:
        print(name, "refused")
def raw_socket():
    if ctypes.CDLL(None, use_errno=True).socket(2, 1, 0) < 0:
        raise OSError
tried("socket", lambda: socket.create_connection(("127.0.0.1", 9)))
tried("socket", socket.socket)
tried("kernel-socket", raw_socket)
tried("write", lambda: open(sys.argv[1] + "/new", "w").write("x" * 10000))
tried("kernel-remove", lambda: os.unlink(sys.argv[1] + "/there"))
tried("kernel-make", lambda: os.mkdir(sys.argv[1] + "/folder"))
tried("kernel-create", lambda: os.close(os.open(sys.argv[1] + "/created", os.O_CREAT | os.O_WRONLY)))
tried("kernel-run", lambda: os.execv("/bin/true", ["true"]))
tried("kernel-kill", lambda: os.kill(os.getppid(), 0))
print(open(sys.argv[1] + "/there").read())
"""


def test_a_reader_writes_nothing_and_has_no_network(tmp_path):
    (tmp_path / "there").write_text("is there")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(
        [sys.executable, "-c", TRIED, tmp_path], env=environment, capture_output=True, text=True, timeout=120
    )
    said = done.stdout.splitlines()
    assert said[-1] == "is there", done.stderr
    by_kernel = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    for name, what in (line.split() for line in said[:-1]):
        if by_kernel or not name.startswith("kernel"):
            assert what == "refused", name
    assert (tmp_path / "there").exists()


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        b'["document", {}]',
        b'["document", 1]',
        b"\xff",
        b"[" * 5000,
        b'["document", {"outcome": "OK", "media_type": "a", "part": "", "sha256": "", "text": "ab", "pages": [[0, 3, false]],'
        b' "metadata": {}, "encoding": null, "reason": ""}]',
        b'["document", {"outcome": "OK", "media_type": "a", "part": "", "sha256": "", "text": "\\u0000", "pages": [],'
        b' "metadata": {}, "encoding": null, "reason": ""}]',
    ],
)
def test_what_a_reader_says_is_not_trusted(frame):
    with pytest.raises(wire.BadFrame):
        wire.document(wire.unpacked(frame)[1])


def test_a_reader_that_says_nonsense_is_ended(file, monkeypatch):
    file.write_bytes(b"x")
    with Parser(limits=Limits(), options=Options()) as parser:
        parser._ready_process()
        monkeypatch.setattr(wire, "begun", lambda _: wire.document(None))
        (document,) = parser.read(file)
        assert document.outcome == Outcome.CRASHED
        assert parser._process is None


_TAKEN_OVER = """
import itertools
from glane.documents.child import _next, _pipes, _write
requests, answers = _pipes()
_next(requests)
_write(answers, "ready", True)
_next(requests)
document = dict.fromkeys(("media_type", "sha256", "reason"), "") | {
    "outcome": "OK", "text": "a" * %d, "pages": [], "metadata": {}, "encoding": None}
for number in itertools.count():
    _write(answers, "document", document | {"part": str(number)})
"""


@pytest.mark.parametrize(("length", "outcome"), [(0, Outcome.CRASHED), (1 << 20, Outcome.TOO_LARGE)])
def test_a_reader_that_says_no_end_of_documents_is_ended(file, monkeypatch, length, outcome):
    """All that it says is kept: neither many small documents nor large ones may fill the memory of the parent."""
    file.write_bytes(b"x")
    start, limits = process.subprocess.Popen, Limits(timeout_s=60, max_text_mib=1, max_parts=100)

    def started(words, **others):
        return start([*words[:-3], "-c", _TAKEN_OVER % length], **others)

    monkeypatch.setattr(process.subprocess, "Popen", started)
    with Parser(limits=limits, options=Options()) as parser:
        documents = parser.read(file)
        assert parser._process is None
    first = next(one for one in documents if one.part == "")
    assert first.outcome == outcome
    assert len(documents) <= 8 * (100 + 10)
    assert sum(len(one.text) for one in documents) <= 32 << 20


def test_a_file_of_as_many_parts_as_may_be_is_read(tmp_path):
    """Each of them says as much as a reader may: it has a name, cannot be read, and its like follow."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as members:
                members.writestr(f"{'ü' * 90}.txt", f"text {number}")
            archive.writestr(f"{number:02}.zip", inner.getvalue())
    documents = read_file(path, limits=Limits(max_parts=80), options=Options())
    assert len(documents) == 81
    assert sum(one.outcome == Outcome.OK and one.text.startswith("text") for one in documents) == 40
    documents = read_file(path, limits=Limits(max_parts=3), options=Options())
    assert any("max_parts" in one.reason for one in documents)
    assert not any(one.outcome == Outcome.CRASHED for one in documents)


def damaged(data: bytes, random_: random.Random) -> bytes:
    changed = bytearray(data)
    kind = random_.randrange(4)
    if kind == 0:
        return bytes(changed[: random_.randrange(len(changed))])
    if kind == 1:
        start = random_.randrange(len(changed))
        del changed[start : start + random_.randrange(1, 200)]
        return bytes(changed)
    for _ in range(random_.choice((1, 5, 50))):
        changed[random_.randrange(len(changed))] = random_.randrange(256)
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(files.KINDS))
def test_damaged_files_never_raise_and_never_hang(name, tmp_path):
    check_damaged(files.KINDS[name](), tmp_path, times=60)


def check_damaged(data: bytes, folder: Path, *, times: int) -> None:
    random_ = random.Random(len(data))
    with Parser(limits=Limits(timeout_s=30, max_unpacked_mib=64), options=Options()) as parser:
        for _ in range(times):
            (folder / "file").write_bytes(damaged(data, random_))
            began = time.monotonic()
            documents = parser.read(folder / "file")
            assert time.monotonic() - began < 30 + 20
            assert documents[0].part == ""
            for document in documents:
                assert bool(document.reason) == (document.outcome != Outcome.OK)
                assert document.outcome not in (Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY)
                assert all(0 <= page.start <= page.end <= len(document.text) for page in document.pages)
