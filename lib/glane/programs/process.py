"""A program's process, as its parent sees it: one program, a bounded time, an answer that is checked, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import polars as pl

from glane.errors import ConfigError
from glane.programs import wire
from glane.programs.limits import MIB, OTHER_ERROR, Limits, known_errors

Ending = Literal["ran", "failed", "no_tables", "too_large", "timed_out", "out_of_memory", "died", "bad_answer"]
_KILL_S = 5.0
_PLAIN: frozenset[str] = frozenset({"no_tables", "too_large", "out_of_memory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How the run of a program ended, and the tables that it returned."""

    ending: Ending
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    others: tuple[str, ...] = ()  # columns of a type that is not compared, as table.column
    is_steady: bool = True  # it was run twice, and gave the same
    error: str | None = None  # the type of the exception
    line: int | None = None  # of the program


def run_confined(program: str, tables: Mapping[str, pl.DataFrame], limits: Limits) -> Ran:
    """Run a program that nobody trusts on tables, in a process of its own that can reach nothing.

    Raises:
        ConfigError: if the kernel of this machine does not confine the process, or it cannot be started.
    """
    deadline = time.monotonic() + limits.timeout_s
    asked = {"program": program, "tables": wire.to_json(tables), "limits": asdict(limits)}
    with tempfile.TemporaryFile() as request:
        request.write(json.dumps(asked).encode("utf-8", "surrogatepass"))
        request.seek(0)
        process = _started(request)
    try:
        said = _heard(process, deadline, limits.max_output_mib * MIB)
    finally:
        _end(process)
    if isinstance(said, Ran):
        return said
    return _read(said, program, limits)


def _started(request: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-B", "-P", "-m", "glane.programs.child", str(os.getpid())],
        stdin=request,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )


def _environment() -> dict[str, str]:
    """What Python needs to start, and nothing else: no proxies, no keys, no home."""
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {**kept, "PYTHONPATH": paths, "PYTHONUTF8": "1", "POLARS_MAX_THREADS": "2"}


def _heard(process: subprocess.Popen[bytes], deadline: float, most: int) -> bytes | Ran:
    """All that the process says before it ends."""
    stream, said = process.stdout, bytearray()
    assert stream is not None
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([stream], [], [], left)[0]:
            break
        part = stream.read(1 << 16)
        if not part:
            return bytes(said)
        said += part
        if len(said) > most:
            return Ran(ending="too_large")
    return Ran(ending="timed_out")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_S)
    if process.stdout is not None:
        process.stdout.close()


def _read(said: bytes, program: str, limits: Limits) -> Ran:
    if not said:
        return Ran(ending="died")
    try:
        answer = json.loads(said)
        outcome = answer["outcome"]
        if outcome == "ran":
            tables, others = wire.from_json(answer["tables"], max_tables=limits.max_tables, max_rows=limits.max_rows)
            return Ran(ending="ran", tables=tables, others=others, is_steady=answer["is_steady"] is True)
        if outcome == "failed":
            return Ran(ending="failed", error=_error(answer["error"]), line=_line(answer["line"], program))
        if outcome in _PLAIN:
            return Ran(ending=outcome)
    except (wire.BadAnswer, ValueError, TypeError, KeyError, RecursionError):
        return Ran(ending="bad_answer")
    if outcome == "not_confined":
        raise ConfigError(
            "the kernel of this machine does not confine the process of a program (seccomp of Linux on x86_64 or "
            "aarch64), so none is run: a translation of a document may hold anything. Use another machine."
        )
    return Ran(ending="bad_answer")


def _error(name: Any) -> str:
    return name if isinstance(name, str) and name in known_errors() else OTHER_ERROR


def _line(line: Any, program: str) -> int | None:
    return line if type(line) is int and 1 <= line <= program.count("\n") + 1 else None
