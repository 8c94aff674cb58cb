"""Folders whose content only their owner can change, because it will run with the owner's rights."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from glane.errors import ConfigError
from glane.storage import storage_errors


def make_private_folder(base: Path, *, label: str, setting: str) -> Path:
    """Make a new folder below `base` that only this user can enter. Return its path without symbolic links.

    The folder's name begins with `label`. `setting` is the key that chose `base`.

    Raises:
        ConfigError: if somebody else could rename or replace the folder or one of its parents.
        RunError: if the file system refuses.
    """
    with storage_errors(base, setting=setting), private_umask():
        base.mkdir(parents=True, exist_ok=True)
        base = base.resolve(strict=True)
        check_nobody_else_can_change(base, setting=setting)
        return Path(tempfile.mkdtemp(prefix=re.sub(r"[^A-Za-z0-9._-]", "_", label) + "-", dir=base))


@contextlib.contextmanager
def private_umask() -> Iterator[None]:
    """Make files that are written within the block readable by their owner only."""
    former = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(former)


def check_nobody_else_can_change(base: Path, *, setting: str) -> None:
    """Refuse a folder, given without symbolic links, of which somebody else could rename or replace what is in it.

    Raises:
        ConfigError: naming the folder, or the one of its parents, that allows it.
    """
    for folder in (base, *base.parents):
        _check(folder, base, setting)


def _check(folder: Path, base: Path, setting: str) -> None:
    found = os.stat(folder)
    problem = None
    if found.st_uid not in (0, os.geteuid()):
        problem = f"belongs to user {found.st_uid}, who"
    elif found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:  # in a sticky folder, only owners rename
        problem = f"has mode {stat.filemode(found.st_mode)}: others"
    if problem is not None:
        where = str(base) if folder == base else f"{base} lies in {folder}, which"
        raise ConfigError(
            f"{setting}: {where} {problem} could replace what will run as you. Take that right away "
            f"(chmod go-w {folder}), or set {setting} to a folder of your own that all nodes share."
        )
