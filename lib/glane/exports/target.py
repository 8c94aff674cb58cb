"""What a format is: a function that writes the tables into a folder, and what it may be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.exports.bundle import Bundle
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user says of an export, beside its format."""

    with_evidence: bool = False
    with_text: bool = False
    locale: Language | None = None  # None: the language of the task
    encoding: str = "utf-8"


# Writes files into an empty folder, and returns sentences that the user must know. It shows no value in errors.
Writer = Callable[[Bundle, Options, Path], Sequence[str]]
