"""What `run.yaml` says first of a run, read without its long parts: a list of many runs needs no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from glane.errors import ConfigError, RunError
from glane.plain_values import yaml_values
from glane.records import check_kind
from glane.run.description import EarlierRun, RunDescription, read_yaml
from glane.run.directory import RunDirectory
from glane.types import Toy
from glane.validation import Strict, validated

_NAMES = ("kind", "version", "work", "created", "task", "model", "toy", "fingerprint_digest", "lease_s", "extends")


class RunHead(Strict):
    """The part of a run's description that a table of runs shows."""

    work: str
    created: str
    task: str = ""
    model: str = ""
    toy: Toy | None = None
    fingerprint_digest: str
    lease_s: float
    extends: EarlierRun | None = None
    run: Mapping[str, Any] = {}  # the settings of the run directory, where its work has some
    batch_invariant: bool = False  # model.batch_invariant


def read_head(directory: RunDirectory) -> RunHead:
    """Read the head of `run.yaml`, which takes a tenth of the time of the whole.

    Raises:
        FileNotFoundError: if there is none.
        RecordError: if it is of another version.
        RunError: if it is damaged.
    """

    def parts(text: str) -> tuple[Any, Any]:
        of_run = _blocks(_blocks(text, ("settings",)), ("run", "model"), indent="  ")
        return yaml_values(_blocks(text, _NAMES)), yaml_values(of_run)

    values, of_run = read_yaml(directory, parts)
    known = dict(check_kind(RunDescription, values, place=directory.description))
    head = {name: value for name, value in known.items() if name not in ("kind", "version")}
    settings = of_run.get("run") if isinstance(of_run, Mapping) else None
    head["run"] = settings if isinstance(settings, Mapping) else {}
    model = of_run.get("model") if isinstance(of_run, Mapping) else None
    head["batch_invariant"] = isinstance(model, Mapping) and model.get("batch_invariant") is True
    try:
        return validated(RunHead, head, place="", are_values_shown=False)
    except ConfigError as error:
        raise RunError(f"{directory.description}: damaged. {str(error).splitlines()[0]}") from None


def _blocks(text: str, names: tuple[str, ...], *, indent: str = "") -> str:
    """The lines of some keys of a mapping in YAML's block style, which is how a description is written."""
    key = re.compile(rf"{indent}([\w.-]+):")
    kept: list[str] = []
    is_kept = False
    for line in text.splitlines(keepends=True):
        if found := key.match(line):
            is_kept = found[1] in names
        if is_kept:
            kept.append(line)
    return "".join(kept)
