"""`glane.verify`: every digest of a run taken again, from its inputs to what was made of it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, get_args

from glane.errors import ConfigError, RecordError, RunError, UnreadableError
from glane.job.verify.frozen import frozen_sets
from glane.job.verify.made import made_of_run
from glane.job.verify.own_files import FINGERPRINT, own_files
from glane.job.verify.record import Check, State, Verification
from glane.job.verify.sources import sources
from glane.languages import Spoken, in_language
from glane.run.description import read_description
from glane.run.digests import RunDigests, read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.erased import Erased, read_erased
from glane.storage import replace_file

_SHOWN = 20  # files of a part and a state that are told; the file `out` has all


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Spoken):
    """What came of a verification. `str()` of it is a line for each file, and no text of a document."""

    verification: Verification

    @property
    def is_as_it_was(self) -> bool:
        """Whether all could be read, nothing was changed, and nothing is missing."""
        return self.verification.is_as_it_was

    def _in_english(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        checks = self.verification.checks
        for state in get_args(State):
            for part in dict.fromkeys(one.part for one in checks):
                yield from _group([one for one in checks if (one.state, one.part) == (state, part)])
        counts = ", ".join(
            f"{in_language(state)} {sum(one.state == state for one in checks)}" for state in get_args(State)
        )
        for one in self.verification.renewed:
            yield f"files replaced by {one.command} on {one.time}; the digest of all digests was {one.before} before"
        if self.verification.erased:
            yield f"{self.verification.erased} document(s) were erased of this run (erased.json)"
        yield f"{self.verification.run}: {counts}"
        if self.verification.own is not None:
            yield f"digest of all digests of the run: {self.verification.own} (note it elsewhere, to compare later)"


def _group(checks: Sequence[Check]) -> Iterator[str]:
    for one in checks[:_SHOWN]:
        yield f"{in_language(one.state):<12} {_place(one)}{f' ({in_language(one.why)})' if one.why else ''}"
    if len(checks) > _SHOWN:
        yield f"{in_language(checks[0].state):<12} … and {len(checks) - _SHOWN} more"


def _place(one: Check) -> str:
    """The name of a file; of what is none, as the user says it."""
    folder, name = os.path.split(one.place)
    return os.path.join(folder, in_language("fingerprint")) if (one.part, name) == ("run", FINGERPRINT) else one.place


def verify(
    run: str | Path, *, folders: str | Path | Sequence[str | Path] = (), out: str | Path | None = None
) -> Verified:
    """Take every digest of a run again, and compare it with what was written down. Nothing of it is changed.

    Args:
        run: Its directory.
        folders: Where to look for what was made of it; not given, in the folder that the run lies in.
        out: A JSON file with all of it, file by file.

    Raises:
        ConfigError: if `out` is there already, or a folder is not.
        RunError: if there is no run, or its folder may not be entered.
    """
    directory = RunDirectory(root=Path(run).expanduser().absolute())
    if not _is_run(directory, run):
        raise RunError(f"run.dir: {run} holds no run. Give the run.dir of an extraction.")
    target = None if out is None else Path(out).expanduser()
    if target is not None and target.exists():
        raise ConfigError(f"out: {target} is there already. Choose another name, or move the file.")
    given = [folders] if isinstance(folders, str | Path) else list(folders)
    places = [Path(one).expanduser().absolute() for one in given] or [directory.root.parent]
    if absent := [str(one) for one in places if not one.is_dir()]:
        raise ConfigError(f"folder: {absent[0]} is no directory, so nothing in it would be compared. Give one that is.")
    checks = [*own_files(directory), *_others(directory, places)]
    taken, erased = _taken(directory), _erased(directory)
    verification = Verification(
        run=str(directory.root), time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        own=None if taken is None else taken.expected(), renewed=() if taken is None else taken.renewed,
        erased=0 if erased is None else erased.documents, checks=tuple(checks),
    )  # fmt: skip
    if target is not None:
        _write(target, verification)
    return Verified(verification=verification)


def _is_run(directory: RunDirectory, told: str | Path) -> bool:
    try:
        return directory.marker.is_file() and directory.description.is_file()
    except (OSError, ValueError) as error:  # a name that no file can have, too
        why = getattr(error, "strerror", None) or type(error).__name__
        raise RunError(
            f"run.dir: {told} cannot be looked at ({why}). Verify as a user who may read it, or ask its owner."
        ) from None


def _others(directory: RunDirectory, places: Sequence[Path]) -> Iterator[Check]:
    try:
        description = read_description(directory)
        identity = directory.identity()
    except (RecordError, RunError):  # the file is told as changed or unreadable; what it would say is not known
        return
    yield from sources(directory, description, _erased(directory))
    yield from frozen_sets(directory)
    yield from made_of_run(identity, description.fingerprint_digest, places)


def _erased(directory: RunDirectory) -> Erased | None:
    """What was erased of the run; None where that may not be read."""
    try:
        return read_erased(directory)
    except UnreadableError:
        return None
    except RecordError:  # the file is told as changed
        return Erased()


def _taken(directory: RunDirectory) -> RunDigests | None:
    try:
        return read_digests_of_run(directory)
    except RecordError:
        return None


def _write(path: Path, verification: Verification) -> None:
    def write(stream: IO[bytes]) -> None:
        stream.write(verification.as_json())

    replace_file(path, write, mode=0o600, setting="out")
