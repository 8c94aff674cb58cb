"""What a site says once, for everybody who submits jobs there."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import field_validator

from glane.settings.keep import Keep
from glane.settings.shapes import HomePath
from glane.validation import Strict

# What a shell reads as it stands, without quotes or blanks.
_WORD = Key(default=None, pattern=r"^[\w.,:;@+*&|!()\[\]/=-]+$")


class SiteSettings(Strict):
    """The site's file. Its first keys are defaults of the keys of `SlurmSettings` by the same names."""

    partition: str | None = _WORD
    account: str | None = _WORD
    qos: str | None = _WORD
    constraint: str | None = _WORD
    time: str | None = Key(default=None, pattern=r"^(\d+-)?\d+:\d{2}:\d{2}$")
    interface: str | None = _WORD
    submission_dir: HomePath | None = None
    gpus_as: Literal["gpus-per-node", "gres", "gpus"] = "gpus-per-node"  # how gpus_per_node is asked for
    max_array: int | None = Key(default=None, ge=1)  # jobs of one array
    least_poll_s: float = Key(default=2.0, ge=1)  # between two questions to the scheduler, of one command
    kept_days: int = Key(default=30, ge=1)  # scripts and logs of jobs that have ended
    keep: Keep = Keep()  # ages of files of runs, for `glane clean`
    log: HomePath | None = None  # a line of JSON for each start of a job that has ended
    models: HomePath | None = None  # the catalogue of staged models
    audit: HomePath | None = None  # the folder of the audit log: who read and wrote what
    environment: str = ""  # lines of shell for the first node: modules, variables, the container

    @field_validator("time", mode="before")
    @classmethod
    def _a_time(cls, value: Any) -> Any:
        if value is not None and not re.fullmatch(r"(\d+-)?\d+:\d{2}:\d{2}", str(value)):
            raise ValueError('hours:minutes:seconds or days-hours:minutes:seconds, in quotes: "4:00:00"')
        return value
