"""What the clean job is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.keep import KINDS, Keep, Kind
from glane.settings.shapes import ChosenRuns
from glane.validation import validated

_LEFT_OVER = frozenset({"unfinished", "parts"})  # what a run has no use for
_DAYS = 30.0  # of these, where nobody says anything


class CleanSettings(ChosenRuns):
    """What `jobs/clean.py` is told."""

    keep: Keep = Keep()
    keep_days: float | None = Key(default=None, ge=1)  # of what is left over, where `keep` says nothing of it
    remove: bool = False  # else it is told only

    @property
    def places(self) -> tuple[str, ...]:
        """The directories and glob patterns to look at."""
        return self.runs or (str(self.run.dir),)

    def ages(self, site: Keep) -> dict[Kind, float]:
        """The ages in days by kind, infinite for never: the command line's, else the site's, else glane's own."""
        return {kind: self._age(kind, site) for kind in KINDS}

    def days_of_submissions(self, site: Keep) -> float:
        """The age in days of scripts and logs of jobs that are over."""
        said = (self.keep.logs, self.keep_days, site.logs, _DAYS)
        return next(days for days in said if days is not None)

    def _age(self, kind: Kind, site: Keep) -> float:
        is_left_over = kind in _LEFT_OVER
        said = (
            self.keep.of(kind), self.keep_days if is_left_over else None, site.of(kind),
            _DAYS if is_left_over else math.inf,
        )  # fmt: skip
        return next(days for days in said if days is not None)


def clean_settings(values: Mapping[str, Any]) -> CleanSettings:
    """Read the composed configuration of the clean job; raises `ConfigError` as `extract_settings` does."""
    return validated(CleanSettings, values, place="")
