"""What follows in the document, drafted within a quote, and checked by the model in one step.

vLLM's own path of speculative decoding checks: it computes the logits at each drafted token, masks each by the grammar,
keeps the tokens up to the first that greedy decoding would not have chosen, and puts the one that it would have in its
place. So the answer is the one without drafts. Which tokens are drafted is decided here, as the scheduler knows the
grammar of each answer.

With a number for `model.quote_drafts`, nothing is drafted while more requests are in the engine. In a large batch a
step is bound by arithmetic, and a token that is checked in vain costs as much as one that is asked for.

Nothing is drafted while a request in the engine is a sample. Checking it would draw other random numbers. And beside
samples, vLLM 0.32 scales the logits of all drafts by temperatures that its kernel for CPUs does not fill in.
"""

from __future__ import annotations

from typing import Any

from glane.engine.forced_tokens import ForcingScheduler


class DraftingScheduler(ForcingScheduler):
    """A scheduler that drafts within quotes, too."""

    def schedule(self, *arguments: Any, **named: Any) -> Any:
        """Plan a step, with drafts for the requests whose answers have begun."""
        most = self._most_drafted()
        for request in self.running:
            request.spec_token_ids = _draft(request, most) if most else []
        return super().schedule(*arguments, **named)

    def _most_drafted(self) -> int:
        """How many tokens may be drafted for each request in this step."""
        by_batch: list[int] = self.dynamic_sd_lookup
        most = by_batch[min(len(self.requests), len(by_batch) - 1)]
        return most if all(one.sampling_params.temperature == 0 for one in self.requests.values()) else 0

    def update_draft_token_ids(self, draft_token_ids: Any) -> None:
        """Take nothing of vLLM's proposer: it has no proposals, and near the greatest length it fills with zeros."""


def _draft(request: Any, most: int) -> list[int]:
    grammar = request.structured_output_request and request.structured_output_request.grammar
    drafted: list[int] = grammar.drafted_tokens(most) if hasattr(grammar, "drafted_tokens") else []
    return drafted
