"""Files of any kind become texts, and whatever is in them, an outcome is told."""

from __future__ import annotations

import hashlib
import os
from email.message import EmailMessage

import pytest

import document_files as files
from document_files import SENTENCE
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.read import Limits, Options, Parser, read_file, require_packages
from glane.errors import ConfigError
from glane_tools.benchmark import documents as documents_benchmark

MAIL = f"{files.SUBJECT}\n\n{SENTENCE}"  # the text of `files.message`
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture(scope="module")
def parser():
    with Parser(limits=Limits(timeout_s=120), options=Options()) as one:
        yield one


@pytest.fixture
def read(parser, tmp_path):
    def read_bytes(data: bytes, name: str = "file") -> tuple[ParsedDocument, ...]:
        path = tmp_path / name
        path.write_bytes(data)
        return parser.read(path)

    return read_bytes


@pytest.fixture
def one(read):
    def read_one(data: bytes, name: str = "file") -> ParsedDocument:
        (document,) = read(data, name)
        return document

    return read_one


def with_options(tmp_path, data: bytes, **options: bool) -> ParsedDocument:
    path = tmp_path / "file"
    path.write_bytes(data)
    return read_file(path, limits=Limits(timeout_s=120), options=Options(**options))[0]


@pytest.mark.parametrize("name", sorted(files.KINDS))
def test_the_sentence_is_found_in_each_kind_of_file(read, name):
    data = files.KINDS[name]()
    documents = read(data, name)
    assert documents[0].part == ""
    assert documents[0].sha256 == hashlib.sha256(data).hexdigest()
    texts = " ".join(document.text for document in documents)
    if name not in {"scan.pdf", "form.pdf", "a.html"}:
        assert SENTENCE in texts
    for document in documents:
        assert document.outcome in (Outcome.OK, Outcome.NEEDS_OCR, Outcome.EMPTY)
        assert bool(document.reason) == (document.outcome != Outcome.OK)


def test_the_kind_is_that_of_the_content_not_of_the_name(one):
    assert one(files.rich_text(), "note.doc").media_type == "application/rtf"
    assert one(files.page(), "note.doc").media_type == "text/html"
    assert one(files.page(), "note.pdf").media_type == "text/html"
    assert one(files.word(), "note.txt").media_type == WORD
    assert one(b"  \n<!-- x --><HTML><body>a", "a.txt").media_type == "text/html"
    assert one(b"De: a\nA: b\n\nbonjour", "a.txt").media_type == "text/plain"
    assert one(b"From the beginning\nSubject: none\n\nx", "a.txt").media_type == "text/plain"
    assert one(b"# Titre\n", "a.md").media_type == "text/markdown"
    assert one(bytes(range(256)) * 40, "a.txt").media_type == "application/octet-stream"
    assert one("<html>é".encode("utf-16-le"), "a.txt").media_type == "text/html"
    assert one(b"\n\n%PDF-1.4 but nothing else", "a.txt").outcome == Outcome.CORRUPT


def test_a_word_file_is_read_as_word_shows_it(one):
    text = one(files.word()).text
    assert text.split("\n") == [
        "En-tête", "Titre", SENTENCE, "1. premier", "2. second", "• point", "case 0\tcase 1", "case 2\tcase 3",
        "Le cas est confirmé", "avant l’encadré", "encadré", "Lien : ici", "Pied de page", "[Relecteur] à relire",
    ]  # fmt: skip
    assert one(files.footnoted()).text.count("[2]") == 2


def test_headers_footers_and_comments_are_left_out_on_request(tmp_path):
    text = with_options(tmp_path, files.word(), headers_and_footers=False, comments=False).text
    assert "En-tête" not in text
    assert "Pied" not in text
    assert "relire" not in text
    assert SENTENCE in text
    assert "En-t" not in with_options(tmp_path, files.rich_text(), headers_and_footers=False).text


