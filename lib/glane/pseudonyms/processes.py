"""Work on pseudonyms in several processes, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Given = TypeVar("Given")
Done = TypeVar("Done")


def each_done(
    do: Callable[[Given], Done], given: Iterable[Given], *, processes: int, begin: Callable[[], None]
) -> Iterator[Done]:
    """What comes of each of some parts, in their order.

    Each process calls `begin` once. What is done waits in memory: two parts for each process are begun ahead.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin) as pool:
        begun = deque[Future[Done]]()
        for part in given:
            begun.append(pool.submit(do, part))
            if len(begun) > 2 * processes:
                yield begun.popleft().result()
        for one in begun:
            yield one.result()
