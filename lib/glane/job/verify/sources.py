"""What a run was made of: inputs, reference tables, the task, the weights; each compared with its fingerprint."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from glane.corpus.converted import digests_of_sources
from glane.corpus.find import INPUT_FOLDER
from glane.corpus.pseudonymised import digests_of_originals
from glane.corpus.unchanged import content_digest
from glane.engine.digest_cache import DigestCache
from glane.engine.registry import engine_kind
from glane.engine.weights import model_digests, resolve_weights
from glane.errors import GlaneError, RunError, UnreadableError
from glane.extraction.fingerprint import METHOD, task_part
from glane.extraction.selection import listed_ids
from glane.extraction.summary import WORK
from glane.ingestion.inventory import read_facts
from glane.job.verify.look import UNTAKEN, Seen, checked, opens, seen
from glane.job.verify.record import Check, State
from glane.run.description import RunDescription
from glane.run.directory import RunDirectory
from glane.run.erased import Erased
from glane.run.fingerprint import differences
from glane.run.written import digest_of
from glane.settings import DataSettings, ModelSettings
from glane.task.task import Task, load_task
from glane.validation import validated

_READERS = 8
_UNKNOWN = "it is another one, and erased.json, which would tell why, cannot be read"
_SINCE = (
    "documents were erased of this run, and this file is another one now. If they were taken out of it for that, its "
    "texts are not shown from it any more; rows, values and quotes of the run are not concerned"
)


def sources(directory: RunDirectory, description: RunDescription, erased: Erased | None) -> Iterator[Check]:
    """All that the fingerprint of a run names, taken again, and the tables and files of which its input was made.

    Inputs that glane rewrote are compared with what they are since; `erased` is None where that may not be read.
    """
    kept = [(str(_where(directory, Path(file.path))), file.digest) for file in description.files]
    made_of = [*digests_of_sources(directory.input), *digests_of_originals(directory.input)]
    with ThreadPoolExecutor(_READERS) as pool:
        yield from pool.map(lambda told: _input(told, erased), [*kept, *made_of])
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
    return moved if path.parent.name == INPUT_FOLDER and not os.path.exists(path) and os.path.exists(moved) else path


def _input(told: tuple[str, str], erased: Erased | None) -> Check:
    path, digest = told
    if not Path(path).is_absolute():
        return checked("inputs", path, "not covered", "where it lay was not kept")
    if not digest:
        return checked("inputs", path, *seen(lambda: not opens(Path(path)), otherwise=UNTAKEN))
    since: Seen = ("unreadable", _UNKNOWN) if erased is None else ("changed", _SINCE if erased.documents else "")
    known = Erased() if erased is None else erased
    found = seen(lambda: known.named(digest_of(Path(path))) == digest, otherwise=since)
    return checked("inputs", path, *found)


def _ingested(directory: RunDirectory) -> Iterator[Check]:
    why = "the files in it are known by their sizes and times alone: no digests were taken of them"
    if os.path.exists(directory.inventory):
        with contextlib.suppress(RunError):  # the inventory is told as changed, or as unreadable
            yield from (checked("inputs", source, "not covered", why) for source in read_facts(directory).sources)


def _id_list(description: RunDescription) -> Iterator[Check]:
    """The list that named the documents, by its ids: their order and other columns are nothing that was asked."""
    path = description.settings["data"].get("only_ids_in")
    if path is None:
        return

    def is_same() -> bool:
        opens(Path(path))
        listed = listed_ids(validated(DataSettings, description.settings["data"], place="data"), None)
        return listed is not None and listed.digest == description.fingerprint["data"].get("only_ids_in")

    yield checked("inputs", path, *seen(is_same))


def _task(description: RunDescription) -> Iterator[Check]:
    """The reference tables, and what is asked and how answers are read, made of the settings again."""
    part = description.fingerprint["task"]
    try:
        task = load_task(description.settings["task"])
    except GlaneError as error:
        yield checked("task", description.task, "changed", str(error))
        return
    marks = part.get("lookups", {})
    yield from (_table(task, name, mark) for name, mark in marks.items())
    if part.get("method") != METHOD:
        why = f"it was asked with method {part.get('method')}, and this glane has {METHOD}"
        yield checked("task", description.task, "not covered", why)
        return
    data = validated(DataSettings, description.settings["data"], place="data")
    model = validated(ModelSettings, description.settings["model"], place="model")
    asked = {name: value for name, value in part.items() if name != "extends"}  # the run that is extended is told apart
    lines = differences(asked, task_part(data=data, task=task, model=model, lookups=marks))
    why = ", ".join(line.partition(":")[0] for line in lines)
    yield checked("task", description.task, "changed" if lines else "equal", why)


def _table(task: Task, name: str, mark: Mapping[str, Any]) -> Check:
    path = Path(task.lookups[name].path)
    return checked("tables", path, *seen(lambda: digest_of(path) == mark.get("digest")))


def _weights(model: ModelSettings, known: Mapping[str, str]) -> Iterator[Check]:
    if not engine_kind(model.engine).has_weights:
        yield checked("weights", model.name, "not covered", f"the engine {model.engine} has none")
        return
    if closed := list(_closed(Path(model.path))):
        yield from closed
        return
    try:
        with tempfile.TemporaryDirectory() as empty:  # what is known of files is not asked: each is read
            cache = DigestCache(content_digest, folder=Path(empty))
            found = model_digests(resolve_weights(model), content_digest, cache=cache)
    except (GlaneError, OSError) as error:
        state: State = "unreadable" if isinstance(error, UnreadableError | PermissionError) else "changed"
        yield checked("weights", model.path, state, str(error))
        return
    for name in sorted({*known, *found}):
        state = "equal" if known.get(name) == found.get(name) else "changed"
        yield checked("weights", f"{model.path} ({name})", state)


def _closed(folder: Path) -> Iterator[Check]:
    """A folder of weights that is gone or may not be entered, or the files in it that may not be read."""
    paths: list[Path] = []

    def enter() -> bool:
        paths.extend(sorted(folder.iterdir()))
        return True

    found = seen(enter)
    if found[0] != "equal":
        yield checked("weights", folder, *found)
    for path in paths:
        told = seen(partial(opens, path))
        if told[0] == "unreadable":
            yield checked("weights", path, *told)
