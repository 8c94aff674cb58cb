"""Make a Parquet file of a table of another format, and tell what was guessed.

  glane convert source=liste.csv data.path=liste.parquet
  glane convert source=notes.xlsx data.path=notes.parquet data.sheet=2025
  glane convert source=notes.sas7bdat data.path=notes.parquet

Separator, encoding, decimal sign and dates of CSV are guessed; data.separator, data.encoding and their like say
otherwise. data.path of glane extract takes such tables by itself: this is for large ones, and for those asked often.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Convert, and tell."""
    from glane.languages import say
    from glane.run.written import refuse_inside_run
    from glane.settings import convert_settings
    from glane.tables.convert import convert

    told = convert_settings(values)
    refuse_inside_run(told.data.path, setting="data.path")
    shape = convert(told.source, told.data.path, options=told.data)
    say("\n".join([*shape.lines(), f"written    {told.data.path}"]))
