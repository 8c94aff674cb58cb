"""A file of which a part cannot be read is not OK: it says how many parts, and keeps the text of the others."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import compressed_rtf
import pytest

import document_files as files
import old_files
from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.walk import documents_of_file


@pytest.fixture
def read(tmp_path):
    def read_bytes(data: bytes, **limits: int) -> ParsedDocument:
        path = tmp_path / "file"
        path.write_bytes(data)
        said = documents_of_file(str(path), frozenset(), Limits(**limits), Options())
        return next(one for one in said if isinstance(one, ParsedDocument))

    return read_bytes


def damaged(data: bytes, *names: str) -> bytes:
    """The archive with a byte of some members changed, so that their checksums are wrong."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w") as stored:
        for name in before.namelist():
            stored.writestr(name, before.read(name))
        places = {one.filename: one.header_offset + 30 + len(one.filename.encode()) for one in stored.infolist()}
    content = bytearray(stream.getvalue())
    for name in names:
        content[places[name] + 5] ^= 1
    return bytes(content)


def with_styles() -> bytes:
    spaces = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:text="urn:t"'
    styles = f"<styles {spaces}><style:header><text:p>En-tête</text:p></style:header></styles>"
    with zipfile.ZipFile(io.BytesIO(files.open_document())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return files.zipped({**parts, "styles.xml": styles.encode()})


DECK, WORD = files.slides, files.footnoted


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (DECK, ["ppt/slides/slide1.xml"]),
        (DECK, ["ppt/slides/slide1.xml", "ppt/notesSlides/notesSlide2.xml"]),
        (DECK, ["ppt/slides/_rels/slide1.xml.rels"]),
        (WORD, ["word/footnotes.xml"]),
        (WORD, ["word/comments.xml"]),
        (WORD, ["word/header1.xml"]),
        (WORD, ["word/_rels/document.xml.rels"]),
        (with_styles, ["styles.xml"]),
        (files.sheets, ["xl/comments1.xml"]),
    ],
)
def test_damaged_parts_with_text_are_counted_and_the_others_are_read(read, make, names):
    whole, document = read(make()), read(damaged(make(), *names))
    assert whole.outcome == Outcome.OK
    assert document.outcome == Outcome.CORRUPT
    assert document.reason.startswith(f"{len(names)} parts of its archive")
    assert 0 < len(document.text) < len(whole.text)


def test_a_deck_whose_list_of_slides_is_damaged_is_not_empty(read):
    document = read(damaged(files.slides(), "ppt/_rels/presentation.xml.rels"))
    assert (document.outcome, document.text) == (Outcome.CORRUPT, "")


def test_a_slide_that_is_missing_is_told(read):
    with zipfile.ZipFile(io.BytesIO(files.slides())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != "ppt/slides/slide2.xml"}
    assert read(files.zipped(parts)).outcome == Outcome.CORRUPT


@pytest.mark.parametrize(
    ("make", "name"),
    [(DECK, "docProps/core.xml"), (WORD, "docProps/core.xml"), (WORD, "word/numbering.xml"), (with_styles, "meta.xml")],
)
def test_damaged_metadata_and_numbers_of_lists_cost_no_text(read, make, name):
    assert read(damaged(make(), name)).outcome == Outcome.OK


def test_more_slides_than_allowed_are_told(read):
    document = read(files.slides(), max_pages=1)
    assert document.outcome == Outcome.TOO_LARGE
    assert "2 slides" in document.reason
    pages = "<draw:page/>" * 3
    deck = f"<office:body xmlns:office='o' xmlns:draw='d'>{pages}</office:body>"
    parts = {"mimetype": b"application/vnd.oasis.opendocument.presentation", "content.xml": deck.encode()}
    assert read(files.zipped(parts), max_pages=2).outcome == Outcome.TOO_LARGE


DEEP = "<html><body><p>one two three four</p>" + "<div>" * 9000 + "the end</body></html>"


def test_a_mail_whose_page_is_cut_is_not_ok(read):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Date"] = "x", "a@example.org", "Mon, 05 Feb 2024 10:00:00 +0100"
    mail.set_content(DEEP, subtype="html")
    document = read(mail.as_bytes())
    assert (document.outcome, document.text) == (Outcome.CORRUPT, "x\n\none two three four")
    assert "nested deeper" in document.reason


@pytest.mark.parametrize(
    ("plain", "outcome"), [("see the page", Outcome.CORRUPT), ("one two three four, and the end", Outcome.OK)]
)
def test_of_a_cut_page_the_plain_form_is_taken_if_it_is_as_long(read, plain, outcome):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Date"] = "x", "a@example.org", "Mon, 05 Feb 2024 10:00:00 +0100"
    mail.set_content(plain)
    mail.add_alternative(DEEP, subtype="html")
    assert read(mail.as_bytes()).outcome == outcome


def test_a_page_in_rich_text_that_is_cut_is_not_ok(read):
    page = rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}begin" + rb"{\*\htmltag64 <div>}" * 9000 + rb"end}"
    for data, head in ((page, ""), (old_files.mail(rtf=compressed_rtf.compress(page)), f"{files.SUBJECT}\n\n")):
        document = read(data)
        assert (document.outcome, document.text) == (Outcome.CORRUPT, f"{head}begin")
