"""What a run was made of: inputs, reference tables, the task, the weights; each compared with its fingerprint."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from glane.corpus.converted import digests_of_sources
from glane.corpus.find import INPUT_FOLDER
from glane.corpus.unchanged import content_digest
from glane.engine.digest_cache import DigestCache
from glane.engine.registry import engine_kind
from glane.engine.weights import model_digests, resolve_weights
from glane.errors import DataError, GlaneError, RunError
from glane.extraction.fingerprint import METHOD, task_part
from glane.extraction.selection import listed_ids
from glane.extraction.summary import WORK
from glane.ingestion.inventory import read_facts
from glane.job.verify.record import Check, State
from glane.run.description import RunDescription
from glane.run.directory import RunDirectory
from glane.run.erased import Erased
from glane.run.fingerprint import differences
from glane.settings import DataSettings, ModelSettings
from glane.task.task import Task, load_task
from glane.validation import validated

_READERS = 8
_SINCE = "documents were erased of this run, and this file is not glane's: was it for that?"


def sources(directory: RunDirectory, description: RunDescription, erased: Erased) -> Iterator[Check]:
    """All that the fingerprint of a run names, taken again, and the tables and files of which its input was made.

    Inputs that glane rewrote are compared with what they are since.
    """
    kept = [(str(_where(directory, Path(file.path))), file.digest) for file in description.files]
    with ThreadPoolExecutor(_READERS) as pool:
        yield from pool.map(lambda told: _input(told, erased), [*kept, *digests_of_sources(directory.input)])
    if directory.inventory.exists():
        yield from _ingested(directory)
    if description.work == WORK:
        yield from _id_list(description)
        yield from _task(description)
    told = description.settings.get("model")
    if isinstance(told, Mapping) and "digests" in description.fingerprint.get("model", {}):
        yield from _weights(validated(ModelSettings, told, place="model"), description.fingerprint["model"]["digests"])


def _where(directory: RunDirectory, path: Path) -> Path:
    """Where an input lies that was made within the run: with it, if the run was moved since."""
    moved = directory.input / path.name
    return moved if path.parent.name == INPUT_FOLDER and not path.exists() and moved.exists() else path


def _input(told: tuple[str, str], erased: Erased) -> Check:
    path, digest = told

    def check(state: State, why: str = "") -> Check:
        return Check(part="inputs", place=path, state=state, why=why)

    if not Path(path).is_absolute():
        return check("not covered", "where it lay was not kept")
    if not Path(path).exists():
        return check("missing")
    if not digest:
        return check("not covered", "no digest was taken of it")
    try:
        is_equal = erased.named(content_digest(path)) == digest
        return check("equal" if is_equal else "changed", "" if is_equal or not erased.documents else _SINCE)
    except DataError as error:
        return check("changed", str(error))


def _ingested(directory: RunDirectory) -> Iterator[Check]:
    why = "the files in it are known by their sizes and times alone: no digests were taken of them"
    with contextlib.suppress(RunError):  # the inventory is told as changed
        yield from (
            Check(part="inputs", place=source, state="not covered", why=why) for source in read_facts(directory).sources
        )


def _id_list(description: RunDescription) -> Iterator[Check]:
    """The list that named the documents, by its ids: their order and other columns are nothing that was asked."""
    path = description.settings["data"].get("only_ids_in")
    if path is None:
        return
    if not Path(path).exists():
        yield Check(part="inputs", place=path, state="missing")
        return
    try:
        listed = listed_ids(validated(DataSettings, description.settings["data"], place="data"), None)
    except GlaneError as error:
        yield Check(part="inputs", place=path, state="changed", why=str(error))
        return
    is_same = listed is not None and listed.digest == description.fingerprint["data"].get("only_ids_in")
    yield Check(part="inputs", place=path, state="equal" if is_same else "changed")


def _task(description: RunDescription) -> Iterator[Check]:
    """The reference tables, and what is asked and how answers are read, made of the settings again."""
    part = description.fingerprint["task"]
    try:
        task = load_task(description.settings["task"])
    except GlaneError as error:
        yield Check(part="task", place=description.task, state="changed", why=str(error))
        return
    marks = part.get("lookups", {})
    yield from (_table(task, name, mark) for name, mark in marks.items())
    if part.get("method") != METHOD:
        why = f"it was asked with method {part.get('method')}, and this glane has {METHOD}"
        yield Check(part="task", place=description.task, state="not covered", why=why)
        return
    data = validated(DataSettings, description.settings["data"], place="data")
    model = validated(ModelSettings, description.settings["model"], place="model")
    asked = {name: value for name, value in part.items() if name != "extends"}  # the run that is extended is told apart
    lines = differences(asked, task_part(data=data, task=task, model=model, lookups=marks))
    yield Check(
        part="task", place=description.task, state="changed" if lines else "equal",
        why=", ".join(line.partition(":")[0] for line in lines),
    )  # fmt: skip


def _table(task: Task, name: str, mark: Mapping[str, Any]) -> Check:
    path = task.lookups[name].path
    state: State = "missing"
    if Path(path).exists():
        state = "equal" if content_digest(path) == mark.get("digest") else "changed"
    return Check(part="tables", place=path, state=state)


def _weights(model: ModelSettings, known: Mapping[str, str]) -> Iterator[Check]:
    if not engine_kind(model.engine).has_weights:
        yield Check(part="weights", place=model.name, state="not covered", why=f"the engine {model.engine} has none")
        return
    if not Path(model.path).exists():
        yield Check(part="weights", place=model.path, state="missing")
        return
    try:
        with tempfile.TemporaryDirectory() as empty:  # what is known of files is not asked: each is read
            cache = DigestCache(content_digest, folder=Path(empty))
            found = model_digests(resolve_weights(model), content_digest, cache=cache)
    except (GlaneError, OSError) as error:
        yield Check(part="weights", place=model.path, state="changed", why=str(error))
        return
    for name in sorted({*known, *found}):
        state: State = "equal" if known.get(name) == found.get(name) else "changed"
        yield Check(part="weights", place=f"{model.path} ({name})", state=state)
