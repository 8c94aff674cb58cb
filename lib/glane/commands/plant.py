"""Plant attacks into documents of a run, to see how far documents that speak to a model change its answers.

  glane plant run.dir=runs/notes out.dir=runs/planted rows=100
  glane extract … data.path=runs/planted/documents.parquet run.dir=runs/attacked
  glane evaluate run.dir=runs/attacked attacks=runs/planted/documents.parquet out.dir=runs/attacks

Each attack is a sentence in a copy of a document. It asks for a wrong value of a field. The documents without an attack
are there, too.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Draw the documents, plant the attacks, and say what to do with them."""
    from glane.api.attacks import plant_attacks
    from glane.languages import say
    from glane.settings import plant_settings

    told = plant_settings(values)
    found = plant_attacks(
        told.run.dir, rows=told.rows, each=told.each, fields=told.fields, gold=told.gold, seed=told.seed,
        out_dir=told.out.dir,
    )  # fmt: skip
    say(found)
    say(f"{told.out.dir}: documents.parquet, planted.json")
    say(f"next       glane extract … {shlex.quote(f'data.path={told.out.dir}/documents.parquet')} run.dir=…")
    say(f"           glane evaluate run.dir=… {shlex.quote(f'attacks={told.out.dir}/documents.parquet')} out.dir=…")
