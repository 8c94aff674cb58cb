"""What an export is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from glane.settings.disclosure import DisclosureRule
from glane.settings.pseudonymise import ExportPseudonyms
from glane.settings.shapes import Folder
from glane.types import Language
from glane.validation import Strict, validated

Target = Literal["csv", "xlsx", "parquet", "duckdb", "r", "sas", "datapackage", "omop", "labelstudio", "brat"]
WITH_PASSAGES: frozenset[Target] = frozenset({"omop", "labelstudio", "brat"})  # where values stand, and texts
OF_TEXT: frozenset[Target] = frozenset({"labelstudio", "brat"})  # they are nothing without
Encoding = Literal["utf-8", "windows-1252", "iso-8859-15"]


class ExportSettings(Strict):
    """What `jobs/export.py` is told."""

    run: Folder
    out: Folder
    to: Target
    evidence: bool = False
    text: bool = False  # documents leave, too
    locale: Language | None = None  # of separators and decimals; None: that of the task
    encoding: Encoding = "utf-8"
    disclosure: DisclosureRule | None = None  # that what leaves is held to: rows of documents cannot be
    rows: bool = False  # whether rows leave all the same
    pseudonyms: ExportPseudonyms = ExportPseudonyms()  # identifiers are replaced, once a key is given

    @model_validator(mode="after")
    def _of_rows(self) -> Self:
        if self.disclosure is not None and not self.rows:
            raise ValueError(
                "disclosure: an export is of rows, one for each document, and no rule for small counts protects rows. "
                "Make a table with glane aggregate and table.disclosure; or say rows=true, if rows may leave"
            )
        return self

    @model_validator(mode="after")
    def _of_its_format(self) -> Self:
        if self.text and self.to not in WITH_PASSAGES:
            raise ValueError(
                f"text: to={self.to} holds no documents. Leave it out, or choose {', '.join(sorted(WITH_PASSAGES))}"
            )
        if self.to in OF_TEXT and not self.text:
            raise ValueError(f"text: to={self.to} writes the texts of documents. Say text=true if they may leave")
        for key, is_given in (("locale", self.locale is not None), ("encoding", self.encoding != "utf-8")):
            if is_given and self.to != "csv":
                raise ValueError(f"{key}: is of to=csv; to={self.to} has one form only. Leave it out")
        return self


def export_settings(values: Mapping[str, Any]) -> ExportSettings:
    """Read the composed configuration of the export; raises `ConfigError` as `extract_settings` does."""
    return validated(ExportSettings, values, place="")
