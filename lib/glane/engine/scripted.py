"""An engine without a model, for tests of everything around it.

It answers in milliseconds with values drawn from a hash of the prompt, valid under the task's schema, and
misbehaves where a document says so: `[[crash]] [[hang]] [[truncate]] [[invalid]] [[refuse]]`, or
`[[answer …json…]]` for a given answer; of several, the first goes to the question, the next to what is asked after it
(a repair, another sample, a recall pass), the last to all the rest. It quotes the first words of the document. It
reads nothing; no figure of it says anything about a model.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glane.engine.engine import RequestRefused, Sampling
from glane.settings import ModelSettings
from glane.task.answer import AnswerError, read_answer
from glane.task.fields import Field, ListField, ObjectField
from glane.task.locate import locate
from glane.task.prompt import Message, compact_json
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE, min_items, wrapper_keys
from glane.task.task import Task
from glane.types import Completion, Missing, TokenScores
from glane.validation import Strict, validated

_DRAWS = 100


class _Script(Strict):
    seconds_to_start: float = 0.0
    seconds_per_step: float = 0.0
    steps_per_answer: int = 1
    fail_to_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    text: str
    task: Task
    sampling: Sampling


class ScriptedEngine:
    """See the module. Its tokens are the code points of the prompt."""

    def __init__(self, settings: ModelSettings) -> None:
        self._script = validated(_Script, settings.script, place="model.script")
        if self._script.fail_to_start:
            os.kill(os.getpid(), signal.SIGKILL)
        self._waiting: dict[str, tuple[_Question, int]] = {}
        self._asked: Counter[str] = Counter()
        self.max_prompt_tokens = settings.max_model_len - settings.max_tokens
        time.sleep(self._script.seconds_to_start)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """See `Engine.encode`."""
        return [ord(character) for message in messages for character in message["content"]]

    def count_tokens(self, text: str) -> int:
        """See `Engine.count_tokens`."""
        return len(text)

    def add(self, request_id: str, prompt: list[int], *, task: Task, text: str, sampling: Sampling) -> None:
        """See `Engine.add`."""
        asked = "".join(map(chr, prompt))
        if "[[refuse]]" in text:
            raise RequestRefused("scripted refusal")
        question = _Question(text=asked, task=task, sampling=sampling)
        self._waiting[request_id] = (question, self._script.steps_per_answer)

    def step(self) -> list[tuple[str, Completion]]:
        """See `Engine.step`."""
        time.sleep(self._script.seconds_per_step)
        finished = []
        for request_id, (question, steps) in list(self._waiting.items()):
            if "[[crash]]" in question.text:
                os.kill(os.getpid(), signal.SIGKILL)
            while "[[hang]]" in question.text:
                time.sleep(3600)
            if steps > 1:
                self._waiting[request_id] = (question, steps - 1)
                continue
            del self._waiting[request_id]
            finished.append((request_id, self._answer(question)))
        return finished

    def close(self) -> None:
        """See `Engine.close`."""
        self._waiting.clear()

    def _answer(self, question: _Question) -> Completion:
        text = question.text
        if given := re.findall(r"\[\[answer (.*?)\]\]", text, re.DOTALL):
            key = "".join(given)
            answer = given[min(self._asked[key], len(given) - 1)]
            self._asked[key] += 1
        elif "[[invalid]]" in text:
            answer = '{"surplus":1}'
        else:
            seed = f"{text}{question.sampling.seed if question.sampling.temperature else ''}"
            rng = random.Random(hashlib.blake2b(seed.encode("utf-8", "surrogatepass")).digest())
            words = text.rpartition("Document :")[2].split()[:2]
            plain = _object(question.task.fields, rng, quote=" ".join(words)[:40] or "-")
            answer = compact_json(question.task.spelling.in_answer(plain))
        cut = "[[truncate]]" in text
        answer = answer[: len(answer) // 2] if cut else answer
        return Completion(
            text=answer,
            finish_reason="length" if cut else "stop",
            num_prompt_tokens=len(text),
            num_output_tokens=question.sampling.max_tokens if cut else len(answer),
            scores=(lambda: _scores(answer)) if question.task.confidence else None,
        )


def _scores(answer: str) -> TokenScores:
    """One token a character; figures are the only thing that this engine is not sure of."""
    pieces = [character.encode("utf-8", "replace") for character in answer]
    logprobs = [math.log(0.9) if piece.isdigit() else 0.0 for piece in pieces]
    others = [[(piece, logprob)] for piece, logprob in zip(pieces, logprobs, strict=True)]
    return TokenScores(pieces=pieces, logprobs=logprobs, others=others)


def _object(fields: Mapping[str, Field], rng: random.Random, quote: str) -> dict[str, Any]:
    return {name: _field(field, rng, quote) for name, field in fields.items()}


def _field(field: Field, rng: random.Random, quote: str) -> Any:
    if field.nullable and rng.random() < 0.3:
        if not field.missing:
            return None
        reason = rng.choice(field.missing)
        quoted = field.evidence and reason is not Missing.NOT_STATED
        return {MISSING: str(reason)} | ({QUOTE: quote} if quoted else {})
    if isinstance(field, ListField):
        fewest = min_items(field)
        count = rng.randint(fewest, max(fewest, min(field.max_items, fewest + 2)))
        return [_wrapped(field, field.items, rng, quote) for _ in range(count)]
    return _wrapped(field, field, rng, quote)


def _wrapped(wrapper: Field, field: Field, rng: random.Random, quote: str) -> Any:
    value = None if field is not wrapper and field.nullable and rng.random() < 0.3 else _value(field, rng, quote)
    around = {VALUE: value, ASSERTION: str(rng.choice(wrapper.assertion or ("",))), QUOTE: quote}
    keys = wrapper_keys(wrapper)
    return {key: around[key] for key in keys} if keys else value


def _value(field: Field, rng: random.Random, quote: str) -> Any:
    if isinstance(field, ListField):
        return _field(field, rng, quote)
    return _record(field, rng, quote) if isinstance(field, ObjectField) else field.sample(rng)


def _record(field: ObjectField, rng: random.Random, quote: str) -> dict[str, Any]:
    """A record; one of which some fields stand together is drawn again until they do."""
    drawn = _object(field.fields, rng, quote)
    for _ in range(_DRAWS if field.exactly_one_of or field.at_least_one_of else 0):
        try:
            field.check_groups(read_answer(field.fields, locate(compact_json(drawn))), "record")
            break
        except AnswerError:
            drawn = _object(field.fields, rng, quote)
    return drawn
