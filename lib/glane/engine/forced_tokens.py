"""Tokens that a grammar leaves no choice about, appended to an answer without asking the model.

After a token of an answer, its grammar may allow one continuation only: the key that follows a value, the quotation
marks around it. vLLM would decode these tokens one by one, each with a step of the model whose result is known. Here
they are appended at once. The next step computes them together with the token before, as it computes a prompt, and
samples one token after the last of them. No logits are computed for those before.

Which tokens spell the forced bytes is llguidance's decision (docs/fast_forward.md there): as the tokenizer would spell
them, without a last token that could be another one with what follows.

A scheduler of vLLM's that knows them when it plans the next step is needed: the synchronous one. Its workers learn them
with the plan (`glane.engine.known_tokens`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glane.engine.known_tokens import KEY
from glane.engine.packed_scores import FORCED_ID, MASS_COLUMNS, MASS_ID
from glane.engine.vllm_compat import LogprobsLists, Scheduler


class ForcingScheduler(Scheduler):
    """vLLM's scheduler, with forced tokens appended after each token that was sampled."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._forced: dict[str, list[int]] = {}  # by request, since the last plan

    def schedule(self, *arguments: Any, **named: Any) -> Any:
        """Plan a step. The plan carries the tokens that were forced since the last one."""
        plan = super().schedule(*arguments, **named)
        setattr(plan, KEY, self._forced)
        self._forced = {}
        return plan

    def update_from_output(self, scheduler_output: Any, model_runner_output: Any) -> Any:
        """Take the tokens that were sampled, and append those that the grammar forces after them."""
        by_client = super().update_from_output(scheduler_output, model_runner_output)
        for of_client in by_client.values():
            for output in of_client.outputs:
                if output.new_token_ids and output.finish_reason is None:
                    self._append(self.requests[output.request_id], output)
        return by_client

    def _append(self, request: Any, output: Any) -> None:
        grammar = request.structured_output_request and request.structured_output_request.grammar
        if not hasattr(grammar, "forced_tokens"):
            return
        # One token is still to be sampled.
        room = min(request.max_tokens - request.num_output_tokens, self.max_model_len - request.num_tokens) - 1
        tokens = grammar.forced_tokens()[: max(0, room)]
        if not tokens or not grammar.accept_tokens(request.request_id, tokens):
            return
        request.append_output_token_ids(tokens)
        self._forced[request.request_id] = tokens
        output.new_token_ids = [*output.new_token_ids, *tokens]
        if output.new_logprobs is not None:
            output.new_logprobs = _with_certain(output.new_logprobs, tokens)


def _with_certain(scores: Any, tokens: list[int]) -> Any:
    """Log-probabilities with rows for forced tokens: probability 1, and no alternatives."""
    num_columns = scores.logprobs.shape[1]
    ids = np.full((len(tokens), num_columns), FORCED_ID, scores.logprob_token_ids.dtype)
    logprobs = np.full(ids.shape, -np.inf, scores.logprobs.dtype)
    ids[:, 0], logprobs[:, 0] = tokens, 0.0
    if num_columns == MASS_COLUMNS:
        ids[:, -1], logprobs[:, -1] = MASS_ID, 0.0
    return LogprobsLists(
        np.concatenate([scores.logprob_token_ids, ids]),
        np.concatenate([scores.logprobs, logprobs]),
        np.concatenate([scores.sampled_token_ranks, np.ones(len(tokens), scores.sampled_token_ranks.dtype)]),
    )
