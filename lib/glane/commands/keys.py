"""Make a key that Parquet files are encrypted with, in a new file of keys or beside the keys of one.

glane keys file=~/glane-keys.yaml name=2026-12
export GLANE_KEY_FILE=~/glane-keys.yaml              from then on, what glane writes as Parquet is encrypted

Files of before stay as they are, and are opened by the keys that the file keeps. No key is shown. Keep a copy of the
file elsewhere: without it, nobody can read what it encrypts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Make the key, and say where it is and how it is used."""
    from pathlib import Path

    from glane.added_key import add_key
    from glane.languages import say
    from glane.settings import keys_settings

    told = keys_settings(values)
    say(add_key(Path(told.file), told.name))
