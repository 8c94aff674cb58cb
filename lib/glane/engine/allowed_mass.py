"""How much of the model's probability the grammar's mask leaves at each token, sent along with the log-probabilities.

vLLM masks the logits before its sampler computes log-probabilities, so these do not tell whether the model wanted a
token that the grammar forbids. The mask changes no logit that it allows. So the logarithm of the mass that it left is
the log-probability of the chosen token without the mask, minus the one with it. Both are float32.

That takes the place of the last alternative of each token, under an id that no token has. So it needs no channel of its
own, and follows its row through vLLM.

Masks and samplers stay vLLM's own. Rows that are masked or sampled elsewhere get no mass.
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
    if runner.verify is not None:
        holder, name = method(runner.verify, **told)
        setattr(holder, name, sending_verified(getattr(holder, name)))


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
        if unmasked is not None and _is_asked(sent, self) and len(unmasked) == len(sent.logprobs):
            _send(unmasked, torch.arange(len(unmasked), device=logits.device), sent)
        return output

    return sampled


def sending_verified(verify: Any) -> Any:
    """`verify`, a method of a rejection sampler, with the mass as in `sending`, for drafted tokens, too.

    It is given the logits of the drafted tokens of each request and of one more, all in a row. It returns as many
    log-probabilities for each request, whether tokens were rejected or not.
    """

    @wraps(verify)
    def verified(self: Any, metadata: Any, draft_probs: Any, logits: torch.Tensor, *more: Any, **named: Any) -> Any:
        output = verify(self, metadata, draft_probs, logits, *more, **named)
        unmasked, sent = vars(logits).pop(_KEY, None), output.logprobs_tensors
        if unmasked is not None and _is_asked(sent, self.sampler):
            ends, num_columns = metadata.cu_num_sampled_tokens, output.sampled_token_ids.shape[1]
            starts = torch.cat([ends.new_zeros(1), ends[:-1]])
            rows = starts[:, None] + torch.arange(num_columns, device=starts.device)
            # Places beyond the drafts of a request are dropped by vLLM. They need a row all the same.
            _send(unmasked, rows.flatten().clamp(max=len(unmasked) - 1).long(), sent)
        return output

    return verified


def _is_asked(sent: Any, sampler: Any) -> bool:
    return sent is not None and sent.logprobs.shape[1] == MASS_COLUMNS and sampler.logprobs_mode == "raw_logprobs"


def _send(unmasked: torch.Tensor, rows: torch.Tensor, sent: Any) -> None:
    """Write the mass into the last column, from these rows of the log-probabilities without the mask."""
    mass = unmasked[rows, sent.logprob_token_ids[:, 0].long()] - sent.logprobs[:, 0]
    sent.logprobs[:, -1] = mass.clamp_(max=0.0)
    sent.logprob_token_ids[:, -1] = MASS_ID
