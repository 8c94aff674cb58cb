"""Embedding documents as each process of a job does it, without Ray: for tests that kill such processes."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from glane.embedding.work import EmbeddingWork
from glane.job.embed_checks import resolved
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.publish import finish_run
from glane.run.publisher import sole_publisher
from glane.run.worker import WorkerSpec, run_worker
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
    if not run.directory.is_complete:
        spec = WorkerSpec(
            worker=worker, work=work, run=settings.run, key=run.key, start=random.Random(worker).random(),
            device="cpu", cpus=1, gpus=0,
        )  # fmt: skip
        report = run_worker(spec)
        assert report.outcome == "done", report.message
    with sole_publisher(run.directory, heartbeat_s=settings.run.beats_every_s(), lease_s=settings.run.lease_s):
        finish_run(run, record_mib=settings.run.record_mib)
    return run


def process_alone(settings: EmbedSettings, worker: str) -> None:
    """The same as the whole of a process, which ends with 3 where it fails."""
    try:
        embed_alone(settings, worker)
    except AssertionError:
        os._exit(3)


def killed_at(settings: EmbedSettings, limit: int) -> None:
    """The same, killed before its n-th operation on files."""
    import killer

    killer.arm(limit)
    embed_alone(settings, "first")
