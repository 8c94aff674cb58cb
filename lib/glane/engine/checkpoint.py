"""What a checkpoint's own configuration says of it: config.json, or Mistral's params.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glane.plain_values import json_values

_FILES = ("config.json", "params.json")
_MODELOPT_FILE = "hf_quant_config.json"  # where ModelOpt wrote it before it wrote config.json's own
_MODELOPT = {
    "FP8": "modelopt", "FP8_PER_CHANNEL_PER_TOKEN": "modelopt", "FP8_PB_WO": "modelopt", "MXFP8": "modelopt_mxfp8",
    "NVFP4": "modelopt_fp4", "MIXED_PRECISION": "modelopt_mixed",
}  # fmt: skip
_OTHER_NAMES = {"compressed_tensors": "compressed-tensors", "auto-round": "inc"}
_MODALITIES = ("vision", "audio", "video", "image")


def is_multimodal(folder: Path) -> bool:
    """Whether a checkpoint reads images, sound or films, too: it configures an encoder of them."""
    told = [_read(folder / name) for name in _FILES]
    keys = [key for values in told for key, value in values.items() if isinstance(value, Mapping) and value]
    return any(key.startswith(_MODALITIES) or key in ("multimodal", "thinker_config") for key in keys)


def quantization_of(folder: Path) -> str | None:
    """The method by which a checkpoint's weights are quantised, as vLLM names it.

    None if its files tell of none; "" if they tell of a quantisation without its method.
    """
    told = _read(folder / _FILES[0])
    found = [
        values.get(key)
        for values in (told, told.get("text_config"))
        if isinstance(values, Mapping)
        for key in ("quantization_config", "compression_config")
    ]
    for config in (*found, _read(folder / _MODELOPT_FILE)):
        if isinstance(config, Mapping) and config:
            return _method(config)
    return None


def _method(config: Mapping[str, Any]) -> str:
    told = config.get("quant_method")
    method = told.lower() if isinstance(told, str) else ""
    inner = config.get("quantization", config)  # of ModelOpt: beside the method in its newer files
    algorithm = str(inner.get("quant_algo", "")).upper() if isinstance(inner, Mapping) else ""
    if algorithm and (method.startswith("modelopt") or not method):
        return _MODELOPT.get(algorithm, method)
    return _OTHER_NAMES.get(method, method)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = json_values(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # the engine says better what is wrong
    return values if isinstance(values, Mapping) else {}
