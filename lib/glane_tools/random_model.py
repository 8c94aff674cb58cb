"""Makes a model with random weights and Mistral's vocabulary: `.venv/bin/python lib/glane_tools/random_model.py`.

A folder as argument takes the place of `.models/random-tekken`.

It has the shape of Ministral 3 8B scaled down: a sixteenth of its width, the same ratio of heads to cached heads (4),
of the feed-forward layer to the width (3.5), and the same 131,072 tokens (tekken.json, which mistral-common ships).
Its answers mean nothing. Under a grammar they are valid, and greedy decoding gives the same ones again: that is enough
to measure how an answer is decoded, in tokens that a real model would need for it.

Unlike in a large model, the layer that scores the whole vocabulary is most of its arithmetic. Safe to repeat.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / ".models" / "random-tekken"
VOCABULARY = "tekken_240911.json"
SEED = 0
CONFIG: dict[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "model_type": "mistral",
    "hidden_size": 256,
    "intermediate_size": 896,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 64,
    "vocab_size": 131072,
    "max_position_embeddings": 32768,
    "rope_theta": 1000000.0,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "sliding_window": None,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "torch_dtype": "bfloat16",
}
_FILES = ("config.json", "model.safetensors", "tekken.json", "toy.json")


def main() -> None:
    """Make the model in the folder that was named, unless it is there."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL
    if is_made(folder):
        print(f"random model: {folder} is there")
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        write_model(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    print(f"random model: {folder}; for benchmarks only: model=random_tekken")


def is_made(folder: Path) -> bool:
    """Whether the model is there, whole, and of this shape."""
    if not all((folder / name).is_file() for name in _FILES):
        return False
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found == CONFIG


def write_model(folder: Path, *, seed: int = SEED, **changes: Any) -> None:
    """Write configuration, weights and tokenizer into a folder. `changes` are keys of `CONFIG`, for smaller ones.

    `toy.json` says that it was trained for no task, so that every run and report tells that its answers are random.
    """
    config = {**CONFIG, **changes}
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    (folder / "toy.json").write_text("[]", encoding="utf-8")
    shutil.copy(vocabulary(), folder / "tekken.json")
    _write_weights(folder / "model.safetensors", config, seed)


def vocabulary() -> Path:
    """Mistral's own tokenizer, in the package mistral-common."""
    import mistral_common

    return Path(mistral_common.__file__).parent / "data" / VOCABULARY


def _write_weights(path: Path, config: dict[str, Any], seed: int) -> None:
    """Normal weights with variance 1 / inputs (LeCun et al. 1998), so that no layer drowns the others."""
    import torch
    from safetensors.torch import save_file

    draw = torch.Generator().manual_seed(seed)
    weights = {}
    for name, (rows, columns) in shapes(config).items():
        scale = 1.0 if name == "model.embed_tokens.weight" else columns**-0.5
        weights[name] = (torch.randn(rows, columns, generator=draw) * scale).to(torch.bfloat16)
    norms = [f"model.layers.{i}.{one}" for i in range(config["num_hidden_layers"]) for one in _NORMS] + ["model.norm"]
    weights |= {f"{name}.weight": torch.ones(config["hidden_size"], dtype=torch.bfloat16) for name in norms}
    save_file(weights, path, metadata={"format": "pt"})


_NORMS = ("input_layernorm", "post_attention_layernorm")


def shapes(config: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The matrices of a model of this configuration, by name: (outputs, inputs)."""
    width, inner, tokens = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    heads, cached = (config[name] * config["head_dim"] for name in ("num_attention_heads", "num_key_value_heads"))
    found = {"model.embed_tokens.weight": (tokens, width), "lm_head.weight": (tokens, width)}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        found |= {
            f"{at}.self_attn.q_proj.weight": (heads, width),
            f"{at}.self_attn.k_proj.weight": (cached, width),
            f"{at}.self_attn.v_proj.weight": (cached, width),
            f"{at}.self_attn.o_proj.weight": (width, heads),
            f"{at}.mlp.gate_proj.weight": (inner, width),
            f"{at}.mlp.up_proj.weight": (inner, width),
            f"{at}.mlp.down_proj.weight": (width, inner),
        }
    return found


if __name__ == "__main__":
    main()
