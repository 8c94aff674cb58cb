"""What a checkpoint's own configuration says of it: config.json, or Mistral's params.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILES = ("config.json", "params.json")
_MODALITIES = ("vision", "audio", "video", "image")


def is_multimodal(folder: Path) -> bool:
    """Whether a checkpoint reads images, sound or films, too: it configures an encoder of them."""
    told = [_read(folder / name) for name in _FILES]
    keys = [key for values in told for key, value in values.items() if isinstance(value, Mapping) and value]
    return any(key.startswith(_MODALITIES) or key in ("multimodal", "thinker_config") for key in keys)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # the engine says better what is wrong
    return values if isinstance(values, Mapping) else {}
