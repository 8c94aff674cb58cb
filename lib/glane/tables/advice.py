"""The command that makes a table Parquet, as a remedy: with it, all that can be told of a table is told."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from glane.errors import GlaneError
from glane.tables.options import TableOptions


def advised(error: GlaneError, path: str | Path) -> str:
    """What is wrong with a table whose setting takes no options: those that the message names are the command's."""
    if "data." not in str(error):
        return str(error)
    return f"{error} Such keys are those of the command that makes it Parquet: {conversion_command(path)}"


def conversion_command(path: str | Path, options: TableOptions | None = None) -> str:
    """The command that makes a Parquet file of a table, with what was told of it."""
    path = Path(path)
    target = path.with_name(f"{path.name}.parquet")
    told = {} if options is None else options.told()
    words = [f"source={path}", f"data.path={target}", *(f"data.{name}={_word(value)}" for name, value in told.items())]
    return " ".join(["glane convert", *map(shlex.quote, words)])


def _word(value: object) -> str:
    if isinstance(value, str):
        return {"\t": "tab", " ": "space"}.get(value, value)
    return f"[{','.join(map(str, value))}]" if isinstance(value, Iterable) else str(value)
