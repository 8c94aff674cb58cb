"""Read a file: plain text alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from glane.documents.limits import MIB, Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument


class Parser:
    """Reads one file after another."""

    def __init__(self, *, limits: Limits, options: Options) -> None:
        self._limits, self._options = limits, options

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, path: Path) -> tuple[ParsedDocument, ...]:
        """The documents of a file. Never raises for what is wrong with it."""
        try:
            content = path.read_bytes()
        except OSError as error:
            return (
                ParsedDocument(
                    outcome=Outcome.UNREADABLE, media_type="", reason=f"cannot be read ({error.strerror})"
                ),
            )  # fmt: skip
        digest = hashlib.sha256(content).hexdigest()
        if len(content) > self._limits.max_file_mib * MIB:
            return (ParsedDocument(outcome=Outcome.TOO_LARGE, media_type="", sha256=digest, reason="too large"),)
        if b"\x00" in content:
            return (
                ParsedDocument(
                    outcome=Outcome.UNSUPPORTED, media_type="application/octet-stream", sha256=digest,
                    reason="no reader is there for its kind",
                ),
            )  # fmt: skip
        try:
            text, encoding = content.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = content.decode("latin-1"), "latin-1"
        outcome = Outcome.OK if text.strip() else Outcome.EMPTY
        return (ParsedDocument(outcome=outcome, media_type="text/plain", sha256=digest, text=text, encoding=encoding),)
