"""How workers end: the process of one, seen by its actor, and the driver by a signal from its user or scheduler."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from glane.languages import say
from glane.run.causes import IN_WORDS, DeathCause, cause_of_exit, signal_of
from glane.run.deaths import Death, record_death
from glane.run.directory import RunDirectory
from glane.run.nested import with_nested
from glane.run.suspects import Suspects

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


def record_ending(directory: RunDirectory, worker: str, ending: Ending) -> list[Death]:
    """Record a death where the worker was at work: in the run, and in a nested one if it was there."""
    run, *nested = with_nested(directory)
    places = [run, *(one for one in nested if (one.windows / worker).exists())]
    return [record_death(one, worker, cause=ending.cause, detail=ending.words) for one in places]


def num_isolated(directory: RunDirectory) -> int:
    """See `Suspects.progress`; of the run and the runs nested in it."""
    total = 0
    for place in with_nested(directory):
        suspects = Suspects(place)
        suspects.refresh()
        total += suspects.progress
    return total


def dies_with_anything(death: Death) -> bool:
    """Whether the harmless prompt was alone in an engine that died by itself."""
    return death.is_control and death.weight > 0


class _Handler:
    """Ends this process as Ctrl-C does, and remembers the signal. Ray lets no other exception pass."""

    number: int | None = None

    def __call__(self, number: int, _: Any) -> NoReturn:
        for one in _SIGNALS:  # what ends the processes must not be interrupted
            signal.signal(one, signal.SIG_IGN)
        self.number = number
        raise KeyboardInterrupt


@contextlib.contextmanager
def signals_end_in_order() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end this process as Ctrl-C does: processes are ended, and one sentence says what stays.

    The exit code is 128 plus the signal's number. A signal that is ignored, as under nohup, stays ignored. Outside of
    the main thread nothing changes.
    """
    handler, former = _Handler(), _handlers()
    taken = [number for number, one in former.items() if one != signal.SIG_IGN]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    except KeyboardInterrupt:
        if handler.number is None:
            raise
        name = signal.Signals(handler.number).name
        _say(f"ended by {name}; what is committed stays, run the same command again to go on")
        sys.exit(128 + handler.number)
    finally:
        for number in taken:
            signal.signal(number, former[number])


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Put the handlers of `signals_end_in_order` back after the block: to start Ray replaces them."""
    ours = {number: one for number, one in _handlers().items() if isinstance(one, _Handler)}
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _handlers() -> dict[signal.Signals, Any]:
    """The handlers of the signals that end a process; none outside of the main thread, which alone may set them."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) or signal.SIG_DFL for number in _SIGNALS}


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        say(sentence, to=sys.stderr)
