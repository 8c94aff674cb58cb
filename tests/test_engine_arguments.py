"""What vLLM's engine is told of a model: text alone, and options that the shipped models want."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from conftest import DEMO_MODEL, ROOT
from glane.composition import composed
from glane.engine.arguments import engine_arguments
from glane.engine.checkpoint import is_multimodal
from glane.engine.vllm import VllmEngine
from glane.errors import ConfigError, EngineError
from glane.settings import ModelSettings
from glane.validation import validated

PRESETS = sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml"))


def checkpoint(folder: Path, **files: Any) -> Path:
    folder.mkdir()
    for name, values in files.items():
        (folder / f"{name}.json").write_text(values if isinstance(values, str) else json.dumps(values))
    return folder


@pytest.mark.parametrize(
    ("files", "multimodal"),
    [
        ({"config": {"model_type": "mistral3", "vision_config": {"hidden_size": 8}}}, True),
        ({"config": {"model_type": "x", "audio_config": {"a": 1}}}, True),
        ({"params": {"dim": 8, "vision_encoder": {"hidden_size": 8}}}, True),
        ({"config": {"model_type": "mistral"}, "params": {"multimodal": {"whisper_model_args": {}}}}, True),
        ({"config": {"model_type": "mistral", "vision_config": None}}, False),
        ({"config": {"model_type": "mistral", "vision_config": {}}}, False),
        ({"config": {"model_type": "mistral"}, "params": {"dim": 8}}, False),
        ({"config": "{"}, False),
        ({"config": []}, False),
        ({}, False),
    ],
)
def test_a_model_that_reads_images_is_served_for_text_alone(
    files: dict[str, Any], multimodal: bool, tmp_path: Path
) -> None:
    folder = checkpoint(tmp_path / "m", **files)
    assert is_multimodal(folder) is multimodal
    model = DEMO_MODEL.model_copy(update={"path": str(folder)})
    assert engine_arguments(model, "gpu").get("language_model_only") is (True if multimodal else None)
    own = model.model_copy(update={"engine_args": {"limit_mm_per_prompt": {"image": 1}}})
    assert "language_model_only" not in engine_arguments(own, "gpu")


@pytest.mark.slow  # it imports vLLM
def test_this_vllm_takes_the_arguments_of_each_shipped_model(tmp_path: Path) -> None:
    kind = pytest.importorskip("vllm.engine.arg_utils").EngineArgs
    from vllm.config.multimodal import MultiModalConfig
    from vllm.config.structured_outputs import StructuredOutputsConfig

    assert MultiModalConfig(language_model_only=True).get_limit_per_prompt("image") == 0
    folder = checkpoint(tmp_path / "m", params={"vision_encoder": {"a": 1}})
    for name in PRESETS:
        if name == "scripted":
            continue
        words = [f"model={name}", "task=ed_visit", "data.path=d.parquet", f"model.path={folder}", "model.name=x"]
        model = validated(ModelSettings, composed("extract", words)["model"], place="model")
        for more in ({}, {"expert_parallel": True, "kv_cache_dtype": "fp8", "async_scheduling": True}):
            told = engine_arguments(model.model_copy(update=more), "gpu")
            made = kind(**told)
            assert StructuredOutputsConfig(**told["structured_outputs_config"]).backend == "guidance"
            assert made.language_model_only
            assert made.enable_expert_parallel is bool(more)


def test_the_largest_models_have_what_their_recipes_say() -> None:
    def shown(name: str) -> dict[str, Any]:
        return composed("extract", [f"model={name}", "task=ed_visit", "data.path=d.parquet"])["model"]

    small = shown("mistral_119b")
    assert (small["tensor_parallel_size"], small["attention_backend"]) == (2, "FLASH_ATTN_MLA")
    assert (small["max_num_batched_tokens"], small["max_num_seqs"]) == (16384, 128)
    large = shown("mistral_large")
    assert (large["tensor_parallel_size"], large["pipeline_parallel_size"]) == (8, 1)


@pytest.mark.slow  # it imports vLLM
@pytest.mark.parametrize(
    ("tensor", "pipeline", "num_nodes", "backend"),
    [(8, 2, 2, "ray"), (8, 1, 1, "mp"), (2, 2, 1, "mp"), (1, 1, 1, None)],
)
def test_vllm_takes_the_executor_of_an_engine(
    tensor: int, pipeline: int, num_nodes: int, backend: str | None, monkeypatch: Any
) -> None:
    """On a node that shows eight GPUs, vLLM refuses an engine of sixteen whose executor is not named."""
    parallel = pytest.importorskip("vllm.config.parallel")
    platform = Mock(wraps=parallel.current_platform)
    platform.is_cuda.return_value, platform.is_tpu.return_value, platform.device_count.return_value = True, False, 8
    monkeypatch.setattr(parallel, "current_platform", platform)
    model = DEMO_MODEL.model_copy(update={"tensor_parallel_size": tensor, "pipeline_parallel_size": pipeline})
    values = engine_arguments(model, "gpu", num_nodes=num_nodes)
    assert values.get("distributed_executor_backend") == backend
    names = ("tensor_parallel_size", "pipeline_parallel_size", "distributed_executor_backend")
    made = parallel.ParallelConfig(**{name: values[name] for name in names if name in values})
    assert made.distributed_executor_backend == (backend or "uni")
    if num_nodes > 1:
        with pytest.raises(ValueError, match="larger than the number of available GPUs"):
            parallel.ParallelConfig(tensor_parallel_size=tensor, pipeline_parallel_size=pipeline)
    assert "distributed_executor_backend" not in engine_arguments(model, "cpu")


def test_what_the_cache_has_no_room_for_goes_to_the_nodes_memory_where_that_is_asked_for() -> None:
    names = {"kv_offloading_size", "kv_offloading_backend"}
    assert not names & set(engine_arguments(DEMO_MODEL, "gpu"))
    told = engine_arguments(DEMO_MODEL.model_copy(update={"kv_offload_gib": 0.5}), "gpu")
    assert {name: told[name] for name in names} == {"kv_offloading_size": 0.5, "kv_offloading_backend": "native"}
    with pytest.raises(EngineError, match=r"model\.kv_offload_gib: .*works on a CPU"):
        VllmEngine(DEMO_MODEL.model_copy(update={"kv_offload_gib": 0.5}), device="cpu", cpus=1)
    with pytest.raises(ConfigError, match="kv_offload_gib"):
        validated(ModelSettings, {**DEMO_MODEL.model_dump(), "kv_offload_gib": 0}, place="model")
