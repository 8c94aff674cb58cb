"""In what ways of asking differ: the wording, the model, and the reading, each by a digest of what changes answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from glane.extraction.fingerprint import answering
from glane.extraction.results import Run
from glane.run.fingerprint import differences, text_digest
from glane.types import Factor

# Of a task: how documents are read. All else of it is its wording.
READ = frozenset(
    {"confidence", "quotes", "keys", "order", "split", "passes", "repairs", "rules", "lookups", "sentinels"}
)
_WORDED = frozenset({"name", "version", "language", "instructions", "inputs", "examples"})
_PROMPT = frozenset({"prompt_style", "prompt_shape", "chat_template_kwargs"})  # of a model: how a prompt is put to it
SHOWN = frozenset({"text_column", "group_by", "order_by"})  # of the data: what a document is


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One way of asking, by digests."""

    wording: str  # name, version, language, instructions, fields and examples of the task
    model: str  # weights, tokenizer, adapter, sampling, engine
    reading: str  # order, quotes, samples, recall, split, repairs, rules; how prompts are put; the column of the text

    prompt: str  # what is sent beside the document
    fingerprint: str  # all of it: equal for runs that ask alike
    inputs: str  # the files that were read, by name and content; no part of the fingerprint


def asking_of(run: Run) -> Asking:
    """How a run asked. Settings that change speed only, paths and the documents themselves are no part of it."""
    whole = run.description().fingerprint
    parts = answering(whole)
    known = parts["task"]
    model = {key: value for key, value in parts["model"].items() if key not in _PROMPT}
    put = {key: parts["model"].get(key) for key in sorted(_PROMPT)}
    reading = _read(run) | {"put": put, "extends": known.get("extends")}
    seen = _seen(run)
    return Asking(
        wording=_digest(_worded(run)),
        model=_digest({"model": model, "engine": parts["engine"]}),
        reading=_digest(reading | seen),
        prompt=known["prompt"],
        fingerprint=_digest(parts | seen),
        inputs=_digest(whole["inputs"]),
    )


def asked_otherwise(one: Run, other: Run) -> list[str]:
    """In what two runs were not asked the same, as dotted settings; none if their models alone may differ.

    How a prompt is put to a model is the model's, and what a run keeps of an earlier one was asked the same.
    """
    parts = [{"task": _worded(run) | _read(run), "data": _seen(run)} for run in (one, other)]
    return [line.partition(":")[0] for line in differences(*parts)]


def _worded(run: Run) -> dict[str, Any]:
    known = run.description().fingerprint["task"]
    return {**run.task.model_dump(mode="json", include=set(_WORDED)), "fields": known["merge"]}


def _read(run: Run) -> dict[str, Any]:
    """How documents were read; not how prompts were put."""
    known = run.description().fingerprint["task"]
    told = run.task.model_dump(mode="json", include=set(READ - {"lookups", "sentinels"}))
    return {**told, "lookups": known["lookups"], "method": known["method"]}


def _seen(run: Run) -> dict[str, Any]:
    return run.settings.data.model_dump(mode="json", include=set(SHOWN))


def factor_of(key: str) -> Factor:
    """Which of the three a dotted setting belongs to, as `task.passes.recall` to the reading."""
    group, _, rest = key.partition(".")
    name = rest.partition(".")[0]
    if group == "model":
        return "reading" if name in _PROMPT else "model"
    return "wording" if group == "task" and name not in READ else "reading"


def _digest(values: Any) -> str:
    return text_digest(json.dumps(values, sort_keys=True, ensure_ascii=False, default=str))
