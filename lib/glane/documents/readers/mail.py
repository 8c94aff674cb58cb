"""Mail: its subject and its text, what its head says, and its attachments as documents of their own."""

from __future__ import annotations

import base64
import email
import email.utils
import re
from collections.abc import Iterator, Mapping
from email import policy
from email.message import Message
from functools import partial

from glane.documents import kinds
from glane.documents.parsed import Outcome
from glane.documents.readers import html
from glane.documents.reading import Context, Part, Reading, corrupt, encrypted, line
from glane.encodings.detect import decoded

_HEAD = {"subject": "subject", "from": "from", "to": "to", "cc": "cc", "message-id": "message_id"}
_OFTEN = {"title": "subject", "author": "from", "created": "date"}  # as files of other kinds name it: as mail does
_OF_A_PAGE = ["Saved", "by"]  # in the place of an address: a web page that a browser has saved as mail
_SIGNATURES = frozenset(
    f"application/{kind}" for kind in ("pkcs7-signature", "x-pkcs7-signature", "pgp-signature", "pgp-encrypted")
)
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_BEGINS = re.compile(rb"(?m)^From \S.*\d{4}.*\r?\n(?=[A-Za-z-]+:)")
_SHOWN = re.compile(rb"(?i)cid:([^\"'>\s)]+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\s*")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}\s*")
_RAW = re.compile("[\udc80-\udcff]")
_DEEPEST = 50  # parts within parts


_MORE = 2  # how many times as long a page must be for its mail's plain form to be no whole form of it
_APPLE = re.compile(rb"\s*(\d{1,10})[ \t]*\r?\n")  # before a mail of Apple's program: how long it is


def read(data: bytes, context: Context) -> Reading:
    """Read a mail, or a box of them.

    Raises:
        Unread: if it is encrypted, or nested as no mail is.
    """
    if context.media_type == kinds.MBOX:
        return _box(data)
    if (counted := _APPLE.match(data)) is not None:
        data, settings = data[counted.end() :], data[counted.end() + int(counted[1]) :]
        data = data[: len(data) - len(settings)] if settings.lstrip().startswith(b"<?xml") else data
    return of_message(email.message_from_bytes(data, policy=policy.default))


def of_message(message: Message) -> Reading:
    """Read a mail that is parsed. Its subject is the first line of its text: it is read as the text is."""
    found = _Parts()
    found.collect(message, 0)
    if found.is_encrypted:
        raise encrypted("the mail")
    metadata, texts = _metadata(message), [one.text.strip("\n") for one in found.texts if one.text.strip()]
    if not _is_page(metadata) and (subject := line(metadata.get("subject", ""))):
        texts.insert(0, subject)
    cut = next((one for one in found.texts if one.outcome is not None), Reading())
    return Reading(
        text="\n\n".join(texts),
        outcome=cut.outcome,
        reason=cut.reason,
        metadata=metadata,
        encoding=found.encoding,
        parts=found.attachments(),
    )


def _metadata(message: Message) -> dict[str, str]:
    """What its head says, by the names of mail, and by those of files of other kinds."""
    told = {word: text for name, word in _HEAD.items() if (text := _field(message, name))}
    if date := _date(_field(message, "date")):
        told["date"] = date
    often = {name: told[word] for name, word in _OFTEN.items() if word in told}
    if _is_page(told):
        often.pop("author", None)
    return often | told


def _is_page(metadata: Mapping[str, str]) -> bool:
    sender = metadata.get("from", "")
    return sender.lstrip('<"').split()[:2] == _OF_A_PAGE and "@" not in sender


class _Parts:
    """What a mail is made of: texts of its body, and what is attached."""

    def __init__(self) -> None:
        self.texts: list[Reading] = []
        self.encoding: str | None = None
        self.is_encrypted = False
        self._attached: list[Message] = []
        self._shown: set[str] = set()  # ids of pictures that a page shows

    def collect(self, part: Message, depth: int) -> None:
        """Sort a part and those within it."""
        if depth > _DEEPEST:
            raise corrupt("its parts are nested deeper than those of mail are")
        kind = part.get_content_type()
        if kind in _SIGNATURES:
            return
        if kind == "multipart/encrypted" or (kind in _ENCRYPTED and _parameter(part, "smime-type") != "signed-data"):
            self.is_encrypted = True
        elif kind == "multipart/alternative" and part.is_multipart():
            self._alternative([one for one in part.get_payload() if isinstance(one, Message)], depth)
        elif kind.startswith("multipart/") and part.is_multipart():
            for one in part.get_payload():
                if isinstance(one, Message):
                    self.collect(one, depth + 1)
        elif kind in {"text/plain", "text/html"} and not _is_attached(part):
            self._body(part, kind)
        else:
            self._attached.append(part)

    def _alternative(self, parts: list[Message], depth: int) -> None:
        """Of the same text as plain text and as a page, one is taken: the plain one, if it is not much shorter.

        Programs write "this mail is a page" into it, or the beginning. Of a page that is cut, it is not known how long
        it is: it is taken if it is longer at all, and its outcome with it.
        """
        taken: list[Reading] = []
        for one in sorted(parts, key=lambda part: part.get_content_type() != "text/plain"):
            before = len(self.texts)
            self.collect(one, depth + 1)
            found, self.texts = self.texts[before:], self.texts[:before]
            is_cut = any(part.outcome is not None for part in found)
            if _length(found) > (1 if is_cut else _MORE) * _length(taken):
                taken = found
        self.texts += taken

    def _body(self, part: Message, kind: str) -> None:
        data = _payload(part)
        self._shown.update(one.decode("ascii", "replace") for one in _SHOWN.findall(data))
        text, encoding = decoded(data, told=_parameter(part, "charset"))
        self.encoding = self.encoding or encoding
        self.texts.append(html.from_text(text) if kind == "text/html" else Reading(text=text))

    def attachments(self) -> Iterator[Part]:
        """Yield what is attached; pictures that belong to the page are no documents."""
        for part in self._attached:
            if part.get_content_maintype() == "image" and _id(part) in self._shown:
                continue
            if part.get_content_type() == "message/rfc822":
                yield Part(_name(part) or "message.eml", partial(_mail_within, part))
            else:
                yield Part(_name(part), partial(_payload, part), _told(part))


