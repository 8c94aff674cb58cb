"""Quantised checkpoints: what vLLM cannot read, or not with the numbers asked for, is told from the files alone."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from glane.engine.checkpoint import quantization_of
from glane.engine.checks import check_vllm
from glane.engine.quantization import ALSO, NUMBERS, check_quantization, numbers_of
from glane.errors import ConfigError
from glane.settings import ModelSettings
from glane.settings.vllm_names import DTYPES, QUANTIZATIONS
from glane.validation import validated


def model(folder: Path, config: Any = None, **changes: Any) -> ModelSettings:
    folder.mkdir(exist_ok=True)
    if config is not None:
        (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return validated(ModelSettings, {"name": "a", "path": str(folder)} | changes, place="model")


def by(method: Any) -> dict[str, Any]:
    return {"quantization_config": {"quant_method": method}}


@pytest.mark.parametrize(
    ("config", "method"),
    [
        (None, None),
        ("{", None),
        ([], None),
        ({"model_type": "mistral"}, None),
        ({"quantization_config": None}, None),
        (by("fp8"), "fp8"),
        (by("GPTQ"), "gptq"),
        ({"compression_config": {"quant_method": "compressed_tensors"}}, "compressed-tensors"),
        ({"text_config": by("awq")}, "awq"),
        ({"quantization_config": {"bits": 4}}, ""),
        ({"quantization_config": {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}}},
         "modelopt_fp4"),
        ({"quantization_config": {"quantization": {"quant_algo": "fp8"}}}, "modelopt"),
        (by("auto-round"), "inc"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "MXFP8"}}, "modelopt_mxfp8"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "nvfp4"}}, "modelopt_fp4"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}}, "modelopt_mixed"),
        ({"quantization_config": {"quant_method": "fp8", "quant_algo": "NVFP4"}}, "fp8"),
        (by(None), ""),
        (by(["fp8"]), ""),
        ({"quantization_config": {}}, None),
        ({"quantization_config": {"quant_method": "modelopt_mixed", "quantization": {"quant_algo": "MIXED"}}},
         "modelopt_mixed"),
    ],
)  # fmt: skip
def test_a_checkpoint_says_how_it_is_quantised(config: Any, method: str | None, tmp_path: Path) -> None:
    assert quantization_of(Path(model(tmp_path / "m", config).path)) == method


@pytest.mark.parametrize(
    ("config", "changes", "words"),
    [
        (by("bitsandbytes"), {}, "'bitsandbytes', which this vLLM does not read"),
        (by("hqq"), {}, "compressed-tensors"),
        ({"quantization_config": {"bits": 4}}, {}, "not by which method"),
        (by("fp8"), {"dtype": "float32"}, "model.dtype: float32 does not go with weights quantised by fp8"),
        (by("gptq"), {"dtype": "float"}, "model.dtype=auto, or one of float16, bfloat16"),
        (by("mxfp4"), {"dtype": "half"}, "or one of bfloat16"),
        ({"text_config": by("awq")}, {"dtype": "float32"}, "awq"),
        (by(None), {}, "not by which method"),
        (by("awq"), {"engine_args": {"quantization": "fp8"}}, "fp8 does not go with weights quantised by awq"),
        (by("fp8"), {"engine_args": {"quantization": "gptq"}}, "or set one of fp8, deepseek_v4_fp8, humming"),
        (by("auto-round"), {"engine_args": {"quantization": "gptq"}}, "quantised by inc"),
        (None, {"engine_args": {"quantization": "fp9"}}, "vLLM has no 'fp9'"),
        ({"model_type": "mistral"}, {"engine_args": {"quantization": "fp8"}, "dtype": "float32"}, "fp8"),
    ],
)
def test_what_would_end_the_engine_is_told_before(config: Any, changes: Any, words: str, tmp_path: Path) -> None:
    settings = model(tmp_path / "m", config, **changes)
    with pytest.raises(ConfigError, match="^model.*") as told:
        check_quantization(settings)
    assert words in str(told.value)
    if config is not None and words.startswith("'"):
        assert str(tmp_path / "m" / "config.json") in str(told.value)


@pytest.mark.parametrize("dtype", ["auto", "bfloat16"])
@pytest.mark.parametrize("method", ["fp8", "gptq", "awq", "compressed-tensors", "mxfp4", "torchao"])
def test_what_vllm_reads_is_taken(method: str, dtype: str, tmp_path: Path) -> None:
    check_quantization(model(tmp_path / "m", by(method), dtype=dtype))


def test_it_is_among_the_checks_of_a_login_node(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bitsandbytes"):
        check_vllm(model(tmp_path / "m", by("bitsandbytes")))


def test_numbers_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="vLLM has no 'bf16'.*bfloat16"):
        model(tmp_path / "m", dtype="bf16")


def test_modelopts_own_file_is_read(tmp_path: Path) -> None:
    settings = model(tmp_path / "m", {"model_type": "llama"}, dtype="float32")
    (tmp_path / "m" / "hf_quant_config.json").write_text(json.dumps({"quantization": {"quant_algo": "NVFP4"}}))
    with pytest.raises(ConfigError, match="quantised by modelopt_fp4"):
        check_quantization(settings)


@pytest.mark.slow  # it imports vLLM
@pytest.mark.parametrize(
    "config",
    [
        *({"quant_method": name, "bits": 4, "group_size": 128} for name in ("gptq", "awq", "auto-round")),
        *({"quant_method": name} for name in ("fp8", "compressed_tensors", "mxfp4", "torchao", "quark")),
        *({"quant_method": "modelopt", "quant_algo": algo} for algo in ("FP8", "NVFP4", "MXFP8", "MIXED_PRECISION")),
        {"quant_method": "modelopt", "quantization": {"quant_algo": "NVFP4"}},
    ],
    ids=str,
)
def test_vllm_takes_or_refuses_the_same(config: dict[str, Any], tmp_path: Path, monkeypatch: Any) -> None:
    """What is taken here is taken there. What is refused here is refused there, or another one is used in silence."""
    from types import SimpleNamespace

    model_config = pytest.importorskip("vllm.config.model")
    platform = model_config.current_platform
    # As on a GPU: this machine's processor takes less.
    capability = pytest.importorskip("vllm.platforms.interface").DeviceCapability(9, 0)
    for name, answer in {"verify_quantization": None, "is_cpu": False, "get_device_capability": capability}.items():
        monkeypatch.setattr(platform, name, Mock(return_value=answer))
    differ = []
    of_one_family = "gpt_oss_mxfp4"  # taken there for mxfp4 of that family of models alone
    for asked in (None, *(name for name in QUANTIZATIONS if name != of_one_family)):
        given = SimpleNamespace(
            quantization=asked, model_arch_config=SimpleNamespace(quantization_config={**config} | _lowered(config)),
            hf_config=SimpleNamespace(model_type="llama"), allow_deprecated_quantization=True,
        )  # fmt: skip
        try:
            model_config.ModelConfig._verify_quantization(given)
            used = given.quantization
        except ValueError:
            used = None
        args = {} if asked is None else {"engine_args": {"quantization": asked}}
        try:
            check_quantization(model(tmp_path / "m", {"quantization_config": config}, **args))
            is_taken = True
        except ConfigError:
            is_taken = False
        if is_taken != (used is not None) and not (used is not None and used != asked):
            differ.append((asked, used, is_taken))
        if asked is None:
            assert used == quantization_of(tmp_path / "m") or used in ALSO.get(quantization_of(tmp_path / "m"), ())
    assert not differ


def _lowered(config: dict[str, Any]) -> dict[str, str]:
    """As vLLM's reading of config.json leaves the method."""
    return {"quant_method": config["quant_method"].lower().replace("compressed_tensors", "compressed-tensors")}


@pytest.mark.slow  # it imports vLLM
def test_the_names_and_numbers_are_those_of_this_vllm() -> None:
    quantization = pytest.importorskip("vllm.model_executor.layers.quantization")
    from typing import get_args

    from vllm.config.model import ModelDType

    assert set(DTYPES) == set(get_args(ModelDType))
    assert set(QUANTIZATIONS) == set(get_args(quantization.QuantizationMethods))
    assert set(NUMBERS) <= set(QUANTIZATIONS)
    for method in QUANTIZATIONS:
        kind = quantization.get_quantization_config(method)
        try:
            numbers = kind.get_supported_act_dtypes()
        except TypeError:  # no class method in all of them, and none reads its instance
            numbers = kind.get_supported_act_dtypes(None)
        told = {str(number).removeprefix("torch.") for number in numbers} - {"float8_e4m3fn"}
        assert told == set(numbers_of(method)), method
