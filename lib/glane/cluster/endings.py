"""How workers end: the process of one, seen by its actor, and the driver by a signal from its user or scheduler."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from glane.run.causes import IN_WORDS, DeathCause, cause_of_exit, signal_of

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a worker died, and in words that name no text of a document."""

    cause: DeathCause
    words: str

    def __str__(self) -> str:
        return f"{IN_WORDS[self.cause]}: {self.words}"


class ForkDied(Exception):
    """A worker's process ended without a report."""

    def __init__(self, code: int | None, oom_kills: int) -> None:
        """`code` is its exit code, None if it is not known; `oom_kills` see `cause_of_exit`."""
        super().__init__(code, oom_kills)  # so that it can be pickled
        self.code, self.cause = code, cause_of_exit(code, oom_kills=oom_kills)

    cause: DeathCause

    def __str__(self) -> str:
        if self.code is None:
            return "its process ended, and nobody saw how"
        number = signal_of(self.code)
        return f"its process ended {f'with code {self.code}' if number is None else f'by signal {number}'}"


def ending_of(error: Exception) -> Ending:
    """How a worker ended whose actor, or whose process, ended without a report."""
    cause = getattr(error, "cause", None)  # what was raised in the actor
    if isinstance(cause, ForkDied):
        return Ending(cause=cause.cause, words=str(cause))
    return Ending(cause="unknown", words=type(error).__name__)


class _Signalled(BaseException):
    """The process was told to end. No `except Exception` of a library can keep it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def signals_end_in_order() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end this process as Ctrl-C does: processes are ended, and one sentence says what stays.

    The exit code is 128 plus the signal's number. A signal that is ignored, as under nohup, stays ignored. Outside of
    the main thread nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    former = {number: signal.getsignal(number) for number in _SIGNALS} if is_main else {}
    taken = {number: handler for number, handler in former.items() if handler != signal.SIG_IGN}
    for number in taken:
        signal.signal(number, _raise)
    try:
        yield
    except _Signalled as signalled:
        name = signal.Signals(signalled.number).name
        _say(f"ended by {name}; what is committed stays, run the same command again to go on")
        sys.exit(128 + signalled.number)
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Put this process's handlers of signals back after the block: to enter Ray replaces them."""
    is_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in _SIGNALS if signal.getsignal(number) == _raise] if is_main else []
    yield
    for number in ours:
        signal.signal(number, _raise)


def _raise(number: int, _: Any) -> NoReturn:
    for one in _SIGNALS:  # what ends the processes must not be interrupted
        signal.signal(one, signal.SIG_IGN)
    raise _Signalled(number)


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(sentence, file=sys.stderr, flush=True)
