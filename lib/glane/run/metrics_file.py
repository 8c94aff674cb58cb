"""The file with a run's metrics, replaced now and then: in the run, and where the site's node exporter looks."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from glane.corpus.plan import Plan
from glane.errors import GlaneError
from glane.run.directory import RunDirectory
from glane.run.exposition import Metric, Sample, exposition
from glane.run.head import read_head
from glane.run.metrics import AboutRun, Moment, run_metrics
from glane.run.progress import Snapshot, snapshot
from glane.run.summary import Summary, read_summary
from glane.settings import RunSettings
from glane.storage import exists, listed

METRICS_DIR = "GLANE_METRICS_DIR"
"""The environment variable by which a site says where its node exporter looks, if `run.metrics_dir` does not."""
NAME = "metrics.prom"
_LEAST_S = 2.0  # between two writes: a terminal is shown the state of the run more often
_COLLECTED_MODE = 0o644  # the collector is another user


class MetricsFile:
    """Writes the metrics of a run that this process drives. Never raises."""

    def __init__(
        self,
        directory: RunDirectory,
        plan: Plan,
        settings: RunSettings,
        *,
        warn: Callable[[str], None],
    ) -> None:
        """`warn` is told once if the file cannot be written."""
        self._directory, self._plan, self._warn = directory, plan, warn
        self._folder = collector_folder(settings)
        self._next = 0.0
        self._about: AboutRun | None = None
        self._highest: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def update(self, state: Snapshot | None) -> None:
        """Write the metrics of a state of the run that was read just now; nothing where it was not."""
        if state is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LEAST_S
            self._write(phase="working", state=state)

    def close(self) -> None:
        """Write the last figures into the run, and remove what the collector reads: it would tell them for ever."""
        self._write(phase="complete" if self._directory.is_finished else "stopped")
        _remove(self._directory, self._folder)

    def _write(self, *, phase: str, state: Snapshot | None = None) -> None:
        try:
            moment = self._moment(phase, state or snapshot(self._directory, self._plan))
            text = exposition(self._rising(run_metrics(self._who(), moment))).encode()
            _put(self._directory.root / NAME, text, mode=self._directory.file_mode)
            if phase == "working" and (path := collected(self._directory, self._folder)) is not None:
                _put(path, text, mode=_COLLECTED_MODE)
        except Exception as error:  # monitoring is no reason to stop
            reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else type(error).__name__
            self._warn(f"the metrics of this run are not written ({reason}); the run goes on without")
            self._warn = lambda _: None

    def _who(self) -> AboutRun:
        if self._about is None:
            head, root = read_head(self._directory), self._directory.root
            self._about = AboutRun(
                run=root.name, run_id=_short(self._directory), work=head.work, task=head.task, model=head.model
            )
        return self._about

    def _moment(self, phase: str, state: Snapshot) -> Moment:
        directory, now, summary = self._directory, time.time(), None
        if directory.is_complete:
            state = replace(state, shards_done=state.shards_total, rows_done=state.rows_total)
        if directory.is_complete and exists(directory.summary):
            summary = read_summary(directory, Summary)
        return Moment(
            state=state,
            phase=phase,
            engine_deaths=len(listed(directory.deaths, "*.json")),
            now=now,
            ended=None if phase == "working" else now,
            statuses=None if summary is None else summary.flow.statuses(),
        )

    def _rising(self, metrics: Sequence[Metric]) -> list[Metric]:
        """The same with counters that never fall: a machine's energy is a mean over the engines that are there."""
        return [self._risen(metric) if metric.kind == "counter" else metric for metric in metrics]

    def _risen(self, metric: Metric) -> Metric:
        samples: list[Sample] = []
        for sample in metric.samples:
            key = (metric.name, tuple(sample.labels.items()))
            value = self._highest[key] = max(sample.value, self._highest.get(key, 0.0))
            samples.append(replace(sample, value=value))
        return replace(metric, samples=samples)


def remove_collected(directory: RunDirectory, settings: RunSettings) -> None:
    """Remove what the site's collector reads of a run whose driver was killed. Never raises."""
    _remove(directory, collector_folder(settings))


def _remove(directory: RunDirectory, folder: Path | None) -> None:
    with contextlib.suppress(OSError, GlaneError):
        if (path := collected(directory, folder)) is not None:
            path.unlink(missing_ok=True)


def collector_folder(settings: RunSettings) -> Path | None:
    """Where the site's collector looks, by the settings or the environment; None if nowhere."""
    told = settings.metrics_dir or os.environ.get(METRICS_DIR)
    return Path(told).expanduser().absolute() if told else None


def collected(directory: RunDirectory, folder: Path | None) -> Path | None:
    """The file of a run among those of others; None without such a folder."""
    return None if folder is None else folder / f"glane_{_short(directory)}.prom"


def _short(directory: RunDirectory) -> str:
    return directory.identity()[:16]


def _put(path: Path, content: bytes, *, mode: int) -> None:
    """Replace a small file in one step. Its temporary name is not one that a collector reads."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(16)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
