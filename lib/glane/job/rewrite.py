"""Which keys the Parquet files of runs and folders need; and to encrypt them again by the current key."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.errors import RunError
from glane.extraction.frozen import MANIFEST
from glane.ingestion.record import MARK
from glane.job.clean import busy_runs
from glane.job.encrypt_again import rewrite
from glane.keys import KEY_COMMAND, KEY_FILE, Keyring, KeysError, keyring
from glane.languages import Spoken
from glane.locks import alone_in_folder
from glane.parquet import is_parquet, key_of
from glane.rewritten import REWRITTEN
from glane.run.audit import note_wrote
from glane.run.change import alone_on, refuse_changing, remove_unfinished
from glane.run.directory import RunDirectory
from glane.run.known import unknown_in
from glane.run.names import MARKER, PART
from glane.run.written import alone_in, digest_of, read_written
from glane.storage import storage_errors

_LOCK_S = 30.0
_SETTING = "folder"
_MOST_FILES, _MOST_BYTES = 100, 256 << 20  # that stand twice on the disk meanwhile
_SHOWN = 5  # of files that are left


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysNeeded(Spoken):
    """Parquet files by the id of their key, with None for plain ones. `str()` of it is what a user reads."""

    files: Mapping[str | None, Sequence[Path]]
    left: Sequence[Path] = ()  # plain ones that glane does not know to be its own
    damaged: Sequence[Path] = ()
    current: str | None = None  # by which they would be, or were, encrypted
    num_rewritten: int | None = None  # None where it was only asked

    @property
    def others(self) -> list[Path]:
        """The files that are not encrypted by the current key."""
        return [path for key, paths in self.files.items() if key != self.current or key is None for path in paths]

    def _in_english(self) -> str:
        lines = [f"key {key}: {len(paths)} file(s)" for key, paths in sorted(self._encrypted.items())]
        if plain := self.files.get(None):
            lines.append(f"plain: {len(plain)} file(s)")
        lines += [f"left: {path} is plain, and it is not known that glane wrote it" for path in self.left[:_SHOWN]]
        lines += [f"left: {path} is damaged" for path in self.damaged[:_SHOWN]]
        if (more := sum(max(0, len(paths) - _SHOWN) for paths in (self.left, self.damaged))) > 0:
            lines.append(f"left: {more} more file(s)")
        if self.num_rewritten is not None:
            lines.append(f"encrypted by key {self.current}: {self.num_rewritten} file(s)")
            lines.append("Pages, CSV, JSON, and files that you gave, stay as they are.")
        elif self.current is not None and self.others:
            lines.append(
                f"rewrite=true encrypts {len(self.others)} file(s) by key {self.current}; nothing else in them changes"
            )
        return "\n".join(lines or ["no Parquet file of glane is there"])

    @property
    def _encrypted(self) -> dict[str, Sequence[Path]]:
        return {key: paths for key, paths in self.files.items() if key is not None}


def keys_needed(places: Sequence[str]) -> KeysNeeded:
    """Which keys the Parquet files of runs and other folders need. They are not opened, so none of them is needed here.

    Raises:
        RunError: if a place is no folder.
        KeysError: if the keys that are told cannot be had.
    """
    by_key, left, damaged = defaultdict[str | None, list[Path]](list), list[Path](), list[Path]()
    for root in _roots(places):
        for path, is_of_run in _parquet_below(root):
            try:
                key = key_of(path)
            except (OSError, pa.ArrowException):
                damaged.append(path)
                continue
            if key is None and not is_of_run and not _is_ours(path):
                left.append(path)
            else:
                by_key[key].append(path)
    ring = keyring()
    return KeysNeeded(files=by_key, left=left, damaged=damaged, current=None if ring is None else ring.current)


def rewrite_all(places: Sequence[str]) -> KeysNeeded:
    """Encrypt the Parquet files of runs and other folders by the current key, those that are not.

    Each file is replaced in one step, once the new one was read and found to hold the same. So the same command goes on
    after it was killed, and what is there is whole at any time.

    Raises:
        KeysError: if a key is lacking: of all, before the first file is written.
        RunError: if a run is at work or its files are being replaced, a file is another user's, others do the same, or
            the file system refuses.
    """
    roots = _roots(places)
    ring, needed = keyring(), keys_needed(places)
    _refuse_lacking(ring, needed)
    _refuse_busy(roots)
    _refuse_of_others(needed.others)
    with contextlib.ExitStack() as stack:
        for run in _runs_of(needed.others):
            stack.enter_context(alone_on(run))  # what is erased meanwhile would come back
            refuse_changing(run)
        _rewrite(roots, needed.others)
    after = keys_needed(places)
    return KeysNeeded(
        files=after.files, left=after.left, damaged=after.damaged, current=after.current,
        num_rewritten=len(needed.others),
    )  # fmt: skip


def _runs_of(paths: Sequence[Path]) -> list[RunDirectory]:
    """The runs that files lie in."""
    folders = {folder for path in paths for folder in path.parents}
    return [RunDirectory(root=folder) for folder in sorted(folders) if (folder / MARKER).is_file()]


def _rewrite(roots: Sequence[Path], paths: Sequence[Path]) -> None:
    for root in roots:
        with alone_in_folder(root, within_s=_LOCK_S, setting=_SETTING) as is_held:
            if not is_held:
                raise RunError(f"{root}: its file system has no locks, and what is erased meanwhile would come back.")
            mine = [path for path in paths if path.is_relative_to(root)]
            if mine:
                note_wrote(root, REWRITTEN, [])
            begun: set[Path] = set()
            for folder, together in _together(mine):
                with storage_errors(folder, setting=_SETTING), _alone_in(folder, root):
                    if folder not in begun:  # with its lock: who writes there now has not finished
                        remove_unfinished([folder])
                        begun.add(folder)
                    rewrite(*together, is_noted=not _is_part(together[0]))


def _together(paths: Iterable[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """Files that lie in one folder, in groups: what is noted of files costs as much as all that was noted before."""
    for (folder, _), there in itertools.groupby(paths, lambda path: (path.parent, _is_part(path))):
        group, size = list[Path](), 0
        for path in there:
            if group and (len(group) == _MOST_FILES or size + path.stat().st_size > _MOST_BYTES):
                yield folder, group
                group, size = [], 0
            group.append(path)
            size += path.stat().st_size
        yield folder, group


def _alone_in(folder: Path, root: Path) -> contextlib.AbstractContextManager[object]:
    """Keep those waiting who write results into a folder, or erase there; that of `root` is held already."""
    if folder == root:
        return contextlib.nullcontext()
    return alone_in(folder, setting=_SETTING)


def _roots(places: Sequence[str]) -> list[Path]:
    roots = [Path(place).expanduser().resolve() for place in places]
    for place, root in zip(places, roots, strict=True):
        if not root.is_dir():
            raise RunError(
                f"run.dir or folder: {place} is no folder. Give the run.dir of a run, or folder=… of results."
            )
    return [one for one in dict.fromkeys(roots) if not any(other in one.parents for other in roots)]


def _refuse_busy(roots: Iterable[Path]) -> None:
    runs = [Path(folder) for root in roots for folder, _, names in os.walk(root) if MARKER in names]
    for run in runs:
        refuse_changing(RunDirectory(root=run))
    for run, why in busy_runs(runs).items():
        raise RunError(f"run.dir: {run}: {why}. Its files are encrypted again once that is over.")


def _refuse_of_others(paths: Iterable[Path]) -> None:
    """Refuse files that their owner could not read any more: what is written anew belongs to who writes it."""
    for path in paths:
        if (owner := path.stat().st_uid) != os.geteuid():
            raise RunError(f"{path}: belongs to user {owner}, who could not read it any more. Have them run this.")


def _refuse_lacking(ring: Keyring | None, needed: KeysNeeded) -> None:
    if ring is None:
        raise KeysError(f"rewrite: no key is told. Set {KEY_FILE} or {KEY_COMMAND} to keys with a current one.")
    if lacking := sorted({key for key in needed.files if key is not None} - ring.keys.keys()):
        raise KeysError(
            f"{ring.place}: no key {lacking[0]!r}, which {needed.files[lacking[0]][0]} was encrypted with. Nothing was "
            f"written. There are: {', '.join(sorted(ring.keys))}."
        )


def _is_part(path: Path) -> bool:
    """Whether it is a part of a run: there are thousands, and no digest of them is taken."""
    return PART.fullmatch(path.name) is not None and (path.parent.parent / MARKER).exists()


def _parquet_below(root: Path) -> Iterator[tuple[Path, bool]]:
    """The Parquet files in a folder, and whether each is one that a run has."""
    of_runs, foreign = set[Path](), set[Path]()
    for told, folders, names in os.walk(root, onerror=_refuse_unread):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        folder = Path(told)
        if MARKER in names:
            of_runs.add(folder)
            foreign |= set(unknown_in(RunDirectory(root=folder)))
        above = (folder, *folder.parents)
        is_of_run, is_foreign = not of_runs.isdisjoint(above), not foreign.isdisjoint(above)
        for path in (folder / name for name in sorted(names) if not name.startswith(".")):
            if path.is_symlink():
                continue
            if not os.access(path, os.R_OK):
                _refuse_unread(PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)))
            if is_parquet(path):
                yield path, is_of_run and not is_foreign and path not in foreign


def _refuse_unread(error: OSError) -> None:
    """What is not read may need any key: that it needs none is not said."""
    raise RunError(
        f"{error.filename}: cannot be read ({error.strerror}), so which keys are needed there is not known. Ask as a "
        "user who may read it, or name other folders."
    )


def _is_ours(path: Path) -> bool:
    """Whether what stands beside a file says that glane wrote it as it is; it is read only where that may be."""
    folder = path.parent
    if (folder / MARK).exists():
        return True
    held, manifest = read_written(folder).digests.get(path.name, ()), folder / MANIFEST
    told = manifest.read_text(encoding="utf-8", errors="replace") if manifest.exists() else ""
    if not held and not told:
        return False
    digest = digest_of(path)
    return digest in held or digest in told
