"""Archives of XML: what Office and OpenDocument files are. No entity is resolved, nothing is fetched."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from glane.documents.parsed import Outcome
from glane.documents.reading import Budget, Reading, Unread, corrupt, encrypted

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_Read = TypeVar("_Read")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, KeyError, IndexError)


def local(element: Element) -> str:
    """Return an element's name without its namespace; of comments and the like, none."""
    tag = element.tag
    return _local(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1000)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def value(element: Element, name: str) -> str | None:
    """Return an attribute by its name without its namespace: transitional and strict files have different ones."""
    found = element.get(name)
    if found is not None:
        return found
    return next((text for key, text in element.items() if key.rpartition("}")[2] == name), None)


def parsed(data: bytes) -> Element:
    """Parse XML.

    Raises:
        Unread: if it is none.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise corrupt(f"its XML breaks off or is wrong in line {error.lineno}") from None


def _unquoted(target: str) -> str:
    """Percent signs with a code, in addresses of parts, are bytes of UTF-8."""
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes.fromhex(found[1].decode()), target.encode())
    return data.decode("utf-8", "replace")


class Package:
    """An archive whose members are read within the budget of their file."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        """Open it.

        Raises:
            Unread: if it is no archive.
        """
        self._budget = budget
        self._lost: set[str] = set()  # parts with text that are missing or damaged
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN:
            raise corrupt("its archive is cut off or damaged") from None
        # Some programs write names with backslashes or another case.
        self._members = {
            one.filename.replace("\\", "/").lstrip("/").lower(): one
            for one in self._archive.infolist()
            if not one.is_dir()
        }

    def names(self) -> list[str]:
        """Return the names of its files in lower case, in the order of the archive."""
        return list(self._members)

    def infos(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """Yield its files with their names as they are told, also those whose names differ in case alone, or not."""
        for info in self._archive.infolist():
            if not info.is_dir():
                yield info.filename, info

    def bytes_of(self, name: str) -> bytes | None:
        """Return what a member holds, or None if there is none of that name.

        Raises:
            Unread: if it is damaged or encrypted, or what is unpacked is too much.
        """
        info = self._members.get(name.lstrip("/").lower())
        return None if info is None else self.unpacked(info)

    def unpacked(self, info: zipfile.ZipInfo) -> bytes:
        """Return what one of `infos` holds.

        Raises:
            Unread: as `bytes_of` does.
        """
        if info.flag_bits & 1:
            raise encrypted()
        self._budget.take(min(info.file_size, self._budget.left + 1))
        try:
            with self._archive.open(info) as stream:
                data = stream.read(info.file_size + 1)  # what is packed may be more than is told
        except _BROKEN:
            raise corrupt("a part of its archive is damaged") from None
        except RuntimeError:  # what zipfile says of passwords
            raise encrypted() from None
        if len(data) > info.file_size:
            raise corrupt("a part of its archive is longer than the archive says")
        return data

    def xml(self, name: str) -> Element | None:
        """Return a member as XML, or None if there is none.

        Raises:
            Unread: if it is damaged.
        """
        data = self.bytes_of(name)
        return None if data is None else parsed(data)

    def xml_if_whole(self, name: str) -> Element | None:
        """Return a member that holds no text, or None if it is missing or damaged."""
        return _if_whole(self.xml, name)

    def xml_of_text(self, name: str) -> Element | None:
        """Return a member that holds text, or None if it is missing or damaged, which `told` then says."""
        return self._counted(self.xml, name)

    def bytes_of_text(self, name: str) -> bytes | None:
        """Return the bytes of a member that holds text, or None as `xml_of_text` does."""
        return self._counted(self.bytes_of, name)

    def told(self, reading: Reading) -> Reading:
        """Return the reading. If parts with text were missing or damaged, it says how many."""
        if self._lost:
            reading.outcome = Outcome.CORRUPT
            reading.reason = (
                f"{len(self._lost)} parts of its archive are damaged or missing; the text of the others is there"
            )
        return reading

    def _counted(self, read: Callable[[str], _Read | None], name: str) -> _Read | None:
        found = _if_whole(read, name)
        if found is None:
            self._lost.add(name.lower())
        return found

    def relations(self, name: str) -> list[tuple[str, str, str]]:
        """Return id, kind and target of what an Office part refers to within the package."""
        folder, file = posixpath.split(name)
        path = posixpath.join(folder, "_rels", f"{file}.rels")
        root = self.xml_of_text(path) if path.lower() in self._members else None  # what it names is text, too
        found = []
        for one in root if root is not None else ():
            if local(one) == "Relationship" and one.get("TargetMode") != "External":
                target = _unquoted(one.get("Target", "")).replace("\\", "/")
                path = target if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
                found.append((one.get("Id", ""), one.get("Type", "").rpartition("/")[2], path.lstrip("/")))
        return found

    def related(self, name: str, kind: str) -> list[str]:
        """Return the targets of one kind."""
        return [target for _, found, target in self.relations(name) if found == kind]


def _if_whole(read: Callable[[str], _Read | None], name: str) -> _Read | None:
    try:
        return read(name)
    except Unread as unread:
        if unread.outcome != "CORRUPT":
            raise
        return None


def office_metadata(package: Package) -> dict[str, str]:
    """Return title, author and dates of an Office file."""
    words = {"title": "title", "creator": "author", "subject": "subject", "created": "created", "modified": "modified"}
    words |= {"keywords": "keywords"}
    found = {}
    for name in package.related("", "core-properties") or ["docProps/core.xml"]:
        root = package.xml_if_whole(name)
        for one in root if root is not None else ():
            if (word := words.get(local(one))) and one.text:
                found[word] = one.text
    return found
