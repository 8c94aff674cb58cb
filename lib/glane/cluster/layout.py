"""How many engines, on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from glane.errors import ConfigError
from glane.settings import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`num_engines` engines with `cpus` threads and `gpus` GPUs each."""

    num_engines: int
    device: Literal["cpu", "gpu"]
    cpus: int
    gpus: int
    reason: str


def plan_layout(model: ModelSettings, resources: Mapping[str, float]) -> Layout:
    """Return the layout that the settings and Ray's resources allow.

    Raises:
        ConfigError: if the settings ask for more than there is.
    """
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if model.engine == "scripted":
        return Layout(
            num_engines=1 if model.engines == "auto" else model.engines, device="cpu", cpus=1, gpus=0, reason="scripted"
        )
    per_engine = model.tensor_parallel_size * model.pipeline_parallel_size
    if gpus == 0:
        return _cpu_layout(model, cpus)
    most = gpus // per_engine
    num_engines = most if model.engines == "auto" else model.engines
    if num_engines < 1 or num_engines > most:
        wanted = max(num_engines, 1)
        raise ConfigError(
            f"model: {wanted} engine(s) x tensor_parallel_size {model.tensor_parallel_size} x pipeline_parallel_size "
            f"{model.pipeline_parallel_size} need {wanted * per_engine} GPUs; there are {gpus}. "
            "Lower model.tensor_parallel_size or model.engines, or ask for more GPUs."
        )
    threads = max(1, cpus // num_engines) if model.cpus_per_engine == "auto" else model.cpus_per_engine
    reason = f"{gpus} GPU(s), {per_engine} per engine"
    return Layout(num_engines=num_engines, device="gpu", cpus=threads, gpus=per_engine, reason=reason)


def _cpu_layout(model: ModelSettings, cpus: int) -> Layout:
    if model.pipeline_parallel_size > 1:
        raise ConfigError(
            f"model.pipeline_parallel_size is {model.pipeline_parallel_size}, and there is no GPU: on CPU it must be 1."
        )
    num_engines = 1 if model.engines == "auto" else model.engines
    threads = max(1, cpus // max(num_engines, 1)) if model.cpus_per_engine == "auto" else model.cpus_per_engine
    if num_engines < 1 or num_engines * threads > cpus:
        raise ConfigError(
            f"model: {num_engines} engine(s) x cpus_per_engine {threads} need {num_engines * threads} cores; there are "
            f"{cpus}. Lower model.engines or model.cpus_per_engine."
        )
    return Layout(num_engines=num_engines, device="cpu", cpus=threads, gpus=0, reason=f"no GPU, {cpus} core(s)")
