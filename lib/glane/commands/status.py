"""Tell how far runs are, and what their jobs do.

glane status runs/notes                        or run.dir=runs/notes
glane status runs='scratch/*' watch=true       a line each, those that need somebody first
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look, and say."""
    from glane.job.status import show_status
    from glane.settings import status_settings

    show_status(status_settings(values))
