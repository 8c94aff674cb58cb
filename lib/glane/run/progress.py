"""How far a run is, from the ledger alone: any process may look, on any node."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from glane.corpus.plan import Plan
from glane.run.directory import RunDirectory

_SILENT_S = 20.0
_REST = 20  # times as long as listing the parts took: of 100,000 on a slow file system that is seconds
ProgressStyle = Literal["auto", "live", "plain", "none"]


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
    workers: tuple[dict[str, Any], ...]  # the heartbeats, newest attempt of each


def snapshot(directory: RunDirectory, plan: Plan, *, committed: Sequence[int] | None = None) -> Snapshot:
    """Read commits (unless the committed shards are given) and heartbeats."""
    committed = directory.committed_shards() if committed is None else committed
    workers = tuple(sorted(_heartbeats(directory), key=lambda sign: str(sign["worker"])))
    statuses: Counter[str] = Counter()
    for sign in workers:
        statuses.update(sign.get("rows", {}))
    newest = max((sign["written"] for sign in workers), default=0.0)
    workers = tuple(
        # A lost node takes its workers along before they can say so.
        sign | {"state": "silent"} if sign["state"] == "working" and newest - sign["written"] > _SILENT_S else sign
        for sign in workers
    )
    live = [sign for sign in workers if sign["state"] == "working"]
    done = int(plan.shard_rows[list(committed)].sum()) if committed else 0
    return Snapshot(
        rows_done=min(plan.num_selected, done + sum(sign.get("open_rows", 0) for sign in live)),
        rows_total=plan.num_selected,
        shards_done=len(committed),
        shards_total=plan.num_shards,
        statuses=statuses,
        prompt_tokens=sum(sign.get("prompt_tokens", 0) for sign in workers),
        output_tokens=sum(sign.get("output_tokens", 0) for sign in workers),
        workers=workers,
    )


def _heartbeats(directory: RunDirectory) -> list[dict[str, Any]]:
    found = []
    for path in directory.workers.glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            sign = {"state": "starting", **json.loads(path.read_text())}
            found.append(sign | {"written": path.stat().st_mtime})
    return found


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
        """`logs`: write to the run's log, too; a mere onlooker does not."""
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
        """One line of news, to the terminal and the log."""
        self._console.print(Text(line), soft_wrap=True)
        self.log(line)

    def update(self) -> None:
        """Look at the run, and show it."""
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
        """The committed shards. Where listing them takes long, it is done the more rarely."""
        began = time.monotonic()
        if began >= self._list_again:
            self._committed = self._directory.committed_shards()
            ended = time.monotonic()
            self._list_again = ended + _REST * (ended - began)
        return self._committed

    def _rates(self) -> tuple[float, float]:
        """Rows and tokens per second over the last updates in which something was done."""
        if len(self._history) < 2:
            return 0.0, 0.0
        (t0, rows0, tokens0), (t1, rows1, tokens1) = self._history[0], self._history[-1]
        return max(0, rows1 - rows0) / max(t1 - t0, 1e-6), max(0, tokens1 - tokens0) / max(t1 - t0, 1e-6)

    def _line(self, state: Snapshot) -> str:
        rows_per_s, tokens_per_s = self._rates()
        working = [sign for sign in state.workers if sign.get("state") == "working"]
        parts = [
            f"{state.rows_done}/{state.rows_total} documents",
            f"{state.shards_done}/{state.shards_total} shards",
            f"{rows_per_s:.1f} rows/s",
            f"{tokens_per_s:.0f} tokens/s",
            f"{_errors(state)} not usable",
            f"ETA {_eta(state, rows_per_s)}",
            f"{len(working)} engine(s) at work" if working else "engines starting",
        ]
        return ", ".join(parts)

    def _view(self, state: Snapshot) -> Group:
        bar = ProgressBar(total=max(state.rows_total, 1), completed=state.rows_done, width=60)
        table = Table("engine", "host", "state", "rows", "window", "shards", box=None, pad_edge=False)
        for sign in state.workers:
            if sign.get("state") != "ended":
                window = f"{sign.get('in_window', 0)}/{sign.get('window_size', 0)}"
                cells = [sign["worker"], sign["host"], sign["state"], sum(sign.get("rows", {}).values()), window]
                table.add_row(*map(str, cells), str(sign.get("shards", 0)))
        return Group(bar, Text(self._line(state)), table)

    def warn(self, line: str) -> None:
        """Something went wrong that the run survives."""
        self.say(f"warning: {line}")

    def log(self, line: str) -> None:
        """One line to the log only."""
        if not self._logs:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with contextlib.suppress(OSError):  # a log that cannot be written is no reason to stop
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = os.open(self._directory.log, flags, self._directory.file_mode)
            with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
                stream.write(f"{stamp} {line}\n")


def _errors(state: Snapshot) -> int:
    return sum(count for status, count in state.statuses.items() if status != "OK")


def _eta(state: Snapshot, rows_per_s: float) -> str:
    if rows_per_s <= 0:
        return "unknown"
    seconds = int((state.rows_total - state.rows_done) / rows_per_s)
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def summary_lines(directory: RunDirectory, summary: dict[str, Any]) -> Sequence[str]:
    """The end of a run in words: where things are, and the flow from input to output."""
    flow, tokens = summary["flow"], summary["tokens"]
    statuses = [f"{name} {count}" for name, count in flow.items() if name.isupper() and count]
    reading = summary["reading"]
    return [
        f"records  {_shown(directory.records)}/*.parquet",
        f"summary  {_shown(directory.summary)}",
        f"flow     read {flow['read']} > selected {flow['selected']} > duplicates {flow['duplicates']} > "
        f"asked {flow['asked']} > {', '.join(statuses)}",
        f"reading  {reading['chunks']} chunks, {reading['repairs']} repairs, "
        f"{reading['rows_with_broken_rules']} rows that break a rule, {reading['rows_with_leaks']} with a leak",
        f"tokens   prompt {tokens['prompt']}, output {tokens['output']}",
        f"speed    {summary['rows_per_s']} rows/s over {summary['seconds_working']} s",
    ]


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
