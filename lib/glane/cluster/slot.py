"""A place for one engine, and the Ray actor that works there."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

from glane.cluster.actor import EngineActor
from glane.cluster.layout import Layout, Place
from glane.cluster.ray_nodes import inside
from glane.cluster.watch import Silence
from glane.run.heartbeat import Heartbeat
from glane.run.worker import WorkerSpec


@dataclass(slots=True, kw_only=True)
class Slot:
    """A place for one engine, and the actor that works there now."""

    place: Place
    spec: WorkerSpec
    actor: Any
    future: Any
    silence: Silence
    group: Any = None  # the placement group of an engine that spans nodes
    killed_because: str = ""
    is_stopping: bool = False
    heard: Heartbeat | None = None  # the last sign of life that the actor told
    heard_at: float = 0.0  # when the actor answered last, or the slot was made, by the supervisor's clock
    asked: Any = None  # the call that is under way
    asked_at: float = float("-inf")
    read: Heartbeat | None = None  # from the file, where the actor does not answer
    read_at: float = float("-inf")


def start_actor(ray: Any, layout: Layout, place: Place, spec: WorkerSpec, group: Any) -> tuple[Any, Any]:
    """Start the actor of a worker at a place, in its placement group if it has one, and have it work.

    Return the actor, and Ray's reference to what its work returns.
    """
    options: dict[str, Any] = {
        "num_cpus": spec.cpus if layout.occupies_cores else 0,
        "num_gpus": spec.gpus,
        "max_restarts": 0,  # the supervisor starts it again, after it has recorded the death
        "max_concurrency": 3,  # one thread works, the others run `stop` and answer
        "runtime_env": {"env_vars": {"OMP_NUM_THREADS": str(spec.cpus)}},  # Ray would set 1
    }
    if group is not None:
        options |= {"num_cpus": 0, "num_gpus": 0, "scheduling_strategy": inside(group)}
    else:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(place.nodes[0], soft=False)
    actor = ray.remote(EngineActor).options(**options).remote()
    # An engine that spans nodes starts actors of its own, which only an actor can.
    future = actor.work.remote(pickle.dumps(spec), in_actor=group is not None)
    return actor, future
