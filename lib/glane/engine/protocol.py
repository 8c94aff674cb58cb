"""The protocol of engines, and the description of a kind of engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from glane.form import Form
from glane.settings import ModelSettings
from glane.types import Completion, Message

Vector = npt.NDArray[np.float32]


class RequestRefused(Exception):
    """The engine will not answer this prompt. The message holds no text of it."""


class EngineProcessDied(Exception):
    """A process that the engine started has ended, and the engine with it."""

    def __init__(self, code: int) -> None:
        """`code` is the exit code of the process, negative for a signal."""
        super().__init__(f"the engine's own process ended with code {code}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The sampling parameters that differ between answers; the model's settings hold the others."""

    temperature: float
    seed: int
    max_tokens: int


class Encoder(Protocol):
    """Encodes prompts. Its methods may be called from any thread."""

    @property
    def max_prompt_tokens(self) -> int:
        """The largest number of prompt tokens that leaves the context enough tokens for a whole answer."""
        ...

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a conversation, special tokens included."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has by itself."""
        ...


class Engine(Encoder, Protocol):
    """Answers prompts, many at a time.

    Its methods as an encoder may be called from any thread, the others from one thread only.
    """

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of an encoded conversation, special tokens included."""
        ...

    def add(self, request_id: str, prompt: list[int], *, form: Form, text: str, sampling: Sampling) -> None:
        """Add a prompt about `text` to the batch. Its answer has the given form, and quotes the text.

        Raises:
            RequestRefused: if the engine will not answer it.
        """
        ...

    def step(self) -> list[tuple[str, Completion]]:
        """Compute one step for all prompts in the batch. Return (request id, completion) of those that are finished.

        Raises:
            EngineProcessDied: if a process of the engine's own has ended. After any error, the engine is of no use.
        """
        ...

    def close(self) -> None:
        """Release everything that the engine holds."""
        ...


class Embedder(Protocol):
    """Makes vectors of texts, many at a time. All its methods are called from one thread."""

    @property
    def num_dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def max_tokens(self) -> int:
        """The largest number of tokens of a text, special tokens included."""
        ...

    def encode(self, text: str, *, prefix: str = "") -> list[int]:
        """Return the token ids of a prefix and a text, with the special tokens that the model wants around both.

        What a text spells out as a special token stays plain text. In a prefix it is one.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has by itself."""
        ...

    def add(self, request_id: str, tokens: list[int]) -> None:
        """Add a text to the batch.

        Raises:
            RequestRefused: if the engine will not embed it.
        """
        ...

    def step(self) -> list[tuple[str, Vector | None]]:
        """Compute one step for all texts in the batch. Return (request id, vector of length 1) of those that are done.

        None stands for a text of which the model makes no vector: not a number, or of length 0.

        Raises:
            EngineProcessDied: if a process of the engine's own has ended. After any error, the engine is of no use.
        """
        ...

    def close(self) -> None:
        """Release everything that the engine holds."""
        ...


class Conversations(Protocol):
    """What a model's tokenizer makes of a conversation, without an engine."""

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """See `Engine.encode`."""
        ...

    def count(self, text: str) -> int:
        """Return how many tokens a text has by itself."""
        ...

    @property
    def has_template(self) -> bool:
        """Whether the conversation becomes a text by a template, which may be wrong."""
        ...

    @property
    def thinking(self) -> tuple[str, str] | None:
        """What begins and ends thinking; None where the model is not to think."""
        ...

    def render(self, messages: Sequence[Message], is_open: bool) -> str:
        """Return the text that the template makes of a conversation, up to where the answer begins if `is_open`.

        Raises:
            ConfigError: if there is no template, or it fails.
        """
        ...


class StartEngine(Protocol):
    """The function that starts an engine."""

    def __call__(self, settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> Engine:
        """Start one on `device` ("cpu" or "gpu") with `cpus` threads; see `start_engine`.

        Raises:
            EngineError: if it does not start.
        """
        ...


class StartEmbedder(Protocol):
    """The function that starts an engine that embeds."""

    def __call__(self, settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> Embedder:
        """As `StartEngine` does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """A kind of engine, by its name in `model.engine`. All except `start` must be cheap, for use on login nodes."""

    name: str
    start: StartEngine
    version: Callable[[], str]  # of the code that answers; a run is resumed only with the same version
    has_weights: bool  # True: model.path is a folder of weights
    needs_hardware: bool  # True: its engines share the cores and GPUs of a node
    conversations: Callable[[ModelSettings], Conversations | None] = lambda _: None  # None: no tokenizer is at hand
    # Raises ConfigError for what would end an engine at its start, or have it refuse each document.
    check: Callable[[ModelSettings], None] = lambda _: None
    start_embedder: StartEmbedder | None = None  # None: it makes no vectors
    is_random: bool = False  # its answers are drawn at random
    preload: Callable[[], None] | None = None  # imports for engines on CPU, before a fork; None: no forks
    warnings: Callable[[ModelSettings], Sequence[str]] = lambda _: ()  # to show before it starts
