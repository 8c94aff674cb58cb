"""What a run was made of: inputs, reference tables, the task, the weights; each compared with its fingerprint."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from glane.corpus.unchanged import KnownFile, content_digest
from glane.engine.digest_cache import DigestCache
from glane.engine.registry import engine_kind
from glane.engine.weights import model_digests, resolve_weights
from glane.errors import DataError, GlaneError
from glane.extraction.fingerprint import METHOD, task_part
from glane.extraction.summary import WORK
from glane.job.verify.record import Check, State
from glane.run.description import RunDescription
from glane.run.erased import Erased
from glane.run.fingerprint import differences
from glane.settings import DataSettings, ModelSettings
from glane.task.task import Task, load_task
from glane.validation import validated

_READERS = 8
_SINCE = "documents were erased of this run, and this file is not glane's: was it for that?"


def sources(description: RunDescription, erased: Erased) -> Iterator[Check]:
    """All that the fingerprint of a run names, taken again; of inputs that glane rewrote, what they are since."""
    with ThreadPoolExecutor(_READERS) as pool:
        yield from pool.map(lambda file: _input(file, erased), description.files)
    if description.work == WORK:
        yield from _task(description)
    told = description.settings.get("model")
    if isinstance(told, Mapping) and "digests" in description.fingerprint.get("model", {}):
        yield from _weights(validated(ModelSettings, told, place="model"), description.fingerprint["model"]["digests"])


def _input(file: KnownFile, erased: Erased) -> Check:
    def check(state: State, why: str = "") -> Check:
        return Check(part="inputs", place=file.path, state=state, why=why)

    if not Path(file.path).exists():
        return check("missing")
    if not file.digest:
        return check("not covered", "no digest was taken of it")
    try:
        is_equal = erased.named(content_digest(file.path)) == file.digest
        return check("equal" if is_equal else "changed", "" if is_equal or not erased.documents else _SINCE)
    except DataError as error:
        return check("changed", str(error))


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
    part = {name: value for name, value in part.items() if name != "extends"}  # of the earlier run, not of the task
    lines = differences(part, task_part(data=data, task=task, model=model, lookups=marks))
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
