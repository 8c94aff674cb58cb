"""Briefs: figures with the sentence that each is told in, statements with their quotes, and the checks of both."""
