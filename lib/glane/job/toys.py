"""Toys are kept from real questions: random answers, and a model that was trained on one task for the demo."""

from __future__ import annotations

from glane.composition import CONF
from glane.engine.registry import engine_kind, toy_of
from glane.engine.weights import marked
from glane.errors import ConfigError
from glane.plain_values import yaml_values
from glane.settings import ExtractSettings
from glane.task.task import Task, load_task

_WAYS = (
    "Choose a model with model=NAME (glane extract --help lists the names). To try glane all the same, set "
    "run.allow_toy=true: the run and every report of it then say that these are no results."
)


def refuse_toy(settings: ExtractSettings, task: Task) -> None:
    """Refuse a toy for a task that it was not made for, unless the settings allow it.

    Raises:
        ConfigError: naming the model, what it is and the ways out.
    """
    model = marked(settings.model)
    toy = toy_of(model)
    if toy is None or settings.run.allow_toy:
        return
    if engine_kind(model.engine).is_random:
        raise ConfigError(f"model: {model.name!r} reads nothing, and draws its answers at random. {_WAYS}")
    known = model.toy_for or ()
    if task.name not in known:
        raise ConfigError(
            f"model: {model.name!r} is a toy that learned {', '.join(known) or 'no task'} alone, and would answer "
            f"{task.name!r} with nonsense. {_WAYS}"
        )
    if not _is_our_own(task):
        raise ConfigError(
            f"model: {model.name!r} is a toy that learned {task.name} as glane ships it, and this {task.name} has "
            f"other fields, or another order or form of its answers. {_WAYS}"
        )


def refuse_unheard(settings: ExtractSettings, task: Task) -> None:
    """Refuse what a model would not hear of, for it is shown the document alone.

    Raises:
        ConfigError: naming the setting, the model and the ways out.
    """
    if settings.model.prompt_style != "bare":
        return
    if task.passes.recall:
        raise ConfigError(
            f"task.passes.recall: {settings.model.name!r} is shown the document alone (model.prompt_style=bare): it "
            "would not hear what was found already. Set task.passes.recall=0, or take a model with prompt_style=full."
        )
    if task.keys == "short":
        raise ConfigError(
            f"task.keys: {settings.model.name!r} is shown the document alone (model.prompt_style=bare), and writes the "
            "keys that it was trained on. Set task.keys=full, or take a model with prompt_style=full."
        )
    if task.order == "quote_first":
        raise ConfigError(
            f"task.order: {settings.model.name!r} is shown the document alone (model.prompt_style=bare), and answers "
            "in the order that it was trained on. Set task.order=value_first, or take a model with prompt_style=full."
        )


def _is_our_own(task: Task) -> bool:
    """Whether an answer to this task has the form of one to the task of this name in glane's own configuration."""
    path = CONF / "task" / f"{task.name}.yaml"
    if not path.is_file():
        return True  # a toy of the user's, for a task of the user's
    shipped = load_task(yaml_values(path.read_text(encoding="utf-8")))
    return shipped.answer_schema == task.answer_schema
