"""The progress of a run, read from its directory alone: any process on any node can do it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from glane.corpus.plan import Plan
from glane.errors import visible
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, dated_heartbeats
from glane.types import Status

_SILENT_S = 25.0  # heartbeats are 10 s apart in batch jobs
# The parts are listed again after this many times as long as it took: 100,000 on a slow file system take seconds.
_PAUSE_FACTOR = 20
ProgressStyle = Literal["auto", "live", "plain", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker by its last heartbeat."""

    heartbeat: Heartbeat
    written: float  # when, in seconds since 1970 by the file system's clock
    state: Literal["starting", "working", "ended", "silent"]  # silent: as after the loss of its node


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of a run at one moment."""

    rows_done: int
    rows_total: int
    shards_done: int
    shards_total: int
    statuses: Counter[str]
    prompt_tokens: int
    output_tokens: int
    workers: tuple[WorkerState, ...]

    @property
    def num_unusable(self) -> int:
        """How many rows have a result without values."""
        return sum(count for status, count in self.statuses.items() if status != Status.OK)


def unit_of(plan: Plan) -> str:
    """What a row of the result is, in words; of groups, also how many documents they have."""
    return "documents" if plan.num_documents is None else f"groups (of {plan.num_documents} documents)"


def snapshot(directory: RunDirectory, plan: Plan, *, committed: Sequence[int] | None = None) -> Snapshot:
    """Read commits (unless the committed shards are given) and heartbeats."""
    committed = directory.committed_shards(plan.num_shards) if committed is None else committed
    beats = list(dated_heartbeats(directory))
    newest = max((written for written, _ in beats), default=0.0)
    workers = [
        WorkerState(
            heartbeat=beat,
            written=written,
            state="silent" if beat.state == "working" and newest - written > _SILENT_S else beat.state,
        )
        for written, beat in beats
    ]
    statuses: Counter[str] = Counter()
    for _, beat in beats:
        statuses.update(beat.progress.rows)
    open_rows = sum(one.heartbeat.progress.open_rows for one in workers if one.state == "working")
    done = int(plan.shard_rows[list(committed)].sum()) if committed else 0
    return Snapshot(
        rows_done=min(plan.num_selected, done + open_rows),
        rows_total=plan.num_selected,
        shards_done=len(committed),
        shards_total=plan.num_shards,
        statuses=statuses,
        prompt_tokens=sum(beat.progress.prompt_tokens for _, beat in beats),
        output_tokens=sum(beat.progress.output_tokens for _, beat in beats),
        workers=tuple(workers),
    )


class ProgressReporter:
    """Shows progress on a terminal as it goes, and writes a line to the run's log now and then."""

    def __init__(
        self,
        directory: RunDirectory,
        plan: Plan,
        *,
        style: ProgressStyle,
        line_every_s: float = 10.0,
        logs: bool = True,
    ) -> None:
        """`logs` says whether to write to the run's log, too. A process that only watches the run does not."""
        self._logs = logs
        self._directory, self._plan, self._line_every_s = directory, plan, line_every_s
        is_live = style == "live" or (style == "auto" and sys.stderr.isatty())
        self._console = Console(stderr=True, quiet=style == "none", highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True) if is_live else None
        self._is_plain = not is_live and style != "none"
        self._history: deque[tuple[float, int, int]] = deque(maxlen=60)
        self._last_line = 0.0
        self._committed: list[int] = []
        self._list_again = 0.0

    def __enter__(self) -> ProgressReporter:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """Write a line to the terminal and the log."""
        line = visible(line)
        self._console.print(Text(line), soft_wrap=True)
        self.log(line)

    def update(self) -> None:
        """Read the state of the run and show it, if that is due."""
        now = time.monotonic()
        is_due = now - self._last_line >= self._line_every_s
        if self._live is None and not is_due:
            return
        state = snapshot(self._directory, self._plan, committed=self._commits())
        self._history.append((now, state.rows_done, state.prompt_tokens + state.output_tokens))
        if self._live is not None:
            self._live.update(self._view(state))
        if is_due:
            self._last_line = now
            line = self._line(state)
            self.log(line)
            if self._is_plain:
                self._console.print(Text(line), soft_wrap=True)

    def _commits(self) -> list[int]:
        """The committed shards. The longer listing them takes, the less often it is done."""
        began = time.monotonic()
        if began >= self._list_again:
            self._committed = self._directory.committed_shards(self._plan.num_shards)
            ended = time.monotonic()
            self._list_again = ended + _PAUSE_FACTOR * (ended - began)
        return self._committed

    def _rates(self) -> tuple[float, float]:
        """Rows and tokens per second over the last updates in which something was done."""
        if len(self._history) < 2:
            return 0.0, 0.0
        (t0, rows0, tokens0), (t1, rows1, tokens1) = self._history[0], self._history[-1]
        return max(0, rows1 - rows0) / max(t1 - t0, 1e-6), max(0, tokens1 - tokens0) / max(t1 - t0, 1e-6)

    def _line(self, state: Snapshot) -> str:
        rows_per_s, tokens_per_s = self._rates()
        working = [one for one in state.workers if one.state == "working"]
        parts = [
            f"{state.rows_done}/{state.rows_total} {unit_of(self._plan)}",
            f"{state.shards_done}/{state.shards_total} shards",
            f"{rows_per_s:.1f} rows/s",
            f"{tokens_per_s:.0f} tokens/s",
            f"{state.num_unusable} not usable",
            f"ETA {_eta(state, rows_per_s)}",
            f"{len(working)} engine(s) at work" if working else "engines starting",
        ]
        return ", ".join(parts)

    def _view(self, state: Snapshot) -> Group:
        bar = ProgressBar(total=max(state.rows_total, 1), completed=state.rows_done, width=60)
        table = Table("engine", "host", "state", "rows", "window", "shards", box=None, pad_edge=False)
        for one in state.workers:
            if one.state != "ended":
                beat, done = one.heartbeat, one.heartbeat.progress
                window = f"{done.in_window}/{done.window_size}"
                cells = [beat.worker, beat.host, one.state, sum(done.rows.values()), window, done.shards]
                table.add_row(*map(str, cells))
        return Group(bar, Text(self._line(state)), table)

    def warn(self, line: str) -> None:
        """Report a problem that does not end the run."""
        self.say(f"warning: {line}")

    def log(self, line: str) -> None:
        """Write a line to the log only."""
        if not self._logs:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with contextlib.suppress(OSError):  # a log that cannot be written is no reason to stop
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = os.open(self._directory.log, flags, self._directory.file_mode)
            with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
                stream.write(f"{stamp} {line}\n")


def _eta(state: Snapshot, rows_per_s: float) -> str:
    if rows_per_s <= 0:
        return "unknown"
    seconds = int((state.rows_total - state.rows_done) / rows_per_s)
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
