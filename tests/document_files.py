"""Documents of each kind, made as their programs make them, all with the same sentence in them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import docx
import pptx
import xlsxwriter
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

SENTENCE = "L’élève fiévreux a été vu à l’hôpital à 39,2 °C : œdème."


def pdf(*pages: list[str], password: str = "", edges: bool = False, compress: int = 0) -> bytes:
    """Pages of lines; with headers and numbers at their edges."""
    stream = io.BytesIO()
    lock = StandardEncryption(password) if password else None
    canvas = Canvas(stream, pagesize=A4, encrypt=lock, pageCompression=compress, invariant=1)
    canvas.setTitle("Bulletin")
    canvas.setAuthor("A. Nonyme")
    for number, lines in enumerate(pages or ([SENTENCE],)):
        if edges:
            canvas.drawString(72, 810, "Service des urgences")
            canvas.drawString(72, 30, f"Page {number + 1}")
        for place, line in enumerate(lines):
            canvas.drawString(72, 760 - 16 * place, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def scan(*, stamp: str = "", text: str = "", height: int = 30) -> bytes:
    """A page that a picture covers; with a stamp at a height, and a second page of text."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(Image.effect_noise((300, 400), 60)), 0, 0, *A4)
    canvas.drawString(72, height, stamp)
    canvas.showPage()
    if text:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def form() -> bytes:
    """A page with fields that are filled in."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    canvas.drawString(72, 720, "Formulaire")
    canvas.acroForm.textfield(name="patient", value="Dupont", x=72, y=690, width=100, height=20)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def word() -> bytes:
    """What Word files hold: a list, a table, a header, a footnote, a text box, a change and a comment."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "Bulletin", "A. Nonyme"
    document.sections[0].header.paragraphs[0].text = "En-tête"
    document.sections[0].footer.paragraphs[0].text = "Pied de page"
    document.add_heading("Titre", 1)
    said = document.add_paragraph(SENTENCE)
    document.add_paragraph("premier", style="List Number")
    document.add_paragraph("second", style="List Number")
    document.add_paragraph("point", style="List Bullet")
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"case {number}"
    changed = document.add_paragraph("Le cas est ")
    mark = f'w:id="1" w:author="A" w:date="2024-01-01T00:00:00Z" {nsdecls("w")}'
    changed._p.append(parse_xml(f"<w:del {mark}><w:r><w:delText>exclu</w:delText></w:r></w:del>"))
    changed._p.append(parse_xml(f"<w:ins {mark}><w:r><w:t>confirmé</w:t></w:r></w:ins>"))
    document.add_comment(said.runs, text="à relire", author="Relecteur")
    box = f"<w:r {nsdecls('w')}><w:pict><w:txbxContent><w:p><w:r><w:t>encadré</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    document.add_paragraph("avant l’encadré")._p.append(parse_xml(box))
    field = document.add_paragraph("Lien : ")
    for kind, text in (("begin", ""), ("", "HYPERLINK x"), ("separate", ""), ("shown", "ici"), ("end", "")):
        field._p.append(parse_xml(_field(kind, text)))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _field(kind: str, text: str) -> str:
    within = f'<w:fldChar w:fldCharType="{kind}"/>' if kind in {"begin", "separate", "end"} else ""
    within = within or (f"<w:t>{text}</w:t>" if kind == "shown" else f"<w:instrText>{text}</w:instrText>")
    return f"<w:r {nsdecls('w')}>{within}</w:r>"


