"""Digests of large files, taken once: by several threads, and by one process of a user at a time.

The jobs of an array start together, and each needs the digest of the same weights. One of them reads the files, and the
others wait for what it wrote.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from glane.errors import RunError
from glane.locks import lock
from glane.plain_values import json_values
from glane.regular import content_of
from glane.storage import replace_file

_READERS = 8
_WAIT_S = 3600.0  # for another process that reads the same files; then this one reads them, too


class DigestCache:
    """The digests that are known to this user, by path, size and times of change of a file.

    ctime is one of them because a tool can set mtime back.
    """

    def __init__(self, digest: Callable[[str], str], *, folder: Path | None = None, wait_s: float = _WAIT_S) -> None:
        """`digest` hashes the file at a path. `folder` holds the cache; None is the user's cache directory."""
        if folder is None:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glane"
        self._path, self._digest, self._wait_s = folder / "digests.json", digest, wait_s
        self._known = self._read()

    def learn(self, files: Sequence[Path]) -> None:
        """Take the digests of those files that are not known yet."""
        if not self._unknown(files):
            return
        with self._alone():
            self._known |= self._read()  # another process may have taken them meanwhile
            unknown = self._unknown(files)
            with ThreadPoolExecutor(_READERS) as pool:
                taken = pool.map(self._digest, map(str, unknown))
            self._known |= {_key(file): digest for file, digest in zip(unknown, taken, strict=True)}
            if unknown:
                self._save()

    def of(self, file: Path) -> str:
        """The digest of a file that was learned, and has not changed since."""
        return self._known[_key(file)]

    def combined(self, files: Sequence[Path]) -> str:
        """One digest of several files and their names, all of them learned."""
        combined = hashlib.blake2b(digest_size=16)
        for file in files:
            combined.update(f"{file.name}={self._known[_key(file)]}\n".encode())
        return combined.hexdigest()

    def _unknown(self, files: Sequence[Path]) -> list[Path]:
        return [file for file in files if _key(file) not in self._known]

    def _read(self) -> dict[str, str]:
        try:
            found = json_values(content_of(self._path))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the cache, if the file system has one; wait for it, but not for ever."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(open(self._path.with_suffix(".lock"), "w", encoding="utf-8"))
                lock(file.fileno(), deadline=time.monotonic() + self._wait_s, take=fcntl.flock)
            yield

    def _save(self) -> None:
        """Write the cache. It is only a cache: a home directory that is full or read-only is no error."""
        content = json.dumps(self._known).encode()
        with contextlib.suppress(RunError):
            replace_file(self._path, lambda stream: stream.write(content), mode=0o600, durable=False)


def _key(file: Path) -> str:
    status = file.stat()
    return f"{file.resolve()}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
