"""How often sentinels may alarm without cause: one budget over all tests of a run, and over all runs that are planned.

A run makes a family of tests: of each field, of each sign, of right answers. The tests of one run are corrected after
Holm (1979), which holds under any dependence between them. The budget `alpha` is shared out equally among the planned
runs (Bonferroni): one run alarms at the level `alpha` / `planned_runs`. So the chance that any of the planned runs
alarms, while no more documents differ than the tolerance allows, is at most `alpha`, under any dependence between runs.

Why so:

- Successive runs with the same engine give nearly the same answers, so runs are far from independent. Sequential tests
  that multiply evidence (e-processes; Ramdas et al., Statistical Science 2023) need answers that are new given those of
  before: with a set that by chance holds many unstable documents, they would count the same differences each week.
- A level that falls from run to run (alpha spending; Lan and DeMets, Biometrika 1983) leaves the later years with no
  power. An equal level is the same after five years as in the first week.
- Not to count runs whose answers were seen before would be unsound: among answers that are new, those with many
  differences are more frequent than among all.
- An equal level needs no count of runs. So nothing is written beside the frozen set, which may be read-only and shared,
  and runs at the same time need no lock. A run that is asked for again answers its sentinels once.

More runs than planned raise the expected number of false alarms in proportion: it is at most `alpha` times the share of
runs made to runs planned. The price in power is small, as the number of documents that make an alarm grows with the
logarithm of the number of runs.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from scipy.stats import binom

from glane.assess.holm import holm
from glane.drift import AlarmBudget

K = TypeVar("K", bound=Hashable)
MOST_KNOWN = 1000  # where the tolerance leaves little to be seen


def excess_p(num_differing: int, num: int, tolerance: float) -> float:
    """The exact one-sided binomial p of "more than a share of `tolerance` differs" (Clopper and Pearson 1934).

    Args:
        num_differing: Documents that differ.
        num: Documents compared.
        tolerance: The share, 0 to 1, that may differ.
    """
    return float(binom.sf(num_differing - 1, num, tolerance))


def corrected(family: Mapping[K, float]) -> dict[K, float]:
    """The p-values of a family of tests, each corrected after Holm (Scandinavian Journal of Statistics 1979)."""
    return dict(zip(family, holm(list(family.values())), strict=True))


def fewest_that_alarm(num: int, tolerance: float, num_tests: int, budget: AlarmBudget) -> int | None:
    """The fewest of `num` documents that must differ in one field to be an alarm, if no other of the tests alarms."""
    level = budget.level / num_tests
    return next((one for one in range(1, num + 1) if excess_p(one, num, tolerance) <= level), None)


def enough_known(
    tolerance: float, num_tests: int, budget: AlarmBudget, *, lost: float = 0.5, power: float = 0.9
) -> int:
    """The fewest known positives of which the loss of a share `lost` is seen by one run with a chance of `power`."""
    for num in range(1, MOST_KNOWN):
        fewest = fewest_that_alarm(num, tolerance, num_tests, budget)
        if fewest is not None and binom.sf(fewest - 1, num, lost) >= power:
            return num
    return MOST_KNOWN
