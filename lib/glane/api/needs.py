"""`glane.needs`: a notebook says what to run first, in place of a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from glane.api.needs_words import MISSING
from glane.errors import RunError


def needs(made_by: Mapping[str | Path, str]) -> None:
    """Stop a notebook with a sentence in French and in English if something that it reads is not there.

    Args:
        made_by: The command that makes each file or folder, in the order in which they are to be run.

    Raises:
        RunError: names what is missing and the commands that make it. A notebook shows it without a traceback.
    """
    missing = {str(place): command for place, command in made_by.items() if not Path(place).exists()}
    if missing:
        told = (text.format(places=", ".join(missing)) for text in MISSING.values())
        raise RunError("\n".join([*told, *(f"  {command}" for command in dict.fromkeys(missing.values()))]))
