"""Erase documents from runs, and from all that glane made of them: after an opposition, or a request of erasure.

  glane erase run.dir=runs/notes ids_in=opposed.csv                 tells what would be rewritten, removed and kept
  glane erase runs='runs/*' ids_in=opposed.csv folder=[runs,results] remove=true

Other rows stay as they are. What holds a text of the documents and has no rows is removed; figures that count them are
told, with the command that makes them again. At the end every byte is searched, and the exit code is 2 if some is left.
Your own input files are not touched: it is told which of them still hold the documents.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look, and erase where that is asked for."""
    from glane.job.erase.erase import erase
    from glane.languages import say
    from glane.settings import erase_settings

    if not erase(erase_settings(values), say=say):
        sys.exit(2)
