"""A command that prints a secret, as one that asks a store of keys: it is bounded, and what it prints is not shown."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import subprocess
import time

import psutil

from glane.errors import GlaneError

_COMMAND_S = 60.0
_MOST_BYTES = 2**20  # of what it prints


def printed_by(command: str, *, setting: str, error: type[GlaneError], shows_complaints: bool = False) -> bytes:
    """What a command prints on its standard output. It is a program with its words, no line of a shell.

    Args:
        command: As it is set.
        setting: The setting that names it, for errors.
        error: What is raised.
        shows_complaints: Whether what it prints on its standard error is shown.

    Raises:
        GlaneError: as `error`, if it cannot be run, does not end in time, prints more than any key is, or fails.
    """
    try:
        process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=None if shows_complaints else subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, ValueError, IndexError) as found:
        why = (isinstance(found, OSError) and found.strerror) or type(found).__name__
        raise error(f"{setting}: cannot be run ({why}). Name a program with its words, no line of a shell.") from None
    with process:
        try:
            answer = _answered(process)
        except BaseException as found:
            _kill(process.pid)
            if not isinstance(found, subprocess.TimeoutExpired):
                raise
            raise error(
                f"{setting}: did not end within {_COMMAND_S:.0f} s, and was ended. What waits for a person, or for a "
                "server that does not answer, cannot be used."
            ) from None
        if answer is None:
            _kill(process.pid)
            raise error(f"{setting}: printed more than {_MOST_BYTES // 1024} KiB, and was ended. No key is so long.")
    if process.returncode:
        raise error(
            f"{setting}: ended with exit code {process.returncode}. What it printed is not shown: run it by itself."
        )
    return answer


def _answered(process: subprocess.Popen[bytes]) -> bytes | None:
    """What a process prints until it ends; None where that is so much that memory would be full before its time is up.

    Raises:
        subprocess.TimeoutExpired: if it does not end in time.
    """
    assert process.stdout is not None
    answer, deadline = b"", time.monotonic() + _COMMAND_S
    while len(answer) <= _MOST_BYTES:
        left_s = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], left_s)[0]:
            raise subprocess.TimeoutExpired(process.args, _COMMAND_S)
        if not (part := os.read(process.stdout.fileno(), _MOST_BYTES)):
            process.wait(left_s)
            return answer
        answer += part
    return None


def _kill(pid: int) -> None:
    """End a process and what it started: a shell's children would go on."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.Error):
                one.kill()
