"""A writer in this process that dies at its n-th file operation: nothing is done after it, no clean-up either."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest

from killer import OPERATIONS


class Died(BaseException):
    """Where SIGKILL would end a process."""


def dying(write: Callable[[], object], at: int, names: Collection[str] = ()) -> bool:
    """Call `write`, and have it die just before its n-th operation, or of those with these names. Return if it did."""
    count = 0

    def killing(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count >= at:
                raise Died  # then, too, to whatever would clean up
            return real(*args, **kwargs)

        return operation

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in [one for one in OPERATIONS if not names or one[1] in names]:
            patched.setattr(owner, name, killing(getattr(owner, name)))
        try:
            write()
        except Died:
            return True
    return False


def each_death(write: Callable[[], object], names: Collection[str] = ()) -> Iterator[int]:
    """Have `write` die at each of its operations in turn, and yield after each; end after the call that lived."""
    at = 1
    while dying(write, at, names):
        yield at
        at += 1
    assert at > 3, "hardly an operation was counted"
