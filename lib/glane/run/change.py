"""Files of a run replaced by others, and its digests renewed: no half of that passes for a whole run.

`change.json` stands in the run from before the first file is replaced until the digests are renewed. While it is there,
nobody opens, resumes or publishes the run. `change.jsonl` beside it names, before a file is replaced, the digest that
the file will have: who goes on after a kill tells the files of the change from those that something else changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from glane.errors import RunError
from glane.locks import is_locked, lock
from glane.records import Record, read_record
from glane.rewritten import forget
from glane.run.digests import (
    Renewed,
    RunDigests,
    begun_digest,
    digest_of_file,
    read_digests_of_run,
    renew_digests,
)
from glane.run.directory import RunDirectory
from glane.run.journal import Journal
from glane.run.names import CHANGE, CHANGED, UNFINISHED
from glane.storage import exists, listed, remove, replacement, storage_errors, sync

_REMEMBERED = 4  # digests of a file that a change was killed at again and again


class ChangeUnderWay(Record):
    """What `change.json` says: which command replaces files of the run."""

    kind: Literal["glane change"] = "glane change"
    version: Literal[1] = 1
    id: str
    command: str
    of: str  # what the command was asked to do, as a digest: another one does not go on with it
    began: str
    files: Mapping[str, tuple[str, ...]] = {}  # which, as earlier glanes told it here


def change_under_way(directory: RunDirectory) -> ChangeUnderWay | None:
    """The change that was begun and has not ended; None where there is none.

    Raises:
        RecordError: if what tells of it is damaged.
    """
    try:
        return read_record(ChangeUnderWay, directory.root / CHANGE)
    except FileNotFoundError:
        return None


def refuse_changing(directory: RunDirectory) -> None:
    """Refuse a run whose files are being replaced.

    Raises:
        RunError: naming the command that has to be run again.
    """
    if told := changing_told(directory):
        raise RunError(f"{directory.root}: {told}")


def changing_told(directory: RunDirectory) -> str:
    """What to say of a run whose files are being replaced; empty of any other."""
    if not exists(directory.root / CHANGE):
        return ""
    found = change_under_way(directory)
    if found is None:  # it ended in this moment
        return ""
    return (
        f"{found.command} replaces files of this run since {found.began}. If it does not run any more, run the same "
        "command again: it goes on, and nothing is lost."
    )


@contextlib.contextmanager
def changing(directory: RunDirectory, *, command: str, of: str) -> Iterator[Changing]:
    """Have files of a run replaced. At the end of the block its digests are renewed, and the run is whole again.

    If the block raises, or the process ends, the run stays under way: the same command goes on with it. Where nothing
    was replaced yet, nothing remains of it.

    Args:
        directory: Of the run. Nobody works on it: who calls this has looked.
        command: As a user types it.
        of: A digest of what is asked for, by which the same command is known again.

    Raises:
        RunError: if another change is under way, a file was changed since its digest was taken, or the file system
            refuses.
    """
    with storage_errors(directory.marker):
        is_shared = bool(directory.marker.stat().st_mode & stat.S_IRGRP)
    directory = replace(directory, group_access=is_shared)  # as it was made, whoever asks
    with alone_on(directory):
        change = change_under_way(directory)
        if change is not None and (change.command, change.of) != (command, of):
            refuse_changing(directory)
        remove_unfinished((directory.root, directory.records, directory.parts, directory.ledger, directory.input))
        is_new = change is None
        if change is None:
            began = datetime.now(UTC).isoformat(timespec="seconds")
            change = ChangeUnderWay(id=secrets.token_hex(8), command=command, of=of, began=began)
            directory.write_record(directory.root / CHANGE, change)
        at_work = Changing(directory, change)
        try:
            yield at_work
        except BaseException:
            if is_new and not at_work.files:
                remove(directory.root / CHANGE)
            raise
        with storage_errors(directory.root):
            forget(*(directory.root / name for name in at_work.files))
        at_work.renew_digests()
        remove(directory.root / CHANGED)
        remove(directory.root / CHANGE)


class Changing:
    """A run whose files are being replaced."""

    def __init__(self, directory: RunDirectory, change: ChangeUnderWay) -> None:
        self.directory, self.change = directory, change
        self._taken = read_digests_of_run(directory)
        self._journal = _journal(directory, change)

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The files that are replaced, by their names in the run, with what each holds or may hold."""
        return self._journal.files

    def replace(
        self, path: Path, write: Callable[[IO[bytes]], object], *, first: Callable[[str], object] | None = None
    ) -> None:
        """Replace a file, or add one. It holds the former content or all of the new one, whenever this is ended.

        `first` is told the digest of the new content before the file has it.

        Raises:
            RunError: if it was changed since its digest was taken, or the file system refuses.
        """
        self._refuse_other(path)
        with storage_errors(path):
            with replacement(path, write, mode=self.directory.file_mode, setting="run.dir") as new:
                digest = digest_of_file(new)
                self._note(path, digest)
                if first is not None:
                    first(digest)
            sync(path.parent)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there; raises as `replace` does."""
        self._refuse_other(path)
        self._note(path, None)
        with storage_errors(path):
            remove(path)

    def renew_digests(self) -> None:
        """Write `digests.json` anew: with the digests of replaced files, and of all others those that were taken.

        Of a run that is nested in another, the other's tell it before.
        """
        taken = read_digests_of_run(self.directory)  # by now a nested run may have told what its own digests are
        if taken is None or not self.files:
            return
        files, begun = dict(taken.files), dict(taken.begun)
        for name in self.files:
            path = self.directory.root / name
            if name in begun:
                begun[name] = begun_digest(path)
            elif exists(path):
                files[name] = digest_of_file(path)
            else:
                files.pop(name, None)
        former = tuple(one for one in taken.renewed if one.id != self.change.id)
        again = next((one for one in taken.renewed if one.id == self.change.id), None)
        entry = Renewed(
            id=self.change.id, command=self.change.command, time=datetime.now(UTC).isoformat(timespec="seconds"),
            before=taken.own if again is None else again.before,
        )  # fmt: skip
        new = taken.model_copy(update={"files": files, "begun": begun, "renewed": (*former, entry), "own": ""})
        new = new.model_copy(update={"own": new.expected()})
        outer = RunDirectory(root=self.directory.root.parent)
        if exists(outer.marker):
            renew_digests(outer, {self.directory.digests: new.as_json()})
        self.directory.write_record(self.directory.digests, new)

    def _note(self, path: Path, digest: str | None) -> None:
        """Write down what a file is going to hold, before it does."""
        name = str(path.relative_to(self.directory.root))
        held = () if digest is None else tuple(dict.fromkeys((digest, *self.files.get(name, ()))))[:_REMEMBERED]
        self._journal.add(name, held)

    def _refuse_other(self, path: Path) -> None:
        if self._taken is not None:
            _refuse_other(path, self.directory, self._taken, self.files)


def refuse_changed(directory: RunDirectory, paths: Iterable[Path]) -> None:
    """Refuse files of a run that were changed since their digests were taken, as replacing them would.

    Raises:
        RunError: naming the first.
        RecordError: if what tells digests, or a change under way, is damaged.
    """
    taken = read_digests_of_run(directory)
    if taken is None:
        return
    change = change_under_way(directory)
    journal = None if change is None else _journal(directory, change, looks=True)
    for path in paths:
        _refuse_other(path, directory, taken, {} if journal is None else journal.files)


def _journal(directory: RunDirectory, change: ChangeUnderWay, *, looks: bool = False) -> Journal:
    path = directory.root / CHANGED
    return Journal(path, change=change.id, known=change.files, mode=directory.file_mode, looks=looks)


def _refuse_other(
    path: Path, directory: RunDirectory, taken: RunDigests, replaced: Mapping[str, tuple[str, ...]]
) -> None:
    name = str(path.relative_to(directory.root))
    if not _is_covered(taken, name):
        return
    if path.is_symlink():
        raise RunError(
            f"{path}: a link stands in its place, and what it leads to would stay as it is. Put the file itself there "
            "first, and see what else was changed: glane verify."
        )
    if not exists(path):
        if name in replaced:
            return
        raise RunError(f"{path}: missing, and its digest was taken. Restore it from a copy of the run first.")
    if _is_as_told(path, taken, name, replaced.get(name, ())):
        return
    raise RunError(
        f"{path}: was changed since its digest was taken, and new digests would hide that. glane verify tells what "
        "else was; restore it from a copy of the run first."
    )


def _is_covered(taken: RunDigests, name: str) -> bool:
    return name in taken.files or name in taken.begun


def _is_as_told(path: Path, taken: RunDigests, name: str, held: Sequence[str]) -> bool:
    """Whether a file is as it was when its digest was taken, or as a change left it. It is read once, if it can be."""
    begun = taken.begun.get(name)
    if begun is None:
        return digest_of_file(path) in (taken.files[name], *held)
    if digest_of_file(path, num_bytes=begun.bytes) == begun.digest:
        return True
    return bool(held) and digest_of_file(path) in held


@contextlib.contextmanager
def alone_on(directory: RunDirectory, *, within_s: float = 0) -> Iterator[None]:
    """Refuse where another process replaces files of the run now, and for so long, as far as the file system has locks.

    Raises:
        RunError: if one does, or the file system refuses.
    """
    with storage_errors(directory.marker):
        descriptor = os.open(directory.marker, os.O_RDWR | os.O_NOFOLLOW)
    try:
        # Without locks there, two changes at once find a digest that is not theirs, and refuse.
        if not lock(descriptor, deadline=time.monotonic() + within_s, take=fcntl.flock) and is_locked(descriptor):
            raise RunError(f"{directory.root}: another process replaces files of this run. Wait for it.")
        yield
    finally:
        os.close(descriptor)


def remove_unfinished(folders: Iterable[Path], *, of: re.Pattern[str] = UNFINISHED) -> None:
    """Remove what writers left that were killed: nobody writes there now, and it may hold what is to go.

    `of` are the names of what they left.
    """
    for path in [one for folder in folders for one in listed(folder, ".*.tmp")]:
        if of.fullmatch(path.name) and not path.is_symlink() and path.is_file():
            remove(path)
