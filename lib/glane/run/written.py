"""Where a command may write, and which files that are there it may replace: only its own, as it left them.

`.glane-files` beside them tells which files of a folder glane wrote, what they held, and of which runs they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Literal

from pydantic import Field as Key

from glane.errors import RunError
from glane.records import Record, read_record
from glane.run.links import RunLink
from glane.run.names import MARKER
from glane.storage import content_digest, replace_file, storage_errors

WRITTEN = ".glane-files"
_FILE_MODE = 0o600
_REMEMBERED = 16  # digests of a file: what it will hold, and what it may hold if writers were killed before


class WrittenFiles(Record):
    """What `.glane-files` says: which files in its folder glane wrote, digests of what they held, and their runs.

    By these a list of runs finds the folder.
    """

    kind: Literal["glane files"] = "glane files"
    version: Literal[1] = 1
    names: tuple[str, ...] = ()
    digests: Mapping[str, tuple[str, ...]] = {}
    runs: tuple[RunLink, ...] = Key(default=(), exclude_if=lambda value: not value)


def refuse_inside_run(path: str | Path, *, setting: str, itself: bool = True) -> None:
    """Refuse a path in the directory of a run, however deep, and however links lead there.

    `setting` is the key that chose the path. Unless `itself`, it may be the run's directory itself.

    Raises:
        RunError: naming the run.
    """
    told = Path(path).expanduser().absolute()
    with storage_errors(told, setting=setting):
        for place in (told, told.resolve()):
            for folder in ([place] if itself else []) + list(place.parents):
                if (folder / MARKER).exists():
                    where = "is" if folder == place else "lies in"
                    raise RunError(
                        f"{setting}: {path} {where} the directory of a run ({folder}), which holds its own files only. "
                        "Choose another."
                    )


def refuse_foreign(root: Path, names: Mapping[str, object], *, setting: str) -> None:
    """Refuse to replace files in a folder that glane did not write, or that were changed since.

    Raises:
        RunError: naming the first of them.
    """
    written = read_written(root)
    for name in names:
        path = root / name
        if not path.exists() and not path.is_symlink():
            continue
        if name not in written.names:
            why = f"is there, and {WRITTEN} does not say that glane wrote it"
        elif name in written.digests and not (path.is_file() and digest_of(path) in written.digests[name]):
            why = "was changed since glane wrote it"
        else:
            continue
        raise RunError(f"{setting}: {path} {why}. Choose another {setting}, or move the file.")


def note_written(root: Path, digests: Mapping[str, str], *, setting: str, of: Sequence[RunLink] = ()) -> None:
    """Write down in a folder which files glane is about to write there, by name, with the digests of their content.

    They are `of` these runs, or of those that it names already.

    Raises:
        RunError: if the file system refuses.
    """
    written = read_written(root)
    now = {name: (new, *written.digests.get(name, ()))[:_REMEMBERED] for name, new in digests.items()}
    told = written.model_copy(
        update={
            "names": tuple(sorted({*written.names, *digests})),
            "runs": tuple(of) or written.runs,
            "digests": dict(sorted({**written.digests, **now}.items())),
        }
    )

    def write(stream: IO[bytes]) -> None:
        stream.write(told.as_json())

    replace_file(root / WRITTEN, write, mode=_FILE_MODE, setting=setting)


def forget_earlier(root: Path, digests: Mapping[str, str], *, gone: Sequence[str], setting: str) -> None:
    """Write down what files hold now, and no more what they held before, nor those that are gone.

    Who knows nearly all of a file finds the rest by its digest: those of what may not leave must not stay either.

    Raises:
        RunError: if the file system refuses.
    """
    written = read_written(root)
    told = written.model_copy(
        update={
            "names": tuple(name for name in written.names if name not in gone),
            "digests": {name: one for name, one in written.digests.items() if name not in gone}
            | {name: (one,) for name, one in digests.items()},
        }
    )
    replace_file(root / WRITTEN, lambda stream: stream.write(told.as_json()), mode=_FILE_MODE, setting=setting)  # type: ignore[arg-type]


def read_written(root: Path) -> WrittenFiles:
    """What glane wrote into a folder; nothing where it does not say.

    Raises:
        RecordError: if the file is damaged.
    """
    try:
        return read_record(WrittenFiles, root / WRITTEN)
    except FileNotFoundError:
        return WrittenFiles()


def digest_of(content: bytes | Path) -> str:
    """The digest of what a file holds."""
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    with content.open("rb") as stream:
        return content_digest(stream)
