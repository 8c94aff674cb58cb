"""Pages that are pictures are read by a model of a server: what becomes of each, and what the server may not do."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

import document_files as files
from chat_server import MODEL, WHITE, ChatServer, chat, chat_server, picture, scans, send, write_scans
from fork_server import forks, killed_at_random
from glane.documents import wire
from glane.documents.draw import png_of_page
from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome, Page, ParsedDocument
from glane.documents.read import Parser, Undrawn
from glane.documents.reading import Unread
from glane.errors import ConfigError, EngineError, RunError, UnusableError
from glane.ingestion import work
from glane.ingestion.ocr import connect, endpoint
from glane.ingestion.ocr.answers import PageFailed, checked, text_of
from glane.ingestion.ocr.connect import Unreachable
from glane.ingestion.ocr.endpoint import Endpoint
from glane.ingestion.ocr.texts import with_texts
from glane.ingestion.ocr.white import white_page, white_size
from glane.ingestion.summary import check_usable, ingest_summary, shortfall, summary_lines
from glane.job.status_table import RunState, attention, shortfall_of
from glane.job.usable import check_job_usable
from glane.languages import in_language
from glane.run.directory import RunDirectory
from glane.run.overview import overview
from glane.settings import OcrSettings
from glane.settings.ocr import NO_TEXT, as_address
from glane.validation import validated
from ingest_runs import ingest_told, process_alone, read_alone

SECRET = "Zibaldone"  # a word of documents, which nothing may tell


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as one:
        yield one


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PAUSES_S", (0.01, 0.01))


def rows_of(source: Path, data: Path, ocr: dict[str, Any], **changes: Any) -> pl.DataFrame:
    read_alone(ingest_told(source, data, ocr=ocr, **changes))
    return pl.read_parquet(data / "*.parquet")


def one_row(source: Path, data: Path, ocr: dict[str, Any], **changes: Any) -> dict[str, Any]:
    (row,) = rows_of(source, data, ocr, **changes).iter_rows(named=True)
    return row


def asking(server: ChatServer, **more: Any) -> Endpoint:
    return Endpoint(ocr=OcrSettings(**server.told(**more)))


def png(number: int) -> bytes:
    sink = io.BytesIO()
    picture(number).save(sink, "PNG")
    return sink.getvalue()


def test_what_a_model_read_of_pictures_is_in_the_text_and_marked(server: ChatServer, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.pdf").write_bytes(scans(1, 2))
    (source / "b.pdf").write_bytes(files.pdf(["A page that a program wrote, with all of its text in it."]))
    first, *others = map(picture, (3, 4, 5))
    first.save(source / "c.tif", save_all=True, append_images=others)
    (source / "d.zip").write_bytes(files.zipped({"in/x.pdf": scans(6), "y.txt": b"plain"}))
    rows = rows_of(source, tmp_path / "out", server.told())
    assert rows["outcome"].to_list() == ["OCR", "OK", "OCR", "EMPTY", "OCR", "OK"]
    texts = {row["path"] + row["part"]: row for row in rows.iter_rows(named=True)}
    for name, numbers in {"a.pdf": (1, 2), "c.tif": (3, 4, 5), "d.zip1 in_x.pdf": (6,)}.items():
        row = texts[name]
        wanted = [f"The text of page {number}." for number in numbers]
        assert row["text"] == "\n\n".join(wanted)
        assert [row["text"][page["start"] : page["end"]] for page in row["pages"]] == wanted
        assert all(page["is_scanned"] for page in row["pages"])
        assert row["ocr"]["model"] == MODEL
        assert [row["text"][one["start"] : one["end"]] for one in row["ocr"]["read"]] == wanted
        assert [one["page"] for one in row["ocr"]["read"]] == list(range(1, len(numbers) + 1))
        assert row["ocr"]["failed"] == []
        assert "made up" in row["reason"]
    assert texts["b.pdf"]["ocr"] is None
    counts = ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts
    assert (counts.pages_by_model, counts.pages_not_read, counts.needs_a_look) == (6, 0, 0)
    assert any(
        "6 pages are what a model read" in line for line in summary_lines(RunDirectory(root=tmp_path / "out.run"))
    )
    body = server.bodies[0]
    assert (body["temperature"], body["max_tokens"], body["model"]) == (0, 4096, MODEL)


def test_without_a_model_nothing_is_asked_and_pages_are_marked_as_before(server: ChatServer, tmp_path: Path) -> None:
    row = one_row(write_scans(tmp_path / "in", (1, 2)), tmp_path / "out", {})
    assert (row["outcome"], row["text"], row["ocr"], server.asked) == ("NEEDS_OCR", "\n\n", None, [])
    assert row["reason"] == "2 of 2 pages are pictures, without a text that can be read"


def test_a_page_that_fails_costs_that_page_and_is_told(server: ChatServer, tmp_path: Path) -> None:
    server.answer = lambda handler, number, _: (
        send(handler, 400, SECRET.encode()) if number == 2 else send(handler, 200, chat(f"page {number}"))
    )
    source = write_scans(tmp_path / "in", (1, 2, 3))
    row = one_row(source, tmp_path / "out", server.told())
    assert (row["outcome"], row["text"]) == ("NEEDS_OCR", "page 1\n\n\n\npage 3")
    assert [row["text"][page["start"] : page["end"]] for page in row["pages"]] == ["page 1", "", "page 3"]
    assert [one["page"] for one in row["ocr"]["read"]] == [1, 3]
    assert row["ocr"]["failed"] == [{"page": 2, "reason": "the server refused the page (HTTP 400)"}]
    assert row["reason"].startswith("1 of 3 pages are pictures that were not read (page 2: the server refused the page")
    assert SECRET not in row["reason"]
    (look,) = pl.read_csv(tmp_path / "out" / "_needs_a_look.csv").iter_rows(named=True)
    assert look["reason"] == row["reason"]
    assert look["reason_fr"].startswith(
        "pages qui sont des images, non lues\u00a0: 1 sur 3 (page 2\u00a0: le serveur a refusé"
    )
    assert ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts.needs_a_look == 1


def test_a_stamp_on_a_scan_stays_and_offsets_tell_what_the_model_wrote() -> None:
    text = "Page 1\n\nwritten by a program"
    pages = (Page(start=0, end=6, is_scanned=True), Page(start=8, end=28))
    document = ParsedDocument(outcome=Outcome.NEEDS_OCR, media_type="application/pdf", text=text, pages=pages)
    made = with_texts(document, "m", {0: "what it read"}, {})
    assert made.text == "Page 1\nwhat it read\n\nwritten by a program"
    assert [made.text[page.start : page.end] for page in made.pages] == ["Page 1\nwhat it read", "written by a program"]
    assert made.ocr is not None
    assert [made.text[one.start : one.end] for one in made.ocr.read] == ["what it read"]
    blank = with_texts(document, "m", {0: ""}, {})
    assert (blank.text, blank.outcome) == (text, Outcome.OCR)
    assert blank.ocr is not None
    assert [(one.start, one.end) for one in blank.ocr.read] == [(6, 6)]


@pytest.mark.parametrize(
    ("content", "ending", "why"),
    [
        ("", "stop", "wrote nothing"), (" \n", "stop", "wrote nothing"), (None, "stop", "wrote nothing"),
        ("a text", "length", "had not ended at ocr.max_tokens"), ("a text", "content_filter", "was stopped before"),
        ("a text", None, "was stopped before"), (7, "stop", "no answer to a chat"),
        ("Début. " + "Monsieur le patient. " * 40, "stop", "the same again and again"),
        ("Début. " + "Monsieur le patient. " * 40, "length", "the same again and again"),
        ("0" * 2500, "stop", "the same again and again"), ("x " * 120_000 + "y", "stop", "more than 200000 characters"),
    ],
)  # fmt: skip
def test_the_known_failures_of_models_are_told(content: Any, ending: str | None, why: str) -> None:
    with pytest.raises(PageFailed, match=why) as caught:
        text_of(json.dumps(chat(content, ending)).encode())
    assert "patient" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "Un texte, avec des lignes.\n" * 7, "Nom : " + "." * 900 + "\n" + "_" * 900, "| --- " * 12 + "|\n" + "| 0 | 0 |\n" * 20,
        "| --- " * 12 + "|\n" + "| 0 " * 400 + "|", "Sem. " + "0,00 0,00 0,00\n" * 120, "0" * 1900,
        " ".join(f"Le patient {number} va bien." for number in range(300)),
    ],
)  # fmt: skip
def test_what_documents_repeat_is_no_failure(text: str) -> None:
    assert checked(text, is_cut=False, is_whole=True) == text.strip()


@pytest.mark.parametrize(
    "written",
    [
        f" {NO_TEXT}\n", "[No text]", "[no text].", "`[no text]`", "**[no text]**", "```\n[NO TEXT]\n```", "_[no text]_", "> [no text]",
        "```markdown\n[no text]\n```", "\"[no text]\"", "[[no text]]",
    ],
)  # fmt: skip
def test_a_page_without_text_is_read(server: ChatServer, written: str) -> None:
    server.written = lambda _: written
    assert asking(server).read(png(1)) == ""


@pytest.mark.parametrize(
    "written", ["No text", "Stamp\n[no text]", "[no text] 5", "[no text" + "]" * 1000, "[no texts]"]
)
def test_a_text_with_these_words_is_one(server: ChatServer, written: str) -> None:
    server.written = lambda _: written
    assert asking(server).read(png(1)) == written


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b"null", b'{"choices": []}', b'{"choices": [{}]}', b"[" * 100_000, b'{"choices": 5}'],
)
def test_what_is_no_answer_is_told(server: ChatServer, body: bytes) -> None:
    server.answer = lambda handler, number, _: send(handler, 200, body if number != WHITE else chat("white"))
    with pytest.raises(PageFailed, match="no answer to a chat"):
        asking(server).read(png(1))
    assert server.asked == [1, WHITE]  # it would answer the same again
    server.answer = lambda handler, *_: send(handler, 200, body)
    with pytest.raises(EngineError, match=r"reads no page \(a white one: the server answered what is no answer"):
        asking(server).check()


def test_a_server_that_is_busy_is_asked_again(server: ChatServer) -> None:
    def answer(handler: Any, number: int, _: object) -> None:
        if len(server.asked) == 1:
            send(handler, 500, SECRET.encode())
        elif len(server.asked) == 2:
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            send(handler, 200, chat("at last"))

    server.answer = answer
    assert asking(server).read(png(1)) == "at last"
    assert server.asked == [1, 1, 1]


def only_white(handler: Any, number: int, _: object) -> None:
    """Read white pages, and fail at all others."""
    send(handler, 200 if number == WHITE else 503, chat(SECRET))


def test_a_page_is_given_up_after_three_requests_if_a_white_one_is_read(server: ChatServer) -> None:
    server.answer = only_white
    with pytest.raises(PageFailed, match="no answer in 3 requests, at last: HTTP 503") as caught:
        asking(server).read(png(1))
    assert server.asked == [1, 1, 1, WHITE]
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [400, 413, 422, 429, 500, 503])
def test_a_server_that_reads_no_page_stops_the_run(server: ChatServer, status: int, tmp_path: Path) -> None:
    server.answer = lambda handler, *_: send(handler, status, SECRET.encode())
    words = rf"answers /v1/models, and reads no page \(a white one: HTTP {status}\)"
    with pytest.raises(EngineError, match=words) as caught:
        asking(server).read(png(1))
    assert ("lower ocr.concurrency=2" in str(caught.value)) == (status >= 429)
    assert ("context room for one of 1240 x 1753 pixels" in str(caught.value)) == (status in (400, 422))
    assert ("raise this, or lower ocr.dpi or ocr.max_pixels." in str(caught.value)) == (status == 413)
    assert SECRET not in str(caught.value)
    if status in (400, 500):
        source = write_scans(tmp_path / "in", (1, 2), (3,))
        with pytest.raises(AssertionError, match="reads no page"):
            read_alone(ingest_told(source, tmp_path / "out", ocr=server.told()))
        assert not (tmp_path / "out").exists()


def test_a_page_that_is_too_large_for_a_proxy_costs_itself_and_the_remedy_is_told(
    server: ChatServer, tmp_path: Path
) -> None:
    server.answer = lambda handler, number, _: send(
        handler, 413 if number in (2, 3) else 200, chat(f"page {number}") if number not in (2, 3) else SECRET.encode()
    )
    rows = rows_of(write_scans(tmp_path / "in", (1, 2, 3), (4, 2), (5,)), tmp_path / "out", server.told())
    assert rows["outcome"].to_list() == ["NEEDS_OCR", "NEEDS_OCR", "OCR"]
    assert rows["text"].to_list() == ["page 1\n\n\n\n", "page 4\n\n", "page 5"]
    why = (
        "the server refused the page as too large (HTTP 413). It, or a proxy before it, has a limit on the size of a "
        "request: raise this, or lower ocr.dpi or ocr.max_pixels"
    )
    run = RunDirectory(root=tmp_path / "out.run")
    counts = ingest_summary(run).counts
    assert (counts.pages_by_model, counts.pages_not_read, counts.why_not_read) == (3, 3, {why: 3})
    lines = summary_lines(run)
    assert f"not read 3 pages: {why}" in lines
    assert shortfall(counts) is None
    told = in_language("\n".join(lines), "fr")
    assert "pas lues 3 pages : le serveur a refusé la page, trop grande (HTTP 413)" in told.replace("\u00a0", " ")
    check_usable(run, "out.run")


SILENCE: dict[str, Any] = {  # what a model that is of no use answers to every page
    "nothing": ("", "stop"), "blanks": (" \n", "stop"), "null": (None, "stop"), "no text": (NO_TEXT, "stop"),
    "a loop": ("word " * 2000, "length"), "cut": ("a text that goes on", "length"),
}  # fmt: skip


@pytest.mark.parametrize("how", SILENCE)
def test_a_model_that_reads_no_page_is_told_loudly_and_ends_with_its_exit_code(
    server: ChatServer, tmp_path: Path, how: str
) -> None:
    server.answer = lambda handler, *_: send(handler, 200, chat(*SILENCE[how]))
    source = write_scans(tmp_path / "in", (1, 2, 3), (4, 5))
    settings = ingest_told(source, tmp_path / "out", ocr=server.told())
    read_alone(settings)
    with pytest.raises(UnusableError, match="no text came of any of 5 pages") as refused:
        check_job_usable(settings)
    said = str(refused.value)
    assert ("5 without text, as the model said" if how == "no text" else "5 not read: the model ") in said
    assert "ocr.prompt" in said
    assert SECRET not in said
    state = RunState(path="out.run", run=overview(str(tmp_path / "out.run")))
    assert shortfall_of(state.run) is not None
    assert attention(state).is_needed
    french = in_language(said, "fr")
    assert "aucune des 5 pages qui sont des images n'a donné de texte" in french
    assert "Le jeu de données est gardé" in french


@pytest.mark.parametrize(
    ("num_pages", "has_other", "is_told"), [(1, True, False), (7, True, False), (8, True, True), (1, False, True)]
)
def test_a_few_white_pages_beside_documents_with_text_are_nothing_strange(
    server: ChatServer, tmp_path: Path, num_pages: int, has_other: bool, is_told: bool
) -> None:
    server.written = lambda _: NO_TEXT
    source = write_scans(tmp_path / "in", tuple(range(1, num_pages + 1)))
    if has_other:
        (source / "z.txt").write_text("A text that somebody typed.")
    settings = ingest_told(source, tmp_path / "out", ocr=server.told())
    read_alone(settings)
    assert (shortfall(ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts) is not None) == is_told
    if not is_told:
        check_job_usable(settings)


def test_one_page_with_a_text_is_enough(server: ChatServer, tmp_path: Path) -> None:
    server.written = lambda number: "A text." if number == 7 else ""
    settings = ingest_told(write_scans(tmp_path / "in", (1, 2, 3), (4, 7)), tmp_path / "out", ocr=server.told())
    read_alone(settings)
    check_job_usable(settings)
    counts = ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts
    assert (counts.pages_by_model, counts.why_not_read) == (1, {"the model wrote nothing": 4})


def test_pages_that_are_refused_in_a_row_have_a_white_one_tried(server: ChatServer) -> None:
    pages = [1, *[2] * 9, 0, *[2] * 7, 0, 2, 3]
    server.answer = lambda handler, number, _: send(
        handler, {2: 400, 3: 422}.get(number, 200), chat("wrote" if number else "same " * 200)
    )
    one = asking(server)
    for number in pages:
        if number == 1:
            assert one.read(png(1)) == "wrote"
        else:
            with pytest.raises(PageFailed):
                one.read(png(number))
    tried = [at for at, number in enumerate(server.asked) if number == WHITE]
    assert tried == [2, 11]  # after the first, and after eight more; a page that was read badly begins anew
    server.answer = lambda handler, *_: send(handler, 400, b"")
    for _ in range(5):
        with pytest.raises(PageFailed):
            one.read(png(2))
    with pytest.raises(EngineError, match="reads no page"):
        one.read(png(2))


@pytest.mark.parametrize(("dpi", "max_pixels"), [(150, 4_000_000), (50, 4_000_000), (600, 10_000), (600, 64_000_000)])
def test_a_white_page_is_as_large_as_pages_are(dpi: int, max_pixels: int) -> None:
    made = white_page(dpi, max_pixels)
    with Image.open(io.BytesIO(made)) as image:
        image.load()
        assert (image.mode, image.size) == ("RGB", white_size(dpi, max_pixels))
        assert image.getextrema() == ((255, 255),) * 3
        width, height = image.size
    assert width * height <= max_pixels
    assert width * height > 0.98 * min(max_pixels, 8.27 * 11.69 * dpi**2)
    assert len(made) < 200_000


def test_before_the_run_a_server_that_is_busy_is_asked_three_times(server: ChatServer) -> None:
    server.answer = lambda handler, *_: send(handler, 503 if len(server.asked) < 3 else 200, chat("nothing"))
    asking(server).check()
    assert server.asked == [WHITE] * 3
    server.answer = lambda handler, *_: send(handler, 503, b"")
    with pytest.raises(EngineError, match=r"reads no page \(a white one: HTTP 503\)"):
        asking(server).check()
    is_over = threading.Event()
    server.answer = lambda *_: is_over.wait(60)
    with pytest.raises(EngineError, match=r"reads no page \(a white one: not within 0\.2 s\).*ocr\.timeout_s=0\.2"):
        asking(server, timeout_s=0.2).check()
    is_over.set()
    assert server.asked == [WHITE] * 9


def test_a_server_that_hangs_or_drips_is_left_at_its_time(server: ChatServer) -> None:
    is_over = threading.Event()

    def hang(handler: Any, *_: object) -> None:
        is_over.wait(60)

    def drip(handler: Any, *_: object) -> None:
        try:
            handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not is_over.wait(0.05):
                handler.connection.sendall(b" ")
        except OSError:
            pass

    def drip_headers(handler: Any, *_: object) -> None:
        try:
            handler.connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not is_over.wait(0.05):
                handler.connection.sendall(b"X: y\r\n")
        except OSError:
            pass

    for answer in (hang, drip, drip_headers):
        server.answer = answer
        began = time.monotonic()
        with pytest.raises(EngineError, match=r"reads no page \(a white one: not within 0\.3 s\)"):
            asking(server, timeout_s=0.3).read(png(1))
        assert time.monotonic() - began < 30
    is_over.set()


def test_an_answer_that_does_not_end_is_refused_in_bounded_memory(server: ChatServer) -> None:
    def answer(handler: Any, *_: object) -> None:
        try:
            handler.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                handler.connection.sendall(b" " * 65536)
        except OSError:
            pass

    server.answer = answer
    with pytest.raises(EngineError, match=r"reads no page \(a white one: the answer .* larger than 4 MiB"):
        asking(server).read(png(1))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_page_is_sent_to_no_other_place(server: ChatServer, status: int) -> None:
    with chat_server() as other:
        server.answer = lambda handler, *_: send(handler, status, b"", Location=f"{other.endpoint}/chat/completions")
        with pytest.raises(EngineError, match=f"answers HTTP {status}.*sent to no other"):
            asking(server).read(png(1))
        assert (server.asked, other.asked) == ([1], [])


def test_no_proxy_is_asked(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert asking(server).read(png(1)) == "The text of page 1."
        assert proxy.asked == []


def told(**values: Any) -> OcrSettings:
    return validated(OcrSettings, {"model": "m", **values}, place="ocr")


# For benchmarks, documentation, carriers; reserved; a tunnel: neither public nor of a site, unless it says so.
NEITHER = [
    "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.9", "100.64.0.1", "240.0.0.1", "255.255.255.255", "0.1.2.3",
    "[2001:db8::1]", "[2001:0:808:808::1]",
]  # fmt: skip
NEVER = ["224.0.0.1", "[ff02::1]", "[fe80::1]", "[2002:808:808::1]", "[64:ff9b::808:808]", "[::]", "[::ffff:1.1.1.1]"]


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "[::1]", "127.8.0.1", "[::ffff:127.0.0.1]"])
def test_this_machine_is_taken(address: str) -> None:
    assert told(endpoint=f"http://{address}:8000/v1").port == 8000


@pytest.mark.parametrize(
    ("address", "hosts", "words"),
    [
        ("http://8.8.8.8:80/v1", (), "8.8.8.8 is a public address, and pages of documents are confidential"),
        ("http://8.8.8.8:80/v1", ("8.8.8.8",), "is a public address"),
        ("http://[::ffff:8.8.8.8]:80/v1", (), "is a public address"),
        ("http://169.254.169.254:80/v1", ("169.254.169.254",), "is a public address"),
        ("http://0.0.0.0:80/v1", ("0.0.0.0",), "is a public address"),
        ("http://10.0.0.7:80/v1", (), r"is another machine.*ocr\.hosts=\[10\.0\.0\.7\]"),
        *((f"http://{one}:80/v1", ("node8",), r"is another machine.*ocr\.hosts=\[") for one in NEITHER),
        *((f"http://{one}:80/v1", (one.strip("[]"),), "is a public address") for one in NEVER),
        ("http://node7:80/v1", ("node8",), r"is another machine.*ocr\.hosts=\[node7\]"),
        ("https://127.0.0.1:80/v1", (), "is none: give http://HOST:PORT/v1"),
        ("http://127.0.0.1/v1", (), "is none"), ("http://127.0.0.1:80/v2", (), "is none"),
        ("http://me:pw@127.0.0.1:80/v1", (), "is none"), ("http://127.0.0.1:99999/v1", (), "is none"),
        ("http://127.0.0.1:80@example.org:80/v1", (), "is none"), ("file:///etc/passwd", (), "is none"),
        (None, (), "give endpoint=http://HOST:PORT/v1 and model=NAME"),
    ],
)  # fmt: skip
def test_another_place_is_refused_before_anything_is_sent(
    address: str | None, hosts: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        told(endpoint=address, hosts=hosts)


def test_a_host_that_was_told_is_taken_unless_its_name_leads_outside(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = {"node7": "127.0.0.1", "node8": "8.8.8.8", "localhost": "10.1.2.3"}

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host not in leads:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    def at(host: str) -> Endpoint:
        return Endpoint(ocr=told(endpoint=f"http://{host}:{server.port}/v1", hosts=(host,), timeout_s=5))

    monkeypatch.setitem(leads, "127.0.0.1", "127.0.0.1")  # http.client looks the address up that it is given
    assert at("node7").read(png(1)) == "The text of page 1."
    for host in ("node8", "localhost"):
        with pytest.raises(EngineError, match=f"{host} leads to {leads[host]}, and pages"):
            at(host).read(png(1))
    with pytest.raises(EngineError, match="the name of the host is not known"):
        at("nowhere").read(png(1))


def leading(monkeypatch: pytest.MonkeyPatch, leads: dict[str, list[str]]) -> None:
    """Names, and the addresses that the system says they have."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in leads.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_each_address_of_a_name_is_tried_and_none_may_be_public(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = {"localhost": ["::1", "127.0.0.9", "127.0.0.1"], "node7": ["127.0.0.1", "8.8.8.8"]}
    leading(monkeypatch, leads)
    assert Endpoint(ocr=told(endpoint=f"http://localhost:{server.port}/v1")).read(png(1)) == "The text of page 1."
    leads["localhost"] = ["::1", "127.0.0.9"]
    with pytest.raises(EngineError, match=r"does not answer \((Conn|OSErr)"):
        Endpoint(ocr=told(endpoint=f"http://localhost:{server.port}/v1")).check()
    with pytest.raises(EngineError, match=r"node7 leads to 8\.8\.8\.8, and pages"):
        Endpoint(ocr=told(endpoint=f"http://node7:{server.port}/v1", hosts=["node7"])).read(png(1))
    assert server.asked == [1]


