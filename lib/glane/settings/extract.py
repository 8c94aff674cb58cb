"""What the extraction job is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.records import left_out
from glane.settings.cluster import ClusterSettings, LocalSettings
from glane.settings.model import ModelSettings
from glane.settings.pseudonymise import InputPseudonyms
from glane.settings.run import RunSettings
from glane.settings.shapes import HomePath, one_or_many
from glane.tables.options import TableOptions
from glane.validation import Strict, validated


class DataSettings(TableOptions):
    """Which rows of which Parquet files are asked; or of which tables, with what is told of these."""

    path: HomePath  # a file, a directory or a glob
    id_column: str = Key(default="id", min_length=1)
    text_column: str = "text"
    number_rows: bool = False  # True: ids are the numbers of the rows, from 1; id_column is their name in the result
    group_by: str | None = left_out()  # documents with the same value here are asked as one, which is a row
    order_by: str | None = left_out()  # how they follow each other within a group; as in the input if not told
    carry_columns: tuple[str, ...] = ()
    where: str | None = None  # an SQL condition on the columns of a row; null is not selected
    limit: int | None = Key(default=None, ge=1)  # rows, or groups
    sample: int | float | None = None  # rows or groups (integer) or a share of them (between 0 and 1)
    sample_seed: int = Key(default=0, ge=0)
    only_ids_in: HomePath | None = left_out()  # a Parquet file: the ids in it alone are asked
    only_rejected_of: tuple[str, ...] = ()  # run directories
    skip_done_in: tuple[str, ...] = ()  # run directories
    extend: HomePath | None = left_out()  # a run directory: its values are kept for the fields that are as they were
    # Identifiers are replaced before a model reads the texts; see `glane pseudonymise`.
    pseudonyms: InputPseudonyms = Key(default=InputPseudonyms(), exclude_if=lambda told: not told.is_asked)

    _listed = field_validator("only_rejected_of", "skip_done_in", "carry_columns", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _ids_are_no_texts(self) -> Self:
        if self.id_column == self.text_column and not self.number_rows:
            raise ValueError(
                f"id_column and text_column are both {self.text_column!r}: a text is no id, and ids are told"
            )
        return self

    @field_validator("id_column", "group_by", "text_column")
    @classmethod
    def _not_named_as_ours(cls, value: str | None) -> str | None:
        if value is not None and value.startswith("__"):
            raise ValueError(
                f"a column {value!r} is named as those that glane computes with: rename it in the input, without the "
                "underscores in front"
            )
        return value

    @model_validator(mode="after")
    def _pseudonyms_leave_the_rest(self) -> Self:
        told = self.pseudonyms
        if told.is_asked and self.number_rows:
            raise ValueError("number_rows gives no ids that offsets can be kept by; give id_column, or no pseudonyms")
        if told.is_asked and self.text_column in (told.person_column, *told.known_columns):
            raise ValueError(f"pseudonyms: {self.text_column!r} is the text, and told as a column of the person")
        if odd := next((name for name in told.shift_columns if name not in self.carry_columns), None):
            raise ValueError(
                f"column {odd!r} is in data.pseudonyms.shift_columns and not in data.carry_columns: only what is "
                "carried is shifted. Name it in data.carry_columns, too, or in neither"
            )
        if odd := next((name for name in told.shift_columns if name in (self.order_by, self.group_by)), None):
            raise ValueError(f"pseudonyms.shift_columns: {odd!r} groups or orders the documents; leave it as it is")
        return self

    @model_validator(mode="after")
    def _groups_are_several(self) -> Self:
        if self.group_by is None and self.order_by is not None:
            raise ValueError("order_by orders the documents of a group; give group_by, or leave order_by out")
        for name in ("group_by", "order_by"):
            column = getattr(self, name)
            if column is not None and column == self.text_column:
                raise ValueError(f"{name} and text_column are both {column!r}: a text groups and orders nothing")
        if self.group_by is not None and self.group_by == self.id_column:
            raise ValueError(f"group_by and id_column are both {self.group_by!r}: each group would be one document")
        return self

    @model_validator(mode="after")
    def _numbers_are_no_names(self) -> Self:
        if self.number_rows and self.group_by is None and self.skip_done_in:
            raise ValueError(
                "number_rows numbers the rows of each input from 1, and skip_done_in would leave out other documents "
                "that have the same numbers; give ids of their own (id_column), or leave skip_done_in out"
            )
        return self

    @model_validator(mode="after")
    def _one_list_of_ids(self) -> Self:
        if self.only_ids_in is not None and self.only_rejected_of:
            raise ValueError("only_ids_in and only_rejected_of both say which ids are asked; give one of both")
        return self

    @property
    def result_id(self) -> str:
        """The column by which the rows of the result are named: of the groups, or of the documents."""
        return self.id_column if self.group_by is None else self.group_by

    @field_validator("sample")
    @classmethod
    def _share_or_count(cls, value: int | float | None) -> int | float | None:
        if isinstance(value, float) and not 0 < value < 1:
            raise ValueError("a share lies between 0 and 1; a number of rows is a whole number")
        if isinstance(value, int) and value < 1:
            raise ValueError("at least one row")
        return value


class ExtractRunSettings(RunSettings):
    """The run directory of an extraction, and what its end is compared with."""

    min_usable_share: float = Key(default=0.0, ge=0, le=1)  # fewer rows with values: exit code 4; as with none at all
    attention_share: float = Key(default=0.05, ge=0, le=1)  # of usable rows with leaks and the like; above: a warning
    allow_toy: bool = False  # ask a toy what it was not made for; the run is marked as one either way
    pilot: HomePath | None = None  # the report of glane plan that the summary is compared with
    reference: HomePath | None = None  # an earlier run, whose documents those of this one are compared with
    reference_by: tuple[str, ...] = ()  # carried columns whose values are compared each with itself, as a hospital

    _listed = field_validator("reference_by", mode="before")(one_or_many)


class ExtractSettings(Strict):
    """Everything that `jobs/extract.py` is told. `task` stays plain: the task room reads it."""

    task: Mapping[str, Any]
    data: DataSettings
    model: ModelSettings
    cluster: ClusterSettings = LocalSettings()
    run: ExtractRunSettings
    preview: int = Key(default=0, ge=0)
    show: int = Key(default=0, ge=0)
    progress: Literal["auto", "live", "plain", "none"] = "auto"

    @property
    def task_name(self) -> str:
        """The name of the task, as far as it is told."""
        return str(self.task.get("name", ""))

    @model_validator(mode="after")
    def _whole_questions_are_shown(self) -> Self:
        if self.preview and self.data.extend is not None:
            raise ValueError("preview shows whole questions, and data.extend asks a part; leave one of them out")
        return self

    def each(self) -> tuple[ExtractSettings, ...]:
        """What is asked of each document: one extraction, or several by `SeveralSettings`, each as if it were alone."""
        return (self,)


class Beside(Strict):
    """A further task that is asked of each document, and the directory of its run."""

    task: Mapping[str, Any]
    run_dir: HomePath


class SeveralSettings(ExtractSettings):
    """Several tasks over one reading of the documents (`task=[a,b]`). Each has a run of its own.

    `task` and `run.dir` are those of the first, whose shards are claimed, and in whose directory the job is told of.
    """

    beside: tuple[Beside, ...]

    def each(self) -> tuple[ExtractSettings, ...]:
        """See `ExtractSettings.each`."""
        first = ExtractSettings(**{name: getattr(self, name) for name in ExtractSettings.model_fields})
        others = [
            first.model_copy(update={"task": one.task, "run": self.run.model_copy(update={"dir": one.run_dir})})
            for one in self.beside
        ]
        return (first, *others)

    @model_validator(mode="after")
    def _can_be_asked_together(self) -> Self:
        directories = [str(Path(one.run.dir).absolute()) for one in self.each()]
        if len(set(directories)) < len(directories):
            raise ValueError(f"two of the tasks would have the run.dir {directories[-1]}. Name each task once")
        if self.model.prompt_style == "bare":
            raise ValueError(
                f"several tasks: {self.model.name!r} is shown the document alone (model.prompt_style=bare), and cannot "
                "tell which of them is asked. Take a model with prompt_style=full, or ask one task"
            )
        alone = {
            "preview": bool(self.preview),
            "data.extend": self.data.extend is not None,
            "run.pilot": self.run.pilot is not None,
        }
        if names := [name for name, is_set in alone.items() if is_set]:
            raise ValueError(f"{names[0]} is of one task; leave it out, or ask one task")
        return self


class ResolvedSettings(ExtractSettings):
    """The same with nothing left to look up: paths are absolute, and `model.path` is a folder with whole weights.

    Made by `glane.job.resolve` alone.
    """


def extract_settings(values: Mapping[str, Any]) -> ExtractSettings:
    """Read the composed configuration of the extraction job.

    Raises:
        ConfigError: for a value that is missing, wrong or unknown, naming it and what would be valid.
    """
    return validated(SeveralSettings if "beside" in values else ExtractSettings, values, place="")
