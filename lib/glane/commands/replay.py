"""Extract a random sample of a run's documents again, as the run asked them, and say how many answers are the same.

  glane replay run.dir=runs/notes
  glane replay run.dir=runs/notes rows=200 seed=1 out=replay.json

Identical: values and quotes are the same. Equivalent: the values are; quotes, or the order of a list, differ. Each has
its share with an interval. The answers are not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Extract again, and say it."""
    from glane.api.replay import replay
    from glane.languages import say
    from glane.settings import replay_settings

    told = replay_settings(values)
    say(replay(told.run.dir, rows=told.rows, seed=told.seed, batch_invariant=told.batch_invariant, out=told.out))
