"""Whether a file of weights was copied whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from glane.errors import ConfigError


def check_safetensors(file: Path, *, place: str = "model.path") -> None:
    """Compare the file's size with that in its header: a copy that was interrupted is shorter.

    Raises:
        ConfigError: if it is; `place` is the setting that names its folder.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header: dict[str, Any] = json.loads(stream.read(min(length, 100_000_000)))
        end = max((value["data_offsets"][1] for key, value in header.items() if key != "__metadata__"), default=0)
        whole = file.stat().st_size == 8 + length + end
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ConfigError(f"{place}: {file} is damaged or was not copied whole. Copy it again.")
