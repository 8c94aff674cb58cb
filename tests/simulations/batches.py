"""Whether answers to prompts that begin with the text differ by more than their batch: `… batches.py TEXTS REPORTS`.

One engine with SmolLM2 (`make small-model`) is asked two tasks over synthetic English reports, in four manners: each
task alone; the same again; each alone in batches of half the size; and both tasks of a text next to each other, where
the second finds the text in the prefix cache. The cache is emptied before each. See docs/performance.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from several_tasks import TASKS, texts_of

from glane.composition import composed
from glane.engine.preload import OFFLINE
from glane.engine.protocol import Sampling
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights
from glane.settings import ModelSettings
from glane.task.form import answer_form
from glane.task.prompt import PromptTemplate
from glane.task.task import load_task
from glane.types import Completion
from glane_tools.benchmark.identical import parting

_AT_ONCE = 8
_GREEDY = Sampling(temperature=0.0, seed=0, max_tokens=256)
Asked = tuple[str, str]  # the name of a task, and a text


class Engine:
    """One engine, which is asked again and again."""

    def __init__(self) -> None:
        words = ["model=smollm2", "task=ed_visit", "data.path=x", "run.dir=x", "model.max_model_len=4096"]
        model = ModelSettings.model_validate(composed("extract", words)["model"])
        changed = {"in_process": True, "kv_cache_mib": 1024, "max_num_seqs": _AT_ONCE, "forced_tokens": False}
        model = resolve_weights(model.model_copy(update=changed))
        self._engine = start_engine(model, device="cpu", cpus=len(os.sched_getaffinity(0)))
        self._tasks = {name: load_task({**task, "confidence": True}) for name, task in TASKS.items()}

    def answers(self, asked: Iterable[Asked], *, at_once: int) -> dict[Asked, Completion]:
        """The answers, so many at once, with an empty cache at the beginning."""
        self._engine._engine.reset_prefix_cache()  # type: ignore[attr-defined]  # vLLM's, and private here
        waiting, found = list(asked), dict[Asked, Completion]()
        names: dict[str, Asked] = {}
        while waiting or len(found) < len(names):
            while waiting and len(names) - len(found) < at_once:
                name, text = one = waiting.pop(0)
                task, request = self._tasks[name], str(len(names))
                shown = PromptTemplate(task, style="full", shape="text_first").messages({"text": text})
                names[request] = one
                self._engine.add(
                    request, self._engine.encode(shown), form=answer_form(task), text=text, sampling=_GREEDY
                )
            for request, answer in self._engine.step():
                found[names[request]] = answer
        return found


def row(manner: str, first: dict[Asked, Completion], other: dict[Asked, Completion]) -> str:
    """What is another answer, how near its first other token was, and how far log-probabilities are apart elsewhere."""
    partings = [found for one in first if (found := parting(first[one], other[one])) is not None]
    gaps = [f"{one.gap:.3f}" if one.gap is not None else "far" for one in partings]
    same = [one for one in first if first[one].text == other[one].text]
    apart = [abs(a - b) for one in same for a, b in _pairs(first[one], other[one])]
    cached = sum(answer.num_cached_tokens or 0 for answer in other.values())
    moved = sum(any(a != b for a, b in _pairs(first[one], other[one])) for one in same)
    return (
        f"| {manner} | {cached:,} | {len(partings)} of {len(first)} | {', '.join(sorted(gaps)) or '-'} | {moved} | "
        f"{max(apart, default=0.0):.3f} |"
    )


def _pairs(one: Completion, other: Completion) -> Sequence[tuple[float, float]]:
    scores, others = one.scores(), other.scores()
    return list(zip(scores.logprobs, others.logprobs, strict=False))


def main() -> None:
    os.environ.update(OFFLINE)
    rows, joined = (*map(int, sys.argv[1:]), *(8, 3)[len(sys.argv) - 1 :])
    texts, engine = texts_of(rows, 3, joined), Engine()
    alone = [[(name, text) for text in texts] for name in TASKS]
    together = [(name, text) for text in texts for name in TASKS]

    def each(at_once: int) -> dict[Asked, Completion]:
        return {key: answer for asked in alone for key, answer in engine.answers(asked, at_once=at_once).items()}

    first = each(_AT_ONCE)
    print(
        "| asked | tokens from the cache | other answers | nats between the tokens where they part | same answers with other "
        "log-probabilities | by at most |"
    )
    print("| --- | --: | --: | --- | --: | --: |")
    print(row("again", first, each(_AT_ONCE)), flush=True)
    print(row(f"{_AT_ONCE // 2} at once instead of {_AT_ONCE}", first, each(_AT_ONCE // 2)), flush=True)
    print(row("both tasks of a text together", first, engine.answers(together, at_once=_AT_ONCE)), flush=True)


if __name__ == "__main__":
    main()
