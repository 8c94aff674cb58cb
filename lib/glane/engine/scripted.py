"""An engine without a model, for tests of everything around it.

It answers in milliseconds with values that are drawn from a hash of the prompt and valid under the form's JSON Schema.
It quotes the first words of the document. It does not understand the text: its figures say nothing about a model.

A document can make it misbehave by `[[crash]] [[abort]] [[swell]] [[hang]] [[truncate]] [[invalid]] [[refuse]]`, and
can set the answer by `[[answer …json…]]`. If there are several of these, the first answers the question, the next ones
answer the prompts after it (a repair, another sample, a recall pass), and the last one answers all others.
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
from collections.abc import Sequence
from dataclasses import dataclass

from glane.engine.protocol import EngineKind, RequestRefused, Sampling
from glane.engine.samples import sample_answer
from glane.engine.scripted_embedder import ScriptedEmbedder
from glane.errors import ConfigError
from glane.form import Form
from glane.settings import ModelSettings
from glane.types import Completion, Message, TokenScores
from glane.validation import Strict, validated

_SWELL_BYTES = 2**31
_HEAD_ENDS = " […]\n\n"


class _Script(Strict):
    seconds_to_start: float = 0.0
    seconds_per_step: float = 0.0
    steps_per_answer: int = 1
    fail_to_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    text: str
    form: Form
    sampling: Sampling


class _CodePoints:
    """The tokenizer of the scripted engine: a token for each code point, and no template."""

    has_template = False
    thinking = None

    def encode(self, messages: Sequence[Message]) -> list[int]:
        return [ord(character) for character in self.render(messages, True)]

    def count(self, text: str) -> int:
        return len(text)

    def render(self, messages: Sequence[Message], is_open: bool) -> str:  # noqa: ARG002
        return "".join(message["content"] for message in messages)


class ScriptedEngine:
    """The scripted engine: see the module. Its tokens are the code points of the prompt."""

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
        return _CodePoints().encode(messages)

    def decode(self, tokens: Sequence[int]) -> str:
        """See `Engine.decode`."""
        return "".join(map(chr, tokens))

    def count_tokens(self, text: str) -> int:
        """See `Engine.count_tokens`."""
        return len(text)

    def add(self, request_id: str, prompt: list[int], *, form: Form, text: str, sampling: Sampling) -> None:
        """See `Engine.add`."""
        asked = "".join(map(chr, prompt))
        if "[[refuse]]" in text:
            raise RequestRefused("scripted refusal")
        question = _Question(text=asked, form=form, sampling=sampling)
        self._waiting[request_id] = (question, self._script.steps_per_answer)

    def step(self) -> list[tuple[str, Completion]]:
        """See `Engine.step`."""
        time.sleep(self._script.seconds_per_step)
        finished = []
        for request_id, (question, steps) in list(self._waiting.items()):
            if "[[crash]]" in question.text:
                os.kill(os.getpid(), signal.SIGSEGV)
            if "[[abort]]" in question.text:
                os.abort()  # as a library does that finds its memory damaged: the system may write a core dump
            if "[[swell]]" in question.text:
                swollen = b"x" * _SWELL_BYTES  # more than small jobs have; where there is as much, it goes on
                del swollen
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
        text = question.text.rpartition(_HEAD_ENDS)[2]  # how a document begins stands before each of its parts
        if given := re.findall(r"\[\[answer (.*?)\]\]", text, re.DOTALL):
            key = "".join(given)
            answer = given[min(self._asked[key], len(given) - 1)]
            self._asked[key] += 1
        elif "[[invalid]]" in text:
            answer = '{"surplus":1}'
        else:
            seed = f"{text}{question.sampling.seed if question.sampling.temperature else ''}"
            rng = random.Random(hashlib.blake2b(seed.encode("utf-8", "surrogatepass")).digest())
            answer = sample_answer(question.form, rng, quote=_first_words(text))
        cut = "[[truncate]]" in text
        answer = answer[: len(answer) // 2] if cut else answer
        return Completion(
            text=answer,
            finish_reason="length" if cut else "stop",
            num_prompt_tokens=len(text),
            num_output_tokens=question.sampling.max_tokens if cut else len(answer),
            scores=(lambda: _scores(answer)) if question.form.wants_scores else None,
        )


def _first_words(prompt: str) -> str:
    """The first two words of a prompt's last document."""
    _, _, document = prompt.rpartition("<document ")
    return " ".join(document.partition(">\n")[2].split()[:2])[:40] or "-"


def _scores(answer: str) -> TokenScores:
    """The scores of an answer, with a token per character. Digits have probability 0.9, all others 1."""
    pieces = [character.encode("utf-8", "replace") for character in answer]
    logprobs = [math.log(0.9) if piece.isdigit() else 0.0 for piece in pieces]
    others = [[(piece, logprob)] for piece, logprob in zip(pieces, logprobs, strict=True)]
    return TokenScores(pieces=pieces, logprobs=logprobs, others=others)


def _check(settings: ModelSettings) -> None:
    told = {"reasoning": settings.reasoning == "on", "adapter": settings.adapter is not None}
    if ignored := [name for name, is_told in told.items() if is_told]:
        raise ConfigError(f"model.{ignored[0]}: the scripted engine draws its answers and has no model. Leave it out.")


def _start(settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> ScriptedEngine:  # noqa: ARG001
    return ScriptedEngine(settings)


def _start_embedder(
    settings: ModelSettings,
    *,
    device: str,  # noqa: ARG001
    cpus: int,  # noqa: ARG001
    num_nodes: int = 1,  # noqa: ARG001
) -> ScriptedEmbedder:
    script = validated(_Script, settings.script, place="model.script")
    return ScriptedEmbedder(settings, seconds_per_step=script.seconds_per_step)


KIND = EngineKind(
    name="scripted",
    start=_start,
    start_embedder=_start_embedder,
    version=lambda: "3",  # raised when its answers change
    has_weights=False,
    needs_hardware=False,
    is_random=True,
    conversations=lambda _: _CodePoints(),
    check=_check,
)
