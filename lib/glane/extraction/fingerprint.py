"""The fingerprint of a run: everything that decides its answers. A run is resumed only with an equal fingerprint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from glane.extraction.prompts import shape_of
from glane.run.fingerprint import Fingerprint, differences, text_digest
from glane.settings import DataSettings, ModelSettings
from glane.tables.options import TableOptions
from glane.task.prompt import PromptTemplate, Shown, messages, repair_note
from glane.task.recall import recall_task
from glane.task.task import Task

# The version of how documents are split, and answers located and merged. A code change that changes results must raise
# it. tests/test_method.py fails if results change.
METHOD = 3

# Settings of the model that change its speed, but not its answers.
SPEED_ONLY = frozenset(
    {
        "path",
        "tokenizer",
        "adapter",
        "chat_template",  # these four are covered by their digests
        "engines",
        "cpus_per_engine",
        "max_num_seqs",
        "max_num_batched_tokens",
        "window",
        "gpu_memory_utilization",
        "kv_cache_mib",
        "kv_offload_gib",
        "in_process",
        "ask_duplicates",
        "shared_grammars",
        "forced_tokens",
        "quote_drafts",
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "expert_parallel",
        "async_scheduling",
        "script",
        "toy_for",  # says what the model is for
        "licence",
        "released",
        "restricted",
        "accept_licence",
    }
)

# Where the rows come from, and how they were read: the digest of the rows stands for it.
_NOT_OF_ROWS = {"path", "extend", "only_ids_in", "pseudonyms", *TableOptions.model_fields}

_MANNER = ("confidence", "quotes", "order", "split", "passes", "repairs", "rules")  # how documents are read


def make_fingerprint(
    *,
    data: DataSettings,
    only_ids: str | None,
    task: Task,
    model: ModelSettings,
    inputs: Sequence[Mapping[str, Any]],
    model_digests: Mapping[str, str],
    engine_version: str,
    lookups: Mapping[str, Any],
    pseudonyms: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything that decides the answers of a run, as plain values.

    Host, paths, numbers of workers, file times and glane's own version are left out, as they do not change answers.
    `only_ids` is the digest of the ids in the file `data.only_ids_in`, and stands for it. `pseudonyms` tells by what
    rules and key the documents were pseudonymised, if they were.
    """
    listed = {} if only_ids is None else {"only_ids_in": only_ids}
    return {
        "inputs": [dict(entry) for entry in inputs],
        "data": data.model_dump(mode="json", exclude=_NOT_OF_ROWS) | listed,
        "task": task_part(data=data, task=task, model=model, lookups=lookups),
        "model": model.model_dump(mode="json", exclude=set(SPEED_ONLY)) | {"digests": dict(model_digests)},
        "engine": f"{model.engine} {engine_version}",
        **({} if pseudonyms is None else {"pseudonyms": dict(pseudonyms)}),
    }


def task_part(*, data: DataSettings, task: Task, model: ModelSettings, lookups: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a fingerprint that is about what is asked, and how answers are read."""
    empty = dict.fromkeys(task.inputs, "")
    style, shape = model.prompt_style, shape_of(model)
    shown = [messages(task, empty, style=style, shape=shape, note=repair_note(task, ""))]
    if data.group_by is not None:
        case = [Shown(number=1, of=1, id="-", order="-", text="", is_continued=True)]
        shown.append(PromptTemplate(task, style=style, shape=shape).messages(empty, group=case))
    if task.passes.recall:
        again = PromptTemplate(recall_task(task), style=style, shape=shape, is_recall=True)
        shown.append(again.messages(empty, known="{}"))
    prompt = json.dumps(shown, ensure_ascii=False)
    return {
        "name": task.name,
        "version": task.version,
        "inputs": list(task.inputs),
        "schema": text_digest(task.answer_schema),
        "prompt": text_digest(prompt),
        **task.model_dump(mode="json", include=set(_MANNER)),
        "method": METHOD,
        "merge": text_digest(json.dumps(task.model_dump(mode="json", include={"fields"}), sort_keys=True)),
        "lookups": dict(lookups),
    }


# The name of a kind of difference, by the beginning of its line. The first that fits is taken.
_KINDS = (
    ("model.digests.weights", "model weights"),
    ("model.digests.adapter", "adapter"),
    ("model.digests.tokenizer", "tokenizer"),
    ("model.digests.chat_template", "chat template"),
    ("model.sampling", "sampling"),
    ("model.name", "model name"),
    ("model", "model settings"),
    ("engine", "engine version"),
    ("task.prompt", "prompt"),
    ("task.schema", "answer schema"),
    ("task.merge", "fields"),
    ("task.lookups", "reference tables"),
    ("task.name", "task name"),
    ("task.version", "task version"),
    ("task", "reading"),
)


def answering(fingerprint: Fingerprint) -> dict[str, Any]:
    """The parts that decide how documents are answered; not those that tell which documents."""
    return {part: fingerprint[part] for part in ("task", "model", "engine")}


def changes(before: Fingerprint, now: Fingerprint) -> dict[str, list[str]]:
    """The differences in how two runs answer: the lines of `differences`, by kind."""
    found: dict[str, list[str]] = {}
    for line in differences(answering(before), answering(now)):
        kind = next(kind for start, kind in _KINDS if line.startswith((f"{start}:", f"{start}.", f"{start}[")))
        found.setdefault(kind, []).append(line)
    return found
