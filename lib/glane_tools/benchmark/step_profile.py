"""Where the time of a step goes, and what the tokens of answers are: glane's own engine in this process, timed inside.

`python -m glane_tools.benchmark.step_profile PROFILE.json` asks a few documents at once, and takes the time of parts of
vLLM's step by hooks around its own functions. On a GPU the parts overlap, and the hooks would see their launch only: no
shares are told there. The hooks cost a few microseconds a step.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from glane_tools.benchmark.spans import num_quoted

METHOD = (
    "timers around the forward pass, the output layer, the masks of the grammar and sampling, in the process of "
    "one engine with all cores; shares of the time in vLLM's step; prompts and answers together"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What to ask, as JSON between processes."""

    documents: str
    text_column: str
    num_documents: int
    task: dict[str, Any]
    model: dict[str, Any]
    device: str
    cpus: int
    found: str  # JSON to write


@dataclass(slots=True)
class Timers:
    """Seconds by part, and the tokens of each request by time."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    steps: int = 0  # in which the model computed something
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    answered: int = 0  # steps of requests that gave tokens

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - began
            self.calls[part] = self.calls.get(part, 0) + 1

    def around(self, owner: Any, name: str, part: str) -> None:
        """Time a method of an object from now on."""
        method: Callable[..., Any] = getattr(owner, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.of(part):
                return method(*arguments, **named)

        setattr(owner, name, timed)

    def step(self, method: Callable[[], Any]) -> Any:
        """Call a step, and time it if the model computed something. While a grammar is made, vLLM's steps are empty."""
        began, before = time.perf_counter(), self.calls.get("forward", 0)
        found = method()
        if self.calls.get("forward", 0) > before:
            self.steps += 1
            self.seconds["step"] = self.seconds.get("step", 0.0) + time.perf_counter() - began
        return found

    def see(self, request_id: str, num_tokens: int, at: float) -> None:
        """Note tokens of a request that became known at a time in seconds."""
        self.first.setdefault(request_id, at)
        self.last[request_id] = at
        self.tokens[request_id] = self.tokens.get(request_id, 0) + num_tokens
        self.answered += 1


def shares(seconds: Mapping[str, float], whole: str) -> dict[str, float]:
    """Each part's share of `whole`, and the share of what is left."""
    total = seconds.get(whole, 0.0)
    if total <= 0:
        return {}
    found = {part: round(spent / total, 4) for part, spent in seconds.items() if part != whole}
    return {**found, "rest": round(1 - sum(found.values()), 4)}


def times_per_output_token(timers: Timers) -> dict[str, float]:
    """vLLM's TPOT in ms: the time after the step of the first token, by the tokens that are not of that step."""
    found = [
        1000 * (timers.last[name] - timers.first[name]) / (count - 1)
        for name, count in timers.tokens.items()
        if count > 1 and timers.last[name] > timers.first[name]
    ]
    if not found:
        return {}
    mean, middle, high = float(np.mean(found)), *np.percentile(found, [50, 99])
    return {
        "mean_tpot_ms": round(mean, 3),
        "median_tpot_ms": round(float(middle), 3),
        "p99_tpot_ms": round(float(high), 3),
    }


def token_mix(quoted: int, forced: int, output: int, prompt: int, *, documents: int) -> dict[str, float]:
    """Shares of the output tokens (no forced token begins in a quote), and tokens for each document."""
    return {
        "in_quotes": round(quoted / max(1, output), 4),
        "forced": round(forced / max(1, output), 4),
        "other": round((output - quoted - forced) / max(1, output), 4),
        "prompt_tokens_per_document": round(prompt / documents, 1),
        "output_tokens_per_document": round(output / documents, 1),
    }


