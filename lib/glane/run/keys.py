"""Whether this process has the keys of a run, asked before anything else is done of it."""

from __future__ import annotations

import contextlib

import pyarrow as pa

from glane.keys import KeysError, keyring
from glane.parquet import parquet_footer
from glane.run.directory import RunDirectory
from glane.storage import exists


def check_keys(directory: RunDirectory) -> None:
    """Check that the keys that are told can be had, and open the plan of a run that has begun.

    Raises:
        KeysError: if not.
    """
    keyring()
    if exists(directory.plan):
        with contextlib.suppress(OSError, pa.ArrowException):  # of a damaged one, who reads it tells
            parquet_footer(directory.plan)


def keys_complaint(directory: RunDirectory) -> str:
    """Why this process cannot work on a run, as `check_keys` says it; empty if it can."""
    try:
        check_keys(directory)
    except KeysError as error:
        return str(error)
    return ""
