"""Which files a file name, a directory or a glob stands for: each of them once, whatever links lead to it."""

from __future__ import annotations

import glob
import itertools
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from glane.corpus.formats import ENDINGS, conversion
from glane.errors import DataError

_SHOWN = 5
# What a run directory holds, beside its root: a pattern that matches one of these would read the run's own files.
_OF_A_RUN = (("plan.parquet",), ("parts", "part-0000000.parquet"), ("records", "records-00000.parquet"))
States = frozenset[int]  # the parts of a pattern that the names so far have led to
BELOW = -1  # the state inside a directory that is matched whole
_TAKE_TABLES = ("data.path", "from")  # the settings that take tables of other formats, too
INPUT_FOLDER = "input"  # of a run: Parquet that it made of tables of other formats


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files that `data.path` stands for, and what was passed over on the way.

    Names below the named place that begin with "." or "_" are passed over, as Spark, Hive, Arrow and DuckDB do: they
    are half-written attempts and notes of other tools. In a directory, so are files with another ending than Parquet's.
    """

    pattern: str  # as it was told
    paths: tuple[str, ...]  # sorted
    hidden: tuple[str, ...] = ()  # names that begin with "." or "_"
    others: tuple[str, ...] = ()  # files in directories that have another ending
    other_paths: tuple[str, ...] = ()  # and where they are
    again: tuple[str, ...] = ()  # files and directories that a second path leads to
    entered: tuple[tuple[str, States], ...] = ()  # real directories, with what of the pattern was left there
    parts: tuple[str, ...] = ()  # the pattern below the first directory

    def lines(self) -> list[str]:
        """What was passed over, a line for each reason."""
        told = []
        if self.hidden:
            told.append(f"passed over: {_listed(self.hidden)} ({len(self.hidden)} that begin with . or _)")
        if self.others:
            told.append(
                f"passed over: {_listed(self.others)} ({len(self.others)} that do not end in {', '.join(ENDINGS)}, or "
                "are no plain files)"
            )
        if self.again:
            told.append(
                f"passed over: {_listed(self.again)} ({len(self.again)} that were reached before by another path)"
            )
        return told

    def refuse_overlap(self, run_dir: Path) -> None:
        """Refuse a run directory that lies where the pattern looks for input, or above an input file.

        Raises:
            DataError: the next start would read the run's own files, or the run could touch the input.
        """
        root = Path(os.path.realpath(run_dir))
        for path in self.paths:
            real = Path(os.path.realpath(path))
            if real.is_relative_to(root) and real.parent != root / INPUT_FOLDER:
                raise DataError(
                    f"run.dir: {run_dir} holds the input file {path}. Choose a run.dir apart from the input."
                )
        for folder, states in self.entered:
            if root.is_relative_to(folder) and any(
                _is_matched(root.relative_to(folder).parts + names, states, self.parts) for names in _OF_A_RUN
            ):
                raise DataError(
                    f"run.dir: {run_dir} lies inside the input: data.path would read the run's own files at the next "
                    "start. Choose a run.dir apart from the input."
                )


def find_files(pattern: str, *, place: str = _TAKE_TABLES[0]) -> Found:
    """Find the Parquet files that a file name, a directory or a glob stands for. `place` is the key that named it.

    Links are followed. A name that exists is taken as it is, even if it holds signs of a glob.

    Raises:
        DataError: if there is no file, or a directory or link cannot be read.
    """
    base, parts = _start(pattern, place)
    if base.is_file():
        return Found(pattern=pattern, paths=(str(base),))
    walk = _Walk(parts)
    walk.enter(str(base), closed({0}, parts) if parts else frozenset({BELOW}))
    found = Found(
        pattern=pattern,
        paths=tuple(sorted(walk.files)),
        hidden=tuple(walk.hidden),
        others=tuple(Path(path).name for path in walk.others),
        other_paths=tuple(walk.others),
        again=tuple(walk.again),
        entered=tuple(walk.entered),
        parts=parts,
    )
    if not found.paths:
        raise DataError(f"{place}: {_nothing(found, taken_by=place if place in _TAKE_TABLES else None)}")
    return found


def refuse_absent(pattern: str) -> None:
    """Refuse a file name or a directory that is not there, at the cost of a few looks. Globs are not followed.

    Raises:
        DataError: if it is not there.
    """
    _start(pattern, "data.path")


def _start(pattern: str, place: str) -> tuple[Path, tuple[str, ...]]:
    """The part of a path that exists as it is written, and the components of the glob behind it."""
    base, parts = split(pattern)
    if not base.is_file() and not base.is_dir():
        raise DataError(f"{place}: no file matches {pattern!r}. Give a file, a directory or a glob.")
    return base, parts


def _nothing(found: Found, *, taken_by: str | None) -> str:
    what = f"no Parquet file in the directory {found.pattern!r}"
    if found.parts:
        what = f"no file matches {found.pattern!r}"
    endings = Counter(Path(name).suffix.lower() for name in found.others).most_common(1)
    first = (path for path in found.other_paths if endings and Path(path).suffix.lower() == endings[0][0])
    base, parts = split(found.pattern)
    advice = "".join(
        conversion(path, taken_by=taken_by, among=found.pattern if parts else str(base))
        for path in itertools.islice(first, 1)
    )
    advice = advice or "Give a Parquet file, a directory or a glob."
    return f"{'; '.join([what, *found.lines()])}. {advice}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def split(pattern: str) -> tuple[Path, tuple[str, ...]]:
    """The part of a path that exists as it is written, and the components of the glob behind it.

    Without a sign of a glob in what does not exist, that is the whole path, which may not exist.
    """
    path = Path(pattern).expanduser()
    base = Path()
    for index, part in enumerate(path.parts):
        if os.path.lexists(base / part):
            base = base / part
        elif glob.has_magic(part):
            rest = path.parts[index:]
            return base, rest[:-1] if rest[-1] == "**" else rest
        else:
            return path, ()
    return base, ()


def closed(states: Iterable[int], parts: tuple[str, ...]) -> States:
    """The states with those reached without a further name: "**" also stands for no directory at all."""
    reached = set(states)
    for state in list(reached):
        while 0 <= state < len(parts) and parts[state] == "**":
            state += 1
            reached.add(state)
    return frozenset(reached)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def stepped(
    states: States, name: str, parts: tuple[str, ...], *, is_hidden: Callable[[str], bool] = _is_hidden
) -> States:
    """The states after one more name. A name that `is_hidden` is matched by a part that is so, too, only."""
    after = set()
    for state in states:
        if state == BELOW or state >= len(parts):
            after |= set() if is_hidden(name) else {BELOW}
        elif parts[state] == "**":
            after |= set() if is_hidden(name) else {state}
        elif name == parts[state] or (
            fnmatchcase(name, parts[state]) and (not is_hidden(name) or is_hidden(parts[state]))
        ):
            after.add(state + 1)
    return closed(after, parts) if after else frozenset()


def _is_matched(names: tuple[str, ...], states: States, parts: tuple[str, ...]) -> bool:
    for name in names:
        states = stepped(states, name, parts)
    return BELOW in states or len(parts) in states


def _utf8(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(f"{path!a}: the name of this file is not UTF-8. Rename it.") from None
    return path


@dataclass(slots=True)
class _Walk:
    """Walks from a directory to all that a pattern matches. A directory that is matched is read with all below it."""

    parts: tuple[str, ...]
    files: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    entered: list[tuple[str, States]] = field(default_factory=list)
    _seen: set[tuple[int, int, States]] = field(default_factory=set)

    def enter(self, folder: str, states: States) -> None:
        if self._is_seen(folder, os.stat(folder), states):
            return
        self.entered.append((os.path.realpath(folder), states))
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError as error:
            raise DataError(f"{folder}: cannot be read ({error.strerror}). Give yourself access, or move it.") from None
        for name in names:
            self._meet(os.path.join(folder, name), name, states)

    def _meet(self, path: str, name: str, states: States) -> None:
        after = stepped(states, name, self.parts)
        if not after:
            if _is_hidden(name):
                self.hidden.append(name)
            return
        is_named = len(self.parts) in after and bool(
            self.parts
        )  # by the last part of the pattern, not by its directory
        is_taken = is_named or name.lower().endswith(ENDINGS)
        try:
            status = os.stat(path)
        except OSError as error:
            if not is_taken and Path(name).suffix:  # a file of another kind; without an ending it may be a folder
                self.others.append(path)
                return
            what = "this link leads nowhere" if Path(path).is_symlink() else "cannot be looked at"
            raise DataError(f"{path}: {what} ({error.strerror}). Mend or remove it.") from None
        if stat.S_ISDIR(status.st_mode):
            self.enter(path, after)
        elif is_named or BELOW in after:
            if not is_taken or not stat.S_ISREG(status.st_mode):
                self.others.append(path)
            elif not self._is_seen(path, status, frozenset()):
                self.files.append(_utf8(path))

    def _is_seen(self, path: str, status: os.stat_result, states: States) -> bool:
        key = (status.st_dev, status.st_ino, states)
        if key in self._seen:
            self.again.append(path)
            return True
        self._seen.add(key)
        return False
