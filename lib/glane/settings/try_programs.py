"""What the trial of translated programs is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Count, Folder, HomePath, one_or_many
from glane.types import Language
from glane.validation import Strict, validated


class TryProgramsSettings(Strict):
    """What `jobs/try_programs.py` is told."""

    class _Run(Strict):
        dir: HomePath | None = None

    run: _Run = _Run()
    programs: HomePath | None = None  # a folder of files NAME.py, instead of a run
    tables: HomePath | None = None  # a description of the tables, or a folder of twins
    twin_of: tuple[HomePath, ...] = ()  # real tables, of which coarse marginals are taken
    least: Count = 10  # rows that anything told of a real table stands for
    made_up: tuple[str, ...] = ()  # columns of these that name persons: nothing is told of them but their type
    rows: Annotated[int, Key(ge=0, le=100_000)] = 200  # of each twin of a real table
    seed: int = Key(default=0, ge=0)
    expected: HomePath | None = None
    tolerance: float = Key(default=1e-6, ge=0, lt=1)
    timeout_s: float = Key(default=60.0, gt=0, le=3600)
    memory_mib: int = Key(default=2048, ge=1024)
    max_rows: Count = 100_000
    locale: Language | None = None
    out: Folder

    _listed = field_validator("twin_of", "made_up", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.run.dir is not None and self.programs is not None:
            raise ValueError("give run.dir=… or programs=FOLDER, or none of both: the twins alone are written")
        if (self.tables is None) == (not self.twin_of):
            raise ValueError("give tables=… (a description, a Data Package, or twins) or twin_of=FILE, one of both")
        if self.made_up and not self.twin_of:
            raise ValueError("made_up: names columns of twin_of; a description says itself what is told")
        if self.expected is not None and self.run.dir is None and self.programs is None:
            raise ValueError("expected: is compared with programs; give run.dir=… or programs=FOLDER")
        return self


def try_programs_settings(values: Mapping[str, Any]) -> TryProgramsSettings:
    """Read the composed configuration of the trial; raises `ConfigError` as `extract_settings` does."""
    return validated(TryProgramsSettings, values, place="")
