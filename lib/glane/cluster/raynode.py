"""`python -m glane.cluster.raynode '{…}'`: runs Ray's processes on one node, which end with it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from glane.cluster.ray_compat import start_node
from glane.guard import hook

_READY = "address"


def command(*, address: str, folder: Path, cpus: int, gpus: int, head: str | None) -> list[str]:
    """The command that runs a node. `head` is the address of the cluster to join; None starts a new one."""
    values = {"address": address, "folder": str(folder), "cpus": cpus, "gpus": gpus, "head": head}
    return [sys.executable, "-m", "glane.cluster.raynode", json.dumps(values)]


def ready_address(folder: Path) -> str | None:
    """The cluster's address, once the node in `folder` is up."""
    try:
        return (folder / _READY).read_text()
    except FileNotFoundError:
        return None


def main() -> None:
    """Start the node, write its address to a file, and watch it. Exits with 1 when one of Ray's processes ends."""
    hook.install()
    values: dict[str, Any] = json.loads(sys.argv[1])
    folder = Path(values.pop("folder"))
    node = start_node(folder=folder, **values)
    temporary = folder / f"{_READY}.tmp"
    temporary.write_text(node.address)
    os.replace(temporary, folder / _READY)
    while not node.dead_processes():
        time.sleep(0.2)
    sys.exit(1)


if __name__ == "__main__":
    main()
