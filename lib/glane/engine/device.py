"""The GPUs of this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path


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
    with contextlib.suppress(Exception):  # no driver, or a stand-in device: unknown
        import pynvml

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return min(int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) for handle in handles)
    return None
