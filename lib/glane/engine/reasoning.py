"""Thinking before the answer: the tokens that begin and end it, and what is asked of an engine for it.

The thinking is a request of its own, free of the grammar, that stops at the end token or when its budget is used up.
The answer is a second request: the prompt, the thinking and the end token, whose cache is still there, and then the
grammar from its first token. vLLM could do both in one request (`thinking_token_budget`), but its budget counts only
once the model has written the start token, and a start token within the answer would count, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glane.engine.protocol import Sampling
from glane.errors import ConfigError
from glane.form import Form
from glane.settings import ModelSettings

_THINK = ("<think>", "</think>")
# What begins and ends thinking, by vLLM's names of reasoning parsers. A test compares them with the installed vLLM's.
PARSERS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "deepseek_r1", "deepseek_v4", "deepseek_v41", "ernie45", "glm45", "glm47", "granite_thinking_parser",
            "holo2", "hy_v3", "hy_v4", "kimi_k2", "ling3", "mimo", "minicpmv", "minimax_m2", "nemotron_v3", "olmo3",
            "qwen3", "step3", "step3p5",
        ),
        _THINK,
    ),
    "cohere_command3": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "cohere_command4": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "gemma4": ("<|channel>", "<channel|>"),
    "k2_horizon": ("<ifm|think>", "</ifm|think>"),
    "kimi_k3": ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    "minimax_m3": ("<mm:think>", "</mm:think>"),
    "mistral": ("[THINK]", "[/THINK]"),
    "plamo3": ("<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>"),
    "seed_oss": ("<seed:think>", "</seed:think>"),
}  # fmt: skip
# Of these, vLLM tells no token after which the answer begins.
NOT_SERVED = (
    "deepseek_v3", "granite", "hf", "hunyuan_a13b", "inkling", "minimax_m2_append_think", "muse_glimmer",
    "openai_gptoss", "poolside_v1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Marks:
    """What begins and ends thinking: as text, and as tokens."""

    texts: tuple[str, str]
    start: int
    end: int

    def opened(self, prompt: list[int]) -> list[int]:
        """A prompt behind which the model thinks: the start token is added where the chat template has none open."""
        last = next((token for token in reversed(prompt) if token in (self.start, self.end)), None)
        return prompt if last == self.start else [*prompt, self.start]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A prompt that the model thinks about, and what is asked for afterwards."""

    prompt: list[int]
    form: Form
    text: str
    sampling: Sampling


def check_reasoning(settings: ModelSettings) -> None:
    """Check that a parser is named with which a model can think.

    Raises:
        ConfigError: listing the names.
    """
    name = settings.reasoning_parser
    valid = f"Valid: {', '.join(sorted(PARSERS))}."
    if name is None:
        if settings.reasoning == "on":
            raise ConfigError(
                "model.reasoning: on asks for the name of the reasoning parser that the model's card gives. Set "
                f"model.reasoning_parser. {valid}"
            )
    elif name in NOT_SERVED:
        raise ConfigError(
            f"model.reasoning_parser: with {name!r}, no single token ends the thinking, and the answer could not be "
            f"told from it. {valid}"
        )
    elif name not in PARSERS:
        raise ConfigError(f"model.reasoning_parser: vLLM has no {name!r}. {valid}")


def marks_of(settings: ModelSettings, tokenizer: Any) -> Marks | None:
    """The tokens that begin and end thinking; None where the model is not to think.

    Raises:
        ConfigError: if the tokenizer does not have them.
    """
    if settings.reasoning == "off":
        return None
    check_reasoning(settings)
    texts, vocabulary = PARSERS[settings.reasoning_parser or ""], tokenizer.get_vocab()
    start, end = (vocabulary.get(text) for text in texts)
    if start is None or end is None:
        missing = texts[0] if start is None else texts[1]
        raise ConfigError(
            f"model.reasoning_parser: {settings.reasoning_parser} ends thinking by tokens that the tokenizer of "
            f"{settings.tokenizer or settings.path} does not have ({missing}). Name the parser that the model's card "
            "gives, or set model.reasoning=off."
        )
    return Marks(texts, int(start), int(end))


def thought_tokens(ids: Sequence[int], finish_reason: str) -> list[int]:
    """What was thought, without the token that ended it."""
    return list(ids[:-1] if finish_reason == "stop" else ids)
