"""Which prompts were in an engine when it died, and which of them are rejected for it.

A prompt in the window of a dead engine is only a suspect: memory pressure, preemption or a kill from outside end
engines, too. Suspects are asked again, one at a time. A prompt is rejected once three engines have died with nothing
else in them.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from glane.records import Record, read_record
from glane.run.directory import RunDirectory

DEATHS_ALONE_TO_REJECT = 3
_CLOCK_STEP_S = 2.0  # no file system's clock is coarser
_SLOT = struct.Struct("=16sB15x")  # digest, 1 if alone; padded so that a slot never spans two pages


class Death(Record):
    """An engine that died, and the keyed digests of the prompts that were in it, as hexadecimal digits."""

    kind: Literal["glane death"] = "glane death"
    version: Literal[1] = 1
    worker: str
    time: float
    cause: str
    suspects: tuple[str, ...]
    alone: bool  # it held a single prompt, which was asked alone on purpose


def prompt_digest(tokens: Sequence[int], *, key: str, variant: str = "") -> bytes:
    """The identity of a prompt and of the way it is asked: 16 bytes, keyed so that they say nothing outside the run."""
    content = array("I", tokens).tobytes() + variant.encode()
    return blake2b(content, digest_size=16, key=key.encode()[:64]).digest()


class Window:
    """The prompts in a worker's engine, in a memory-mapped file.

    The file outlives a process that is killed. Noting a prompt costs one write to memory.
    """

    def __init__(self, directory: RunDirectory, worker: str, *, num_slots: int) -> None:
        self.path = directory.windows / worker
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, directory.file_mode)
        try:
            os.ftruncate(descriptor, num_slots * _SLOT.size)
            self._memory = mmap.mmap(descriptor, num_slots * _SLOT.size)
        finally:
            os.close(descriptor)
        self._free = list(range(num_slots))
        self._slots: dict[str, int] = {}

    def enter(self, request_id: str, digest: bytes, *, alone: bool) -> None:
        """Note that a prompt goes into the engine."""
        slot = self._slots[request_id] = self._free.pop()
        _SLOT.pack_into(self._memory, slot * _SLOT.size, digest, int(alone))

    def leave(self, request_id: str) -> None:
        """Note that a prompt was answered."""
        slot = self._slots.pop(request_id)
        _SLOT.pack_into(self._memory, slot * _SLOT.size, bytes(16), 0)
        self._free.append(slot)

    def close(self) -> None:
        """Remove the window: nothing in it becomes suspect."""
        self._memory.close()
        self.path.unlink(missing_ok=True)


def record_death(directory: RunDirectory, worker: str, *, cause: str) -> int:
    """Record the prompts in a dead worker's window as suspects. Return their number."""
    path = directory.windows / worker
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    slots = [(digest, alone) for digest, alone in _SLOT.iter_unpack(content) if digest != bytes(16)]
    death = Death(
        worker=worker,
        time=time.time(),
        cause=cause,
        suspects=tuple(digest.hex() for digest, _ in slots),
        alone=len(slots) == 1 and bool(slots[0][1]),
    )
    directory.write_record(directory.deaths / f"{worker}.json", death)
    path.unlink(missing_ok=True)
    return len(slots)


class Suspects:
    """The prompts that recorded deaths make suspect, read again when there are new deaths."""

    def __init__(self, directory: RunDirectory) -> None:
        self._folder = directory.deaths
        self._known: set[str] = set()
        self._suspects: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        # The folder's last change by the file system's clock, and when we first saw that time, by our clock.
        self._changed, self._first_seen = 0, 0.0
        self._is_settled = False  # False while a new file could still leave the time of change the same

    def refresh(self) -> None:
        """Read deaths that were recorded since the last time. There are few: one file each."""
        with contextlib.suppress(FileNotFoundError):
            now, changed = time.monotonic(), self._folder.stat().st_mtime_ns
            if changed != self._changed:
                self._changed, self._first_seen = changed, now
            elif self._is_settled:
                return  # one stat call, where every shard would cost a scan of the folder
            self._is_settled = now - self._first_seen > _CLOCK_STEP_S
            for path in sorted(self._folder.glob("*.json")):
                if path.name not in self._known:
                    self._read(path)

    def _read(self, path: Path) -> None:
        death = read_record(Death, path)
        self._known.add(path.name)
        self._suspects.update(death.suspects)
        if death.alone:
            self._alone.update(death.suspects)

    @property
    def are_there(self) -> bool:
        """Whether any prompt is suspect."""
        return bool(self._suspects)

    def is_suspect(self, digest: bytes) -> bool:
        """Whether this prompt was in an engine that died. It is then asked alone."""
        return digest.hex() in self._suspects

    def is_rejected(self, digest: bytes) -> bool:
        """Whether enough engines died with this prompt alone in them."""
        return self._alone[digest.hex()] >= DEATHS_ALONE_TO_REJECT

    @property
    def num_rejected(self) -> int:
        """How many prompts are rejected."""
        return sum(count >= DEATHS_ALONE_TO_REJECT for count in self._alone.values())
