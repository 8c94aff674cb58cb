"""Embedding documents as each process of a job does it, without Ray: for tests that kill such processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alone_runs import as_a_process, killed_before, work_alone
from glane.embedding.work import EmbeddingWork
from glane.job.embed_checks import resolved
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.publish import finish_run
from glane.settings import EmbedSettings, embed_settings

SCRIPTED = {"name": "scripted", "engine": "scripted", "path": "none", "max_model_len": 100_000, "max_tokens": 1}


def embed_told(documents: Path | str, run: Path, **changes: Any) -> EmbedSettings:
    """Settings with short waits. `run__lease_s` and the like change those of the run, `data__…` and `model__…` others."""
    told: dict[str, Any] = {
        "data": {"path": str(documents)}, "model": dict(SCRIPTED), "progress": "none",
        "run": {"dir": str(run), "heartbeat_s": 0.2, "lease_s": 1.0, "energy": "none"},
    }  # fmt: skip
    for name, value in changes.items():
        group, _, key = name.partition("__")
        if key:
            told[group][key] = value
        else:
            told[name] = value
    return resolved(embed_settings(told))


def embed_alone(settings: EmbedSettings, worker: str = "w0") -> PreparedRun:
    """What one process does: prepare, embed, publish."""
    work = EmbeddingWork(settings=settings)
    run = prepare_run(run_directory(settings.run), work, cluster={})
    work_alone(
        run, work, settings.run, worker=worker, finish=lambda: finish_run(run, record_mib=settings.run.record_mib)
    )
    return run


def process_alone(settings: EmbedSettings, worker: str) -> None:
    """The same as the whole of a process, which ends with 3 where it fails."""
    as_a_process(embed_alone, settings, worker)


def killed_at(settings: EmbedSettings, limit: int) -> None:
    """The same, killed before its n-th operation on files."""
    killed_before(limit, embed_alone, settings)
