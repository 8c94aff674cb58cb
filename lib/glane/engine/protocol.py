"""What every engine offers, and what the rest of glane must know of a kind of engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from glane.form import Form
from glane.settings import ModelSettings
from glane.types import Completion, Message


class RequestRefused(Exception):
    """The engine will not answer this prompt. The message carries no text of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one answer is drawn; the rest is the model's settings."""

    temperature: float
    seed: int
    max_tokens: int


class Engine(Protocol):
    """Answers prompts, many at a time.

    `encode` and `count_tokens` may be called from other threads; the rest from one thread only.
    """

    @property
    def max_prompt_tokens(self) -> int:
        """The longest prompt that leaves room for the whole answer."""
        ...

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a conversation, special tokens included."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has by itself."""
        ...

    def add(self, request_id: str, prompt: list[int], *, form: Form, text: str, sampling: Sampling) -> None:
        """Take a prompt about `text` into the batch; its answer has the given form, and quotes the text.

        Raises:
            RequestRefused: if the engine will not answer it.
        """
        ...

    def step(self) -> list[tuple[str, Completion]]:
        """Compute one step for all prompts in the batch and return those that are finished."""
        ...

    def close(self) -> None:
        """Give up everything the engine holds."""
        ...


class StartEngine(Protocol):
    """What starts an engine."""

    def __call__(self, settings: ModelSettings, *, device: str, cpus: int) -> Engine:
        """Start one on `device` ("cpu" or "gpu") with `cpus` threads.

        Raises:
            EngineError: if it does not start.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """A kind of engine, as `model.engine` names it. All but `start` must be cheap: login nodes and drivers ask it."""

    name: str
    start: StartEngine
    version: Callable[[], str]  # of the code that answers: a run is resumed only with the same
    has_weights: bool  # model.path is a folder of weights; False: there is nothing to find, to size or to hash
    needs_hardware: bool  # its engines share out the cores and GPUs of a node; False: it computes nothing that counts
    preload: Callable[[], None] | None = None  # imports what an engine on CPU needs, to fork it; None: not to be forked
    warnings: Callable[[ModelSettings], Sequence[str]] = lambda _: ()  # what a user should know before it starts
