"""Private folders on the node's own disk while a process lives. Those that killed processes left are removed.

Ray's sockets need a short path; texts of documents stay where TMPDIR says, whatever its length.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

from glane.errors import ConfigError
from glane.languages import say
from glane.owned_folders import owned_folder, remove_abandoned

_LEAST_FREE = 32 * 2**20
_LONGEST_ROOT = 25  # characters: Ray's sockets lie deep inside, and the path of a socket has at most 107 bytes


def scratch_folder() -> contextlib.AbstractContextManager[Path]:
    """Make a folder for Ray that only this user can enter, and remove it at the end. It is for no text of documents.

    Raises:
        ConfigError: if TMPDIR is set to a place that cannot be used, or the disk there is full.
    """
    least = _LEAST_FREE // 2**20
    return _folder(
        scratch_root(),
        f"and Ray needs {least} there for its sockets and logs. Free space, or set TMPDIR to another disk of this "
        "node.",
    )


def text_folder() -> contextlib.AbstractContextManager[Path]:
    """Make a folder for texts of documents that only this user can enter, in TMPDIR itself, and remove it at the end.

    Raises:
        ConfigError: if TMPDIR is set to a place that cannot be used, or the disk there is full.
    """
    least = _LEAST_FREE // 2**20
    return _folder(
        _told_root(),
        f"and texts of documents are kept there while the command runs: at least {least} are needed. Free space, or "
        "set TMPDIR to another disk.",
    )


def _folder(root: Path, needed: str) -> contextlib.AbstractContextManager[Path]:
    """A locked folder in `root`; what killed processes left there goes. `needed` says what is too little for what."""
    remove_abandoned(root, prefix=_prefix())
    if (free := shutil.disk_usage(root).free) < _LEAST_FREE:
        raise ConfigError(f"TMPDIR: {root} has {free // 2**20} MiB free, {needed}")
    return owned_folder(root, prefix=_prefix())


def scratch_root() -> Path:
    """Where Ray's folders go: TMPDIR, or /tmp. It is said if another place is taken than the one that is set."""
    root = _told_root()
    if len(str(root)) <= _LONGEST_ROOT:
        return root
    say(
        f"note: TMPDIR has {len(str(root))} characters, and the paths of Ray's sockets leave room for {_LONGEST_ROOT}: "
        "Ray's sockets and logs, which hold no text of documents, go to /tmp",
        to=sys.stderr,
    )
    return Path("/tmp")


def _told_root() -> Path:
    told = os.environ.get("TMPDIR")
    if not told:
        return Path("/tmp")
    root = Path(told)
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        what = "cannot be written by you" if root.is_dir() else "is no directory"
        raise ConfigError(f"TMPDIR: {told} {what}. Set it to a directory of this node that you can write, or unset it.")
    return root.absolute()


def _prefix() -> str:
    return f"gl-{os.getuid()}-"


def token_path(folder: Path) -> Path:
    """Where `write_token` writes."""
    return folder / "token"


def write_token(folder: Path, token: str) -> Path:
    """Write a secret to a file that no other user can read. Return its path."""
    path = token_path(folder)
    path.touch(mode=0o600)
    path.write_text(token)
    return path
