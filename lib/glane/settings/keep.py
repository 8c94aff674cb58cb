"""How long the files of a run are kept, by kind: what a site says once, and a command line in its place."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from glane.validation import Strict

Kind = Literal["unfinished", "parts", "unpublished", "ledger", "logs", "pilots"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NEVER = "never"
_AGE = re.compile(r"(\d+(?:\.\d+)?) ?([hdw])")
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
_LEAST_DAYS = 1.0  # clocks of machines differ, and work may pause for hours


def _days(value: Any) -> float | None:
    if value is None:
        return None
    if value == NEVER:
        return math.inf
    found = _AGE.fullmatch(str(value))
    if found is None:
        raise ValueError("an age is a number and its unit, as 36h, 30d or 8w, or never")
    if (days := float(found[1]) * _DAYS[found[2]]) < _LEAST_DAYS:
        raise ValueError("an age of at least 24h")
    return days


Age = Annotated[float | None, BeforeValidator(_days)]  # in days; None where nothing is said


class Keep(Strict):
    """Ages, in days, after which files that nobody changed may be removed; infinite for never."""

    unfinished: Age = None  # files and results that killed processes left
    parts: Age = None  # committed shards that a whole published result holds
    unpublished: Age = None  # committed shards that no result holds: the only copy
    ledger: Age = None  # heartbeats and deaths of a finished run
    logs: Age = None  # extract.log of a finished run; scripts and logs of jobs that are over
    pilots: Age = None  # samples and trials that a pilot left

    def of(self, kind: Kind) -> float | None:
        """The age of a kind; None where nothing is said."""
        age: float | None = getattr(self, kind)
        return age
