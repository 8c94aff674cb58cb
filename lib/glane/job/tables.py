"""Tables of other formats as the input of a job: made Parquet before anything reads them, in one place."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from glane.cluster.scratch import text_folder
from glane.corpus.converted import Converted, converted, path_in, refuse_large, tables_in
from glane.corpus.find import INPUT_FOLDER, find_files
from glane.errors import ConfigError, RunError
from glane.job.pseudonyms import DOCUMENTS, refuse_many, replaced_documents
from glane.languages import say
from glane.run.description import RunDescription, known_run
from glane.run.directory import RunDirectory, run_directory
from glane.run.erased import read_erased
from glane.settings import EmbedSettings, ExtractSettings
from glane.settings.pseudonymise import InputPseudonyms
from glane.storage import exists
from glane.tables.options import TableOptions
from glane.task.task import load_task

MOST_BYTES_TO_SUBMIT = 2**30  # converted where a job is submitted, while the user waits
MOST_BYTES_TO_REPLACE = 2**25  # pseudonymised there, or for a preview: some minutes of rules for a process
S = TypeVar("S", bound=ExtractSettings | EmbedSettings)


@contextmanager
def kept_tables(settings: S, *, most_bytes: int | None = None) -> Iterator[S]:
    """Give the settings with Parquet in the place of tables, which are kept in `<run>/input` for as long as the run.

    So are documents whose identifiers are replaced (`data.pseudonyms`). Other settings go through as they are. If the
    run is refused within, no copy of documents stays behind.

    Raises:
        GlaneError: for a table that cannot be read, or is not the one that the run was begun with; or a directory that
            is none of a run.
    """
    found = find_files(settings.data.path)
    paths = tables_in(found, settings.data)
    is_replaced = _is_pseudonymised(settings, paths)
    if not paths and not is_replaced:
        yield settings
        return
    directory = run_directory(settings.run)
    known, folder = known_run(directory), directory.input
    if known is not None and not exists(folder):
        _refuse_without_tables(known, directory)
    found.refuse_overlap(directory.root)
    if most_bytes is not None and not exists(folder):
        refuse_large(paths, settings.data, most_bytes=most_bytes)
        if is_replaced:
            refuse_many(found.paths, most_bytes=MOST_BYTES_TO_REPLACE)
    directory.set_umask()
    was_there, notes = exists(folder), directory.claim()
    try:
        if is_replaced:
            _say(notes)
            yield _with_path(settings, replaced_documents(settings.data, _inputs(settings), folder))
        else:
            made = converted(paths, settings.data, folder, is_erased=bool(read_erased(directory).erasures))
            _tell(made, notes)
            yield _with_path(settings, made.path)
    except BaseException:
        if not was_there:
            _give_up(directory, folder)
        raise


def _refuse_without_tables(known: RunDescription, directory: RunDirectory) -> None:
    """Refuse a run that was not begun with tables: theirs would stay in it."""
    then = Path(str(known.settings.get("data", {}).get("path", "")))
    if not then.is_relative_to(directory.input):
        raise RunError(
            f"run.dir: {directory.root} holds a run that was begun with other documents ({then}). "
            "Choose another run.dir."
        )


def refuse_tables_of_several(settings: ExtractSettings) -> None:
    """Refuse tables of other formats where several tasks are asked: each run would keep a copy of its own.

    Raises:
        ConfigError: with the command that converts them once.
    """
    if len(settings.each()) > 1 and settings.data.pseudonyms.is_asked:
        raise ConfigError(
            "data.pseudonyms: each of several tasks would keep pseudonymised documents of its own. Make them once, by "
            "glane pseudonymise or the run of one task, and give these as data.path."
        )
    if len(settings.each()) > 1 and tables_in(find_files(settings.data.path), settings.data):
        raise ConfigError(
            f"data.path: {settings.data.path} is no Parquet, and each of several tasks would keep a copy of it. Make "
            "it Parquet once: glane convert source=… data.path=…"
        )


@contextmanager
def passing_tables(settings: S) -> Iterator[S]:
    """Give the settings with Parquet in the place of tables, which is removed at the end: for what keeps nothing.

    Documents whose identifiers are replaced are made alike, and their offsets let go.

    Raises:
        GlaneError: for a table that cannot be read.
    """
    found = find_files(settings.data.path)
    paths = tables_in(found, settings.data)
    is_replaced = _is_pseudonymised(settings, paths)
    if not paths and not is_replaced:
        yield settings
        return
    with text_folder() as folder:
        if is_replaced:
            refuse_many(found.paths, most_bytes=MOST_BYTES_TO_REPLACE)
            into = folder / INPUT_FOLDER
            yield _with_path(settings, replaced_documents(settings.data, _inputs(settings), into, places=False))
            return
        made = converted(paths, settings.data, folder / INPUT_FOLDER)
        _tell(made, [])
        yield _with_path(settings, made.path)


def as_if_kept(settings: S) -> S:
    """The settings as they are once the tables are kept; nothing is read or written but the names of files."""
    paths = tables_in(find_files(settings.data.path), settings.data)
    folder = run_directory(settings.run).input
    if _is_pseudonymised(settings, paths):
        return _with_path(settings, str(folder / DOCUMENTS))
    return _with_path(settings, path_in(folder, paths)) if paths else settings


def _with_path(settings: S, path: str) -> S:
    """Settings whose input is Parquet: what was told of tables goes with these, and where the key is."""
    plain = TableOptions()
    options = {name: getattr(plain, name) for name in TableOptions.model_fields}
    data = settings.data.model_copy(update={**options, "path": path, "pseudonyms": InputPseudonyms()})
    return cast(S, settings.model_copy(update={"data": data}))


def _give_up(directory: RunDirectory, folder: Path) -> None:
    """Leave nothing of a run that did not begin: neither here, nor in a job that waits for its turn."""
    if not exists(directory.description):
        shutil.rmtree(folder, ignore_errors=True)
        directory.give_up()


def _tell(made: Converted, notes: list[str]) -> None:
    _say([*notes, *(line for shape in made.shapes for line in shape.lines())])


def _say(lines: list[str]) -> None:
    for line in lines:
        say(f"note: {line}", to=sys.stderr)


def _is_pseudonymised(settings: ExtractSettings | EmbedSettings, tables: Sequence[str]) -> bool:
    """Whether the documents are to be pseudonymised.

    Raises:
        ConfigError: if they are tables of another format.
    """
    if settings.data.pseudonyms.is_asked and tables:
        raise ConfigError(
            f"data.pseudonyms: {settings.data.path} is no Parquet. Make it Parquet once, and give that: glane convert "
            "source=… data.path=…"
        )
    return settings.data.pseudonyms.is_asked


def _inputs(settings: ExtractSettings | EmbedSettings) -> list[str]:
    return load_task(settings.task).input_columns if isinstance(settings, ExtractSettings) else []
