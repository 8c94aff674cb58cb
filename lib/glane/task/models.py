"""Pydantic models as JSON Schemas. To read a model is to import its module, which runs the module's code.

Pydantic leaves some rules of a model out of its JSON Schema. They are refused here, or told.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from typing import Any, TypeGuard

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from glane.errors import ConfigError, did_you_mean

_KEY = "task.pydantic_model"
_BOUNDS = ("gt", "ge", "lt", "le", "now_op")  # of dates and times; JSON Schema has no keyword for them
_DIGITS = ("max_digits", "decimal_places")


def schema_of_model(name: str) -> tuple[Mapping[str, Any], list[str]]:
    """Import the Pydantic model named `module:Class`. Return its JSON Schema, and notes on what it does not hold.

    Raises:
        ConfigError: if it cannot be imported, is no Pydantic model, or has a rule that JSON Schema does not have.
    """
    model = _model(name)
    notes: dict[str, None] = {}

    class Schema(_Schema):
        told = notes

    try:
        return model.model_json_schema(schema_generator=Schema), list(notes)
    except ConfigError as error:
        raise ConfigError(f"{_KEY}: {name!r}: {error}") from None
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{_KEY}: {name!r} has no JSON Schema ({type(error).__name__}{_where(error)}). "
            "Give each field a type that JSON has, as str, int, float, bool, date or list."
        ) from None


def _model(name: str) -> type[BaseModel]:
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise ConfigError(f"{_KEY}: {name!r} does not name a model; write module:Class.")
    try:
        module = importlib.import_module(module_name)
        model = getattr(module, class_name, None)
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}: " if error.lineno else ""
        raise ConfigError(f"{_KEY}: {name!r} is not Python: {where}{error.msg}.") from None
    except ModuleNotFoundError as error:
        raise ConfigError(f"{_KEY}: {name!r} cannot be imported as module:Class (no module {error.name!r}).") from None
    except (Exception, SystemExit) as error:  # its message may quote data that the module reads
        raise ConfigError(
            f"{_KEY}: {name!r} cannot be imported, as its module ends in {type(error).__name__}{_where(error)}. "
            "Importing a module runs its code; try it with python -c."
        ) from None
    if _is_model(model):
        return model
    models = [f"{module_name}:{key}" for key, one in vars(module).items() if _is_model(one)]
    raise ConfigError(f"{_KEY}: {name!r} is no Pydantic model. {did_you_mean(name, models)}")


def _is_model(value: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel


def _where(error: BaseException) -> str:
    """The place in the user's code at which an error was raised."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    return f", {own[-1].filename}, line {own[-1].lineno}" if own else ""


def _is_library(file: str) -> bool:
    return file == __file__ or "importlib" in file or "site-packages" in file


class _Schema(GenerateJsonSchema):
    """Pydantic's JSON Schema, without dropping what JSON Schema cannot say.

    A decimal is a number, not also a text, which would be free of the number's bounds.
    """

    told: dict[str, None]

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        _refuse(schema, _DIGITS, "decimal")
        found = super().decimal_schema(schema)
        return found["anyOf"][0] if "anyOf" in found else found

    def date_schema(self, schema: Any) -> JsonSchemaValue:
        _refuse(schema, _BOUNDS, "date")
        return super().date_schema(schema)

    def time_schema(self, schema: Any) -> JsonSchemaValue:
        _refuse(schema, _BOUNDS, "time")
        return super().time_schema(schema)

    def datetime_schema(self, schema: Any) -> JsonSchemaValue:
        _refuse(schema, _BOUNDS, "datetime")
        return super().datetime_schema(schema)

    def timedelta_schema(self, schema: Any) -> JsonSchemaValue:
        _refuse(schema, _BOUNDS, "timedelta")
        return super().timedelta_schema(schema)

    def function_before_schema(self, schema: Any) -> JsonSchemaValue:
        self._tell(schema)
        return super().function_before_schema(schema)

    def function_after_schema(self, schema: Any) -> JsonSchemaValue:
        self._tell(schema)
        return super().function_after_schema(schema)

    def function_wrap_schema(self, schema: Any) -> JsonSchemaValue:
        self._tell(schema)
        return super().function_wrap_schema(schema)

    def function_plain_schema(self, schema: Any) -> JsonSchemaValue:
        self._tell(schema)
        return super().function_plain_schema(schema)

    def _tell(self, schema: Any) -> None:
        function = schema["function"]["function"]
        name = getattr(function, "__name__", type(function).__name__)
        self.told[f"the model's validator {name!r} is code, and does not check answers; task.rules can."] = None


def _refuse(schema: Mapping[str, Any], keys: tuple[str, ...], kind: str) -> None:
    """Refuse rules of a model that its JSON Schema would not have."""
    if given := [key for key in keys if schema.get(key) is not None]:
        raise ConfigError(
            f"{given[0]} of a {kind} is a rule that glane would not enforce. "
            "Leave it out of the model, and write it as one of task.rules."
        )
