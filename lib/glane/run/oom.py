"""How often the kernel has killed a process for want of memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_COUNTER = "oom_kill"


def oom_kills(root: Path = Path("/")) -> int:
    """How many processes the kernel has killed for want of memory, in the control group of this process.

    Where the group has no such counter, those of the whole machine are counted; 0 where nothing can be read. Only
    the difference between two calls says something. `root` is where `proc` and `sys` lie.
    """
    for path in (*_group_files(root), root / "proc/vmstat"):
        count = _counted(path)
        if count is not None:
            return count
    return 0


def _group_files(root: Path) -> Iterator[Path]:
    """The files that may hold the counter, of the own group first, then of the groups around it.

    In a container, the path of the group may be that of the host, and only the outermost group can be seen.
    """
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            mount, name = _place(controllers)
            if name:
                folder = Path(group.lstrip("/"))
                for one in (folder, *folder.parents):
                    yield root / mount / one / name


def _place(controllers: str) -> tuple[str, str]:
    """Where the counters of a hierarchy of groups lie, and the name of their file; "" if it has none."""
    if not controllers:
        return "sys/fs/cgroup", "memory.events"
    return "sys/fs/cgroup/memory", "memory.oom_control" if "memory" in controllers.split(",") else ""


def _counted(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == _COUNTER:
                return int(value)
    return None