def test_what_repeats_at_the_edges_of_pages_is_left_out_on_request(tmp_path, one):
    data = files.pdf(*[[f"ligne {page}", "commune"] for page in "abcd"], edges=True)
    assert one(data).text.count("Service des urgences") == 4
    document = with_options(tmp_path, data, headers_and_footers=False)
    assert document.text == "\n\n".join(f"ligne {page}" for page in "abcd") or "Service" not in document.text
    assert [document.text[page.start : page.end].split("\n")[0] for page in document.pages] == [
        f"ligne {page}" for page in "abcd"
    ]
    few = with_options(tmp_path, files.pdf(["a"], ["b"], edges=True), headers_and_footers=False)
    assert few.text.count("Service") == 2


def test_pages_have_offsets_and_metadata_is_there(one):
    document = one(files.pdf(["un"], ["deux 𝒳"], ["trois"]))
    assert [document.text[page.start : page.end] for page in document.pages][0::2] == ["un", "trois"]
    assert document.metadata["title"] == "Bulletin"
    assert document.metadata["author"] == "A. Nonyme"
    assert document.metadata["created"] == "2000-01-01T00:00:00+00:00"
    deck = one(files.slides())
    assert [deck.text[page.start : page.end].split("\n")[0] for page in deck.pages] == ["Titre 1", "Titre 2"]
    assert deck.text.endswith("a\tb\nnote 2")


def test_scanned_pages_are_told_with_what_text_there_is(one):
    document = one(files.scan(stamp="Page 1", text="Deuxième page, écrite par un programme de texte."))
    assert document.outcome == Outcome.NEEDS_OCR
    assert [page.is_scanned for page in document.pages] == [True, False]
    assert "Deuxième page" in document.text
    assert "1 of 2 pages" in document.reason
    assert one(files.scan(stamp="Le texte reconnu par le scanner, dans l’image.", height=400)).outcome == Outcome.OK
    assert one(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40).outcome == Outcome.NEEDS_OCR


def test_hyphens_at_the_end_of_lines_are_joined_on_request_only(tmp_path, one):
    data = files.pdf(["Le patient est hospi-", "talisé ce jour."])
    assert one(data).text == "Le patient est hospi-\ntalisé ce jour."
    assert with_options(tmp_path, data, join_hyphens=True).text == "Le patient est hospitalisé ce jour."


def test_what_a_form_was_filled_in_with_is_read(one):
    assert "patient: Dupont" in one(files.form()).text


def test_mail_has_its_head_and_its_attachments_in_their_order(read):
    note = files.word()
    documents = read(files.nested(note))
    assert [document.part for document in documents] == ["", "1 été.pdf", "2 message.eml", "2/1 note.docx"]
    assert documents[0].text == MAIL  # of two forms of the same text, the plain one
    assert documents[0].metadata == {
        "title": files.SUBJECT, "author": "a@example.org", "created": "2024-02-05T10:00:00+01:00",
        "subject": files.SUBJECT, "from": "a@example.org", "to": "b@example.org", "cc": "c@example.org",
        "date": "2024-02-05T10:00:00+01:00", "message_id": "<1@example.org>",
    }  # fmt: skip
    assert [document.media_type.rpartition("/")[2] for document in documents[1:3]] == ["pdf", "rfc822"]
    assert documents[3].sha256 == hashlib.sha256(note).hexdigest()


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        ("Subject: Deux cas de rougeole", "Bonjour", "Deux cas de rougeole\n\nBonjour"),
        ("Subject: =?utf-8?Q?Gi=C3=A8n_=3A?=\n deux cas", "x", "Gièn : deux cas\n\nx"),
        ("Subject: Deux cas, service clos", "", "Deux cas, service clos"),
        ("Subject:", "Bonjour", "Bonjour"),
        ("X-Other: y", "Bonjour", "Bonjour"),
    ],
)
def test_the_subject_of_a_mail_is_the_first_line_of_its_text(one, head, body, text):
    document = one(f"From: a@example.org\n{head}\nTo: b@example.org\nMIME-Version: 1.0\n\n{body}\n".encode())
    assert (document.outcome, document.text) == (Outcome.OK, text)
    assert document.metadata.get("title") == document.metadata.get("subject")
    assert "example.org" not in document.text


