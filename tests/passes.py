"""What `make test` runs: the types, the many light tests and those of Slurm, which mostly wait, at once; then the others.

`python tests/passes.py` exits with 0 if every pass did. The output of one is shown as it comes, that of the others at the
end. Slurm's tests go before the light ones, as their jobs have time limits. Those of engines and those of Ray begin when the
light ones have ended, beside what is left of Slurm's: on two processors, all at once kept light tests from their time. A test
of Ray alone waits for leases and processes half of its time, and an engine computes meanwhile. When this is interrupted, each
pass is interrupted as by Ctrl-C, and killed if it does not end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, NoReturn

BIN = Path(sys.executable).parent
PYTEST = str(BIN / "pytest")


def marked(*kinds: str) -> tuple[str, ...]:
    """The files that mark tests so. To import all others and drop what they hold takes half a minute of a processor.

    `conftest.py` refuses a test of a kind whose file does not name it.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py"))}
    return tuple(str(path) for path, text in texts.items() if any(names(text, kind) for kind in kinds))


def names(text: str, kind: str) -> bool:
    """Whether the text of a test file marks tests as of a kind."""
    return f"mark.{kind}" in text


# Its workers have all processors between them already: threads of theirs would wait for each other, and burn time at it.
ALONE = ("env", "OPENBLAS_NUM_THREADS=1")
PASSES = (
    (*ALONE, "nice", "-n", "10", PYTEST, "-n", "logical", "--maxprocesses", "4", "--dist", "worksteal",
     "-m", "not engine and not ray and not slurm"),
    (str(BIN / "mypy"),),
    (PYTEST, "-m", "slurm", *marked("slurm")),
)  # fmt: skip
AFTER = (  # the first of them has ended
    ("nice", "-n", "10", PYTEST, "-m", "engine and not slurm", *marked("engine")),
    ("nice", "-n", "5", PYTEST, "-m", "ray and not engine and not slurm", *marked("ray")),
)
_ENDS_S = 30.0


def passed(commands: Sequence[Sequence[str]], after: Sequence[Sequence[str]] = (), *, ends_s: float = _ENDS_S) -> bool:
    """Run commands at once. Whether all exited with 0.

    Args:
        commands: The first one's output is shown as it comes, that of the others when all have ended.
        after: Further ones, which begin when the first has ended, whatever came of it.
        ends_s: Seconds that what was interrupted may take to end.
    """
    running: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in (*commands[1:], *after)]
        stack.callback(_show, logs)
        stack.callback(_end, running, ends_s)
        for number, (command, log) in enumerate(zip((*commands, *after), (None, *logs), strict=True)):
            if number == len(commands):
                running[0].wait()
            running.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))
        codes = [one.wait() for one in running]
    return not any(codes)


def _show(logs: Iterable[IO[bytes]]) -> None:
    for log in logs:
        log.seek(0)
        sys.stdout.buffer.write(log.read())
    sys.stdout.flush()


def _end(processes: Iterable[subprocess.Popen[bytes]], within_s: float) -> None:
    """Interrupt the processes that run, and their groups, as Ctrl-C would; kill what of them has not ended in time."""
    running = [one for one in processes if one.poll() is None]
    for one in running:
        _sent(one, signal.SIGINT)
    deadline = time.monotonic() + within_s
    while any(_sent(one, 0) for one in running) and time.monotonic() < deadline:
        time.sleep(0.1)
    for one in running:
        _sent(one, signal.SIGKILL)


def _sent(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the group of a process. Whether there was anyone."""
    process.poll()  # or a dead one would count
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def main(
    commands: Sequence[Sequence[str]], after: Sequence[Sequence[str]] = (), *, ends_s: float = _ENDS_S
) -> NoReturn:
    """As `passed`, and exit. A signal to end is taken as an interruption."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored where a shell runs this in the background
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(not passed(commands, after, ends_s=ends_s))
    except KeyboardInterrupt:
        sys.exit("interrupted")


if __name__ == "__main__":
    main(PASSES, AFTER)