def test_an_address_that_says_nothing_leaves_time_for_the_next(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    leading(monkeypatch, {"localhost": ["127.0.0.9", "127.0.0.1"]})
    create = socket.create_connection
    waited: list[float] = []

    def slow(address: tuple[str, int], timeout: float) -> socket.socket:
        if address[0] == "127.0.0.9":
            waited.append(timeout)
            raise TimeoutError
        return create(address, timeout)

    monkeypatch.setattr(socket, "create_connection", slow)
    one = Endpoint(ocr=told(endpoint=f"http://localhost:{server.port}/v1", timeout_s=20))
    assert one.read(png(1)) == "The text of page 1."
    assert 8 < waited[0] <= 10  # its share


@pytest.mark.parametrize("address", ["10.1.2.3", "172.16.9.9", "172.31.9.9", "192.168.0.1", "fd00::7", "127.0.0.1"])
def test_a_name_may_lead_into_the_network_of_a_site(address: str) -> None:
    assert told(endpoint="http://node7:80/v1", hosts=["node7"]).may_be_sent_to(as_address(address))


@pytest.mark.parametrize("address", [*(one.strip("[]") for one in NEITHER), "172.32.0.1", "192.169.0.1", "fe00::1"])
def test_a_name_that_leads_elsewhere_is_taken_only_where_the_address_is_told_and_not_public(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    leading(monkeypatch, {"node7": [address]})

    def fail(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: fail())
    with pytest.raises(EngineError, match=r"node7 leads to [0-9a-f:.]+, and pages"):
        Endpoint(ocr=told(endpoint=f"http://node7:{server.port}/v1", hosts=["node7"])).check()
    is_taken = address not in ("172.32.0.1", "192.169.0.1", "fe00::1")
    words = r"does not answer \(ConnectionRefusedError" if is_taken else "node7 leads to"
    with pytest.raises(EngineError, match=words):
        Endpoint(ocr=told(endpoint=f"http://node7:{server.port}/v1", hosts=["node7", address])).check()


def test_a_name_that_is_looked_up_without_end_is_left_at_its_time(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(60) and [])
    with pytest.raises(EngineError, match=r"does not answer \(not within 0\.2 s\)"):
        Endpoint(ocr=told(endpoint=f"http://localhost:{server.port}/v1", timeout_s=0.2)).check()
    is_over.set()


def test_looking_up_connecting_and_answering_have_one_time_together(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    getaddrinfo, create, is_over = socket.getaddrinfo, socket.create_connection, threading.Event()

    def slowly(call: Any) -> Any:
        return lambda *args, **more: time.sleep(0.5) or call(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slowly(getaddrinfo))
    monkeypatch.setattr(socket, "create_connection", slowly(create))
    left: list[float] = []
    timer = threading.Timer
    monkeypatch.setattr(threading, "Timer", lambda within_s, *more: left.append(within_s) or timer(within_s, *more))
    server.answer = lambda *_: is_over.wait(60)
    with pytest.raises(Unreachable, match=r"not within 2 s"):
        asking(server)._request("POST", "/v1/chat/completions", asking(server)._body(png(1)), 2)
    is_over.set()
    assert left[0] < 1.01


@pytest.mark.parametrize("times", [1, 3])
def test_an_answer_that_breaks_off_is_asked_for_again(server: ChatServer, times: int) -> None:
    whole = json.dumps(chat("at last")).encode()

    def answer(handler: Any, number: int, _: object) -> None:
        is_whole = number == WHITE or len(server.asked) > times
        send(handler, 200, whole if is_whole else whole[:20], **{"Content-Length": str(len(whole))})

    server.answer = answer
    if times == 1:
        assert asking(server).read(png(1)) == "at last"
    else:
        with pytest.raises(PageFailed, match="no answer in 3 requests, at last: its answer breaks off"):
            asking(server).read(png(1))
    assert server.asked == [1] * 2 if times == 1 else [1, 1, 1, WHITE]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
@pytest.mark.parametrize("stays", [True, False], ids=["listens on", "listens no more"])
def test_a_port_that_another_user_took_meanwhile_gets_no_page(monkeypatch: pytest.MonkeyPatch, stays: bool) -> None:
    code = (
        "import os, socket, sys; os.setuid(65534); s = socket.create_server(('127.0.0.1', 0)); "
        "print(s.getsockname()[1], flush=True); s.settimeout(60); c, _ = s.accept(); "
        f"{stays} or s.close(); print('taken', flush=True); c.settimeout(60); print(c.recv(100), flush=True)"
    )
    theirs = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    look, looks = connect.strangers, []

    def late(port: int, connected_from: int | None) -> set[int]:
        looks.append(connected_from)
        if len(looks) == 1:
            return set()
        assert theirs.stdout.readline() == "taken\n"
        return look(port, connected_from)

    monkeypatch.setattr(connect, "strangers", late)
    try:
        port = int(theirs.stdout.readline())
        with pytest.raises(EngineError, match=r"another user of this machine listens there \(user id 65534\)"):
            Endpoint(ocr=told(endpoint=f"http://127.0.0.1:{port}/v1")).check()
        assert theirs.stdout.readline() == "b''\n"
        assert looks[0] is None
        assert looks[1] is not None
    finally:
        theirs.kill()
        theirs.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_the_port_of_another_user_gets_no_page(bound: str) -> None:
    code = (
        "import os, socket, sys; os.setuid(65534); family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET; "
        "s = socket.create_server((sys.argv[1], 0), family=family); print(s.getsockname()[1], flush=True); "
        "s.settimeout(60); s.accept(); print('asked', flush=True)"
    )
    theirs = subprocess.Popen([sys.executable, "-c", code, bound], stdout=subprocess.PIPE, text=True)
    try:
        port = int(theirs.stdout.readline())
        host = "[::1]" if ":" in bound else "127.0.0.1"
        with pytest.raises(EngineError, match=r"another user of this machine listens there \(user id 65534\)"):
            Endpoint(ocr=told(endpoint=f"http://{host}:{port}/v1")).check()
        named = told(endpoint=f"http://{host}:{port}/v1", hosts=[host.strip("[]")], timeout_s=0.3)
        with pytest.raises(EngineError, match="does not answer"):  # it is asked, as it was named, and says nothing
            Endpoint(ocr=named).check()
        assert theirs.stdout.readline() == "asked\n"
    finally:
        theirs.kill()
        theirs.communicate()


def test_the_server_is_looked_at_before_the_run_begins(server: ChatServer, tmp_path: Path) -> None:
    from glane.job.ingest import ingest_here

    source = write_scans(tmp_path / "in", (1,))
    wrong = ingest_told(source, tmp_path / "out", ocr=server.told(model="read-pages"))
    with pytest.raises(EngineError, match="'read-pages' is not served. Did you mean 'reads-pages'"):
        ingest_here(wrong)
    server.answer = lambda handler, *_: send(handler, 400, SECRET.encode())
    with pytest.raises(EngineError, match=r"reads no page \(a white one: HTTP 400\)") as caught:
        ingest_here(ingest_told(source, tmp_path / "out", ocr=server.told()))
    assert SECRET not in str(caught.value)
    for models in (b"", b"<html>", {"data": 5}, {"data": ["x"]}, b" " * 2**23):
        server.models = models
        with pytest.raises(EngineError, match="is no server of models"):
            ingest_here(ingest_told(source, tmp_path / "out", ocr=server.told()))
    nobody = server.told(endpoint="http://127.0.0.1:9/v1")
    with pytest.raises(EngineError, match=r"ocr\.endpoint: http://127\.0\.0\.1:9/v1: does not answer \(Conn"):
        ingest_here(ingest_told(source, tmp_path / "out", ocr=nobody))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_server_that_goes_stops_the_run_and_what_was_read_is_kept(server: ChatServer, tmp_path: Path) -> None:
    source = write_scans(tmp_path / "in", *[(number,) for number in range(1, 7)])
    settings = ingest_told(source, tmp_path / "out", ocr=server.told(concurrency=1), run__shard_rows=1)
    server.answer = lambda handler, number, _: (
        send(handler, 200, chat(f"page {number}")) if len(server.asked) < 4 else send(handler, 401, SECRET.encode())
    )
    with pytest.raises(AssertionError, match="answers HTTP 401, and reads no page. It asks for a key") as caught:
        read_alone(settings)
    assert SECRET not in str(caught.value)
    assert len(RunDirectory(root=tmp_path / "out.run").committed_shards()) == 3
    with chat_server() as again:
        read_alone(ingest_told(source, tmp_path / "out", ocr=again.told(), run__shard_rows=1))  # at another place
        assert len(again.asked) == 3
    assert pl.read_parquet(tmp_path / "out" / "*.parquet")["outcome"].to_list() == ["OCR"] * 6


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_server_that_goes_gets_no_further_page_of_the_file(
    server: ChatServer, tmp_path: Path, concurrency: int
) -> None:
    server.answer = lambda handler, number, _: send(handler, 200 if number == 1 else 401, chat("read"))
    source = write_scans(tmp_path / "in", (1, *[2] * 60))
    with pytest.raises(AssertionError, match="answers HTTP 401, and reads no page"):
        read_alone(ingest_told(source, tmp_path / "out", ocr=server.told(concurrency=concurrency)))
    assert server.asked.count(1) == 1 or (concurrency > 1 and 1 not in server.asked)  # at once, another may be first
    assert 0 < server.asked.count(2) <= concurrency  # those that were in work


def test_what_a_model_writes_counts_for_the_limit_of_text(server: ChatServer, tmp_path: Path) -> None:
    long = " ".join(map(str, range(30_000)))  # 169 kB: six pages fit in a MiB
    server.written = lambda number: f"{number}: {long}"
    source = write_scans(tmp_path / "in", tuple(range(12)) * 3, (1,))
    rows = rows_of(source, tmp_path / "out", server.told(), limits={"max_text_mib": 1})
    row, other = rows.iter_rows(named=True)
    assert [one["page"] for one in row["ocr"]["read"]] == list(range(1, 7))
    assert [one["page"] for one in row["ocr"]["failed"]] == list(range(7, 37))
    assert row["ocr"]["failed"][-1]["reason"] == (
        "the text of its file is more than 1 MiB; limits.max_text_mib sets this limit"
    )
    assert (row["outcome"], other["outcome"]) == ("NEEDS_OCR", "OCR")
    assert len(server.asked) <= 7 + 2 + 1  # nothing that would be thrown away is sent, but for pages in work


def test_few_texts_are_held_behind_a_page_in_work(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_scans(tmp_path / "in", (1,))
    for number in range(40):
        (source / f"t{number:02}.txt").write_text(f"Text {number}. " * 20)
    monkeypatch.setattr(work, "_CHARACTERS_AT_ONCE", 1000)
    num_read: list[None] = []
    read = work.read_file

    def counting(*args: Any) -> Any:
        num_read.append(None)
        return read(*args)

    def answer(handler: Any, number: int, _: object) -> None:
        until = time.monotonic() + 2
        while time.monotonic() < until and len(num_read) < 41:
            time.sleep(0.01)
        assert len(num_read) < 10
        send(handler, 200, chat("read"))

    monkeypatch.setattr(work, "read_file", counting)
    server.answer = answer
    rows = rows_of(source, tmp_path / "out", server.told(timeout_s=20), run__shard_rows=41)
    assert rows["text"].to_list() == ["read", *[f"Text {number}. " * 20 for number in range(40)]]


def test_what_changes_texts_makes_another_run_and_the_place_does_not(server: ChatServer, tmp_path: Path) -> None:
    source = write_scans(tmp_path / "in", (1,))
    rows_of(source, tmp_path / "out", server.told())
    for changes in ({"model": "other"}, {"dpi": 200}, {"prompt": "Read."}, {"max_tokens": 100}, {"max_pixels": 20_000}):
        (name,) = changes
        with pytest.raises(RunError, match=f"ocr.{name}: "):
            rows_of(source, tmp_path / "out", server.told(**changes))
    with pytest.raises(RunError, match="ocr: "):
        rows_of(source, tmp_path / "out", {})
    rows_of(source, tmp_path / "out", server.told(concurrency=7, timeout_s=5, endpoint="http://127.0.0.1:9/v1"))


def test_no_text_of_a_page_is_outside_the_data_set(server: ChatServer, tmp_path: Path) -> None:
    server.written = lambda number: f"{SECRET} {number}" if number < 3 else f"{SECRET} " * 60
    rows_of(write_scans(tmp_path / "in", (1, 2, 3)), tmp_path / "out", server.told())
    assert pl.read_parquet(tmp_path / "out" / "*.parquet")["text"].str.contains(SECRET).all()
    for path in [*(tmp_path / "out.run").rglob("*"), tmp_path / "out" / "_needs_a_look.csv"]:
        if path.is_file() and path.suffix != ".parquet":
            assert SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in str(pl.read_parquet(tmp_path / "out.run" / "records" / "*.parquet").to_dicts())


def drawn(path: Path, **limits: Any) -> list[str]:
    """The sizes of the pages of a file, or why they are not drawn; and after them, that the reader still reads."""
    found = []
    with Parser(limits=Limits(**limits), options=Options()) as parser:
        for document in parser.read(path):
            for number in range(len(document.pages)):
                try:
                    png = parser.draw(path, document, number, dpi=150, max_pixels=1_000_000)
                    found.append("{}x{}".format(*Image.open(io.BytesIO(png)).size))
                except Undrawn as error:
                    found.append(str(error))
        path.with_suffix(".txt").write_text("after")
        assert parser.read(path.with_suffix(".txt"))[0].text == "after"
    return found


def bomb(width: int, height: int) -> bytes:
    """A PNG of a megabyte that is said to have very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**8)))
        + chunk(b"IEND", b"")
    )


def test_hostile_pictures_are_reasons_and_the_next_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(60_000, 60_000))
    assert drawn(tmp_path / "bomb.png", memory_mib=1024) == [
        "its reader wanted more than 1024 MiB of memory; memory_mib sets this"
    ]
    (tmp_path / "cut.png").write_bytes(png(1)[:-40])
    assert "cannot be drawn" in drawn(tmp_path / "cut.png")[0]
    Image.new("I;16", (300, 400)).save(tmp_path / "xray.png")
    assert drawn(tmp_path / "xray.png") == ["no reader draws pictures of more than 8 bits a colour"]
    picture(1, (4000, 3000)).save(tmp_path / "large.png")
    (size,) = drawn(tmp_path / "large.png")
    width, height = map(int, size.split("x"))
    assert 900_000 < width * height <= 1_000_000


@pytest.mark.parametrize("size", [(14_000, 14_000), (1e9, 1), (0.001, 0.001), (1e30, 1e30)])
def test_pages_of_any_size_are_drawn_within_the_bound(size: tuple[float, float]) -> None:
    sink = io.BytesIO()
    picture(1).save(sink, "PDF")
    data = sink.getvalue()
    at = data.index(b"/MediaBox [ 0 0 ")
    end = data.index(b"]", at)
    made = data[:at] + b"/MediaBox [ 0 0 %f %f " % size + data[end:]
    try:
        found = Image.open(io.BytesIO(png_of_page("application/pdf", made, 0, dpi=600, max_pixels=1_000_000))).size
    except Unread:  # told as a reason
        found = (1, 1)
    assert 0 < found[0] * found[1] <= 1_000_000


def test_a_document_that_is_another_one_by_now_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(files.zipped({"a.png": png(1), "b.png": png(2)}))
    with Parser(limits=Limits(), options=Options()) as parser:
        documents = parser.read(path)
        assert [one.part for one in documents] == ["", "1 a.png", "2 b.png"]
        path.write_bytes(files.zipped({"b.png": png(2)}))
        for document in documents[1:]:
            with pytest.raises(Undrawn, match="was changed after it was read"):
                parser.draw(path, document, 0, dpi=150, max_pixels=10**6)


def test_a_picture_that_lies_is_no_answer_of_a_reader() -> None:
    good = png(1)
    assert wire.picture(wire.picture_to_json(good), max_pixels=120_000) == good
    for bad in (
        b"",
        good[:20],
        b"GIF89a" + good,
        good[:16] + struct.pack(">II", 0, 9) + good[24:],
        good + bytes(2**20),
    ):
        with pytest.raises(wire.BadFrame):
            wire.picture(base64.b64encode(bad).decode(), max_pixels=120_000)
    for content in (None, 5, "no base64!", wire.picture_to_json(png(1)) + "\n"):
        with pytest.raises(wire.BadFrame):
            wire.picture(content, max_pixels=120_000)
    with pytest.raises(wire.BadFrame):
        wire.picture(wire.picture_to_json(good), max_pixels=119_999)


@pytest.mark.slow
def test_workers_killed_at_random_read_every_page_once(server: ChatServer, tmp_path: Path) -> None:
    pages = [(number % 11 + 1, number % 7 + 1) for number in range(40)]
    source = write_scans(tmp_path / "in", *pages)
    settings = ingest_told(source, tmp_path / "out", ocr=server.told(), run__shard_rows=2)
    fork = forks()

    def begin(attempt: int) -> list[Any]:
        workers = [fork.Process(target=process_alone, args=(settings, f"w{attempt}-{i}")) for i in range(2)]
        for worker in workers:
            worker.start()
        return workers

    kills = killed_at_random(begin, random.Random(7), longest_s=1.0, more_s=0.05, within_s=240)
    read_alone(settings, "last")
    rows = pl.read_parquet(tmp_path / "out" / "*.parquet")
    assert rows["path"].to_list() == [f"{number:04}.pdf" for number in range(40)]
    assert rows["text"].to_list() == [f"The text of page {a}.\n\nThe text of page {b}." for a, b in pages]
    assert set(rows["outcome"]) == {"OCR"}
    assert kills > 2
