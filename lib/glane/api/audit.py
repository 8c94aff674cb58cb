"""`glane.audit`: is the audit log what was written into it?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.languages import Spoken
from glane.records import Record, read_record
from glane.run.audit import audit_folder
from glane.run.audit_chain import Checked, check, parsed_lines
from glane.run.audit_entry import AuditEntry
from glane.storage import listed, write_once
from glane.validation import Strict

_PATTERN = "*.jsonl"


class Head(Strict):
    """The last entry of a chain."""

    number: int
    sha256: str


class AuditHeads(Record):
    """The heads of all chains of a log: who keeps or signs it elsewhere finds out what is cut off later."""

    kind: Literal["glane audit heads"] = "glane audit heads"
    version: Literal[1] = 1
    made: str  # in UTC
    heads: Mapping[str, Head]  # by file


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Spoken):
    """What an audit log is found to be. `str()` of it is a line for each chain."""

    folder: Path
    chains: tuple[Checked, ...]
    gone: tuple[str, ...] = ()  # files that had a head, and are not there
    shown: tuple[AuditEntry, ...] = ()  # the last entries

    @property
    def problems(self) -> list[str]:
        """Where the log is not what was written into it."""
        broken = [f"{self.folder / one.name}: {one.problem}" for one in self.chains if one.problem is not None]
        return [*broken, *(f"{self.folder / name}: is gone" for name in self.gone)]

    @property
    def heads(self) -> AuditHeads:
        """The heads as they are now."""
        return AuditHeads(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            heads={one.name: Head(number=one.entries, sha256=one.head) for one in self.chains},
        )

    def refuse_broken(self) -> None:
        """Raise a `DataError` that names what is broken, if anything is."""
        if self.problems:
            raise DataError("\n".join(self.problems))

    def _in_english(self) -> str:
        lines = [_line(one) for one in self.chains]
        return "\n".join([*(lines or [f"no entry in {self.folder} yet"]), *map(_entry_line, self.shown)])


def audit(folder: str | Path | None = None, *, against: str | Path | None = None, show: int = 0) -> Audit:
    """Check all chains of an audit log.

    Args:
        folder: Of the log; what `GLANE_AUDIT` names if None.
        against: A file of heads that `write_heads` wrote earlier.
        show: So many of the last entries are told.

    Raises:
        ConfigError: if no folder is named.
        GlaneError: if the log, or the file of heads, cannot be read. What is broken is in the result.
    """
    root = audit_folder() if folder is None else Path(folder).expanduser().absolute()
    if root is None:
        raise ConfigError("dir: no audit log is named. Give dir=…, or set GLANE_AUDIT or audit in the site's file.")
    if not root.is_dir():
        raise RunError(f"dir: {root} is no folder. Give that of the audit log.")
    kept = {} if against is None else _read_heads(Path(against).expanduser()).heads
    try:
        paths = listed(root, _PATTERN)
    except OSError as error:
        raise RunError(
            f"dir: {root} cannot be read ({error.strerror}). Audit as a user who may read the log."
        ) from None
    at = {name: {one.number: one.sha256} for name, one in kept.items()}
    chains = tuple(check(path, at=at.get(path.name)) for path in paths)
    entries = sorted((one for path in paths for one in parsed_lines(path)), key=lambda one: one.time) if show else []
    gone = tuple(sorted(set(kept) - {path.name for path in paths}))
    return Audit(folder=root, chains=chains, gone=gone, shown=tuple(entries[-show:]) if show else ())


def write_heads(found: Audit, path: str | Path) -> Path:
    """Write the heads of a log into a new file.

    Raises:
        ConfigError: if a file is there already.
        RunError: if the file system refuses.
    """
    target = Path(path).expanduser()
    content = found.heads.as_json()
    if not write_once(target, lambda stream: stream.write(content), mode=0o644, setting="out"):
        raise ConfigError(f"out: {target} is there already. Choose another name: heads of earlier days are kept.")
    return target


def _read_heads(path: Path) -> AuditHeads:
    try:
        return read_record(AuditHeads, path)
    except FileNotFoundError:
        raise RunError(f"against: {path} is not there. Give a file that glane audit out=… wrote.") from None
    except GlaneError as error:
        raise RunError(f"against: {error} Give a file that glane audit out=… wrote.") from None


_COUNTED: Mapping[str, str] = {  # entries of each outcome and event, as they are told
    "began": "{num:,} command(s) begun",
    "read": "{num:,} reading(s) of runs",
    "wrote": "{num:,} writing(s) of results",
    "repaired": "{num:,} torn line(s) ended",
    "done": "{num:,} command(s) done",
    "refused": "{num:,} refusal(s)",
    "unusable": "{num:,} command(s) with unusable rows",
    "failed": "{num:,} failure(s)",
    "interrupted": "{num:,} interruption(s)",
}


def _line(one: Checked) -> str:
    told = f"; {one.repaired} torn lines told" if one.repaired else ""
    if one.turned_back:
        told = f"{told}; its clock went back {one.turned_back} times"
    if one.names > 1:
        told = f"{told}; it has {one.names} names (hard links), which are no copies: they change with it"
    more = f"{told}; its last line is torn" if one.is_torn else told
    if not one.entries:
        return f"{one.name}: no entry{more}" if one.problem is None else f"{one.name}: broken before any entry{more}"
    counts = ", ".join(words.format(num=num) for name, words in _COUNTED.items() if (num := one.counted.get(name)))
    told = f"{one.entries:,} entries: {counts}{more}; head {one.head[:16]}"
    return f"{one.name}: whole, {told}" if one.problem is None else f"{one.name}: broken after {told}"


_FIRST = frozenset({"kind", "version", "number", "before", "time", "user", "host", "process", "session", "glane"})


def _entry_line(one: AuditEntry) -> str:
    told = one.model_dump(mode="json", exclude_none=True, exclude={*_FIRST, "event", "command"})
    values = json.dumps(told, ensure_ascii=False, separators=(",", ":"))  # no ': ', which French writes apart
    return f"{one.time} {one.user}@{one.host} {one.command} {one.event} {values}"
