"""Which runs hang together, so that what is erased of one is erased of the others."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from glane.job.erase import walk
from glane.job.erase.walk import Place, related

EMPTY: dict[str, Any] = dict.fromkeys(("identities", "extends", "inputs", "made", "above"), frozenset())
TIES = {
    "a": {"identities": {"A"}, "inputs": {"notes"}},
    "b": {"inputs": {"notes"}, "made": {"rows of b"}},  # reads what a does
    "c": {"inputs": {"rows of b"}, "above": {Path("d"), Path("elsewhere")}},  # reads what b made, in the folder of d
    "d": {"extends": {"E"}},
    "e": {"identities": {"E"}, "made": {"rows of e"}},
    "f": {
        "identities": {"F"},
        "made": {"rows of e"},
        "inputs": {"others"},
        "above": {Path("elsewhere")},
    },  # a copy of e
}


@pytest.mark.parametrize("order", [*permutations(TIES)][::53])
def test_runs_hang_together_by_any_tie_in_chains_and_in_any_order(monkeypatch, order):
    ties = {
        Path(name): walk._Ties(
            roots=frozenset([Path(name)]), **EMPTY | {one: frozenset(of) for one, of in told.items()}
        )
        for name, told in TIES.items()
    }
    monkeypatch.setattr(walk, "_ties", lambda root, _: ties[root])
    place = Place(runs=dict.fromkeys(map(Path, order)))  # type: ignore[arg-type]
    for named in "abcde":
        assert {str(root) for root in related(place, [Path(named)])} == {*"abcde"}
        assert related(place, [Path(named)])[0] == Path(named)
    assert related(place, [Path("f")]) == [Path("f")]
