"""The numbers that functions of notebooks take, held to what the settings of the same job allow."""

from __future__ import annotations

import math
import numbers
from typing import Annotated, Any

import numpy as np
from pydantic import create_model

from glane.errors import ConfigError
from glane.validation import Strict, validated


def check_numbers(settings: type[Strict], **values: float | None) -> None:
    """Check arguments by the fields of the same names of a job's settings.

    Raises:
        ConfigError: for what is no number, not finite, or out of the range of its field.
    """
    for name, value in values.items():
        if value is None:
            continue
        if not isinstance(value, numbers.Real):
            raise ConfigError(f"{name}: a number is needed (it is a {type(value).__name__}).")
        if not math.isfinite(value):
            raise ConfigError(f"{name}: a finite number is needed (it is {value}).")
    fields: dict[str, Any] = {
        name: (Annotated[(field.annotation, *field.metadata)], ...)
        for name, field in settings.model_fields.items()
        if name in values
    }
    # NumPy's numbers are Python's here: pydantic reads these only.
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    validated(create_model(settings.__name__, __base__=Strict, **fields), plain, place="")
