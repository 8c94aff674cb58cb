"""Masks of many answers, computed by threads of llguidance before vLLM asks for them one by one.

Below 128 answers vLLM computes them in one thread, above in threads of Python. llguidance's executor computes all of a
step without Python's lock. The masks are the same. Copies of one grammar wait for each other: two threads take longer
for them than one. So answers are dealt to as many lanes as there are threads, each with a compiled grammar of its own,
and given to the executor lane by lane, as it halves what it is given (docs/performance.md).

vLLM's own loop over the answers of a step only asks each for its mask then. Where all are here, and none is drafted for
or thinks, that loop is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from llguidance import LLExecutor, LLMatcher
from llguidance.torch import fill_next_token_bitmask_par

_MOST_THREADS = 8
_LEAST_MASKS = 8  # fewer are computed while the threads would wake


class Filled(Protocol):
    """A grammar that is told which row of vLLM's masks holds its next mask already."""

    ll_matcher: LLMatcher
    lane: int  # copies of one compiled grammar have the same
    filled_row: int | None

    def is_terminated(self) -> bool:
        """Whether the answer has ended."""

    def narrow(self, mask: npt.NDArray[np.int32]) -> None:
        """Remove from its mask what only this answer may not go on with."""


def num_threads() -> int:
    """How many threads compute masks: as many as the cores of this engine, eight at most."""
    told = os.environ.get("OMP_NUM_THREADS", "")  # an engine on all cores of a machine has none of its own
    cores = len(os.sched_getaffinity(0))
    return min(_MOST_THREADS, cores, int(told) if told.isdecimal() and int(told) else cores)


class ParallelMasks:
    """vLLM's `StructuredOutputManager.grammar_bitmask`, with rows that are filled when it comes to them."""

    def __init__(self, manager: Any, kind: type[Filled], *, threads: int) -> None:
        """`kind` are the grammars whose masks are computed here."""
        self._manager, self._ask, self._kind = manager, manager.grammar_bitmask, kind
        self._executor = LLExecutor(threads)

    def __call__(self, requests: Mapping[str, Any], ids: Sequence[str], drafts: Mapping[str, Sequence[int]]) -> Any:
        """Return the masks of requests, as vLLM's function does. Those with drafts have several, one after another."""
        found: list[tuple[Filled, int]] = []  # grammars with their rows
        row = 0
        for name in ids:
            grammar = requests[name].structured_output_request.grammar
            num_drafts = len(drafts.get(name, ()))
            if not num_drafts and isinstance(grammar, self._kind) and not _has_ended(grammar):
                found.append((grammar, row))
            row += 1 + num_drafts
        rows = self._manager._grammar_bitmask
        if rows is None or len(found) < _LEAST_MASKS:  # vLLM makes the rows when it is first asked
            return self._ask(requests, ids, drafts)
        found.sort(key=lambda one: one[0].lane)
        fill_next_token_bitmask_par(self._executor, [(grammar.ll_matcher, row) for grammar, row in found], rows)
        if len(found) == len(ids) and not self._may_think():
            masks = rows.numpy()
            for grammar, row in found:
                grammar.narrow(masks[row])
            return masks[: len(ids)]
        for grammar, row in found:
            grammar.filled_row = row
        try:
            return self._ask(requests, ids, drafts)
        finally:
            for grammar, _ in found:  # vLLM asks for no mask while a model thinks
                grammar.filled_row = None

    def _may_think(self) -> bool:
        """Whether vLLM may leave an answer without a mask, as while a model thinks."""
        return getattr(self._manager, "reasoner_cls", self) is not None


def _has_ended(grammar: Filled) -> bool:
    return grammar.is_terminated() or grammar.ll_matcher.is_stopped()
