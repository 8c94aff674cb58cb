"""The words of a command line: options and overrides in any order, texts written as in any other command."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from glane.composition.files import read_mapping
from glane.composition.literal import literal, literal_text, needs_care
from glane.composition.places import GROUPS
from glane.errors import ConfigError, did_you_mean
from glane.types import KeyType

_VALUE_OPTIONS = ("--config-dir", "-cd", "--cfg", "-c")
OPTIONS = (*_VALUE_OPTIONS, "--multirun", "-m", "--resolve", "--help", "-h", "--version", "-V")
FREE_KEYS = ("model.engine_args", "model.script", "cluster.sbatch", "compare")  # mappings whose keys are not glane's
LEFT_OUT = ("task.version", "task.language", "task.inputs", "task.lookups", "task.examples")
"""The keys of a task that its file may leave out, and that nothing else has: a command line sets them all the same."""
OPTIONAL = (
    "table.time", "table.place", "table.age", "table.signals", "table.disclosure", "brief.where", "brief.period",
    "brief.place", "brief.statements", "brief.disclosure", "disclosure",
)  # fmt: skip
"""Mappings that a file may leave out, whole or in part: their keys are checked when they are read."""
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_ITEM = re.compile(rf"\s*(?:({_QUOTED.pattern})\s*(?=,|$)|([^,]*))(?:,|$)")
_GROUPED = re.compile(r"""["'(\[{]""")  # begins what holds commas of its own
_SWEPT = re.compile(r"(?:choice|range|glob)\(.*\)")  # Hydra's ways to name several values


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a command is told, beside its name."""

    overrides: tuple[str, ...]  # as Hydra reads them
    folders: tuple[Path, ...]  # of --config-dir
    is_sweep: bool  # -m
    is_shown: bool  # --cfg job: the settings are shown, and nothing else is done
    is_resolved: bool  # --resolve: shown with what stands for other keys filled in


def command_line(arguments: Sequence[str], types: Mapping[str, KeyType]) -> CommandLine:
    """Read the words of a command line. `types` tells which keys of the job are texts and lists.

    Raises:
        ConfigError: for a word that is neither an option nor an override, or changes what is not the job's.
    """
    options, overrides = _parted(arguments)
    is_sweep = bool({"-m", "--multirun"}.intersection(name for name, _ in options))
    shown = [value for name, value in options if name in ("--cfg", "-c")]
    if set(shown) - {"job"}:
        raise ConfigError(f"--cfg: {shown[-1]!r} cannot be shown. Valid: job.")
    return CommandLine(
        overrides=tuple(quoted(word, types, is_sweep=is_sweep) for word in overrides),
        folders=tuple(_folder(value) for name, value in options if name in ("--config-dir", "-cd")),
        is_sweep=is_sweep,
        is_shown=bool(shown),
        is_resolved="--resolve" in (name for name, _ in options),
    )


def own_folders(arguments: Sequence[str]) -> list[Path]:
    """What a command line names as folders of configuration, also one that is not whole yet."""
    following = [*arguments[1:], ""]
    return [
        Path(word.partition("=")[2] or after)
        for word, after in zip(arguments, following, strict=False)
        if word.partition("=")[0] in ("--config-dir", "-cd")
    ]


def _parted(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Options with their values, and overrides."""
    options: list[tuple[str, str]] = []
    overrides: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            check_override(word, arguments)
            overrides.append(word)
        elif name not in OPTIONS:
            valid = [option for option in OPTIONS if option.startswith("--")]
            raise ConfigError(
                f"{name}: no such option. {did_you_mean(name, valid)} Keys are written without dashes: key=value."
            )
        elif name in _VALUE_OPTIONS and not equals and not words:
            raise ConfigError(f"{name}: its value is missing. Write {name} VALUE.")
        else:
            options.append((name, words.pop(0) if name in _VALUE_OPTIONS and not equals else value))
    return options, overrides


def _folder(told: str) -> Path:
    path = Path(told).expanduser().absolute()
    if not path.is_dir():
        raise ConfigError(f"--config-dir: {told} is no folder. Give one that holds task/NAME.yaml or model/NAME.yaml.")
    return path


def check_override(word: str, arguments: Sequence[str]) -> None:
    """Refuse a word that is no override, or one of what is Hydra's own.

    Raises:
        ConfigError: naming what it should be.
    """
    key, equals, _ = word.partition("=")
    if re.match(r"[~+]*hydra\b", key):
        raise ConfigError(f"{key}: settings of Hydra itself are not taken. Sweeps need -m alone, and write nothing.")
    if "@" in key or "_target_" in key:
        raise ConfigError(f"{key}: keys stand where the job has them, and call nothing. Write GROUP=NAME or KEY=VALUE.")
    if (key and equals) or word.startswith("~"):
        return
    if not key or "=" in arguments:
        raise ConfigError(f"{word}: overrides are written key=value, without blanks around the sign.")
    opened = [one for one in arguments if one.count("[") > one.count("]") or one.count("{") > one.count("}")]
    if opened:
        key = opened[0].partition("=")[0]
        raise ConfigError(
            f"{key}: {opened[0]!r} is not closed. A list with blanks is written in quotes: '{key}=[a, b]'."
        )
    raise ConfigError(
        f"{word}: neither an option nor key=value. A value with blanks is written in quotes. A path without its key "
        "stands first, alone, and where a command takes one: run.dir=… or another key names it anywhere."
    )


