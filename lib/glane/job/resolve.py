"""From what a user told to what an extraction does: the task read, paths absolute, weights found. Nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from glane.corpus.find import refuse_absent
from glane.engine.weights import resolve_weights
from glane.job.licences import refuse_unlicensed
from glane.job.notes import tell_notes, tell_tables
from glane.job.preflight import preflight
from glane.job.sentinels import check_sentinels
from glane.job.toys import refuse_toy, refuse_unheard
from glane.job.watch import check_reference
from glane.run.written import refuse_inside_run
from glane.settings import Beside, DataSettings, ExtractSettings, ResolvedSettings, RunSettings, SeveralSettings
from glane.task.lookups import Lookup
from glane.task.task import Task, load_task


def resolve(settings: ExtractSettings) -> tuple[ResolvedSettings, Task]:
    """Read the task and find the weights: everything that can be wrong before the data is read.

    Raises:
        GlaneError: naming what is wrong and the remedy.
    """
    refuse_inside_run(settings.run.dir, setting="run.dir", itself=False)
    task = load_task(settings.task)
    tell_notes(task)
    refuse_unheard(settings, task)
    refuse_toy(settings, task)
    refuse_unlicensed(settings.model)
    check_sentinels(task)
    check_reference(settings)
    refuse_absent(settings.data.path)
    tell_tables(task)
    found = absolute(settings).model_copy(update={"model": resolve_weights(settings.model)})
    found = found.model_copy(update={"model": preflight(found.model, task)})
    resolved = ResolvedSettings(**{name: getattr(found, name) for name in ExtractSettings.model_fields})
    return resolved, task.model_copy(update={"lookups": _absolute_tables(task)})


R = TypeVar("R", bound=RunSettings)
_PATHS = ("pilot", "reference", "metrics_dir", "site_log")  # settings of a run beside its own directory

_SECRETS = ("key_file", "offsets")  # of the data's pseudonyms
_FILES, _RUNS = ("path", "extend", "only_ids_in"), ("only_rejected_of", "skip_done_in")  # of the data


def absolute(settings: ExtractSettings) -> ExtractSettings:
    """The settings with paths that mean the same in any working directory: on the nodes of a job, and in `run.yaml`."""
    run, data = absolute_run(settings.run), absolute_data(settings.data)
    more = (
        {}
        if not isinstance(settings, SeveralSettings)
        else {
            "beside": tuple(
                Beside(task=_absolute_task(one.task), run_dir=_absolute(one.run_dir)) for one in settings.beside
            )
        }
    )
    return settings.model_copy(update={"run": run, "data": data, "task": _absolute_task(settings.task), **more})


def _absolute_task(task: Mapping[str, Any]) -> Mapping[str, Any]:
    found = dict(task)
    if found.get("sentinels") is not None:
        found["sentinels"] = _absolute(found["sentinels"])
    if lookups := found.get("lookups"):
        found["lookups"] = {name: {**one, "path": _absolute(one["path"])} for name, one in lookups.items()}
    return found


def absolute_run(run: R) -> R:
    """A run directory and the paths beside it, as `absolute` has them."""
    others = {name: _absolute(path) for name in _PATHS if (path := getattr(run, name, None)) is not None}
    return run.model_copy(update={"dir": _absolute(run.dir), **others})


def absolute_data(data: DataSettings) -> DataSettings:
    """The paths of an input, as `absolute` has them."""
    single = {name: _absolute(path) for name in _FILES if (path := getattr(data, name)) is not None}
    runs = {name: tuple(_absolute(path) for path in getattr(data, name)) for name in _RUNS}
    files = {name: _absolute(path) for name in _SECRETS if (path := getattr(data.pseudonyms, name)) is not None}
    return data.model_copy(update=single | runs | {"pseudonyms": data.pseudonyms.model_copy(update=files)})


def _absolute_tables(task: Task) -> dict[str, Lookup]:
    return {name: one.model_copy(update={"path": _absolute(one.path)}) for name, one in task.lookups.items()}


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