def test_a_mail_without_subject_and_text_is_empty_and_an_encrypted_one_tells_nothing(one):
    assert one(b"From: a@example.org\nMIME-Version: 1.0\n\n \n").outcome == Outcome.EMPTY
    head = b"From: a@example.org\nSubject: Deux cas\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\nx"
    assert (one(head).outcome, one(head).text) == (Outcome.ENCRYPTED, "")


def test_a_web_page_that_a_browser_saved_as_mail_is_a_page(one):
    head = b"From: <Saved by Blink>\nSubject: Bulletin\nDate: Mon, 5 Feb 2024 10:00:00 -0000\nMIME-Version: 1.0\n"
    document = one(head + b"Content-Type: text/html\n\n<title>Bulletin</title><p>un cas</p>")
    assert document.text == "un cas"
    assert document.metadata["title"] == "Bulletin"
    assert "author" not in document.metadata


def test_pictures_that_a_page_of_mail_shows_are_no_documents(read):
    mail = files.message()
    mail.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n", "image", "png", cid="<logo>")
    mail.add_attachment(b"\xff\xd8\xff\xe0", "image", "jpeg", filename="radio.jpg")
    assert [document.part for document in read(mail.as_bytes())] == ["", "1 radio.jpg"]


def test_mail_with_lies_in_its_head_is_read(one):
    mail = (
        b"From: \xe9t\xe9\r\nSubject: =?nonsense?Q?x?= \xff\r\nDate: tomorrow\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\nnot base64 \xe9\r\n"
    )
    assert one(mail, "a.eml").outcome in (Outcome.OK, Outcome.EMPTY)
    told = b"From: a\nMessage-ID: <x>\nContent-Type: text/plain; charset=iso-8859-1\n\n" + SENTENCE.encode()
    assert one(told).text == SENTENCE  # UTF-8 in spite of what is told
    assert one(told).encoding == "utf-8"


def test_encrypted_mail_and_signed_mail(read):
    mail = EmailMessage()
    mail["From"], mail["Message-ID"] = "a@example.org", "<2@example.org>"
    mail.set_content(b"\x30\x80", "application", "pkcs7-mime", params={"smime-type": "enveloped-data"})
    assert read(mail.as_bytes())[0].outcome == Outcome.ENCRYPTED
    signed = files.message()
    signed.add_attachment(b"\x30\x80", "application", "pkcs7-signature", filename="smime.p7s")
    assert [document.text for document in read(signed.as_bytes())] == [MAIL]


def test_a_box_of_mails_holds_each_of_them(read):
    box = b"".join(b"From a@example.org Mon Feb  5 10:00:00 2024\n" + files.message().as_bytes() + b"\n" for _ in "ab")
    documents = read(box)
    assert [document.part for document in documents] == ["", "1 message.eml", "2 message.eml"]
    assert {document.text for document in documents[1:]} == {MAIL}
    for begins in (b"From a@example.org Mon Feb  5 10:00:00 2024\n", b"From nonsense\n"):
        assert [document.text for document in read(begins + files.message().as_bytes())] == [MAIL]


def test_web_pages_without_what_is_not_seen(one):
    document = one(files.page())
    assert document.text == "Titre\n\nL’élève fiévreux a été vu à l’hôpital\n\n- un\n- deux\n\na\tb"
    assert document.encoding == "cp1252"
    assert document.metadata["title"] == "Bulletin"
    assert one("<p>é</p>".encode("utf-16")).text == "é"
    assert one(b"<html><body>" + b"<div>" * 2000 + b"fond").text == "fond"
    deep = one(b"<html><body><p>d\xc3\xa9but</p>" + b"<div>" * 9000 + b"fond")
    assert (deep.outcome, deep.text) == (Outcome.CORRUPT, "début")
    assert one(b"<html><table><tr><td>" + b"long " * 200 + b"<p>deux</table>").text.endswith("\ndeux")


