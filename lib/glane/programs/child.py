"""The process of one program: `python -m glane.programs.child PARENT`. It runs it, and ends.

The request is a file at standard input: the program, its tables, the limits. The answer is one JSON object on standard
output. Between the two, the kernel lets the process compute and write to what is open, and nothing else: no file is
opened, no socket, no process, no program started; there are no environment variables and no core dump.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import pkgutil
import resource
import sys
import types
from collections.abc import Mapping
from typing import Any

import polars as pl

from glane.confined import bound, tie_to_parent
from glane.programs import kernel, wire
from glane.programs.limits import MIB, MODULES, OTHER_ERROR, Limits, known_errors

_FILE = "<program>"  # how tracebacks name it
_NOT_LOADED = ("polars.testing", "polars.ml")  # of Polars: they need what is not installed, or are of no use here
_DEEPEST = 3000  # calls within calls
_OF_OTHERS = ("_strptime", "time")  # what C code of datetime imports in the name of its caller
_RUNS = 2  # results that differ between them depend on something that the program does not say


def main() -> None:
    """Run the program that standard input tells, and answer how that went."""
    tie_to_parent(int(sys.argv[1]))
    asked = json.load(sys.stdin.buffer)
    limits = Limits(**asked["limits"])
    tables, _ = wire.from_json(asked["tables"], max_tables=1_000, max_rows=10_000_000)
    answers = os.dup(1)
    _leave_nothing_open(answers)
    _load_all(tables)
    errors = known_errors()
    os.environ.clear()
    sys.setrecursionlimit(_DEEPEST)
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, limits.memory_mib * MIB),
    ):
        bound(kind, limit)
    is_held = kernel.hold()
    answer = _tried(asked["program"], tables, limits, errors) if is_held else {"outcome": "not_confined"}
    view = memoryview(json.dumps(answer).encode())
    while view:
        view = view[os.write(answers, view) :]
    os._exit(0)


def _leave_nothing_open(answers: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.closerange(3, answers)
    os.closerange(answers + 1, 1024)


def _load_all(tables: Mapping[str, pl.DataFrame]) -> None:
    """Load what programs use, and start the threads of Polars: later, no file can be opened."""
    for name in MODULES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(pl.__path__, "polars.", onerror=lambda _: None):
        if not module.name.startswith(_NOT_LOADED):
            _load(module.name)
    for name in ("_strptime", "_pydecimal", "locale", "numpy"):
        _load(name)
    for table in [*tables.values(), pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})]:
        if table.width:
            key = table.columns[0]
            table.lazy().group_by(key).len().join(table.lazy(), on=key).sort(key).collect()


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:  # an optional part of Polars, without the library that it needs
        return


def _tried(program: str, tables: Mapping[str, pl.DataFrame], limits: Limits, errors: frozenset[str]) -> dict[str, Any]:
    try:
        namespace = {"__name__": "program", "__builtins__": _builtins()}
        exec(compile(program, _FILE, "exec"), namespace)
        run: Any = namespace["run"]
        results = [run(dict(tables)) for _ in range(_RUNS)]
        return _answer(results, limits)
    except MemoryError:
        return {"outcome": "out_of_memory"}
    except BaseException as error:
        return {"outcome": "failed", "error": _name(error, errors), "line": _line(error)}


def _answer(results: list[Any], limits: Limits) -> dict[str, Any]:
    first, second = results
    if not _are_tables(first) or not _are_tables(second):
        return {"outcome": "no_tables"}
    if len(first) > limits.max_tables or any(one.height > limits.max_rows for one in first.values()):
        return {"outcome": "too_large"}
    told, again = wire.to_json(first), wire.to_json(second)
    # Compared as text: NaN is not equal to itself.
    return {"outcome": "ran", "tables": told, "is_steady": json.dumps(told) == json.dumps(again)}


def _are_tables(result: Any) -> bool:
    return isinstance(result, dict) and all(
        isinstance(name, str) and isinstance(one, pl.DataFrame) for name, one in result.items()
    )


def _builtins() -> dict[str, Any]:
    """What a program finds without importing it: all but what reaches files, and imports of the modules alone."""
    left_out = ("open", "exec", "eval", "compile", "input", "breakpoint", "help", "exit", "quit")
    return {**{key: value for key, value in vars(builtins).items() if key not in left_out}, "__import__": _imported}


def _imported(name: str, *places: object, **told: object) -> types.ModuleType:
    if name not in (*MODULES, *_OF_OTHERS):
        raise ImportError
    return builtins.__import__(name, *places, **told)  # type: ignore[arg-type]


def _name(error: BaseException, known: frozenset[str]) -> str:
    """The name of the nearest exception that is Python's or Polars's own: a program could hide text in its own."""
    names = (one.__name__ for one in type(error).__mro__)
    return next((name for name in names if name in known and name != "object"), OTHER_ERROR)


def _line(error: BaseException) -> int | None:
    """The last line of the program itself on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename == _FILE:
        return error.lineno
    found, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == _FILE:
            found = step.tb_lineno
        step = step.tb_next
    return found


if __name__ == "__main__":
    main()
