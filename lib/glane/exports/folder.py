"""The folder of an export: it is there whole or not at all, and only an earlier export as glane left it is replaced.

It is filled in a folder beside it, which is locked. What killed exports left there, the next one to the same place
removes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from glane.errors import RunError
from glane.exports.record import Export
from glane.owned_folders import owned_folder, remove_abandoned
from glane.records import read_record
from glane.run.audit import note_wrote
from glane.run.links import RunLink, refuse_erased_since
from glane.run.written import WRITTEN, digest_of, note_written, read_written, refuse_foreign, refuse_inside_run
from glane.storage import exchange, put_folder, storage_errors, sync

MANIFEST = "export.json"
_SETTING = "out.dir"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600  # what is written holds values of documents
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def check_target(path: str | Path) -> Path:
    """The absolute path of a folder that may be written.

    Raises:
        RunError: if it lies in a run, or holds anything but an export that nobody changed.
    """
    root = Path(path).expanduser().absolute()
    refuse_inside_run(root, setting=_SETTING)
    if root.exists() and not root.is_dir():
        raise RunError(f"out.dir: {path} is a file. Choose another directory.")
    if not root.exists() or not any(root.iterdir()):
        return root
    try:
        read_record(Export, root / MANIFEST)
    except FileNotFoundError:
        raise RunError(f"out.dir: {root} holds files that are no export of glane. Choose another directory.") from None
    names, written = [name for name in files_under(root) if name != WRITTEN], read_written(root)
    own = {name for name in written.names if written.mark_of(name) in (None, MANIFEST)}
    if foreign := sorted(set(names) - own):
        raise RunError(
            f"out.dir: {root / foreign[0]} was not written by glane export, and the folder is replaced whole. Choose "
            "another out.dir, or move the file."
        )
    refuse_foreign(root, dict.fromkeys(names), setting=_SETTING)
    return root


def write_whole(root: Path, fill: Callable[[Path], Mapping[str, str]], *, of: RunLink | None) -> bool:
    """Have `fill` write files into a folder that then stands at `root`. Return whether it replaced an earlier export.

    `fill` returns the digests of the files by name, that of `export.json` first.

    Raises:
        RunError: if the folder was changed meanwhile, or the file system refuses.
    """

    def write(folder: Path) -> None:
        with storage_errors(root, setting=_SETTING):
            digests = fill(folder)
            for name in digests:
                os.chmod(folder / name, _FILE_MODE)
        note_written(folder, digests, setting=_SETTING, of=() if of is None else (of,))

    note_wrote(root, MANIFEST, [] if of is None else [of.id])
    prefix = _prefix(root)
    if root.exists():  # else one that was killed may hold the only export
        remove_abandoned(root.parent, prefix=prefix)
    with storage_errors(root, setting=_SETTING):
        root.parent.mkdir(parents=True, exist_ok=True)
        with owned_folder(root.parent, prefix=prefix) as beside:
            new = beside / "new"
            new.mkdir(mode=_FOLDER_MODE)
            write(new)
            is_replaced = _put(new, root)
    refuse_erased_since(() if of is None else (of,))
    remove_abandoned(root.parent, prefix=prefix)
    return is_replaced


def _put(new: Path, root: Path) -> bool:
    """Move a folder to its place. An earlier export goes to where the new one was, in one step if that is possible."""
    try:
        put_folder(new, root)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
    else:
        return False
    check_target(root)
    if exchange(new, root):
        sync(root.parent)
        return True
    old = new.with_name("old")
    os.rename(root, old)
    try:
        os.rename(new, root)
    except OSError:
        os.rename(old, root)
        raise
    sync(root.parent)
    return True


def _prefix(root: Path) -> str:
    """How the names of unfinished exports begin: with the node, as some file systems keep locks for each node alone."""
    return f".{root.name}.glane-export-{digest_of(os.uname().nodename.encode())[:8]}-"


def files_under(root: Path) -> list[str]:
    """The files of a folder and of those below it, by their paths in it, sorted."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())
