"""Weights that were copied to this node's own disk; `glane.cluster.staging` copies them while all else starts."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

from glane.records import Record, read_record
from glane.settings import ModelSettings

STAGED = "GLANE_STAGED"  # the path of the record that says where the copy is
_POLL_S = 0.5


class Staged(Record):
    """Where the weights of `original` are on this node."""

    kind: Literal["glane staged weights"] = "glane staged weights"
    version: Literal[1] = 1
    until: float = 0.0  # while they are copied: when that ends at the latest, in seconds since the epoch
    original: str = ""  # the folder that they are a copy of
    place: str | None = None  # None: not copied, the original is to be read


def staged_weights(settings: ModelSettings) -> ModelSettings:
    """The settings with `path` set to the copy on this node, if there is one; it is waited for while it is made."""
    if not (told := os.environ.get(STAGED)):
        return settings
    staged = read_record(Staged, Path(told))
    while staged.until > time.time():
        time.sleep(_POLL_S)
        staged = read_record(Staged, Path(told))
    if staged.place is None or staged.original != settings.path:
        return settings
    return settings.model_copy(update={"path": staged.place})
