"""Tokens that the scheduler has appended to answers, told to the workers of vLLM with the plan of a step.

A worker keeps the tokens of each request, and learns of new ones because it sampled them. Forced tokens
(`glane.engine.forced_tokens`) it has not sampled.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from glane.engine.vllm_compat import method

KEY = "glane_forced"  # the attribute of a plan that holds them: a list of tokens by request


def install(update: str) -> None:
    """Have a model runner of vLLM take the forced tokens of a plan, in this process, from now on.

    Raises:
        EngineError: if this vLLM has no such function.
    """
    remedy = "model.forced_tokens=false: answers stay the same, and take more steps"
    holder, name = method(update, purpose="forced tokens need", remedy=remedy)
    setattr(holder, name, taking(getattr(holder, name)))


def taking(update: Any) -> Any:
    """`update`, a method of a model runner that reads a plan, which takes its forced tokens first."""

    @wraps(update)
    def updated(self: Any, plan: Any, *arguments: Any, **named: Any) -> Any:
        for request_id, tokens in getattr(plan, KEY, {}).items():
            request = self.requests.get(request_id)
            if request is None:  # it has ended since
                continue
            request.output_token_ids.extend(tokens)
            batch, row = self.input_batch, self.input_batch.req_id_to_index.get(request_id)
            if row is not None:
                start = int(batch.num_tokens_no_spec[row])
                batch.token_ids_cpu[row, start : start + len(tokens)] = tokens
                batch.is_token_ids[row, start : start + len(tokens)] = True
                batch.num_tokens_no_spec[row] = start + len(tokens)
        return update(self, plan, *arguments, **named)

    return updated