def quoted(word: str, types: Mapping[str, KeyType], *, is_sweep: bool = False) -> str:
    """Quote what an override holds of text, so that conditions, paths and names are written as in any command.

    `types` are those of the job's keys. In a sweep, a comma stands between values; else it belongs to a text, or
    parts the items of a list. Below `task`, `${…}` and `???` are texts like others.
    """
    key, equals, value = word.partition("=")
    if key == "cluster" and "clusters" in types:
        key, word = "clusters", f"clusters={value}"  # Hydra would look for a file conf/cluster/VALUE.yaml
    name = key.lstrip("+~")
    if not equals or not value or value == "null" or (is_sweep and _SWEPT.fullmatch(value)):
        return word
    may_lack = _is_free(name) or _is_below(name, LEFT_OUT) or (name not in OPTIONAL and _is_below(name, OPTIONAL))
    if may_lack and not key.startswith("~"):
        key = f"++{name}"  # a key there need not exist
    if name.startswith("task.") and ("${" in value or "???" in value):
        return f"{key}={_literally(name, value)}"
    return f"{key}={_as_hydra_reads(name, value, types, is_sweep=is_sweep)}"


def _as_hydra_reads(name: str, value: str, types: Mapping[str, KeyType], *, is_sweep: bool) -> str:
    kind = "text" if name in GROUPS else types.get(name)
    if _QUOTED.fullmatch(value) or (name in GROUPS and "," in value and not is_sweep):
        return value
    if kind == "text" or (kind == "list of texts" and is_sweep and not _GROUPED.search(value)):
        return _text(value, is_sweep=is_sweep)
    if kind is not None and (not is_sweep or value.startswith("[")) and "${" not in value:
        return _list(name, value, is_text=kind == "list of texts")
    has_commas = "," in value and not is_sweep and not _is_nested(value)
    is_text = has_commas and (name.startswith("task.") or _is_free(name))
    if is_grammatical(f"x={value}") and not is_text:
        return value
    if _is_mapping(value):
        return _as_hydra_writes(read_mapping(value, place=name))
    return _list(name, value) if _is_bracketed(value) else single_quoted(value)


def _literally(name: str, value: str) -> str:
    """What is set below `task`, with each text as it is."""
    if _is_nested(value):
        return _as_hydra_writes(literal(read_mapping(f"value: {value}", place=name)["value"]))
    plain = _unquoted(value)
    return literal_text(plain) if needs_care(plain) else single_quoted(plain)


def _is_free(name: str) -> bool:
    return _is_below(name, FREE_KEYS)


def _is_below(name: str, keys: Sequence[str]) -> bool:
    return any(name == key or name.startswith(f"{key}.") for key in keys)


def _text(value: str, *, is_sweep: bool) -> str:
    if is_sweep and not _GROUPED.search(value):
        return ",".join(single_quoted(one) for one in value.split(","))
    return single_quoted(value)


def _list(name: str, value: str, *, is_text: bool = False) -> str:
    """A list as Hydra reads it, of [a, b] or a,b; what holds blanks but no brackets is one item."""
    if value.startswith("[") and not value.endswith("]"):
        raise ConfigError(f"{name}: {value!r} is not closed. A list is written '{name}=[a, b]'.")
    if not _is_bracketed(value) and " " in value:
        return f"[{single_quoted(value)}]"
    inner = value[1:-1] if _is_bracketed(value) else value
    if not is_text and re.search(r"[\[{(]", inner) and is_grammatical(f"x=[{inner}]"):
        return f"[{inner}]"
    items = [(quote, plain.strip()) for quote, plain in _ITEM.findall(inner)] if inner.strip() else []
    if items and not inner.rstrip().endswith(",") and items[-1] == ("", ""):
        items.pop()  # the end of the text, after the last item
    return f"[{','.join(quote or _item(plain, is_text=is_text) for quote, plain in items)}]"


def _item(plain: str, *, is_text: bool) -> str:
    return single_quoted(plain) if is_text or not is_grammatical(f"x={plain}") else plain


def _as_hydra_writes(value: Any) -> str:
    """Plain values as Hydra's grammar has them."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_as_hydra_writes(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_hydra_writes, value)) + "]"
    return single_quoted(value) if isinstance(value, str) else "null" if value is None else str(value).lower()


def _is_bracketed(value: str) -> bool:
    return value.startswith("[") and value.endswith("]")


def _is_mapping(value: str) -> bool:
    return value.startswith("{") and value.endswith("}")


def _is_nested(value: str) -> bool:
    return _is_bracketed(value) or _is_mapping(value)


def is_grammatical(word: str) -> bool:
    """Whether Hydra can read this as an override."""
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def _unquoted(value: str) -> str:
    return value[1:-1] if _QUOTED.fullmatch(value) else value


def single_quoted(text: str) -> str:
    """A text as Hydra's grammar has it."""
    return QuotedString(text=text, quote=Quote.single).with_quotes()
