"""Words without a key: `glane status runs/demo` says run.dir=runs/demo, and `glane search … a question` says query=…"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from glane.composition.files import read_file
from glane.composition.places import CONF

_BARE = {  # by command, the key of a path that stands first without one, and that of several
    "status": ("run.dir", "runs"), "runs": ("folder", "folder"), "clean": ("runs", "runs"),
    "ingest": ("source", "source"), "convert": ("source", None), "new_task": ("from", None),
    "demo_corpus": ("path", None), "cascade": ("small.dir", None), "estimate": ("run.dir", "run.dirs"),
    "aggregate": ("run.dir", "run.dirs"),
    "compare": ("runs", "runs"), "multiverse": ("runs", "runs"),
    **dict.fromkeys(
        ("review", "screen", "evaluate", "calibrate", "export", "sentinels", "plant", "link"), ("run.dir", None)
    ),
}  # fmt: skip


def with_keys(name: str, arguments: Sequence[str]) -> list[str]:
    """The words of a command, those that stand first without a key with the key that they are for.

    More than a command takes, or a path beside the key that it would be for, are left for the error.
    """
    if name == "search":
        return _with_query(arguments)
    bare = list(itertools.takewhile(_is_bare, arguments))
    one, several = _BARE.get(name, (None, None))
    is_many = len(bare) > 1 or any(sign in word for word in bare for sign in "*?[")
    key = several if is_many and several is not None else one
    rest = list(arguments[len(bare) :])
    is_told = any(word.partition("=")[0] in (one, several) for word in rest)
    if not bare or key is None or bare[0] == "help" or is_told or (len(bare) > 1 and several is None):
        return list(arguments)
    return [f"{key}=[{','.join(bare)}]" if len(bare) > 1 else f"{key}={bare[0]}", *rest]


def _with_query(arguments: Sequence[str]) -> list[str]:
    """The words of a search, with the key of the query, which may be words that stand first or last."""
    first = len(list(itertools.takewhile(_is_bare, arguments)))
    last = len(list(itertools.takewhile(_is_bare, reversed(arguments[first:]))))
    before = arguments[-last - 1 :][:1] if last else []
    if before and before[0].startswith("-"):  # the first of them is what that option takes
        last -= 1
    end = len(arguments) - last
    bare = [*arguments[:first], *arguments[end:]]
    if not bare and (place := _sentence(arguments)) is not None:
        return [f"query={arguments[place]}", *arguments[:place], *arguments[place + 1 :]]
    query = [f"query={' '.join(bare)}"] if bare and bare[0] != "help" else bare
    return [*query, *arguments[first:end]]


def _sentence(arguments: Sequence[str]) -> int | None:
    """Where a question stands that has a sign =: a word with blanks, whose beginning is no key of a search.

    None where something else is asked already: then it may be a condition whose key is misspelt.
    """
    keys = {*read_file(CONF / "search.yaml").values, "hydra"}
    told = [word.lstrip("+~").partition("=")[0].partition(".")[0] for word in arguments]
    if {"query", "like", "groups"}.intersection(told):
        return None
    for place, (before, word, key) in enumerate(zip(["", *arguments], arguments, told, strict=False)):
        if len(word.split()) > 1 and key not in keys and not word.startswith("-") and not before.startswith("-"):
            return place
    return None


def _is_bare(word: str) -> bool:
    return "=" not in word and not word.startswith("-")
