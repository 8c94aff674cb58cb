"""What a check of a site found. Checks never raise: what goes wrong in one is what it found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal

from glane.errors import GlaneError, where
from glane.validation import Strict

State = Literal["ok", "warning", "failed", "skipped"]
Findings = Sequence["Finding"]


class Finding(Strict):
    """One check: what was seen, and what to do if it is not right."""

    name: str
    state: State
    seen: str
    remedy: str = ""


def ok(name: str, seen: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(name=name, state="ok", seen=seen)


def warning(name: str, seen: str, remedy: str) -> Finding:
    """A check that found what costs time, or goes wrong in some cases."""
    return Finding(name=name, state="warning", seen=seen, remedy=remedy)


def failed(name: str, seen: str, remedy: str = "") -> Finding:
    """A check that found what a run would fail with. An error has its remedy in its last sentences already."""
    return Finding(name=name, state="failed", seen=seen, remedy=remedy)


def skipped(name: str, seen: str) -> Finding:
    """A check that had nothing to look at."""
    return Finding(name=name, state="skipped", seen=seen)


def within(name: str, limit_s: float, check: Callable[[], Findings]) -> Findings:
    """What `check` returns; a failed finding called `name` if it raises, or has not ended after `limit_s` seconds.

    A check that does not end, such as one of a file system that hangs, is left behind in a thread that does not keep
    the process from ending.
    """
    found: list[Findings] = []

    def run() -> None:
        try:
            found.append(check())
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            found.append(
                [failed(name, f"{place}{error.strerror or type(error).__name__}", "Mend this, or ask the site.")]
            )
        except GlaneError as error:
            found.append([failed(name, str(error))])
        except Exception as error:  # a mistake of glane must not hide what the other checks found
            found.append([failed(name, f"the check itself failed: {where(error)}", "Please report this.")])

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(limit_s)
    if found:
        return found[0]
    return [failed(name, f"no answer within {limit_s:.0f} s", "Something hangs there: ask the site.")]
