"""How much of the model's probability the grammar's mask leaves at each token, sent along with the log-probabilities.

vLLM masks the logits before its sampler computes log-probabilities, so these do not tell whether the model wanted a
token that the grammar forbids. Here the logarithm of the sum of the exponentials is taken before the mask and after it,
in float32. The difference is the logarithm of the mass that was left. It takes the place of the last alternative of
each token, under an id that no token has. So it needs no channel of its own, and follows its row through vLLM.

Masks and samplers stay vLLM's own. Rows that are masked or sampled elsewhere, as in speculative decoding, get no mass.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import torch

from glane.engine.packed_scores import MASS_COLUMNS, MASS_ID
from glane.engine.vllm_compat import ModelRunner, method

_KEY = "glane_allowed_mass"  # the attribute of masked logits that holds the mass of each row


def install(runner: ModelRunner) -> None:
    """Have a model runner of vLLM send the mass, in this process, from now on.

    Raises:
        EngineError: if this vLLM has no such functions.
    """
    holder, name = method(runner.mask)
    setattr(holder, name, noting(getattr(holder, name), place=runner.place_of_logits))
    holder, name = method(runner.sample)
    setattr(holder, name, sending(getattr(holder, name)))


def log_mass_of(logits: torch.Tensor) -> torch.Tensor:
    """The logarithm of the sum of the exponentials of each row, in float32."""
    return torch.logsumexp(logits.float(), dim=-1)


def noting(mask: Any, *, place: int) -> Any:
    """`mask`, which changes the logits in its argument `place` in place, and then notes the mass that it left."""

    @wraps(mask)
    def masked(*arguments: Any, **named: Any) -> Any:
        logits = named["logits"] if "logits" in named else arguments[place]
        if logits is None or not len(logits):
            return mask(*arguments, **named)
        before = log_mass_of(logits)
        result = mask(*arguments, **named)
        setattr(logits, _KEY, (log_mass_of(logits) - before).clamp_(max=0.0))
        return result

    return masked


def sending(sample: Any) -> Any:
    """`sample`, a method of a sampler, with the mass of each row in the last column of its log-probabilities.

    Nothing is sent if other logits than the masked ones are sampled, or another number of alternatives is asked for.
    """

    @wraps(sample)
    def sampled(self: Any, logits: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        output = sample(self, logits, *arguments, **named)
        mass, sent = getattr(logits, _KEY, None), output.logprobs_tensors
        if mass is not None and sent is not None and sent.logprobs.shape == (len(mass), MASS_COLUMNS):
            sent.logprobs[:, -1] = mass
            sent.logprob_token_ids[:, -1] = MASS_ID
        return output

    return sampled
