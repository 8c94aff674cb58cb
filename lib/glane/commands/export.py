"""Write the values of a run as files for other programs: a table of all rows, one for each list, and a codebook.

  glane export run.dir=runs/notes to=csv out.dir=runs/notes-csv locale=fr

The folder is written whole or not at all. It holds values of documents: it is confidential. With evidence=true it holds
passages of them, too. With pseudonyms.key_file=KEY names, numbers and ids leave as pseudonyms: personal data still.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Write the files, and tell which."""
    from glane.api.export import export
    from glane.languages import say
    from glane.settings import export_settings

    told = export_settings(values)
    found = export(
        told.run.dir, told.to, told.out.dir, evidence=told.evidence, text=told.text, locale=told.locale,
        encoding=told.encoding, pseudonyms=told.pseudonyms,
    )  # fmt: skip
    say(found)
