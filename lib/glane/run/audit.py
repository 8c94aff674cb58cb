"""The audit log of a site: which command of whom read, wrote or was refused, with which run and configuration.

It is on where `GLANE_AUDIT`, or the site's file for commands, names a folder. Each user has a file there for each host,
so that nobody writes what is another's; its lines are chained (`glane.run.audit_chain`). An entry is on the disk before
what it tells is done, and where it cannot be written, that is not done.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glane.errors import GlaneError, RunError
from glane.run.audit_chain import SETTING, account, append
from glane.run.audit_entry import AuditedRun, AuditEntry, Event
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.names import MARKER
from glane.versions import installed_version

_command, _session = "python", ""


def audit_folder() -> Path | None:
    """The folder of the audit log; None where there is none."""
    told = os.environ.get(SETTING)
    return Path(told).expanduser().absolute() if told else None


def begin_session(command: str, **told: Any) -> None:
    """Say which command this process does from now on, and write down that it began.

    Raises:
        RunError: if the log cannot be written.
    """
    global _command, _session
    _command, _session = command, uuid.uuid4().hex
    note("began", **told)


def note(event: Event, **told: Any) -> None:
    """Write down an event of this session, if there is an audit log; `told` are fields of an entry.

    Raises:
        RunError: if the log cannot be written.
    """
    global _session
    folder = audit_folder()
    if folder is None:
        return
    if not folder.is_dir():
        raise RunError(
            f"{SETTING}: {folder} is no folder, and nothing is done that is not written down there. Who runs the site "
            "makes it, as docs/audit.md says."
        )
    _session = _session or uuid.uuid4().hex
    user, host = user_name(), re.sub(r"[^\w.-]", "_", os.uname().nodename)

    def entry(number: int, before: str) -> AuditEntry:
        return AuditEntry(
            number=number, before=before, time=datetime.now(UTC).isoformat(timespec="milliseconds"), user=user,
            host=host, process=os.getpid(), session=_session, glane=installed_version("glane"), event=event,
            command=_command, **told,
        )  # fmt: skip

    append(folder / f"{user}@{host}.jsonl", entry)


@contextlib.contextmanager
def noted_read(directory: RunDirectory) -> Iterator[None]:
    """Write down that a run is read, before it is, and if that is refused within.

    Raises:
        RunError: if the log cannot be written.
    """
    if audit_folder() is None:
        yield
        return
    run, folder = audited_run(directory), str(directory.root)
    note("read", run=run, folder=folder)
    try:
        yield
    except (GlaneError, OSError) as error:
        note("read", run=run, folder=folder, outcome="refused", reason=type(error).__name__)
        raise


def note_reads_inside_runs(paths: Iterable[str | Path]) -> None:
    """Write down each run of which files are about to be read by their paths, as an input is.

    Raises:
        RunError: if the log cannot be written.
    """
    if audit_folder() is None:
        return
    for folder in dict.fromkeys(folder for path in paths for folder in Path(path).resolve().parents):
        if (folder / MARKER).is_file():
            note("read", run=audited_run(RunDirectory(root=folder)), folder=str(folder))


def note_wrote(folder: Path, first_file: str, of: Iterable[str]) -> None:
    """Write down that results are about to be written into a folder. `of` are the ids of the runs they are made of.

    Raises:
        RunError: if the log cannot be written.
    """
    if audit_folder() is not None:
        note("wrote", folder=str(folder.absolute()), first_file=first_file, of=tuple(of))


def audited_run(directory: RunDirectory) -> AuditedRun | None:
    """A run by its id and its digests; None where there is none that can be read."""
    with contextlib.suppress(GlaneError, OSError):
        told = read_description(directory)
        model = told.fingerprint.get("model")
        digests = model.get("digests", {}) if isinstance(model, dict) else {}
        return AuditedRun(id=directory.identity(), fingerprint=told.fingerprint_digest, weights=digests.get("weights"))
    return None


def user_name() -> str:
    """Who runs this process, as a file name may hold it."""
    return account(os.geteuid())
