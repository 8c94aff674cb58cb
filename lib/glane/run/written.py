"""Where a command may write, and which files that are there it may replace: only its own, as it left them.

`.glane-files` beside them tells which files of a folder glane wrote, what they held, which of them one call wrote
together, and of which runs these are. It is written before the first file of a call and after the last, so that files
of two calls are never taken for one result (`glane.run.whole`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field as Key

from glane.errors import RecordError, RunError
from glane.locks import alone_in_folder
from glane.records import Record, read_record
from glane.run.audit import note_wrote
from glane.run.digests import digest_of_file
from glane.run.links import RunLink, as_written, refuse_erased_since
from glane.run.names import MARKER
from glane.storage import bytes_digest, replace_file, storage_errors
from glane.validation import Strict

WRITTEN = ".glane-files"
_FILE_MODE = 0o600
_REMEMBERED = 16  # digests of a file: what it will hold, and what it may hold if writers were killed before
_LOCK_S = 30.0


class FileSet(Strict):
    """Files that one call of a command wrote together: their digests by name, and the runs that they are of."""

    files: Mapping[str, str]
    runs: tuple[RunLink, ...] = Key(default=(), exclude_if=lambda value: not value)
    is_final: bool = Key(default=False, exclude_if=lambda value: not value)  # no later call replaces it


class Call(Strict):
    """The last call of a command in a folder, and while it has not ended what stood there before it."""

    now: FileSet
    is_whole: bool  # all of `now` was written
    before: FileSet | None = Key(default=None, exclude_if=lambda value: value is None)

    @property
    def told(self) -> tuple[FileSet, ...]:
        """The files of it, and those that stood there before while they may."""
        return (self.now,) if self.before is None else (self.now, self.before)

    @property
    def names(self) -> set[str]:
        """The files that are, or may be, of this command."""
        return {name for told in self.told for name in told.files}


class _Version1(Record):
    """As it was when a folder knew its runs, and not which files are of which."""

    kind: Literal["glane files"] = "glane files"
    version: Literal[1] = 1
    names: tuple[str, ...] = ()
    digests: Mapping[str, tuple[str, ...]] = {}
    runs: tuple[RunLink, ...] = Key(default=(), exclude_if=lambda value: not value)


class WrittenFiles(Record):
    """What `.glane-files` says: which files in its folder glane wrote, digests of what they held, and calls.

    By these a list of runs finds the folder. A call is known by the first of its files, which only this command writes.
    """

    kind: Literal["glane files"] = "glane files"
    version: Literal[2] = 2
    names: tuple[str, ...] = ()
    digests: Mapping[str, tuple[str, ...]] = {}
    calls: Mapping[str, Call] = {}
    runs: tuple[RunLink, ...] = Key(default=(), exclude_if=lambda value: not value)  # of files of no call: version 1
    own: str = Key(default="", exclude_if=lambda value: not value)  # the digest of all else in it

    def expected(self) -> str:
        """The digest of all but `own`."""
        values = {name: value for name, value in self.as_values().items() if name != "own"}
        return digest_of(json.dumps(values, sort_keys=True).encode())

    @property
    def all_runs(self) -> tuple[RunLink, ...]:
        """The runs that anything in the folder is of, or may be."""
        return (*self.runs, *(link for call in self.calls.values() for told in call.told for link in told.runs))

    def mark_of(self, name: str) -> str | None:
        """The call that a file is of, by the name of its first file; None of a file that no call is known of."""
        return next((mark for mark, call in self.calls.items() if any(name in one.files for one in call.told)), None)


def refuse_inside_run(path: str | Path, *, setting: str, itself: bool = True) -> None:
    """Refuse a path in the directory of a run, however deep, and however links lead there.

    `setting` is the key that chose the path. Unless `itself`, it may be the run's directory itself.

    Raises:
        RunError: naming the run.
    """
    told = Path(path).expanduser().absolute()
    with storage_errors(told, setting=setting):
        for place in (told, told.resolve()):
            for folder in ([place] if itself else []) + list(place.parents):
                if (folder / MARKER).exists():
                    where = "is" if folder == place else "lies in"
                    raise RunError(
                        f"{setting}: {path} {where} the directory of a run ({folder}), which holds its own files only. "
                        "Choose another."
                    )


def refuse_foreign(root: Path, names: Mapping[str, object], *, setting: str) -> None:
    """Refuse to replace files in a folder that glane did not write, or that were changed since.

    Raises:
        RunError: naming the first of them.
    """
    written = read_written(root)
    known = {*written.names}
    for name in names:
        path = root / name
        if not path.exists() and not path.is_symlink():
            continue
        if name not in known:
            why = f"is there, and {WRITTEN} does not say that glane wrote it"
        elif name in written.digests and not (path.is_file() and digest_of(path) in written.digests[name]):
            why = "was changed since glane wrote it"
        else:
            continue
        raise RunError(f"{setting}: {path} {why}. Choose another {setting}, or move the file.")


@contextlib.contextmanager
def writing(
    root: Path,
    digests: Mapping[str, str],
    *,
    setting: str,
    of: Sequence[RunLink] = (),
    is_final: bool = False,
    forget: Sequence[str] | None = None,
) -> Iterator[None]:
    """Have files written into a folder that are one result: who reads them finds out whether they are that.

    What an earlier call of the same command wrote and this one does not is removed, if it is as glane left it.

    Args:
        root: The folder, which is there.
        digests: Of what the files will hold, by name. The first is a file that only this command writes.
        setting: The key that chose the folder.
        of: The runs that the files are of.
        is_final: Whether no later call may replace them.
        forget: Files that are gone: nothing is said any more of them, nor of what the others held before. Who knows
            nearly all of a file finds the rest by its digest: those of what may not leave must not stay either.

    Raises:
        RunError: if a file is there that is not this command's, was changed since, or is final; or the file system
            refuses.
    """
    with alone_in(root, setting=setting):
        refuse_foreign(root, digests, setting=setting)
        refuse_other_commands(root, digests, setting=setting)
        now = FileSet(files=dict(digests), runs=as_written(of), is_final=is_final)
        mark = next(iter(digests))
        earlier = read_written(root).calls.get(mark)
        note_wrote(root, mark, [one.id for one in of])
        _begin(root, now, setting=setting, forget=forget)
        for name in sorted(() if earlier is None else earlier.names - {*digests}):
            _remove_unchanged(root, name, setting=setting)
        yield
        refuse_erased_since(of)
        _finish(root, now, setting=setting)


def note_written(root: Path, digests: Mapping[str, str], *, setting: str, of: Sequence[RunLink] = ()) -> None:
    """Write down which files glane has written into a folder that nobody else sees yet; the first as for `writing`.

    Raises:
        RunError: if the file system refuses.
    """
    now = FileSet(files=dict(digests), runs=as_written(of))
    _begin(root, now, setting=setting, forget=None)
    _finish(root, now, setting=setting)


def refuse_other_commands(root: Path, names: Mapping[str, object], *, setting: str) -> None:
    """Refuse to replace what another command wrote. The first of the names tells one command's from another's.

    Raises:
        RunError: naming the first of such files.
    """
    written, mark = read_written(root), next(iter(names))
    there = [name for name in names if (root / name).exists()]
    for name in there:
        owner = written.mark_of(name)
        if owner != mark and (owner is not None or mark not in there):
            raise RunError(
                f"{setting}: {root / name} was written by another command of glane, and would be lost. Choose another "
                f"{setting}."
            )


def _begin(root: Path, now: FileSet, *, setting: str, forget: Sequence[str] | None) -> None:
    written, mark = read_written(root), next(iter(now.files))
    earlier = written.calls.get(mark)
    before = None if earlier is None else standing(root, earlier) or earlier.before
    if before is not None and before.is_final and before.files != now.files:
        raise RunError(f"{setting}: what is in {root} was signed, and is not replaced. Choose another {setting}.")
    before = None if forget is not None else before
    gone = [] if forget is None else [*forget, *now.files]
    known = {name: held for name, held in written.digests.items() if name not in gone}
    held = {name: tuple(dict.fromkeys((new, *known.get(name, ()))))[:_REMEMBERED] for name, new in now.files.items()}
    told = written.model_copy(
        update={
            "names": tuple(sorted({*(name for name in written.names if name not in gone), *now.files})),
            "digests": dict(sorted({**known, **held}.items())),
            "calls": {**written.calls, mark: Call(now=now, is_whole=False, before=before)},
        }
    )
    write_written(root, told, setting=setting)


def _finish(root: Path, now: FileSet, *, setting: str) -> None:
    """Say that a call has written all, unless a later one has begun meanwhile."""
    written, mark = read_written(root), next(iter(now.files))
    if mark in written.calls and written.calls[mark].now == now:
        calls = {**written.calls, mark: Call(now=now, is_whole=True)}
        write_written(root, written.model_copy(update={"calls": calls}), setting=setting)


def write_written(root: Path, written: WrittenFiles, *, setting: str) -> None:
    """Write `.glane-files`; who does it holds the lock of the folder (`alone_in`)."""
    content = written.model_copy(update={"own": written.expected()}).as_json()
    replace_file(root / WRITTEN, lambda stream: stream.write(content), mode=_FILE_MODE, setting=setting)


def standing(root: Path, call: Call) -> FileSet | None:
    """The files of a call that are there whole: its own, or those before it; None if they are of two.

    Of a call that has ended it is not looked whether they are there still.
    """
    if call.is_whole or has_all(root, call.now):
        return call.now
    earlier = call.before
    if earlier is None or any((root / name).exists() for name in call.now.files if name not in earlier.files):
        return None
    return earlier if has_all(root, earlier) else None


def has_all(root: Path, told: FileSet) -> bool:
    """Whether these files are there and hold what is told of them."""
    return all((root / name).is_file() and digest_of(root / name) == held for name, held in told.files.items())


def _remove_unchanged(root: Path, name: str, *, setting: str) -> None:
    path = root / name
    if path.is_file() and not path.is_symlink() and digest_of(path) in read_written(root).digests.get(name, ()):
        with storage_errors(path, setting=setting):
            path.unlink()


def alone_in(root: Path, *, setting: str) -> contextlib.AbstractContextManager[bool]:
    """Keep other writers of the folder waiting, for a bounded time, where the file system has such locks.

    Without them, files of two writers are told by whoever reads them.

    Raises:
        RunError: if another writes there for longer.
    """
    return alone_in_folder(root, within_s=_LOCK_S, setting=setting)


def read_written(root: Path) -> WrittenFiles:
    """What glane wrote into a folder; nothing where it does not say.

    Raises:
        RecordError: if the file is damaged.
    """
    try:
        return read_record(WrittenFiles, root / WRITTEN)
    except FileNotFoundError:
        return WrittenFiles()
    except RecordError:
        with contextlib.suppress(RecordError, FileNotFoundError):
            old = read_record(_Version1, root / WRITTEN)
            return WrittenFiles(names=old.names, digests=old.digests, runs=old.runs)
        raise


def digest_of(content: bytes | Path) -> str:
    """The digest of what a file holds; of what it held before it was encrypted again, if it was."""
    if isinstance(content, bytes):
        return bytes_digest(content)
    return digest_of_file(content)