def main() -> None:
    """Ask, and write what was found."""
    profile = Profile(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Path(profile.found).write_text(json.dumps(_ask(profile)), encoding="utf-8")


def write_profile(profile: Profile, path: Path) -> None:
    """Write what `main` reads."""
    path.write_text(json.dumps(asdict(profile), ensure_ascii=False), encoding="utf-8")


def _ask(profile: Profile) -> dict[str, Any]:
    import pyarrow.parquet as pq

    from glane.engine.registry import start_engine
    from glane.engine.weights import resolve_weights
    from glane.settings import ModelSettings
    from glane.task.schema import QUOTE
    from glane.task.task import load_task

    model = resolve_weights(ModelSettings.model_validate({**profile.model, "in_process": True}))
    task = load_task({**profile.task, "confidence": True})  # forced tokens are told with confidence only
    table = pq.read_table(profile.documents, columns=[profile.text_column])
    texts = list(dict.fromkeys(table[profile.text_column].to_pylist()))[: profile.num_documents]
    engine = start_engine(model, device=profile.device, cpus=profile.cpus)
    prompts = encoded(engine, task, model, texts)
    answered(engine, task, model, prompts[:1], texts[:1])  # what is made once is no part of a step
    timers = Timers()
    if profile.device == "cpu":
        _hook(engine, timers)
    answers = list(answered(engine, task, model, prompts, texts).values())
    engine.close()
    opener = f'"{task.spelling.written(QUOTE)}":"'.encode()
    return {**_summed_up(answers, opener, task), **_timed(timers)}


def encoded(engine: Any, task: Any, model: Any, texts: Sequence[str]) -> list[list[int]]:
    """The prompts about texts."""
    from glane.extraction.prompts import shape_of
    from glane.task.prompt import messages
    from glane.task.task import TEXT_INPUT

    style, shape = model.prompt_style, shape_of(model)
    return [engine.encode(messages(task, {TEXT_INPUT: text}, style=style, shape=shape)) for text in texts]


def answered(engine: Any, task: Any, model: Any, prompts: Sequence[list[int]], texts: Sequence[str]) -> dict[str, Any]:
    """Ask about all texts at once. The answers are by the number of the text."""
    from glane.engine.protocol import Sampling
    from glane.task.form import answer_form

    sampling = Sampling(
        temperature=model.sampling.temperature, seed=model.sampling.seed, max_tokens=model.max_tokens
    )  # fmt: skip
    for number, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        engine.add(str(number), prompt, form=answer_form(task), text=text, sampling=sampling)
    found: dict[str, Any] = {}
    while len(found) < len(texts):
        found.update(engine.step())
    return found


def _hook(engine: Any, timers: Timers) -> None:
    """Time the parts of a step of an engine on CPU in this process. The names are vLLM's, and private."""
    core = engine._engine.engine_core.engine_core
    runner = core.model_executor.driver_worker.worker.model_runner
    timers.around(runner, "_model_forward", "forward")
    timers.around(runner.model, "compute_logits", "output_layer")
    timers.around(core.scheduler, "get_grammar_bitmask", "masks")
    timers.around(runner, "_sample", "sampling")
    step, update = engine._engine.step, core.scheduler.update_from_output

    def updated(*arguments: Any, **named: Any) -> Any:
        by_client, now = update(*arguments, **named), time.perf_counter()
        for of_client in by_client.values():
            for output in of_client.outputs:
                if output.new_token_ids:
                    timers.see(output.request_id, len(output.new_token_ids), now)
        return by_client

    engine._engine.step, core.scheduler.update_from_output = lambda: timers.step(step), updated


def _summed_up(answers: Sequence[Any], opener: bytes, task: Any) -> dict[str, Any]:
    from glane.reading.parse import parse
    from glane.types import Status

    quoted = sum(num_quoted(list(answer.scores().pieces), opener) for answer in answers)
    forced = sum(answer.num_forced_tokens or 0 for answer in answers)
    output = sum(answer.num_output_tokens for answer in answers)
    prompt = sum(answer.num_prompt_tokens for answer in answers)
    valid = sum(parse(answer, task.fields, task.spelling).status == Status.OK for answer in answers)
    return {
        "documents": len(answers),
        "valid": valid,
        "tokens": token_mix(quoted, forced, output, prompt, documents=len(answers)),
    }


def _timed(timers: Timers) -> dict[str, Any]:
    if not timers.steps:
        return {}
    return {
        "steps_of_engine": timers.steps,
        "steps_per_document": round(timers.answered / max(1, len(timers.tokens)), 1),
        "ms_per_step": round(1000 * timers.seconds["step"] / timers.steps, 3),
        "share_of_step": shares(timers.seconds, "step"),
        **times_per_output_token(timers),
    }


if __name__ == "__main__":
    main()
