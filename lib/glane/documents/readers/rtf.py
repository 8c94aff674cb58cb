"""Rich Text Format: text with what was deleted left out. The web page or the text within RTF of mail is that alone.

Source: Rich Text Format (RTF) Specification 1.9.1; [MS-OXRTFEX] for web pages within RTF.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache

from glane.documents.blocks import Writer
from glane.documents.readers import html
from glane.documents.readers import rtf_words as words
from glane.documents.reading import Context, Reading, corrupt
from glane.documents.symbols import is_symbolic, shown, symbol
from glane.encodings.detect import known

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_DEEPEST = 2000


@dataclass(slots=True)
class _State:
    is_unseen: bool = False
    is_deleted: bool = False
    is_font_table: bool = False
    skip_after_unicode: int = 1  # how many letters stand for a Unicode one, for programs that know none
    codec: str | None = None  # of the font; None: the document's
    field: str | None = None  # of the metadata, whose text this is
    is_note: bool = False
    is_table: bool = False
    font: str = ""  # where its letters are symbols
    is_raw: bool = False  # of RTF around a web page: what stands for a tag in programs that know none

    def inherited(self) -> _State:
        """Return one that is alike. There are millions of groups: `copy` takes ten times as long."""
        return _State(
            self.is_unseen, self.is_deleted, self.is_font_table, self.skip_after_unicode, self.codec, self.field,
            self.is_note, self.is_table, self.font, self.is_raw,
        )  # fmt: skip


def read(data: bytes, context: Context) -> Reading:
    """Read the document."""
    return _Parser(data, with_edges=context.options.headers_and_footers).read()


def body_of(data: bytes) -> tuple[str, str]:
    """Return the body of a mail that is a document, and whether it is `html` or `plain`."""
    parser = _Parser(data, with_edges=True)
    text = parser.text()
    return text, "html" if parser.is_html else "plain"


class _Parser:
    """One document. Groups inherit the state of the one around them."""

    def __init__(self, data: bytes, *, with_edges: bool) -> None:
        self._data = data
        self._with_edges = with_edges
        self._writer = Writer()
        self._state = _State()
        self._stack: list[_State] = []
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._font = 0
        self._bytes = bytearray()  # of letters of several bytes, until another word comes
        self._to_skip = 0
        self._starred = False
        self.is_html = False
        self._metadata: dict[str, str] = {}
        self._time: dict[bytes, int] = {}
        self._form: dict[bytes, int] = {}  # of the field of a form that was begun
        self._in_row = False
        self._high: int | None = None  # the first half of a pair of surrogates

    def read(self) -> Reading:
        text = self.text()
        reading = html.from_text(text) if self.is_html else Reading(text=text)
        reading.metadata = self._metadata
        return reading

    def text(self) -> str:
        """Return its text, or the source of the page that it holds."""
        at, data = 0, self._data
        while match := _TOKEN.match(data, at):
            at = match.end()
            word, number, code, symbol, brace, text = match.groups()
            if code is not None:
                self._letters(bytes([int(code, 16)]))
            elif text is not None:
                self._letters(text)
            elif word is not None:
                self._flush()
                value = int(number) if number else None
                if word == b"bin" and value:
                    at += value
                else:
                    self._word(word, value)
            elif brace is not None:
                self._flush()
                self._brace(brace)
            elif symbol is not None:
                self._symbol(symbol)
        self._flush()
        if self._in_row:
            self._end_table()
        return self._writer.text()

    def _brace(self, brace: bytes) -> None:
        self._to_skip = 0
        if brace == b"{":
            if len(self._stack) >= _DEEPEST:
                raise corrupt("its groups are nested deeper than those of documents are")
            self._stack.append(self._state)
            self._state = self._state.inherited()
        elif self._stack:
            before = self._state
            self._state = self._stack.pop()
            if before.is_note and not self._state.is_note:
                self._add("] ")
        self._starred = False

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._starred = True
            return
        plain = {b"~": "\xa0", b"_": "\u2011", b"\n": "\n", b"\r": "\n", b"\t": "\t"}.get(symbol)
        if plain is not None:
            self._flush()
            self._add(plain)
        elif symbol in b"\\{}":
            self._letters(symbol)

    def _word(self, word: bytes, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word == b"u" and number is not None:
            self._unicode(number)
        elif word == b"uc":
            self._state.skip_after_unicode = max(0, min(number or 0, 8))
        elif word in words.WORDS:
            self._add(words.WORDS[word])
        elif word in words.UNSEEN or (word in words.EDGES and not self._with_edges):
            self._destination(word)
        elif starred and word not in words.KEPT_STARRED and not (self.is_html and word == b"htmltag"):
            self._state.is_unseen, self._state.is_font_table = True, False
        else:
            self._setting(word, number)

    def _destination(self, word: bytes) -> None:
        """A group that is not shown; the table of fonts and what the document says of itself are read."""
        self._state.is_unseen = word != b"info"
        self._state.is_font_table = word == b"fonttbl"
        if word == b"info":
            self._state.field = ""  # of none yet

    def _setting(self, word: bytes, number: int | None) -> None:
        state = self._state
        if word in {b"deleted", b"v"}:  # v: hidden
            state.is_deleted = number != 0
        elif word == b"plain":
            state.is_deleted = False
            state.codec = None
            state.font = ""
        elif word == b"pard":
            state.is_table = False
        elif word == b"f" and number is not None:
            self._font = number
            if not state.is_font_table:
                state.codec = self._fonts.get(number)
                name = self._names.get(number, "")
                state.font = name if is_symbolic(name) else ""
        elif word == b"fcharset" and state.is_font_table:
            self._fonts[self._font] = (
                words.CHARSETS.get(number or 0, self._codec) if number not in (0, 1, None) else self._codec
            )
        elif word == b"ansicpg" and number is not None:
            self._codec = known(f"cp{number}") or self._codec
        elif word in {b"mac", b"pc", b"pca"}:
            self._codec = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}[word]
        elif word == b"fromhtml":
            self.is_html = True
        elif word == b"htmlrtf" and self.is_html:
            state.is_raw = number != 0
        elif word == b"footnote":
            self._add(" [")
            state.is_note = True
        elif word in words.OF_FORMS:
            self._form[word] = number or 0
        elif word == b"fldrslt" and self._form:
            self._add(words.box(self._form))
            self._form = {}
        elif word in words.EDGES or word == b"shptxt":
            self._writer.end_line()
        else:
            self._table_or_field(word, number)

    def _table_or_field(self, word: bytes, number: int | None) -> None:
        state = self._state
        if word == b"intbl":
            state.is_table = True
        elif word == b"trowd" and not self._in_row and not self.is_html:
            self._writer.begin_table()
            self._in_row = True
            self._begin_row()
        elif word in {b"cell", b"nestcell"}:
            self._cell(word)
        elif word == b"row" and self._in_row:
            self._writer.end_cell()
            self._begin_row()
        elif state.field is not None:
            if word in words.FIELDS:
                state.field = words.FIELDS[word]
            elif word in words.TIMES:
                state.field, self._time = words.TIMES[word], {}
            elif word in {b"yr", b"mo", b"dy", b"hr", b"min"} and state.field in words.TIMES.values():
                self._time[word] = number or 0
                self._metadata[state.field] = _iso(self._time)
            else:
                state.field = "other" if state.field == "" else state.field

    def _begin_row(self) -> None:
        self._writer.begin_row()
        self._writer.begin_cell()

    def _cell(self, word: bytes) -> None:
        if self._in_row and word == b"cell":
            self._writer.end_cell()
            self._writer.begin_cell()
        else:
            self._add("\t")

    def _end_table(self) -> None:
        self._in_row = False
        self._writer.end_table()

    def _unicode(self, number: int) -> None:
        code = number & 0xFFFF
        self._to_skip = self._state.skip_after_unicode
        if 0xD800 <= code < 0xDC00:
            self._high = code
            return
        if 0xDC00 <= code < 0xE000 and self._high is not None:
            code = 0x10000 + ((self._high - 0xD800) << 10) + (code - 0xDC00)
        self._high = None
        self._add(shown(chr(code), self._state.font) if self._state.font else chr(code))

    def _letters(self, letters: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(letters))
            self._to_skip -= skipped
            letters = letters[skipped:]
        self._bytes += letters

    def _flush(self) -> None:
        if self._bytes and self._state.font:
            text = "".join(symbol(byte, self._state.font) for byte in self._bytes)
            self._bytes.clear()
            self._add(text)
        elif self._bytes:
            codec = self._state.codec or self._codec
            text = (
                bytes(self._bytes).decode(codec, "replace")
                if _is_codec(codec)
                else self._bytes.decode("cp1252", "replace")
            )
            self._bytes.clear()
            self._add(text)

    def _add(self, text: str) -> None:
        state = self._state
        if state.is_font_table:
            self._names[self._font] = self._names.get(self._font, "") + text
            return
        if state.field is not None:
            if state.field in words.FIELDS.values():
                self._metadata[state.field] = self._metadata.get(state.field, "") + text
            return
        if state.is_unseen or state.is_deleted or state.is_raw:
            return
        if self._in_row and not state.is_table and not state.is_note and text.strip():
            self._end_table()  # a paragraph that is in no table ends it
        self._writer.add(text)


@cache
def _is_codec(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)
    except LookupError:
        return False


def _iso(parts: dict[bytes, int]) -> str:
    day = f"{parts.get(b'yr', 0):04d}-{parts.get(b'mo', 1):02d}-{parts.get(b'dy', 1):02d}"
    return f"{day}T{parts.get(b'hr', 0):02d}:{parts.get(b'min', 0):02d}:00"
