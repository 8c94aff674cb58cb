"""Which prompts were in an engine when it died, and which of them are rejected for it.

A prompt in the window of a dead engine is only a suspect: memory pressure, preemption or a kill from outside end
engines, too. Suspects are asked again, one at a time, each after a harmless prompt that the same engine must survive. A
prompt is rejected once two engines have died with nothing else in them. A kill from outside counts for nobody, and a
death that nobody saw counts half.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import time
import uuid
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from glane.errors import RecordError
from glane.records import Record, read_record
from glane.run.causes import WEIGHTS, DeathCause
from glane.run.directory import RunDirectory
from glane.run.heartbeat import dated_heartbeats, file_clock, is_gone, place_of, read_heartbeat
from glane.storage import exists, patiently, remove, storage_errors

_SILENT_S = 60.0  # a place whose worker has been silent for longer is not there
_SLOT = struct.Struct("=16sB15x")  # digest, and how it was asked; padded so that a slot never spans two pages
_EMPTY = bytes(16)
_TOGETHER, _ALONE, _CONTROL = range(3)


class Death(Record):
    """An engine that died, and the keyed digests of the prompts that were in it, as hexadecimal digits."""

    kind: Literal["glane death"] = "glane death"
    version: Literal[2] = 2
    worker: str
    place: str  # the node, and its GPUs if there are any; empty if it is not known
    time: float
    cause: DeathCause
    detail: str = ""
    suspects: tuple[str, ...]
    alone: bool  # it held a single prompt, which was asked alone on purpose, after a harmless one was answered
    is_control: bool = False  # it held the harmless prompt: this engine dies with anything

    @property
    def weight(self) -> int:
        """How much it says against the prompts that were in the engine."""
        return WEIGHTS[self.cause]


def prompt_digest(tokens: Sequence[int], *, key: str, variant: str = "") -> bytes:
    """The identity of a prompt and of the way it is asked: 16 bytes, keyed so that they say nothing outside the run."""
    content = array("I", tokens).tobytes() + variant.encode()
    return blake2b(content, digest_size=16, key=key.encode()[:64]).digest()


class Window:
    """The prompts in a worker's engine, in a memory-mapped file.

    The file outlives a process that is killed. Noting a prompt costs one write to memory.
    """

    def __init__(self, directory: RunDirectory, worker: str, *, num_slots: int) -> None:
        """Make the file.

        Raises:
            RunError: if the file system refuses, for example because it is full.
        """
        self.path = directory.windows / worker
        with storage_errors(self.path):
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
            descriptor = patiently(lambda: os.open(self.path, flags, directory.file_mode))
            try:
                # A full disk is told here. A write to a page that has no place on it would end the process.
                os.posix_fallocate(descriptor, 0, num_slots * _SLOT.size)
                self._memory = mmap.mmap(descriptor, num_slots * _SLOT.size)
            finally:
                os.close(descriptor)
        self._free = list(range(num_slots))
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        """How many prompts are in the engine."""
        return len(self._slots)

    def enter(self, request_id: str, digest: bytes, *, alone: bool) -> None:
        """Note that a prompt goes into the engine."""
        self._note(request_id, digest, _ALONE if alone else _TOGETHER)

    def enter_control(self, request_id: str) -> None:
        """Note that the harmless prompt goes into the engine, alone."""
        self._note(request_id, b"\1" * 16, _CONTROL)

    def _note(self, request_id: str, digest: bytes, how: int) -> None:
        slot = self._slots[request_id] = self._free.pop()
        _SLOT.pack_into(self._memory, slot * _SLOT.size, digest, how)

    def leave(self, request_id: str) -> None:
        """Note that a prompt was answered."""
        slot = self._slots.pop(request_id)
        _SLOT.pack_into(self._memory, slot * _SLOT.size, _EMPTY, 0)
        self._free.append(slot)

    def close(self) -> None:
        """Remove the window: nothing in it becomes suspect."""
        self._memory.close()
        remove(self.path)


def record_death(directory: RunDirectory, worker: str, *, cause: DeathCause, detail: str = "") -> Death:
    """Record how a worker died, and the prompts in its window as suspects. Return the record.

    `detail` says more about the cause, without text of a document.
    """
    window = directory.windows / worker
    known = _recorded(directory, worker)
    if known is not None and not exists(window):  # somebody buried it, who did not know the cause
        death = known.model_copy(update={"cause": cause, "detail": detail})
    else:
        death = _death(directory, worker, window, cause=cause, detail=detail)
    directory.write_record(_record_path(directory, worker), death)
    remove(window)
    return death


def bury_windows(directory: RunDirectory, *, lease_s: float) -> list[Death]:
    """Record the deaths of workers that ended together with their drivers, of causes that nobody saw. Return them.

    A window that a living worker may have, by its heartbeat, is left alone. So is one without a heartbeat.
    """
    windows = list(_windows(directory))
    if not windows:
        return []
    now, found = file_clock(directory, uuid.uuid4().hex), []
    for window, worker, is_set_aside in windows:
        beat = read_heartbeat(directory, worker)
        if beat is None or not (is_set_aside or is_gone(directory, worker, now=now, lease_s=lease_s)):
            continue
        if beat.state == "ended":  # in order, or on purpose
            remove(window)
        elif (death := _bury(directory, worker, window, is_set_aside=is_set_aside)) is not None:
            found.append(death)
    return found


def _windows(directory: RunDirectory) -> Iterator[tuple[Path, str, bool]]:
    """The windows of a run: path, worker, and whether somebody who was killed had begun to bury it."""
    with contextlib.suppress(FileNotFoundError):
        for path in patiently(lambda: sorted(directory.windows.iterdir())):
            is_set_aside = path.name.startswith(".")
            yield path, path.name[1:].rpartition(".")[0] if is_set_aside else path.name, is_set_aside


def _bury(directory: RunDirectory, worker: str, window: Path, *, is_set_aside: bool) -> Death | None:
    """Record a death of an unknown cause. If several try, only one can rename the window away."""
    if not is_set_aside:
        set_aside = window.with_name(f".{worker}.{uuid.uuid4().hex}")
        try:
            window = patiently(lambda: window.rename(set_aside))
        except FileNotFoundError:
            return None
    death = _recorded(directory, worker) or _death(directory, worker, window, cause="unknown", detail="")
    directory.write_record(_record_path(directory, worker), death)
    remove(window)
    return death


def is_left_to_others(directory: RunDirectory, worker: str, *, place: str) -> bool:
    """Whether a dead worker's shards are for a worker at another place than `place`.

    They are if it died here with one prompt alone: an engine elsewhere, where there is one, shows whether the prompt is
    to blame or this place.
    """
    death = _recorded(directory, worker)
    if death is None or not (death.alone and death.weight) or death.place != place:
        return False
    return bool(places(directory) - {place})


def forget_window(directory: RunDirectory, worker: str) -> None:
    """Remove the window of a worker that was ended on purpose: nothing in it becomes suspect."""
    remove(directory.windows / worker)


def _record_path(directory: RunDirectory, worker: str) -> Path:
    return directory.deaths / f"{worker}.json"


def _recorded(directory: RunDirectory, worker: str) -> Death | None:
    with contextlib.suppress(FileNotFoundError, RecordError):
        return read_record(Death, _record_path(directory, worker))
    return None


def _death(directory: RunDirectory, worker: str, window: Path, *, cause: DeathCause, detail: str) -> Death:
    try:
        content = patiently(window.read_bytes)
    except FileNotFoundError:
        content = b""
    slots = [(digest, how) for digest, how in _SLOT.iter_unpack(content) if digest != _EMPTY]
    beat = read_heartbeat(directory, worker)
    return Death(
        worker=worker,
        place="" if beat is None else place_of(beat),
        time=time.time(),
        cause=cause,
        detail=detail,
        suspects=tuple(digest.hex() for digest, how in slots if how != _CONTROL),
        alone=[how for _, how in slots] == [_ALONE],
        is_control=[how for _, how in slots] == [_CONTROL],
    )


def places(directory: RunDirectory) -> set[str]:
    """The places that have a worker, by the last heartbeats."""
    beats = list(dated_heartbeats(directory))
    newest = max((written for written, _ in beats), default=0.0)
    return {place_of(beat) for written, beat in beats if beat.state != "ended" and newest - written < _SILENT_S}
