"""A file of audit entries that is only appended to: each names the digest of the line before.

A line that is changed, removed, inserted or put elsewhere breaks the chain of its file. Who may write the file can
still write all of it anew, or cut its end: that is found by the head of an earlier day, kept where they cannot write.
Chained logs: Schneier and Kelsey, Secure audit logs to support computer forensics, 1999.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RunError
from glane.locks import lock
from glane.regular import read_open
from glane.run.audit_entry import AuditEntry, Torn, entry_in
from glane.storage import storage_errors

SETTING = "GLANE_AUDIT"
_MODE = 0o640  # the group of the folder reads: who audits
_LOCK_S = 20.0
_TAIL, _LONGEST = 1 << 16, 1 << 28  # bytes from the end in which the last line is looked for, at first and at most
_NAMES = re.compile(r"[\w.-]+@[\w.-]+\.jsonl")
_HERE = threading.Lock()  # the locks of files are those of a process, not of its threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file of entries is found to be."""

    name: str
    entries: int  # that follow each other from the first on
    head: str  # the digest of the last of them
    repaired: int  # lines that a killed writer left, and the next one told
    is_torn: bool  # whether the last line has no end: its writer was killed, or writes
    problem: str | None  # where the chain is broken
    turned_back: int = 0  # entries whose time is before that of the entry before them
    names: int = 1  # of the file: more than one where there are hard links to it
    counted: Mapping[str, int]  # entries by outcome, and by event where they have none


def append(path: Path, make: Callable[[int, str], AuditEntry]) -> None:
    """Append the entry that `make` makes of its number and of the digest of the line before.

    What a killed writer left of a line is ended first, and told by an entry of its own.

    Raises:
        RunError: if the file cannot be written, is another user's, or cannot be locked.
    """
    with _HERE, storage_errors(path, setting=SETTING):
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        try:
            if is_new:
                os.fchmod(descriptor, _MODE)
            _check_own(descriptor, path)
            if not lock(descriptor, deadline=time.monotonic() + _LOCK_S):
                raise RunError(
                    f"{SETTING}: {path} could not be locked within {_LOCK_S:.0f} s, and two writers would break its "
                    "chain. Name a folder on a file system with locks, or try again."
                )
            _write(descriptor, _lines(descriptor, path, make), path)
        finally:
            os.close(descriptor)  # which gives the lock back


def _check_own(descriptor: int, path: Path) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise RunError(f"{SETTING}: {path} is not a file of yours alone. Ask who runs the audit to look at it.")
    # Who may make files here may give this name to any other file of yours, which would then be written to. A second
    # name of the log itself, as backups make them, gives nobody a right to it: the file has one owner and one mode.
    if status.st_nlink != 1 and not _begins_as_log(descriptor, path):
        raise RunError(
            f"{SETTING}: {path} is another file of yours by a second name (a hard link), and no log. Ask who runs the "
            "audit to look at it."
        )


def _begins_as_log(descriptor: int, path: Path) -> bool:
    first, end, _ = os.pread(descriptor, _TAIL, 0).partition(b"\n")
    entry = entry_in(first, path) if end else None
    return entry is not None and f"{entry.user}@{entry.host}.jsonl" == path.name


def _lines(descriptor: int, path: Path, make: Callable[[int, str], AuditEntry]) -> bytes:
    number, before, torn, is_ended = _end(descriptor, path)
    if not torn:
        return (b"" if is_ended else b"\n") + _line(make(number + 1, before))
    left = torn.removesuffix(b"\n")
    told = Torn(bytes=len(left), sha256=hashlib.sha256(left).hexdigest())
    repaired = make(number + 1, before).model_copy(
        update={**dict.fromkeys(_DETAILS), "event": "repaired", "torn": told}
    )
    line = _line(repaired)
    return (b"" if torn.endswith(b"\n") else b"\n") + line + _line(make(number + 2, _digest(line[:-1])))


_DETAILS = ("keys", "configuration", "run", "folder", "first_file", "of", "outcome", "exit_code", "reason")


def _end(descriptor: int, path: Path) -> tuple[int, str, bytes, bool]:
    """The number and digest of the last entry, what a killed writer left after it, and whether its line is ended."""
    size, length = os.fstat(descriptor).st_size, _TAIL
    while True:
        start = max(0, size - length)
        tail = os.pread(descriptor, size - start, start)
        if (found := _end_in(tail, path)) is not None:
            return found
        if start == 0:
            return 0, "", tail, True
        if length > _LONGEST:
            raise RunError(
                f"{SETTING}: the end of {path} holds no entry of glane. Ask who runs the audit to look at it."
            )
        length *= 8  # a line that names very many runs is long


