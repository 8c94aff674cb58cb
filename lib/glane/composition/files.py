"""A configuration file as plain values: encoding and YAML checked, with what was typed wrong named by its line.

YAML is read with a loader that makes plain values only. A file is data: it can neither start nor import anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from glane.errors import ConfigError

_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_CORE + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}
_READ_AS = {"bool": "true or false", "null": "nothing", "int": "a number", "float": "a number"}
_MAX_VALUES = 100_000  # what aliases stand for counted each time
_MAX_DEPTH = 50
# Hydra's keys that say what is called, and how. glane calls nothing that a file names.
_CALLS = ("_target_", "_partial_", "_args_", "_recursive_", "_convert_")
# What YAML's parser complains of, and the usual cause of it.
_REMEDIES = (
    (r"character '\\t'", "Indent with blanks, not with tabs."),
    (
        r"mapping values are not allowed",
        "Put quotes around a text that holds ': ', and check how the line is indented.",
    ),
    (r"expected <block end>", "The line is not indented as those beside it, or a quote is not closed."),
    (r"could not find expected ':'", "A key ends with ': ', and a text over several lines is indented."),
    (r"expected ',' or '[\]}]'", "A bracket is not closed, or a text inside brackets needs quotes."),
    (r"quoted scalar", "A quote is not closed."),
    (r"undefined alias", "A text that begins with * needs quotes."),
    (r"expected alphabetic", "A text that begins with * or & needs quotes."),
    (r"expected a comment or a line break", "A text that begins with > or | needs quotes."),
    (r"expected a single document", "A file holds one document: take out the line '---'."),
    (r"cannot start any token|expected <document start>", "A text that begins with this sign needs quotes."),
)


class _Loader(yaml.SafeLoader):
    """Plain values. Dates stay texts and 1e3 is a number, as for OmegaConf."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != _CORE + "timestamp"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    """Puts quotes around what `_Loader`, or another reader of YAML, would take for something else than a text."""


_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9_]*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][-+]?[0-9]+)$")
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(_CORE + "float", _FLOAT, list("-+0123456789."))


@dataclass(frozen=True, slots=True)
class Read:
    """A configuration file that was read."""

    values: dict[Any, Any]
    headers: Mapping[str, str]  # of its first lines: {"package": "task"} for `# @package task`


def read_file(path: Path) -> Read:
    """Read a configuration file: UTF-8, one mapping at the top.

    Raises:
        ConfigError: naming the file, the line and the remedy.
    """
    text = read_text(path)
    return Read(read_mapping(text, place=str(path)), dict(_headers(text)))


def read_text(path: Path) -> str:
    """Return the text of a file, without the byte order mark that editors of Windows put before it.

    Raises:
        ConfigError: if it cannot be read, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:1000]:
        raise ConfigError(f"{path}, line 1: UTF-16, and not UTF-8. Save the file with the encoding UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(data[: error.start].decode("utf-8", errors="replace").splitlines() or [""])
        line += data[: error.start].endswith((b"\n", b"\r"))
        raise ConfigError(
            f"{path}, line {line}: not UTF-8 (Windows-1252, it seems). Save the file with the encoding UTF-8."
        ) from None


def read_mapping(text: str, *, place: str) -> dict[Any, Any]:
    """Return the mapping that a YAML text holds; `place` is what an error says before the line.

    Raises:
        ConfigError: naming the line and the remedy.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(f"{place}: empty. Write keys with their values, as in name: mine.")
        _check(node, text, place)
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "a text"
            raise ConfigError(
                f"{place}, line {_line(node)}: {kind} at the top. Write keys with their values: name: mine."
            )
        values = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(_said(error, text, place)) from None
    except RecursionError:
        raise ConfigError(f"{place}: nested more than {_MAX_DEPTH} deep. Flatten it.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise ConfigError(f"{place}: holds a number that cannot be read ({type(error).__name__}).") from None
    assert isinstance(values, dict)
    return values


def as_yaml(values: Mapping[str, Any]) -> str:
    """Write plain values as YAML that `read_mapping` reads as the same values."""
    return str(yaml.dump(dict(values), Dumper=_Dumper, allow_unicode=True, sort_keys=False))


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """The lines `# @NAME VALUE` before the first other line."""
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = re.match(r"#\s*@(\S*)\s*(.*)", line)
        if not found:
            return
        yield found[1], found[2]


def _check(top: yaml.Node, text: str, place: str) -> None:
    """Refuse what YAML would read otherwise than it was meant, and what only a program would write."""
    if _num_values(top, {}, 0) > _MAX_VALUES:
        raise ConfigError(
            f"{place}: more than {_MAX_VALUES} values, with each alias (*name) counted as what it stands for."
        )
    for node in _nodes(top, set()):
        if node.tag not in _PLAIN_TAGS or text.startswith("!", node.start_mark.index):
            raise ConfigError(
                f"{place}, line {_line(node)}: a tag of YAML stands before the value. Put quotes around a text that "
                "begins with ! or is =."
            )
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, place)


def _check_keys(node: yaml.MappingNode, place: str) -> None:
    seen: dict[str, int] = {}
    for key, value in node.value:
        at = f"{place}, line {_line(key)}"
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(
                f"{at}: a list or mapping stands where a key must. Put quotes around a text with brackets."
            )
        if node.flow_style and key.end_mark.index == value.start_mark.index:
            raise ConfigError(
                f"{at}: {key.value!r} has no value. Inside {{ }} a comma ends a text: put quotes around a text with "
                "commas, and write decimals with a point."
            )
        if key.value in _CALLS:
            raise ConfigError(
                f"{at}: {key.value}: this key would call a program, and files of settings are data. Leave it out."
            )
        if key.tag not in (_CORE + "str", _CORE + "merge"):
            meaning = _READ_AS.get(key.tag.removeprefix(_CORE), "no text")
            raise ConfigError(
                f"{at}: YAML reads the key {key.value} as {meaning}. Put quotes around it: {key.value!r}."
            )
        if key.value in seen:
            raise ConfigError(f"{at}: the key {key.value} was given before, on line {seen[key.value]}. Leave one out.")
        seen[key.value] = _line(key)


def _num_values(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values a node stands for, aliases counted each time they are used."""
    if id(node) not in known:
        if depth > _MAX_DEPTH:  # or an alias within what it stands for
            raise RecursionError
        known[id(node)] = 1 + sum(_num_values(inner, known, depth + 1) for inner in _inner(node))
    return known[id(node)]


def _nodes(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """Each node once."""
    if id(node) not in seen:
        seen.add(id(node))
        yield node
        for inner in _inner(node):
            yield from _nodes(inner, seen)


def _inner(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _said(error: yaml.YAMLError, text: str, place: str) -> str:
    """What YAML's parser complains of, with its line and the usual remedy."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        line, problem = error.problem_mark.line + 1, f"{error.problem or error.context}"
    else:  # a character that no YAML may hold
        position = getattr(error, "position", 0)
        line, problem = text[:position].count("\n") + 1, f"a control character at position {position}"
    context = getattr(error, "context_mark", None)
    opened = f" (from line {context.line + 1})" if context else ""
    whole = f"{getattr(error, 'context', '')} {problem}"
    remedies = (remedy for pattern, remedy in _REMEDIES if re.search(pattern, whole))
    return f"{place}, line {line}: not YAML{opened}: {problem}. {next(remedies, 'Put quotes around the text there.')}"
