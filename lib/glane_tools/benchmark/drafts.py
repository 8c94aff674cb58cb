"""Compares answers with and without drafts within quotes, in one process: `python -m glane_tools.benchmark.drafts`.

Two engines on one core each are asked the same notes of the demo in turn, so that what else the machine does falls on
both. Words such as `model=demo`, `documents=64` and `pairs=4` change what is asked, and with `few=8` drafts are made
while so many requests run or fewer (0: always). Other words are those of `extract`.
On CPU only: in other layouts the steps happen in another process.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from glane.engine.preload import OFFLINE


@dataclass(slots=True)
class Steps:
    """What an engine did since the last look: steps of requests, tokens drafted, and those of them that were kept."""

    steps: int = 0
    drafted: int = 0
    kept: int = 0

    def watch(self, engine: Any) -> None:
        """Count the steps of an engine in this process from now on. The names are vLLM's, and private."""
        scheduler = engine._engine.engine_core.engine_core.scheduler
        update = scheduler.update_from_output

        def updated(plan: Any, output: Any) -> Any:
            self.steps += len(plan.num_scheduled_tokens)
            for name, draft in plan.scheduled_spec_decode_tokens.items():
                self.drafted += len(draft)
                self.kept += len(output.sampled_token_ids[output.req_id_to_index[name]]) - 1
            return update(plan, output)

        scheduler.update_from_output = updated

    def clear(self) -> None:
        """Begin anew."""
        self.steps = self.drafted = self.kept = 0


@dataclass(slots=True)
class Way:
    """An engine, its counts, and the seconds that each round took: on the clock, and of this process's cores."""

    engine: Any
    counts: Steps
    clock_s: list[float] = field(default_factory=list)
    cores_s: list[float] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


def compared(words: Sequence[str], *, documents: int, pairs: int, few: int = 0) -> tuple[Way, Way]:
    """Ask without drafts and with them, in turn, and once before that, which is not timed."""
    from glane.composition.compose import composed
    from glane.demo.corpus import generate_corpus
    from glane.engine.registry import start_engine
    from glane.engine.weights import resolve_weights
    from glane.settings import ModelSettings
    from glane.task.task import load_task
    from glane_tools.benchmark.step_profile import encoded

    values = composed("extract", ["task=ed_visit", "data.path=none", "run.dir=none", *words])
    task, model = load_task({**values["task"], "confidence": True}), ModelSettings.model_validate(values["model"])
    model = resolve_weights(model.model_copy(update={"in_process": True}))
    notes = (one.note.text for one in generate_corpus(documents=2 * documents, seed=5))
    texts = list(dict.fromkeys(notes))[:documents]
    ways = []
    for drafts in (False, few or True):
        engine = start_engine(model.model_copy(update={"quote_drafts": drafts}), device="cpu", cpus=1)
        ways.append(Way(engine=engine, counts=Steps()))
        ways[-1].counts.watch(engine)
    prompts = encoded(ways[0].engine, task, model, texts)
    for number in range(pairs + 1):
        for way in ways if number % 2 else reversed(ways):
            _ask(way, task, model, prompts, texts, is_timed=number > 0)
    for way in ways:
        way.engine.close()
    return ways[0], ways[1]


def _ask(
    way: Way, task: Any, model: Any, prompts: Sequence[list[int]], texts: Sequence[str], *, is_timed: bool
) -> None:
    from glane_tools.benchmark.step_profile import answered

    way.counts.clear()
    clock, cores = time.perf_counter(), time.process_time()
    found = answered(way.engine, task, model, prompts, texts)
    clock, cores = time.perf_counter() - clock, time.process_time() - cores
    way.answers = [found[str(number)].text for number in range(len(texts))]
    if is_timed:
        way.clock_s.append(clock)
        way.cores_s.append(cores)


def lines(off: Way, on: Way) -> list[str]:
    """What was found, in sentences."""
    same = sum(one == other for one, other in zip(off.answers, on.answers, strict=True))
    ratio = on.counts.steps / off.counts.steps
    return [
        f"answers    {same} of {len(off.answers)} are the same",
        f"steps      {off.counts.steps:,} without drafts, {on.counts.steps:,} with them: {ratio:.2f}",
        f"drafted    {on.counts.drafted:,} tokens, of which {on.counts.kept:,} were kept",
        f"speed      {_ratios(off.clock_s, on.clock_s)} by the clock, off / on: above 1 is better",
        f"           {_ratios(off.cores_s, on.cores_s)} by the time of the cores",
    ]


def _ratios(off: Iterable[float], on: Iterable[float]) -> str:
    found = [one / other for one, other in zip(off, on, strict=True)]
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}, {len(found)} pairs)"


def main() -> None:
    """Compare, and print what was found."""
    os.environ.update(OFFLINE)
    own = {"documents": 64, "pairs": 4, "few": 0}
    told = dict(word.split("=", 1) for word in sys.argv[1:] if word.split("=", 1)[0] in own)
    words = [word for word in sys.argv[1:] if word.split("=", 1)[0] not in own]
    chosen = {**own, **{name: int(value) for name, value in told.items()}}
    print("\n".join(lines(*compared(words or ["model=demo"], **chosen))))


if __name__ == "__main__":
    main()
