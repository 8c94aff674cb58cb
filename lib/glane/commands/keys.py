"""Make a key that Parquet files are encrypted with; tell which keys files need; encrypt them again by the current one.

glane keys file=~/glane-keys.yaml name=2026-12       a new key, in a new file of keys or beside the keys of one
export GLANE_KEY_FILE=~/glane-keys.yaml              from then on, what glane writes as Parquet is encrypted
glane keys run.dir=runs/notes folder=[reviews]       which keys their files need, and how many are plain
glane keys run.dir=runs/notes rewrite=true           encrypt those of older keys, and plain ones, by the current key

No key is shown. Keep a copy of the file of keys elsewhere: without it, nobody can read what it encrypts. A key is no
longer needed once no file names it: ask for all folders, and of copies elsewhere, before it is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Make the key, and say where it is and how it is used; or look at files, and encrypt them if that is asked."""
    from pathlib import Path

    from glane.languages import say
    from glane.settings import keys_settings

    told = keys_settings(values)
    if told.file is not None and told.name is not None:
        from glane.added_key import add_key

        say(add_key(Path(told.file), told.name))
        return
    from glane.job.rewrite import keys_needed, rewrite_all

    say((rewrite_all if told.rewrite else keys_needed)(told.places))
