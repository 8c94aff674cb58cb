"""What an extraction would be refused with, found before a node is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from glane.cluster.layout import check_asked_network
from glane.corpus.find import find_files
from glane.engine.registry import engine_kind
from glane.engine.weights import at_hand
from glane.errors import ConfigError, GlaneError
from glane.extraction.extension import find_extension
from glane.extraction.lookups import lookup_marks
from glane.extraction.prepare import checked_files, document_type
from glane.extraction.selection import check_selected
from glane.extraction.shifted import pseudonym_values
from glane.job.batch_invariant import refuse_invariant_without_gpus
from glane.job.licences import refuse_unlicensed
from glane.job.notes import tell_notes, tell_tables
from glane.job.preflight import preflight
from glane.job.sentinels import check_sentinels
from glane.job.tables import passing_tables
from glane.job.toys import refuse_toy, refuse_unheard
from glane.languages import say
from glane.run.directory import run_directory
from glane.settings import BatchSettings, ExtractSettings, ModelSettings
from glane.storage import exists
from glane.task.task import Task, load_task


def check_submission(settings: ExtractSettings) -> None:
    """Check all that can be checked before a node is asked for.

    Reads the data's footers; of few rows, the ids and the columns of the condition; of a list of ids and of earlier
    runs, the ids. A job that begins after others may name what they will make, and a run that has its plan needs
    neither: there they are not read.

    Raises:
        GlaneError: what the extraction would be refused with.
    """
    task = checked_task(settings)
    with passing_tables(settings) as readable:
        check_input(readable, task)


def checked_task(settings: ExtractSettings) -> Task:
    """Check what takes no look at the input, and return the task.

    Raises:
        GlaneError: as `check_submission` does.
    """
    task = _task(settings)
    _raise_first(_told_faults(settings, task))
    return task


def check_input(settings: ExtractSettings, task: Task) -> None:
    """Check the input, whose tables are Parquet by now, and the model.

    Raises:
        GlaneError: as `check_submission` does.
    """
    _raise_first(_input_faults(settings, task))


def submission_faults(settings: ExtractSettings) -> Iterator[GlaneError]:
    """Yield all that `check_submission` can find at once: what needs what is at fault itself is not looked at."""
    try:
        task = _task(settings)
    except GlaneError as error:
        yield error
        return
    yield from _told_faults(settings, task)
    try:
        with passing_tables(settings) as readable:
            yield from _input_faults(readable, task)
    except GlaneError as error:  # of a table that cannot be read
        yield error


def _task(settings: ExtractSettings) -> Task:
    task = load_task(settings.task)
    tell_notes(task)
    tell_tables(task)
    return task


def _told_faults(settings: ExtractSettings, task: Task) -> Iterator[GlaneError]:
    return _faults(
        partial(refuse_unheard, settings, task),
        partial(refuse_toy, settings, task),
        partial(refuse_unlicensed, settings.model),
        partial(check_asked_network, settings.model, settings.cluster),
        partial(check_sentinels, task),
        partial(_refuse_absent, settings.model),
        partial(_refuse_variant, settings),
    )


def _input_faults(settings: ExtractSettings, task: Task) -> Iterator[GlaneError]:
    return _faults(partial(_check_data, settings, task), lambda: preflight(at_hand(settings.model), task))


def _raise_first(faults: Iterator[GlaneError]) -> None:
    for fault in faults:
        raise fault


def _faults(*checks: Callable[[], object]) -> Iterator[GlaneError]:
    for check in checks:
        try:
            check()
        except GlaneError as error:
            yield error


def _refuse_variant(settings: ExtractSettings) -> None:
    cluster = settings.cluster
    num_gpus = cluster.num_gpus_per_node if isinstance(cluster, BatchSettings) else None
    refuse_invariant_without_gpus(settings.model, num_gpus=num_gpus)


def _refuse_absent(model: ModelSettings) -> None:
    path = Path(model.path)
    if engine_kind(model.engine).has_weights and path.is_absolute() and not path.exists():
        raise ConfigError(f"model.path: {path} does not exist here. Is it on the shared file system?")


def _check_data(settings: ExtractSettings, task: Task) -> None:
    """Check what is asked of the input, and the prompts of a run that extends another."""
    data = settings.data
    found = find_files(data.path)
    found.refuse_overlap(Path(settings.run.dir))
    files = checked_files(found, data, task)
    if _selects_rows_yet(settings):
        for note in check_selected(files, data):
            say(f"note: {note}", to=sys.stderr)
    if data.extend is not None:
        find_extension(
            data, task, preflight(at_hand(settings.model), task), lookup_marks(task), run_dir=settings.run.dir,
            documents=document_type(data, files[0].schema), pseudonyms=pseudonym_values(data, files),
        )  # fmt: skip


def _selects_rows_yet(settings: ExtractSettings) -> bool:
    cluster = settings.cluster
    waits = isinstance(cluster, BatchSettings) and cluster.begins_after_others
    return not waits and not exists(run_directory(settings.run).plan)
