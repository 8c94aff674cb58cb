"""What could be lost of a file, or come out wrong, without a word about it."""

from __future__ import annotations

import base64
import io
import warnings
import zipfile
from email.message import EmailMessage

import openpyxl
import pytest
import xlsxwriter
from docx.oxml.ns import nsdecls

from document_files import form, pdf, scan, zipped
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


def runs(*runs_: str) -> str:
    return "<w:p>" + "".join(f"<w:r>{one}</w:r>" for one in runs_) + "</w:p>"


def listed(number: int) -> str:
    return (
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
        "<w:r><w:t>x</w:t></w:r></w:p>"
    )


def word(body: str, parts: dict[str, tuple[str, str]] | None = None) -> bytes:
    """A Word file; `parts` are other files in it, by name: how they are related to the document, and their content."""
    space = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    related = [f'<Relationship Id="{at}" Type="x/{parts[at][0]}" Target="{at}"/>' for at in parts or {}]
    files = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {nsdecls('w')}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f"<Relationships {space}>{''.join(related)}</Relationships>",
        **{f"word/{name}": content for name, (_, content) in (parts or {}).items()},
    }
    return zipped({name: content.encode() for name, content in files.items()})


def test_boxes_and_lists_of_a_form_are_read_as_word_shows_them(read):
    def box(settings: str) -> str:
        return f"<w:fldChar><w:ffData><w:checkBox>{settings}</w:checkBox></w:ffData></w:fldChar>"

    entries = '<w:listEntry w:val="I"/><w:listEntry w:val="II"/>'
    chosen = f'<w:fldChar><w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData></w:fldChar>'
    first = f"<w:fldChar><w:ffData><w:ddList>{entries}</w:ddList></w:ffData></w:fldChar>"
    body = runs(
        box("<w:default w:val='0'/><w:checked/>"), box("<w:default w:val='1'/>"), box("<w:default w:val='0'/>"),
        box("<w:default w:val='1'/><w:checked w:val='0'/>"), "<w:t> </w:t>", chosen, first,
    )  # fmt: skip
    assert read(word(body))[0].text == "☒☒☐☐ III"


@pytest.mark.parametrize(
    ("told", "shown"), [("1\\ffres1", "☒"), ("1\\ffres0\\ffdefres1", "☐"), ("1\\ffres25\\ffdefres1", "☒"), ("0", "")]
)
def test_boxes_of_a_form_in_rich_text(read, told, shown):
    field = f"{{\\field{{\\*\\fldinst{{ FORMCHECKBOX }}{{\\*\\formfield{{\\fftype{told}}}}}}}{{\\fldrslt}}}}"
    link = '{\\field{\\*\\fldinst HYPERLINK "x"}{\\fldrslt here}}'
    text = f"{{\\rtf1 Smoker:{field} {link}}}"
    assert read(text.encode())[0].text == f"Smoker:{shown} here"


def test_letters_of_symbol_fonts_are_what_is_seen(read):
    fonts = '<w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/></w:rPr>'
    body = runs(
        '<w:sym w:font="Symbol" w:char="F0B3"/>', "<w:t> 5 </w:t>", f"{fonts}<w:t>\uf06d</w:t>", "<w:t>g </w:t>",
        '<w:sym w:font="Wingdings" w:char="F0FE"/>', "<w:t>\uf06d</w:t>",
    )  # fmt: skip
    assert read(word(body))[0].text == "≥ 5 μg ☑\uf06d"  # of an unknown font, what stands there
    fonts = rb"{\fonttbl{\f0 Arial;}{\f1\fcharset2{\*\panose 05050102}Symbol;}{\f2\fcharset2 Wingdings;}}"
    text = rb"{\rtf1" + fonts + rb"\f0 a {\f1 \'b3\u-3987?} 5 {\f2\'fe} b\plain\'e9}"
    assert read(text)[0].text == "a ≥μ 5 ☑ bé"


def test_hidden_text_is_left_out_of_word_files_and_what_is_only_said_to_be_is_not(read):
    hidden, shown = "<w:rPr><w:vanish/></w:rPr>", '<w:rPr><w:vanish w:val="0"/></w:rPr>'
    assert read(word(runs(f"{hidden}<w:t>a</w:t>", f"{shown}<w:t>b</w:t>")))[0].text == "b"
    assert read(rb"{\rtf1 a{\deleted x\par\pard y}{\v x\pard y} b}")[0].text == "a b"


def test_files_that_word_shows_as_text_are_documents(read):
    documents = read(word("<w:altChunk/>", {"a.html": ("aFChunk", "<p>from a page"), "b.txt": ("aFChunk", "text")}))
    assert [document.text for document in documents] == ["", "from a page", "text"]


def test_lists_that_begin_anew_do(read):
    level = '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    other = '<w:lvl w:ilvl="0"><w:numFmt w:val="upperLetter"/><w:lvlText w:val="%1)"/></w:lvl>'
    numbering = (
        f'<w:numbering {nsdecls("w")}><w:abstractNum w:abstractNumId="7">{level}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="7"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="4"><w:abstractNumId w:val="7"/>'
        f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>{other}</w:lvlOverride></w:num></w:numbering>'
    )
    body = "".join(map(listed, [1, 1, 2, 2, 3, 4, 4]))
    text = read(word(body, {"numbering.xml": ("numbering", numbering)}))[0].text
    assert text.split() == ["1.", "x", "2.", "x", "1.", "x", "2.", "x", "3.", "x", "E)", "x", "F)", "x"]


