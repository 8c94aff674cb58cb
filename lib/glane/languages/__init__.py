"""What a user reads on a terminal, in the language of the user: messages are written in English where they arise."""

from glane.languages.choice import language_of
from glane.languages.numbers import numbers_in
from glane.languages.terminal import Spoken, as_read, in_language, say

__all__ = ["Spoken", "as_read", "in_language", "language_of", "numbers_in", "say"]
