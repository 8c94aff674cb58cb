"""Stage a model, and list those that are staged: what the commands say of them."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from glane.catalogue.forms import loading
from glane.catalogue.listed import Entry, entries, unfinished
from glane.catalogue.stage import SETTING, StagedModel
from glane.catalogue.stage import stage_model as staged_model
from glane.cluster.layout import gpus_needed
from glane.cluster.schedulers import catalogue_of_site
from glane.composition import read_mapping, read_text
from glane.composition.places import CONF
from glane.engine.manifest import ModelFacts, ModelManifest, read_manifest
from glane.errors import ConfigError
from glane.settings import ModelSettings, ModelsSettings, StageModelSettings
from glane.settings.models import Catalogue

_MEMORY_SHARE: float = ModelSettings.model_fields["gpu_memory_utilization"].default
_LENGTH: int = ModelSettings.model_fields["max_model_len"].default
_GIB = 2**30
_MOST_LEFT = 10


def stage_model(settings: StageModelSettings, *, say: Callable[[str], None]) -> StagedModel:
    """Stage a model, and say what was made of it; raises as `glane.catalogue.stage.stage_model` does."""
    catalogue = _folder(settings.models)
    found = staged_model(settings, catalogue, say=say)
    for line in _told(found):
        say(line)
    return found


def list_models(settings: ModelsSettings, *, say: Callable[[str], None]) -> bool:
    """Say what is staged. Return whether all of it is as it was staged.

    Raises:
        GlaneError: if there is no catalogue.
    """
    catalogue = _folder(settings.models)
    found = list(entries(catalogue, verify=settings.verify))
    begun = unfinished(catalogue)
    if settings.json_output:
        print(json.dumps([_values(one, settings) for one in found], ensure_ascii=False))
    else:
        for one in found:
            for line in _lines(one, settings):
                say(line)
        for name in begun:
            say(f"{name}: copying was begun and not ended; the same glane stage-model goes on with it")
        say(f"{catalogue}: {len([one for one in found if one.manifest])} staged model(s)")
    return not any(one.problem for one in found)


def provenance_line(model: ModelSettings) -> str:
    """What a run says at the start of where its weights are from: a folder that was resolved."""
    manifest = read_manifest(Path(model.path))
    if manifest is None:
        return (
            f"weights  {model.path}: not staged, so nothing tells whether they are what was published "
            "(glane stage-model)"
        )
    return f"weights  {model.path}: all {len(manifest.files)} files as they were staged on {manifest.staged[:10]}"


def _folder(told: Catalogue) -> Path:
    folder = told.dir or catalogue_of_site()
    if folder is None:
        raise ConfigError(f"{SETTING}: no catalogue is told. Set {SETTING}=FOLDER, or models in the site's file.")
    return Path(folder).expanduser().absolute()


def _told(found: StagedModel) -> Iterator[str]:
    name, manifest = found.manifest.name, found.manifest
    if found.was_there:
        yield f"{name}: is staged already, with the same files, since {manifest.staged[:10]}"
    for one in manifest.left_out[:_MOST_LEFT]:
        yield f"{name}: left out {one.path} ({one.bytes / 1e6:,.1f} MB): {one.why}"
    if len(manifest.left_out) > _MOST_LEFT:
        yield f"{name}: left out {len(manifest.left_out) - _MOST_LEFT} more, which the manifest names"
    yield from (f"{name}: {note}" for note in manifest.notes)
    if manifest.card_licence is not None:
        yield f"{name}: the card says licence {manifest.card_licence}, and you say {manifest.facts.licence}"
    if manifest.facts.licence is None:
        yield f"{name}: of unknown licence. Read its page, and stage it with licence=NAME."
    yield f"{name}: {found.place}"
    yield f"use it: {shlex.join(words_of(found.place, manifest))}"


def _lines(one: Entry, settings: ModelsSettings) -> Iterator[str]:
    if one.manifest is None:
        yield f"{one.place.name}: {one.problem or 'was not staged by glane: nothing tells what it should hold'}"
        return
    name, facts = one.manifest.name, one.manifest.facts
    yield f"{name}: {facts.architecture or 'unknown architecture'}, {_size(facts)}, {_licence(facts)}"
    if facts.form != "adapter":
        yield f"  GPUs for one engine: {_gpus(facts, settings.gpu_gib)}; context of {facts.context or 'unknown'} tokens"
    yield f"  {_verified(one, settings)}"
    yield f"  use it: {shlex.join(words_of(one.place, one.manifest))}"


def _verified(one: Entry, settings: ModelsSettings) -> str:
    assert one.manifest is not None
    if one.problem:
        return f"NOT as it was staged: {one.problem}"
    if settings.verify:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        return f"verified {today}: all {len(one.manifest.files)} files as staged"
    return f"verified {one.manifest.staged[:10]}, when it was staged; names and sizes now (verify=true reads all)"


def _size(facts: ModelFacts) -> str:
    count = "" if facts.parameters is None else f"{_short(facts.parameters)} parameters, "
    quantised = f", {facts.quantisation}" if facts.quantisation else ""
    return f"{count}weights of {facts.weights_bytes / 1e9:.2f} GB{quantised}"


def _short(number: int) -> str:
    return f"{number / 1e9:.1f} B" if number >= 1e9 else f"{number / 1e6:.0f} M"


def _licence(facts: ModelFacts) -> str:
    return "of unknown licence" if facts.licence is None else f"licence {facts.licence}"


def _gpus(facts: ModelFacts, sizes: Sequence[float]) -> str:
    return ", ".join(f"{one} × {gib:g} GiB" for gib, one in _gpus_by_memory(facts, sizes).items())


def _gpus_by_memory(facts: ModelFacts, sizes: Sequence[float]) -> dict[float, int]:
    return {
        gib: gpus_needed(facts.weights_bytes, round(gib * _GIB), memory_share=_MEMORY_SHARE) for gib in sizes
    }  # fmt: skip


def words_of(place: Path, manifest: ModelManifest) -> list[str]:
    """The words of a command line that use a staged model: by its own file of `conf/model`, or the general one."""
    facts = manifest.facts
    if facts.form == "adapter":
        return [f"model.adapter={place}"]
    for preset, path in _presets().items():
        if Path(path).name.lower() in (manifest.name.lower(), Path(manifest.source).name.lower()):
            return [f"model={preset}", f"model.path={place}"]
    words = ["model=hf", f"model.path={place}", f"model.name={manifest.name}"]
    words += [f"model.{key}={value}" for key, value in loading(facts).items()]
    if facts.context is not None and facts.context < _LENGTH:
        words.append(f"model.max_model_len={facts.context}")
    return words + ([] if facts.licence is None else [f"model.licence={facts.licence}"])


@cache
def _presets() -> dict[str, str]:
    """The files of models that ship with glane, and the path of each."""
    files = sorted((CONF / "model").glob("*.yaml"))
    told = {file.stem: read_mapping(read_text(file), place=str(file)).get("path") for file in files}
    return {name: str(path) for name, path in told.items() if path not in (None, "???")}


def _values(one: Entry, settings: ModelsSettings) -> dict[str, Any]:
    values: dict[str, Any] = {"name": one.place.name, "path": str(one.place), "problem": one.problem or None}
    if one.manifest is None:
        return {**values, "staged": None}
    facts = one.manifest.facts
    gpus = {} if facts.form == "adapter" else _gpus_by_memory(facts, settings.gpu_gib)
    return {
        **values, "staged": one.manifest.staged, "is_verified": settings.verify and not one.problem,
        **facts.model_dump(mode="json"), "gpus": {f"{gib:g}": number for gib, number in gpus.items()},
        "words": words_of(one.place, one.manifest),
    }  # fmt: skip
