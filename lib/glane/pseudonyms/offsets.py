"""Places in a pseudonymised text are places in the original, and the reverse."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from glane.pseudonyms.kinds import Segment


class Offsets:
    """The replaced segments of one text, by which spans of it are carried over."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = sorted(segments, key=lambda one: one.start)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where [start, end) of the pseudonymised text stands in the original. Of a surrogate, the whole is taken."""
        old = [(one.start, one.end) for one in self._segments]
        return self._carried(start, end, [(one.new_start, one.new_end) for one in self._segments], old)

    def pseudonymised(self, start: int, end: int) -> tuple[int, int]:
        """Where [start, end) of the original stands in the pseudonymised text. Of an identifier, the whole is taken."""
        new = [(one.new_start, one.new_end) for one in self._segments]
        return self._carried(start, end, [(one.start, one.end) for one in self._segments], new)

    @staticmethod
    def _carried(
        start: int, end: int, here: Sequence[tuple[int, int]], there: Sequence[tuple[int, int]]
    ) -> tuple[int, int]:
        first = bisect_right(here, start, key=lambda span: span[1])  # the first segment that ends behind the start
        last = bisect_left(here, end, key=lambda span: span[0]) - 1  # the last that begins before the end
        new_start = (
            there[first][0] if first < len(here) and here[first][0] < start else start + _moved(first, here, there)
        )
        new_end = there[last][1] if last >= 0 and here[last][1] > end else end + _moved(last + 1, here, there)
        return new_start, max(new_start, new_end)


def _moved(place: int, here: Sequence[tuple[int, int]], there: Sequence[tuple[int, int]]) -> int:
    """By how much what stands between the segments before a place and those behind it is moved."""
    return there[place - 1][1] - here[place - 1][1] if place else 0
