"""The documents of a file: itself, then its attachments or members, and theirs. Runs in the reader's process."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from glane.documents import kinds
from glane.documents.limits import MIB, Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.reading import Budget, Context, Part, Reading, Unread, line, too_large
from glane.documents.settle import settled
from glane.documents.wire import Begun
from glane.errors import where

_NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "cannot allocate memory")


def documents_of_file(
    path: str, skip: frozenset[str], limits: Limits, options: Options
) -> Iterator[Begun | ParsedDocument]:
    """Yield the documents of a file, each after a `Begun` that says which is being read.

    Parts in `skip` are passed over. What goes wrong in one document is its outcome.

    Raises:
        MemoryError: as the memory of this process is not to be trusted then.
    """
    yield Begun(media_type=kinds.UNKNOWN, part="", sha256="")
    try:
        data = _bytes_of(path, limits)
    except Unread as unread:
        yield _unread(unread, kinds.UNKNOWN, "", "")
        return
    walk = _Walk(skip, limits, options)
    yield from walk.documents(data, Path(path).name, "", depth=0)


def _bytes_of(path: str, limits: Limits) -> bytes:
    most = limits.max_file_mib * MIB
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # of a pipe, nothing is waited for
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise Unread(Outcome.UNREADABLE, f"the file cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise too_large("the file", limits.max_file_mib, "max_file_mib")
    return data


class _Walk:
    """One file's documents, counted."""

    def __init__(self, skip: frozenset[str], limits: Limits, options: Options) -> None:
        self._skip = skip
        self._limits = limits
        self._options = options
        self._budget = Budget(limits.max_unpacked_mib * MIB)
        self._parts = 0
        self._text_left = limits.max_text_mib * MIB

    def documents(
        self, data: bytes, name: str, part: str, *, depth: int, told: str | None = None
    ) -> Iterator[Begun | ParsedDocument]:
        media_type = kinds.media_type(data, name)
        sha256 = hashlib.sha256(data).hexdigest()
        yield Begun(media_type=media_type, part=part, sha256=sha256)
        reading = Reading()
        try:
            context = Context(self._limits, self._options, self._budget, media_type, name, told)
            reading = read_as(media_type, data, context)
            document = self._bounded(settled(reading, media_type, self._options))
        except Unread as unread:
            document = _unread(unread, media_type, part, sha256)
        yield replace(document, part=part, sha256=sha256)
        del data
        if self._options.attachments:
            yield from self._parts_of(reading, part, depth + 1)

    def _bounded(self, document: ParsedDocument) -> ParsedDocument:
        self._text_left -= len(document.text.encode())
        if self._text_left < 0:
            raise too_large("the text of it", self._limits.max_text_mib, "max_text_mib")
        return document

    def _parts_of(self, reading: Reading, part: str, depth: int) -> Iterator[Begun | ParsedDocument]:
        parts = iter(reading.parts)
        number = 0
        above = "".join(f"{one.split(' ')[0]}/" for one in part.split("/")) if part else ""
        while True:
            number += 1
            yield Begun(media_type=kinds.UNKNOWN, part=f"{above}{number}", sha256="")
            try:
                found = next(parts, None)
            except Unread as unread:
                yield _unread(unread, kinds.UNKNOWN, f"{above}{number}", "")
                return
            except Exception as error:
                _raise_if_memory(error)
                yield _unread(_broken(error), kinds.UNKNOWN, f"{above}{number}", "")
                return
            if found is None:
                return
            label = f"{above}{number} {line(found.name.replace('/', '_'), most=200)}".rstrip()
            if label in self._skip:
                continue
            self._parts += 1
            if self._parts > self._limits.max_parts:
                reason = f"the file holds more than {self._limits.max_parts} others; max_parts sets this limit"
                yield _unread(Unread(Outcome.TOO_LARGE, reason), kinds.UNKNOWN, label, "")
                return
            yield from self._part(found, label, depth)

    def _part(self, found: Part, label: str, depth: int) -> Iterator[Begun | ParsedDocument]:
        yield Begun(media_type=kinds.UNKNOWN, part=label, sha256="")
        try:
            if depth > self._limits.max_depth:
                raise Unread(
                    Outcome.TOO_LARGE,
                    f"it is nested in more than {self._limits.max_depth} files; max_depth sets this limit",
                )
            data = found.load()
        except Unread as unread:
            yield _unread(unread, kinds.UNKNOWN, label, "")
            return
        except Exception as error:
            _raise_if_memory(error)
            yield _unread(_broken(error), kinds.UNKNOWN, label, "")
            return
        yield from self.documents(data, found.name, label, depth=depth, told=found.told)


def one_document(path: str, part: str, sha256: str, limits: Limits, options: Options) -> tuple[str, bytes]:
    """The kind and the bytes of the document of a file that was read before, by its part and its digest.

    Raises:
        Unread: if it is not there any more as it was.
        MemoryError: as `documents_of_file` does.
    """
    data, name, budget = _bytes_of(path, limits), Path(path).name, Budget(limits.max_unpacked_mib * MIB)
    told: str | None = None
    for step in part.split("/") if part else ():
        context = Context(limits, options, budget, kinds.media_type(data, name), name, told)
        reading = read_as(context.media_type, data, context)
        number = int(step.split(" ")[0])
        try:
            found = next(islice(reading.parts, number - 1, None), None)
            if found is None:
                raise _gone()
            data, name, told = found.load(), found.name, found.told
        except Unread:
            raise
        except Exception as error:
            _raise_if_memory(error)
            raise _broken(error) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _gone()
    return kinds.media_type(data, name), data


def _gone() -> Unread:
    return Unread(Outcome.UNREADABLE, "the file was changed after it was read")


def read_as(media_type: str, data: bytes, context: Context) -> Reading:
    """Read a document with the reader of its kind.

    Raises:
        Unread: if it cannot be read, whatever the reader's library raises.
        MemoryError: as it is.
    """
    if not data:
        return Reading(reason="the file has no bytes")
    try:
        reader = importlib.import_module(f"glane.documents.readers.{kinds.reader_of(media_type)}")
        reading: Reading = reader.read(data, context)
        return reading
    except Unread:
        raise
    except ModuleNotFoundError as error:
        raise Unread(
            Outcome.UNSUPPORTED, f"the package {error.name} is not installed: pip install 'glane[ingest]'"
        ) from None
    except RecursionError:
        raise Unread(Outcome.CORRUPT, "it is nested deeper than documents are") from None
    except Exception as error:
        _raise_if_memory(error)
        raise _broken(error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what libraries in Rust raise over their own mistakes
            raise
        raise _broken(error) from None


def _raise_if_memory(error: Exception) -> None:
    """Libraries wrap what they do not expect, and one that cannot be loaded says so of its file."""
    before: BaseException | None = error
    while before is not None:
        is_no_memory = isinstance(before, OSError | ImportError) and any(sign in str(before) for sign in _NO_MEMORY)
        if isinstance(before, MemoryError) or is_no_memory:
            raise MemoryError
        before = before.__cause__ or before.__context__


def _broken(error: BaseException) -> Unread:
    return Unread(Outcome.CORRUPT, f"its reader failed on it: {where(error)}")


def _unread(unread: Unread, media_type: str, part: str, sha256: str) -> ParsedDocument:
    return ParsedDocument(outcome=unread.outcome, media_type=media_type, part=part, sha256=sha256, reason=unread.reason)
