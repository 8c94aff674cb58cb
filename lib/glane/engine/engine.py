"""What every engine offers, and which one a configuration means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from glane.settings import ModelSettings
from glane.task.prompt import Message
from glane.task.task import Task
from glane.types import Completion


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

    def add(self, request_id: str, prompt: list[int], *, task: Task, text: str, sampling: Sampling) -> None:
        """Take a prompt about `text` into the batch; its answer follows the schema of `task`, and quotes the text.

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


def start_engine(settings: ModelSettings, *, device: str, cpus: int) -> Engine:
    """Start the engine that `settings` asks for, on `device` ("cpu" or "gpu") with `cpus` threads.

    Raises:
        EngineError: if it does not start.
    """
    if settings.engine == "scripted":
        from glane.engine.scripted import ScriptedEngine

        return ScriptedEngine(settings)
    from glane.engine.vllm import VllmEngine

    return VllmEngine(settings, device=device, cpus=cpus)
