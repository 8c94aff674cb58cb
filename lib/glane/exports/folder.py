"""The folder of an export: it is there whole or not at all, and only an earlier export as glane left it is replaced."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from glane.errors import RunError
from glane.exports.record import Export
from glane.records import read_record
from glane.run.links import RunLink
from glane.run.written import WRITTEN, digest_of, note_written, read_written, refuse_foreign, refuse_inside_run
from glane.storage import storage_errors, write_folder_once

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
    names = [name for name in files_under(root) if name != WRITTEN]
    if foreign := sorted(set(names) - set(read_written(root).names)):
        raise RunError(
            f"out.dir: {root / foreign[0]} was not written by glane, and the folder is replaced whole. Choose another "
            "out.dir, or move the file."
        )
    refuse_foreign(root, dict.fromkeys(names), setting=_SETTING)
    return root


def write_whole(root: Path, fill: Callable[[Path], None], *, of: RunLink | None) -> bool:
    """Have `fill` write files into a folder that then stands at `root`. Return whether it replaced an earlier export.

    Raises:
        RunError: if the folder was changed meanwhile, or the file system refuses.
    """

    def write(folder: Path) -> None:
        with storage_errors(root, setting=_SETTING):
            fill(folder)
            names = files_under(folder)
            for name in names:
                os.chmod(folder / name, _FILE_MODE)
        digests = {name: digest_of(folder / name) for name in names}
        note_written(folder, digests, setting=_SETTING, of=() if of is None else (of,))

    new = _beside(root)
    try:
        write_folder_once(new, write, mode=_FOLDER_MODE, setting=_SETTING)
        with storage_errors(root, setting=_SETTING):
            return _put(new, root)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _put(new: Path, root: Path) -> bool:
    try:
        os.rename(new, root)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
    else:
        return False
    check_target(root)
    old = _beside(root)
    os.rename(root, old)
    try:
        os.rename(new, root)
    except OSError:
        os.rename(old, root)
        raise
    shutil.rmtree(old)
    return True


def _beside(root: Path) -> Path:
    return root.with_name(f".{root.name}.{uuid.uuid4().hex}.tmp")


def files_under(root: Path) -> list[str]:
    """The files of a folder and of those below it, by their paths in it, sorted."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())
