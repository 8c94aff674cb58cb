"""What a verification says of each file."""

from __future__ import annotations

from typing import Literal

from glane.records import Record
from glane.run.digests import Renewed
from glane.validation import Strict

# Cleaned: by `glane clean`. Unreadable: by who verifies, so that nothing is known of it.
State = Literal["equal", "changed", "missing", "unreadable", "cleaned", "not covered"]
Part = Literal["run", "inputs", "tables", "sentinels", "task", "weights", "made of it"]


class Check(Strict):
    """One file, or something that was computed again."""

    part: Part
    place: str
    state: State
    why: str = ""


class Verification(Record):
    """What was compared of a run, and what came of it."""

    kind: Literal["glane verification"] = "glane verification"
    version: Literal[2] = 2
    run: str
    time: str  # ISO 8601 in UTC
    own: str | None  # the digest of the run's digests, which stands for all of them
    renewed: tuple[Renewed, ...] = ()  # when files of the run were replaced, and digests taken anew
    erased: int = 0  # documents that were erased of the run
    checks: tuple[Check, ...]

    @property
    def is_as_it_was(self) -> bool:
        """Whether all could be read, nothing was changed, and nothing is missing."""
        return not self.is_other and not any(one.state == "unreadable" for one in self.checks)

    @property
    def is_other(self) -> bool:
        """Whether something was changed or is missing."""
        return any(one.state in ("changed", "missing") for one in self.checks)
