"""The progress of a run, read from its directory alone: any process on any node can do it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from glane.corpus.plan import Plan
from glane.errors import visible
from glane.languages import as_read, in_language
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, dated_heartbeats
from glane.run.pace import Pace
from glane.types import Status

_SILENT_S = 25.0  # heartbeats are 10 s apart in batch jobs
_LIVE_S = 0.5  # between two looks of what is shown on a terminal as it goes
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

    @property
    def num_jobs(self) -> int:
        """How many jobs are at work; those of one machine without a scheduler count as one."""
        beats = [one.heartbeat for one in self.workers if one.state in ("starting", "working")]
        return len({beat.job or beat.identity for beat in beats})


def unit_of(plan: Plan) -> str:
    """What a row of the result is, in words; of groups, also how many documents they have."""
    return "documents" if plan.num_documents is None else f"groups (of {plan.num_documents} documents)"


def snapshot(directory: RunDirectory, plan: Plan) -> Snapshot:
    """Read commits and heartbeats."""
    committed = directory.committed_shards(plan.num_shards)
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
    done = int(plan.shard_rows[committed].sum()) if committed else 0
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
    """Shows progress on a terminal as it goes, and writes a line to the run's log now and then.

    The terminal is in the language of the user. The log is in English, for whoever is asked about it.
    """

    def __init__(
        self,
        directory: RunDirectory,
        plan: Plan,
        *,
        style: ProgressStyle,
        line_every_s: float = 10.0,
        logs: bool = True,
        reads_files: bool = False,
    ) -> None:
        """`logs` says whether to write to the run's log, too. A process that only watches the run does not.

        A run that `reads_files` has files for its rows, and no engines.

        A line is written every `line_every_s` seconds, or more seldom while other jobs are at work; see `Pace`.
        """
        self._logs, self._reads_files = logs, reads_files
        self._directory, self._plan, self._line_every_s = directory, plan, line_every_s
        is_live = style == "live" or (style == "auto" and sys.stderr.isatty())
        self._console = Console(stderr=True, quiet=style == "none", highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True) if is_live else None
        self._is_plain = not is_live and style != "none"
        self._pace = Pace(_LIVE_S if is_live else line_every_s)
        self._history: deque[tuple[float, int, int]] = deque(maxlen=60)
        self._last_line = 0.0

    def __enter__(self) -> ProgressReporter:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """Write a line to the terminal and the log."""
        self._console.print(Text(visible(as_read(line))), soft_wrap=True)
        self.log(visible(line))

    def update(self) -> Snapshot | None:
        """Read the state of the run, show it and return it, if that is due. Cheap enough to be called often."""
        if not self._pace.is_due or self._directory.is_complete:
            return None
        now = time.monotonic()
        state = snapshot(self._directory, self._plan)
        self._pace.looked(began=now, num_jobs=state.num_jobs)
        done = (state.rows_done, state.prompt_tokens + state.output_tokens)
        if len(self._history) == 1 and self._history[0][1:] == done:
            self._history.clear()  # engines are starting: rows per second and the time left are told without that
        self._history.append((now, *done))
        if self._live is not None:
            self._live.update(self._view(state))
        if self._live is None or now - self._last_line >= self._line_every_s:
            self._last_line = now
            line = self._line(state)
            self.log(line)
            if self._is_plain:
                self._console.print(Text(as_read(line)), soft_wrap=True)
        return state

    def _rates(self) -> tuple[float, float]:
        """Rows and tokens per second over the last updates, from the last one before something was done."""
        if len(self._history) < 2:
            return 0.0, 0.0
        (t0, rows0, tokens0), (t1, rows1, tokens1) = self._history[0], self._history[-1]
        return max(0, rows1 - rows0) / max(t1 - t0, 1e-6), max(0, tokens1 - tokens0) / max(t1 - t0, 1e-6)

    def _line(self, state: Snapshot) -> str:
        rows_per_s, tokens_per_s = self._rates()
        working = [one for one in state.workers if one.state == "working"]
        if self._reads_files:
            return ", ".join(
                [
                    f"{state.rows_done}/{state.rows_total} files",
                    f"{state.shards_done}/{state.shards_total} shards",
                    f"{rows_per_s:.1f} files/s",
                    f"{state.num_unusable} not usable",
                    f"ETA {_eta(state, rows_per_s)}",
                    f"{len(working)} worker(s) at work" if working else "workers starting",
                ]
            )
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
        heads = map(in_language, ("engine", "host", "state", "rows", "window", "shards"))
        table = Table(*heads, box=None, pad_edge=False)
        for one in state.workers:
            if one.state != "ended":
                beat, done = one.heartbeat, one.heartbeat.progress
                window = f"{done.in_window}/{done.window_size}"
                cells = [beat.worker, beat.host, in_language(one.state), sum(done.rows.values()), window, done.shards]
                table.add_row(*map(str, cells))
        return Group(bar, Text(as_read(self._line(state))), table)

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
