"""A brief as a Word file: each sentence under a bookmark with its id, so that edits come back as labels.

Bookmarks stay where sentences are moved, split or merged, and programs other than Word keep them. That of the title is
the digest of `claims.parquet`: an edited file tells which brief it is of. Quotes stand in a table at the end.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from glane.briefs.page import BriefText
from glane.briefs.record import BriefSummary, Claim
from glane.types import Language

OF_BRIEF, OF_CLAIM = "glane_b_", "glane_"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MADE = (1980, 1, 1, 0, 0, 0)  # of members of the archive: the same brief is the same bytes
_SMALL_PT, _TABLE_PT, _GREY = 7, 8, "808080"
_PAGE_CM = 15.2  # between the margins
_WIDTHS = {"id": 2.5, "case": 4.0, "among": 3.2, "reviewed": 1.6, "note": 3.0}  # of columns of figures, in parts
_QUOTES_WIDTHS, _RESTS_WIDTHS = (2.5, 6.4, 2.4, 1.9, 2.0), (4.0, 11.2)
_FIGURES = ("id", "case", "among", "counted", "looked", "unknown", "without")  # of each; then what only some have
_OF_SOME = ("reviewed", "note")


def bookmark_of(claim_id: str) -> str:
    """The bookmark of a claim: letters, digits and underscores, as Word wants it."""
    return OF_CLAIM + claim_id.replace("-", "_")


def brief_word(summary: BriefSummary, claims: Sequence[Claim], *, language: Language) -> bytes:
    """Return the brief as the bytes of a docx file."""
    from docx import Document

    made = _Word(Document(), BriefText(summary, claims, language), summary, language)
    made.write()
    return made.content()


class _Word:
    """Writes one document."""

    def __init__(self, document: Any, text: BriefText, summary: BriefSummary, language: Language) -> None:
        self._document, self._text, self._summary, self._language = document, text, summary, language
        self._marks = 0

    def write(self) -> None:
        one, text = self._summary, self._text
        self._about_file()
        title = self._document.add_heading(level=0)
        self._marked(title, _plain(one.definition.title.of(self._language)), OF_BRIEF + one.claims)
        for line in text.warnings():
            self._document.add_paragraph().add_run(_plain(line)).bold = True
        self._lines(text.about())
        self._heading("figures")
        for claim in text.figures:
            self._claim(claim)
        self._lines([text.say("figure_how_table")])
        if one.definition.statements is not None and not one.is_unfinished:
            self._statements()
        self._figures()
        quotes = [row for claim in text.statements for row in self._quotes(claim)]
        if quotes:
            names = ["id", "passage", "document", "day", "place"]
            self._table("quotes", [[text.say(name) for name in names], *quotes], widths=_QUOTES_WIDTHS)
        self._table("rests", list(text.rests()), widths=_RESTS_WIDTHS)

    def content(self) -> bytes:
        """The bytes: members as they are written, all of one day."""
        made, fixed = io.BytesIO(), io.BytesIO()
        self._document.save(made)
        with zipfile.ZipFile(made) as found, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as told:
            for name in found.namelist():
                member = zipfile.ZipInfo(name, date_time=_MADE)
                member.compress_type = zipfile.ZIP_DEFLATED
                told.writestr(member, found.read(name))
        return fixed.getvalue()

    def _about_file(self) -> None:
        one, properties = self._summary, self._document.core_properties
        day = datetime.datetime.combine(one.day, datetime.time())
        properties.author = properties.last_modified_by = "glane"
        properties.title, properties.comments = _plain(one.definition.title.of(self._language)), ""
        properties.created = properties.modified = day
        properties.language, properties.revision = self._language, 1
        section = self._document.sections[0]
        if one.signature is None:
            section.header.paragraphs[0].add_run(_plain(self._text.say("draft"))).bold = True
        section.footer.paragraphs[0].add_run(_plain(f"{one.definition.name} · {one.fingerprint} · {one.claims}"))

    def _statements(self) -> None:
        self._heading("statements")
        for claim in self._text.statements:
            self._claim(claim, mark=self._text.say("unverified") if claim.status == "unverified" else "")
        self._lines(self._text.statement_notes())
        if self._text.has_checks:
            self._heading("checks")
            colon = " : " if self._language == "fr" else ": "
            self._lines([self._text.checks_text(), *(f"{name}{colon}{num}" for name, num in self._text.failures())])

    def _claim(self, claim: Claim, *, mark: str = "") -> None:
        paragraph = self._document.add_paragraph(style="List Bullet")
        if mark:
            paragraph.add_run(f"{_plain(mark)} – ").italic = True
        self._marked(paragraph, _plain(claim.sentence(self._language)), bookmark_of(claim.id))
        self._small(paragraph, f" [{claim.id}]")

    def _small(self, paragraph: Any, text: str) -> None:
        from docx.shared import Pt, RGBColor

        run = paragraph.add_run(text)
        run.font.size, run.font.color.rgb = Pt(_SMALL_PT), RGBColor.from_string(_GREY)

    def _marked(self, paragraph: Any, text: str, name: str) -> None:
        """A run between the ends of a bookmark."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        self._marks += 1
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        for one in (start, end):
            one.set(qn("w:id"), str(self._marks))
        start.set(qn("w:name"), name)
        paragraph._p.append(start)
        paragraph.add_run(text)
        paragraph._p.append(end)

    def _heading(self, name: str) -> None:
        self._document.add_heading(_plain(self._text.say(name)), level=1)

    def _lines(self, lines: Iterator[str] | Sequence[str]) -> None:
        for line in lines:
            self._document.add_paragraph(_plain(line))

    def _table(self, name: str, rows: Sequence[Sequence[str]], *, widths: Sequence[float]) -> None:
        from docx.shared import Cm, Pt

        self._heading(name)
        table = self._document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
        columns = [Cm(_PAGE_CM * one / sum(widths)) for one in widths]
        for column, width in zip(table.columns, columns, strict=True):
            column.width = width
        for row in rows:
            for cell, text, width in zip(table.add_row().cells, row, columns, strict=True):
                cell.width = width
                cell.paragraphs[0].add_run(_plain(text)).font.size = Pt(_TABLE_PT)

    def _figures(self) -> None:
        """A row for each figure: what it counts, and what came out."""
        say = self._text.say
        found = [dict([*self._text.figure_rows(one), *self._text.conditions(one)]) for one in self._text.figures]
        names = [*_FIGURES, *(name for name in _OF_SOME if any(say(name) in row for row in found))]
        rows = [[row.get(say(name), "") for name in names] for row in found]
        if rows:
            head = [say(name) for name in names]
            self._table("figures_table", [head, *rows], widths=[_WIDTHS.get(name, 1.4) for name in names])

    @staticmethod
    def _quotes(claim: Claim) -> Iterator[list[str]]:
        for one in claim.quotes:
            yield [claim.id, one.text, one.document, "" if one.day is None else one.day.isoformat(), one.place or ""]


def _plain(text: str) -> str:
    """A text on one line, without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", re.sub(r"[\t\n\r]+", " ", text))
