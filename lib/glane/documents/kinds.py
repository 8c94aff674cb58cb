"""The kind of a file by what is in it. Names lie: a `.doc` is often RTF or a web page."""

from __future__ import annotations

import io
import re
import zipfile

from glane.encodings import detect

UNKNOWN = "application/octet-stream"
PLAIN, MARKDOWN, HTML, XML = "text/plain", "text/markdown", "text/html", "application/xml"
MAIL, MBOX, MSG = "message/rfc822", "application/mbox", "application/vnd.ms-outlook"
PDF, RTF, ZIP = "application/pdf", "application/rtf", "application/zip"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
OLE, LOCKED_OFFICE = "application/x-ole-storage", "application/x-encrypted-office"
_OPEN = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX = f"{_OPEN}.wordprocessingml.document", f"{_OPEN}.spreadsheetml.sheet"
PPTX = f"{_OPEN}.presentationml.presentation"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
_ODF = "application/vnd.oasis.opendocument"
ODT, ODS, ODP, ODG = f"{_ODF}.text", f"{_ODF}.spreadsheet", f"{_ODF}.presentation", f"{_ODF}.graphics"
FLAT_ODF = f"{_ODF}.text-flat-xml"

_READERS = {
    PLAIN: "plain", MARKDOWN: "plain", XML: "plain", HTML: "html", MAIL: "mail", MBOX: "mail", MSG: "msg", PDF: "pdf",
    RTF: "rtf", ZIP: "archive", DOC: "doc", XLS: "sheets", PPT: "ppt", DOCX: "docx", XLSX: "sheets", XLSB: "sheets",
    PPTX: "pptx", ODT: "odf", ODP: "odf", ODG: "odf", FLAT_ODF: "odf", ODS: "sheets", LOCKED_OFFICE: "locked",
}  # fmt: skip

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
    (b"%!PS", "application/postscript"),
    (b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (b"\x01\x00\x00\x00\x6c\x00\x00\x00", "image/emf"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-msdownload"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x31\xbe\x00\x00", "application/x-mswrite"),
    (b"\xffWPC", "application/vnd.wordperfect"),
    (b"\xdb\xa5", "application/x-msword-2"),
    (b"\x09\x02\x06\x00", "application/x-excel-3"),
    (b"\x09\x04\x06\x00", "application/x-excel-4"),
)
_STREAMS = (
    ("__properties_version1.0", MSG),
    ("EncryptedPackage", LOCKED_OFFICE),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("Workbook", XLS),
    ("Book", XLS),
)  # of a storage, the first that is there
_SHORT = frozenset(
    {b"BM", b"MZ", b"ID3", b"BZh", b"PAR1", b"\xdb\xa5"}
)  # a text may begin so; a binary file has NULs soon
_TAGS = rb"html|head|body|title|table|script|style|div|span|p|br|h[1-6]|font|a|b|center|meta|link|ul|ol|article|section"
_WEB = re.compile(rb"(?is)\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|(" + _TAGS + rb")[\s/>])")
_XML = re.compile(rb"(?s)\s*<(\?xml|!DOCTYPE)[\s\w]")
_FIELD = re.compile(rb"(?m)^([A-Za-z][A-Za-z0-9-]*):")
_OF_MAIL = frozenset(b"return-path message-id mime-version delivered-to content-type x-mailer dkim-signature".split())
# Reports of laboratories have a field "Received:", too, with a date in it.
_TRACE = re.compile(rb"(?im)^received:\s+(from|by)\s+\S+\.\S")
_COUNT = re.compile(rb"\A\d{1,10} *\n")
_ANY_MAIL = frozenset(b"from to subject date cc sender reply-to".split())
_MAIL_NAMES, _MARKDOWN_NAMES = (".eml", ".mht", ".mhtml", ".emlx"), (".md", ".markdown")
_TO_LOOK_AT = 8192
_MEDIA_TYPE = re.compile(rb"(application|text|image)/[a-z0-9.+-]{1,100}")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x0b\x1a\x1b"))
_MOST_CONTROLS = 0.02  # of the bytes of a text


def reader_of(media_type: str) -> str:
    """Return the name of the module in `readers` that reads a kind."""
    if media_type.startswith("image/") and media_type not in {"image/wmf", "image/emf", "image/svg+xml"}:
        return "picture"
    return _READERS.get(media_type, "unknown")


