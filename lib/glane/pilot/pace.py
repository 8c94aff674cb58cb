"""The pace of a run's engines, that is their throughput, estimated from the commits of its shards.

Work is counted as output tokens plus a quarter of the prompt tokens, as an engine reads many tokens at a time. While
its window is full, an engine works at its steady rate. So the rate is taken from that part of the run. The time to
start and the time lost at both ends are estimated apart.

The error of the rate is that of the time between the first and the last commit of the steady part. Times between
commits 1, 2, 3 … apart are compared with work / rate. The part of their variance that does not grow with the distance
comes from the moments at which shards are complete. The part that grows comes from variations of the engine's speed.
These are the two parts of a variogram (N. Cressie, Statistics for Spatial Data, 1993, section 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import nnls

from glane.parquet import read_parquet_frame
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, heartbeats, most_at_once

PROMPT_WEIGHT = 0.25
_LEAST_WINDOWS = 2  # of answers in the steady part; with fewer, the ends are included
_LEAST_COMMITS = 6  # with fewer, no error can be estimated
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The throughput of one engine. Times in seconds; work in output tokens plus a quarter of the prompt tokens."""

    work_per_s: float  # while its window is full; 0 if nothing was answered
    relative_error: float  # standard error of `work_per_s`, as a share
    degrees_of_freedom: int
    ends_s: float  # time that filling and emptying the window add to work / rate
    engine_start_s: float  # from the start of a worker to its first document
    is_steady: bool  # whether its window was full for long enough; if not, the ends are part of the rate
    num_engines: int
    gpus_per_engine: int
    engines_per_host: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """The shards that one worker committed, by time. `began` is when it started its first one."""

    began: float
    times: Floats
    rows: Floats
    work: Floats


def read_pace(directory: RunDirectory, rows: pl.DataFrame, shard_rows: Sequence[int], *, window: int) -> Pace:
    """The pace of a complete run. `rows` are its records, in order; `window` is the number of requests in an engine."""
    shards = read_parquet_frame(directory.ledger / "shards.parquet").sort("shard")
    shard_of_row = np.repeat(np.arange(len(shard_rows)), shard_rows)
    per_row = (PROMPT_WEIGHT * rows["prompt_tokens"].fill_null(0) + rows["output_tokens"].fill_null(0)).to_numpy()
    # A duplicate costs no work: its answer is that of the row it repeats.
    per_row = np.where(rows["duplicate"].to_numpy(), 0.0, per_row)
    work = np.bincount(shard_of_row, weights=per_row, minlength=len(shard_rows))
    beats = heartbeats(directory)
    workers, starts = [], []
    for worker in shards["worker"].unique(maintain_order=True):
        is_its = (shards["worker"] == worker).to_numpy()
        order = np.argsort(shards["committed"].to_numpy()[is_its], kind="stable")
        began = float(shards["started"].to_numpy()[is_its].min())
        workers.append(
            Commits(
                began=began,
                times=shards["committed"].to_numpy()[is_its][order],
                rows=np.asarray(shard_rows, float)[is_its][order],
                work=work[is_its][order],
            )
        )
        starts += [max(0.0, began - beat.started) for beat in beats if beat.worker == worker]
    return pace_of(workers, starts, beats, window=window)


def pace_of(workers: Sequence[Commits], starts: Sequence[float], beats: Sequence[Heartbeat], *, window: int) -> Pace:
    """The pace of engines, from their commits, seconds until the first document (`starts`), and last heartbeats."""
    steady = [found for worker in workers if (found := _steady(worker, window)) is not None]
    parts = steady or [_whole(worker) for worker in workers]
    duration_s, work = sum(part.times[-1] - part.times[0] for part in parts), sum(part.work[1:].sum() for part in parts)
    rate = work / duration_s if duration_s > 0 else 0.0
    error_s2 = sum(_variance(part, rate) for part in parts) if rate > 0 else 0.0
    spans = [(worker.times[-1] - worker.began, worker.work.sum()) for worker in workers]
    ends = [max(0.0, span - work / rate) for span, work in spans] if rate > 0 else [0.0]
    hosts = {beat.host for beat in beats}
    at_once = [most_at_once([beat for beat in beats if beat.host == host]) for host in hosts]
    return Pace(
        work_per_s=float(rate),
        relative_error=float(np.sqrt(error_s2) / duration_s) if duration_s > 0 else 0.0,
        degrees_of_freedom=max(1, sum(len(part.times) for part in parts) // 4),
        ends_s=float(np.mean(ends)) if steady else 0.0,
        engine_start_s=float(np.median(starts)) if starts else 0.0,
        is_steady=bool(steady),
        num_engines=len(workers),
        gpus_per_engine=max((beat.gpus for beat in beats), default=0),
        engines_per_host=max(at_once, default=1),
    )


def _steady(worker: Commits, window: int) -> Commits | None:
    """The commits after the first window and before the last one; None if they are too few."""
    done = worker.rows.cumsum()
    first = int(np.searchsorted(done, window))
    last = int(np.searchsorted(done, done[-1] - window, side="right")) - 1
    if last - first < _LEAST_COMMITS or done[last] - done[first] < _LEAST_WINDOWS * window:
        return None
    part = slice(first, last + 1)
    return Commits(began=worker.times[first], times=worker.times[part], rows=worker.rows[part], work=worker.work[part])


def _whole(worker: Commits) -> Commits:
    """All of a short run, its ends included."""
    return Commits(
        began=worker.began,
        times=np.concatenate([[worker.began], worker.times]),
        rows=np.concatenate([[0.0], worker.rows]),
        work=np.concatenate([[0.0], worker.work]),
    )


def _variance(part: Commits, rate: float) -> float:
    """The variance of the time between the first and the last commit of a part, in square seconds."""
    strayed = part.times - part.times[0] - (part.work.cumsum() - part.work[0]) / rate
    farthest = len(strayed) - 1
    distances = np.arange(1, max(2, farthest // 2 + 1))
    if farthest < _LEAST_COMMITS:
        return float(strayed.std() ** 2 * 2)
    squares = np.array([np.mean((strayed[apart:] - strayed[:-apart]) ** 2) for apart in distances])
    # The rate is fitted to the two ends of the part, which makes the squares of distant pairs too small. Correct that.
    squares /= 1 - distances / (farthest + 1)
    (steady, growing), _ = nnls(np.stack([np.ones(len(distances)), distances], axis=1), squares)
    return float(steady + growing * farthest)
