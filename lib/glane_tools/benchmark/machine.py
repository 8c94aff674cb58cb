"""The machine that figures are from: figures of one machine say nothing of another."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

# Instructions that decide how fast matrices are multiplied on a CPU, as the kernel names them.
_OF_INTEREST = ("avx2", "fma", "avx512", "avx_vnni", "amx", "asimd", "sve", "i8mm", "bf16")


def machine() -> dict[str, Any]:
    """Cores, model of the processor, its instructions of interest, and memory in GiB."""
    cpuinfo = _read("/proc/cpuinfo")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _first(cpuinfo, ("model name", "Model")) or platform.machine(),
        "instructions": instructions(cpuinfo),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }


def instructions(cpuinfo: str) -> list[str]:
    """The instructions of interest that a processor has, of the text of /proc/cpuinfo."""
    flags = _first(cpuinfo, ("flags", "Features")).split()
    return sorted(flag for flag in set(flags) if flag.startswith(_OF_INTEREST))


def _first(text: str, names: tuple[str, ...]) -> str:
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in names:
            return value.strip()
    return ""


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
