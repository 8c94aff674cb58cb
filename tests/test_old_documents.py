"""Files of Office before 2007, and mail of Outlook."""

from __future__ import annotations

import compressed_rtf
import pytest

import document_files as files
import old_files
from document_files import SENTENCE
from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome
from glane.documents.read import Parser
from test_document_limits import check_damaged


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("old") / "file"
    with Parser(limits=Limits(timeout_s=120), options=Options()) as parser:

        def read_bytes(data):
            path.write_bytes(data)
            return parser.read(path)

        yield read_bytes


def test_word_97_in_pieces_of_two_kinds(read):
    data = old_files.word(f"{SENTENCE}\r", b"d\xe9j\xe0 vu\rcell 1\x07cell 2\x07\x07fin\r", notes="\x02 voir annexe\r")
    (document,) = read(data)
    assert (document.outcome, document.media_type) == (Outcome.OK, "application/msword")
    assert document.text.split("\n") == [SENTENCE, "déjà vu", "cell 1\tcell 2", "fin", " voir annexe"]


def test_word_97_without_what_was_deleted_and_what_fields_are_made_of(read):
    data = old_files.word("Le cas est exclu confirmé, voir \x13 HYPERLINK x \x14ici\x15.\r", deleted="exclu ")
    assert read(data)[0].text == "Le cas est confirmé, voir ici."
    assert read(old_files.word("x", encrypted=True))[0].outcome == Outcome.ENCRYPTED


def test_powerpoint_97_in_the_order_of_its_list(read):
    (document,) = read(old_files.slides((SENTENCE, "encadré"), ("Titre 2", "autre")))
    assert document.media_type == "application/vnd.ms-powerpoint"
    pages = [document.text[page.start : page.end] for page in document.pages]
    assert pages == [f"{SENTENCE}\nencadré", "Titre 2\nautre"]


def test_excel_97_with_a_password(read):
    assert read(old_files.locked_sheets())[0].outcome == Outcome.ENCRYPTED


def test_outlook_mail_with_attachments_and_a_mail_within(read):
    inner = old_files.mail_streams(body="intérieur", attached={"note.rtf": files.rich_text()}, head=24)
    documents = read(old_files.mail(body=SENTENCE, attached={"été.pdf": files.pdf(), "fwd": inner}))
    assert [document.part for document in documents] == ["", "1 été.pdf", "2 fwd", "2/1 note.rtf"]
    assert [document.outcome for document in documents] == [Outcome.OK] * 4
    assert documents[0].metadata == {
        "title": files.SUBJECT, "author": "Élise <a@example.org>", "created": "2024-02-06T00:00:00+00:00",
        "subject": files.SUBJECT, "from": "Élise <a@example.org>", "to": "b@example.org",
        "date": "2024-02-06T00:00:00+00:00",
    }  # fmt: skip
    assert documents[0].text == f"{files.SUBJECT}\n\n{SENTENCE}"
    assert documents[2].text == f"{files.SUBJECT}\n\nintérieur"
    assert SENTENCE in documents[3].text


def test_outlook_mail_whose_text_is_a_page_or_packed(read):
    assert read(old_files.mail(html="<p>fièvre</p>".encode("cp1252")))[0].text == f"{files.SUBJECT}\n\nfièvre"
    page = rb"{\rtf1\ansi\ansicpg1252\fromhtml1{\*\htmltag64 <p>}fi\'e8vre{\*\htmltag72 </p>}}"
    assert read(old_files.mail(rtf=compressed_rtf.compress(page)))[0].text == f"{files.SUBJECT}\n\nfièvre"
    assert read(old_files.mail(rtf=b"\xff" * 40))[0].outcome == Outcome.CORRUPT


OLD = {
    "doc": lambda: old_files.word(SENTENCE * 40, b"x" * 3000, deleted="fiévreux"),
    "ppt": lambda: old_files.slides(*[(SENTENCE, "encadré")] * 9),
    "msg": lambda: old_files.mail(body=SENTENCE * 40, attached={"a.pdf": files.pdf()}),
    "xls": old_files.locked_sheets,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OLD))
def test_damaged_old_files_never_raise_and_never_hang(name, tmp_path):
    check_damaged(OLD[name](), tmp_path, times=80)
