"""Weights on the disk of each node: copied once, verified, kept for the next job, and removed when nobody uses them.

A copy lies in a folder that only its user can enter, and is named by the digests of its files: jobs that read the same
weights share it. Whoever copies holds its lock alone; whoever reads holds it with others, for as long as the job lives.
What a killed job left half done is gone on with. If anything fails, engines read the weights where they are.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, BinaryIO

from glane.catalogue.forms import not_read
from glane.cluster.kernel_cache import is_ours
from glane.cluster.staged_space import LOCK, NotStaged, in_memory, is_locked_here, make_room
from glane.corpus.unchanged import content_digest
from glane.engine.digest_cache import DigestCache
from glane.engine.manifest import MANIFEST
from glane.engine.registry import engine_kind
from glane.engine.staged import STAGED, Staged
from glane.engine.weights import resolve_weights
from glane.errors import GlaneError
from glane.settings import BatchSettings, ModelSettings
from glane.storage import replace_file

PART = ".part"
_COPIERS = 4
_CHUNK = 16 * 2**20
_POLL_S = 0.5
_TRIES = 2  # to make a copy that is the same
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_held: list[int] = []  # descriptors of the locks of this process's copies: the kernel releases them when it ends


def stage_weights(
    model: ModelSettings, cluster: BatchSettings, folder: Path, *, say: Callable[[str], None]
) -> dict[str, str]:
    """Begin to copy the weights to this node's disk. Returns the variables by which engines find the copy.

    They wait for it, at most half of `cluster.engine_start_timeout_s`. `folder` is this job's own on the node.
    """
    if not cluster.stage or not engine_kind(model.engine).has_weights:
        return {}
    if model.pipeline_parallel_size > 1:
        say("cluster.stage: an engine may span nodes here; the weights are read where they are")
        return {}
    record, limit_s = folder / "staged.json", cluster.engine_start_timeout_s / 2
    _tell(record, Staged(until=time.time() + limit_s))

    def work() -> None:
        staged = Staged()
        try:
            source = Path(resolve_weights(model).path)
            root = stage_root(source, cluster.stage_dir)
            deadline = time.monotonic() + limit_s
            place = staged_copy(source, root, deadline=deadline, say=say, load_format=model.load_format)
            staged = Staged(original=str(source), place=str(place))
            say(f"cluster.stage: the weights are read from {place}")
        except (NotStaged, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            say(f"cluster.stage: the weights are read where they are: {why}")
        except GlaneError:  # of the weights themselves: the driver says it
            pass
        finally:
            _tell(record, staged)

    threading.Thread(target=work, daemon=True, name="staging").start()
    return {STAGED: str(record)}


def _tell(record: Path, staged: Staged) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(staged.as_json())

    replace_file(record, write, mode=0o600)


def stage_root(source: Path, told: str | None) -> Path:
    """The folder of this user's copies on this node. It is made if need be.

    Raises:
        NotStaged: if the place is not safe, or gains nothing.
        OSError: if it cannot be made.
    """
    base = Path(told or os.environ.get("TMPDIR") or tempfile.gettempdir())
    if not base.is_dir():
        raise NotStaged(f"there is no folder {base} on this node (cluster.stage_dir, TMPDIR)")
    if base.stat().st_dev == source.stat().st_dev:
        raise NotStaged(f"{base} is on the same disk as {source}")
    if told is None and in_memory(base):
        raise NotStaged(f"{base} is kept in memory; name a disk (cluster.stage_dir)")
    root = base / f"glane-weights-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        root.mkdir(mode=0o700)
    if not is_ours(root):
        raise NotStaged(f"{root} is not yours alone: another user, a link, or others may write there")
    return root


def staged_copy(
    source: Path, root: Path, *, deadline: float, say: Callable[[str], None], load_format: str = "auto"
) -> Path:
    """Return a verified copy of the files of `source` below `root`, and hold its lock until this process ends.

    Args:
        source: The folder of the weights.
        root: Of `stage_root`.
        deadline: By `time.monotonic()`.
        say: Told what is done.
        load_format: As `model.load_format`: of weights that lie there twice, one form is copied.

    Raises:
        NotStaged: if there is no room or no time, or the copy does not come out right.
        OSError: for another fault of a disk.
    """
    if (source / "modules.json").is_file():  # of sentence-transformers: it names folders, which are read, too
        raise NotStaged(f"{source} has its configuration in several folders")
    unread = {MANIFEST} | not_read([file.name for file in source.iterdir()], load_format)
    files = sorted(file for file in source.iterdir() if file.is_file() and file.name not in unread)
    originals = DigestCache(content_digest, wait_s=max(0.0, deadline - time.monotonic()))
    originals.learn(files)
    place = root / f"{source.name[:60]}-{originals.combined(files)}"
    for attempt in range(_TRIES + 1):
        descriptor, is_whole = _taken(place, files, originals, root, deadline)
        if is_whole:
            os.utime(descriptor)  # used now
            _held.append(descriptor)
            return place
        try:
            if attempt == _TRIES:
                break
            _fill(place, files, root, deadline, say)
        finally:
            os.close(descriptor)
    raise NotStaged(f"{place} differed from the weights {_TRIES} times. Is this node's disk sound?")


def _fill(place: Path, files: list[Path], root: Path, deadline: float, say: Callable[[str], None]) -> None:
    """Copy what is missing, with the lock of the copy held alone."""
    began, needed = time.monotonic(), _missing(place, files)
    _check_foreign(place, files)
    make_room(root, keep=place, needed=needed)
    say(f"cluster.stage: copying {needed / 1e6:,.0f} MB of weights to {place}")
    try:
        _copy_all(files, place, deadline)
    except OSError as error:
        if error.errno in _NO_ROOM:
            shutil.rmtree(place, ignore_errors=True)
            raise NotStaged(f"{root}: the disk is full; what was copied is removed") from None
        raise
    say(f"cluster.stage: copied in {time.monotonic() - began:.0f} s; verifying")


def _taken(place: Path, files: list[Path], originals: DigestCache, root: Path, deadline: float) -> tuple[int, bool]:
    """The descriptor of the locked lock of a copy, and whether the copy is whole: shared with others then."""
    while True:
        place.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # it was removed just now
            descriptor = os.open(place / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            for mode, is_whole in ((fcntl.LOCK_SH, True), (fcntl.LOCK_EX, False)):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                    if is_locked_here(descriptor, place) and _is_whole(place, files, originals, root) is is_whole:
                        return descriptor, is_whole
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
        if time.monotonic() > deadline:
            raise NotStaged(f"another job of yours was still copying to {place}")
        time.sleep(_POLL_S)


def _is_whole(place: Path, files: list[Path], originals: DigestCache, root: Path) -> bool:
    """Whether all files are there, with the digests of the originals. What does not have them is removed.

    A copy that is known by its size and its time of change is not read again.
    """
    copies = {place / file.name: originals.of(file) for file in files if (place / file.name).is_file()}
    digests = DigestCache(content_digest, folder=root)
    digests.learn(list(copies))
    wrong = [copy for copy, digest in copies.items() if digests.of(copy) != digest]
    for copy in wrong:
        copy.unlink(missing_ok=True)
    return not wrong and len(copies) == len(files)


def _check_foreign(place: Path, files: list[Path]) -> None:
    ours = {LOCK, *(file.name for file in files), *(file.name + PART for file in files)}
    if foreign := sorted({path.name for path in place.iterdir()} - ours):
        raise NotStaged(f"{place} holds {foreign[0]}, which does not belong there")


def _missing(place: Path, files: list[Path]) -> int:
    """Bytes that are still to be copied."""

    def has(file: Path) -> int:
        for path in (place / file.name, place / (file.name + PART)):
            with contextlib.suppress(FileNotFoundError):
                return path.stat().st_size
        return 0

    return sum(max(0, file.stat().st_size - has(file)) for file in files)


class _OneFailedError(Exception):
    """Another file could not be copied: that one says why."""


def _copy_all(files: list[Path], place: Path, deadline: float) -> None:
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise _OneFailedError
        if time.monotonic() > deadline:
            raise NotStaged(f"no time was left to copy all of {files[0].parent}; the next job goes on with it")

    def copy(file: Path) -> None:
        try:
            _copy(file, place / file.name, check)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(_COPIERS) as pool:
        running = [pool.submit(copy, file) for file in files if not (place / file.name).exists()]
    for error in filter(None, (one.exception() for one in running)):
        if not isinstance(error, _OneFailedError):
            raise error


def _copy(source: Path, target: Path, check: Callable[[], None]) -> None:
    """Copy a file, from where an earlier copy of it ended. It gets its name when all of it is on the disk."""
    part = target.with_name(target.name + PART)
    with open(source, "rb") as original, _opened(part) as copy:
        if (done := copy.seek(0, os.SEEK_END)) > os.fstat(original.fileno()).st_size:
            done = copy.seek(copy.truncate(0))
        original.seek(done)
        while chunk := original.read(_CHUNK):
            check()
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(target)


@contextlib.contextmanager
def _opened(part: Path) -> Iterator[BinaryIO]:
    with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as opened:
        yield opened
