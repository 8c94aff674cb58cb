"""What the reading of files into a data set is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.cluster import ClusterSettings, LocalSettings
from glane.settings.ocr import OcrSettings
from glane.settings.run import RunSettings
from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict, validated


class DataSetSettings(Strict):
    """The data set to be made."""

    path: HomePath  # a folder, which must not be there yet, or be empty


class LimitSettings(Strict):
    """What the reading of one file may take, with all that it holds; see `glane.documents.limits.Limits`."""

    timeout_s: float = Key(default=60.0, gt=0)
    memory_mib: int = Key(default=2048, ge=256)
    max_file_mib: int = Key(default=256, ge=1)
    max_unpacked_mib: int = Key(default=512, ge=1)
    max_text_mib: int = Key(default=64, ge=1)
    max_pages: int = Key(default=20_000, ge=1)
    max_parts: int = Key(default=1_000, ge=0)
    max_depth: int = Key(default=4, ge=0)


class OptionSettings(Strict):
    """What is wanted of a file; see `glane.documents.limits.Options`."""

    headers_and_footers: bool = True
    join_hyphens: bool = False
    comments: bool = True
    attachments: bool = True


_MOST_READS = 4  # of one file that changes while it is read, with a reserve


class IngestSettings(Strict):
    """Everything that `jobs/ingest.py` is told."""

    source: tuple[HomePath, ...] = Key(min_length=1)  # folders, files and globs
    data: DataSetSettings
    language: bool = True  # tell the language of each text
    near_duplicates: Annotated[float, Key(ge=0.7, le=1)] | None = 0.8  # how alike; None compares nothing
    limits: LimitSettings = LimitSettings()
    options: OptionSettings = OptionSettings()
    ocr: OcrSettings = OcrSettings()
    cluster: ClusterSettings = LocalSettings()
    run: RunSettings
    progress: Literal["auto", "live", "plain", "none"] = "auto"

    _listed = field_validator("source", mode="before")(one_or_many)

    def each(self) -> tuple[Self, ...]:
        """The one run that it is, as `ExtractSettings.each` gives those of several tasks."""
        return (self,)

    @property
    def task_name(self) -> str:
        """Empty: nothing is asked."""
        return ""

    @property
    def model(self) -> None:
        """None: nothing answers, and no GPU is needed."""
        return None

    @model_validator(mode="after")
    def _slow_is_no_hang(self) -> Self:
        if self.run.hang_after_s < _MOST_READS * self.limits.timeout_s:
            raise ValueError(
                f"run.hang_after_s={self.run.hang_after_s:g} must be at least {_MOST_READS} times "
                f"limits.timeout_s={self.limits.timeout_s:g}: a worker at a slow file would be taken to hang"
            )
        if self.ocr.model is not None and self.run.hang_after_s < (longest_s := self.ocr.longest_s()):
            raise ValueError(
                f"run.hang_after_s={self.run.hang_after_s:g} must be at least {longest_s:g}, the longest that a page "
                f"may take with ocr.timeout_s={self.ocr.timeout_s:g}: a worker at a slow page would be taken to hang"
            )
        return self

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
