"""Errors, with messages by which the reader can correct them.

A `GlaneError` is caused by something that a user can change. Jobs print it without a traceback. Messages name the
value, the place and the remedy, and never hold text of a document.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GlaneError(Exception):
    """An error that a user can cause and correct. It is printed without a traceback."""


class ConfigError(GlaneError):
    """A setting, an override or a task definition is wrong."""


class DataError(GlaneError):
    """The input files cannot be used as they are."""


class RunError(GlaneError):
    """The run directory cannot be used or written, or belongs to another run."""


class RecordError(GlaneError):
    """A file that glane wrote is damaged, or of another kind or version than expected."""


class EngineError(GlaneError):
    """An engine cannot be started, or keeps dying."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return a sentence that lists the valid names. If one is similar to `name`, it is suggested first."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Valid: {', '.join(names) if names else '(none)'}."
