"""A composed configuration as plain values. With its sisters here the only place that knows OmegaConf."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from glane.errors import ConfigError


def plain(config: DictConfig) -> dict[str, Any]:
    """Return a configuration as plain values, interpolations resolved."""
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigError("\n".join(f"{key}: missing. Set it on the command line: {key}=…" for key in missing))
    try:
        values = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"configuration: {str(error).splitlines()[0]}") from None
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}
