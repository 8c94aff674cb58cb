"""The errors of a cluster. Each message is a sentence for the user."""

from __future__ import annotations


class SlurmError(Exception):
    """The cluster could not be started, ended or changed."""

    exit_code = 1


class MissingError(SlurmError):
    """This machine lacks a right or a program. Another try without a change will also fail."""

    exit_code = 3
