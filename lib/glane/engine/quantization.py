"""Whether quantised weights can be read, and with which numbers vLLM then computes: told before a GPU is asked for.

What a GPU can do is not known here: vLLM says it at its start, with the weights not yet loaded.
"""

from __future__ import annotations

from pathlib import Path

from glane.engine.checkpoint import quantization_of
from glane.errors import ConfigError
from glane.settings import ModelSettings
from glane.settings.vllm_names import QUANTIZATIONS

_ALL, _HALF, _BRAIN = ("float32", "float16", "bfloat16"), ("float16", "bfloat16"), ("bfloat16",)
# The numbers that each method computes with, by get_supported_act_dtypes of its class in vLLM; _HALF for the others.
NUMBERS = {
    "torchao": _ALL, "compressed-tensors": _ALL,
    "fp_quant": _BRAIN, "mxfp4": _BRAIN, "gpt_oss_mxfp4": _BRAIN, "modelopt_mxfp8": _BRAIN, "mxfp8": _BRAIN,
}  # fmt: skip
# What vLLM takes for a checkpoint's method beside its own name, by override_quantization_method of its classes. Any
# other name ends the engine, or is passed over in silence.
ALSO = {
    "gptq": ("auto_gptq", "gptq_marlin", "moe_wna16"), "awq": ("auto_awq", "awq_marlin", "moe_wna16"),
    "fp8": ("deepseek_v4_fp8",), "mxfp4": ("gpt_oss_mxfp4",),
}  # fmt: skip
_ANY = "humming"  # computes with all of them
_LONG = {"half": "float16", "float": "float32"}


def check_quantization(settings: ModelSettings) -> None:
    """Check that vLLM reads the checkpoint's quantisation, and that `model.dtype` goes with it.

    Raises:
        ConfigError: naming the file or the setting, and the remedy.
    """
    told, asked = quantization_of(Path(settings.path)), settings.engine_args.get("quantization")
    if told is not None and told not in QUANTIZATIONS:
        raise ConfigError(
            f"model.path: {Path(settings.path) / 'config.json'} tells of weights that are quantised"
            + (f" by {told!r}, which this vLLM does not read." if told else ", and not by which method (quant_method).")
            + f" Take weights that are not quantised, or quantised by one of {', '.join(QUANTIZATIONS)}."
        )
    if asked is not None and asked not in QUANTIZATIONS:
        raise ConfigError(
            f"model.engine_args.quantization: vLLM has no {asked!r}. Valid: {', '.join(QUANTIZATIONS)}; or leave it "
            "out: a quantised checkpoint says its own."
        )
    if told is not None and asked not in (None, _ANY, *(valid := (told, *ALSO.get(told, ())))):
        raise ConfigError(
            f"model.engine_args.quantization: {asked} does not go with weights quantised by {told}. Leave it out: the "
            f"checkpoint says its own; or set one of {', '.join((*valid, _ANY))}."
        )
    method = told or asked
    if method is None or settings.dtype == "auto":
        return
    valid = numbers_of(method)
    if _LONG.get(settings.dtype, settings.dtype) not in valid:
        raise ConfigError(
            f"model.dtype: {settings.dtype} does not go with weights quantised by {method}. "
            f"Set model.dtype=auto, or one of {', '.join(valid)}."
        )


def numbers_of(method: str) -> tuple[str, ...]:
    """The numbers that vLLM computes with where weights are quantised by a method."""
    return NUMBERS.get(method, _HALF)
