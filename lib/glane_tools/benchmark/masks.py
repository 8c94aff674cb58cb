"""Times the masks of 256 answers at once, without a model: `.venv/bin/python -m glane_tools.benchmark.masks`.

In Mistral's vocabulary (131,072 tokens), over the reference answers of each shipped task by itself, as a run asks one
task. Each answer stands at another place, and goes on by one step between the masks. Three ways:

- free: quotes are not restricted, one grammar for all answers of a task;
- copied: quotes are copied from the document, as glane's own narrowing of the same masks does it;
- substring: quotes are copied from the document, by llguidance and a grammar for each document.

One thread fills all masks in turn; vLLM's own function fills 16 masks at a time in its threads, as above 128 answers;
glane's threads are those of `glane.engine.parallel_masks`, with vLLM's loop over the answers after them, as where a
model may think, and without it. Medians of the steps of all tasks, and the slowest task's. A step waits as long, where
nothing overlaps it. Arguments: how many answers (256), how many threads (as many as an engine has here).
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from types import SimpleNamespace
from typing import Any, Literal, get_args

from glane.engine.parallel_masks import ParallelMasks, num_threads
from glane.engine.preload import OFFLINE
from glane.task.form import answer_form
from glane.task.prompt import compact_json
from glane.task.task import TEXT_INPUT, Task
from glane_tools.benchmark.steps import TASKS, Grammar, Vocabulary, mistral, respelled, shipped_task

Way = Literal["free", "copied", "substring"]
_AT_ONCE = 16  # masks that vLLM gives a thread
_STEPS = 60  # of a task
_BEFORE = 40  # not timed: grammars are still learning their masks


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The milliseconds that all masks of a step took, step by step, for one task."""

    way: Way
    one_thread: list[float] = field(default_factory=list)
    of_vllm: list[float] = field(default_factory=list)
    with_loop: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)


class Answer:
    """An answer that is decoded step by step, again and again."""

    def __init__(self, parts: list[list[int]], fresh: Callable[[], Any], *, done: int) -> None:
        """`fresh` makes the grammar in its initial state; `done` counts the steps that are taken already."""
        self._fresh, self._parts = fresh, parts
        self.num_steps = len(parts) - 1
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


def answers(way: Way, task: Task, backend: Any, words: Vocabulary, *, count: int) -> list[Answer]:
    """As many answers of a task's reference cases, in turn, each at another step."""
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Kind

    form, kind = answer_form(task), Kind.JSON if way == "free" else Kind.GRAMMAR
    assert form.quotes is not None, "shipped tasks copy their quotes"
    about = form.quotes.about

    def maker(text: str, number: int) -> Callable[[], Any]:
        whole = about(text)
        # Without its first line no opener is known; with a number, no two answers are about one document.
        alone = f"{whole.partition(chr(10))[2]}\n// {number}"
        return partial(backend.compile_grammar, kind, {"free": form.schema, "copied": whole, "substring": alone}[way])

    texts = [example.inputs[TEXT_INPUT] for example in task.examples]
    spelled = [words.spelled(compact_json(example.output)) for example in task.examples]
    parts = [_parts(answer, maker(text, -1)(), words) for answer, text in zip(spelled, texts, strict=True)]
    cases = itertools.cycle(zip(parts, texts, strict=True))
    return [
        Answer(steps, maker(text, number), done=37 * number)
        for number, (steps, text) in enumerate(itertools.islice(cases, count))
    ]


def timed(way: Way, group: Sequence[Answer], mask: Any, *, threads: int, steps: int = _STEPS) -> Timing:
    """Fill the masks of all answers at each of some steps, in four manners in turn."""
    from glane.engine.grammars import SharedGrammar  # vLLM, which reads its environment while it is imported

    timing = Timing(way=way)

    def fill(first: int) -> None:
        for place, one in islice(enumerate(group), first, first + _AT_ONCE):
            one.grammar.fill_bitmask(mask, place)

    def fill_all(*_: Any) -> None:
        list(map(fill, range(0, len(group), _AT_ONCE)))

    with ThreadPoolExecutor(threads) as executor:
        plain, thinking = (_manager(mask, executor, may_think=may_think) for may_think in (False, True))
        at_once, with_loop = (ParallelMasks(one, SharedGrammar, threads=threads) for one in (plain, thinking))
        manners: tuple[tuple[list[float], Callable[[Any], Any]], ...] = (
            (timing.one_thread, fill_all),
            (timing.of_vllm, lambda asked: plain.grammar_bitmask(asked, list(asked), {})),
            (timing.with_loop, lambda asked: with_loop(asked, list(asked), {})),
            (timing.at_once, lambda asked: at_once(asked, list(asked), {})),
        )
        for step in range(-_BEFORE, steps):
            asked = {str(place): _request(one.grammar) for place, one in enumerate(group)}
            found, manner = manners[step % len(manners)]
            start = time.perf_counter()
            manner(asked)
            if step >= 0:
                found.append(1000 * (time.perf_counter() - start))
            for one in group:
                one.go_on()
    return timing


def _request(grammar: Any) -> SimpleNamespace:
    return SimpleNamespace(structured_output_request=SimpleNamespace(grammar=grammar, reasoning_ended=None))


def _manager(mask: Any, executor: ThreadPoolExecutor, *, may_think: bool) -> Any:
    """vLLM's manager of structured outputs, with as much of it as fills masks. These names are private ones."""
    import torch
    from vllm.v1.structured_output import StructuredOutputManager

    manager = object.__new__(StructuredOutputManager)
    vars(manager).update(
        vllm_config=SimpleNamespace(num_speculative_tokens=0),
        fill_bitmask_parallel_threshold=0,
        fill_bitmask_parallel_batch_size=_AT_ONCE,
        executor_for_fillmask=executor,
        reasoner_cls=object if may_think else None,
        enable_in_reasoning=True,  # each answer has a mask from its start
        _grammar_bitmask=mask,
        _full_mask=torch.tensor(-1, dtype=torch.int32),
    )
    return manager


def table(timings: Sequence[Timing], *, count: int, threads: int) -> str:
    """The timings in Markdown, in milliseconds of a step: the median of all tasks, and of the slowest one."""
    lines = [
        f"| quotes, {count} answers | one thread, ms | µs a mask | vLLM's threads ({threads}) "
        f"| glane's ({threads}), with vLLM's loop | without it |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for way in dict.fromkeys(one.way for one in timings):
        tasks = [(one.one_thread, one.of_vllm, one.with_loop, one.at_once) for one in timings if one.way == way]
        manners = [list(manner) for manner in zip(*tasks, strict=True)]
        medians = [statistics.median(itertools.chain(*manner)) for manner in manners]
        slowest = [max(map(statistics.median, manner)) for manner in manners]
        cells = [f"{middle:.1f} ({most:.1f})" for middle, most in zip(medians, slowest, strict=True)]
        lines.append(f"| {way} | {cells[0]} | {1000 * medians[0] / count:.1f} | {' | '.join(cells[1:])} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    os.environ.update(OFFLINE)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else num_threads()
    backend, words = mistral()
    backend.lanes = threads
    mask = backend.allocate_token_bitmask(count)
    timings = [
        timed(way, answers(way, task, backend, words, count=count), mask, threads=threads)
        for way in get_args(Way)
        for task in map(shipped_task, TASKS)
    ]
    print(table(timings, count=count, threads=threads))


if __name__ == "__main__":
    main()
