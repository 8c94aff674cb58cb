"""What a user reads on a terminal, in the language of the user: messages are written in English where they arise."""

from glane.languages.choice import language_of
from glane.languages.terminal import in_language, say

__all__ = ["in_language", "language_of", "say"]
