"""Make an evidence table of the effects that a run found, checked and one row a study, and the script that pools them.

glane studies run.dir=runs/effects out.dir=runs/studies
glane studies run.dir=runs/effects out.dir=runs/decided decisions=effects.csv links=runs/links bias=[runs/bias]

Rscript runs/studies/meta.R then pools by random effects (metafor). A row whose numbers do not fit each other, or one of
several of one study, is not used until the column use of effects.csv says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Read the effects, check them, and write the table, the script and the page."""
    from glane.api.studies import studies
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import studies_settings

    told = studies_settings(values)
    found = studies(
        told.run.dir, list_field=told.list, counts_as=told.counts_as, links=told.links, decisions=told.decisions,
        bias=told.bias,
    )  # fmt: skip
    files = written_line(told.out.dir, lambda folder: found.write(folder, language=told.language))
    say(found)
    say(files)
