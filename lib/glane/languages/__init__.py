"""What a user reads on a terminal, in the language of the user: messages are written in English where they arise."""

from glane.languages.choice import language_of
from glane.languages.numbers import measures_in, numbers_in
from glane.languages.plurals import plurals_in
from glane.languages.signs import clauses, explained
from glane.languages.terminal import Spoken, as_found, as_read, complain, in_language, labelled, say

__all__ = [
    "Spoken",
    "as_found",
    "as_read",
    "clauses",
    "complain",
    "explained",
    "in_language",
    "labelled",
    "language_of",
    "measures_in",
    "numbers_in",
    "plurals_in",
    "say",
]
