"""Shapes that the settings of several jobs have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, field_validator, model_validator
from pydantic import Field as Key

from glane.validation import Strict

_LONGEST_NAME = 255  # bytes


def _at_home(path: str) -> str:
    found = str(Path(path).expanduser()) if path.startswith("~") else path
    for name in Path(found).parts:
        if (size := len(os.fsencode(name))) > _LONGEST_NAME:
            raise ValueError(f"the name {name[:20]!r}… in it has {size} bytes, and file systems take {_LONGEST_NAME}")
    return found


Count = Annotated[int, Key(ge=1)]
HomePath = Annotated[str, AfterValidator(_at_home)]  # where "~" is the home: a shell leaves it in KEY=~/folder


class Folder(Strict):
    """A directory, as `run.dir` or `out.dir`."""

    dir: HomePath


def one_or_many(value: Any) -> Any:
    """What a list of names may be written as: one name, several, or nothing."""
    return () if value is None else (value,) if isinstance(value, str) else value


def each_once(runs: tuple[str, ...]) -> tuple[str, ...]:
    """Check that no run is named twice."""
    if len(set(runs)) < len(runs):
        raise ValueError("a run is named twice")
    return runs


def as_answer(value: Any) -> str:
    """The value that counts as yes, as text: true may be written as YAML's or Python's own."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class AskedYes(Strict):
    """What makes a document a yes: a value of a field, or a case definition."""

    field: str | None = None
    case: str | None = None
    cases: HomePath | None = None
    value: str = "true"

    _as_text = field_validator("value", mode="before")(as_answer)

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.field is None) == (self.case is None):
            raise ValueError("give field=… or case='…' (a condition on fields), one of both")
        if self.cases is not None and self.case is None:
            raise ValueError("cases: a file of definitions; say which by case=NAME")
        return self


class ReadersFiles(Strict):
    """The files that readers of a page saved, and what is done where they disagree."""

    corrections: tuple[str, ...] = ()
    adjudicate: tuple[str, ...] = ()  # files of readers: a page of what they disagree on
    adjudicated: str | None = None  # the file that this page saved

    _of_readers = field_validator("corrections", "adjudicate", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if len(set(self.corrections)) < len(self.corrections):
            raise ValueError("corrections: a file is named twice")
        if self.adjudicate and (self.corrections or len(set(self.adjudicate)) < 2):
            raise ValueError("adjudicate: needs the files of two readers or more, and stands without corrections")
        if self.adjudicated is not None and len(self.corrections) < 2:
            raise ValueError("adjudicated: goes with corrections=[a.json,b.json], the files of the readers")
        return self


class AskedFigure(AskedYes):
    """What a figure is of, and the weights of the reviewed sample: the same for every job that gives figures."""

    weight: str | None = None
    inclusion_probability: str | None = None

    @model_validator(mode="after")
    def _one_weight(self) -> Self:
        if self.weight is not None and self.inclusion_probability is not None:
            raise ValueError("give weight=… or inclusion_probability=…, not both")
        return self


class ChosenRuns(Strict):
    """One run by its directory, or several: for jobs that look at them, complete or not."""

    class _Run(Strict):
        dir: str | None = None

    run: _Run = _Run()
    runs: tuple[str, ...] = ()  # directories and glob patterns

    _listed = field_validator("runs", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.run.dir is not None and self.runs:
            raise ValueError("give run.dir=… or runs='folder/*', not both")
        if self.run.dir is None and not self.runs:
            raise ValueError("give run.dir=… or runs='folder/*'")
        return self
