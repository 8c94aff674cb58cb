"""Take every digest of a run again, from inputs and weights to exports, and say file by file what is as it was.

  glane verify run.dir=runs/notes
  glane verify run.dir=runs/notes folder=[evaluations,exports] out=verified.json

A line for each file: equal, changed, missing, unreadable or not covered. The exit code is 2 if one was changed or is
missing; else 3 if one could not be read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Verify, and say it."""
    from glane.api.verify import verify
    from glane.languages import say
    from glane.settings import verify_settings

    told = verify_settings(values)
    found = verify(told.run.dir, folders=told.folder, out=told.out)
    say(found)
    if not found.is_as_it_was:
        sys.exit(2 if found.verification.is_other else 3)