def _end_in(tail: bytes, path: Path) -> tuple[int, str, bytes, bool] | None:
    rest = tail[tail.rfind(b"\n") + 1 :]
    if (entry := entry_in(rest, path)) is not None:  # all but its end was written
        return entry.number, _digest(rest), b"", False
    at = len(tail)
    while at > 0 and (end := tail.rfind(b"\n", 0, at)) >= 0:
        begin = tail.rfind(b"\n", 0, end) + 1
        if (entry := entry_in(tail[begin:end], path)) is not None:
            return entry.number, _digest(tail[begin:end]), tail[end + 1 :], True
        at = end
    return None


def _write(descriptor: int, content: bytes, path: Path) -> None:
    written = os.write(descriptor, content)
    if written < len(content):  # the next writer tells it as torn
        raise RunError(f"{SETTING}: {path}: the disk is full. Free space, and run the same command again.")
    os.fsync(descriptor)


def check(path: Path, *, at: Mapping[int, str] | None = None) -> Checked:
    """Check the chain of a file. One that is no file of a log, or cannot be read, is told as broken.

    Args:
        path: The file.
        at: Digests that entries of these numbers had: of heads that were kept.
    """
    try:
        content, problem, names = _read(path)
    except OSError as error:
        content, problem, names = b"", f"cannot be read ({error.strerror})", 1
    *lines, rest = content.split(b"\n")
    number, digest, left, repaired, time_before, turned_back = 0, "", bytearray(), 0, "", 0
    counted: dict[str, int] = {}
    wanted = dict(at or {})
    for place, line in enumerate(lines if problem is None else (), 1):
        entry = entry_in(line, path)
        if entry is None:
            left += line + b"\n"  # in place: a file that is no log has nothing else
            continue
        if why := _broken(entry, number, digest, bytes(left), path):
            problem = f"the chain breaks at line {place}: {why}"
            break
        repaired += entry.event == "repaired"
        number, digest, left = entry.number, _digest(line), bytearray()
        turned_back += entry.time < time_before
        time_before, name = entry.time, entry.outcome or entry.event
        counted[name] = counted.get(name, 0) + 1
        if wanted.pop(number, digest) != digest:
            problem = f"line {place} is not what it was when the head was kept"
            break
    if problem is None and wanted:
        problem = f"ends after {number} entries, and had {max(wanted)} when the head was kept"
    return Checked(
        name=_shown(path.name), entries=number, head=digest, repaired=repaired, is_torn=bool(left or rest),
        problem=problem, counted=counted, turned_back=turned_back, names=names,
    )  # fmt: skip


def parsed_lines(path: Path) -> list[AuditEntry]:
    """The entries of a file, unchecked; none of one that is no file of a log, or cannot be read."""
    try:
        content, problem, _ = _read(path)
    except OSError:
        return []
    lines = [] if problem is not None else content.split(b"\n")[:-1]
    return [entry for line in lines if (entry := entry_in(line, path)) is not None]


def account(user: int) -> str:
    """The name by which a user's file is known, with no character that means something in a path."""
    try:
        return re.sub(r"[^\w.-]", "_", pwd.getpwuid(user).pw_name)
    except KeyError:
        return str(user)


def _read(path: Path) -> tuple[bytes, str | None, int]:
    """What a file holds, or why it is none of a log, and how many names it has.

    Whoever may make files there may make others than these.
    """
    if _NAMES.fullmatch(path.name) is None:
        return b"", "is no name of a file of the log", 1
    # A lock is given back where this process closes any descriptor of the file: not while it writes there.
    with _HERE:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return b"", "is no file", 1
            owner, named = status.st_uid, path.name.rpartition("@")[0]
            if owner not in (0, os.geteuid()) and named not in (account(owner), str(owner)):
                return b"", f"is of {account(owner)}, and is named as that of {named}", 1
            return read_open(stream), None, status.st_nlink


def _shown(name: str) -> str:
    return name if _NAMES.fullmatch(name) else ascii(name)


def _broken(entry: AuditEntry, number: int, digest: str, left: bytes, path: Path) -> str:
    """Why an entry does not follow what is before it; nothing if it does."""
    if (entry.event == "repaired") != bool(left):
        return "is no entry, or was changed" if left else "tells of a torn line, and there is none"
    if left:
        torn = left[:-1]  # the end of the line is of who told it
        if entry.torn != Torn(bytes=len(torn), sha256=hashlib.sha256(torn).hexdigest()):
            return "tells of another torn line than is there"
    if (entry.number, entry.before) != (number + 1, digest):
        return "does not follow the line before: one was changed, removed, inserted or put elsewhere"
    if f"{entry.user}@{entry.host}.jsonl" != path.name:
        return f"is of {entry.user}@{entry.host}, and stands in the file of another"
    return ""


def _line(entry: AuditEntry) -> bytes:
    return entry.model_dump_json().encode() + b"\n"


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
