"""Shapes that the settings of several jobs have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field as Key

from glane.validation import Strict

Count = Annotated[int, Key(ge=1)]


class Folder(Strict):
    """A directory, as `run.dir` or `out.dir`."""

    dir: str


def one_or_many(value: Any) -> Any:
    """What a list of names may be written as: one name, several, or nothing."""
    return () if value is None else (value,) if isinstance(value, str) else value
