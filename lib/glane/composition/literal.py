"""Texts that OmegaConf must take as they are: what is below `task`, where `${…}` and `???` are words like others.

A text that OmegaConf would read as something else is written as the call of a resolver, which gives it back.
"""

from __future__ import annotations

import re

from omegaconf import OmegaConf

_NAME = "glane.text"
_WRITTEN = re.compile(rf"\$\{{{_NAME}:x([0-9a-f]*)\}}")


def register_resolver() -> None:
    """Let OmegaConf resolve what `literal` writes."""
    OmegaConf.register_new_resolver(_NAME, _decoded, replace=True)


def literal(value: object) -> object:
    """The same value, in which each text stays as it is when OmegaConf reads it."""
    if isinstance(value, dict):
        return {key: literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    return literal_text(value) if isinstance(value, str) and needs_care(value) else value


def needs_care(text: str) -> bool:
    """Whether OmegaConf would read this text as something else."""
    return "${" in text or text == "???"


def literal_text(text: str) -> str:
    """A text as a word of OmegaConf's that stands for it; in an override of Hydra's, too."""
    return f"${{{_NAME}:x{text.encode().hex()}}}"


def without_literals(value: object) -> object:
    """What `literal` was given."""
    if isinstance(value, dict):
        return {key: without_literals(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_literals(inner) for inner in value]
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    return _decoded(f"x{found[1]}") if found else value


def _decoded(written: str) -> str:
    return bytes.fromhex(written.removeprefix("x")).decode()
