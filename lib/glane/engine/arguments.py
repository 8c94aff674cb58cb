"""The arguments of vLLM's engine, made of a model's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glane.engine.adapter import lora_arguments
from glane.engine.checkpoint import is_multimodal
from glane.settings import ModelSettings


def engine_arguments(settings: ModelSettings, device: str, *, num_nodes: int = 1) -> dict[str, Any]:
    """The arguments of vLLM's `EngineArgs`, as plain values; of an engine on `num_nodes` nodes."""
    values: dict[str, Any] = {
        "model": settings.path,
        "tokenizer": settings.tokenizer,
        "tokenizer_mode": settings.tokenizer_mode,
        "config_format": settings.config_format,
        "load_format": settings.load_format,
        "dtype": settings.dtype,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "max_num_batched_tokens": settings.max_num_batched_tokens or max(settings.max_model_len, 8192),
        "tensor_parallel_size": 1 if settings.tensor_parallel_size == "auto" else settings.tensor_parallel_size,
        "pipeline_parallel_size": settings.pipeline_parallel_size,
        "enable_expert_parallel": settings.expert_parallel,
        "kv_cache_dtype": settings.kv_cache_dtype,
        "enable_prefix_caching": True,
        # A checkpoint's generation_config.json would change the sampling that the settings state.
        "generation_config": "vllm",
        "trust_remote_code": False,
        "disable_log_stats": True,
        "seed": settings.sampling.seed,
    }
    if device == "gpu":
        values["gpu_memory_utilization"] = settings.gpu_memory_utilization
        # Named, because vLLM would take the GPUs of one node for all there are, and refuse.
        if num_nodes > 1:
            values["distributed_executor_backend"] = "ray"
        elif values["tensor_parallel_size"] * settings.pipeline_parallel_size > 1:
            values["distributed_executor_backend"] = "mp"
    if settings.kv_cache_mib is not None:
        values["kv_cache_memory_bytes"] = settings.kv_cache_mib * 2**20
    if settings.kv_offload_gib is not None:
        values["kv_offloading_size"] = settings.kv_offload_gib
        values["kv_offloading_backend"] = "native"  # the other one is a server
    if is_multimodal(Path(settings.path)) and "limit_mm_per_prompt" not in settings.engine_args:
        values["language_model_only"] = True  # documents are texts: no encoder is loaded, no memory kept for images
    if settings.attention_backend is not None:
        values["attention_backend"] = settings.attention_backend
    if settings.async_scheduling != "auto":
        values["async_scheduling"] = settings.async_scheduling
    values.update(lora_arguments(settings))
    values.update(settings.engine_args)
    values["structured_outputs_config"] = structured_outputs(settings)
    return values


def structured_outputs(settings: ModelSettings) -> dict[str, Any]:
    """How vLLM holds answers to their form: glane's own choice, except what `model.engine_args` says otherwise."""
    ours = {"backend": "guidance", "disable_any_whitespace": True}
    return {**ours, **settings.engine_args.get("structured_outputs_config", {})}
