"""A claim: a symbolic link to the name of its holder. It is atomic, and never seen without its content."""

from __future__ import annotations

import uuid
from pathlib import Path

from glane.storage import patiently, storage_errors


def try_claim(path: Path, holder: str) -> bool:
    """Make the claim at `path` for `holder`. Return False if there is one already.

    Raises:
        RunError: if the file system refuses.
    """
    with storage_errors(path):
        try:
            patiently(lambda: path.symlink_to(holder))
        except FileExistsError:
            return False
    return True


def give_up(path: Path) -> None:
    """Remove a claim, if it is there.

    Raises:
        RunError: if the file system refuses.
    """
    with storage_errors(path):
        patiently(lambda: path.unlink(missing_ok=True))


def break_claim(path: Path, holder: str) -> bool:
    """Remove the claim of a holder that is gone. If several try, only one can rename it away, and gets True.

    Another may have done so and claimed meanwhile: a claim of anyone else is put back. If a third claims before it is,
    the one whose claim it was loses it and is not told. Two then do the same work, and nothing is lost: of a shard the
    first commit counts, of a result the first rename.

    Raises:
        RunError: if the file system refuses.
    """
    if not _is_held_by(path, holder):
        return False
    set_aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        patiently(lambda: path.rename(set_aside))
    except FileNotFoundError:
        return False
    other = str(patiently(set_aside.readlink))
    if other != holder:
        try_claim(path, other)
    patiently(lambda: set_aside.unlink(missing_ok=True))
    return other == holder


def _is_held_by(path: Path, holder: str) -> bool:
    try:
        return str(patiently(path.readlink)) == holder
    except FileNotFoundError:
        return False
