"""Follow a sentence of a brief back to the run and the documents it rests on, and make sure that nothing has changed.

glane trace brief.dir=runs/brief id=f-2c78069280d8 out=trace.json

A figure is computed again, and passages are looked up in their documents. What differs is told, and the exit code is 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Check the chain of one sentence, and say it."""
    from glane.api.trace import trace
    from glane.languages import say
    from glane.settings import trace_settings

    told = trace_settings(values)
    say(trace(told.brief.dir, told.id, out=told.out))
