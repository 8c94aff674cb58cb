"""How much of the model's probability the grammar's mask leaves at each token, sent along with the log-probabilities.

vLLM masks the logits before its sampler computes log-probabilities, so these do not tell whether the model wanted a
token that the grammar forbids. The mask changes no logit that it allows. So the logarithm of the mass that it left is
the log-probability of the chosen token without the mask, minus the one with it. Both are float32.

That takes the place of the last alternative of each token, under an id that no token has. So it needs no channel of its
own, and follows its row through vLLM.

Masks and samplers stay vLLM's own. Rows that are masked or sampled elsewhere, as in speculative decoding, get no mass.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import torch

from glane.engine.packed_scores import MASS_COLUMNS, MASS_ID
from glane.engine.vllm_compat import ModelRunner, method

_KEY = "glane_unmasked"  # the attribute of masked logits that holds the log-probabilities without the mask


def install(runner: ModelRunner) -> None:
    """Have a model runner of vLLM send the mass, in this process, from now on.

    Raises:
        EngineError: if this vLLM has no such functions.
    """
    told = {"purpose": "quote_mass needs", "remedy": "model.quote_mass=false: quote_mass is then null"}
    holder, name = method(runner.mask, **told)
    setattr(holder, name, noting(getattr(holder, name), place=runner.place_of_logits))
    holder, name = method(runner.sample, **told)
    setattr(holder, name, sending(getattr(holder, name)))


def noting(mask: Any, *, place: int) -> Any:
    """`mask`, which masks the logits in its argument `place` in place, and first notes what they were."""

    @wraps(mask)
    def masked(*arguments: Any, **named: Any) -> Any:
        logits = named["logits"] if "logits" in named else arguments[place]
        if logits is not None and len(logits):
            setattr(logits, _KEY, logits.log_softmax(dim=-1, dtype=torch.float32))
        return mask(*arguments, **named)

    return masked


def sending(sample: Any) -> Any:
    """`sample`, a method of a sampler, with the mass of each row in the last column of its log-probabilities.

    Nothing is sent if other logits than the masked ones are sampled, if another number of alternatives is asked for, or
    if the log-probabilities are not those of the masked logits as they are.
    """

    @wraps(sample)
    def sampled(self: Any, logits: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        output = sample(self, logits, *arguments, **named)
        unmasked, sent = vars(logits).pop(_KEY, None), output.logprobs_tensors  # its memory is free from here on
        is_asked = sent is not None and sent.logprobs.shape[1] == MASS_COLUMNS and self.logprobs_mode == "raw_logprobs"
        if unmasked is not None and is_asked and len(unmasked) == len(sent.logprobs):
            chosen = sent.logprob_token_ids[:, :1].long()
            mass = unmasked.gather(1, chosen)[:, 0] - sent.logprobs[:, 0]
            sent.logprobs[:, -1] = mass.clamp_(max=0.0)
            sent.logprob_token_ids[:, -1] = MASS_ID
        return output

    return sampled
