"""What there is to compute with."""

from __future__ import annotations

import contextlib
from pathlib import Path


def has_gpu() -> bool:
    """Whether this machine shows a GPU."""
    return num_gpus() > 0


def num_gpus() -> int:
    """How many this machine shows."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def gpu_bytes() -> int | None:
    """Memory of the smallest GPU of this machine; None where there is none, or NVML does not answer."""
    if not has_gpu():
        return None
    with contextlib.suppress(Exception):  # no driver, a stand-in device: unknown
        import pynvml

        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return min(int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) for handle in handles)
    return None
