"""Erase documents from runs and from all that was made of them: told first, then done, then proved by a search."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from glane.errors import ConfigError, RunError, told
from glane.extraction.selection import listed_ids
from glane.job.clean import busy_runs
from glane.job.erase.data import PSEUDONYMISED_SET
from glane.job.erase.ids import digest_of_ids, ids_in, ids_told_by
from glane.job.erase.look import look
from glane.job.erase.made import Step, do_steps
from glane.job.erase.rows import RunRows
from glane.job.erase.run import (
    check_run,
    empty_own_input,
    erase_rows,
    know_inputs,
    put_former,
    put_tombstone,
)
from glane.job.erase.tell import lines, lines_apart, tell_left
from glane.job.erase.todo import COMMAND, Todo, is_under_way, told_how_to_go_on
from glane.job.erase.unfinished import unfinished_of
from glane.job.erase.walk import unreadable_told
from glane.job.erase.writable import refuse_changed_before, refuse_unwritable
from glane.run.amend import amend
from glane.run.change import Changing, changing, remove_unfinished
from glane.run.directory import RunDirectory
from glane.run.erased import known_erased, read_erased
from glane.run.find import find_all_runs
from glane.run.written import alone_in, digest_of, read_written
from glane.settings import DataSettings, EraseSettings
from glane.storage import exists
from glane.validation import validated


def erase(settings: EraseSettings, *, say: Callable[[str], None]) -> bool:
    """Tell what would be erased, or erase it if the settings say so. Return whether nothing of it is left then.

    Raises:
        ConfigError: if an id is of no document.
        RunError: if a run is at work, or cannot be without the documents; nothing is erased then.
    """
    # As they are without links: a run that is reached by two ways is one.
    named = list(dict.fromkeys(Path(one).expanduser().resolve() for one in find_all_runs(settings.places)))
    for root in named:
        if not exists(RunDirectory(root=root).description):
            raise RunError(f"run.dir: {root} holds no run. Give the run.dir of a run.")
    with unreadable_told():
        todo = look(settings, named)
        _refuse(settings, todo)
    if todo.is_empty:
        say("nothing is left of these documents in these runs")
        for line in lines_apart(todo):
            say(line)
        return tell_left(todo, say)
    if settings.remove:
        refuse_unwritable(todo)
        with told_how_to_go_on(todo):
            _do(todo)
    for line in lines(todo, is_done=settings.remove):
        say(line)
    if settings.remove:
        return tell_left(todo, say)
    say(f"{len(todo.runs)} run(s), {len(todo.steps)} file(s) of results; the same command with remove=true does it")
    return True


def _refuse(settings: EraseSettings, todo: Todo) -> None:
    """Refuse what cannot be done, before anything is."""
    missing = todo.ids - _seen(todo)
    if missing:
        known: set[str] = set()
        for rows in todo.runs or [RunRows(directory=RunDirectory(root=root), ids=todo.ids) for root in todo.place.runs]:
            known |= known_erased(read_erased(rows.directory), sorted(missing - known))
        missing -= known
    if missing:
        shown = ", ".join(told(one) for one in sorted(missing)[:3]) + (", …" if len(missing) > 3 else "")
        raise ConfigError(
            f"ids: {len(missing)} id(s) of no document in {settings.places[0]}: {shown}. Nothing was done. Ids are "
            "compared letter by letter. Of a person, give the ids of all documents; of runs over groups, those of the "
            "groups."
        )
    _refuse_busy(todo)
    refuse_changed_before(todo)
    for rows in todo.runs:
        check_run(rows)
    signed = sorted({one.folder for one in todo.steps if one.does == "signed"})
    if signed and settings.remove and not settings.signed:
        raise RunError(
            f"{signed[0]}: a signed brief holds the documents, and is removed only where signed=true says so. Nothing "
            "was done."
        )


def _refuse_busy(todo: Todo) -> None:
    if busy := busy_runs([one.directory.root for one in todo.runs]):
        root, why = next(iter(busy.items()))
        raise RunError(f"{root}: {why}. Erase once nobody works on it; nothing was done.")


def _seen(todo: Todo) -> set[str]:
    """The ids of which there is a row anywhere."""
    found: set[str] = set()
    for rows in todo.runs:
        found |= ids_in(rows)
    if any(is_under_way(rows, todo.ids) for rows in todo.runs):
        return set(todo.ids)
    names = {name for one in todo.related for name in (one.name, str(one.data.get("id_column", "id")))}
    for path in [step.path for step in todo.steps if step.rows] + [file.path for file in todo.data if file.rows]:
        if missing := todo.ids - found:
            found |= ids_told_by(path, missing, names)
    return found


def _do(todo: Todo) -> None:
    """Folders first, as what is looked for in them is known from the runs; then these, and then data sets."""
    resumed = {rows for rows in todo.runs if is_under_way(rows, todo.ids)}
    results = {one.folder for one in todo.steps}.union(_torn(todo))  # whose amendment takes their lock
    locking = {one.path.parent for one in todo.data if one.takes_lock}
    apart = {one.path.parent for one in todo.data} - results - locking
    emptied = [one.path for one in todo.data if one.what == PSEUDONYMISED_SET and one.path not in todo.apart.unknown]
    with contextlib.ExitStack() as stack:
        for folder in sorted(apart):  # what somebody encrypts again there would come back
            stack.enter_context(alone_in(folder, setting="folder"))
        at_work = {
            rows: stack.enter_context(
                changing(rows.directory, command=COMMAND, of=digest_of_ids(todo.ids, rows.directory))
            )
            for rows in todo.runs
        }
        _refuse_busy(todo)  # again: who starts now finds the run under way
        for folder in sorted(results | apart | locking):
            with contextlib.nullcontext() if folder in apart else alone_in(folder, setting="folder"):
                remove_unfinished([folder], of=unfinished_of(todo, folder))
        for rows, change in at_work.items():
            if rows.num_rows:
                put_tombstone(change, rows, emptied)
        do_steps([_removed(one) for one in todo.steps])
        for folder in _torn(todo):
            amend(folder, {}, setting="folder")
        for rows, change in at_work.items():
            _know_list(todo, rows, change)
        for rows, change in at_work.items():
            if rows.num_rows or rows in resumed:
                erase_rows(change, rows, todo.sought.longer)
            elif not rows.directory.is_complete:  # of a run that extends one of them
                change.remove(rows.directory.lineage)
        for one in todo.data:
            folder = one.path.parent
            is_locked = one.takes_lock or folder in apart
            with contextlib.nullcontext() if is_locked else alone_in(folder, setting="folder"):
                one.erase(lambda new, old: _all_know(list(at_work.values()), new, old))
        for rows, change in at_work.items():  # last: it tells which documents were in groups
            empty_own_input(change, rows)
        for change in at_work.values():
            know_inputs(change)


def _torn(todo: Todo) -> Iterator[Path]:
    """Folders of results of these runs in which something was ended half way: an erasure, as far as all is there."""
    of = {rows.directory.identity() for rows in todo.runs}
    read = {Path(file.path).resolve() for rows in todo.runs for file in rows.read}
    for folder in dict.fromkeys([*todo.place.written, *(path.parent for path in read)]):
        calls = read_written(folder).calls.values() if folder.is_dir() else ()
        torn = [call for call in calls if not call.is_whole]
        links = {link.id for call in torn for link in call.now.runs}
        if of & links or read & {folder / name for call in torn for name in call.names}:
            yield folder


def _know_list(todo: Todo, rows: RunRows, change: Changing) -> None:
    """Have a run know the list of ids that it was asked of, where that is glane's, as it is now."""
    told_of = rows.data.get("only_ids_in")
    path = Path(str(told_of))
    if told_of is None or not path.is_file() or path.parent.resolve() not in todo.place.written:
        return
    written = read_written(path.parent).digests.get(path.name, ())
    listed = listed_ids(validated(DataSettings, rows.data, place="data"))
    if listed is not None and digest_of(path) in written:
        put_former(change, {listed.digest: rows.description.fingerprint["data"]["only_ids_in"]})


def _removed(step: Step) -> Step:
    return replace(step, does="remove") if step.does == "signed" else step


def _all_know(changes: Sequence[Changing], new: str, old: str) -> None:
    for one in changes:
        put_former(one, {new: old})
