"""Settings are told once: what a configuration file repeats of a model's defaults is the same, and nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import glane.settings as settings
from conftest import ROOT
from glane.composition import composed
from glane.errors import ConfigError
from glane.settings import checklists_settings, estimate_settings, models_settings, review_settings
from glane.settings.ingest import DataSetSettings
from glane.settings.table import TimeDimension
from glane.task.task import _Manner
from glane.validation import validated

_FILES = {
    "extract": settings.ExtractSettings,
    "aggregate": settings.AggregateSettings,
    "audit": settings.AuditSettings,
    "brief": settings.BriefSettings,
    "trace": settings.TraceSettings,
    "replay": settings.ReplaySettings,
    "verify": settings.VerifySettings,
    "stage_model": settings.StageModelSettings,
    "models": settings.ModelsSettings,
    "keys": settings.KeysSettings,
    "link": settings.LinkSettings,
    "ingest": settings.IngestSettings,
    "embed": settings.EmbedSettings,
    "plan": settings.PlanSettings,
    "status": settings.StatusSettings,
    "runs": settings.RunsSettings,
    "checklists": settings.ChecklistsSettings,
    "studies": settings.StudiesSettings,
    "prisma": settings.PrismaSettings,
    "clean": settings.CleanSettings,
    "erase": settings.EraseSettings,
    "convert": settings.ConvertSettings,
    "evaluate": settings.EvaluateSettings,
    "compare": settings.CompareSettings,
    "calibrate": settings.CalibrateSettings,
    "doctor": settings.DoctorSettings,
    "export": settings.ExportSettings,
    "try_programs": settings.TryProgramsSettings,
    "estimate": settings.EstimateSettings,
    "multiverse": settings.MultiverseSettings,
    "review": settings.ReviewSettings,
    "cascade": settings.CascadeSettings,
    "screen": settings.ScreenSettings,
    "search": settings.SearchSettings,
    "sentinels": settings.SentinelsSettings,
    "new_task": settings.NewTaskSettings,
    "pseudonymise": settings.PseudonymiseSettings,
    "plant": settings.PlantSettings,
    "demo_corpus": settings.DemoCorpusSettings,
    "data/default": settings.DataSettings,
    "reading/default": _Manner,
    "model/base/default": settings.ModelSettings,
    "cluster/local": settings.LocalSettings,
    "cluster/slurm": settings.SlurmSettings,
}


def inner_model(annotation: Any) -> type[BaseModel] | None:
    options = [annotation, *get_args(annotation)]
    found = [one for one in options if isinstance(one, type) and issubclass(one, BaseModel)]
    return found[0] if len(found) == 1 else None


def defaults_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a model, with its default (PydanticUndefined where it has none)."""
    for name, field in model.model_fields.items():
        key, inner = f"{prefix}{field.alias or name}", inner_model(field.annotation)
        default = field.get_default(call_default_factory=True)
        is_told_in_parts = inner is not None and default is not None and not isinstance(default, tuple)
        is_group = key in ("model", "data", "task", "cluster") and not (
            key == "data"
            and (isinstance(default, BaseModel) or inner is DataSetSettings or "run" not in model.model_fields)
        )
        if inner is not None and is_told_in_parts and not is_group:
            yield from defaults_of(inner, f"{key}.")
        else:
            yield key, list(default) if isinstance(default, tuple) else default


def keys_of(values: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict) and value:
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def written(name: str) -> dict[str, Any]:
    values = yaml.safe_load((ROOT / "conf" / f"{name}.yaml").read_text(encoding="utf-8"))
    inherited = {}
    for entry in values.pop("defaults", []):
        if isinstance(entry, str) and entry != "_self_":
            inherited = written(entry)
    return {**inherited, **dict(keys_of(values))}


@pytest.mark.parametrize("name", _FILES)
def test_a_default_that_a_file_repeats_is_the_models_own(name: str) -> None:
    model = dict(defaults_of(_FILES[name]))
    for key, value in written(name).items():
        default = model.get(key, PydanticUndefined)
        if value == "???" or default is PydanticUndefined or key == "kind":
            continue
        if isinstance(default, list) and value is None:
            value = []
        if isinstance(default, str) and isinstance(value, bool):
            value = str(value).lower()  # what YAML reads as a boolean, and the settings as the name of a value
        assert value == default, f"conf/{name}.yaml: {key} is {value!r}, and {default!r} in the model"