def test_what_a_page_shows_of_a_form_is_read(read):
    page = (
        b"<html><body><p style='backface-visibility:hidden'>seen</p><p style='color:red;visibility: hidden'>not</p>"
        b"<textarea>one\ntwo</textarea>Stage <select><option>I<option selected>II</select>"
        b"<select><option>first<option>second</select><select multiple><option>none</select>"
        b"<input type=number value=42> <input type=checkbox checked>smoker <input type=radio>never"
        b"<input type=hidden value=token><input type=password value=secret></body></html>"
    )
    assert read(page)[0].text == "seen\n\none\ntwo\nStage II first 42 \u2612 smoker \u2610 never"


HEAD = b"From: a@example.org\nMIME-Version: 1.0\n"


def alternatives(plain: str, page: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "a@example.org"
    mail.set_content(plain)
    mail.add_alternative(page, subtype="html")
    return mail.as_bytes()


def test_a_plain_form_of_mail_that_is_no_whole_form_of_it_is_not_taken(read):
    text = "The patient has a tumour. " * 20
    assert read(alternatives("Your program shows no pages.", f"<p>{text}</p>"))[0].text == text.strip()
    assert read(alternatives(f"plain {text}", f"<p>{text}</p>"))[0].text == f"plain {text}"
    assert read(alternatives(" ", "<p>page</p>"))[0].text == "page"


def test_the_encoding_that_mail_tells_of_what_is_attached_is_believed(read):
    part = (
        "Content-Type: text/plain; charset=koi8-r\nContent-Disposition: attachment; filename*=UTF-8''%C3%A9.txt\n\nОк"
    )
    mail = HEAD + b"Content-Type: multipart/mixed; boundary=q\n\n--q\n" + part.encode("koi8-r") + b"\n--q--\n"
    attached = read(mail)[1]
    assert (attached.part, attached.text, attached.encoding) == ("1 é.txt", "Ок", "koi8-r")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_fields_of_mail_with_letters_as_they_are(read, encoding):
    mail = HEAD + "Subject: Opération à\n l’hôpital de =?utf-8?Q?Gi=C3=A8n?=\n\nx".replace("’", "'").encode(encoding)
    assert read(mail)[0].metadata["subject"] == "Opération à l'hôpital de Gièn"


def test_mail_of_apple_is_mail(read):
    mail = HEAD + b"Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9 +\n"
    for size in (len(mail), 3):
        (document,) = read(str(size).encode() + b"   \n" + mail + b"<?xml version='1.0'?>", "1.emlx")
        assert document.media_type == "message/rfc822"
        assert document.text.startswith("café +")
        assert ("<?xml" in document.text) == (size == 3)


def test_formulas_that_nothing_has_computed_are_told_with_their_places(read):
    stream, book = io.BytesIO(), openpyxl.Workbook()
    book.active.append(["a", "=1+1"])
    book.create_sheet("Two & three").append(['=IF(A2<3,"x","y")', 1234567890123456])
    book.save(stream)
    lines = read(stream.getvalue())[0].text.split("\n")
    assert lines[-2:] == ["Sheet!B1 =1+1", 'Two & three!A1 =IF(A2<3,"x","y")']
    assert "1234567890123456" in lines


def test_formulas_that_were_computed_are_their_values(read):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("A")
    sheet.write_formula(0, 0, "=2+2", None, 4)
    sheet.write_formula(0, 1, '="x"', None, "x")
    book.close()
    assert read(stream.getvalue())[0].text == "A\n4\tx"


def test_a_form_whose_pages_are_made_when_it_is_opened_is_told(read):
    data = form().replace(b"/Fields [", b"/XFA (x) /Fields [")
    assert read(data)[0].outcome == Outcome.OK  # its pages are there, too
    told = read(data.replace(b"/Type /Catalog", b"/NeedsRendering true /Type /Catalog"))[0]
    assert (told.outcome, "XFA" in told.reason, "Formulaire" in told.text) == (Outcome.UNSUPPORTED, True, True)


def test_columns_of_open_document_tables_stay_in_their_place_and_the_author_is_who_wrote_it(read):
    spaces = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "text", "table", "meta", "dc"))
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell.format('a b')}<table:covered-table-cell/>{cell.format('c')}</table:table-row>"
    meta = "<dc:creator>Last</dc:creator><meta:initial-creator>First</meta:initial-creator>"
    document = read(
        f'<?xml version="1.0"?><office:document {spaces}><office:meta>{meta}</office:meta><office:body>'
        f"<table:table>{row}</table:table></office:body></office:document>".encode()
    )[0]
    assert (document.text, document.metadata["author"]) == ("a b\t\tc", "First")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (base64.encodebytes("café ".encode() * 40), "café " * 40),
        (base64.encodebytes(b"note") + b"\n_____\nA list of mail\n", "note\n\n_____\nA list of mail"),
        (b"bm90ZQ\n\n", "note"),
        (b"A text that is said to be Base64, and is none.\n", "A text that is said to be Base64, and is none."),
    ],
)
def test_text_of_mail_in_base64_and_what_stands_behind_it(read, body, text):
    assert read(HEAD + b"Content-Transfer-Encoding: base64\n\n" + body)[0].text.strip() == text.strip()


def test_a_scan_with_a_long_stamp_at_its_edge_is_a_scan(read):
    stamp = "Printed on 2024-02-05 10:00 by A. Nonyme, for the file of the ward"
    scanned = read(scan(stamp=stamp))[0]
    assert (scanned.outcome, scanned.text) == (Outcome.NEEDS_OCR, stamp)
    assert read(pdf([stamp]))[0].outcome == Outcome.OK  # no picture
    assert read(scan(stamp=f"{stamp} " * 7))[0].outcome == Outcome.OK  # so much is a text that was recognised
