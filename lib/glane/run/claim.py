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


def break_claim(path: Path) -> bool:
    """Remove the claim of a holder that is gone. If several try, only one can rename it away, and gets True."""
    set_aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        patiently(lambda: path.rename(set_aside))
    except FileNotFoundError:
        return False
    patiently(lambda: set_aside.unlink(missing_ok=True))
    return True