def _length(texts: list[Reading]) -> int:
    return sum(len(word) for one in texts for word in one.text.split())


def _told(part: Message) -> str | None:
    return _parameter(part, "charset") if part.get_content_maintype() == "text" else None


def _box(data: bytes) -> Reading:
    begins = list(_BEGINS.finditer(data))
    if len(begins) < 2:  # a mail as a program of Unix keeps it
        start = begins[0].end() if begins else data.find(b"\n") + 1
        return of_message(email.message_from_bytes(data[start:], policy=policy.default))
    ends = [*(found.start() for found in begins[1:]), len(data)]
    parts = [
        Part("message.eml", partial(_slice, data, found.end(), end)) for found, end in zip(begins, ends, strict=True)
    ]
    return Reading(parts=parts, outcome=Outcome.EMPTY, reason=f"it is a box of {len(parts)} mails")


def _slice(data: bytes, start: int, end: int) -> bytes:
    return data[start:end]


def _mail_within(part: Message) -> bytes:
    within = part.get_payload()
    if isinstance(within, list) and within and isinstance(within[0], Message):
        return within[0].as_bytes(policy=policy.compat32)
    return _payload(part)


def _payload(part: Message) -> bytes:
    """The bytes of a part, its transfer encoding undone as far as it goes."""
    if part.get_content_maintype() == "text" and (unpacked := _of_base64(part)) is not None:
        return unpacked
    try:
        found = part.get_payload(decode=True)
    except Exception:  # what a wrong transfer encoding or charset makes of the library
        found = None
    if isinstance(found, bytes):
        return found
    within = part.get_payload()
    if isinstance(within, list):  # of reports on delivery: messages of fields alone
        return b"\n".join(one.as_bytes(policy=policy.compat32) for one in within if isinstance(one, Message))
    return str(within or "").encode("utf-8", "surrogateescape")


def _of_base64(part: Message) -> bytes | None:
    """The bytes of a text in Base64, with the plain text that lists of mail put behind it; of one that is none, itself.

    The library makes letters of anything.
    """
    payload = part.get_payload()
    if _field(part, "content-transfer-encoding").strip().lower() != "base64" or not isinstance(payload, str):
        return None
    lines = payload.strip().splitlines()
    number = next((at for at, one in enumerate(lines) if _BASE64.fullmatch(one) is None), len(lines))
    packed, rest = "".join("".join(lines[:number]).split()), "\n".join(lines[number:])
    if any(_BASE64_LINE.fullmatch(one) for one in lines[number:]):  # damaged in the middle
        return None
    try:
        found = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError:
        return None
    return b"\n".join(one for one in (found, rest.encode("utf-8", "surrogateescape")) if one.strip())


def _is_attached(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or bool(_name(part))
    except Exception:
        return False


def _name(part: Message) -> str:
    try:
        return str(part.get_filename() or "")
    except Exception:
        return ""


def _id(part: Message) -> str:
    return _field(part, "content-id").strip("<> ")


def _parameter(part: Message, name: str) -> str | None:
    try:
        found = part.get_content_charset() if name == "charset" else part.get_param(name)
    except Exception:
        return None
    return found if isinstance(found, str) else None


def _field(message: Message, name: str) -> str:
    """A field of the head. The library raises many kinds of errors over what is written there.

    Letters that are written as they are, which only UTF-8 may be, stand as halves of surrogates in what it keeps.
    """
    try:
        told = str(next((value for key, value in message.raw_items() if key.lower() == name), ""))
        if _RAW.search(told) is None:
            return str(message[name] or "")
        text = decoded(told.encode("utf-8", "surrogateescape"))[0]
        return str(message.policy.header_fetch_parse(name, text))
    except Exception:
        return str(next((value for key, value in message.raw_items() if key.lower() == name), ""))


def _date(told: str) -> str:
    try:
        return email.utils.parsedate_to_datetime(told).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return told
