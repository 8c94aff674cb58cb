"""Groups of which one must be chosen by name, and what is said where none is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from glane.composition.listing import groups, is_chosen_by_name
from glane.errors import ConfigError


def refuse_none(config_name: str, words: Sequence[str], folders: Sequence[Path]) -> None:
    """Refuse words that choose nothing of a group that must be chosen of: Hydra has no sentence for them.

    Raises:
        ConfigError: naming the group and its options.
    """
    for group, names in groups(config_name, folders).items():
        if is_chosen_by_name(group) and {f"{group}=", f"{group}=null", f"~{group}"}.intersection(words):
            raise ConfigError(_unchosen(group, {group: names}))


def untold(keys: Sequence[str], config_name: str, words: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """What is missing, a sentence each: the option of a group where none was chosen, or a key."""
    found = unchosen(keys, config_name, words, folders)
    return [*found.values(), *(_absent(key) for key in keys if key.partition(".")[0] not in found)]


def unchosen(keys: Sequence[str], config_name: str, words: Sequence[str], folders: Sequence[Path]) -> dict[str, str]:
    """The groups of the missing `keys` that none was chosen of, each with a sentence."""
    told = {word.partition("=")[0].lstrip("+") for word in words}
    options = groups(config_name, folders)
    return {
        group: _unchosen(group, options)
        for group in options
        if is_chosen_by_name(group) and group not in told and any(key.startswith(f"{group}.") for key in keys)
    }


def _unchosen(group: str, options: Mapping[str, Sequence[str]]) -> str:
    return f"{group}: none is chosen. Set {group}=NAME. Valid: {', '.join(options[group])}."


def _absent(key: str) -> str:
    return f"{key}: missing. Set it on the command line: {key}=…"
