"""Shapes that the settings of several jobs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic import Field as Key

from glane.validation import Strict


def _at_home(path: str) -> str:
    return str(Path(path).expanduser()) if path.startswith("~") else path


Count = Annotated[int, Key(ge=1)]
HomePath = Annotated[str, AfterValidator(_at_home)]  # where "~" is the home: a shell leaves it in KEY=~/folder


class Folder(Strict):
    """A directory, as `run.dir` or `out.dir`."""

    dir: HomePath


def one_or_many(value: Any) -> Any:
    """What a list of names may be written as: one name, several, or nothing."""
    return () if value is None else (value,) if isinstance(value, str) else value
