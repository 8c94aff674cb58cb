"""What every engine offers, and which one a configuration means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from glane.settings import ModelSettings
from glane.task.prompt import Message
from glane.task.task import Task
from glane.types import Completion


class RequestRefused(Exception):
    """The engine will not answer this prompt. The message carries no text of it."""


class Engine(Protocol):
    """Answers prompts, many at a time. `encode` may be called from another thread; the rest from one thread only."""

    @property
    def max_prompt_tokens(self) -> int:
        """The longest prompt that leaves room for the whole answer."""
        ...

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a conversation, special tokens included."""
        ...

    def add(self, request_id: str, prompt: list[int]) -> None:
        """Take a prompt into the batch.

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


def start_engine(settings: ModelSettings, task: Task, *, device: str, cpus: int) -> Engine:
    """Start the engine that `settings` asks for, on `device` ("cpu" or "gpu") with `cpus` threads.

    Raises:
        EngineError: if it does not start.
    """
    if settings.engine == "scripted":
        from glane.engine.scripted import ScriptedEngine

        return ScriptedEngine(settings, task)
    from glane.engine.vllm import VllmEngine

    return VllmEngine(settings, task, device=device, cpus=cpus)
