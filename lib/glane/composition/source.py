"""How Hydra reads files of configuration: each is checked before anything of it is composed.

Files are data, also those that somebody sent. A file of a group sets keys of this group only, pulls in only files
beside it, and can neither name what is called nor change Hydra's own settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from glane.composition import translations
from glane.composition.explain import not_filled_in
from glane.composition.files import Read, read_file
from glane.composition.literal import literal
from glane.composition.places import CONF, GROUPS
from glane.errors import ConfigError

_SCHEME = "glane"
_NO_TASK = CONF / "task" / "base" / "default.yaml"
_PACKAGES = {"reading": "task", "experiment": "_global_"}  # of the other groups: their name
_BESIDE = re.compile(r"(?:[\w-]+/)*[\w-]+(?:@_here_)?")  # what a file may inherit: a file of its own group
_CHOSEN_ANEW = re.compile(rf"override /(?:{'|'.join(GROUPS[:-1])})")  # what an experiment may do with other groups
_RESOLVERS = ("oc.env", "package")  # what ${NAME:…} may call


def register_source() -> None:
    """Let Hydra read the files of `conf/` and of users' own folders with `_Folder`."""
    Plugins.instance().register(_Folder)
    Plugins.instance().register(_CheckedFirst)


def searched(folder: Path) -> str:
    """A folder of the user's as an entry of Hydra's search path."""
    return f"{_SCHEME}://{folder.absolute()}"


class _CheckedFirst(SearchPathPlugin):
    """Puts the reader of this module before Hydra's own."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if any(entry.provider == "main" for entry in search_path.get_path()):
            search_path.prepend(provider=_SCHEME, path=searched(CONF), anchor="main")


class _Folder(ConfigSource):
    """A folder with groups of configuration files."""

    @staticmethod
    def scheme() -> str:
        return _SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        path = self._file(config_path)
        if not path.is_file():
            raise ConfigLoadError(f"Config not found: {path}")
        read = read_file(path)
        group = _group(config_path)
        package = _checked_package(read, group, path)
        _check_content(read, group, path)
        values = _with_languages(read.values, group)
        return ConfigResult(self.provider, self.full_path(), _config(values, group, path), {"package": package})

    def available(self) -> bool:
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        return Path(self.path, config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        return self._file(config_path).is_file()

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        found: list[str] = []
        for path in Path(self.path, config_path).iterdir():
            self._list_add_result(found, f"{config_path}/{path.name}".lstrip("/"), path.name, results_filter)
        return sorted(set(found))

    def _file(self, config_path: str) -> Path:
        parts = config_path.split("/")
        if any(part in ("", "..") for part in parts):
            raise ConfigError(
                f"{config_path}: a configuration is chosen by its name, not by a path. Give its folder with "
                f"--config-dir FOLDER, and choose NAME of FOLDER/{parts[0]}/NAME.yaml by {parts[0]}=NAME."
            )
        return Path(self.path, self._normalize_file_name(config_path))


def _group(config_path: str) -> str:
    """The group of a file; "" for that of a job."""
    return config_path.split("/")[0] if "/" in config_path else ""


def _checked_package(read: Read, group: str, path: Path) -> str | None:
    """Where a file's keys go, as Hydra's header says it: nowhere else than to the file's own group."""
    own = _PACKAGES.get(group, group)
    for name, value in read.headers.items():
        if name != "package" or value not in ("_group_", own):
            raise ConfigError(
                f"{path}: its header '# @{name} {value}' would set keys that are not those of {group or 'the job'}. "
                "Take it out."
            )
    return own if read.headers or group in _PACKAGES else None


def _check_content(read: Read, group: str, path: Path) -> None:
    if "hydra" in read.values:
        raise ConfigError(f"{path}: the key hydra would change how settings are composed. Take it out.")
    if group:
        _check_defaults(read.values.get("defaults", []), group, path)
    if _PACKAGES.get(group, group) != "task":
        _check_resolvers({key: value for key, value in read.values.items() if key != "task"}, path)


def _check_defaults(defaults: object, group: str, path: Path) -> None:
    """A file inherits from files of its own group; an experiment chooses of other groups, too."""
    if not isinstance(defaults, list):
        raise ConfigError(f"{path}: defaults is no list. Write defaults: [NAME, _self_], or leave it out.")
    for entry in defaults:
        name, option = next(iter(entry.items())) if isinstance(entry, Mapping) and len(entry) == 1 else (entry, "")
        pattern = _CHOSEN_ANEW if group == "experiment" and isinstance(entry, Mapping) else _BESIDE
        if not pattern.fullmatch(str(name)) or not re.fullmatch(r"(?:[\w-]+/)*[\w -]*", str(option or "")):
            raise ConfigError(
                f"{path}: defaults names {entry!r}. A file inherits only from files of its own group: "
                "defaults: [NAME, _self_]."
            )


def _check_resolvers(value: object, path: Path) -> None:
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _check_resolvers(inner, path)
    for name in re.findall(r"\$\{\s*([\w.]+)\s*:", value) if isinstance(value, str) else ():
        if name not in _RESOLVERS:
            raise ConfigError(
                f"{path}: ${{{name}:…}} calls what a file of settings must not. Valid: ${{KEY}}, ${{oc.env:VARIABLE}}."
            )


def _with_languages(values: dict[Any, Any], group: str) -> dict[Any, Any]:
    """The values of a file, in which no text of a task keeps the translation of another."""
    defaults = values.get("defaults")
    if group == "task":
        inherits = isinstance(defaults, list) and any(entry != "_self_" for entry in defaults)
        return translations.of_a_file(values, inherits=inherits)
    if group == "experiment" and isinstance(values.get("task"), Mapping):
        return {**values, "task": translations.of_a_file(values["task"], inherits=True)}
    return values


def _config(values: dict[Any, Any], group: str, path: Path) -> DictConfig:
    is_no_task = path == _NO_TASK  # whose ??? says that none was chosen
    try:
        return OmegaConf.create(values if is_no_task else _with_literals(values, group))
    except OmegaConfBaseException as error:
        raise ConfigError(not_filled_in(str(path), str(error))) from None


def _with_literals(values: dict[Any, Any], group: str) -> dict[Any, Any]:
    """The values of a file, with the texts of a task as they are."""
    is_task = _PACKAGES.get(group, group) == "task"
    return {
        key: literal(value) if key != "defaults" and (is_task or key == "task") else value
        for key, value in values.items()
    }
