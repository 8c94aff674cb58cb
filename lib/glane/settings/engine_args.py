"""What `model.engine_args` must not hold: arguments of vLLM by which code is loaded, or by which documents get out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from glane.plain_values import TooDeepError, json_values
from glane.settings.engine_fields import ALLOWED, INSTEAD, REFUSED

# Of vLLM's EngineArgs and the configurations within them; of Hugging Face's loaders, for what is passed on to them.
_LOADS_CODE = {
    "trust_remote_code": "runs programs that lie beside weights",
    "code_revision": "runs programs that lie beside weights",
    "auto_map": "runs programs that lie beside weights",
    "custom_pipelines": "runs programs that lie beside weights",
    "logits_processors": "imports modules",
    "model_class_overrides": "imports modules",
    "inductor_passes": "imports modules",
    "logging_config": "may call anything",
    "log_config_file": "may call anything",
    "_target_": "may call anything",
}
# By these, vLLM sends tokens, traces or caches to other processes, or writes what it is asked to files and logs.
_LETS_OUT = re.compile(
    r"kv_events_config|(?:kv|ec|weight)_transfer_config|observability_config|profiler_config|otlp_.*"
    r"|collect_detailed_traces|enable_log_.*|max_log_len|.*(?:_|\b)(?:endpoint|addr|address|host|hostname|port|url|uri"
    r"|dir|path)|data_parallel_(?:rpc|hybrid|external).*"
)
_IMPORTS = re.compile(r".*(?:_cls|_class|_plugin|_plugins|_module|_module_path|_qualname)")
_NAMES_A_CLASS = re.compile(r".*(?:backend|policy|method|implementation|impl|connector|spec_name)|model")
_SAFE_FORMATS = (
    "auto", "hf", "safetensors", "mistral", "dummy", "fastsafetensors", "instanttensor", "runai_streamer",
    "runai_streamer_sharded", "sharded_state", "bitsandbytes", "gguf",
)  # fmt: skip


def complaint(arguments: Mapping[str, Any]) -> str | None:
    """Why these arguments are refused, naming the one that loads code or lets documents out; None if none does."""
    inner = (text for path, key, value in _entries(arguments, "") for text in _about(path, key, value))
    try:
        found = next(inner, None)
    except TooDeepError:  # vLLM may read it all the same
        return "a text in it holds JSON that is nested too deep to be looked at. Leave it out"
    return found or next((text for name in arguments if (text := _of_field(str(name)))), None)


def _of_field(name: str) -> str | None:
    """Why an argument of this name is refused; None if it is one that glane lets through."""
    if name in ALLOWED:
        return None
    if (key := INSTEAD.get(name)) is not None:
        return f"{name} has a key of its own in glane. Set {key}, and leave it out here"
    if (why := REFUSED.get(name)) is not None:
        return f"{name} {why}. Leave it out"
    near = get_close_matches(name, sorted(ALLOWED), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is no argument of vLLM that glane knows to be safe. Leave it out.{hint}"


def format_complaint(value: str) -> str | None:
    """Why a `load_format` is refused; None if it is not."""
    if value in _SAFE_FORMATS:
        return None
    return f"{value!r} may run programs while it reads weights. Valid: {', '.join(_SAFE_FORMATS)}"


def _entries(value: Any, prefix: str) -> Iterator[tuple[str, str, Any]]:
    """Every key at any depth: where it is, its name as Python spells it, and what it holds."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{prefix}.{name}" if prefix else str(name)
            for part in str(name).split("."):  # vLLM reads a key with dots as keys within keys
                yield path, part.strip().lstrip("-").replace("-", "_").lower(), inner
            yield from _entries(inner, path)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _entries(inner, f"{prefix}[{i}]")
    elif isinstance(value, str) and value.lstrip().startswith(("{", "[")):  # vLLM reads such a text as JSON
        try:
            yield from _entries(json_values(value), prefix)
        except TooDeepError:
            raise
        except ValueError:
            pass  # a text after all


def _about(path: str, key: str, value: Any) -> Iterator[str]:
    if key in _LOADS_CODE:
        yield f"{path} {_LOADS_CODE[key]}. Leave it out: glane runs only what is installed"
    elif _IMPORTS.fullmatch(key):
        yield f"{path} imports modules. Leave it out: glane runs only what is installed"
    elif _LETS_OUT.fullmatch(key):
        yield f"{path} may bring documents out of the run. Leave it out: what is asked stays with the engine"
    elif key == "load_format" and (said := format_complaint(str(value))):
        yield f"{path}: {said}"
    elif _NAMES_A_CLASS.fullmatch(key) and _is_class(value):
        yield f"{path}: {value!r} names a module or a class to import. Give a name that vLLM knows"


def _is_class(value: Any) -> bool:
    """Whether a text may be the place of a class, as package.module.Class; paths and names of models are none."""
    return isinstance(value, str) and (
        value == "custom_class" or bool(re.fullmatch(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+", value))
    )
