"""Reading files into a data set as each process of a job does it, without Ray: for tests that kill such processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alone_runs import as_a_process, killed_before, work_alone
from glane.ingestion.checks import absolute, check_ingest
from glane.ingestion.data_set import finish_ingest
from glane.ingestion.work import IngestWork, prepare_ingest
from glane.run.prepare import PreparedRun
from glane.settings import IngestSettings, ingest_settings


def ingest_told(source: Path | str | list[str], data: Path, **changes: Any) -> IngestSettings:
    """Settings with short waits; `run__lease_s` and the like change those of the run."""
    run: dict[str, Any] = {"heartbeat_s": 0.2, "lease_s": 1.0, "energy": "none"}
    told: dict[str, Any] = {"language": False, "progress": "none"}
    for name, value in changes.items():
        (run if name.startswith("run__") else told)[name.removeprefix("run__")] = value
    source = source if isinstance(source, list) else str(source)
    return absolute(ingest_settings({"source": source, "data": {"path": str(data)}, "run": run, **told}))


def read_alone(settings: IngestSettings, worker: str = "w0") -> PreparedRun:
    """What one process does: check, prepare, read, publish."""
    check_ingest(settings)
    work = IngestWork(settings=settings)
    run, _ = prepare_ingest(work)
    work_alone(run, work, settings.run, worker=worker, finish=lambda: finish_ingest(run, settings))
    return run


def process_alone(settings: IngestSettings, worker: str) -> None:
    """The same as the whole of a process, which ends with 3 where it fails."""
    as_a_process(read_alone, settings, worker)


def killed_at(settings: IngestSettings, limit: int) -> None:
    """The same, killed before its n-th operation on files."""
    killed_before(limit, read_alone, settings)
