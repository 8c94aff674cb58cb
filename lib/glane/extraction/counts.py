"""What a worker has done for one task so far, as its heartbeat tells it."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from glane.run.heartbeat import Progress
from glane.types import Completion, Status

_PACE_S = 60.0  # the heartbeat's throughput is an average over this time


@dataclass(slots=True)
class Counts:
    """Rows, shards and tokens of one task."""

    rows: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int | None = 0  # None once an answer does not tell
    forced_tokens: int | None = 0  # likewise
    shards: int = 0
    committed: Counter[str] = field(default_factory=Counter)  # rows by status, in the shards that this worker committed
    judged_rows: int = 0  # rows of shards that are done, here or by another worker that was faster
    _pace: deque[tuple[float, int, int]] = field(default_factory=deque)

    def answered(self, answer: Completion) -> None:
        """Count the tokens of an answer."""
        self.prompt_tokens += answer.num_prompt_tokens
        self.output_tokens += answer.num_output_tokens + answer.num_reasoning_tokens
        self.cached_tokens = _added(self.cached_tokens, answer.num_cached_tokens)
        self.forced_tokens = _added(self.forced_tokens, answer.num_forced_tokens if answer.num_output_tokens else 0)

    def closed(self, status: Status, *, duplicate: bool) -> None:
        """Count a row that has its result."""
        self.duplicates += duplicate
        self.rows[status] += 1

    def progress(self, *, in_window: int, window_size: int, steps: int) -> Progress:
        """The progress now. What is given is of the engine."""
        now, tokens = time.monotonic(), self.prompt_tokens + self.output_tokens
        self._pace.append((now, self.rows.total(), tokens))
        while len(self._pace) > 2 and now - self._pace[1][0] > _PACE_S:
            self._pace.popleft()
        (_, rows_before, tokens_before), seconds = self._pace[0], max(now - self._pace[0][0], 1e-3)
        return Progress(
            rows=dict(self.rows),
            duplicates=self.duplicates,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            forced_tokens=self.forced_tokens,
            shards=self.shards,
            committed=dict(self.committed),
            open_rows=self.rows.total() - self.judged_rows,
            in_window=in_window,
            window_size=window_size,
            rows_per_s=round((self.rows.total() - rows_before) / seconds, 3),
            tokens_per_s=round((tokens - tokens_before) / seconds, 1),
            steps=steps,
            is_busy=in_window > 0,
        )


def _added(so_far: int | None, told: int | None) -> int | None:
    return None if so_far is None or told is None else so_far + told
