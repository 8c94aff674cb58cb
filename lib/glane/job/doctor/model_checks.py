"""A model's files and settings, and a whole extraction, as it checks them before it asks for a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from glane.cluster.findings import Finding, Findings, failed, ok, skipped
from glane.engine.manifest import read_manifest
from glane.engine.registry import engine_kind
from glane.engine.weights import resolve_weights, weights_bytes
from glane.errors import GlaneError
from glane.job.licences import licence_line, refuse_unlicensed
from glane.job.preflight import preflight
from glane.job.submission_checks import submission_faults
from glane.settings import ExtractSettings, ModelSettings
from glane.task.task import load_task

# What is asked of a model if no task is told: the least that a template and a tokenizer can be tried with.
_LEAST_TASK = {"name": "doctor", "instructions": "Read the text.", "fields": {"seen": {"type": "boolean"}}}


def check_model(model: ModelSettings | None, task: Mapping[str, Any] | None) -> Findings:
    """Weights, licence, tokenizer, quantisation and chat template; with a task, whether it can be asked."""
    if model is None:
        return [skipped("model", "none is chosen (model=NAME)")]
    return list(_model(model, _LEAST_TASK if task is None else task))


def _model(model: ModelSettings, task: Mapping[str, Any]) -> Iterator[Finding]:
    yield _attempt("licence", lambda: refuse_unlicensed(model), licence_line(model).removeprefix("model  "))
    if not engine_kind(model.engine).has_weights:
        yield skipped("weights", f"the engine {model.engine} has none")
        return
    try:
        found = resolve_weights(model)
    except GlaneError as error:
        yield failed("weights", str(error))
        return
    manifest = read_manifest(Path(found.path))
    staged = "not staged" if manifest is None else f"staged on {manifest.staged[:10]}"
    yield ok("weights", f"{found.path}: {(weights_bytes(found) or 0) / 1e9:.1f} GB, complete, {staged}")
    name = "tokenizer and template"
    yield _attempt(
        name,
        lambda: preflight(found, load_task(task)),
        f"read and tried, quantisation included ({Path(found.path).name})",
    )


def check_extraction(extraction: ExtractSettings | None) -> Findings:
    """All that the extraction itself would be refused with, before it starts or is submitted."""
    name = "extraction"
    if extraction is None:
        return [skipped(name, "task, model and data.path are not all told")]
    found = list(dict.fromkeys(map(str, submission_faults(extraction))))
    return [failed(name, one) for one in found] or [ok(name, f"nothing refuses it (run.dir={extraction.run.dir})")]


def _attempt(name: str, check: Callable[[], object], seen: str) -> Finding:
    try:
        check()
    except GlaneError as error:
        return failed(name, str(error))
    return ok(name, seen)
