"""What is said of an erasure, and the search of every byte that ends it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from pathlib import Path

from glane.job.erase.data import is_ours
from glane.job.erase.made import Step
from glane.job.erase.search import found_in_files
from glane.job.erase.tables import ids_held
from glane.job.erase.todo import Todo
from glane.job.erase.unfinished import unfinished_below
from glane.job.erase.words import holds_words, words_told
from glane.parquet import is_parquet
from glane.run.names import PILOTS
from glane.run.written import read_written

NOTEBOOK = ".ipynb"
WORK = "work"  # the folder of a brief, or beside it, with the runs that it asked


def lines(todo: Todo, *, is_done: bool) -> Iterator[str]:
    """A line for each run and file of which something is done, or that is kept."""
    for rows in todo.runs:
        if (num := rows.num_rows) and is_done:
            yield f"erased         {rows.directory.root}: {num} row(s)"
        elif num:
            yield f"would erase    {rows.directory.root}: {num} row(s)"
    for one in todo.data:
        if is_done:
            yield f"rewritten      {one.path}: {one.rows} row(s), {one.what}"
        else:
            yield f"would rewrite  {one.path}: {one.rows} row(s), {one.what}"
    yield from (_line(step, is_done=is_done) for step in todo.steps if not step.is_whole)
    yield from _lines_of_whole([step for step in todo.steps if step.is_whole], is_done=is_done)
    for path in todo.theirs:
        yield (
            f"yours          {path}: still holds the documents, and is not glane's. With inputs=true their rows are "
            "emptied in it, and the others are read from it as before. Once you take them out of it yourself, texts of "
            "the others cannot be shown from it any more"
        )
    yield from lines_apart(todo)


def lines_apart(todo: Todo) -> Iterator[str]:
    """A line for each place that may hold the documents, too, and where nothing is erased now."""
    for path, ids in todo.apart.lost.items():
        shown = ",".join(ids)
        yield (
            f"not there      {path}: the data set of these places is not in these folders, or holds the documents no "
            f"more. In it they are ids=[{shown}]: erase these, too, with the folder of that data set"
        )
    for path, num in todo.apart.unknown.items():
        yield (
            f"not known      {path}: its ids are digests, and no places in these folders tell those of {num} "
            "document(s). If it is of the same originals, it may hold them: give the folder of its places, too, or "
            "make it again"
        )
    for root, rows in todo.unrelated.items():
        if rows is None:
            yield f"not known      {root}: read other files, and cannot be read. It may hold the documents, too"
            continue
        yield (
            f"of others      {root}: read other files, and has {rows} row(s) under such ids. If they are the same "
            f"documents, erase them there, too, with run.dir={root}"
        )


def _line(step: Step, *, is_done: bool) -> str:
    if step.does == "changed":
        return f"kept           {step.path}: changed since glane wrote it. Take the documents out of it yourself"
    if step.does == "figures":
        return f"kept           {step.folder}: its figures count the documents; make it again with {step.command}"
    if step.does == "rows":
        if is_done:
            return f"rewritten      {step.path}: {step.rows} row(s)"
        return f"would rewrite  {step.path}: {step.rows} row(s)"
    if is_done:
        return f"removed        {step.path}; make it again with {step.command}"
    return f"would remove   {step.path}; make it again with {step.command}"


def _lines_of_whole(steps: Sequence[Step], *, is_done: bool) -> Iterator[str]:
    """A line for each folder out of which all goes that a command wrote."""
    for (folder, command), num in Counter((step.folder, step.command) for step in steps).items():
        if is_done:
            yield f"removed        {folder}: {num} file(s); make it again with {command}"
        else:
            yield f"would remove   {folder}: {num} file(s); make it again with {command}"


def tell_left(todo: Todo, say: Callable[[str], None]) -> bool:
    """Search every file of runs and folders, and say where something is found still."""
    left = len(todo.place.unread) + len(todo.place.linked) + len(todo.unrelated)
    for folder in todo.place.unread:
        say(f"not searched   {folder}: give yourself access to it, and run the same command again")
    for link in todo.place.linked:
        say(f"not searched   {link}: a link to a folder that is none of these; give that as folder=…, too")
    unfinished, foreign = {*unfinished_below(todo)}, {*_foreign(todo)}
    for path, found in _found(todo, unfinished, foreign):
        if isinstance(found, Exception):
            left += 1
            say(f"not searched   {path}: {found}")
        elif any(found):
            left += 1
            say(f"still found    {path}: {found[0]} id(s), {found[1]} piece(s) of text")
            if path in unfinished:
                say("               A command that was ended left it: remove it, once none writes there")
    say(
        f"searched for {len(todo.sought.ids)} id(s) and {len(todo.sought.pieces)} piece(s) of text that no other "
        f"document has: found in {left} file(s)"
    )
    return not left


def _found(
    todo: Todo, unfinished: Collection[Path], foreign: Set[Path]
) -> Iterator[tuple[Path, tuple[int, int] | Exception]]:
    """How many ids and pieces of texts each file holds, or why it cannot be read."""
    groups = defaultdict[tuple[bool, bool], dict[Path, bytes | None]](dict)
    for path in _searched(todo, unfinished):
        has_words = bool(todo.sought.words) and holds_words(path, todo.related)
        groups[not foreign.isdisjoint(path.parents), has_words][path] = None
    for (is_foreign, has_words), files in groups.items():
        sought = todo.sought.telling if is_foreign else todo.sought
        sought = sought.without_words if has_words else sought
        for path, found in found_in_files(files, sought).items():
            if isinstance(found, Exception):
                yield path, found
                continue
            num_words = len(words_told(path, sought.words, todo.related)) if has_words else 0
            held = ids_held(path, (), sought.cells, anywhere=False) if is_parquet(path) else ()
            yield path, (max(len(found.ids) + num_words, len(held)), len(found.pieces))


def _searched(todo: Todo, unfinished: Collection[Path]) -> Iterator[Path]:
    """The files of the runs, of folders of results, and of data sets; each once, and none of the user's input."""
    seen = {path.resolve() for path in todo.theirs}
    for path in (*_files(todo), *sorted(unfinished)):
        if path.is_file() and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _foreign(todo: Todo) -> Iterator[Path]:
    """The folders of results that are of no run of these: their documents may have the same ids."""
    related = {rows.directory.identity() for rows in todo.related}
    for folder in todo.place.written:
        if related.isdisjoint(link.id for link in read_written(folder).all_runs):
            yield folder


def _files(todo: Todo) -> Iterator[Path]:
    for rows in todo.related:
        yield from sorted(rows.directory.root.rglob("*"))
    for folder in todo.place.written:
        if folder.is_dir():
            yield from sorted(folder.iterdir())
            yield from (folder / name for name in read_written(folder).names)
        for work in (folder / WORK, folder.with_name(f"{folder.name}-{WORK}")):  # what a brief asked
            yield from sorted(work.rglob("*")) if work.is_dir() else ()
    for folder, names in todo.place.folders.items():
        if PILOTS.fullmatch(folder.name):  # what a pilot left that was killed
            yield from sorted(folder.rglob("*"))
        yield from (folder / name for name in names if name.endswith(NOTEBOOK))  # tables that they show
    for one in todo.data:
        yield one.path
    # Also those of which nothing was known by ids, as they are read by numbers of rows.
    planned = [file.path for rows in todo.related if rows.plan is not None for file in rows.plan.files]
    yield from (path for one in dict.fromkeys(planned) if is_ours(path := Path(one)))
