"""SQL's tests of truth, `x IS [NOT] TRUE` and `x IS [NOT] FALSE`, which are never unknown.

Polars reads them as comparisons, which are unknown of null: a row of which `x` is null would be lost. In the tree they
cannot be told from comparisons. So the text is changed before it is read: to a chain of such tests, which bind as the
one that was there and which nobody writes. The chain is known again in the tree, and becomes a comparison of values
that takes null for a value.
"""

from __future__ import annotations

import re
from typing import Any

from glane.conditions.trees import Operation, is_literal, operation

_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`"
_COMMENT = re.compile(rf"({_QUOTED})|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEST = re.compile(rf"({_QUOTED})|\bis\s+(not\s+)?(true|false)\b", re.DOTALL | re.IGNORECASE)
_DISTINCT = re.compile(r"\bis\s+(?:not\s+)?distinct\s+from\b", re.IGNORECASE)
_WORD = re.compile(r"[(),]|\b(?:case|when|then|else|end|and|or|xor|is)\b", re.IGNORECASE)
_OPENING, _CLOSING = frozenset({"(", "case"}), frozenset({")", "end"})
_JOINING = frozenset({"and", "or", "xor", "is"})


def takes_more(text: str) -> bool:
    """Whether the right side of an `IS DISTINCT FROM` goes on beyond what SQL gives it, in a text without quotes.

    Polars reads `a IS DISTINCT FROM b AND c` as `a IS DISTINCT FROM (b AND c)`.
    """
    return any(_goes_on(text[found.end() :]) for found in _DISTINCT.finditer(text))


def _goes_on(rest: str) -> bool:
    depth = 0
    for found in _WORD.finditer(rest):
        word = found[0].lower()
        if depth == 0 and word not in _OPENING:
            return word in _JOINING
        depth += (word in _OPENING) - (word in _CLOSING)
    return False


def marked(text: str) -> str:
    """The text of a condition with its tests of truth as chains, and without comments."""
    plain = _COMMENT.sub(lambda found: found[1] or " ", text)
    return _TEST.sub(lambda found: found[1] or _chain(is_not=bool(found[2]), value=found[3]), plain)


def truths(tree: Any) -> Any:
    """A tree with its chains as comparisons that are never unknown."""
    if isinstance(tree, list):
        return [truths(part) for part in tree]
    if not isinstance(tree, dict) or is_literal(tree):
        return tree
    if (found := _tested(tree)) is not None:
        return {"BinaryExpr": {"left": truths(found.left), "op": found.op, "right": found.right}}
    return {name: truths(part) for name, part in tree.items()}


def _chain(*, is_not: bool, value: str) -> str:
    return f"IS {value} IS TRUE IS FALSE IS {'FALSE' if is_not else 'TRUE'}"


def _tested(tree: Any) -> Operation | None:
    """What a chain tests, and how; None if this is none."""
    values: list[bool] = []
    for _ in range(4):
        found = operation(tree)
        if found is None or found.op != "Eq":
            return None
        match found.right:
            case {"Literal": {"Scalar": {"Boolean": bool(value)}}}:
                values.append(value)
            case _:
                return None
        tree = found.left
    end, *middle, tested = values
    if middle != [False, True]:
        return None
    op = "EqValidity" if end else "NotEqValidity"
    return Operation(op, tree, {"Literal": {"Scalar": {"Boolean": tested}}})
