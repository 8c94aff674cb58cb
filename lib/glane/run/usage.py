"""The memory and the GPUs that a worker's processes use. GPUs are read through NVML."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import psutil

from glane.validation import Strict


class GpuUse(Strict):
    """One GPU at one moment, as NVML reports it."""

    busy_percent: int
    memory_mib: int
    memory_total_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The memory of this process and its descendants, and the state of its GPUs."""

    memory_mib: int
    gpus: tuple[GpuUse, ...]  # those that NVML reports


def usage() -> Usage:
    """Measure this process, its descendants, and the GPUs that it was given."""
    memory = 0
    with contextlib.suppress(psutil.Error):
        own = psutil.Process()
        for process in [own, *own.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                memory += process.memory_info().rss
    gpus = (_gpu(handle) for handle in gpu_handles())
    return Usage(memory_mib=memory // 2**20, gpus=tuple(gpu for gpu in gpus if gpu is not None))


@cache
def gpu_handles() -> list[Any]:
    """NVML's handles of the GPUs that CUDA_VISIBLE_DEVICES names, by number or by id."""
    names = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    found = []
    with contextlib.suppress(Exception):  # no NVML, no driver, or a stand-in device: no GPU is reported
        import pynvml

        pynvml.nvmlInit()
        for name in names:
            is_number = name.isdigit()
            found.append(
                pynvml.nvmlDeviceGetHandleByIndex(int(name)) if is_number else pynvml.nvmlDeviceGetHandleByUUID(name)
            )
    return found


def _gpu(handle: Any) -> GpuUse | None:
    with contextlib.suppress(Exception):
        import pynvml

        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
        return GpuUse(busy_percent=busy, memory_mib=memory.used // 2**20, memory_total_mib=memory.total // 2**20)
    return None