def test_rich_text_without_what_was_deleted_or_hidden(one):
    text = one(files.rich_text()).text
    assert text.split("\n") == ["En-tête", SENTENCE, "При", "a\tb", "fin", "encadré"]
    page = rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf x\htmlrtf0 un{\*\htmltag72 </p>}{\*\htmltag64 <p>}deux}"
    assert one(page).text == "un\n\ndeux"
    assert one(rb"{\rtf1 \u-10179?\u-8704? \'80}").text.strip() == "😀 €"


def test_open_document_text(one):
    lines = one(files.open_document()).text.split("\n")
    assert lines == ["Titre", f"{SENTENCE}  \tfin", "deux [voir annexe] suite", "a\tb"]
    assert one(files.open_document(encrypted=True)).outcome == Outcome.ENCRYPTED


def test_sheets_are_pages_and_their_rows_lines(one):
    document = one(files.sheets())
    assert document.text.split("\n")[:3] == ["Cas", "nom\tâge\tvu le", f"{SENTENCE}\t72\t2024-02-03"]
    assert document.text.endswith("remarque")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("empty", Outcome.EMPTY),
        ("spaces", Outcome.EMPTY),
        ("noise", Outcome.UNSUPPORTED),
        ("gzip", Outcome.UNSUPPORTED),
    ],
)
def test_files_without_a_text_say_so(one, name, outcome):
    data = {"empty": b"", "spaces": b" \n\t\r\n", "noise": bytes(range(256)) * 40, "gzip": b"\x1f\x8b\x08" + b"x" * 50}
    document = one(data[name])
    assert document.outcome == outcome
    assert document.reason


def test_passwords_are_told(one, read):
    assert one(files.pdf(password="geheim")).outcome == Outcome.ENCRYPTED
    archive = bytearray(files.zipped({"a.txt": b"x"}))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1  # the bit that says so, at the member and in the list of members
    assert [document.outcome for document in read(bytes(archive))] == [Outcome.EMPTY, Outcome.ENCRYPTED]


def test_names_and_text_hold_nothing_that_a_line_cannot(read):
    mail = files.message(("../../etc/\x00pass\nwd\u2028x", b"a\x00\r\nb\rc\xef\xbf\xbe"))
    part = read(mail.as_bytes())[1].part
    assert part.startswith("1 ")
    assert not any(letter in part[2:] for letter in "/\x00\n\u2028")
    text = read("a\x00b\r\nc\rd\ufeff\ud800".encode("utf-8", "surrogatepass") + "é".encode() * 99)[0].text
    assert text.startswith("ab\nc\nd")
    text.encode()


def test_paths_that_are_no_files(parser, tmp_path):
    (gone,) = parser.read(tmp_path / "gone.pdf")
    assert gone.outcome == Outcome.UNREADABLE
    assert "No such file" in gone.reason
    os.mkfifo(tmp_path / "pipe")
    assert parser.read(tmp_path / "pipe")[0].outcome == Outcome.UNSUPPORTED
    assert parser.read(tmp_path)[0].outcome == Outcome.UNSUPPORTED
    odd = tmp_path / os.fsdecode(b"\xff\xe9 'a\n.txt")
    odd.write_bytes(b"texte")
    assert parser.read(odd)[0].text == "texte"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert parser.read(odd.relative_to(tmp_path))[0].text == "texte"


def test_packages_that_are_missing_are_told_before_the_first_file(monkeypatch):
    require_packages()
    monkeypatch.setattr("glane.documents.read.PACKAGES", {"nosuch": "no-such"})
    with pytest.raises(ConfigError, match=r"no-such.*pip install 'glane\[ingest\]'"):
        require_packages()


def test_the_benchmark_compares_with_the_libraries_alone(monkeypatch, capsys):
    monkeypatch.setattr(documents_benchmark, "FILES", 2)
    monkeypatch.setattr(documents_benchmark, "TURNS", 1)
    documents_benchmark.main()
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["pdf", "docx"]
