"""Count the flow of records through a review (PRISMA 2020) from what was done, and draw it.

glane prisma run.dir=runs/screened sources=[runs/records] screening=runs/screening out.dir=runs/prisma
glane prisma run.dir=runs/screened sources=[runs/records] full_text=runs/full_texts out.dir=runs/prisma

What nothing recorded is "not known". Numbers that must be equal are compared, and told where they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Count, write the record, the page and the list, and tell what does not add up."""
    from glane.api.prisma import prisma
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import prisma_settings
    from glane.synthesis.prisma.count import Words

    told = prisma_settings(values)
    found = prisma(
        told.run.dir, sources=told.sources, source_column=told.source_column, screening=told.screening,
        full_text=told.full_text, decision=told.decision, words=Words(include=told.include, exclude=told.exclude),
        reason=told.reason, reviewed=told.reviewed, links=told.links,
    )  # fmt: skip
    files = written_line(told.out.dir, lambda folder: found.write(folder, language=told.language))
    say(found)
    say(files)
