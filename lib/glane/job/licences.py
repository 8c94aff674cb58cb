"""Licences of models: told at the start, and those that forbid routine use wait for somebody to say that they may."""

from __future__ import annotations

from glane.errors import ConfigError
from glane.settings import ModelSettings


def refuse_unlicensed(model: ModelSettings) -> None:
    """Refuse a model whose licence restricts its use, unless `model.accept_licence` names that licence.

    Raises:
        ConfigError: naming the licence and the ways out; or if a licence is accepted that needs no accepting.
    """
    if model.accept_licence is not None and not model.restricted:
        raise ConfigError(
            f"model.accept_licence: {model.name!r} is not marked as restricted (model.restricted), so there is "
            "nothing to accept. Leave it out; or, if its licence restricts the use, set model.restricted=true and "
            "model.licence."
        )
    if model.restricted and model.accept_licence != model.licence:
        given = "" if model.accept_licence is None else f" (model.accept_licence names {model.accept_licence!r})"
        raise ConfigError(
            f"model: {model.name!r} is under the licence {model.licence!r}, which restricts what it and its answers "
            f"may be used for{given}. If you may use it so, set model.accept_licence={model.licence}; otherwise choose "
            "another model."
        )


def licence_line(model: ModelSettings) -> str:
    """What a run says of its model at the start."""
    licence = "of unknown licence" if model.licence is None else f"licence {model.licence}"
    accepted = ", accepted by model.accept_licence" if model.restricted else ""
    released = "" if model.released is None else f", released {model.released}"
    return f"model  {model.name}: {licence}{accepted}{released}"
