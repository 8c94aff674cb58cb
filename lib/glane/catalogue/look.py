"""A folder with a model, looked at before it is taken: which files are taken, which are left out, which are refused."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from glane.catalogue.code import beyond_a_template, named_code, templates_in
from glane.catalogue.forms import Form, of_another_form
from glane.catalogue.pickles import is_code, pickled
from glane.engine.adapter import ADAPTER
from glane.engine.manifest import MANIFEST, LeftOut
from glane.engine.safetensors import Tensor, read_header
from glane.errors import ConfigError
from glane.plain_values import json_values

_TAKEN = (".safetensors", ".json", ".jinja", ".txt", ".md", ".model", ".tiktoken", ".yaml", ".yml")
_PAPERS = ("license", "licence", "notice", "readme", "copying", "use_policy")
_CONFIGURATIONS = ("config.json", "params.json", ADAPTER)
_MOST_TOLD = 10
_NEEDLESS = "no loader reads it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What there is to copy of a folder, by relative paths, and what was found in it."""

    files: Mapping[str, Path]
    left_out: tuple[LeftOut, ...]
    tensors: Mapping[str, Mapping[str, Tensor]]  # of each file of weights
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    files: dict[str, Path] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tensors: dict[str, Mapping[str, Tensor]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave(self, name: str, path: Path, why: str) -> None:
        size = path.stat().st_size if path.is_file() else 0
        self.left_out.append(LeftOut(path=name, bytes=size, why=why))


def look(source: Path, *, form: Form, leave_out: Sequence[str], with_code: bool) -> Looked:
    """Look at every file of a folder.

    Args:
        source: The folder.
        form: Which form of the weights is taken, where there are two.
        leave_out: Patterns of relative paths that are left out.
        with_code: Whether a model is taken that names code of its own; the code never is.

    Raises:
        ConfigError: naming all files that are refused, with the reasons; or what is missing.
    """
    there = dict(_below(source))
    _check_patterns(leave_out, there)
    found = _Found()
    others = of_another_form(list(there), form)
    for name, path in sorted(there.items()):
        if any("\ud800" <= sign <= "\udfff" for sign in name):  # a byte that the manifest cannot hold
            found.refused.append(f"{name!a}: its name is not UTF-8; rename it")
        elif any(fnmatch.fnmatch(name, pattern) for pattern in leave_out):
            found.leave(name, path, "as leave_out says")
        elif name in others:
            found.leave(name, path, others[name])
        else:
            _judge(found, source, name, path, with_code=with_code)
    if found.refused:
        more = f"\n  … and {len(found.refused) - _MOST_TOLD} more" if len(found.refused) > _MOST_TOLD else ""
        told = "\n".join(f"  {line}" for line in found.refused[:_MOST_TOLD])
        raise ConfigError(
            f"source: {source} is not staged. What is wrong with it:\n{told}{more}\nTake the model as safetensors from "
            "where it was published; or name files that are not needed, as leave_out=[*.bin]."
        )
    _check_whole(source, found)
    return Looked(
        files=found.files, left_out=tuple(found.left_out), tensors=found.tensors, notes=tuple(found.notes)
    )  # fmt: skip


def _below(source: Path) -> list[tuple[str, Path]]:
    found = []
    for root, folders, names in os.walk(source, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]  # .git, .cache of a download
        linked = [name for name in folders if Path(root, name).is_symlink()]
        found += [Path(root, name) for name in [*names, *linked] if name != MANIFEST]
    return [(str(path.relative_to(source)), path) for path in found]


def _refuse_unreadable(error: OSError) -> None:
    raise ConfigError(f"source: {error.filename} cannot be read ({error.strerror}).") from None


def _check_patterns(patterns: Sequence[str], there: Mapping[str, Path]) -> None:
    for pattern in patterns:
        if not any(fnmatch.fnmatch(name, pattern) for name in there):
            raise ConfigError(
                f"leave_out: no file is called {pattern!r}. There are: {', '.join(sorted(there)[:_MOST_TOLD])}."
            )


def _judge(found: _Found, source: Path, name: str, path: Path, *, with_code: bool) -> None:
    if why := _leads_out(source, path):
        found.refused.append(f"{name}: {why}")
    elif path.suffix.lower() == ".safetensors":
        _weights(found, name, path)
    elif is_code(path):
        if with_code:
            found.leave(name, path, "it is code of the model's own, which glane never loads")
        else:
            found.refused.append(
                f"{name}: it is code of the model's own, which glane never loads (remote_code=leave_out takes the "
                "model without it)"
            )
    elif why := pickled(path):
        found.refused.append(f"{name}: {why}")
    elif path.suffix.lower() not in _TAKEN and not path.name.lower().startswith(_PAPERS):
        found.leave(name, path, _NEEDLESS)
    else:
        _text(found, name, path, with_code=with_code)


def _leads_out(source: Path, path: Path) -> str:
    """Why a path is not taken for a file of this folder. Links of a Hugging Face cache lead to its own blobs."""
    if path.is_symlink():
        place = Path(os.path.realpath(path))  # resolve() raises at links that lead in a circle
        allowed = [source.resolve()]
        if source.parent.name == "snapshots" and source.parents[1].name.startswith("models--"):
            allowed.append((source.parents[1] / "blobs").resolve())
        if not any(place.is_relative_to(folder) for folder in allowed):
            return "it is a link that leads out of the folder"
    if not path.is_file():
        return "it is no file"
    return "" if os.access(path, os.R_OK) else "it cannot be read"


def _weights(found: _Found, name: str, path: Path) -> None:
    try:
        found.tensors[name] = read_header(path)
    except ValueError as error:
        found.refused.append(f"{name}: {pickled(path) or f'damaged, or not copied whole: {error}'}")
    else:
        found.files[name] = path


def _text(found: _Found, name: str, path: Path, *, with_code: bool) -> None:
    templates = []
    if path.suffix == ".json":
        try:
            values = json_values(path.read_text(encoding="utf-8"))
        except ValueError:
            found.refused.append(f"{name}: it is no JSON")
            return
        if path.name != "tokenizer.json":  # long, and without either
            templates = list(templates_in(values))
            for code in dict.fromkeys(named_code(values)):
                if with_code:
                    found.notes.append(f"{name}: {code}; it is not loaded")
                else:
                    found.refused.append(
                        f"{name}: {code}, which glane never loads (remote_code=leave_out takes the model all the same)"
                    )
    elif path.suffix == ".jinja":
        templates = [path.read_text(encoding="utf-8", errors="replace")]
    for template in templates:
        if fault := beyond_a_template(template):
            found.refused.append(f"{name}: the chat template {fault}")
    found.files[name] = path


def _check_whole(source: Path, found: _Found) -> None:
    if not any(name in found.files for name in _CONFIGURATIONS):
        raise ConfigError(f"source: {source} is incomplete: it has none of {', '.join(_CONFIGURATIONS)}.")
    if not found.tensors:
        raise ConfigError(f"source: {source} is incomplete: no weights (*.safetensors).")
    for name in [name for name in found.files if name.endswith(".safetensors.index.json")]:
        _check_index(source, name, found)


def _check_index(source: Path, name: str, found: _Found) -> None:
    """Check that each tensor is in the file that the index names: swapped files are seen by that."""
    told = json_values(found.files[name].read_text(encoding="utf-8"))
    weights = told.get("weight_map") if isinstance(told, dict) else None
    if not isinstance(weights, dict):
        raise ConfigError(f"source: {source / name} has no weight_map.")
    folder = name.rpartition("/")[0]
    for tensor, part in weights.items():
        file = f"{folder}/{part}" if folder else str(part)
        if file not in found.tensors:
            raise ConfigError(f"source: {source} is incomplete: {name} names {part}, which is not there.")
        if tensor not in found.tensors[file]:
            raise ConfigError(f"source: {source / file} has not the tensors that {name} tells of it. Copy it again.")
