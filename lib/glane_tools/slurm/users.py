"""The users of a cluster beside root: they exist in its namespaces only, and this machine's own stay as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slurm.configuration import Layout

# Bind-mounts the first two arguments over the files that say which users there are, and becomes the rest.
_WITH_USERS = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user who may submit jobs."""

    name: str
    uid: int
    gid: int


GROUP = "project"
_GROUP_ID = 61_000  # neither distributions nor systemd give out ids between 60,578 and 61,183
USERS = (User(name="alice", uid=61_001, gid=_GROUP_ID), User(name="bob", uid=61_002, gid=_GROUP_ID))


def write(layout: Layout) -> None:
    """Write the files that say which users there are, those of this machine among them, and make their homes."""
    lines = [f"{user.name}:x:{user.uid}:{user.gid}::{layout.home(user.name)}:/bin/bash" for user in USERS]
    _write(layout.passwd, Path("/etc/passwd"), lines)
    _write(layout.group, Path("/etc/group"), [f"{GROUP}:x:{_GROUP_ID}:"])
    for user in USERS:
        home = layout.home(user.name)
        home.mkdir(mode=0o700)
        os.chown(home, user.uid, user.gid)


def knowing(layout: Layout, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` on this host, and lets it know the users of the cluster by name."""
    return ["unshare", "--mount", "sh", "-c", _WITH_USERS, "sh", str(layout.passwd), str(layout.group), *command]


def acting_as(layout: Layout, user: User, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` with the rights of a user, in the user's home."""
    home = str(layout.home(user.name))
    own = ["-C", home, f"HOME={home}", f"USER={user.name}", f"LOGNAME={user.name}"]
    return ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--init-groups", "env", *own, *command]


def _write(path: Path, others: Path, lines: list[str]) -> None:
    path.write_text("\n".join([*others.read_text().splitlines(), *lines, ""]))
    path.chmod(0o644)
