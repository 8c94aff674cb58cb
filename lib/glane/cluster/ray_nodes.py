"""The nodes of a Ray cluster, and the GPUs that an engine over several of them holds there."""

from __future__ import annotations

import contextlib
from typing import Any

from glane.cluster.layout import Layout, Node, Place

_NODE_LABEL = "ray.io/node-id"


def alive_nodes(ray: Any) -> list[Node]:
    """The nodes of the Ray cluster, in a stable order."""
    found = [
        Node(
            node_id=entry["NodeID"],
            host=entry["NodeManagerHostname"],
            cpus=int(entry["Resources"].get("CPU", 0)),
            gpus=int(entry["Resources"].get("GPU", 0)),
            memory_bytes=int(entry["Resources"]["memory"]) if "memory" in entry["Resources"] else None,
        )
        for entry in ray.nodes()
        if entry["Alive"]
    ]
    return sorted(found, key=lambda node: (node.host, node.node_id))


def reserve(layout: Layout, place: Place) -> Any:
    """Ask for the GPUs of an engine on its nodes: one bundle per GPU, as vLLM's Ray executor requires.

    Each bundle is bound to its node, so that the GPUs which share a layer are never on two. vLLM's workers take no
    cores.
    """
    from ray.util import placement_group

    nodes = [node for node, num in zip(place.nodes, layout.node_gpus, strict=True) for _ in range(num)]
    return placement_group(
        [{"GPU": 1}] * len(nodes), strategy="PACK", bundle_label_selector=[{_NODE_LABEL: node} for node in nodes]
    )


def inside(group: Any) -> Any:
    """The scheduling strategy of an actor whose own actors take the GPUs of a group."""
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    return PlacementGroupSchedulingStrategy(
        group, placement_group_bundle_index=0, placement_group_capture_child_tasks=True
    )


def free(group: Any) -> None:
    """Give the GPUs of a group back, with whatever still works there."""
    from ray.util import remove_placement_group

    with contextlib.suppress(Exception):
        remove_placement_group(group)
