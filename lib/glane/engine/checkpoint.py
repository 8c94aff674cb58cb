"""What a checkpoint's own configuration says of it: config.json, or Mistral's params.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILES = ("config.json", "params.json")
_MODELOPT = {
    "FP8": "modelopt", "FP8_PER_CHANNEL_PER_TOKEN": "modelopt", "FP8_PB_WO": "modelopt", "NVFP4": "modelopt_fp4",
}  # fmt: skip
_MODALITIES = ("vision", "audio", "video", "image")


def is_multimodal(folder: Path) -> bool:
    """Whether a checkpoint reads images, sound or films, too: it configures an encoder of them."""
    told = [_read(folder / name) for name in _FILES]
    keys = [key for values in told for key, value in values.items() if isinstance(value, Mapping) and value]
    return any(key.startswith(_MODALITIES) or key in ("multimodal", "thinker_config") for key in keys)


def quantization_of(folder: Path) -> str | None:
    """The method by which a checkpoint's weights are quantised, as vLLM names it.

    None if its config.json tells of none; "" if it tells of a quantisation without its method.
    """
    told = _read(folder / _FILES[0])
    for values in (told, told.get("text_config")):
        for key in ("quantization_config", "compression_config"):
            if isinstance(values, Mapping) and isinstance(config := values.get(key), Mapping):
                return _method(config)
    return None


def _method(config: Mapping[str, Any]) -> str:
    inner = config.get("quantization")
    algorithm = str(inner.get("quant_algo", "")).upper() if isinstance(inner, Mapping) else ""
    if algorithm in _MODELOPT:  # which may name no method
        return _MODELOPT[algorithm]
    return str(config.get("quant_method", "")).lower().replace("compressed_tensors", "compressed-tensors")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # the engine says better what is wrong
    return values if isinstance(values, Mapping) else {}
