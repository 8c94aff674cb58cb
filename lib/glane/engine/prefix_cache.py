"""What a prefix cache saves of prompts that are asked one after the other: counted, without an engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glane.settings import ModelSettings

# vLLM 0.32's own, where `block_size` is not set. A few kinds of attention take others.
_BLOCK_TOKENS = {"cpu": 128, "gpu": 16}


def block_tokens(model: ModelSettings, *, device: str) -> int | None:
    """Tokens of a block, which is what is found in the cache; None where there is no cache."""
    if model.engine_args.get("enable_prefix_caching") is False:
        return None
    told = model.engine_args.get("block_size")
    return int(told) if told is not None else _BLOCK_TOKENS[device]


def uncached(prompts: Iterable[Sequence[int]], *, block: int | None) -> list[int]:
    """How many tokens of each prompt are to be computed, if all blocks of those before it are in the cache.

    The last token of a prompt is computed always, and with it the rest of its block.
    """
    seen: set[int] = set()
    found = []
    for prompt in prompts:
        size = len(prompt) + 1 if block is None else block
        chain, known = 0, 0
        for end in range(size, len(prompt) + 1, size):
            chain = hash((chain, *prompt[end - size : end]))
            if chain in seen and known == end - size and end < len(prompt):
                known = end
            seen.add(chain)
        found.append(len(prompt) - known)
    return found
