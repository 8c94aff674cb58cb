"""Read what a command wrote into a folder: files that belong together, and none of a call that was ended half way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from glane.errors import DataError
from glane.run.links import RunLink
from glane.run.written import WRITTEN, FileSet, WrittenFiles, digest_of, read_written, standing


@contextlib.contextmanager
def read_together(folder: Path, names: Sequence[str], *, place: str) -> Iterator[tuple[RunLink, ...] | None]:
    """Have files of a folder read that one call of a command wrote, and that are as it left them.

    Args:
        folder: The folder.
        names: The files that are read.
        place: The setting that names the folder, for errors.

    Yields:
        The runs that they are of; None if it is not known, as of files that somebody copied alone.

    Raises:
        DataError: if a call was ended while it wrote them, one is of another call or was changed since, or if they are
            written while they are read.
        RecordError: if `.glane-files` is damaged.
    """
    written = read_written(folder)
    for name in names:
        _refuse_other(folder, written, name, place=place, with_changed=True)
    if len({written.mark_of(name) for name in names}) > 1:
        raise _mixed(folder, names[0], place, "some of what it wrote is of another command")
    mark = written.mark_of(names[0])
    yield None if mark is None else _there(folder, written, mark, place=place).runs
    if read_written(folder) != written:
        raise DataError(f"{place}: {folder} was written while it was read. Run the same command again.")


def refuse_mixed(path: Path, *, place: str) -> None:
    """Refuse a file that is of a call that was ended half way, or of an earlier one than those beside it.

    One that was changed by hand since, or that glane did not write, is not refused.

    Raises:
        DataError: with what to do.
        RecordError: if `.glane-files` is damaged.
    """
    _refuse_other(path.parent, read_written(path.parent), path.name, place=place, with_changed=False)


def is_whole(folder: Path, mark: str) -> bool:
    """Whether the last call of a command wrote all its files; True of what no call is known of.

    `mark` is the first file that it writes.
    """
    call = read_written(folder).calls.get(mark)
    return call is None or standing(folder, call) == call.now


def _refuse_other(folder: Path, written: WrittenFiles, name: str, *, place: str, with_changed: bool) -> None:
    mark, held = written.mark_of(name), written.digests.get(name, ())
    there = None if mark is None else _there(folder, written, mark, place=place)
    if not held or not (folder / name).is_file():
        return
    now = held[0] if there is None else there.files.get(name)
    found = digest_of(folder / name)
    if found == now:
        return
    if found in held:
        raise _mixed(folder, mark or name, place, f"{name} is of another call than what is beside it")
    if with_changed:
        raise DataError(
            f"{place}: {folder / name} was changed since glane wrote it. Restore it, or run the command that wrote it "
            "again in another folder."
        )


def _there(folder: Path, written: WrittenFiles, mark: str, *, place: str) -> FileSet:
    found = standing(folder, written.calls[mark])
    if found is None:
        raise _mixed(folder, mark, place, "a call of it was ended before all was written, and its files are of two")
    return found


def _mixed(folder: Path, mark: str, place: str, why: str) -> DataError:
    return DataError(
        f"{place}: what is in {folder} is no whole result of the command that wrote {mark}: {why} ({WRITTEN}). Run "
        "that command again."
    )
