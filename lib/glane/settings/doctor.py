"""What the check of a site is told: the keys of the extraction to come, of which none must be given, and its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.extract import DataSettings, ExtractRunSettings, ExtractSettings
from glane.settings.model import ModelSettings
from glane.settings.shapes import HomePath
from glane.validation import validated

_OF_A_CHOSEN_TASK = frozenset({"name", "fields", "instructions", "json_schema_file", "pydantic_model"})


class _Run(ExtractRunSettings):
    dir: HomePath | None = None  # type: ignore[assignment]


class _Data(DataSettings):
    path: HomePath | None = None  # type: ignore[assignment]


class DoctorSettings(ExtractSettings):
    """Everything that `jobs/doctor.py` is told. `task` stays plain: the task room reads it."""

    task: Mapping[str, Any] | None = None  # type: ignore[assignment]
    data: _Data = _Data()
    model: ModelSettings | None = None  # type: ignore[assignment]
    run: _Run = _Run()
    nodes: bool = False  # check every node of a job of its own, too
    step_s: float = Key(default=60, gt=0)  # what one check may take; up to four times that where nodes wait
    wait_s: float = Key(default=1800, gt=0)  # for the job to start and to end
    out: HomePath | None = None

    @field_validator("task")
    @classmethod
    def _a_chosen_one(cls, value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """None if nothing but the manner of reading was composed, which goes with any task."""
        return value if value and not _OF_A_CHOSEN_TASK.isdisjoint(value) else None

    @model_validator(mode="after")
    def _nodes_of_a_cluster(self) -> Self:
        if self.nodes and self.cluster.kind == "local":
            raise ValueError("nodes=true checks the nodes of a job: choose where it is submitted, cluster=slurm")
        return self

    @property
    def run_dir(self) -> str | None:
        """Where the run will live: as it is told, or as conf/extract.yaml names it after the task."""
        if self.run.dir is None and self.task is not None and "name" in self.task:
            return f"runs/{self.task['name']}"
        return self.run.dir

    def extraction(self) -> ExtractSettings | None:
        """What the extraction would be told; None unless task, model and documents are."""
        if self.task is None or self.model is None or self.data.path is None:
            return None
        values = self.model_dump(include=set(ExtractSettings.model_fields))
        return ExtractSettings.model_validate(values | {"run": values["run"] | {"dir": self.run_dir}})


def doctor_settings(values: Mapping[str, Any]) -> DoctorSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(DoctorSettings, values, place="")
