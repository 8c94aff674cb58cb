"""What the job is told that makes a key, tells which keys files need, or encrypts them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import field_validator, model_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict, validated


class MaybeFolder(Strict):
    """A directory, where one is told."""

    dir: HomePath | None = None


class KeysSettings(Strict):
    """What `jobs/keys.py` is told."""

    file: HomePath | None = None
    name: str | None = None
    run: MaybeFolder = MaybeFolder()
    folder: tuple[HomePath, ...] = ()
    rewrite: bool = False

    _listed = field_validator("folder", mode="before")(one_or_many)

    @property
    def places(self) -> tuple[str, ...]:
        """The run and the folders to look at."""
        return (*filter(None, [self.run.dir]), *self.folder)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        makes_key = self.file is not None or self.name is not None
        if makes_key == bool(self.places) or (makes_key and (self.file is None or self.name is None or self.rewrite)):
            raise ValueError(
                "give file=… and name=… for a new key; or run.dir=… or folder=… to be told which keys files need, and "
                "rewrite=true to encrypt them by the current one"
            )
        return self


def keys_settings(values: Mapping[str, Any]) -> KeysSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(KeysSettings, values, place="")
