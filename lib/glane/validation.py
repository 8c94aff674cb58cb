"""Strict reading of configuration into frozen pydantic models, with errors that name the remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from glane.errors import ConfigError, did_you_mean


class Strict(BaseModel):
    """A frozen value whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


T = TypeVar("T", bound=BaseModel)


def validated(model: type[T], values: Mapping[str, Any], *, place: str) -> T:
    """Return `values` as a `model`.

    Raises:
        ConfigError: naming every wrong key under `place`, what was found, and what is valid.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        lines = [
            _explain(model, item["type"], item["loc"], item["msg"], item["input"], place) for item in error.errors()
        ]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _explain(model: type[BaseModel], kind: str, location: Sequence[Any], message: str, value: Any, place: str) -> str:
    name = ".".join([part for part in (place, *map(str, location)) if part])
    if kind == "extra_forbidden":
        return f"{name}: unknown key. {did_you_mean(str(location[-1]), _valid_keys(model, location[:-1]))}"
    if kind == "missing":
        return f"{name}: missing. Set it."
    shown = f" (it is {value!r})" if location and isinstance(value, str | int | float | None) else ""
    return f"{name}: {message.removeprefix('Value error, ')}{shown}."


def _valid_keys(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    here: Any = model
    for part in location:
        field = here.model_fields.get(str(part))
        here = field.annotation if field else None
        if not (isinstance(here, type) and issubclass(here, BaseModel)):
            return []
    return list(here.model_fields)
