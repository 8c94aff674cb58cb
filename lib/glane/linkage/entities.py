"""Records that are one entity: not all that a chain of links connects, but those that go together on the whole.

Single links chain: A is like B, B is like C, and A contradicts C. So all pairs of a chain are compared, whether a rule
brought them together or not, and groups are joined while the mean log odds of all pairs between them are at least those
of a link (average linkage: Sokal and Michener 1958). Where it ends, the mean of the pairs of any two parts that were
joined is a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import squareform

from glane.errors import DataError

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
NEVER = -1e3  # log odds of records that are different where one entity never differs: no mean outweighs it
_SURE = 30.0  # log odds beyond which nothing is said: one contradiction is not outweighed by a thousand agreements


def chains(left: Places, right: Places, num: int) -> Places:
    """The number of the chain of each record: records that pairs connect, numbered by their first record."""
    graph = csr_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(num, num))
    found = connected_components(graph, directed=False)[1]
    return by_first(found.astype(np.int64))


def by_first(groups: Places) -> Places:
    """Numbers of groups, each replaced by the place of its first record."""
    _, first, back = np.unique(groups, return_index=True, return_inverse=True)
    return first.astype(np.int64)[back]


def members(groups: Places) -> Iterator[Places]:
    """The records of each group of two or more, in order."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    yield from (part for part in np.split(order, ends) if len(part) > 1)


def entities(
    chain: Places, odds_of: Callable[[Places, Places], Floats], least: float, *, most: int, order: Places
) -> tuple[Places, Floats]:
    """Divide chains into entities.

    Args:
        chain: The chain of each record.
        odds_of: The log odds of pairs of records.
        least: The log odds from which a mean is a link.
        most: Pairs of one chain that are compared.
        order: The place of each record in an order by which ties are settled.

    Returns:
        The entity of each record, by the place of its first, and the mean log odds at which it came to it: those of
        the last join of the part that it was in; of a record alone, nan.

    Raises:
        DataError: if a chain has more pairs.
    """
    found, height = np.arange(len(chain)), np.full(len(chain), np.nan)
    for part in members(chain):
        num = len(part) * (len(part) - 1) // 2
        if num > most:
            raise DataError(
                f"linkage: a chain of {len(part):,} records hangs together by links, which makes {num:,} pairs, and at "
                f"most {most:,} are compared (linkage.most_pairs). The columns compared do not tell records apart: add "
                "some, raise linkage.link, or make values that stand for nothing null."
            )
        at = np.argsort(order[part])
        one, other = (part[at[side]] for side in np.triu_indices(len(part), k=1))
        odds = _bounded(odds_of(np.minimum(one, other), np.maximum(one, other)))
        groups = np.empty(len(part), dtype=np.int64)
        groups[at] = fcluster(linkage(_SURE - odds, method="average"), _SURE - least, criterion="distance")
        found[part] = part[by_first(groups)]
        height[part[at]] = _cohesion(squareform(odds), groups[at])
    return found, height


def _bounded(odds: Floats) -> Floats:
    """Log odds within what evidence says. What can never be one entity stays so, however many pairs agree."""
    return np.where(odds <= NEVER, odds * len(odds), np.clip(odds, -_SURE, _SURE))


def _cohesion(odds: Floats, groups: Places) -> Floats:
    """Of each record, the mean log odds with the others of its group; nan where there is none."""
    same = (groups[:, None] == groups[None, :]) & ~np.eye(len(groups), dtype=bool)
    num = same.sum(axis=1)
    return np.where(num > 0, (odds * same).sum(axis=1) / np.maximum(num, 1), np.nan)


def tree(left: Places, right: Places, odds: Floats, num: int) -> NDArray[np.int64]:
    """The places of the pairs that connect all records that pairs connect, with the highest odds, and no circle.

    They are the decisions that the number of entities hangs on: each right one makes two entities one.
    """
    if not len(left):
        return np.empty(0, np.int64)
    # A weight of 0 would be no pair at all; ranks are above 0, and the same pairs win.
    rank = np.empty(len(odds))
    rank[np.argsort(-odds, kind="stable")] = np.arange(1, len(odds) + 1)
    kept = minimum_spanning_tree(csr_array((rank, (left, right)), shape=(num, num)))
    at: NDArray[np.int64] = np.argsort(-odds, kind="stable")[np.sort(kept.data).astype(np.int64) - 1]
    return np.sort(at)
