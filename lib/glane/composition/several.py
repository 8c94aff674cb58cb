"""Several tasks in one command, `task=[a,b]`: each is composed by itself, and all become the values of one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.errors import ConfigError

_OF = "extract"  # the configuration that takes several
_KEY = "task"


def each_alone(config_name: str, overrides: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The name of each task, and the words that choose it alone; one pair with an empty name if one is chosen.

    Raises:
        ConfigError: if a job takes one task only, or one is named twice.
    """
    told = [word.partition("=")[2].strip("'\"") for word in overrides if word.startswith(f"{_KEY}=")]
    if not told or not told[-1].startswith("["):
        return [("", list(overrides))]
    names = [name.strip().strip("'\"") for name in told[-1].strip("[]").split(",")]
    if config_name != _OF:
        raise ConfigError(f"task: {told[-1]} names several, and this command takes one. Set task=NAME.")
    if not told[-1].endswith("]"):
        raise ConfigError(f"task: {told[-1]!r} is not closed. A list is written 'task=[a, b]'.")
    if "" in names or len(set(names)) < len(names):
        raise ConfigError(f"task: {told[-1]} names a task twice, or none. Write task=[NAME,NAME].")
    others = [word for word in overrides if not word.startswith(f"{_KEY}=")]
    return [(name, [*others, f"{_KEY}={name}"]) for name in names]


def joined(found: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """The values of a job that asks several tasks: those of the first, and `beside` with the others.

    Each has its own `run.dir`: what was composed with it, or a folder of its name in there if that is the same for all.

    Raises:
        ConfigError: if something else than the task and `run.dir` depends on the task.
    """
    (_, first), *others = found
    for name, values in others:
        for key in values:
            if key != _KEY and _without_dir(key, values[key]) != _without_dir(key, first[key]):
                raise ConfigError(f"{key}: depends on the task ({name}), and is one for all tasks of a command.")
    told = [str(values["run"]["dir"]) for _, values in found]
    is_shared = len(set(told)) < len(told) or len(told) == 1
    places = [f"{told[0]}/{name.rpartition('/')[2]}" for name, _ in found] if is_shared else told
    beside = [{"task": values[_KEY], "run_dir": place} for place, (_, values) in zip(places[1:], others, strict=True)]
    return {**first, "run": {**first["run"], "dir": places[0]}, "beside": beside}


def _without_dir(key: str, values: Any) -> Any:
    return {name: value for name, value in values.items() if name != "dir"} if key == "run" else values
