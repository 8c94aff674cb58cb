"""Notes when chosen functions run for the first time in each process, and the processor time they take: for `startup`.

A process that finds `FILE` in its environment wraps them as their modules are imported. Forks inherit the wraps.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from operator import attrgetter
from types import ModuleType
from typing import Any

FILE, FUNCTIONS = "GLANE_MARKS_FILE", "GLANE_MARKS_FUNCTIONS"  # variables of the environment


def environment(path: str, functions: Mapping[str, str]) -> dict[str, str]:
    """The variables that have `install` note these functions in a file: names for "module:function"."""
    return {FILE: path, FUNCTIONS: json.dumps(functions)}


def install() -> None:
    """Wrap the functions of modules that are imported from now on, where the environment asks for it."""
    if FILE in os.environ:
        sys.meta_path.insert(0, _Finder(os.environ[FILE], json.loads(os.environ[FUNCTIONS])))


class _Finder:
    def __init__(self, path: str, functions: Mapping[str, str]) -> None:
        self._path, self._of = path, dict[str, list[tuple[str, str]]]()
        for name, place in functions.items():
            module, _, function = place.partition(":")
            self._of.setdefault(module, []).append((name, function))

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name not in self._of or (spec := PathFinder.find_spec(name, path, target)) is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def executed(module: ModuleType) -> None:
            execute(module)
            for mark, function in self._of[name]:
                self._wrap(module, mark, function)

        loader.exec_module = executed
        return spec

    def _wrap(self, module: ModuleType, mark: str, function: str) -> None:
        holder, _, last = function.rpartition(".")
        owner = attrgetter(holder)(module) if holder else module
        plain = getattr(owner, last)
        noted = _noted(plain, self._path, mark)
        setattr(owner, last, staticmethod(noted) if hasattr(plain, "__self__") else noted)


def _noted(function: Callable[..., Any], path: str, mark: str) -> Callable[..., Any]:
    seen: set[int] = set()

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if os.getpid() in seen:
            return function(*arguments, **named)
        seen.add(os.getpid())
        began, worked = time.time(), time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            told = [mark, began, time.time(), time.process_time() - worked]
            line = json.dumps(told) + "\n"
            with open(path, "ab", buffering=0) as file:
                file.write(line.encode())

    return call
