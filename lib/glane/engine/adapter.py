"""LoRA adapters: checked before an engine loads them, and what vLLM must be told of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glane.engine.safetensors import check_safetensors
from glane.errors import ConfigError
from glane.plain_values import json_values
from glane.settings import ModelSettings

ADAPTER, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM can be told


def lora_rank(adapter: str) -> int:
    """The rank of a LoRA adapter.

    Raises:
        ConfigError: if its configuration does not say it.
    """
    path = Path(adapter) / ADAPTER
    if not path.is_file():
        raise ConfigError(f"model.adapter: {adapter} is incomplete: no {ADAPTER}.")
    try:
        rank = json_values(path.read_text(encoding="utf-8"))["r"]
    except (OSError, ValueError, LookupError, TypeError):
        rank = None
    if type(rank) is not int or not 1 <= rank <= _RANKS[-1]:
        raise ConfigError(f"model.adapter: {path} does not tell a rank r from 1 to {_RANKS[-1]}.")
    return rank


def lora_arguments(settings: ModelSettings) -> dict[str, Any]:
    """What vLLM's `EngineArgs` are told for an adapter: it knows some ranks only, and the next one serves."""
    if settings.adapter is None:
        return {}
    rank = lora_rank(settings.adapter)
    return {"enable_lora": True, "max_loras": 1, "max_lora_rank": next(one for one in _RANKS if one >= rank)}


def checked_adapter(folder: Path) -> Path:
    """The directory of an adapter.

    Raises:
        ConfigError: if it is missing, incomplete or damaged.
    """
    if not folder.is_dir():
        raise ConfigError(f"model.adapter: no directory {folder}. It is one as PEFT writes it: {ADAPTER}, weights.")
    lora_rank(str(folder))
    weights = folder / ADAPTER_WEIGHTS
    if not weights.is_file():
        raise ConfigError(f"model.adapter: {folder} is incomplete: no {weights.name}.")
    check_safetensors(weights, place="model.adapter")
    return folder
