"""Check the audit log: that no line of it was changed, removed, inserted or cut off; show entries, write its heads.

glane audit dir=/shared/glane/audit show=20
glane audit dir=/shared/glane/audit out=heads.json          to be signed and kept where nobody who writes the log can
glane audit dir=/shared/glane/audit against=heads.json      what is there goes on from what was there then

Where a chain is broken, its file and line are told, and the exit code is 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Check, and say what was found."""
    from glane.api.audit import audit, write_heads
    from glane.job.audited import use_site
    from glane.languages import say
    from glane.settings import audit_settings

    told = audit_settings(values)
    use_site()
    found = audit(told.dir, against=told.against, show=told.show)
    say(found)
    if found.problems and told.out is not None:
        say("heads: none are written of a log that is broken")
    found.refuse_broken()
    if told.out is not None:
        say(f"heads: {write_heads(found, told.out)}")
