"""What can go wrong, as a sentence for the person at the keyboard."""

from __future__ import annotations


class SlurmError(Exception):
    """The cluster could not be started, ended or changed."""

    exit_code = 1


class MissingError(SlurmError):
    """This machine lacks something: a right, or a program. Another try without a change will fail, too."""

    exit_code = 3
