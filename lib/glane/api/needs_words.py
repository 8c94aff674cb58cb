"""What a notebook says where something that it reads is not there, in both languages: notebooks hold both."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Language

MISSING: Mapping[Language, str] = {
    "fr": "Il manque {places}. D'abord, dans un terminal, dans le dossier de glane :",
    "en": "Not there: {places}. First, in a terminal, in the folder of glane:",
}
