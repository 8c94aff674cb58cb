"""What the reading of files into a data set is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.cluster import ClusterSettings, LocalSettings
from glane.settings.run import RunSettings
from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict, validated


class DataSetSettings(Strict):
    """The data set to be made."""

    path: HomePath  # a folder, which must not be there yet, or be empty


class IngestSettings(Strict):
    """Everything that `jobs/ingest.py` is told."""

    source: tuple[HomePath, ...] = Key(min_length=1)  # folders, files and globs
    data: DataSetSettings
    language: bool = True  # tell the language of each text
    near_duplicates: Annotated[float, Key(ge=0.7, le=1)] | None = 0.8  # how alike; None compares nothing
    cluster: ClusterSettings = LocalSettings()
    run: RunSettings
    progress: Literal["auto", "live", "plain", "none"] = "auto"

    _listed = field_validator("source", mode="before")(one_or_many)

    @model_validator(mode="before")
    @classmethod
    def _run_beside_data(cls, values: Any) -> Any:
        """The run lives beside its data set, unless it is told where."""
        run, data = values.get("run") or {}, values.get("data")
        path = data.get("path") if isinstance(data, Mapping) else None
        if isinstance(run, Mapping) and run.get("dir") is None and isinstance(path, str):
            return {**values, "run": {**run, "dir": f"{path.rstrip('/')}.run"}}
        return values


def ingest_settings(values: Mapping[str, Any]) -> IngestSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(IngestSettings, values, place="")
