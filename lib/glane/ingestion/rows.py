"""From what was read of a file to its row in the run."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from glane.documents.parsed import Outcome, PagesByModel, ParsedDocument
from glane.ingestion.columns import KEY, OFTEN, SIGNATURE
from glane.ingestion.inventory import FILE, shown
from glane.ingestion.source import LATEST_NS
from glane.types import DOCUMENTS, Status

_KEY_BYTES = 12
_LIMITS = {Outcome.TOO_LARGE, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.CRASHED}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
Describe = Callable[[str], tuple[str | None, bytes | None]]  # language and signature of a text


def file_row(
    number: int, listed: dict[str, Any], documents: Sequence[ParsedDocument], describe: Describe
) -> dict[str, Any]:
    """The row of one file, with its documents. `listed` is its row in the inventory."""
    outcomes = [document.outcome for document in documents]
    return {
        FILE: number,
        "source": shown(listed["root"]),
        "path": shown(listed["path"]),
        "bytes": listed["bytes"],
        "modified": _moment(listed["mtime_ns"]),
        "status": str(status_of(outcomes)),
        "outcome": str(outcomes[0]),
        "num_documents": len(documents),
        DOCUMENTS: [
            _nested(document, key, describe)
            for document, key in zip(documents, keys(documents, listed["root"] + b"/" + listed["path"]), strict=True)
        ],
    }  # fmt: skip


def status_of(outcomes: Sequence[Outcome]) -> Status:
    """What a run counts a file as: OK if one of its documents is, also if a model has read pages of it."""
    if {Outcome.OK, Outcome.OCR} & set(outcomes):
        return Status.OK
    if set(outcomes) == {Outcome.EMPTY}:
        return Status.EMPTY
    return Status.REJECTED if _LIMITS & set(outcomes) else Status.INVALID


def keys(documents: Sequence[ParsedDocument], place: bytes) -> list[bytes]:
    """What the id of each document of a file is made of: the beginning of the digest of its bytes.

    Documents that are the same bytes as their file, as the rows of a table, are told apart by their part. What could
    not be read is known by its place.
    """
    digest = documents[0].sha256
    is_table = sum(document.sha256 == digest for document in documents) > 1
    return [_key(document, place, is_row=is_table and document.sha256 == digest) for document in documents]


def _key(document: ParsedDocument, place: bytes, *, is_row: bool) -> bytes:
    if document.sha256 and not is_row:
        return bytes.fromhex(document.sha256)[:_KEY_BYTES]
    told = [document.sha256.encode() or place, document.part.encode("utf-8", "surrogatepass")]
    return hashlib.sha256(b"\0".join(told)).digest()[:_KEY_BYTES]


def _nested(document: ParsedDocument, key: bytes, describe: Describe) -> dict[str, Any]:
    language, signature = describe(document.text)
    return {
        KEY: key,
        SIGNATURE: signature,
        "part": document.part,
        "outcome": str(document.outcome),
        "reason": document.reason or None,
        "media_type": document.media_type or None,
        "text": document.text or None,
        "pages": [{"start": one.start, "end": one.end, "is_scanned": one.is_scanned} for one in document.pages],
        "ocr": None if document.ocr is None else _by_model(document.ocr),
        "language": language,
        "sha256": document.sha256 or None,
        "encoding": document.encoding,
        **{name: document.metadata.get(name) for name in OFTEN},
        "metadata": list(document.metadata.items()),
    }


def _by_model(ocr: PagesByModel) -> dict[str, Any]:
    return {
        "model": ocr.model,
        "read": [{"page": one.page, "start": one.start, "end": one.end} for one in ocr.read],
        "failed": [{"page": page, "reason": reason} for page, reason in ocr.failed],
    }


def _moment(mtime_ns: int) -> datetime.datetime | None:
    """A time of the file system; None for one that no calendar has, or that is too late or early to be kept."""
    if abs(mtime_ns) >= LATEST_NS:
        return None
    try:
        return _EPOCH + datetime.timedelta(microseconds=mtime_ns // 1000)
    except OverflowError:
        return None
