"""Ray's processes on one node of a job: `python -m glane.cluster.raynode '{…}'` holds them, and they end with it.

Not `ray start`: that one opens a port for Ray's client whether asked or not, and stays when its starter dies.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_READY = "address"
SYSTEM_CONFIG = {
    "enable_worker_prestart": False,
    "prestart_worker_first_driver": False,
    # The engines' memory is bounded by their settings; Ray's own killer would only add deaths.
    "memory_monitor_refresh_ms": 0,
}
OBJECT_STORE_BYTES = 80 * 2**20  # nothing but small specifications passes through it


def command(*, address: str, folder: Path, cpus: int, gpus: int, head: str | None) -> list[str]:
    """The command that runs a node; `head` is the cluster's address, None starts a cluster."""
    values = {"address": address, "folder": str(folder), "cpus": cpus, "gpus": gpus, "head": head}
    return [sys.executable, "-m", "glane.cluster.raynode", json.dumps(values)]


def ready_address(folder: Path) -> str | None:
    """The cluster's address, once the node in `folder` is up."""
    try:
        return (folder / _READY).read_text()
    except FileNotFoundError:
        return None


def main() -> None:
    """Start the node, say so in a file, and watch it. Exits with 1 when one of Ray's processes ends."""
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    values: dict[str, Any] = json.loads(sys.argv[1])
    folder = Path(values["folder"])
    parameters = RayParams(
        node_ip_address=values["address"],
        node_name=values["address"],
        gcs_address=values["head"],
        num_cpus=values["cpus"],
        num_gpus=values["gpus"],
        object_manager_port=0,
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        object_store_memory=OBJECT_STORE_BYTES,
        temp_dir=str(folder / "r"),
        include_dashboard=False,
        include_log_monitor=False,
        no_monitor=True,
    )
    if values["head"] is None:
        parameters.gcs_server_port = 0
        parameters._system_config = {**SYSTEM_CONFIG, "health_check_period_ms": 2000}
    node = Node(parameters, head=values["head"] is None, shutdown_at_exit=True, spawn_reaper=True)
    temporary = folder / f"{_READY}.tmp"
    temporary.write_text(node.address)
    os.replace(temporary, folder / _READY)
    while not node.dead_processes():
        time.sleep(0.2)
    sys.exit(1)


if __name__ == "__main__":
    main()
