"""The network of the demo model: a small Mistral, with a forward pass that computes only what training needs."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import MistralConfig, MistralForCausalLM

MAX_TOKENS = 2048


def new_model(*, vocabulary_size: int, bos: int, eos: int, pad: int, seed: int) -> Any:
    """A newly initialised model of about three million parameters, in 32 bits."""
    torch.manual_seed(seed)
    config = MistralConfig(
        vocab_size=vocabulary_size,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=MAX_TOKENS,
        sliding_window=None,
        tie_word_embeddings=True,
        bos_token_id=bos,
        eos_token_id=eos,
        pad_token_id=pad,
    )
    return MistralForCausalLM(config)


def answer_logits(model: Any, ids: Tensor, positions: Tensor) -> Tensor:
    """The logits at the given positions [row, answer token] of right-padded rows of ids: [row, answer token, word].

    The values are those of model(ids).logits[positions], for two thirds of the work. The prompt has no loss, so the
    last layer computes only its keys and values.
    """
    config = model.config
    body = model.model
    heads, kv_heads, size, eps = (
        config.num_attention_heads,
        config.num_key_value_heads,
        config.head_dim,
        config.rms_norm_eps,
    )
    rows, length = ids.shape
    x = body.embed_tokens(ids)
    cos, sin = body.rotary_emb(x, torch.arange(length, device=ids.device)[None])
    cos, sin = cos[:, None], sin[:, None]
    answer_cos, answer_sin = cos[0, 0][positions][:, None], sin[0, 0][positions][:, None]
    # Padding is to the right of every position that counts, so the causal mask excludes it.
    visible = (torch.arange(length, device=ids.device) <= positions[..., None])[:, None]
    for i, layer in enumerate(body.layers):
        last = i == len(body.layers) - 1
        normed = functional.rms_norm(x, x.shape[-1:], layer.input_layernorm.weight, eps)
        attention = layer.self_attn
        keys = _rotate(attention.k_proj(normed).view(rows, length, kv_heads, size).transpose(1, 2), cos, sin)
        values = attention.v_proj(normed).view(rows, length, kv_heads, size).transpose(1, 2)
        if last:
            at = positions[..., None].expand(-1, -1, x.shape[-1])
            x, normed = x.gather(1, at), normed.gather(1, at)
        queries = attention.q_proj(normed).view(rows, -1, heads, size).transpose(1, 2)
        queries = _rotate(queries, *((answer_cos, answer_sin) if last else (cos, sin)))
        keys = keys.repeat_interleave(heads // kv_heads, dim=1)
        values = values.repeat_interleave(heads // kv_heads, dim=1)
        mixed = (
            functional.scaled_dot_product_attention(queries, keys, values, attn_mask=visible)
            if last
            else functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        )
        x = x + attention.o_proj(mixed.transpose(1, 2).reshape(rows, -1, heads * size))
        normed = functional.rms_norm(x, x.shape[-1:], layer.post_attention_layernorm.weight, eps)
        mlp = layer.mlp
        x = x + mlp.down_proj(functional.silu(mlp.gate_proj(normed)) * mlp.up_proj(normed))
    logits: Tensor = functional.linear(
        functional.rms_norm(x, x.shape[-1:], body.norm.weight, eps), body.embed_tokens.weight
    )
    return logits


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin
