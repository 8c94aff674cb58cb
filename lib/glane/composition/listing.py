"""What can be told of a job's configuration without composing it: its groups, its files, its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from glane.composition.files import read_file
from glane.composition.places import CONF


def groups(config_name: str, folders: Sequence[Path] = ()) -> dict[str, list[str]]:
    """The groups that a job's configuration chooses from, with the names to choose: glane's, and those in `folders`."""
    listed = read_file(CONF / f"{config_name}.yaml").values.get("defaults", [])
    found: dict[str, list[str]] = {}
    for entry in listed:
        if isinstance(entry, str) and entry != "_self_":
            found |= groups(entry, folders)
        elif isinstance(entry, dict):
            found |= {name: names_in(name, folders) for name in entry if (CONF / name).is_dir()}
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
    for entry in read_file(path).values.get("defaults", []):
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


def names_in(group: str, folders: Sequence[Path]) -> list[str]:
    """The names that can be chosen of a group: glane's, and those in `folders`."""
    return sorted(
        {path.stem for folder in (CONF, *folders) for path in (folder / group).glob("*.yaml") if path.is_file()}
    )


def keys_in_common(group: str) -> frozenset[str]:
    """The keys that the options of a group have in common, if a file says so: those of its base/default."""
    path = CONF / group / "base" / "default.yaml"
    return frozenset(read_file(path).values) if group and path.is_file() else frozenset()


def is_chosen_by_name(group: str) -> bool:
    """Whether a group has no default. Its base/default holds what its options have in common, and is none of them."""
    return (CONF / group / "base" / "default.yaml").is_file()
