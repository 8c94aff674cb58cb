"""Find all that is of some documents, in runs, in results, and in data sets; nothing is changed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from glane.errors import ConfigError, GlaneError
from glane.job.erase.apart import Apart, apart_of
from glane.job.erase.data import PLACES, DataFile, data_files, kept_frame
from glane.job.erase.ids import asked_ids, columns_of_ids
from glane.job.erase.inputs import gone_in
from glane.job.erase.made import steps_in
from glane.job.erase.pieces import sought
from glane.job.erase.read_files import further_readers, own_inputs, plain_inputs, written_inputs
from glane.job.erase.rows import RunRows, columns_of, folders_of, runs_with
from glane.job.erase.run import replaceable
from glane.job.erase.standing import longer_ids
from glane.job.erase.tables import NAMED, is_telling
from glane.job.erase.texts import texts_of, texts_of_others
from glane.job.erase.todo import Todo, is_under_way
from glane.job.erase.walk import Place, related, walked
from glane.job.erase.words import words_in
from glane.run.audit import noted_read
from glane.run.change import change_under_way
from glane.run.directory import RunDirectory
from glane.run.erased import read_erased
from glane.run.find import find_all_runs
from glane.settings import EraseSettings
from glane.storage import exists


def look(settings: EraseSettings, named: Sequence[Path]) -> Todo:
    """Find all that is of some documents; nothing is changed.

    Raises:
        GlaneError: if a run or a list of ids cannot be read.
    """
    beside = (*named, *(Path(one).expanduser().absolute() for one in find_all_runs(settings.places)))  # of links, too
    tops = list(dict.fromkeys(Path(one).expanduser().resolve() for one in settings.folder)) or list(
        dict.fromkeys(one.parent.resolve() for one in beside)
    )
    if absent := [one for one in tops if not one.is_dir()]:
        raise ConfigError(f"folder: {absent[0]} is no directory, so nothing in it would be erased. Give one that is.")
    place = walked(tops, named)
    ids = asked_ids(settings, place.runs[named[0]])
    asked = RunRows(directory=RunDirectory(root=named[0]), ids=ids)
    roots = related(place, named)
    every = _noted_runs(roots, asked, new=roots)
    folders, read = folders_of(place, every)
    apart = _apart(folders, read, every)
    if apart.new_ids:
        every = runs_with(roots, asked, also=apart.new_ids)
    data = _data(place, folders, read, every, apart, theirs=settings.inputs)
    touched = {one.path.resolve() for one in data}
    if more := [root for root in place.runs if root not in roots and _hangs_on(place, root, touched, ids)]:
        further = related(place, [*named, *more])
        every = _noted_runs(further, asked, new=[root for root in further if root not in roots], also=apart.new_ids)
    documents = frozenset(ids).union(*(one.documents for one in every))
    columns = columns_of(every)
    runs = tuple(
        one for one in every if one.num_rows or _reads(one, touched) or is_under_way(one, ids) or _has_own_input(one)
    )
    gone = {one.directory.identity() for one in runs if one.num_rows}
    runs += tuple(one for one in every if one not in runs and _is_stale(one, gone))
    told_by = runs or every  # erased before, their texts are known by the input that is there still
    # A run that has none of them any more still tells what others have, as far as it tells which they are.
    others = [one for one in every if one.plan is not None]
    what = sought(
        sorted(documents), texts_of(told_by), texts_of_others(others), columns=(*columns, *NAMED),
        longer=longer_ids(columns_of_ids(every), replaceable(documents)), cells=columns,
        words=words_in(every, documents),
    )  # fmt: skip
    every_id = {one.directory.identity() for one in every}
    gone |= {one.directory.identity() for one in runs if is_under_way(one, ids)}
    inputs = plain_inputs(every)
    apart_of_results = {*inputs, *(one.path for one in data)}
    steps = [
        step
        for folder in place.written
        for step in steps_in(
            folder, runs=gone, related=every_id, ids=documents, names=columns, sought=what, read=apart_of_results
        )
    ]
    return Todo(
        ids=ids, place=place, related=tuple(every), runs=runs, steps=tuple(steps), data=tuple(data), sought=what,
        theirs=() if settings.inputs else tuple(one.path for one in own_inputs(inputs)), apart=apart,
        unrelated=_unrelated(place, {one.directory.root for one in every}, documents),
    )  # fmt: skip


def _noted_runs(
    roots: Sequence[Path], asked: RunRows, *, new: Sequence[Path], also: frozenset[str] = frozenset()
) -> list[RunRows]:
    """The runs as `runs_with` gives them; that the `new` ones are read is in the audit log first."""
    with contextlib.ExitStack() as stack:
        for root in new:
            stack.enter_context(noted_read(RunDirectory(root=root)))
        return runs_with(roots, asked, also=also)


def _unrelated(place: Place, known: Collection[Path], ids: Collection[str]) -> dict[Path, int | None]:
    """The runs on other files that have rows under ids that can hardly be anything else, and how many.

    None where it cannot be read.
    """
    telling, found = frozenset(one for one in ids if is_telling(one)), dict[Path, int | None]()
    for root in sorted(place.runs.keys() - known) if telling else ():
        rows = RunRows(directory=RunDirectory(root=root), ids=telling)
        try:
            with noted_read(rows.directory):
                found[root] = sum(int(mask.sum()) for mask in rows.held.values())
        except (GlaneError, OSError, pa.ArrowException):
            found[root] = None
    return {root: num for root, num in found.items() if num != 0}


def _hangs_on(place: Place, root: Path, touched: Collection[Path], ids: Collection[str]) -> bool:
    """Whether a run reads a data set that loses documents, or did before this very erasure was stopped."""
    if any(Path(file.path).resolve() in touched for file in place.runs[root].files):
        return True
    try:
        return is_under_way(RunRows(directory=RunDirectory(root=root), ids=frozenset(ids)), ids)
    except GlaneError:
        return False  # damaged, and no run that was given


def _apart(folders: Mapping[Path, Collection[str]], read: Collection[Path], runs: Sequence[RunRows]) -> Apart:
    erased = [read_erased(one.directory) for one in runs if change_under_way(one.directory) is None]
    return apart_of(folders, frozenset[str]().union(*(one.members for one in runs)), read=read, erased=erased)


def _data(
    place: Place, folders: Mapping[Path, Collection[str]], read: Collection[Path], runs: Sequence[RunRows],
    apart: Apart, *, theirs: bool,
) -> list[DataFile]:  # fmt: skip
    columns = columns_of(runs)
    documents = apart.new_ids.union(*(one.members for one in runs))
    of = {one.description.fingerprint_digest for one in runs}
    found = [
        file
        for folder, names in folders.items()
        for file in data_files(folder, names, documents, columns, of=None if folder in read else of)
    ]
    for one in runs:
        found += kept_frame(one)
    found += own_inputs(plain_inputs(runs)) if theirs else ()
    roots = [one.directory.root for one in runs]
    found += written_inputs(plain_inputs([*runs, *further_readers(place, roots, documents)]))
    # Places last: whoever goes on after a kill knows by them what documents are called elsewhere.
    return sorted(found, key=lambda one: one.what == PLACES)


def _is_stale(rows: RunRows, of: Collection[str]) -> bool:
    """Whether a run goes on with numbers of rows of a run that loses some."""
    extends = rows.description.extends
    return (
        extends is not None and extends.id in of and not rows.directory.is_complete and exists(rows.directory.lineage)
    )


def _reads(rows: RunRows, touched: Collection[Path]) -> bool:
    return rows.plan is not None and any(Path(file.path).resolve() in touched for file in rows.plan.files)


def _has_own_input(rows: RunRows) -> bool:
    own = rows.directory.input
    return own.is_dir() and any(gone_in(rows, path) for path in own.glob("*.parquet"))
