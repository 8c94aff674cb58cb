"""Mail of Outlook: made into the mail that it was, and read as such. Source: [MS-OXMSG], [MS-OXPROPS]."""

from __future__ import annotations

import datetime as dt
import struct
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import TYPE_CHECKING

from glane.documents import ole
from glane.documents.readers import mail, rtf
from glane.documents.reading import Context, Reading, clean, corrupt, line
from glane.encodings.detect import decoded, known

if TYPE_CHECKING:
    import olefile

_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_NAME, _ADDRESS, _SMTP, _TO, _CC, _ID = "0C1A", "0C1F", "5D01", "0E04", "0E03", "1035"
_DATA, _LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _CONTENT_ID = "3701", "3707", "3704", "3001", "3712"
_SENT, _DELIVERED = 0x0039, 0x0E06
_HIDDEN = 0x7FFE
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emf", ".wmf")
_CODE_PAGES = (0x3FDE, 0x3FFD)  # of pages of a web, of other texts
_HEAD = {"message": 24, "root": 32, "attachment": 8}  # bytes before the first property of fixed size
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_DEEPEST = 20
_LONGEST_FIELD = 10_000


def read(data: bytes, context: Context) -> Reading:
    """Read the mail, and those within it.

    Raises:
        Unread: if it is damaged.
    """
    storage = ole.opened(data)
    if not storage.exists("__properties_version1.0"):
        raise corrupt("its properties are missing")
    reading = mail.of_message(_Mail(storage, "", "root").message(0))
    reading.encoding = None  # that of the mail which it was made into
    return reading


class _Mail:
    """A message of the storage: the file's own, or one that is attached."""

    def __init__(self, storage: olefile.OleFileIO, folder: str, kind: str) -> None:
        self._storage = storage
        self._folder = folder
        self._fixed = self._properties(kind)
        pages = [known(f"cp{self._fixed[tag] & 0xFFFF}") for tag in _CODE_PAGES if tag in self._fixed]
        self._html_codec = pages[0] if pages else None
        self._codec = pages[-1] if pages else None

    def message(self, depth: int) -> MIMEMultipart:
        """Return it as a mail."""
        message = MIMEMultipart(boundary=f"part-of-{depth}")
        sender = self._text(_SMTP) or self._text(_ADDRESS)
        name = self._text(_NAME)
        head = {
            "Subject": self._text(_SUBJECT),
            "From": f"{name} <{sender}>" if name and "@" in sender and name != sender else name or sender,
            "To": self._text(_TO),
            "Cc": self._text(_CC),
            "Message-ID": self._text(_ID),
            "Date": self._date(),
        }
        for field, value in head.items():
            if value:
                message[field] = line(value, most=_LONGEST_FIELD)
        message.attach(self._body())
        for folder in self._attachments():
            attached = self._attached(folder, depth)
            if attached is not None:
                message.attach(attached)
        return message

    def _body(self) -> MIMEBase:
        """Its text and its page, of which the reader of mail takes one."""
        body = MIMEMultipart("alternative", boundary="body")
        page = self._bytes(_HTML)
        text, kind = self._text(_BODY), "plain"
        if not text.strip() and not page and (packed := self._bytes(_RTF)):
            text, kind = _of_rtf(packed)
        body.attach(MIMEText(clean(text), kind, "utf-8"))
        if page:
            body.attach(MIMEText(clean(decoded(page, told=self._html_codec)[0]), "html", "utf-8"))
        return body

    def _attached(self, folder: str, depth: int) -> MIMEBase | None:
        """Return what is attached; pictures that its page shows, and the program hides, are none."""
        attached = _Mail(self._storage, folder, "attachment")
        name = attached._text(_LONG_NAME) or attached._text(_SHORT_NAME) or attached._text(_SHOWN_NAME)
        if attached._fixed.get(_HIDDEN, 0) & 1 and name.lower().endswith(_PICTURES):
            return None
        within = f"{folder}/__substg1.0_{_DATA}000D"
        part: MIMEBase
        if self._storage.exists(f"{within}/__properties_version1.0") and depth < _DEEPEST:
            part = MIMEMessage(_Mail(self._storage, within, "message").message(depth + 1))
        else:
            part = MIMEApplication(attached._bytes(_DATA) or b"")
        part.add_header("Content-Disposition", "attachment", filename=line(name, most=200) or "attachment")
        content_id = attached._text(_CONTENT_ID)
        if content_id:
            part["Content-ID"] = line(content_id, most=200)
        return part

    def _attachments(self) -> list[str]:
        """Names of the storages of what is attached, in their order."""
        depth = len(self._folder.split("/")) if self._folder else 0
        found = {
            "/".join(path[: depth + 1])
            for path in self._storage.listdir(streams=False, storages=True)
            if len(path) == depth + 1
            and "/".join(path[:depth]) == self._folder
            and path[depth].lower().startswith("__attach_version1.0_")
        }
        return sorted(found)

    def _properties(self, kind: str) -> dict[int, int]:
        """Properties of fixed size: numbers and times, as 8 bytes each."""
        data = ole.stream(self._storage, self._path("__properties_version1.0")) or b""
        found = {}
        for at in range(_HEAD[kind], len(data) - 15, 16):
            tag, _, value = struct.unpack_from("<IIQ", data, at)
            found[tag >> 16] = value
        return found

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}" if self._folder else name

    def _text(self, tag: str) -> str:
        wide = ole.stream(self._storage, self._path(f"__substg1.0_{tag}001F"))
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = ole.stream(self._storage, self._path(f"__substg1.0_{tag}001E"))
        return decoded(narrow.rstrip(b"\x00"), told=self._codec)[0] if narrow else ""

    def _bytes(self, tag: str) -> bytes | None:
        found = ole.stream(self._storage, self._path(f"__substg1.0_{tag}0102"))
        if found is None and tag == _HTML:
            return self._text(tag).encode() or None
        return found

    def _date(self) -> str:
        ticks = self._fixed.get(_SENT) or self._fixed.get(_DELIVERED)
        try:
            return format_datetime(_EPOCH + dt.timedelta(microseconds=ticks // 10)) if ticks else ""
        except (OverflowError, ValueError):
            return ""


def _of_rtf(packed: bytes) -> tuple[str, str]:
    """The text of the mail, and whether it is `html` or `plain`."""
    import compressed_rtf

    try:
        data = compressed_rtf.decompress(packed)
    except Exception:  # the library raises plain exceptions
        raise corrupt("its text is packed and damaged") from None
    return rtf.body_of(data)
