"""Some of the files that a command wrote replaced or removed: what is left is whole, and what was is forgotten."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Mapping
from pathlib import Path

from glane.run.audit import note_wrote
from glane.run.written import (
    WRITTEN,
    Call,
    alone_in,
    digest_of,
    has_all,
    read_written,
    refuse_foreign,
    standing,
    write_written,
)
from glane.storage import replace_file, storage_errors


def amend(root: Path, new: Mapping[str, bytes | None], *, setting: str) -> None:
    """Replace some files that glane wrote into a folder, or remove them (None), and leave the others of their calls.

    Nothing is said any more of what the files held before. Of a call that is amended and then ended half way, readers
    say that it is not whole; the same amendment ends it. Without files, such a call is ended, as far as it is.

    Raises:
        RunError: if a file is not as glane wrote it, or the file system refuses.
    """
    with alone_in(root, setting=setting):
        refuse_foreign(root, new, setting=setting)
        written = read_written(root)
        told = {name: None if content is None else digest_of(content) for name, content in new.items()}
        if new:
            note_wrote(root, next(iter(new)), [one.id for one in written.all_runs])
            calls = {mark: _amended(root, call, told) for mark, call in written.calls.items()}
            both = {
                name: (digest, *written.digests.get(name, ())) for name, digest in told.items() if digest is not None
            }
            begun = written.model_copy(update={"calls": calls, "digests": {**written.digests, **both}})
            write_written(root, begun, setting=setting)
        for name, content in new.items():
            if content is None:
                with storage_errors(root / name, setting=setting):
                    (root / name).unlink(missing_ok=True)
            else:
                replace_file(
                    root / name, lambda stream, content=content: stream.write(content),  # type: ignore[misc]
                    mode=stat.S_IMODE((root / name).stat().st_mode), setting=setting,  # who could read it still can
                )  # fmt: skip
        _end_amendment(root, setting=setting)


def _amended(root: Path, call: Call, told: Mapping[str, str | None]) -> Call:
    """A call some of whose files are going to be others."""
    if not call.names & told.keys():
        return call
    there = standing(root, call) or call.now
    files = {name: told.get(name, digest) for name, digest in there.files.items()}
    now = there.model_copy(update={"files": {name: digest for name, digest in files.items() if digest is not None}})
    return Call(now=now, is_whole=False)


def _end_amendment(root: Path, *, setting: str) -> None:
    """Say that calls are whole that are, and of files only what they hold now; nothing of those that are gone."""
    written = read_written(root)
    calls = {
        mark: Call(now=call.now, is_whole=True) if not call.is_whole and has_all(root, call.now) else call
        for mark, call in written.calls.items()
    }
    held = {name: digests for name, digests in written.digests.items() if (root / name).exists()}
    now = {
        name: digests[:1] if written.mark_of(name) is None or calls[written.mark_of(name) or ""].is_whole else digests
        for name, digests in held.items()
    }
    calls = {mark: call for mark, call in calls.items() if call.names}
    names = tuple(name for name in written.names if (root / name).exists())
    if written.names and not names:
        with storage_errors(root, setting=setting), contextlib.suppress(FileNotFoundError):
            (root / WRITTEN).unlink()
        with contextlib.suppress(OSError):  # something else is there
            root.rmdir()
        return
    ended = written.model_copy(update={"calls": calls, "digests": now, "names": names})
    if ended != written:
        write_written(root, ended, setting=setting)
