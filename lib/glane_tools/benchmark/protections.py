"""What protects the documents of a run, switched on or off: the guard of its network, encryption, the audit log."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from glane.added_key import add_key
from glane.keys import KEY_COMMAND, KEY_FILE
from glane.run.audit_chain import SETTING as AUDIT

Protection = Literal["guard", "encryption", "audit"]
_KEYS, _LOG = "keys.yaml", "audit"  # in the folder of a run that was measured


def switched(on: Collection[Protection]) -> tuple[str, ...]:
    """The words of glane's command line that switch them, as far as words do."""
    return (f"run.guard={'auto' if 'guard' in on else 'off'}", "run.energy=none")


def environment(on: Collection[Protection], folder: Path, told: Mapping[str, str]) -> dict[str, str]:
    """`told` with a fresh key and a folder of the log where they are on, and without those of the user.

    A log that the file of a site names cannot be switched off so.
    """
    found = {name: value for name, value in told.items() if name not in (KEY_FILE, KEY_COMMAND, AUDIT)}
    if "encryption" in on:
        found[KEY_FILE] = str(add_key(folder / _KEYS, "benchmark").path)
    if "audit" in on:
        (folder / _LOG).mkdir(mode=0o700)
        found[AUDIT] = str(folder / _LOG)
    return found


@contextlib.contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Tell this process the key of a run that was measured, if it has one, while the block lasts."""
    if not (folder / _KEYS).exists():
        yield
        return
    former = {name: os.environ.pop(name, None) for name in (KEY_FILE, KEY_COMMAND)}
    os.environ[KEY_FILE] = str(folder / _KEYS)
    try:
        yield
    finally:
        del os.environ[KEY_FILE]
        os.environ.update({name: value for name, value in former.items() if value is not None})
