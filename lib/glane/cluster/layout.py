"""The layout of engines on nodes: how many, and with which share of a node, from the model and the hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from glane.engine.registry import engine_kind
from glane.errors import ConfigError
from glane.settings import BatchSettings, ClusterSettings, ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the Ray cluster, with the resources that Ray may use."""

    node_id: str
    host: str
    cpus: int
    gpus: int
    memory_bytes: int | None = None  # None where Ray does not report it


# On CPU, the threads of an engine wait for each other at every matrix product. For a small model that costs more than
# it gains: one single-threaded engine per core answered twice as many rows per second on two cores (jobs/benchmark.py).
_SMALL_WEIGHTS_BYTES = 256 * 2**20
# On GPU, an engine gets the smallest number of GPUs that leaves at least this share of their memory to the cache.
# Several small engines answer more than one engine over all GPUs, which exchanges activations at every layer.
_CACHE_SHARE = 0.3
_ENGINE_BYTES = 2 * 2**30  # memory of an engine beside its weights and its cache, with a reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an engine works: the ids of its nodes, more than one if it spans them, and its number on the node."""

    nodes: tuple[str, ...]
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`engines_per_node` engines with `cpus` threads and `gpus` GPUs each.

    An engine that needs more GPUs than a node has spans `nodes_per_engine` nodes, and nothing else runs on them.
    """

    device: Literal["cpu", "gpu"]
    cpus: int
    gpus: int
    engines_per_node: int = 1
    nodes_per_engine: int = 1
    tensor_parallel_size: int = 1
    reason: str = ""
    occupies_cores: bool = True  # False: workers need no cores of their own, and Ray reserves none
    node_gpus: tuple[int, ...] = ()  # of an engine that spans nodes: how many it has on each of them

    def places(self, nodes: Sequence[Node]) -> list[Place]:
        """The places of engines on these nodes, all of which are free."""
        if self.nodes_per_engine > 1:
            ids = [node.node_id for node in nodes]
            starts = range(0, len(ids) - self.nodes_per_engine + 1, self.nodes_per_engine)
            return [Place(nodes=tuple(ids[start : start + self.nodes_per_engine])) for start in starts]
        return [Place(nodes=(node.node_id,), index=index) for node in nodes for index in range(self.engines_per_node)]


def plan_layout(
    model: ModelSettings,
    nodes: Sequence[Node],
    *,
    num_shards: int | None = None,
    weights_bytes: int | None = None,
    gpu_bytes: int | None = None,
) -> Layout:
    """Return the layout for these settings and nodes. The nodes of a job are taken to be alike: the smallest counts.

    Args:
        model: What the user asks for.
        nodes: What there is.
        num_shards: Shards of the run: more engines than that would have nothing to do. None if unknown.
        weights_bytes: Size of the model's weights on disk. None if unknown.
        gpu_bytes: Memory of one GPU. None if unknown.

    Raises:
        ConfigError: if the settings ask for more than there is.
    """
    cpus, gpus = min(node.cpus for node in nodes), min(node.gpus for node in nodes)
    if not engine_kind(model.engine).needs_hardware:
        engines = 1 if model.engines == "auto" else model.engines
        return Layout(
            device="cpu",
            cpus=1,
            gpus=0,
            engines_per_node=engines,
            reason=f"{model.engine}: needs no cores of its own",
            occupies_cores=False,
        )
    if gpus == 0:
        return _cpu_layout(model, nodes, num_shards=num_shards, weights_bytes=weights_bytes)
    tensor, why = _tensor_parallel_size(model, gpus, weights_bytes=weights_bytes, gpu_bytes=gpu_bytes)
    per_engine = tensor * model.pipeline_parallel_size
    if per_engine > gpus and model.pipeline_parallel_size > 1:
        return _spanning_layout(model, tensor, cpus, gpus, len(nodes))
    most = gpus // per_engine
    engines = most if model.engines == "auto" else model.engines
    if engines < 1 or engines > most:
        wanted = max(engines, 1)
        raise ConfigError(
            f"model: {wanted} engine(s) x tensor_parallel_size {tensor} x pipeline_parallel_size "
            f"{model.pipeline_parallel_size} need {wanted * per_engine} GPUs on a node; there are {gpus}. "
            "Lower model.tensor_parallel_size or model.engines, or ask for more GPUs."
        )
    return Layout(
        device="gpu",
        cpus=max(1, cpus // engines) if model.cpus_per_engine == "auto" else model.cpus_per_engine,
        gpus=per_engine,
        engines_per_node=engines,
        tensor_parallel_size=tensor,
        reason=f"{gpus} GPU(s) on a node, {per_engine} per engine{why}",
    )


def check_asked_network(model: ModelSettings, cluster: ClusterSettings) -> None:
    """Check before nodes are asked for, as far as their GPUs are known, what `check_network` checks on them.

    Raises:
        ConfigError: as `plan_layout` and `check_network` do.
    """
    gpus = cluster.num_gpus_per_node if isinstance(cluster, BatchSettings) else 0
    if isinstance(cluster, BatchSettings) and gpus and model.pipeline_parallel_size > 1:
        cores = cluster.cpus_per_node or 1
        nodes = [Node(node_id=str(i), host=str(i), cpus=cores, gpus=gpus) for i in range(cluster.nodes)]
        check_network(plan_layout(model, nodes), cluster)


def check_network(layout: Layout, cluster: ClusterSettings) -> str:
    """Check that an engine may send what it reads over the network of the job. Returns what is to be told if it does.

    The processes of an engine meet over TCP, NCCL and ZeroMQ, of which vLLM encrypts and authenticates none: prompts
    pass as token ids.

    Raises:
        ConfigError: if an engine spans nodes and nobody has said that the network can be trusted.
    """
    if layout.nodes_per_engine == 1:
        return ""
    if not (isinstance(cluster, BatchSettings) and cluster.trusted_network):
        raise ConfigError(
            f"an engine spans {layout.nodes_per_engine} nodes, and what it reads passes between them unencrypted, in "
            "reach of every user of that network: cluster.tls is about Ray alone. Set cluster.trusted_network=true if "
            "only this job can reach that network (cluster.interface names it), or take a model, or nodes, with which "
            "an engine fits one node."
        )
    return (
        f"an engine spans {layout.nodes_per_engine} nodes: what it reads passes between them neither encrypted nor "
        "signed (cluster.trusted_network=true)"
    )


def _tensor_parallel_size(
    model: ModelSettings, gpus: int, *, weights_bytes: int | None, gpu_bytes: int | None
) -> tuple[int, str]:
    """The number of GPUs that share each layer, and the reason for it."""
    if model.tensor_parallel_size != "auto":
        return model.tensor_parallel_size, ""
    if weights_bytes is None or gpu_bytes is None:
        return 1, ""
    size = gpus_needed(
        weights_bytes / model.pipeline_parallel_size, gpu_bytes, memory_share=model.gpu_memory_utilization
    )  # fmt: skip
    gib = [f"{number / 2**30:.0f} GiB" for number in (weights_bytes, gpu_bytes)]
    if size > gpus:
        raise ConfigError(
            f"model: {gib[0]} of weights need {size} GPUs of {gib[1]} on a node to leave {_CACHE_SHARE:.0%} of their "
            f"memory to the cache; there are {gpus}. Raise model.pipeline_parallel_size (stages on further nodes), or "
            "set model.tensor_parallel_size yourself."
        )
    return size, f": {gib[0]} of weights, {gib[1]} of memory on each"


def gpus_needed(weights_bytes: float, gpu_bytes: int, *, memory_share: float) -> int:
    """How many GPUs hold weights and leave enough of their memory to the cache, if an engine uses a share of it.

    A power of two, because these divide the number of attention heads of every usual model.
    """
    size = 1
    while weights_bytes > size * gpu_bytes * memory_share * (1 - _CACHE_SHARE):
        size *= 2
    return size


def _spanning_layout(model: ModelSettings, tensor: int, cpus: int, gpus: int, num_nodes: int) -> Layout:
    """Tensor parallel inside a node, pipeline stages across nodes."""
    stages_per_node = gpus // tensor
    if stages_per_node == 0:
        raise ConfigError(
            f"model.tensor_parallel_size is {tensor}, and a node has {gpus} GPU(s): tensor "
            "parallelism stays inside a node. Lower it, and raise model.pipeline_parallel_size."
        )
    nodes_per_engine = -(-model.pipeline_parallel_size // stages_per_node)
    per_engine = tensor * model.pipeline_parallel_size
    if nodes_per_engine > num_nodes:
        raise ConfigError(
            f"model: tensor_parallel_size {tensor} x pipeline_parallel_size "
            f"{model.pipeline_parallel_size} need {per_engine} GPUs, {nodes_per_engine} nodes of {gpus}; there are "
            f"{num_nodes}. Raise cluster.nodes."
        )
    if model.engines not in ("auto", 1):
        raise ConfigError(
            f"model.engines is {model.engines}, and one engine takes {nodes_per_engine} nodes. Leave it at auto."
        )
    return Layout(
        device="gpu",
        cpus=cpus if model.cpus_per_engine == "auto" else model.cpus_per_engine,
        gpus=per_engine,
        nodes_per_engine=nodes_per_engine,
        tensor_parallel_size=tensor,
        node_gpus=tuple(
            tensor * min(stages_per_node, model.pipeline_parallel_size - place * stages_per_node)
            for place in range(nodes_per_engine)
        ),
        reason=f"{gpus} GPU(s) on a node, an engine of {per_engine} spans {nodes_per_engine} nodes",
    )


def _cpu_layout(
    model: ModelSettings, nodes: Sequence[Node], *, num_shards: int | None, weights_bytes: int | None
) -> Layout:
    if model.pipeline_parallel_size > 1:
        raise ConfigError(
            f"model.pipeline_parallel_size is {model.pipeline_parallel_size}, and there is no GPU: on CPU it must be 1."
        )
    cpus = min(node.cpus for node in nodes)
    engines, why = _cpu_engines(model, nodes, cpus, num_shards=num_shards, weights_bytes=weights_bytes)
    threads = max(1, cpus // max(engines, 1)) if model.cpus_per_engine == "auto" else model.cpus_per_engine
    if engines < 1 or engines * threads > cpus:
        raise ConfigError(
            f"model: {engines} engine(s) x cpus_per_engine {threads} need {engines * threads} cores; there are "
            f"{cpus}. Lower model.engines or model.cpus_per_engine."
        )
    return Layout(
        device="cpu",
        cpus=threads,
        gpus=0,
        engines_per_node=engines,
        reason=f"no GPU, {cpus} core(s) on a node{why}",
    )


def _cpu_engines(
    model: ModelSettings, nodes: Sequence[Node], cpus: int, *, num_shards: int | None, weights_bytes: int | None
) -> tuple[int, str]:
    """The number of engines on each node, and the reason for it."""
    if model.engines != "auto":
        return model.engines, ""
    if weights_bytes is None or weights_bytes > _SMALL_WEIGHTS_BYTES:
        return 1, ""
    threads = 1 if model.cpus_per_engine == "auto" else model.cpus_per_engine
    bounds = {"cores": cpus // threads}
    if num_shards is not None:
        bounds["shards"] = -(-num_shards // len(nodes))
    memories = [node.memory_bytes for node in nodes if node.memory_bytes is not None]
    if memories:
        cache = (model.kv_cache_mib or 0) * 2**20
        bounds["memory"] = min(memories) // (_ENGINE_BYTES + weights_bytes + cache)
    bound = min(bounds, key=lambda name: bounds[name])
    if bounds[bound] <= 1:
        return 1, ""
    return bounds[bound], f"; a small model: engines as its {bound} allow{'s' if bound == 'memory' else ''}"
