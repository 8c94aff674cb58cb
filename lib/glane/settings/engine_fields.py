"""The arguments of vLLM's EngineArgs, one by one: what `model.engine_args` may set, and what it may not, and why.

A test compares the names with the installed vLLM's. What a new version adds is refused until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping

# They change how the engine computes, and where its memory goes.
ALLOWED = frozenset(
    [
        "enforce_eager",
        "quantization",
        "quantization_config",
        "allow_deprecated_quantization",
        "hf_overrides",
        "limit_mm_per_prompt",
        "language_model_only",
        "distributed_executor_backend",
        "speculative_config",
        "spec_method",
        "spec_model",
        "spec_tokens",
        "structured_outputs_config",
        "compilation_config",
        "attention_config",
        "kernel_config",
        "mamba_config",
        "optimization_level",
        "performance_mode",
        "cudagraph_capture_sizes",
        "max_cudagraph_capture_size",
        "ir_op_priority",
        "block_size",
        "enable_prefix_caching",
        "prefix_caching_hash_algo",
        "prefix_cache_retention_interval",
        "disable_sliding_window",
        "disable_cascade_attn",
        "offload_backend",
        "cpu_offload_gb",
        "cpu_offload_params",
        "offload_group_size",
        "offload_num_in_group",
        "offload_prefetch_step",
        "offload_params",
        "max_num_scheduled_tokens",
        "long_prefill_token_threshold",
        "long_prefill_token_threshold_adaptive",
        "max_num_active_seqs",
        "use_fp64_gumbel",
        "disable_custom_all_reduce",
        "enable_shm_tensor_arena",
        "num_gpu_blocks_override",
        "enable_chunked_prefill",
        "scheduler_reserve_full_isl",
        "prefill_schedule_interval",
        "disable_hybrid_kv_cache_manager",
        "enable_flashinfer_autotune",
        "kv_cache_dtype_skip_layers",
        "mamba_cache_dtype",
        "mamba_ssm_cache_dtype",
        "mamba_block_size",
        "mamba_cache_mode",
        "mamba_backend",
        "mamba_ssu_algorithm",
        "enable_mamba_cache_stochastic_rounding",
        "mamba_cache_philox_rounds",
        "enable_mamba_shared_prefix_checkpoint",
        "prefix_match_unit",
        "replayssm_buffer_len",
        "use_replayssm",
        "kv_sharing_fast_prefill",
        "swa_bounded_replay",
        "moe_backend",
        "linear_backend",
        "sparse_indexer_topk_backend",
        "all2all_backend",
        "gdn_prefill_backend",
        "kda_prefill_backend",
        "kda_decode_backend",
        "enable_ep_weight_filter",
        "enable_batch_sharded_sampling",
        "expert_placement_strategy",
        "enable_eplb",
        "eplb_config",
        "enable_dbo",
        "ubatch_size",
        "dbo_decode_token_threshold",
        "dbo_prefill_token_threshold",
        "dcp_comm_backend",
        "dcp_q_replicate",
        "dcp_kv_cache_interleave_size",
        "cp_kv_cache_interleave_size",
        "prefill_context_parallel_size",
        "decode_context_parallel_size",
        "enable_hc_sp",
        "numa_bind",
        "numa_bind_nodes",
        "numa_bind_cpus",
        "distributed_timeout_seconds",
        "cpu_distributed_timeout_seconds",
        "max_parallel_loading_workers",
        "safetensors_load_strategy",
        "safetensors_prefetch_num_threads",
        "safetensors_prefetch_block_size",
        "pt_load_map_location",
        "use_tqdm_on_load",
        "model_loader_extra_config",
        "ignore_patterns",
        "model_impl",
        "lora_dtype",
        "fully_sharded_loras",
        "max_cpu_loras",
        "lora_target_modules",
        "specialize_active_lora",
        "enable_mixed_moe_lora_format",
        "enable_moe_shared_loras",
        "disable_nccl_for_dp_synchronization",
        "enable_cumem_allocator",
        "enable_nccl_comm_suspend",
        "fail_on_environ_validation",
        "skip_mm_profiling",
        "mm_processor_cache_gb",
        "jit_monitor_mode",
        "shutdown_timeout",
        "additional_config",
        "engram_config",
    ]
)

# Where glane has a key of its own, which it checks and keeps in the fingerprint.
INSTEAD: Mapping[str, str] = {
    "model": "model.path",
    **{
        name: f"model.{name}"
        for name in (
            "tokenizer", "tokenizer_mode", "load_format", "config_format", "dtype", "kv_cache_dtype", "max_model_len",
            "pipeline_parallel_size", "tensor_parallel_size", "gpu_memory_utilization", "max_num_batched_tokens",
            "max_num_seqs", "attention_backend", "async_scheduling", "reasoning_parser",
        )
    },
    "enable_expert_parallel": "model.expert_parallel",
    "kv_cache_memory_bytes": "model.kv_cache_mib",
    "kv_offloading_size": "model.kv_offload_gib",
    "seed": "model.sampling.seed",
    "reasoning_config": "model.reasoning_tokens",
    "enable_lora": "model.adapter",
    "max_loras": "model.adapter",
    "max_lora_rank": "model.adapter",
    "default_mm_loras": "model.adapter",
}  # fmt: skip

_WHY = {
    "would hand what an engine has computed of documents to a server beside it": "kv_offloading_backend",
    "changes what an answer or its confidence is, which glane decides": """
        enable_return_routed_experts return_sampling_mask runner convert skip_tokenizer_init enable_prompt_embeds
        max_logprobs logprobs_mode enable_trace_replay aux_output_config diffusion_config pooler_config tokens_only
        stream_interval generation_config override_generation_config watermark watermark_config
        max_lora_cls_labels""",
    "would change how the engines of a run share the machines and the requests": """
        nnodes node_rank device_ids data_parallel_size data_parallel_rank data_parallel_start_rank
        data_parallel_size_local data_parallel_multi_port_external_lb data_parallel_backend enable_elastic_ep
        elastic_ep_max_dp_size dp_sync_interval _api_process_count _api_process_rank max_num_queued_reqs
        max_num_queued_tokens scheduling_policy enable_sleep_mode sleep_mode_offload_cudagraph
        sleep_preserve_parameter_names fault_tolerance_config enable_fault_tolerance renderer_num_workers""",
    "would take the weights, or a name or password, from a place that glane does not check": """
        model_weights served_model_name revision tokenizer_revision hf_token""",
    "is about images and sound, which glane does not ask about": """
        allowed_media_domains enable_mm_embeds interleave_mm_strings media_io_kwargs mm_processor_kwargs
        mm_processor_cache_type mm_hasher_algorithm mm_shm_cache_max_object_size_mb mm_encoder_only mm_encoder_tp_mode
        mm_encoder_attn_backend mm_encoder_attn_dtype mm_encoder_fp8_scale_save_margin video_pruning_rate
        video_pruning_method mm_tensor_ipc mm_processor_device mm_ipc_gpu_memory_gb mm_device_do_normalize
        enable_tower_connector_lora disable_chunked_mm_input enable_mm_processor_stats ec_manager_config""",
    "has vLLM measure and log what nobody reads here": """
        disable_log_stats aggregate_engine_logging ray_workers_use_nsight show_hidden_metrics_for_version
        per_request_spec_decode_metrics kv_cache_metrics kv_cache_metrics_sample custom_histogram_buckets
        cudagraph_metrics enable_layerwise_nvtx_tracing enable_mfu_metrics enable_logging_iteration_details
        jit_monitor_verbose log_level""",
}
REFUSED: Mapping[str, str] = {name: why for why, names in _WHY.items() for name in names.split()}
