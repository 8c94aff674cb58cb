"""Which code of glane's own runs inside vLLM: shared grammars, forced tokens, drafts, and the mass that a mask left.

All of it rests on private names of vLLM, and is used with versions that it was tried with.
"""

from __future__ import annotations

from typing import Any

from glane.engine.arguments import engine_arguments
from glane.engine.quote_drafts import MOST_DRAFTED
from glane.settings import ModelSettings
from glane.versions import vllm_version

SCHEDULER = "glane.engine.grammars.scheduler"  # vLLM's scheduler with shared grammars
FORCING_SCHEDULER = "glane.engine.grammars.forcing_scheduler"  # and with tokens that they force
DRAFTING_SCHEDULER = "glane.engine.grammars.drafting_scheduler"  # and with drafts within quotes
PROPOSER = "glane.engine.no_proposals.NoProposals"  # has vLLM check what the scheduler drafts
MASS_EXTENSION = "glane.engine.mass_extension.MassExtension"  # sends the mass that the mask left
FORCING_EXTENSION = "glane.engine.forcing_extension.ForcingExtension"  # takes forced tokens
WORKER_EXTENSION = "glane.engine.worker_extension.WorkerExtension"  # both


def arguments_with_own_code(settings: ModelSettings, device: str, *, num_nodes: int = 1) -> dict[str, Any]:
    """The arguments of an engine that uses code of glane."""
    forces = forces_tokens(settings, device)
    own: dict[str, Any] = {}
    if wants_shared_grammars(settings):
        own["scheduler_cls"] = FORCING_SCHEDULER if forces else SCHEDULER
    extensions = {(True, True): WORKER_EXTENSION, (True, False): FORCING_EXTENSION, (False, True): MASS_EXTENSION}
    if (extension := extensions.get((forces, tells_mass(settings)))) is not None:
        own["worker_extension_cls"] = extension
    if forces:
        own["async_scheduling"] = False  # the next step is planned once the tokens of the last one are known
    if drafts_quotes(settings):
        own["scheduler_cls"] = DRAFTING_SCHEDULER
        own["speculative_config"] = _speculation(settings)
    return {**own, **engine_arguments(settings, device, num_nodes=num_nodes)}


def tells_mass(settings: ModelSettings) -> bool:
    """Whether the engine tells what a mask left to a token."""
    return settings.quote_mass and _is_tried()


def forces_tokens(settings: ModelSettings, device: str) -> bool:
    """Whether tokens that the grammar forces are appended without asking the model.

    With drafts within quotes always. By default on CPU only: on a GPU vLLM plans the next step while one runs, which
    knows no forced tokens. Whether fewer steps outweigh that was not measured.
    """
    if drafts_quotes(settings):
        return True
    if settings.forced_tokens != "auto":
        return settings.forced_tokens
    is_possible = settings.async_scheduling is not True and settings.pipeline_parallel_size == 1
    return device == "cpu" and is_possible and wants_shared_grammars(settings) and _is_tried()


def drafts_quotes(settings: ModelSettings) -> bool:
    """Whether what follows in a text is drafted within quotes of it."""
    return bool(settings.quote_drafts) and wants_shared_grammars(settings)


def _speculation(settings: ModelSettings) -> dict[str, Any]:
    """vLLM's setting `speculative_config`.

    The table of batch sizes says up to how many requests drafts are made. Without a table, vLLM gives a request of
    which one token is left to compute drafts that are none (-1), and a sample would be checked as if it had been
    drafted.
    """
    all_at_once = settings.max_num_seqs
    few = all_at_once if settings.quote_drafts is True else min(settings.quote_drafts, all_at_once)
    more = [(few + 1, all_at_once, 0)] if few < all_at_once else []
    return {
        "method": "custom_class",
        "model": PROPOSER,
        "num_speculative_tokens": MOST_DRAFTED,
        "num_speculative_tokens_per_batch_size": [(1, few, MOST_DRAFTED), *more],
    }


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
    if settings.forced_tokens is True:
        found.append(f"{untried.format('forced tokens')}, and model.forced_tokens=true uses them all the same")
    if settings.quote_drafts:
        how = "uses them all the same" if drafts_quotes(settings) else "drafts none"
        found.append(f"{untried.format('drafts within quotes')}, and model.quote_drafts {how}")
    if settings.quote_mass:
        found.append(f"{untried.format('quote_mass')}: it is null, and confidence does not count it")
    return found