@pytest.mark.parametrize("name", _FILES)
def test_every_key_of_a_model_is_shown_in_its_file(name: str) -> None:
    shown = written(name)
    groups = (
        {"table", "brief"}
        if name in ("aggregate", "brief")
        else {"linkage"}
        if name == "link"
        else {"model", "data", "task", "cluster"}
        if name in ("extract", "embed", "ingest", "new_task", "plan", "doctor")
        else set()
    )
    lacking = {key for key, _ in defaults_of(_FILES[name])} - set(shown)
    lacking = {key for key in lacking if key.partition(".")[0] not in groups}
    lacking = {key for key in lacking if not any(one.startswith(f"{key}.") for one in shown)}
    assert lacking == set()


@pytest.mark.parametrize("name", _FILES)
def test_a_file_has_no_key_that_its_model_lacks(name: str) -> None:
    keys = {key for key, _ in defaults_of(_FILES[name])}
    free = ("compare.", "engine_args.", "script.", "sbatch.")
    unknown = {key for key in written(name) if key not in keys and not key.startswith(free)}
    assert unknown == set()


def test_every_configuration_is_compared() -> None:
    primaries = {path.stem for path in Path(ROOT / "conf").glob("*.yaml")} - {"benchmark"}
    assert primaries <= set(_FILES)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml")))
def test_a_model_repeats_nothing_of_what_it_inherits(name: str) -> None:
    """What stands in a model's file is another value than without it, or the file need not say it."""
    own = yaml.safe_load((ROOT / "conf" / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    parent = own.pop("defaults")[0].removesuffix("@_here_")
    words = [f"model={parent}", "task=ed_visit", "data.path=x", "+model.name=x", "+model.path=x"]
    inherited = composed("extract", [word.replace("+", "++") for word in words])["model"]
    assert [key for key, value in own.items() if inherited[key] == value] == []


def test_a_day_that_is_written_otherwise_is_told_with_how() -> None:
    with pytest.raises(
        ConfigError, match=r"^table\.last: a day is needed, written as 2024-01-31 \(it is .31/12/2025.\)\.$"
    ):
        validated(TimeDimension, {"column": "d", "last": "31/12/2025"}, place="table")


def test_a_percentage_is_told_as_the_share_that_is_wanted() -> None:
    asked = {"run": {"dir": "r"}, "gold": "g", "out": {"dir": "o"}, "field": "fever"}
    with pytest.raises(ConfigError, match=r"level: .*less than 1: 95 % is written 0\.95 \(it is 95"):
        estimate_settings(asked | {"level": 95})
    with pytest.raises(ConfigError, match=r"blind: .*: 20 % is written 0\.2 \(it is 20"):
        review_settings({"run": {"dir": "r"}, "out": {"dir": "o"}, "blind": 20})
    with pytest.raises(ConfigError, match=r"level: [^:]*$"):
        estimate_settings(asked | {"level": 950})


def test_an_element_of_a_list_is_named_by_its_setting_and_a_list_that_is_empty_by_what_it_lacks() -> None:
    told = {"run": {"dir": "a"}, "out": {"dir": "b"}}
    with pytest.raises(ConfigError, match=r"^which: .*'aipd'.* \(it is 'aipdd'\)\.$"):
        checklists_settings({**told, "which": ["stard", "aipdd"]})
    with pytest.raises(ConfigError, match=r"^which: a list of at least 1 is needed, as \[a, b\]\.$"):
        checklists_settings({**told, "which": []})
    with pytest.raises(ConfigError, match=r"^gpu_gib: [^\n]* \(it is 'a'\)\.$"):  # not that the list is short, too
        models_settings({"gpu_gib": ["a"]})
    with pytest.raises(ConfigError, match=r"^gpu_gib: memory in GiB is above 0, as gpu_gib=\[24,80\]; here is -2\.$"):
        models_settings({"gpu_gib": [24, -2]})
