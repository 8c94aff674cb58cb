"""The files below folders and globs, each once, in one order; and what could not be looked at on the way."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from glane.corpus.find import BELOW, States, closed, split, stepped
from glane.errors import DataError

_HIDDEN = (".", "~$")  # also what office programs leave beside a document that is open
_WHOLE: States = frozenset({BELOW})  # all below a folder is looked for

LATEST_NS = 2**63 - 1  # of a time that is kept, as is its opposite: file systems have later ones, after 2262
# By what a file is known, packed, as there may be millions: also by its size and time, as the number of a file that is
# removed is given to a new one at once.
_FILE = struct.Struct("=QQqq")
_Seen = bytes | tuple[int, int, States]  # a file; a folder, and what of it was looked for


class Passed(StrEnum):
    """Why something is no file to be read."""

    HIDDEN = "hidden"  # its name begins with "." or "~$"; what lies in such a folder is not looked at
    AGAIN = "again"  # another path led to it before
    SPECIAL = "special"  # a device, a socket or a pipe
    BROKEN_LINK = "broken link"
    UNREADABLE = "unreadable"  # a folder that cannot be listed, or a file that was gone when it was looked at


WANTED = (Passed.BROKEN_LINK, Passed.UNREADABLE)  # there may be documents there, which are missing


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was found. Names are bytes: file systems hold any, also such as are no UTF-8."""

    root: bytes  # the folder that was told, or the part of a glob that is no pattern; absolute
    path: bytes  # below `root`
    num_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Something that is not read."""

    place: bytes
    why: Passed


def check_sources(sources: Sequence[str]) -> None:
    """Refuse a folder or a file that is not there, at the cost of a few looks. Globs are not followed.

    Raises:
        DataError: naming it.
    """
    for source in sources:
        base, _ = split(source)
        if not (base.is_file() or base.is_dir()):
            raise DataError(f"source: there is no {source!r}. Give a folder, a file, or a glob in quotes.")


def source_of(path: Path, sources: Sequence[str]) -> str | None:
    """The source in which a path lies where it would be read, whatever links lead there; None if it lies in none."""
    real = Path(os.path.realpath(path))
    for source in sources:
        base, parts = split(source)
        folder = Path(os.path.realpath(base))
        if base.is_dir() and real.is_relative_to(folder):
            states = closed({0}, parts) if parts else _WHOLE
            for name in real.relative_to(folder).parts:
                states = stepped(states, name, parts, is_hidden=_is_hidden)
            if states:
                return source
    return None


def walk(sources: Sequence[str]) -> Iterator[SourceFile | PassedOver]:
    """All files of some folders, files and globs, sorted by name folder by folder. Links are followed.

    Raises:
        DataError: if a source is not there.
    """
    check_sources(sources)
    seen: set[_Seen] = set()
    for source in sources:
        base, parts = split(source)
        root = str(base.absolute())
        if base.is_file():
            folder, name = os.path.split(root)
            yield from _Walk(folder, (), seen).named(name)
        else:
            yield from _Walk(root, parts, seen).all()


class _Walk:
    """Walks one folder. A folder that a glob matches is walked with all below it. Paths are below the root."""

    def __init__(self, root: str, parts: tuple[str, ...], seen: set[_Seen]) -> None:
        self._root, self._parts, self._seen = root, parts, seen

    def named(self, name: str) -> Iterator[SourceFile | PassedOver]:
        """A file that was told by its own name."""
        found = self._look(name, _WHOLE)
        if isinstance(found, SourceFile | PassedOver):
            yield found

    def all(self) -> Iterator[SourceFile | PassedOver]:
        """All files. Folders may lie deeper in one another than calls may."""
        waiting = [self._entries("", closed({0}, self._parts) if self._parts else _WHOLE)]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
            elif isinstance(entry, PassedOver):
                yield entry
            elif isinstance(found := self._look(*entry), SourceFile | PassedOver):
                yield found
            elif found is not None:
                waiting.append(self._entries(entry[0], found))

    def _entries(self, folder: str, states: States) -> Iterator[tuple[str, States] | PassedOver]:
        """What a folder holds of what is looked for."""
        place = os.path.join(self._root, folder)
        try:
            status = os.stat(place)
            if self._is_known((status.st_dev, status.st_ino, states)):
                yield self._passed(folder, Passed.AGAIN)
                return
            with os.scandir(place) as entries:
                names = sorted((entry.name for entry in entries), key=os.fsencode)
        except OSError:
            yield self._passed(folder, Passed.UNREADABLE)
            return
        for name in names:
            path = os.path.join(folder, name)
            if after := stepped(states, name, self._parts, is_hidden=_is_hidden):
                yield path, after
            elif _is_hidden(name):
                yield self._passed(path, Passed.HIDDEN)

    def _look(self, path: str, states: States) -> SourceFile | PassedOver | States | None:
        """A file, or why it is none; of a folder, the states to go on with in it; None of what is not looked for."""
        place = os.path.join(self._root, path)
        try:
            status = os.stat(place)
        except OSError:
            return self._passed(path, Passed.BROKEN_LINK if Path(place).is_symlink() else Passed.UNREADABLE)
        if stat.S_ISDIR(status.st_mode):
            return states
        if not (BELOW in states or (self._parts and len(self._parts) in states)):
            return None
        if not stat.S_ISREG(status.st_mode):
            return self._passed(path, Passed.SPECIAL)
        mtime_ns = min(max(status.st_mtime_ns, -LATEST_NS), LATEST_NS)
        if self._is_known(_FILE.pack(status.st_dev, status.st_ino, status.st_size, mtime_ns)):
            return self._passed(path, Passed.AGAIN)
        return SourceFile(
            root=os.fsencode(self._root),
            path=os.fsencode(path),
            num_bytes=status.st_size,
            mtime_ns=mtime_ns,
        )

    def _passed(self, path: str, why: Passed) -> PassedOver:
        return PassedOver(place=os.fsencode(os.path.join(self._root, path)), why=why)

    def _is_known(self, key: _Seen) -> bool:
        is_known = key in self._seen
        self._seen.add(key)
        return is_known


def _is_hidden(name: str) -> bool:
    return name.startswith(_HIDDEN)
