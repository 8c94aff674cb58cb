"""Keys of the configuration that a caller gives as keyword arguments."""

from __future__ import annotations

from typing import Any

from glane.errors import ConfigError


def set_key(values: dict[str, Any], path: list[str], value: Any) -> None:
    """Set one key of composed values, by the names that lead to it.

    Raises:
        ConfigError: if one of these holds no further keys.
    """
    here = values
    for name in path[:-1]:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise ConfigError(f"{'.'.join(path)}: {name} holds no further keys.")
    here[path[-1]] = value
