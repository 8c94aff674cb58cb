"""What the job that writes briefs is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.settings.brief_definition import BriefDefinition
from glane.settings.shapes import Folder, HomePath
from glane.validation import Strict, validated


class AskSettings(Strict):
    """Who answers on this machine. Without it, the commands to run are told, for Slurm as well."""

    model: str | None = None  # a name, a file or a folder with weights
    checker: str | None = None  # of the check whether quotes say a statement; the same model if not told
    allow_toy: bool = False


class AcceptSettings(Strict):
    """Which types of statements labels accept."""

    alpha: float = Key(default=0.05, gt=0, lt=1)  # of a type's statements, that may be unsupported
    delta: float = Key(default=0.05, gt=0, lt=1)  # probability that it is more after all, for all types together


class BriefSettings(Strict):
    """What `jobs/brief.py` is told."""

    brief: BriefDefinition
    run: Folder
    gold: str | None = None
    out: Folder
    ask: AskSettings = AskSettings()
    calibration: HomePath | None = None  # the folder that glane calibrate wrote of the second reading
    labels: HomePath | None = None  # the folder of earlier edits: what these do not accept is unverified
    accept: AcceptSettings = AcceptSettings()
    edited: HomePath | None = None  # brief.docx as it came back: its edits become labels, and nothing else is done
    sign: str | None = Key(default=None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _checker_beside_a_model(self) -> Self:
        if self.ask.checker is not None and self.ask.model is None:
            raise ValueError("ask.checker: goes with ask.model=…, who makes the statements")
        return self

    @model_validator(mode="after")
    def _edited_alone(self) -> Self:
        if self.edited is not None and self.sign is not None:
            raise ValueError("edited: what a person has edited is not what was written. Leave sign out")
        return self


def brief_settings(values: Mapping[str, Any]) -> BriefSettings:
    """Read the composed configuration of a brief; raises `ConfigError` as `extract_settings` does."""
    return validated(BriefSettings, values, place="")
