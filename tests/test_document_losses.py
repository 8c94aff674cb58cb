"""What could be lost of a file, or come out wrong, without a word about it."""

from __future__ import annotations

import warnings
import zipfile

import pytest

from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.walk import documents_of_file


@pytest.fixture
def read(tmp_path):
    def read_bytes(data: bytes, name: str = "file") -> list[ParsedDocument]:
        path = tmp_path / name
        path.write_bytes(data)
        said = documents_of_file(str(path), frozenset(), Limits(), Options())
        return [one for one in said if isinstance(one, ParsedDocument)]

    return read_bytes


@pytest.mark.parametrize("blank", ["\n", ""])
def test_reports_with_fields_that_mail_has_keep_them(read, blank):
    report = f"Name: A. B.\nReceived: 2020-03-04\nDate: 2020-03-05\nDiagnosis: carcinoma\n{blank}no more"
    (document,) = read(report.encode(), "report.txt")
    assert (document.media_type, document.text) == ("text/plain", report)
    mail = b"Received: from mx.example.org by example.org; Mon, 5 Feb 2024 10:00:00 +0100\nFrom: a@example.org\n\nbody"
    assert read(mail)[0].media_type == "message/rfc822"


def test_members_of_archives_whose_names_are_nearly_the_same_are_all_read(read, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, name in enumerate(["A.txt", "a.txt", "a.txt", "b/c.txt", "b\\c.txt"]):
            archive.writestr(name, f"text {number}")
    documents = read(path.read_bytes())
    assert [document.text for document in documents[1:]] == [f"text {number}" for number in range(5)]
    assert "5 files" in documents[0].reason


def test_what_an_archive_says_of_itself_is_no_text(read, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "Mrs A. B. was seen on Monday")
    documents = read(path.read_bytes())
    assert [document.media_type for document in documents] == ["application/zip", "text/plain"]
    assert documents[1].outcome == Outcome.OK


def test_a_text_that_begins_as_a_binary_file_does_is_a_text(read):
    for text in ("PAR1 variants were found.", "MZ twins.", "BM aspirate."):
        assert read(text.encode())[0].text == text
