"""What writers left that were killed, in folders of results and data sets: it may hold what is erased."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from glane.job.erase.data import is_ours
from glane.job.erase.rows import folders_of
from glane.job.erase.todo import Todo
from glane.pseudonyms.offsets_file import is_offsets
from glane.run.names import UNFINISHED
from glane.storage import TEMPORARY

# Of a file, or of a folder: of a data set, of one of glane ingest, and of an export.
_LEFT = re.compile(rf"{UNFINISHED.pattern}|\..+-[0-9a-f]{{32}}\.tmp|\..+\.glane-export-[0-9a-f]{{8}}-\w+")


def unfinished_of(todo: Todo, folder: Path) -> re.Pattern[str]:
    """The names of such files that go with a folder: all of one of glane's; of another, those of what is erased from.

    Who writes there without its lock, as a command does into a folder of the user's, is left alone.
    """
    here = [one.path for one in todo.data if one.path.parent == folder]
    if folder in todo.place.written or any(is_ours(path) or is_offsets(path) for path in here):
        return UNFINISHED
    return re.compile(rf"\.(?:{'|'.join(re.escape(path.name) for path in here)}){TEMPORARY}")


def unfinished_below(todo: Todo) -> Iterator[Path]:
    """All such files in folders of results and data sets, and those in folders that are such."""
    for folder, names in folders_of(todo.place, todo.related)[0].items():
        is_left = any(_LEFT.fullmatch(part) for part in folder.parts)
        yield from (folder / name for name in names if is_left or _LEFT.fullmatch(name))
