"""One form for conditions that say the same in other words, as far as order, brackets and spaces go."""

from __future__ import annotations

import json
from typing import Any

from glane.conditions.reading import read_condition
from glane.conditions.trees import as_tree, operation

_TURNED = {"Gt": "Lt", "GtEq": "LtEq"}
_EITHER_WAY = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity", "Plus", "Multiply"})
_CHAINS = frozenset({"And", "Or"})
_YES = frozenset({"Eq", "EqValidity"})
_TRUE: Any = {"Literal": {"Scalar": {"Boolean": True}}}


def canonical(condition: str, *, place: str) -> str:
    """A condition in one form: parts of AND and OR in one order and once, sides of comparisons in one, `x = true` as x.

    Equal forms are true of the same rows; conditions that are may have two forms. A form is of the Polars that is
    installed: keep the words of a condition, and not its form.

    Raises:
        ConfigError: if it is none.
    """
    return json.dumps(_ordered(as_tree(read_condition(condition, place=place))), sort_keys=True)


def _ordered(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_ordered(one) for one in tree]
    found = operation(tree)
    if found is not None and found.op in _CHAINS:
        parts = {_text(one): one for one in _parts(tree, found.op)}
        return parts.popitem()[1] if len(parts) == 1 else {found.op: [parts[one] for one in sorted(parts)]}
    if found is not None:
        return _compared(found.op, _ordered(found.left), _ordered(found.right))
    return {name: _ordered(part) for name, part in tree.items()} if isinstance(tree, dict) else tree


def _parts(tree: Any, op: str) -> list[Any]:
    """The parts of a chain of one operator, however they are put in brackets."""
    found = operation(tree)
    if found is None or found.op != op:
        return [_ordered(tree)]
    return [*_parts(found.left, op), *_parts(found.right, op)]


def _compared(op: str, left: Any, right: Any) -> Any:
    if op in _TURNED:
        op, left, right = _TURNED[op], right, left
    if op in _EITHER_WAY:
        left, right = sorted((left, right), key=_text)
    if op in _YES and _TRUE in (left, right):
        return right if left == _TRUE else left
    return {op: [left, right]}


def _text(tree: Any) -> str:
    return json.dumps(tree, sort_keys=True)