def media_type(data: bytes, name: str = "") -> str:
    """Return the media type of a file. Its name decides only between kinds of text that look alike."""
    start = data[:_TO_LOOK_AT]
    if b"%PDF-" in start[:1024] and not _WEB.match(start):
        return PDF
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")):
        return _of_zip(data)
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _of_ole(data)
    found = _by_magic(start)
    return found or _of_text(start, name.lower())


def _by_magic(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp":
        return "image/heic" if start[8:12] in {b"heic", b"heix", b"mif1", b"avif"} else "video/mp4"
    if start.lstrip()[:5] == b"{\\rtf":
        return RTF
    for magic, kind in _MAGIC:
        if start.startswith(magic) and (magic not in _SHORT or b"\x00" in start[:512]):
            return kind
    return "application/x-tar" if start[257:262] == b"ustar" else None


def _of_zip(data: bytes) -> str:
    """Of a damaged archive, the names in it tell: its parts say them before their bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            told = _told(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError):
        return _of_damaged_zip(data)
    except Exception:  # zlib.error and what else a damaged archive makes of itself
        return _of_damaged_zip(data)
    if told:
        return told.removesuffix("-template").removesuffix("-master") if told.startswith(_ODF) else told
    return _by_members(names) or ZIP


def _told(archive: zipfile.ZipFile) -> str:
    """What an archive says of itself, where that is a media type: it is shown, and must be no text of a document."""
    with archive.open("mimetype") as stream:
        found = _MEDIA_TYPE.fullmatch(stream.read(200).strip())
    return found[0].decode("ascii") if found else ""


def _by_members(names: set[str]) -> str | None:
    names = {name.replace("\\", "/").lower().lstrip("/") for name in names}
    if not any(name.startswith(("_rels/", "[content_types]")) for name in names):
        return None
    for prefix, kind in (("word/", DOCX), ("ppt/", PPTX), ("xl/workbook.bin", XLSB), ("xl/", XLSX)):
        if any(name.startswith(prefix) for name in names):
            return kind
    return None


def _of_damaged_zip(data: bytes) -> str:
    for sign, kind in ((b"word/", DOCX), (b"ppt/", PPTX), (b"xl/", XLSX), (b"opendocument.text", ODT)):
        if sign in data[:65536]:
            return kind
    return ZIP


def _of_ole(data: bytes) -> str:
    """By the streams at the top of the storage; where its folder cannot be read, by names anywhere."""
    try:
        import olefile

        with olefile.OleFileIO(io.BytesIO(data)) as storage:
            names = {path[0].lower() for path in storage.listdir() if len(path) == 1}
        return next((kind for name, kind in _STREAMS if name.lower() in names), OLE)
    except Exception:  # the library's errors over damaged storages are of any kind, and it may be missing
        return next((kind for name, kind in _STREAMS if name.encode("utf-16-le") + b"\x00\x00" in data), OLE)


def _of_text(start: bytes, name: str) -> str:
    if _is_binary(start):
        return UNKNOWN
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start[:64]:
        start = start.replace(b"\x00", b"")  # of two or four bytes a letter; what is ASCII in it tells
    start = start.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if _WEB.match(start) or (_XML.match(start) and b"<html" in start.lower()):
        return HTML
    if b"<office:document" in start:
        return FLAT_ODF
    if _XML.match(start):
        return "image/svg+xml" if b"<svg" in start else XML
    return _of_mail(start, name) or (MARKDOWN if name.endswith(_MARKDOWN_NAMES) else PLAIN)


def _is_binary(start: bytes) -> bool:
    """Whether it holds what no text does, in one byte a letter or in several."""
    controls = len(start) - len(start.translate(None, _CONTROLS))
    if controls <= _MOST_CONTROLS * len(start):
        return False
    is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or detect.wide(start) is not None
    return not is_wide


def _of_mail(start: bytes, name: str) -> str | None:
    head = start.lstrip().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if name.endswith(".emlx"):
        head = _COUNT.sub(b"", head)
    is_mbox = head.startswith(b"From ")
    if is_mbox:
        head = head.split(b"\n", 1)[-1]
    head = head.split(b"\n\n", 1)[0]
    first = _FIELD.match(head)
    if first is None:
        return None
    fields = {field.lower() for field in _FIELD.findall(head)}
    fields |= {b"return-path"} if _TRACE.search(head) else set()
    is_sure = len(fields & _OF_MAIL) + len(fields & _ANY_MAIL) >= 2 and bool(fields & _OF_MAIL)
    if is_sure or (name.endswith(_MAIL_NAMES) and fields & (_OF_MAIL | _ANY_MAIL)):
        return MBOX if is_mbox else MAIL
    return None
