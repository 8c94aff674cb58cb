"""An engine without a model, for tests of everything around it.

It answers in milliseconds with values drawn from a hash of the prompt, valid under the task's schema, and
misbehaves where a document says so: `[[crash]] [[hang]] [[truncate]] [[invalid]] [[refuse]]`, or
`[[answer …json…]]` for a given answer. It reads nothing; no figure of it says anything about a model.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from glane.engine.engine import RequestRefused
from glane.settings import ModelSettings
from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
)
from glane.task.prompt import Message, compact_json
from glane.task.task import Task
from glane.types import Completion
from glane.validation import Strict, validated


class _Script(Strict):
    seconds_to_start: float = 0.0
    seconds_per_step: float = 0.0
    steps_per_answer: int = 1
    fail_to_start: bool = False


class ScriptedEngine:
    """See the module. Its tokens are the code points of the prompt."""

    def __init__(self, settings: ModelSettings, task: Task) -> None:
        self._script = validated(_Script, settings.script, place="model.script")
        if self._script.fail_to_start:
            os.kill(os.getpid(), signal.SIGKILL)
        self._task = task
        self._waiting: dict[str, tuple[str, int]] = {}
        self._max_tokens = settings.max_tokens
        self.max_prompt_tokens = settings.max_model_len - settings.max_tokens
        time.sleep(self._script.seconds_to_start)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """See `Engine.encode`."""
        return [ord(character) for message in messages for character in message["content"]]

    def add(self, request_id: str, prompt: list[int]) -> None:
        """See `Engine.add`."""
        text = "".join(map(chr, prompt))
        if "[[refuse]]" in text:
            raise RequestRefused("scripted refusal")
        self._waiting[request_id] = (text, self._script.steps_per_answer)

    def step(self) -> list[tuple[str, Completion]]:
        """See `Engine.step`."""
        time.sleep(self._script.seconds_per_step)
        finished = []
        for request_id, (text, steps) in list(self._waiting.items()):
            if "[[crash]]" in text:
                os.kill(os.getpid(), signal.SIGKILL)
            while "[[hang]]" in text:
                time.sleep(3600)
            if steps > 1:
                self._waiting[request_id] = (text, steps - 1)
                continue
            del self._waiting[request_id]
            finished.append((request_id, self._answer(text)))
        return finished

    def close(self) -> None:
        """See `Engine.close`."""
        self._waiting.clear()

    def _answer(self, text: str) -> Completion:
        if given := re.search(r"\[\[answer (.*?)\]\]", text, re.DOTALL):
            answer = given[1]
        elif "[[invalid]]" in text:
            answer = '{"surplus":1}'
        else:
            seed = hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest()
            answer = compact_json(_object(self._task.fields, random.Random(seed)))
        cut = "[[truncate]]" in text
        return Completion(
            text=answer[: len(answer) // 2] if cut else answer,
            finish_reason="length" if cut else "stop",
            num_prompt_tokens=len(text),
            num_output_tokens=self._max_tokens if cut else len(answer),
        )


def _object(fields: Mapping[str, Field], rng: random.Random) -> dict[str, Any]:
    return {name: _value(field, rng) for name, field in fields.items()}


def _value(field: Field, rng: random.Random) -> Any:
    if field.nullable and rng.random() < 0.3:
        return None
    match field:
        case StringField():
            return "".join(rng.choices('aé"\\\n ', k=min(field.max_length, 6)))
        case IntegerField():
            return rng.randint(field.minimum, field.maximum)
        case NumberField():
            return round(rng.uniform(field.minimum or 0, field.maximum if field.maximum is not None else 100), 1)
        case BooleanField():
            return rng.random() < 0.5
        case DateField():
            return f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        case EnumField():
            return rng.choice(field.values)
        case ListField():
            most = min(field.max_items, field.min_items + 2)
            return [_value(field.items, rng) for _ in range(rng.randint(field.min_items, most))]
        case ObjectField():
            return _object(field.fields, rng)
        case _:
            assert_never(field)
