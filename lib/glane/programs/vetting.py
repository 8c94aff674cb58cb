"""What is seen in a program before it is run. It is no protection: the process that runs it is; see `child`.

A program that wants out finds a way past any reading of its text. What is refused here is what a translation never
needs, so that most mistakes end in a sentence with a line, and not in an error of the kernel.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from glane.programs.limits import MODULES

Fault = Literal["no_python", "no_run", "import", "file", "name", "attribute"]
_LONGEST = 200_000  # characters
_NAMES = frozenset(
    {
        "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "getattr", "globals", "help", "input",
        "locals", "memoryview", "open", "quit", "setattr", "vars", "__builtins__", "__loader__", "__spec__",
    }
)  # fmt: skip
_FILES = ("read_", "scan_", "write_", "sink_")
_ATTRIBUTES = frozenset({"deserialize", "serialize", "from_epoch_file", "register_plugin_function", "SQLContext"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a program is not run: what kind of thing it holds, and in which line."""

    fault: Fault
    line: int


def vetted(program: str) -> Refused | None:
    """Return the first thing for which a program is not run; None if there is none."""
    try:
        tree = ast.parse(program) if len(program) <= _LONGEST else None
    except SyntaxError as error:
        return Refused(fault="no_python", line=error.lineno or 1)
    except (ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        return Refused(fault="no_python", line=1)
    for node in ast.walk(tree):
        if (fault := _fault(node)) is not None:
            return Refused(fault=fault, line=getattr(node, "lineno", 1))
    return None if _defines_run(tree) else Refused(fault="no_run", line=1)


def _fault(node: ast.AST) -> Fault | None:
    if isinstance(node, ast.Import) and any(one.name not in MODULES for one in node.names):
        return "import"
    if isinstance(node, ast.ImportFrom):
        return _fault_of_import(node)
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return "name"
    if isinstance(node, ast.Attribute):
        if node.attr.startswith(_FILES):
            return "file"
        if node.attr in _ATTRIBUTES or (node.attr.startswith("__") and node.attr != "__name__"):
            return "attribute"
    return None


def _fault_of_import(node: ast.ImportFrom) -> Fault | None:
    if node.level or node.module not in MODULES:
        return "import"
    return "file" if any(one.name.startswith(_FILES) for one in node.names) else None


def _defines_run(tree: ast.Module) -> bool:
    found = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "run"]
    return len(found) == 1 and len(found[0].args.args) >= 1
