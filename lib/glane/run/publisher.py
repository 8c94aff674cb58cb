"""Which process publishes a run: of several that see it complete, one at a time, by a claim and a heartbeat.

The claim is advisory, as those of shards: the result is published by one rename, whoever does it. A claim that is taken
over wrongly costs work, never a row.
"""

from __future__ import annotations

import contextlib
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RecordError
from glane.host import host_identity, process_start
from glane.run.claim import break_claim, give_up, try_claim
from glane.run.directory import RunDirectory, unless
from glane.run.heartbeat import file_clock, heartbeat_path, is_gone, read_heartbeat
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.storage import TEMPORARY, listed, patiently, remove, storage_errors

_POLL_S = 0.5
_OURS = re.compile(rf"claim|\.claim\.[0-9a-f]{{32}}|\.clock-[0-9a-f]{{32}}|[0-9a-f]{{32}}\.json|\..+{TEMPORARY}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishersDirectory(RunDirectory):
    """A run directory as processes see it that publish the run: with heartbeats of their own, and one claim."""

    @property
    def workers(self) -> Path:
        """One heartbeat file per process that publishes the run, or waits for one that does."""
        return self.publishers

    @property
    def claims(self) -> Path:
        """The same folder."""
        return self.workers

    @property
    def publication(self) -> Path:
        """The claim of the process that publishes the run: a symbolic link to its name."""
        return self.claims / "claim"


def publishers_directory(directory: RunDirectory) -> PublishersDirectory:
    """The same run directory for processes that publish it."""
    return PublishersDirectory(root=directory.root, group_access=directory.group_access)


@contextlib.contextmanager
def sole_publisher(
    directory: RunDirectory, *, heartbeat_s: float, lease_s: float, waits: bool = True
) -> Iterator[bool]:
    """Hold the right to publish a run while the block lasts. Yields False if that is left to another process.

    A process that `waits` goes on when the other one is done, or gone: the right is then its own. A process that does
    not leaves once the other one has shown that it lives: one that was killed on another node looks alive until its
    lease ends, and if all left because of it, nobody would publish the run. Of a run that is published and summarised
    already, nobody needs the right.

    Raises:
        RunError: if the file system refuses.
    """
    if directory.is_finished:
        yield True
        return
    place, name = publishers_directory(directory), uuid.uuid4().hex
    heartbeat = HeartbeatWriter(place, worker=name, every_s=heartbeat_s, device="cpu", cpus=1, gpus=0)
    try:
        with _until_finished(directory):
            _make(place)
            heartbeat.start()
        yield _wait_for_it(place, name, lease_s=lease_s, waits=waits)
    finally:
        heartbeat.stop()
        _leave(place, name)


def _wait_for_it(place: PublishersDirectory, name: str, *, lease_s: float, waits: bool) -> bool:
    """Whether the right is ours, or nobody needs it any more."""
    first: _Sign | None = None
    while True:
        with _until_finished(place):
            if _take(place, name, lease_s=lease_s):
                return True
        if place.is_finished:
            return True
        if not waits and (sign := _sign_of_life(place)) is not None:
            if sign.is_here or (first is not None and sign != first):
                return False
            first = first or sign
        time.sleep(_POLL_S)


@dataclass(frozen=True, slots=True)
class _Sign:
    """What is seen of the process that holds the right: another such sign later proves that it lives."""

    holder: str
    changed_ns: int  # its heartbeat
    is_here: bool  # on this node, and seen among its processes


def _sign_of_life(place: PublishersDirectory) -> _Sign | None:
    """The last sign of the holder; None if there is no holder, or it has not given any."""
    with contextlib.suppress(OSError, RecordError):
        holder = str(patiently(place.publication.readlink))
        beat = read_heartbeat(place, holder)
        changed_ns = patiently(heartbeat_path(place, holder).stat).st_mtime_ns
        is_here = beat is not None and beat.identity == host_identity()
        return _Sign(holder, changed_ns, is_here and beat is not None and process_start(beat.pid) == beat.process_start)
    return None


def _until_finished(directory: RunDirectory) -> contextlib.AbstractContextManager[None]:
    """Ignore errors once the run is finished: who publishes it removes the folder at last."""
    return unless(lambda: directory.is_finished)


def _make(place: PublishersDirectory) -> None:
    with storage_errors(place.workers):
        patiently(lambda: place.workers.mkdir(exist_ok=True))
        patiently(lambda: place.workers.chmod(place.folder_mode))


def _take(place: PublishersDirectory, name: str, *, lease_s: float) -> bool:
    """Claim the publication, or take it over from a process that is gone."""
    path = place.publication
    if try_claim(path, name):
        return True
    try:
        holder = str(patiently(path.readlink))
        now = file_clock(place, name)
        age_s = now - patiently(path.lstat).st_mtime
    except FileNotFoundError:  # given up in this moment
        return False
    if not is_gone(place, holder, now=now, lease_s=lease_s, claim_age_s=age_s):
        return False
    return break_claim(path, holder) and try_claim(path, name)


def _leave(place: PublishersDirectory, name: str) -> None:
    """Give up what this process has, and remove the folder when nobody is left in it who might publish."""
    with contextlib.suppress(OSError):
        if str(place.publication.readlink()) == name:
            give_up(place.publication)
    with contextlib.suppress(OSError):
        remove(heartbeat_path(place, name))
        if place.is_finished:
            for path in listed(place.workers, "*") + listed(place.workers, ".*"):
                if _OURS.fullmatch(path.name):
                    remove(path)
        patiently(place.workers.rmdir)
