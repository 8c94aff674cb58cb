"""The question of a recall pass: its fields, what it repeats of earlier answers, and its examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glane.task.answer import read_answer
from glane.task.examples import Example, plain_json
from glane.task.locate import locate
from glane.task.plain import plain_of
from glane.task.task import Task
from glane.types import ExtractedValue


def recall_task(task: Task) -> Task:
    """The task of a recall pass: list fields only, which may be empty, and examples of what was missed."""
    fields = {
        name: field.model_copy(update={"missing": (), "nullable": False, "min_items": 0})
        for name, field in task.list_fields.items()
    }
    return task.narrowed(fields, _examples(task))


def known_json(task: Task, found: Mapping[str, ExtractedValue]) -> str:
    """The items of earlier answers as a recall pass repeats them: without quotes and nulls, with the answer's keys."""
    values = {name: _known(found[name]) for name in task.list_fields}
    return json.dumps(task.spelling.in_answer(values), ensure_ascii=False, separators=(",", ":"))


def _known(one: ExtractedValue) -> Any:
    if one.items is not None:
        return [_known(item) for item in one.items]
    if one.fields is not None:
        return {name: _known(inner) for name, inner in one.fields.items() if not inner.is_null}
    return plain_json(plain_of(one))


def _examples(task: Task) -> list[Example]:
    """Two looks at examples of the task: one finds the last item of a list, and the other finds nothing."""
    if not task.examples:
        return []
    longest = max(
        (
            (len(_items(example, name)), -number, name)
            for number, example in enumerate(task.examples)
            for name in task.list_fields
        )
    )
    (num_items, at, name), shown = longest, []
    if num_items:
        shown.append(_looked_again(task, task.examples[-at], missed=name))
    others = [example for number, example in enumerate(task.examples) if number != -at] or list(task.examples)
    whole = max(others, key=lambda example: sum(len(_items(example, name)) for name in task.list_fields))
    return [*shown, _looked_again(task, whole)]


def _items(example: Example, name: str) -> list[Any]:
    said = example.output[name]
    return said if isinstance(said, list) else []


def _looked_again(task: Task, example: Example, *, missed: str | None = None) -> Example:
    """An example as a recall pass sees it: all of it was found before, except the last item of the list `missed`."""
    found = read_answer(task.fields, locate(json.dumps(dict(example.output), ensure_ascii=False)))
    answer: dict[str, Any] = {name: [] for name in task.list_fields}
    if missed is not None:
        items = found[missed].items or []
        found[missed].items = items[:-1]
        answer[missed] = _items(example, missed)[-1:]
    return Example(inputs=example.inputs, output=answer, known=known_json(task, found))
