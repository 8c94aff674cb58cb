"""A model's licence is told, and one that restricts its use is refused until somebody accepts it by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT, SMALL_TASK, make_settings, write_documents
from glane.composition import composed
from glane.errors import ConfigError
from glane.job.licences import licence_line, refuse_unlicensed
from glane.job.resolve import resolve
from glane.settings import ModelSettings
from glane.validation import validated

SHIPPED = sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml"))
OWN = {"name": "ours", "path": "/nowhere"}


def model(**changes: object) -> ModelSettings:
    return validated(ModelSettings, {**OWN, **changes}, place="model")


def test_a_restricted_model_waits_for_its_licence_to_be_accepted(tmp_path: Path) -> None:
    restricted = model(licence="MRL-0.1", restricted=True)
    with pytest.raises(ConfigError, match=r"under the licence 'MRL-0.1', .* set model.accept_licence=MRL-0.1"):
        refuse_unlicensed(restricted)
    with pytest.raises(ConfigError, match=r"model.accept_licence names 'MIT'"):
        refuse_unlicensed(model(licence="MRL-0.1", restricted=True, accept_licence="MIT"))
    refuse_unlicensed(model(licence="MRL-0.1", restricted=True, accept_licence="MRL-0.1"))
    refuse_unlicensed(model(licence="Apache-2.0"))
    settings = make_settings(
        write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run", SMALL_TASK,
        model__licence="MRL-0.1", model__restricted=True,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="MRL-0.1"):
        resolve(settings)
    assert not (tmp_path / "run").exists()


def test_what_needs_no_accepting_is_not_accepted_in_silence() -> None:
    with pytest.raises(ConfigError, match=r"model\.accept_licence: 'ours' is not marked as restricted"):
        refuse_unlicensed(model(licence="Apache-2.0", accept_licence="Apache-2.0"))


def test_a_restricted_licence_has_a_name() -> None:
    with pytest.raises(ConfigError, match="Set licence to the name that the card gives"):
        model(restricted=True)


def test_a_run_tells_licence_and_month() -> None:
    assert licence_line(model()) == "model  ours: of unknown licence"
    told = model(licence="MRL-0.1", restricted=True, accept_licence="MRL-0.1", released="2024-11")
    assert licence_line(told) == "model  ours: licence MRL-0.1, accepted by model.accept_licence, released 2024-11"


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in ("hf", "embedding", "scripted")])
def test_shipped_models_name_their_licence_and_none_is_restricted(name: str) -> None:
    shown = composed("extract", [f"model={name}", "task=ed_visit", "data.path=d.parquet"])["model"]
    assert shown["licence"]
    assert not shown["restricted"]
    assert name in ("demo", "random_tekken") or shown["released"]  # what glane makes itself has no date
