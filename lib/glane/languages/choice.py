"""Which language a user reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import get_args

from glane.errors import ConfigError, did_you_mean
from glane.types import Language

VARIABLE = "GLANE_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts, as POSIX has it


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """The language of the user: that of `GLANE_LANG`, else of the locale; English if that is another one.

    Raises:
        ConfigError: if `GLANE_LANG` names a language that glane does not speak.
    """
    known: dict[str, Language] = {name: name for name in get_args(Language)}
    if wanted := environment.get(VARIABLE, ""):
        if _code(wanted) not in known:
            raise ConfigError(f"{VARIABLE}={wanted}: no such language. {did_you_mean(wanted, known)}")
        return known[_code(wanted)]
    told = next(filter(None, (environment.get(name) for name in _LOCALE)), "")
    return known.get(_code(told), "en")


def _code(locale: str) -> str:
    """`fr` of `fr_FR.UTF-8`."""
    return locale.partition(".")[0].partition("@")[0].partition("_")[0].partition("-")[0].lower()
