"""Run translated SAS and R programs on synthetic twins of their tables, and compare what they return.

  glane try-programs run.dir=runs/translated tables=tables.yaml out.dir=runs/tried
  glane try-programs run.dir=runs/translated tables=runs/tried/twins expected=expected out.dir=runs/tried

The first writes the twins, with scripts that read them in SAS and R, and runs each program on them, confined by the
kernel. Run the originals on the same twins, and give what they make as expected=FOLDER. Equality on a twin is no proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Make the twins, try the programs, write what became of them, and tell."""
    from glane.api.try_programs import try_programs
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import try_programs_settings

    told = try_programs_settings(values)
    found = try_programs(
        told.run.dir, programs=told.programs, tables=told.tables, twin_of=told.twin_of, least=told.least,
        made_up=told.made_up, rows=told.rows, seed=told.seed, expected=told.expected, tolerance=told.tolerance,
        timeout_s=told.timeout_s, memory_mib=told.memory_mib, max_rows=told.max_rows, locale=told.locale,
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
