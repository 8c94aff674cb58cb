"""What the pseudonymisation of documents is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Count, Folder, HomePath, one_or_many
from glane.validation import Strict, validated

Kind = Literal[
    "email", "nir", "phone", "rpps", "finess", "identifier", "birth_date", "date", "address", "postcode", "hospital",
    "town", "name", "age",
]  # fmt: skip
Style = Literal["plausible", "marked"]
Scope = Literal["collection", "person"]


class PseudonymiseData(Strict):
    """The documents, and what else of their rows is used."""

    path: HomePath
    id_column: str = "id"
    text_column: str = "text"
    person_column: str | None = None  # whose document it is; None: each document's dates are shifted by themselves
    known_columns: tuple[str, ...] = ()  # names and numbers of the person
    carry_columns: tuple[str, ...] = ()
    shift_columns: tuple[str, ...] = ()  # dates, shifted as those in the text

    _listed = field_validator("known_columns", "carry_columns", "shift_columns", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _once(self) -> Self:
        written = [self.id_column, self.text_column, *self.carry_columns, *self.shift_columns]
        if self.person_column is not None:
            written.append(self.person_column)
        twice = next((name for name in written if written.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"column {twice!r} would be written twice. Name it once")
        return self


class PseudonymiseSettings(Strict):
    """What `jobs/pseudonymise.py` is told."""

    data: PseudonymiseData
    out: Folder
    offsets: HomePath
    key_file: HomePath | None = None
    key_command: str | None = None
    keep: tuple[Kind, ...] = ()
    keep_ids: bool = False
    style: Style = "plausible"
    scope: Scope = "collection"
    most_days: int = Key(default=182, ge=7, le=3650)
    whole_weeks: bool = True
    oldest_age: int | None = Key(default=None, ge=18, le=120)
    processes: Count = 1

    _listed = field_validator("keep", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.key_file is None) == (self.key_command is None):
            raise ValueError("give key_file=… or key_command='…', one of both: the secret that pseudonyms are made by")
        if Path(self.offsets).absolute().is_relative_to(Path(self.out.dir).absolute()):
            raise ValueError("offsets: is kept apart from what is given away. Choose a path outside out.dir")
        return self


def pseudonymise_settings(values: Mapping[str, Any]) -> PseudonymiseSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(PseudonymiseSettings, values, place="")
