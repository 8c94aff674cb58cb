"""The prompts that deaths of engines make suspect: asked alone, and rejected once engines died with them so."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RecordError
from glane.records import read_record
from glane.run.causes import IN_WORDS, DeathCause
from glane.run.deaths import Death, places
from glane.run.directory import RunDirectory
from glane.storage import listed, patiently

REASON = "the engine dies when it is given this document alone: "  # how the reason of a row begins
_SUSPECT_WEIGHT = 2  # one death of a known cause, or two that nobody saw
_REJECT_WEIGHT = 4  # the same twice over, of deaths with nothing else in the engine
_CLOCK_STEP_S = 2.0  # no file system's clock is coarser


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a prompt is rejected: how many engines died with it alone, and of what the last one died."""

    deaths: int
    cause: DeathCause

    @property
    def reason(self) -> str:
        """The reason of a row that is rejected for it."""
        return f"{REASON}{self.deaths} engines did ({IN_WORDS[self.cause]})"


class Suspects:
    """The prompts that recorded deaths make suspect, read again when there are new deaths."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory, self._folder = directory, directory.deaths
        self._known: set[str] = set()
        self._deaths: dict[str, list[Death]] = {}  # by suspect; those that count for nobody are left out
        # The folder's last change by the file system's clock, and when we first saw that time, by our clock.
        self._changed, self._first_seen = 0, 0.0
        self._is_settled = False  # False while a new file could still leave the time of change the same

    def refresh(self) -> None:
        """Read deaths that were recorded since the last time. There are few: one file each."""
        with contextlib.suppress(FileNotFoundError):
            now, changed = time.monotonic(), patiently(self._folder.stat).st_mtime_ns
            if changed != self._changed:
                self._changed, self._first_seen = changed, now
            elif self._is_settled:
                return  # one stat call, where every shard would cost a scan of the folder
            self._is_settled = now - self._first_seen > _CLOCK_STEP_S
            for path in listed(self._folder, "*.json"):
                if path.name not in self._known:
                    self._read(path)

    def _read(self, path: Path) -> None:
        self._known.add(path.name)
        with contextlib.suppress(RecordError):  # of another version of glane: its suspects are found again if need be
            death = read_record(Death, path)
            if death.weight:
                for suspect in death.suspects:
                    self._deaths.setdefault(suspect, []).append(death)

    @property
    def are_there(self) -> bool:
        """Whether any prompt is suspect."""
        return any(map(_is_suspect, self._deaths.values()))

    def is_suspect(self, digest: bytes) -> bool:
        """Whether this prompt is to be asked alone, because it was in an engine that died."""
        return _is_suspect(self._deaths.get(digest.hex(), ()))

    def verdict(self, digest: bytes) -> Verdict | None:
        """Why this prompt is rejected; None if it is not.

        Engines at two places must have died with it alone, unless there is only one place.
        """
        alone = _alone(self._deaths.get(digest.hex(), ()))
        if not _is_enough(alone) or self._could_be_the_place(alone):
            return None
        return Verdict(deaths=len(alone), cause=alone[-1].cause)

    def _could_be_the_place(self, deaths: Sequence[Death]) -> bool:
        """Whether all these deaths were at one place, and another place has a worker that could try."""
        found = {death.place for death in deaths}
        return len(found) == 1 and bool(places(self._directory) - found)

    @property
    def progress(self) -> int:
        """A number that grows when a prompt is first found alone in a dead engine, and when it is rejected for it."""
        alone = [deaths for deaths in map(_alone, self._deaths.values()) if deaths]
        return len(alone) + sum(map(_is_enough, alone))


def _is_suspect(deaths: Sequence[Death]) -> bool:
    return sum(death.weight for death in deaths) >= _SUSPECT_WEIGHT


def _alone(deaths: Sequence[Death]) -> list[Death]:
    return sorted((death for death in deaths if death.alone), key=lambda death: death.time)


def _is_enough(alone: Sequence[Death]) -> bool:
    return len(alone) > 1 and sum(death.weight for death in alone) >= _REJECT_WEIGHT
