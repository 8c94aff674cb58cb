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
    "url", "email", "account", "iban", "nir", "card", "phone", "rpps", "finess", "plate", "identifier", "birth_date",
    "date", "address", "postcode", "hospital", "town", "name", "age",
]  # fmt: skip
Style = Literal["plausible", "marked"]
Scope = Literal["collection", "person"]


class PseudonymManner(Strict):
    """The key that pseudonyms are made by, and how identifiers are replaced."""

    key_file: HomePath | None = None
    key_command: str | None = None
    keep: tuple[Kind, ...] = ()
    style: Style = "plausible"
    scope: Scope = "collection"
    most_days: int = Key(default=182, ge=7, le=3650)
    whole_weeks: bool = True
    oldest_age: int | None = Key(default=None, ge=18, le=120)
    processes: Count = 1

    _listed_kinds = field_validator("keep", mode="before")(one_or_many)


class AskedPseudonyms(PseudonymManner):
    """What a job is told that replaces identifiers besides its own work. A key asks for it."""

    dates: Literal["kept", "shifted"] | None = None  # whether dates, and answers with them, stay true
    person_column: str | None = None
    known_columns: tuple[str, ...] = ()

    _listed_columns = field_validator("known_columns", mode="before")(one_or_many)

    @property
    def is_asked(self) -> bool:
        """Whether there is a key."""
        return self.key_file is not None or self.key_command is not None

    @property
    def kept_kinds(self) -> tuple[Kind, ...]:
        """The kinds that stay, with dates where these are kept."""
        return tuple(dict.fromkeys([*self.keep, *(["date"] if self.dates == "kept" else [])]))  # type: ignore[list-item]

    @model_validator(mode="after")
    def _says_all(self) -> Self:
        if not self.is_asked:
            plain = {name for name, field in type(self).model_fields.items() if getattr(self, name) == field.default}
            if told := sorted(self.model_fields_set - plain):
                raise ValueError(
                    f"{told[0]} is told, and no key is: without one nothing is pseudonymised. Give key_file=… or "
                    "key_command='…', or leave all of them out"
                )
            return self
        if self.key_file is not None and self.key_command is not None:
            raise ValueError("give key_file=… or key_command='…', one of both")
        if self.dates is None:
            raise ValueError(
                "dates=kept or dates=shifted is needed. Where they are shifted, dates in the answers are shifted, too, "
                "and counts by week or month are wrong; where they are kept, they stay in the texts"
            )
        if self.dates == "shifted" and "date" in self.keep:
            raise ValueError("keep=[date] and dates=shifted say both; leave one of them out")
        return self


class InputPseudonyms(AskedPseudonyms):
    """What an extraction is told of documents that are pseudonymised before a model reads them."""

    offsets: HomePath | None = None  # where everything stood: a file apart from the run
    shift_columns: tuple[str, ...] = ()  # of data.carry_columns

    _listed_dates = field_validator("shift_columns", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _keeps_places(self) -> Self:
        if self.is_asked and self.offsets is None:
            raise ValueError(
                "offsets=… is needed: a path apart from the run, where the places of what is replaced are kept"
            )
        if self.dates == "kept" and self.shift_columns:
            raise ValueError("shift_columns shifts dates beside a text whose dates are kept; give dates=shifted")
        return self


class ExportPseudonyms(AskedPseudonyms):
    """What an export is told of values, passages and texts that leave with their identifiers replaced."""

    keep_ids: bool = False  # ids of documents stay


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
        by: dict[str, list[str]] = {}
        for key in ("id_column", "text_column", "person_column", "carry_columns", "shift_columns"):
            told = getattr(self, key)
            for name in (told,) if isinstance(told, str) else told or ():
                by.setdefault(name, []).append(f"data.{key}")
        for name, keys in by.items():
            if keys == ["data.carry_columns", "data.shift_columns"]:
                raise ValueError(
                    f"column {name!r} is in data.carry_columns and data.shift_columns, and would be written twice. "
                    "Leave it out of data.carry_columns: what is shifted is written, too"
                )
            if len(keys) > 1:
                raise ValueError(f"column {name!r} would be written twice ({keys[0]}, {keys[1]}). Name it once")
        return self


class PseudonymiseSettings(PseudonymManner):
    """What `jobs/pseudonymise.py` is told."""

    data: PseudonymiseData
    out: Folder
    offsets: HomePath
    keep_ids: bool = False

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
