"""What a model's configuration, weights and card say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.catalogue.forms import form_of
from glane.catalogue.look import Looked
from glane.engine.adapter import ADAPTER
from glane.engine.checkpoint import quantization_of
from glane.engine.manifest import ModelFacts
from glane.engine.safetensors import Tensor
from glane.plain_values import NotPlainError, json_values, yaml_values

_CARD = "README.md"
_CONTEXTS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "model_max_length")
_SPDX = ("Apache-2.0", "MIT", "BSD-3-Clause", "BSD-2-Clause", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "CC0-1.0",
         "GPL-3.0", "AGPL-3.0", "LGPL-3.0", "OpenRAIL", "Llama2", "Llama3", "Gemma")  # fmt: skip
_PACKED = 0.1  # a share of integers from which numbers are taken to be packed, and cannot be counted


def facts_of(source: Path, looked: Looked) -> ModelFacts:
    """The facts of a folder that was looked at."""
    config = _mapping(source / "config.json") or _mapping(source / "params.json") or _mapping(source / ADAPTER)
    card = _front_matter(looked.files[_CARD]) if _CARD in looked.files else {}
    names = list(looked.files)
    forms: list[list[Tensor]] = [[], []]
    for name, tensors in looked.tensors.items():
        forms[name.startswith("consolidated")] += tensors.values()
    weights = max(forms, key=_num_bytes)
    return ModelFacts(
        architecture=_architecture(config), form=form_of(names), parameters=_parameters(weights),
        weights_bytes=_num_bytes(weights), quantisation=quantization_of(source) or None, context=_context(config),
        licence=_licence(card), base_model=_base_model(card, config), card=_CARD if _CARD in looked.files else None,
    )  # fmt: skip


def _num_bytes(tensors: Sequence[Tensor]) -> int:
    return sum(one.num_bytes for one in tensors)


def _parameters(tensors: Sequence[Tensor]) -> int | None:
    packed = sum(one.num_bytes for one in tensors if one.dtype.startswith(("I", "U")))
    if packed > _PACKED * _num_bytes(tensors):
        return None
    return sum(one.num_values for one in tensors)


def _architecture(config: Mapping[str, Any]) -> str | None:
    told = config.get("architectures")
    if isinstance(told, list) and told:
        return str(told[0])
    if "peft_type" in config:
        return f"{config['peft_type']} adapter"
    return "Mistral" if "n_layers" in config else None


def _context(config: Mapping[str, Any]) -> int | None:
    inner = config.get("text_config")
    for values in (config, inner if isinstance(inner, Mapping) else {}):
        for key in _CONTEXTS:
            if type(values.get(key)) is int:
                return int(values[key])
    return None


def _licence(card: Mapping[str, Any]) -> str | None:
    told = card.get("license_name") or card.get("license")
    if not isinstance(told, str):
        return None
    return next((one for one in _SPDX if one.lower() == told.lower()), told)


def _base_model(card: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    told = card.get("base_model") or config.get("base_model_name_or_path")
    told = told[0] if isinstance(told, list) and told else told
    return told if isinstance(told, str) and told else None


def _front_matter(card: Path) -> Mapping[str, Any]:
    """The YAML at the top of a card; nothing where it has none."""
    parts = card.read_text(encoding="utf-8", errors="replace").split("---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        return {}
    try:
        values = yaml_values(parts[1])
    except NotPlainError:
        return {}
    return values if isinstance(values, Mapping) else {}


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        values = json_values(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, Mapping) else {}
