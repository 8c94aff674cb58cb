"""Prepare the run directory of a work: new, resumed, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glane.corpus.plan import Plan, read_plan, write_plan
from glane.errors import RunError
from glane.run.audit import note_wrote
from glane.run.change import refuse_changing
from glane.run.deaths import bury_windows
from glane.run.description import RunDescription, description_bytes, known_run
from glane.run.directory import RunDirectory
from glane.run.erased import Erased, read_erased
from glane.run.fingerprint import Fingerprint, listed_differences
from glane.run.intact import check_intact
from glane.run.nested import with_nested
from glane.run.starts import record_start
from glane.run.work import Work
from glane.storage import exists, patiently, write_once


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """A run that workers can join."""

    directory: RunDirectory
    work: Work
    plan: Plan
    description: RunDescription
    is_new: bool
    notes: tuple[str, ...] = ()  # lines to tell at the start
    is_left: bool = False  # to another process, which publishes it

    @property
    def key(self) -> str:
        """The digest of the run's fingerprint."""
        return self.description.fingerprint_digest


def prepare_run(directory: RunDirectory, work: Work, *, cluster: Mapping[str, Any]) -> PreparedRun:
    """Check input and run directory, plan the shards unless that is done, and record this start with its `cluster`.

    Raises:
        DataError: if the input cannot be used.
        RunError: if the directory cannot be written, holds a run that would give another result, or one whose result
            has lost rows.
    """
    directory.set_umask()
    refuse_changing(directory)
    known = known_run(directory)
    draft = work.draft(known)
    erased = read_erased(directory)
    if known is not None:
        _refuse_other(directory, known, draft.description, erased)
    if draft.found is not None:
        draft.found.refuse_overlap(directory.root)
    if known is not None and directory.is_complete:
        check_intact(directory)
    if known is not None and directory.is_finished:  # nothing is written: it may lie on a read-only disk by now
        plan = _plan_of(directory)
        return PreparedRun(
            directory=directory, work=work, plan=plan, description=known, is_new=False, notes=erased.lines
        )  # fmt: skip
    directory.refuse_foreign()
    if erased.erasures and not exists(directory.plan):
        raise RunError(
            f"{directory.plan}: missing, and {erased.documents} documents were erased of this run, which a new plan "
            "would ask again. Restore it from a copy of the run, or choose another run.dir."
        )
    # The plan is made before anything is there, so that a wrong `where` or a duplicate id leaves no run behind.
    plan = _plan_of(directory) if known is not None and exists(directory.plan) else draft.plan()
    note_wrote(directory.root, directory.description.name, ())
    changed = directory.create()
    more = () if draft.beside is None or directory.is_complete else draft.beside(directory, plan)
    if known is None and not directory.write_once(directory.description, description_bytes(draft.description)):
        other = known_run(directory)
        assert other is not None
        _refuse_other(directory, other, draft.description, erased)
    if not exists(directory.plan):
        made = plan
        write_once(directory.plan, lambda stream: write_plan(made, stream), mode=directory.file_mode)
    # Read back, because another process may have been first. A plan that is read keeps no spans in memory, either.
    plan = _plan_of(directory)
    for place in with_nested(directory):
        bury_windows(place, lease_s=draft.description.lease_s)
    record_start(directory, cluster=cluster)
    refuse_changing(directory)  # again: who replaces files looks for starts once it has told that it does
    return PreparedRun(
        directory=directory,
        work=work,
        plan=plan,
        description=draft.description,
        is_new=known is None,
        notes=(*changed, *erased.lines, *draft.notes, *more),
    )


def _plan_of(directory: RunDirectory) -> Plan:
    return patiently(lambda: read_plan(directory.plan))


def _refuse_other(directory: RunDirectory, before: RunDescription, now: RunDescription, erased: Erased) -> None:
    if before.work != now.work:
        raise RunError(
            f"run.dir: {directory.root} holds a run of another kind ({before.work}, and this is {now.work}). "
            "Choose another run.dir."
        )
    if listed := listed_differences(before.fingerprint, _as_begun(now.fingerprint, before.fingerprint, erased)):
        raise RunError(
            f"run.dir: {directory.root} holds a run that would answer differently. What differs (there -> now):\n"
            f"{listed}\nChoose another run.dir, or give the former settings back to resume."
        )


def _as_begun(now: Fingerprint, before: Fingerprint, erased: Erased) -> Fingerprint:
    """A fingerprint in which inputs that documents were erased of are called what they were when the run began."""
    if not erased.former:
        return now
    found = erased.as_begun(now)
    rows = {entry["digest"]: entry["rows"] for entry in before["inputs"]}
    inputs = [{**entry, "rows": rows.get(entry["digest"], entry["rows"])} for entry in found["inputs"]]
    return {**found, "inputs": inputs}
