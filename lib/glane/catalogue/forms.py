"""The two forms in which one model may lie in a folder: which of them vLLM reads, and what is then not needed."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Literal

from glane.engine.manifest import ModelFacts

Form = Literal["auto", "mistral", "transformers", "both"]
MISTRAL, TRANSFORMERS = "consolidated*.safetensors*", "model*.safetensors*"  # with their indexes
_INDEX = "model.safetensors.index.json"


def of_another_form(names: Sequence[str], form: Form) -> dict[str, str]:
    """The files of weights that are not needed, and why.

    Where both forms are there, vLLM reads Mistral's own, unless it is told another one; so that is kept, if it has its
    configuration.
    """
    forms = {pattern: [name for name in names if fnmatch(name, pattern)] for pattern in (MISTRAL, TRANSFORMERS)}
    if form == "both" or not all(forms.values()):
        return {}
    is_mistral = form == "mistral" or (form == "auto" and "params.json" in names)
    left, other = (TRANSFORMERS, "transformers") if is_mistral else (MISTRAL, "mistral")
    why = f"the same weights in the form {other}; form={other} takes these, form=both all"
    return dict.fromkeys(forms[left], why)


def not_read(names: Sequence[str], load_format: str) -> set[str]:
    """The files of weights in a folder that vLLM does not read, by what its loader of this format takes.

    Mistral's own are taken where they are there, unless another format is told; then the others are, and of files that
    lie beside those of an index, these.
    """
    weights = {name for name in names if name.endswith(".safetensors")}
    pickles = {name for name in names if weights and name.endswith((".bin", ".pt", ".pth"))}
    own = {name for name in weights if fnmatch(name, MISTRAL)}
    if load_format == "mistral" or (load_format == "auto" and own):
        return pickles | (weights - own) | ({_INDEX} & set(names)) if own else set()
    return pickles | {name for name in names if _INDEX in names and fnmatch(name, MISTRAL)}


def form_of(names: Sequence[str]) -> Literal["mistral", "transformers", "both", "adapter"]:
    """In which form the weights are."""
    if "adapter_config.json" in names and "config.json" not in names:
        return "adapter"
    is_mistral, is_other = (any(fnmatch(name, one) for name in names) for one in (MISTRAL, TRANSFORMERS))
    return "both" if is_mistral and is_other else "mistral" if is_mistral else "transformers"


def loading(facts: ModelFacts) -> dict[str, str]:
    """The settings by which a model in this form is read, beside the defaults."""
    if facts.form != "mistral":
        return {}
    return {"tokenizer_mode": "mistral", "config_format": "mistral", "load_format": "mistral"}
