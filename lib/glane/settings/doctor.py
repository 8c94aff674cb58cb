"""What the check of a site is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.settings.cluster import ClusterSettings, LocalSettings
from glane.settings.model import ModelSettings
from glane.settings.shapes import HomePath
from glane.validation import Strict, validated


class DoctorSettings(Strict):
    """Everything that `jobs/doctor.py` is told. `task` stays plain: the task room reads it."""

    class _Run(Strict):
        dir: HomePath | None = None

    class _Data(Strict):
        path: HomePath | None = None

    task: Mapping[str, Any] | None = None
    model: ModelSettings | None = None
    cluster: ClusterSettings = LocalSettings()
    run: _Run = _Run()
    data: _Data = _Data()
    nodes: bool = False  # check every node of a job of its own, too
    step_s: float = Key(default=60, gt=0)  # what one check may take; up to four times that where nodes wait
    wait_s: float = Key(default=1800, gt=0)  # for the job to start and to end
    out: HomePath | None = None

    @model_validator(mode="after")
    def _nodes_of_a_cluster(self) -> Self:
        if self.nodes and self.cluster.kind == "local":
            raise ValueError("nodes=true checks the nodes of a job: choose where it is submitted, cluster=slurm")
        return self


def doctor_settings(values: Mapping[str, Any]) -> DoctorSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(DoctorSettings, values, place="")
