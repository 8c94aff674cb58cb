"""Replace names, dates, addresses and numbers of persons in French documents by keyed pseudonyms, before they are read.

  glane pseudonymise data.path=notes.parquet out.dir=notes-pseudo offsets=secret/offsets.parquet key_file=secret/key
  glane pseudonymise … data.person_column=patient data.known_columns=[nom,prenom,ipp] data.shift_columns=[visit_date]

Rules and lists find most of them, not all: read a sample. Pseudonymised data are personal data still (GDPR, 4(5)).
The key makes the same pseudonyms again; it is written nowhere. To make one:
  head -c 32 /dev/urandom | base64 > key; chmod 600 key
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Write the documents and the offsets, and tell what was replaced."""
    from glane.api.pseudonymise import pseudonymised_by
    from glane.languages import say
    from glane.settings import pseudonymise_settings

    say(pseudonymised_by(pseudonymise_settings(values)))
