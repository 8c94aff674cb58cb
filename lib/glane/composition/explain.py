"""What Hydra and OmegaConf complain of, in a sentence with the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.composition.listing import dotted_keys, keys_in_common, names_in
from glane.composition.places import GROUPS
from glane.composition.words import LEFT_OUT, is_grammatical
from glane.errors import did_you_mean


def explained(error: BaseException, overrides: Sequence[str], known: Mapping[str, Any], folders: Sequence[Path]) -> str:
    """Hydra's complaint about `overrides` as a sentence. `known` is the job's configuration without what is wrong."""
    if unread := next((word for word in overrides if not is_grammatical(word)), None):
        return _not_read(unread.partition("=")[0], known)
    text = "\n".join(str(link) for link in _causes(error))
    if found := re.search(r"Could not override '([^']+)'", text):
        return _unknown(found[1], known)
    if found := re.search(r"Ambiguous value for argument '([^=]+)=(.+)'", text):
        return f"{found[1]}: {found[2]} are several. {_one_of_several(found[1], found[2])}"
    if found := re.search(r"Could not find '([^']+)'", text):
        return f"{found[1]}: no such configuration. {_elsewhere(found[1], folders)}"
    if found := re.search(r"(?:Key|Missing key|key) '?([\w.]+)'? (?:is )?not in", text):
        return _unknown(found[1], known)
    if filled := next((word for word in overrides if "${" in word), None):
        return not_filled_in(filled.partition("=")[0], text)
    return next((line for line in text.splitlines() if line.strip()), "configuration: cannot be composed.")


def not_filled_in(key: str, complaint: str) -> str:
    """OmegaConf's complaint about a `${…}` that it cannot resolve, as a sentence."""
    found = re.search(r"[Ii]nterpolation key '([^']*)' not found|Environment variable '([^']*)' not found", complaint)
    reason = (
        "it cannot be read" if not found else f"there is no {'key' if found[1] else 'variable'} {found[1] or found[2]}"
    )
    return (
        f"{key}: ${{…}} stands for another key or a variable, and {reason}. Write ${{KEY}} or ${{oc.env:VARIABLE}}; "
        "a text with these signs is written \\${…}."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one_of_several(key: str, values: str) -> str:
    if re.fullmatch(r"[-+]?\d+,\d+", values):
        return f"Decimals are written with a point: {key}={values.replace(',', '.')}."
    return "Choose one, or add -m to run the job with each of them."


def _not_read(key: str, known: Mapping[str, Any]) -> str:
    if not is_grammatical(f"{key}=x"):
        return _unknown(key.lstrip("+~"), known)
    return f"{key}: its value cannot be read. Put quotes around a text: \"{key}='…'\"."


def _elsewhere(path: str, folders: Sequence[Path]) -> str:
    """Where a configuration that was not found may be, or the names that can be chosen."""
    group, _, name = path.rpartition("/")
    if "/" in group:
        first = group.partition("/")[0]
        return (
            f"A configuration is chosen by its name: put the file into FOLDER/{first}/, and write --config-dir FOLDER "
            f"{first}={Path(name).stem}. {did_you_mean('', names_in(first, folders))}"
        )
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return (
                f"It is in {folder} itself: put it into a folder {group} there, or give --config-dir the folder above."
            )
        if (folder / group / f"{name}.yml").is_file() or (folder / path).is_file():
            return f"Rename the file to {group}/{Path(name).stem}.yaml, and write {group}={Path(name).stem}."
    listed = did_you_mean(name, names_in(group.partition("/")[0], folders))
    if folders or group not in GROUPS:
        return listed
    return f"{listed} A file of your own, {group}/{name}.yaml, is taken from the folder that --config-dir names."


def _unknown(key: str, known: Mapping[str, Any]) -> str:
    """Which part of a key is unknown, with the keys that may stand in its place, the nearest first."""
    parts, here = key.split("."), known
    for number, part in enumerate(parts):
        before = ".".join(parts[:number])
        if not isinstance(here, Mapping):
            return f"{key}: unknown key. {before} holds no further keys: write {before}=…"
        if part not in here:
            wrong = ".".join(parts[: number + 1])
            if number == 1 and part in keys_in_common(before):
                return (
                    f"{wrong}: the file of the chosen {before} leaves it out, and inherits nothing. Add the line "
                    "defaults: [base/default@_here_, _self_] to it."
                )
            valid = [f"{before}.{name}".lstrip(".") for name in here]
            more = [name for name in LEFT_OUT if name.rpartition(".")[0] == before and name not in valid]
            return f"{wrong}: unknown key. {did_you_mean(wrong, [*valid, *more])}"
        here = here[part]
    return f"{key}: cannot be set there. {did_you_mean(key, [name for name, _ in dotted_keys(known)])}"
