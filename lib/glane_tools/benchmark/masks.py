"""Times the masks of 256 answers at once, without a model: `.venv/bin/python -m glane_tools.benchmark.masks`.

In Mistral's vocabulary (131,072 tokens), over the reference answers of the shipped tasks. Each answer stands at another
place, and goes on by one step between the masks. Three ways:

- free: quotes are not restricted, one grammar for all answers of a task;
- copied: quotes are copied from the document, as glane's own narrowing of the same masks does it;
- substring: quotes are copied from the document, by llguidance and a grammar for each document.

One thread fills all masks in turn; vLLM's threads fill 16 masks each at a time, as above 128 answers; glane's are those
of `glane.engine.parallel_masks`. Medians of steps, and the largest. Where nothing overlaps it, a step waits as long.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import SimpleNamespace
from typing import Any, Literal, get_args

from glane.engine.parallel_masks import ParallelMasks, num_threads
from glane.engine.preload import OFFLINE
from glane.form import free_quotes
from glane.task.form import answer_form
from glane.task.prompt import compact_json
from glane.task.task import TEXT_INPUT
from glane_tools.benchmark.steps import TASKS, Grammar, Vocabulary, mistral, respelled, shipped_task

Way = Literal["free", "copied", "substring"]
_AT_ONCE = 16  # masks that vLLM gives a thread
_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The milliseconds that all masks of a step took, step by step."""

    way: Way
    one_thread: tuple[float, ...]
    pool: tuple[float, ...]
    at_once: tuple[float, ...]


class Answer:
    """An answer that is decoded step by step, again and again."""

    def __init__(self, answer: str, fresh: Callable[[], Any], words: Vocabulary, *, done: int) -> None:
        """`fresh` makes the grammar in its initial state; `done` counts the steps that are taken already."""
        self._fresh = fresh
        self._parts = _parts(words.spelled(answer), fresh(), words)
        self.num_steps = len(self._parts) - 1
        self._begin()
        for _ in range(done % self.num_steps):
            self.go_on()

    def _begin(self) -> None:
        self.grammar, self._at = self._fresh(), 0
        self.go_on()

    def go_on(self) -> None:
        """Take the next step. After the last one, begin again."""
        if self._at == len(self._parts) - 1:  # after the last one there is no mask
            self._begin()
            return
        if self._parts[self._at]:
            self.grammar.accept_tokens("timed", self._parts[self._at])
        self._at += 1


def _parts(rest: list[int], grammar: Grammar, words: Vocabulary) -> list[list[int]]:
    """The tokens of an answer: what is forced at first; then each token that is asked for, with what it forces."""
    found: list[list[int]] = [[]]
    while rest:
        if forced := grammar.forced_tokens():
            rest = respelled(rest, forced, words, place=0)
            found[-1] += forced
        else:
            found.append(rest[:1])
        more = forced or rest[:1]
        if not grammar.accept_tokens("timed", more):
            raise ValueError("the grammar does not allow the answer")
        rest = rest[len(more) :]
    return found


def answers(way: Way, backend: Any, words: Vocabulary, *, count: int, tasks: Sequence[str] = TASKS) -> list[Answer]:
    """As many answers of the reference cases, in turn, each at another step."""
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Kind

    cases: list[tuple[str, Callable[[], Any]]] = []
    for task in map(shipped_task, tasks):
        form = answer_form(task)
        assert form.quotes is not None, "shipped tasks copy their quotes"
        for example in task.examples:
            whole = form.quotes.about(example.inputs[TEXT_INPUT])
            free = free_quotes(whole)
            assert free is not None, "shipped tasks have an opener"
            rules = {"free": free.grammar, "copied": whole, "substring": whole.partition("\n")[2]}[way]
            cases.append((compact_json(example.output), partial(backend.compile_grammar, Kind.GRAMMAR, rules)))
    return [Answer(*cases[i % len(cases)], words, done=37 * i) for i in range(count)]


def timed(way: Way, group: Sequence[Answer], mask: Any, *, threads: int, steps: int = _STEPS) -> Timing:
    """Fill the masks of all answers at each of some steps, in three manners in turn."""
    from glane.engine.grammars import SharedGrammar  # vLLM, which reads its environment while it is imported

    found: tuple[list[float], ...] = ([], [], [])

    def fill(first: int) -> None:
        for place, one in islice(enumerate(group), first, first + _AT_ONCE):
            one.grammar.fill_bitmask(mask, place)

    def fill_all(*_: Any) -> None:
        list(map(fill, range(0, len(group), _AT_ONCE)))

    manager = SimpleNamespace(grammar_bitmask=fill_all, _grammar_bitmask=mask)
    at_once = ParallelMasks(manager, SharedGrammar, threads=threads)
    with ThreadPoolExecutor(threads) as executor:
        manners = (
            fill_all,
            lambda *_: list(executor.map(fill, range(0, len(group), _AT_ONCE))),
            lambda asked: at_once(asked, list(asked), {}),
        )
        for step in range(steps):
            asked = {
                str(place): SimpleNamespace(structured_output_request=SimpleNamespace(grammar=one.grammar))
                for place, one in enumerate(group)
            }
            start = time.perf_counter()
            manners[step % len(manners)](asked)
            found[step % len(manners)].append(1000 * (time.perf_counter() - start))
            for one in group:
                one.go_on()
    return Timing(way=way, one_thread=tuple(found[0]), pool=tuple(found[1]), at_once=tuple(found[2]))


def table(timings: Sequence[Timing], *, count: int, threads: int) -> str:
    """The timings in Markdown: median and largest, in milliseconds of a step."""
    lines = [
        f"| quotes, {count} answers | one thread, ms | µs a mask | vLLM's threads ({threads}) | glane's ({threads}) |",
        "| --- | --: | --: | --: | --: |",
    ]
    for one in timings:
        alone = statistics.median(one.one_thread)
        cells = [f"{statistics.median(some):.1f} ({max(some):.1f})" for some in (one.one_thread, one.pool, one.at_once)]
        lines.append(f"| {one.way} | {cells[0]} | {1000 * alone / count:.1f} | {cells[1]} | {cells[2]} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    os.environ.update(OFFLINE)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else num_threads()
    backend, words = mistral()
    mask = backend.allocate_token_bitmask(count)
    timings = []
    for way in get_args(Way):
        group = answers(way, backend, words, count=count)
        timed(way, group, mask, threads=threads, steps=4)  # the first masks of a grammar are not those of a long run
        timings.append(timed(way, group, mask, threads=threads))
    print(table(timings, count=count, threads=threads))


if __name__ == "__main__":
    main()
