"""Configuration composed by Hydra: from the files of `conf/` and the words of a command line to plain values.

The only room that knows Hydra and OmegaConf.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from glane.errors import ConfigError, GlaneError, did_you_mean
from glane.types import KeyType

CONF = Path(__file__).resolve().parent / "conf"
Job = Callable[[Mapping[str, Any]], None]

# Hydra writes nothing of its own: what a job leaves is the job's business.
_QUIET = ("hydra.output_subdir=null", "hydra.run.dir=.", "hydra.job.chdir=false")
_QUIET_GROUPS = ("hydra/job_logging=none", "hydra/hydra_logging=none")
_VALUE_OPTIONS = (
    "--config-dir",
    "-cd",
    "--config-name",
    "-cn",
    "--config-path",
    "-cp",
    "--cfg",
    "-c",
    "--package",
    "-p",
)
_INFO = ("--info", "-i")  # whose value may be left out
OPTIONS = (*_VALUE_OPTIONS, *_INFO, "--multirun", "-m", "--resolve", "--help", "-h", "--version", "--hydra-help")
_FREE_KEYS = ("model.engine_args", "model.script", "cluster.sbatch")  # mappings whose keys are not glane's
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_SWEPT = re.compile(r"(?:choice|range|glob)\(.*\)")  # Hydra's ways to name several values


def run_composed(
    job: Job, *, config_name: str, arguments: Sequence[str], types: Mapping[str, KeyType] | None = None
) -> None:
    """Compose `conf/<config_name>.yaml` with a command line's overrides, and run `job` with the values.

    `types` tells of the job's keys which are texts and lists, so that users need no quotes of Hydra's there.
    With Hydra's `-m`, once for each combination of a sweep: a job that fails does not keep the others from running.

    Raises:
        GlaneError: what the job raised, or what is wrong with the command line, in sentences.
    """
    _resolve_package()
    former, sys.argv = sys.argv, [sys.argv[0], *_ordered(arguments, types or {})]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands its exceptions on, and we say what they mean
    failures: list[GlaneError] = []

    def guarded(config: DictConfig) -> None:
        try:
            job(_plain(config))
        except GlaneError as error:  # kept from Hydra, which would say more than the user needs; a sweep goes on
            failures.append(error)

    try:
        with tempfile.TemporaryDirectory(prefix="glane-sweep-") as private:  # Hydra notes a sweep there
            sys.argv += [*_QUIET, *_QUIET_GROUPS, f"hydra.sweep.dir={private}", "hydra.sweep.subdir=."]
            hydra.main(version_base=None, config_path=str(CONF), config_name=config_name)(guarded)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explained(error, config_name, arguments)) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_not_yaml(error)) from None
    except UnicodeDecodeError:
        raise ConfigError(_not_utf8(own_folders(arguments))) from None
    finally:
        sys.argv = former
    if failures:
        raise GlaneError("\n".join(str(error) for error in failures))


def composed(
    config_name: str,
    overrides: Sequence[str],
    *,
    types: Mapping[str, KeyType] | None = None,
    config_dirs: Sequence[str | Path] = (),
) -> dict[str, Any]:
    """Return the values of `conf/<config_name>.yaml` with these overrides, as a command line would give them.

    `types` is as for `run_composed`. `config_dirs` are further folders with groups, as that of `--config-dir`.

    Raises:
        ConfigError: if something is missing, unknown or wrong.
    """
    _resolve_package()
    words = [_quoted(word, types or {}) for word in overrides]
    searched = (_single_quoted(f"file://{Path(folder).absolute()}") for folder in config_dirs)
    words.append(f"hydra.searchpath=[{','.join(searched)}]")
    try:
        return _plain(_compose(config_name, words))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explained(error, config_name, overrides)) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_not_yaml(error)) from None
    except UnicodeDecodeError:
        raise ConfigError(_not_utf8([Path(folder) for folder in config_dirs])) from None


def unresolved(config_name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values of a configuration as they are written: `???` where one must be given."""
    _resolve_package()
    values = OmegaConf.to_container(_compose(config_name, list(overrides)), resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def groups(config_name: str, folders: Sequence[Path] = ()) -> dict[str, list[str]]:
    """The groups that a job's configuration chooses from, with the names to choose: glane's, and those in `folders`."""
    listed = yaml.safe_load((CONF / f"{config_name}.yaml").read_text(encoding="utf-8")).get("defaults", [])
    found: dict[str, list[str]] = {}
    for entry in listed:
        if isinstance(entry, str) and entry != "_self_":
            found |= groups(entry, folders)
        elif isinstance(entry, dict):
            found |= {name: _names(name, folders) for name in entry if (CONF / name).is_dir()}
    return found


def files_of(config_name: str, words: Sequence[str] = ()) -> list[tuple[str, Path]]:
    """The files that a job's configuration is made of, each with its group: what is inherited before what inherits.

    The group of the job's own files is "". `words` may choose other options of the groups; those in folders of the
    user's are passed over.
    """
    chosen = {group: option for group, _, option in (word.partition("=") for word in words)}
    return _files_of("", CONF / f"{config_name}.yaml", chosen)


def _files_of(group: str, path: Path, chosen: Mapping[str, str]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("defaults", []):
        if isinstance(entry, dict):
            for name, option in entry.items():
                inner = CONF / name / f"{chosen.get(name, option)}.yaml"
                found += _files_of(name, inner, chosen) if inner.is_file() else []
        elif entry != "_self_":
            found += _files_of(group, path.parent / f"{entry.partition('@')[0]}.yaml", chosen)
    return [*found, (group, path)]


def dotted_keys(values: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every key of nested values with dots between its parts, and what it holds."""
    if isinstance(values, dict):
        for key, value in values.items():
            name = f"{prefix}.{key}" if prefix else str(key)
            yield name, value
            yield from dotted_keys(value, name)


def _resolve_package() -> None:
    OmegaConf.register_new_resolver("package", lambda: str(CONF.parent), replace=True)


def _compose(config_name: str, overrides: list[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(config_dir=str(CONF), version_base=None):
        return hydra.compose(config_name, overrides=overrides)


def _plain(config: DictConfig) -> dict[str, Any]:
    """A configuration as plain values, interpolations resolved."""
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigError("\n".join(f"{key}: missing. Set it on the command line: {key}=…" for key in missing))
    try:
        values = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"configuration: {str(error).splitlines()[0]}") from None
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _names(group: str, folders: Sequence[Path]) -> list[str]:
    return sorted({path.stem for folder in (CONF, *folders) for path in (folder / group).glob("*.yaml")})


def _ordered(arguments: Sequence[str], types: Mapping[str, KeyType]) -> list[str]:
    """Options first, then overrides: Hydra's parser takes the overrides from one unbroken stretch only.

    Raises:
        ConfigError: for a word that is neither an option nor an override.
    """
    options: list[str] = []
    overrides: list[str] = []
    is_sweep = any(word in ("-m", "--multirun") for word in arguments)
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            _check_override(word, arguments)
            overrides.append(_quoted(word, types, is_sweep=is_sweep))
            continue
        name = word.partition("=")[0]
        if name not in OPTIONS:
            valid = [option for option in OPTIONS if option.startswith("--")]
            raise ConfigError(
                f"{name}: no such option. {did_you_mean(name, valid)} Keys are written without dashes: key=value."
            )
        options.append(word)
        if words and word == name and (name in _VALUE_OPTIONS or (name in _INFO and "=" not in words[0])):
            options.append(words.pop(0))
    return [*options, *overrides]


def _check_override(word: str, arguments: Sequence[str]) -> None:
    key, equals, _ = word.partition("=")
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
    raise ConfigError(f"{word}: neither an option nor key=value. A value with blanks is written in quotes.")


def own_folders(arguments: Sequence[str]) -> list[Path]:
    """What a command line names as folders of configuration."""
    following = [*arguments[1:], ""]
    return [
        Path(word.partition("=")[2] or after)
        for word, after in zip(arguments, following, strict=False)
        if word.partition("=")[0] in ("--config-dir", "-cd")
    ]


def _not_utf8(folders: Sequence[Path]) -> str:
    """Which configuration file is not UTF-8: Hydra's error does not tell."""
    for path in (path for folder in (*folders, CONF) for path in sorted(folder.rglob("*.yaml"))):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            return f"{path}, line {line}: not UTF-8. Save the file with this encoding."
    return "a configuration file is not UTF-8. Save it with this encoding."


def _quoted(word: str, types: Mapping[str, KeyType], *, is_sweep: bool = False) -> str:
    """Quote what an override holds of text, so that conditions, paths and names are written as in any command.

    `types` are those of the job's keys. In a sweep, a comma stands between values; else it belongs to a text, or
    parts the items of a list.
    """
    key, equals, value = word.partition("=")
    is_plain = not value or value == "null" or "${" in value
    if not equals or is_plain or _QUOTED.fullmatch(value) or (is_sweep and _SWEPT.fullmatch(value)):
        return word
    match types.get(key.lstrip("+")):
        case "text" if is_sweep and not re.search(r"""["'(\[{]""", value):
            return f"{key}={','.join(_single_quoted(one) for one in value.split(','))}"
        case "text":
            return f"{key}={_single_quoted(value)}"
        case "list of texts" | "list" as kind if not is_sweep or value.startswith("["):
            return f"{key}={_list(value, is_text=kind == 'list of texts')}"
    if _is_grammatical(word):
        return word
    return f"{key}={_list(value) if _is_bracketed(value) else _single_quoted(value)}"


def _list(value: str, *, is_text: bool = False) -> str:
    """A list as Hydra reads it, of [a, b] or a,b; what holds blanks but no brackets is one item."""
    if not _is_bracketed(value) and " " in value:
        return f"[{_single_quoted(value)}]"
    inner = value[1:-1] if _is_bracketed(value) else value
    items = [item.strip() for item in inner.split(",")] if inner.strip() else []
    if any(item[:1] in ("'", '"') or (not is_text and item[:1] in ("[", "{", "(")) for item in items):
        return value if _is_grammatical(f"x={value}") else _single_quoted(value)  # the user quoted, or nested
    quoted = (_single_quoted(one) if is_text or not _is_grammatical(f"x={one}") else one for one in items)
    return f"[{','.join(quoted)}]"


def _is_bracketed(value: str) -> bool:
    return value.startswith("[") and value.endswith("]")


def _is_grammatical(word: str) -> bool:
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def _single_quoted(text: str) -> str:
    return QuotedString(text=text, quote=Quote.single).with_quotes()


def _not_yaml(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else "a configuration file"
    return f"{place}: not YAML ({error.problem}). Put quotes around a text that holds ': ' or ' #'."


def _explained(error: BaseException, config_name: str, arguments: Sequence[str]) -> str:
    """Hydra's complaint, with the nearest valid name beside it."""
    chain = [str(link) for link in _causes(error)]
    text = "\n".join(chain)
    if found := re.search(r"Could not override '([^']+)'", text):
        return f"{found[1]}: unknown key. {_near(found[1], config_name, arguments)}"
    if found := re.search(r"Ambiguous value for argument '([^=]+)=(.+)'", text):
        return f"{found[1]}: {found[2]} are several. Choose one, or add -m to run the job with each of them."
    if found := re.search(r"Could not find '([^']+)'", text):
        options = re.search(r"Available options in '[^']*':\s*((?:\s*\S+\n?)+?)(?:Config search path|$)", text)
        valid = options[1].split() if options else []
        name = found[1].rsplit("/", 1)[-1]
        return f"{found[1]}: no such configuration. {did_you_mean(name, valid)}"
    if found := re.search(r"(?:Key|Missing key|key) '?([\w.]+)'? (?:is )?not in", text):
        return f"{found[1]}: unknown key. {_near(found[1], config_name, arguments)}"
    return chain[0].splitlines()[0] if chain[0] else type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _near(key: str, config_name: str, arguments: Sequence[str]) -> str:
    """The keys that stand beside a wrong one, the nearest first."""
    known = _known_keys(config_name, arguments)
    parent = key.rpartition(".")[0]
    if free := {key, parent}.intersection(_FREE_KEYS):
        return f"A new one there is written with a plus sign: +{free.pop()}.NAME=VALUE."
    beside = [name for name in known if name.rpartition(".")[0] == parent]
    if beside:
        return did_you_mean(key, beside)
    near = difflib.get_close_matches(key, known, n=1)  # its place does not exist either
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return hint + did_you_mean("", [name for name in known if "." not in name])


def _known_keys(config_name: str, arguments: Sequence[str]) -> list[str]:
    """Every key of the job's configuration, dotted, with the groups that the command line chooses."""
    chosen = [word for word in arguments if (CONF / word.partition("=")[0]).is_dir() and "," not in word]
    try:
        values = unresolved(config_name, chosen)
    except HydraException:  # a choice of the user's own folder, or a wrong one
        values = unresolved(config_name)
    return [key for key, _ in dotted_keys(values)]
