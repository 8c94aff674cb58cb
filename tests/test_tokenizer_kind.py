"""Tokenizers that no grammar can be built on are told by their files, before weights are loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import DEMO_MODEL, ROOT, SMALL_TASK, make_settings, write_documents
from glane.composition import composed
from glane.engine.arguments import engine_arguments
from glane.engine.tokenizer_checks import check_tokenizer
from glane.engine.tokenizer_kind import TokenizerKind, mistral_file, tokenizer_kind
from glane.engine.tokenizers import load_tokenizer
from glane.errors import ConfigError
from glane.job.preflight import preflight
from glane.job.submit import submit
from glane.settings import ModelSettings
from glane.task.task import load_task

TASK_VALUES = {"name": "t", "language": "en", "instructions": "Read.", "fields": {"a": {"type": "boolean"}}}
TASK = load_task(TASK_VALUES)
DEMO = Path(DEMO_MODEL.path)
HF = {"tokenizer.json": DEMO / "tokenizer.json", "tokenizer_config.json": DEMO / "tokenizer_config.json"}
WEIGHTS = {"consolidated-00001.safetensors": DEMO / "tokenizer_config.json"}  # only its name counts


def of_mistral(name: str) -> Path:
    import mistral_common

    return Path(mistral_common.__file__).parent / "data" / name


TEK = {"tekken.json": of_mistral("tekken_240911.json")}
V7 = {"tokenizer.model.v7": of_mistral("mistral_instruct_tokenizer_241114.model.v7")}
V3 = {"tokenizer.model.v3": of_mistral("mistral_instruct_tokenizer_240323.model.v3")}
V1 = {"tokenizer.model": of_mistral("tokenizer.model.v1")}

# What vLLM 0.32 makes of each folder under auto, mistral and hf: tekken, SentencePiece, Hugging Face, or an error.
_TEK, _SPM, _HF = TokenizerKind.TEKKEN, TokenizerKind.SENTENCEPIECE, TokenizerKind.HUGGING_FACE
FOLDERS: dict[str, tuple[Mapping[str, Path], tuple[TokenizerKind | None, ...]]] = {
    "tekken": (TEK, (_HF, _TEK, _HF)),
    "tekken and weights": (TEK | WEIGHTS, (_TEK, _TEK, _HF)),
    "tekken and fast": (TEK | HF, (_HF, _TEK, _HF)),
    "tekken, fast and weights": (TEK | HF | WEIGHTS, (_TEK, _TEK, _HF)),
    "v7": (V7, (_HF, _SPM, _HF)),
    "v7 and weights": (V7 | WEIGHTS, (_SPM, _SPM, _HF)),
    "v7 and fast": (V7 | HF, (_HF, _SPM, _HF)),
    "v7, fast and weights": (V7 | HF | WEIGHTS, (_SPM, _SPM, _HF)),
    "v7 and tekken": (V7 | TEK, (_HF, _TEK, _HF)),
    "v3 beside v1": (V3 | V1 | WEIGHTS, (_SPM, _SPM, _HF)),
    "v1 alone": (V1, (_HF, _SPM, _HF)),
    "v1 and weights": (V1 | WEIGHTS, (_HF, _SPM, _HF)),
    "fast": (HF, (_HF, None, _HF)),
}
MODES = ("auto", "mistral", "hf")


def folder_of(files: Mapping[str, Path], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, source in files.items():
        (folder / name).symlink_to(source)
    shutil.copy(DEMO / "config.json", folder)
    return folder


def model_in(folder: Path, mode: str, **more: Any) -> ModelSettings:
    changes = {"path": str(folder), "tokenizer_mode": mode, "max_model_len": 8192, **more}
    return DEMO_MODEL.model_copy(update=changes)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_kind_is_told_by_the_files(name: str, tmp_path: Path) -> None:
    files, kinds = FOLDERS[name]
    folder = folder_of(files, tmp_path / "m")
    assert tuple(tokenizer_kind(folder, mode) for mode in MODES) == kinds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("v7 and weights", "auto"), ("v7", "mistral"), ("v7", "auto"), ("v7, fast and weights", "hf"), ("fast", "mistral"),
        ("v3 beside v1", "auto"), ("v1 alone", "auto"), ("tekken, fast and weights", "auto"), ("tekken and fast", "auto"),
    ],
)  # fmt: skip
def test_it_is_the_kind_that_vllm_makes(name: str, mode: str, tmp_path: Path) -> None:
    get_tokenizer = pytest.importorskip("vllm.tokenizers").get_tokenizer
    from vllm.v1.structured_output.backend_guidance import GuidanceBackend

    files, kinds = FOLDERS[name]
    folder = folder_of(files, tmp_path / "m")
    try:
        check_tokenizer(model_in(folder, mode))
        is_refused = False
    except ConfigError:
        is_refused = True
    try:
        tokenizer: Any = get_tokenizer(str(folder), tokenizer_mode=mode)
    except ValueError:
        assert is_refused
        return
    made = {True: _TEK, False: _SPM, None: _HF}[getattr(tokenizer, "is_tekken", None)]
    assert made == kinds[MODES.index(mode)]
    assert is_refused is not GuidanceBackend.is_tokenizer_supported(tokenizer)


@pytest.mark.parametrize(("files", "mode"), [(V7, "mistral"), (V7 | WEIGHTS, "auto"), (V3 | WEIGHTS, "mistral")])
def test_sentencepiece_of_mistral_is_refused_with_file_and_remedy(
    files: Mapping[str, Path], mode: str, tmp_path: Path
) -> None:
    folder = folder_of(files, tmp_path / "m")
    with pytest.raises(ConfigError) as refused:
        preflight(model_in(folder, mode), TASK)
    said = str(refused.value)
    assert said.startswith(f"model.tokenizer_mode: {mistral_file(folder)} is a SentencePiece tokenizer of Mistral's")
    assert f"tokenizer_mode={mode}" in said
    assert "model.tokenizer=DIR" in said
    for name, source in HF.items():
        (folder / name).symlink_to(source)
    with pytest.raises(ConfigError, match=r"Set model\.tokenizer_mode=hf: the folder has a tokenizer\.json, too\."):
        preflight(model_in(folder, mode), TASK)
    check_tokenizer(model_in(folder, "hf"))
    # Whatever backend builds grammars: glane reads tokens with llguidance, which does not know this kind.
    backend = {"structured_outputs_config": {"backend": "xgrammar"}}
    with pytest.raises(ConfigError, match="SentencePiece"):
        check_tokenizer(model_in(folder, mode, engine_args=backend))


def test_a_folder_named_as_tokenizer_is_the_one_that_is_read(tmp_path: Path) -> None:
    bad, good = folder_of(V7, tmp_path / "bad"), folder_of(TEK, tmp_path / "good")
    check_tokenizer(model_in(bad, "mistral", tokenizer=str(good)))
    with pytest.raises(ConfigError, match=rf"{bad}/tokenizer\.model\.v7"):
        check_tokenizer(model_in(good, "mistral", tokenizer=str(bad)))


@pytest.mark.parametrize(("files", "mode"), [(TEK, "mistral"), (TEK | WEIGHTS, "auto"), (HF, "auto"), (HF, "hf")])
def test_tekken_and_fast_ones_are_taken_and_can_be_counted_with(
    files: Mapping[str, Path], mode: str, tmp_path: Path
) -> None:
    folder = folder_of(files, tmp_path / "m")
    check_tokenizer(model_in(folder, mode))
    assert load_tokenizer(folder, mode=mode) is not None


def test_tekken_that_auto_would_convert_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"with auto, vLLM converts .*tekken\.json.*Set model\.tokenizer_mode=mistral"
    ):
        check_tokenizer(model_in(folder_of(TEK, tmp_path / "m"), "auto"))


def test_mistral_asks_for_a_tokenizer_of_mistrals(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mistral asks for tekken\.json.*Set model\.tokenizer_mode=hf"):
        check_tokenizer(model_in(folder_of(HF, tmp_path / "m"), "mistral"))


def test_an_unknown_mode_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.tokenizer_mode: vLLM has no 'slow'\. Valid: auto, hf, mistral"):
        check_tokenizer(model_in(tmp_path, "slow"))


@pytest.mark.slow  # to import AutoTokenizer takes seconds
def test_slow_tokenizers_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    folder = folder_of({}, tmp_path / "m")
    (folder / "config.json").write_text(json.dumps({"model_type": "ctrl"}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CTRLTokenizer"}))
    (folder / "vocab.json").write_text(json.dumps({"<unk>": 0, "a": 1, "b": 2}))
    (folder / "merges.txt").write_text("#version: 0.2\na b\n")
    with pytest.raises(ConfigError, match=r"makes of its files a CTRLTokenizer, which is slow.*Set model\.tokenizer"):
        check_tokenizer(model_in(folder, "auto"))
    nothing = folder_of({}, tmp_path / "n")
    with pytest.raises(ConfigError, match=r"Transformers makes no fast tokenizer of its files \(ValueError\)"):
        check_tokenizer(model_in(nothing, "auto"))


PRESETS = sorted(path.stem for path in (ROOT / "conf" / "model").glob("*.yaml"))


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in ("hf", "embedding", "scripted", "demo")])
def test_each_preset_goes_with_the_tokenizer_of_its_checkpoint_and_with_no_other(name: str, tmp_path: Path) -> None:
    shown = composed("extract", [f"model={name}", "task=ed_visit", "data.path=d.parquet"])["model"]
    good, bad = (TEK, V7) if name.startswith(("mi", "random")) else (HF, V7 | WEIGHTS)
    mode = shown["tokenizer_mode"]
    check_tokenizer(model_in(folder_of(good | WEIGHTS, tmp_path / "good"), mode))
    with pytest.raises(ConfigError, match="SentencePiece"):
        check_tokenizer(model_in(folder_of(bad, tmp_path / "bad"), mode))


def test_a_submission_refuses_it_before_a_node_is_asked_for(tmp_path: Path) -> None:
    folder = folder_of(V7, tmp_path / "m")
    settings = make_settings(
        write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run", SMALL_TASK,
        model=model_in(folder, "mistral").model_dump(), cluster={"kind": "slurm", "dry_run": True},
    )  # fmt: skip
    with pytest.raises(ConfigError, match="SentencePiece"):
        submit(settings)
    assert not (tmp_path / "run").exists()


def test_another_key_of_structured_outputs_leaves_the_backend_as_it_is() -> None:
    more = {"structured_outputs_config": {"disable_additional_properties": True}}
    made = engine_arguments(model_in(DEMO, "auto", engine_args=more), "cpu")["structured_outputs_config"]
    assert made == {"backend": "guidance", "disable_any_whitespace": True, "disable_additional_properties": True}


@pytest.mark.parametrize("backend", ["auto", "outlines", "lm-format-enforcer", "x"])
def test_a_backend_that_cannot_do_it_is_refused(backend: str) -> None:
    more = {"structured_outputs_config": {"backend": backend}}
    with pytest.raises(ConfigError, match=r"structured_outputs_config\.backend: .*guidance, xgrammar"):
        preflight(model_in(DEMO, "auto", engine_args=more), TASK)


def test_copied_quotes_ask_for_guidance() -> None:
    model = model_in(DEMO, "auto", engine_args={"structured_outputs_config": {"backend": "xgrammar"}})
    fields = {"a": {"type": "boolean", "evidence": True}}
    with pytest.raises(ConfigError, match=r"task\.quotes: only the backend guidance"):
        preflight(model, load_task({**TASK_VALUES, "fields": fields}))
    for values in ({**TASK_VALUES, "fields": fields, "quotes": "free"}, TASK_VALUES):
        preflight(model, load_task(values))
