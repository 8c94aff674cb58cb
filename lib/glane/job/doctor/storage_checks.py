"""Whether a file system does what a run asks of it. All is tried in a new folder, which is removed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from glane.cluster.findings import Finding, Findings, failed, ok, warning

_LEAST_FREE, _LITTLE_FREE = 2**30, 20 * 2**30  # bytes
_LEAST_FILES = 10_000
_FLOCK_S = 20.0
SKEW_S = 2.0  # beyond this, times in logs of several nodes mislead
LARGE_SKEW_S = 60.0  # beyond this, credentials of the scheduler begin to be refused (munge: 300 s)
# Exit code 7: somebody else has the lock.
_TRY_LOCK = """
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(7)
"""
_OTHER = "Choose another run.dir, on a file system that can, or ask the site"


def nearest(folder: Path) -> Path:
    """The folder itself, or the first above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


@contextlib.contextmanager
def trial_folder(place: Path) -> Iterator[Path]:
    """A new folder, private and hidden, that is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=".glane-doctor-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_storage(folder: Path, *, setting: str = "run.dir") -> Findings:
    """Try all that a run does with the file system of a folder, which need not exist yet."""
    place = nearest(folder)
    try:
        with trial_folder(place) as trial:
            found = [step(trial) for step in (_write, _rename, _link, _exclusive, _symlink, _lock, _mode)]
            found.append(check_clock(trial))
    except OSError as error:
        remedy = f"Give yourself write access there, free space, or choose another {setting}."
        return [failed(f"{setting} written", f"{place}: {error.strerror}", remedy)]
    return [*found, *check_space(place, setting=setting)]


def _attempt(name: str, seen: str, remedy: str, do: Callable[[], object]) -> Finding:
    try:
        do()
    except OSError as error:
        return failed(name, error.strerror or type(error).__name__, f"{remedy}.")
    return ok(name, seen)


def _write(trial: Path) -> Finding:
    """Written to the disk: a server that has no space left says so here."""

    def do() -> None:
        began = time.monotonic()
        with open(trial / "whole", "wb") as stream:
            stream.write(bytes(2**20))
            stream.flush()
            os.fsync(stream.fileno())
        took.append(time.monotonic() - began)

    took: list[float] = []
    finding = _attempt("write and fsync", "", "Free space or quota, or choose another run.dir", do)
    return ok(finding.name, f"1 MiB in {took[0]:.1f} s") if took else finding


def _rename(trial: Path) -> Finding:
    def do() -> None:
        (trial / "one").write_bytes(b"1")
        (trial / "two").write_bytes(b"2")
        os.replace(trial / "one", trial / "two")
        if (trial / "two").read_bytes() != b"1":
            raise OSError(errno.EIO, "a renamed file does not hold what was written")

    return _attempt("rename", "replaces a file in one step", _OTHER, do)


def _link(trial: Path) -> Finding:
    """The first commit wins because a second link to the same name fails."""

    def do() -> None:
        path = trial / "committed"
        if not _linked(path) or _linked(path):
            raise OSError(errno.EIO, "a second link to the same name did not fail")

    return _attempt("hard link", "the second to the same name fails", f"Commits are hard links. {_OTHER}", do)


def _linked(path: Path) -> bool:
    source = path.with_name(f"{path.name}.new")
    source.write_bytes(b"x")
    try:
        os.link(source, path)
    except FileExistsError:
        return False
    finally:
        source.unlink()
    return True


def _symlink(trial: Path) -> Finding:
    def do() -> None:
        (trial / "claim").symlink_to("worker")
        with contextlib.suppress(FileExistsError):
            (trial / "claim").symlink_to("another")
            raise OSError(errno.EIO, "a second symbolic link of the same name did not fail")

    return _attempt("symbolic link", "the second of the same name fails", f"Claims are symbolic links. {_OTHER}", do)


def _exclusive(trial: Path) -> Finding:
    def do() -> None:
        for number in range(2):
            try:
                os.close(os.open(trial / "exclusive", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                if number:
                    return
                raise
        raise OSError(errno.EIO, "a file was made twice")

    return _attempt("exclusive creation", "O_EXCL fails for a file that exists", _OTHER, do)


def _lock(trial: Path) -> Finding:
    """A run itself needs no locks; caches of torch, Triton and Hugging Face in the same file system do."""
    path, name = trial / "lock", "flock"
    remedy = "Runs need none, caches do: keep HF_HOME, VLLM_CACHE_ROOT and TRITON_CACHE_DIR on another file system"
    try:
        with open(path, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            child = subprocess.run(
                [sys.executable, "-c", _TRY_LOCK, str(path)], timeout=_FLOCK_S, check=False, capture_output=True
            )
    except OSError as error:
        return warning(name, f"refused: {error.strerror}", f"{remedy}.")
    except subprocess.TimeoutExpired:
        return warning(name, f"no answer within {_FLOCK_S:.0f} s", f"{remedy}.")
    if child.returncode == 7:
        return ok(name, "a second process waits for the first")
    return warning(name, "two processes have the same lock at once", f"{remedy}.")


def _mode(trial: Path) -> Finding:
    """Files of a run are for their owner: a file system that gives them to all would show them."""
    path = trial / "private"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    found = stat.S_IMODE(path.stat().st_mode)
    owner = path.stat().st_uid
    if found & 0o077:
        remedy = "Documents would be readable by others. Choose a file system that keeps modes."
        return failed("mode", f"a file made for its owner only (600) has mode {found:o}", remedy)
    if owner != os.geteuid():
        remedy = "Identities are mapped there (root_squash): work as a user whom the file server knows."
        return warning("mode", f"a new file belongs to user {owner}, and this is user {os.geteuid()}", remedy)
    return ok("mode", "files for their owner only stay so")


def check_clock(trial: Path) -> Finding:
    """The file system's clock against this machine's. Where clients set times (Lustre), it sees no difference."""
    before = time.time()
    path = trial / "clock"
    path.write_bytes(b"x")
    skew = path.stat().st_mtime - (before + time.time()) / 2
    return skew_finding("clock", skew, against="the file system's clock")


def skew_finding(name: str, skew: float, *, against: str) -> Finding:
    """What a difference of clocks, in seconds, means."""
    seen = f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} {against}"
    remedy = "Have the site look at the time service (chronyc tracking) of this machine."
    if abs(skew) > LARGE_SKEW_S:
        return failed(name, seen, remedy)
    return warning(name, seen, remedy) if abs(skew) > SKEW_S else ok(name, f"within {SKEW_S:.0f} s of {against}")


def check_space(place: Path, *, setting: str) -> Findings:
    """Free space and files as statvfs tells them. A quota that the file system does not tell there is not seen."""
    found, name = os.statvfs(place), f"space of {setting}"
    free = found.f_bavail * found.f_frsize
    seen = f"{place}: {free / 2**30:.0f} GiB free"
    remedy = f"Free space, or choose another {setting}. A result takes some 1 to 3 KiB a document, twice at its end."
    if free < _LEAST_FREE:
        return [failed(name, f"{place}: {free // 2**20} MiB free", remedy)]
    if found.f_files and found.f_favail < _LEAST_FILES:
        return [
            failed(name, f"{place}: {found.f_favail} more files fit", f"Remove files, or choose another {setting}.")
        ]
    return [warning(name, seen, remedy) if free < _LITTLE_FREE else ok(name, seen)]
