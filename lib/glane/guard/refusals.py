"""What was refused: a line of JSON for each program and address; see `glane.run.refused`. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import time
from pathlib import Path

PREFIX = "refused-"
MOST = 200  # lines of one process: what tries for ever fills no disk
_PLAIN = re.compile(r"[^\w.:\-\[\]/ ]")


class Refusals:
    """The refusals that one process writes down. No text of a document is in them: addresses and names of programs."""

    def __init__(self, folder: str, *, mode: int) -> None:
        self._path = os.path.join(folder, f"{PREFIX}{plain(socket.gethostname(), 60)}-{os.getpid()}.jsonl")
        self._mode = mode
        self._known: set[tuple[str, str, str]] = set()

    def note(self, *, by: str, what: str, address: str, pid: int, program: str) -> None:
        """Write a line, unless the same was written. What cannot be written goes to standard error."""
        key = (program, what, address)
        if key in self._known or len(self._known) >= MOST:
            return
        self._known.add(key)
        line = {
            "kind": "glane refusal", "version": 1, "time": time.time(), "host": socket.gethostname(), "pid": pid,
            "program": plain(program, 40), "by": by, "what": what, "address": plain(address, 80),
        }  # fmt: skip
        content = json.dumps(line).encode() + b"\n"
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, self._mode)
            try:
                os.write(descriptor, content)
                return
            finally:
                os.close(descriptor)
        print(f"refused: {what} {line['address']} ({line['program']})", file=sys.stderr, flush=True)


def plain(told: str, most: int) -> str:
    """What others chose, without what a terminal or a reader could take for more than a name."""
    return _PLAIN.sub("?", told)[:most]


def program_of(pid: int) -> str:
    """The name of the program that a process runs."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    return "?"
