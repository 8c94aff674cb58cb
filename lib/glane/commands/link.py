"""Link the records of a run or a table: which are of one person or event, and how many of these there are.

  glane link linkage=outbreak_events run.dir=runs/bulletins out.dir=runs/events sample=200
  glane link linkage=persons source=liste.parquet id_column=note out.dir=runs/persons reviewed=sample.csv

What the documents do not show says nothing. Without reviewed pairs no interval is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Link the records, write what was found with its page, and say how many entities they are."""
    from glane.api.link import link
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import link_settings

    told = link_settings(values)
    source = told.run.dir if told.source is None else told.source
    assert source is not None  # the settings see to it
    found = link(
        source,
        told.linkage,
        id_column=told.id_column,
        sample=told.sample,
        sample_entities=told.sample_entities,
        reviewed=told.reviewed,
        level=told.level,
    )
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
