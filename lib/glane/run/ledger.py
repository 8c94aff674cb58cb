"""Which worker works on which shard: claims with leases, advisory by design.

Only the committed part counts. A claim merely keeps two workers from doing the same shard, so a claim that is taken
over wrongly costs work and never a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from glane.errors import RunError
from glane.run.claim import break_claim, give_up, try_claim
from glane.run.deaths import is_left_to_others
from glane.run.directory import RunDirectory
from glane.run.heartbeat import file_clock, is_gone
from glane.storage import exists, patiently

# After a scan that found nothing, a worker waits this many times as long as the scan took: the scans of many idle
# workers would be a load of their own.
_PAUSE_FACTOR = 10


class Ledger:
    """One worker's view of the claims and commits of a run."""

    def __init__(
        self,
        directory: RunDirectory,
        *,
        num_shards: int,
        worker: str,
        lease_s: float,
        start: float = 0,
        num_large: int | None = None,
        place: str = "",
    ) -> None:
        """`start` (0 to 1) is where in the plan this worker begins, so that workers rarely meet.

        The first `num_large` shards are claimed before the others. `place` is where the worker runs, see
        `glane.run.heartbeat.place_of`.
        """
        self._directory, self._worker, self._lease_s, self._place = directory, worker, lease_s, place
        self._is_done = bytearray(num_shards)  # a byte per shard: a megabyte for a million shards, fast to search
        for shard in directory.committed_shards(num_shards):  # the only listing of the directory: a claim needs none
            self._is_done[shard] = 1
        self._mine: set[int] = set()
        self._bounds = (0, num_shards if num_large is None else num_large, num_shards)
        self._next = [int(low + (high - low) * start) for low, high in pairwise(self._bounds)]
        self._next_scan = 0.0

    @property
    def num_open(self) -> int:
        """How many shards are not known to be committed, this worker's own included."""
        return self._is_done.count(0)

    def claim(self) -> int | None:
        """Return a shard that this worker now holds, or None if other workers hold all open ones.

        After a scan that found nothing, it returns None without a scan for some time.

        Raises:
            RunError: if the file system refuses.
        """
        began = time.monotonic()
        if began < self._next_scan:
            return None
        try:
            shard = self._claim_next(self._try_claim)
            if shard is None and 0 in self._is_done:
                # Stale claims are looked for only when no shard is free: it takes reads of heartbeats.
                now = file_clock(self._directory, self._worker)
                shard = self._claim_next(lambda shard: self._try_claim(shard) or self._take_over(shard, now=now))
        except (RunError, FileNotFoundError):
            if not self._directory.is_complete:
                raise
            shard = None
        if self._directory.is_complete:  # another process has published and removed the parts, so all shards look open
            self._is_done = bytearray(b"\1") * len(self._is_done)
            if shard is not None:
                self._unclaim(shard)
            shard = None
        if shard is None:
            ended = time.monotonic()
            self._next_scan = ended + _PAUSE_FACTOR * (ended - began)
            return None
        self._mine.add(shard)
        return shard

    def others_remain(self) -> bool:
        """Whether shards are open that are not this worker's own."""
        return any(shard not in self._mine for shard in self._open_shards())

    def release(self, shard: int) -> None:
        """Give up the claim of a shard that is committed, or dropped."""
        self._mine.discard(shard)
        self._unclaim(shard)

    def release_all(self) -> None:
        """Give up all claims that this worker still has."""
        for shard in list(self._mine):
            self.release(shard)

    def _open_shards(self) -> Iterator[int]:
        """Shards not known to be committed: the large ones, then the small ones, each from this worker's place on."""
        for (low, high), first in zip(pairwise(self._bounds), list(self._next), strict=True):
            for start, end in ((first, high), (low, first)):
                shard = self._is_done.find(0, start, end)
                while shard >= 0:
                    yield shard
                    shard = self._is_done.find(0, shard + 1, end)

    def _claim_next(self, take: Callable[[int], bool]) -> int | None:
        for shard in self._open_shards():
            if exists(self._directory.part(shard)):
                self._is_done[shard] = 1
            elif shard not in self._mine and take(shard):
                if exists(self._directory.part(shard)):  # committed between the check and the claim
                    self._unclaim(shard)
                    self._is_done[shard] = 1
                    continue
                self._next[int(shard >= self._bounds[1])] = shard + 1
                return shard
        return None

    def _claim_path(self, shard: int) -> Path:
        return self._directory.claims / str(shard)

    def _unclaim(self, shard: int) -> None:
        give_up(self._claim_path(shard))

    def _try_claim(self, shard: int) -> bool:
        return try_claim(self._claim_path(shard), self._worker)

    def _take_over(self, shard: int, *, now: float) -> bool:
        """Take over the claim of a worker that is gone. If several try, only one can rename the old claim away."""
        path = self._claim_path(shard)
        try:
            owner = str(patiently(path.readlink))
            age_s = now - patiently(path.lstat).st_mtime
        except FileNotFoundError:
            return self._try_claim(shard)
        # A claim in this worker's name that it does not hold is left over: its own heartbeat would keep it valid.
        is_ours = owner == self._worker
        if not is_ours and not is_gone(self._directory, owner, now=now, lease_s=self._lease_s, claim_age_s=age_s):
            return False
        if is_left_to_others(self._directory, owner, place=self._place):
            return False
        return break_claim(path, owner) and self._try_claim(shard)
