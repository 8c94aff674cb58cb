"""Other users of this machine, for tests of what they may do. Only root can be them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest

ALICE, BOB, STRANGER, GROUP, OTHERS = 12_001, 12_002, 12_003, 13_000, 13_001

TWO_USERS = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other users")


@contextlib.contextmanager
def acting_as(user: int, group: int = GROUP) -> Iterator[None]:
    """This process with the rights of `user` on files."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def shell(user: int, command: str) -> tuple[int, str]:
    """A command of another user: its exit code, and what it said of errors."""
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, user=user, group=GROUP, extra_groups=[]
    )
    return done.returncode, done.stderr
