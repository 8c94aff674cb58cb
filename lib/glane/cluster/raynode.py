"""Ray's processes on one node: in the driver's own process, or held by `python -m glane.cluster.raynode '{…}'`.

They end with the process that holds them. Not `ray start` nor a bare `ray.init`: the first opens a port for Ray's
client whether asked or not, and stays when its starter dies; both start a dashboard's server, an autoscaler and a
reader of logs that nobody asks for, which takes longer than the rest of Ray together.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
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


def start_node(*, address: str, folder: Path, cpus: int, gpus: int | None, head: str | None) -> Any:
    """Start Ray's processes of one node and return Ray's `Node`; `head` is the cluster's address, None starts one.

    `gpus` None leaves it to Ray to count them.
    """
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    class LeanNode(Node):
        def start_api_server(self, **_: Any) -> None:
            """Not even without its dashboard: it would load the usage statistics, which are off."""

    parameters = RayParams(
        node_ip_address=address,
        node_name=address,
        gcs_address=head,
        num_cpus=cpus,
        num_gpus=gpus,
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
    if head is None:
        parameters.gcs_server_port = 0
        parameters._system_config = {**SYSTEM_CONFIG, "health_check_period_ms": 2000}
    with _without_dashboard():
        return LeanNode(parameters, head=head is None, shutdown_at_exit=True, spawn_reaper=True)


@contextlib.contextmanager
def _without_dashboard() -> Iterator[None]:
    """Let Ray find the dashboard's packages missing, whatever is installed: its agents then start without them."""
    name = "ray.dashboard.optional_deps"
    former = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if former is not None:
            sys.modules[name] = former


def main() -> None:
    """Start the node, say so in a file, and watch it. Exits with 1 when one of Ray's processes ends."""
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
