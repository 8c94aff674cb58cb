"""A proposer of drafts that proposes nothing, which vLLM makes by the name in its setting `speculative_config`.

Drafts of quotes come from the scheduler, which knows the grammar (`glane.engine.drafting`). vLLM checks drafts only
where it has a proposer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class NoProposals:
    """A proposer without proposals."""

    def __init__(self, vllm_config: Any) -> None:
        """vLLM gives its configuration."""

    def load_model(self, *_: Any) -> None:
        """There is none."""

    def propose(self, sampled: Sequence[Sequence[int]], *_: Any, **__: Any) -> list[list[int]]:
        """Nothing for each request."""
        return [[] for _ in sampled]
