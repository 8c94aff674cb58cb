"""Which code of glane's own runs inside vLLM: shared grammars, and the mass that a mask left.

Both rest on private names of vLLM, and are used with versions that they were tried with.
"""

from __future__ import annotations

from typing import Any

from glane.engine.arguments import engine_arguments
from glane.settings import ModelSettings
from glane.versions import vllm_version

SCHEDULER = "glane.engine.grammars.scheduler"  # vLLM's scheduler with shared grammars
WORKER_EXTENSION = "glane.engine.worker_extension.WorkerExtension"  # sends the mass that the mask left


def arguments_with_own_code(settings: ModelSettings, device: str, *, num_nodes: int = 1) -> dict[str, Any]:
    """The arguments of an engine that uses code of glane."""
    shared = {"scheduler_cls": SCHEDULER} if wants_shared_grammars(settings) else {}
    mass = {"worker_extension_cls": WORKER_EXTENSION} if settings.quote_mass and _is_tried() else {}
    return {**shared, **mass, **engine_arguments(settings, device, num_nodes=num_nodes)}


def wants_shared_grammars(settings: ModelSettings) -> bool:
    """Whether grammars of one document are shared, as the settings or the version say."""
    if settings.shared_grammars != "auto":
        return settings.shared_grammars
    return _is_tried()


def _is_tried() -> bool:
    from glane.engine.vllm_compat import is_tried

    return is_tried(vllm_version())


def warnings_of(settings: ModelSettings) -> list[str]:
    """Warnings if shared grammars or quote_mass are wanted, and this version of vLLM was not tried with them."""
    if settings.shared_grammars is False and not settings.quote_mass:
        return []
    if _is_tried():
        return []
    from glane.engine.vllm_compat import tried_versions

    version, found = vllm_version(), []
    untried = f"vLLM {version} was not tried with {{}} (tried: {tried_versions()})"
    tried = untried.format("shared grammars")
    if settings.shared_grammars == "auto":
        found = [f"{tried}: each answer gets a grammar of its own, which takes longer and changes no answer"]
    elif settings.shared_grammars:
        found = [f"{tried}, and model.shared_grammars=true uses them all the same; =auto would not"]
    if settings.quote_mass:
        found.append(f"{untried.format('quote_mass')}: it is null, and confidence does not count it")
    return found
