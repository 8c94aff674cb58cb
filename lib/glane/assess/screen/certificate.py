"""How many cases there can be at most among documents of which people have read some, at any moment of the reading.

Documents are read in any order that may follow what was read before. Some of the reads are drawn at random from all
documents that are unread at that moment. Under the hypothesis that the documents hold `total` cases, such a read is a
case with a known probability: what is left of them by what is unread. So the likelihood of all random reads under a
mixture, which is fixed before each of them, by that under the hypothesis is a martingale of mean 1. By Ville's
inequality (1939) it exceeds 1 / (1 - certainty) for the true total with a probability of at most 1 - certainty, however
often one looks, whenever one stops, and whatever the order of the other reads is: no ranking is trusted.

Sources: confidence sequences for sampling without replacement (Waudby-Smith and Ramdas, NeurIPS 2020), with the
predictable mixtures of ALPHA (Stark, Ann. Appl. Stat. 2023). The test at one fixed look is the hypergeometric one of
Callaghan and Müller-Hansen (Syst. Rev. 2020), whose repeated looks are not accounted for there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

Floats = NDArray[np.float64]
How = Literal["ranked", "random"]
_NONE, _TOLERATED = 0.45, 0.45  # weights of the mixture: no case is left; as few as the recall allows; the rest: any


def tolerated(found: int, recall: float) -> int:
    """How many cases may be unread when `found` are read, for the recall to be at least `recall`."""
    return math.floor(found * (1 - recall) / recall + 1e-9)


@dataclass(slots=True, kw_only=True)
class Certificate:
    """What is certain of the number of cases, read after read.

    Args:
        num_documents: Of the population, all of them candidates.
        recall: The share of the cases that is to be read.
        certainty: The probability with which `most_cases` holds at all moments together.
    """

    num_documents: int
    recall: float
    certainty: float
    read: int = 0
    found: int = 0
    _log_factorials: Floats = field(init=False)
    _wealth: Floats = field(init=False)  # log, against each total from 0 on, before the draws under way
    _highest: Floats = field(init=False)  # that it ever was
    _draws: tuple[int, int, int, int] | None = field(default=None, init=False)  # unread and found before; read, cases

    def __post_init__(self) -> None:
        self._log_factorials = gammaln(np.arange(self.num_documents + 1) + 1.0)
        self._wealth = np.zeros(self.num_documents + 1)
        self._highest = np.zeros(self.num_documents + 1)

    @property
    def unread(self) -> int:
        """Documents that nobody has read."""
        return self.num_documents - self.read

    def count(self, how: How, num: int, cases: int) -> None:
        """Count documents that were read.

        `ranked` ones were read because of their place in some order, and say nothing of the others. `random` ones were
        drawn, without replacement, from all that were unread.
        """
        (self._count_ranked if how == "ranked" else self._count_random)(num, cases)

    def _count_ranked(self, num: int, cases: int) -> None:
        if self._draws is not None:
            self._wealth = self._wealth_after(*self._draws)
            self._draws = None
        self._count(num, cases)

    def _count_random(self, num: int, cases: int) -> None:
        unread, found, before, before_cases = self._draws or (self.unread, self.found, 0, 0)
        self._draws = (unread, found, before + num, before_cases + cases)
        self._count(num, cases)
        self._highest = np.maximum(self._highest, self._wealth_after(*self._draws))

    @property
    def most_cases(self) -> int:
        """The highest total that is not ruled out; with `certainty`, there are no more, at no moment."""
        possible = self._highest[self.found : self.found + self.unread + 1] < -math.log(1 - self.certainty)
        places = np.flatnonzero(possible)
        return self.found + (int(places[-1]) if len(places) else 0)

    @property
    def recall_at_least(self) -> float:
        """The share of all cases that is read, at least."""
        most = self.most_cases
        return 1.0 if most == 0 else self.found / most

    @property
    def is_reached(self) -> bool:
        """Whether the recall is certain to be reached."""
        return self.most_cases - self.found <= tolerated(self.found, self.recall)

    def still_to_draw(self, at_most: int | None = None) -> int:
        """How many documents more, drawn at random, would do if none of them were a case; 0 if it is reached.

        More than `at_most` are told as `at_most`.
        """
        low, high = -1, self.unread  # all of them are enough
        if at_most is not None and at_most < high:
            if not self._would_reach(at_most - 1):
                return at_most
            high = at_most - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._would_reach(middle) else (middle, high)
        return high

    def _would_reach(self, num: int) -> bool:
        unread, found, before, cases = self._draws or (self.unread, self.found, 0, 0)
        highest = self._highest
        if num:
            highest = np.maximum(highest, self._wealth_after(unread, found, before + num, cases))
        first = self.found + tolerated(self.found, self.recall) + 1
        left = highest[first : self.found + self.unread - num + 1]
        return bool((left >= -math.log(1 - self.certainty)).all())

    def _count(self, num: int, cases: int) -> None:
        if not 0 <= cases <= num <= self.unread:
            raise ValueError("more cases than documents, or more documents than are unread")
        self.read += num
        self.found += cases

    def _wealth_after(self, unread: int, found: int, num: int, cases: int) -> Floats:
        """The log wealth against each total after `num` draws; infinite against totals that they rule out."""
        likelihood = self._log_likelihood(unread, num, cases)
        wealth = np.full(self.num_documents + 1, math.inf)
        with np.errstate(invalid="ignore"):
            of_mixture = logsumexp(likelihood + _log_mixture(unread, tolerated(found, self.recall)))
        there = slice(found, found + unread + 1)
        wealth[there] = self._wealth[there] + of_mixture - likelihood
        return wealth

    def _log_likelihood(self, unread: int, num: int, cases: int) -> Floats:
        """The log probability of a sequence of draws, by the number of cases that are unread: 0 to `unread`."""
        log, others = self._log_factorials, num - cases
        found = np.full(unread + 1, -math.inf)
        left = np.arange(cases, unread - others + 1)
        found[left] = log[left] - log[left - cases] + log[unread - left] - log[unread - left - others]
        found[left] += log[unread - num] - log[unread]
        return found


def _log_mixture(unread: int, tolerable: int) -> Floats:
    """The weights of the mixture, by the number of unread cases: powerful where few are left, never without hope."""
    weights = np.full(unread + 1, (1 - _NONE - _TOLERATED) / (unread + 1))
    few = min(tolerable, unread) + 1
    weights[:few] += _TOLERATED / few
    weights[0] += _NONE
    return np.log(weights)
