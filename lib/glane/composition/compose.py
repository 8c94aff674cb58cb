"""Configuration composed by Hydra, which neither runs anything for it nor writes anything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from glane.composition.choices import refuse_none, unchosen, untold
from glane.composition.explain import explained, not_filled_in
from glane.composition.files import as_yaml
from glane.composition.listing import dotted_keys
from glane.composition.literal import register_resolver, without_literals
from glane.composition.places import CONF, GROUPS
from glane.composition.several import each_alone, joined
from glane.composition.source import register_source, searched
from glane.composition.translations import as_told
from glane.composition.words import CommandLine, check_override, command_line, quoted, single_quoted
from glane.errors import ConfigError, GlaneError
from glane.types import KeyType

Job = Callable[[Mapping[str, Any]], None]


def run_composed(
    job: Job, *, config_name: str, arguments: Sequence[str], types: Mapping[str, KeyType] | None = None
) -> None:
    """Compose `conf/<config_name>.yaml` with a command line's overrides, and run `job` with the values.

    `types` tells of the job's keys which are texts and lists, so that users need no quotes of Hydra's there.
    With `-m`, once for each combination of a sweep: a job that fails does not keep the others from running.
    With `--cfg job`, the values are printed in place of running it.

    Raises:
        GlaneError: what the job raised, or what is wrong with the command line, in sentences.
    """
    line = command_line(arguments, types or {})
    refuse_none(config_name, arguments, line.folders)
    failures: list[GlaneError] = []
    for overrides in _combinations(config_name, line):
        try:
            each = each_alone(config_name, overrides)
            configs = [_checked_compose(config_name, words, line.folders) for _, words in each]
            if line.is_shown:
                for config in configs:
                    if line.is_resolved and (lines := unchosen(_missing(config), config_name, arguments, line.folders)):
                        raise ConfigError("\n".join(lines.values()))  # what stands for a key of theirs leads nowhere
                    _show(config, is_resolved=line.is_resolved, is_one_of_many=line.is_sweep or len(configs) > 1)
                continue
            found = [plain(config, config_name, arguments, line.folders) for config in configs]
            names = [name for name, _ in each]
            job(joined(list(zip(names, found, strict=True))) if names[0] else found[0])
        except GlaneError as error:
            if not line.is_sweep:
                raise
            failures.append(error)
    if failures:
        kinds = {type(error) for error in failures}
        raise (kinds.pop() if len(kinds) == 1 else GlaneError)("\n".join(dict.fromkeys(map(str, failures))))


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
    folders = [Path(folder) for folder in config_dirs]
    for word in overrides:
        check_override(word, overrides)
    refuse_none(config_name, overrides, folders)
    words = [quoted(word, types or {}) for word in overrides]
    return plain(_checked_compose(config_name, words, folders), config_name, overrides, folders)


def unresolved(config_name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values of a configuration as they are written: `???` where one must be given."""
    return _container(compose(config_name, overrides), is_resolved=False)


def compose(config_name: str, overrides: Sequence[str], folders: Sequence[Path] = ()) -> DictConfig:
    """Compose a job's configuration. `overrides` are written as Hydra reads them."""
    OmegaConf.register_new_resolver("package", lambda: str(CONF.parent), replace=True)
    register_resolver()
    register_source()
    GlobalHydra.instance().clear()
    path = ",".join(single_quoted(searched(folder)) for folder in folders)
    with hydra.initialize_config_dir(config_dir=str(CONF), version_base=None):
        return hydra.compose(config_name, overrides=[*overrides, f"hydra.searchpath=[{path}]"])


def plain(config: DictConfig, config_name: str, words: Sequence[str], folders: Sequence[Path] = ()) -> dict[str, Any]:
    """A configuration as plain values, interpolations resolved. What is missing is told by the `words` that were given.

    Raises:
        ConfigError: if a value is missing, or what stands for another key leads nowhere.
    """
    if missing := _missing(config):
        raise ConfigError("\n".join(untold(missing, config_name, words, folders)))
    return as_told(_container(config, is_resolved=True), [word.partition("=")[0].lstrip("+~") for word in words])


def _missing(config: DictConfig) -> list[str]:
    """The keys without a value. What stands for such a key is none itself."""
    written = OmegaConf.to_container(config, resolve=False)
    return [key for key, value in dotted_keys(written) if value == "???"]


def _container(config: DictConfig, *, is_resolved: bool) -> dict[str, Any]:
    try:
        values = OmegaConf.to_container(config, resolve=is_resolved)
    except OmegaConfBaseException as error:
        raise ConfigError(not_filled_in(error.full_key or "configuration", str(error))) from None
    except RecursionError:
        raise ConfigError("configuration: a ${…} stands for itself. Look for it with --cfg job.") from None
    values = values if is_resolved else without_literals(values)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _checked_compose(config_name: str, overrides: Sequence[str], folders: Sequence[Path]) -> DictConfig:
    """Compose, and say in a sentence what is wrong."""
    _refuse_hidden(config_name, overrides, folders)
    try:
        return compose(config_name, overrides, folders)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explained(error, overrides, _known(config_name, overrides, folders), folders)) from None
    except RecursionError:
        raise ConfigError("configuration: files inherit from each other without end. Look at their defaults.") from None


def _known(config_name: str, overrides: Sequence[str], folders: Sequence[Path]) -> dict[str, Any]:
    """The configuration of what was chosen of the groups, without what else was told: it tells the valid keys."""
    chosen = [word for word in overrides if word.partition("=")[0] in GROUPS]
    try:
        return _container(compose(config_name, chosen, folders), is_resolved=False)
    except (HydraException, OmegaConfBaseException, GlaneError):
        return unresolved(config_name, [word for word in chosen if _chooses_of_glane(word)])


def _chooses_of_glane(word: str) -> bool:
    group, _, name = word.partition("=")
    return group in GROUPS and (CONF / group / f"{name.strip(chr(39))}.yaml").is_file()


def _refuse_hidden(config_name: str, overrides: Sequence[str], folders: Sequence[Path]) -> None:
    """Refuse a file of the user's that glane's own hides, since it has the same name and another content."""
    chosen = [word.partition("=") for word in overrides]
    names = [f"{group}/{name.strip(chr(39))}" for group, _, name in chosen if group in GROUPS]
    for folder, name in itertools.product(folders, [config_name, *names]):
        own, ours = folder / f"{name}.yaml", CONF / f"{name}.yaml"
        if own.is_file() and ours.is_file() and own.read_bytes() != ours.read_bytes():
            raise ConfigError(
                f"{own}: glane has a configuration {name} of its own, which is not replaced. Rename or move the file."
            )


def _combinations(config_name: str, line: CommandLine) -> Iterator[list[str]]:
    """The overrides of each job: one, or with -m one for each combination of what is named with several values."""
    if not line.is_sweep:
        yield list(line.overrides)
        return
    try:
        parsed = OverridesParser.create().parse_overrides(list(line.overrides))
    except HydraException as error:
        raise ConfigError(explained(error, line.overrides, unresolved(config_name), line.folders)) from None
    yield from map(list, itertools.product(*map(_alternatives, parsed)))


def _alternatives(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.key_or_group}: a sweep needs values to try. Write {override.key_or_group}=a,b,c.")
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _show(config: DictConfig, *, is_resolved: bool, is_one_of_many: bool) -> None:
    values = _container(config, is_resolved=is_resolved)
    separator = "---\n" if is_one_of_many else ""
    print(separator + as_yaml(values), end="")