def footnoted() -> bytes:
    """A Word file with a footnote, which python-docx does not make: its parts are written by hand."""
    with zipfile.ZipFile(io.BytesIO(word())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    note = f'<w:footnotes {nsdecls("w")}><w:footnote w:id="2"><w:p><w:r><w:t>voir annexe</w:t></w:r></w:p></w:footnote></w:footnotes>'
    parts["word/footnotes.xml"] = note.encode()
    rels = "word/_rels/document.xml.rels"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    one = f'<Relationship Id="rIdF" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    parts[rels] = parts[rels].replace(b"</Relationships>", one.encode())
    mark = b'<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    main = parts["word/document.xml"]
    parts["word/document.xml"] = main.replace(b"</w:p>", mark, 1)
    return zipped(parts)


def slides() -> bytes:
    deck = pptx.Presentation()
    deck.core_properties.title = "Bulletin"
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"Titre {number}"
        slide.shapes.add_textbox(0, 0, 10**6, 10**6).text_frame.text = SENTENCE
        slide.notes_slide.notes_text_frame.text = f"note {number}"
    table = deck.slides[1].shapes.add_table(2, 2, 0, 0, 10**6, 10**6).table
    table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


def sheets() -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Cas")
    sheet.write_row(0, 0, ["nom", "âge", "vu le"])
    sheet.write_row(1, 0, [SENTENCE, 72])
    sheet.write_datetime(1, 2, dt.datetime(2024, 2, 3), day)
    sheet.write_comment(0, 0, "remarque")
    book.add_worksheet("Vide")
    book.close()
    return stream.getvalue()


def open_document(*, kind: str = "text", encrypted: bool = False) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "meta")
    )
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    body = (
        "<text:tracked-changes><text:p>effacé</text:p></text:tracked-changes>"
        f"<text:h>Titre</text:h>\n  <text:p>{SENTENCE}<text:s text:c='2'/><text:tab/><text:span>fin</text:span></text:p>"
        "<text:p>deux<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>voir annexe</text:p>"
        "</text:note-body></text:note> suite</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
    )
    parts = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
        "content.xml": f"<office:document-content {spaces}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>".encode(),
        "meta.xml": f"<office:document-meta {spaces}><office:meta><dc:title>Bulletin</dc:title>"
        "</office:meta></office:document-meta>".encode(),
    }
    if encrypted:
        parts["META-INF/manifest.xml"] = b"<manifest><file-entry><encryption-data/></file-entry></manifest>"
    return zipped(parts)


def rich_text() -> bytes:
    told = "".join(letter if letter < "\x80" else f"\\u{ord(letter)}?" for letter in SENTENCE)
    return (
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Cyr;}}{\info{\title Bulletin}}"
        r"{\header En-t\'eate\par}" + told + r"\par {\f1\'cf\'f0\'e8}\par{\deleted exclu}{\v secret}"
        r"\trowd\cellx9\pard\intbl a\cell b\cell\row\pard fin\par{\pict 00ff}{\shp{\*\shpinst{\shptxt encadr\'e9}}}}"
    ).encode("ascii")


def page() -> bytes:
    return (
        '<!DOCTYPE html><html><head><meta charset="iso-8859-1"><title>Bulletin</title><style>p {}</style>'
        "<script>var texte = 'caché';</script></head><body><h1>Titre</h1><p>L&rsquo;&eacute;l&egrave;ve fiévreux\n"
        "   a été vu à l’hôpital</p><p hidden>secret</p><ul><li>un<li>deux</ul>"
        "<table><tr><td>a</td><td>b</td></tr></table></body></html>"
    ).encode("cp1252")


SUBJECT = "Signalement à l’ARS"


def message(*attached: tuple[str, bytes], html: bool = False) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = SUBJECT, "a@example.org", "b@example.org"
    mail["Cc"], mail["Date"], mail["Message-ID"] = "c@example.org", "Mon, 05 Feb 2024 10:00:00 +0100", "<1@example.org>"
    if html:
        mail.set_content(f"<p>{SENTENCE}</p>", subtype="html")
    else:
        mail.set_content(SENTENCE)
        mail.add_alternative("<p>autre forme</p><img src='cid:logo'>", subtype="html")
    for name, data in attached:
        mail.add_attachment(data, "application", "octet-stream", filename=name)
    return mail


def nested(note: bytes | None = None) -> bytes:
    """A mail with a PDF, and a mail that has a Word file."""
    inner = message(("note.docx", note or word()))
    outer = message(("été.pdf", pdf()))
    outer.add_attachment(inner)
    return outer.as_bytes()


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "a.pdf": pdf, "scan.pdf": scan, "form.pdf": form, "a.docx": word, "notes.docx": footnoted, "a.pptx": slides,
    "a.xlsx": sheets, "a.odt": open_document, "a.rtf": rich_text, "a.html": page,
    "a.eml": lambda: message(("x.rtf", rich_text())).as_bytes(), "nested.eml": nested,
    "a.zip": lambda: zipped({"un.txt": SENTENCE.encode(), "deux/a.docx": word()}),
    "a.txt": lambda: SENTENCE.encode("cp1252"),
}  # fmt: skip
