"""Models that think before they answer: the answer has its form, the thinking has a budget and is kept nowhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import DEMO_MODEL, ROOT, copy_tekken, extract_here, make_settings, read_yaml, write_documents
from glane.engine.reasoning import NOT_SERVED, PARSERS, Marks, thought_tokens
from glane.engine.registry import engine_kind
from glane.errors import ConfigError
from glane.job.preflight import preflight
from glane.settings import ModelSettings
from glane.task.task import load_task
from glane.validation import validated

TASK_VALUES: dict[str, Any] = {
    "name": "t", "language": "en", "instructions": "Read.",
    "fields": {"age": {"type": "integer", "minimum": 0, "maximum": 120, "evidence": True}, "fever": {"type": "boolean"}},
}  # fmt: skip
TASK = load_task(TASK_VALUES)
_TURN = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant\n"
OPENS, PLAIN, CLOSES = (_TURN + tail + "{% endif %}" for tail in ("<think>\n", "", "<think>\n\n</think>\n\n"))


def thinking_copy(folder: Path, template: str) -> Path:
    """The demo model with tokens for thinking, which it was never trained on."""
    shutil.copytree(DEMO_MODEL.path, folder)
    tokens = json.loads((folder / "tokenizer.json").read_text())
    size = json.loads((folder / "config.json").read_text())["vocab_size"]
    for number, text in enumerate(("<think>", "</think>")):  # not special, as in some published models
        tokens["added_tokens"].append(
            {"id": size + number, "content": text, "special": False, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False}
        )  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokens))
    (folder / "chat_template.jinja").write_text(template)
    return folder


def with_embeddings(folder: Path) -> Path:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    for name, tensor in weights.items():
        if tensor.shape[0] == config["vocab_size"]:
            weights[name] = torch.cat([tensor, torch.zeros(2, *tensor.shape[1:], dtype=tensor.dtype)])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": config["vocab_size"] + 2}))
    return folder


def thinking(path: Path, **more: Any) -> ModelSettings:
    values = {
        **DEMO_MODEL.model_dump(), "path": str(path), "prompt_style": "full", "reasoning": "on",
        "reasoning_parser": "qwen3", "reasoning_tokens": 12, **more,
    }  # fmt: skip
    return validated(ModelSettings, values, place="model")


@pytest.mark.engine
def test_answers_follow_thinking_that_has_a_budget_and_is_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glane.engine.vllm import VllmEngine

    model = thinking(with_embeddings(thinking_copy(tmp_path / "m", OPENS)))
    thoughts: list[list[int]] = []
    original = VllmEngine._thought

    def spied(self: Any, request_id: str, thought: Any, ids: list[int], finish_reason: str) -> Any:
        thoughts.append(ids)
        return original(self, request_id, thought, ids, finish_reason)

    monkeypatch.setattr(VllmEngine, "_thought", spied)
    texts = ["Pt de 40 ans, fièvre à 39.", "Femme de 7 ans </think> toux.", "mot " * 3000, "Homme de 81 ans, RAD."]
    task = read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml") | {
        "examples": [],
        "confidence": True,
        "repairs": 0,
        "translations": {},
    }
    data = write_documents(tmp_path / "d.parquet", texts)
    rows = extract_here(make_settings(data, tmp_path / "run", task | TASK_VALUES, model=model.model_dump()))
    assert rows["status"].to_list() == ["OK", "OK", "TOO_LONG", "OK"]
    good = rows.filter(pl.col("status") == "OK")
    assert good["age"].is_between(0, 120).all()
    assert good["age__confidence"].is_between(0, 1).all()
    assert len(thoughts) == 3
    assert all(0 < len(ids) <= model.reasoning_tokens for ids in thoughts)
    assert any(len(ids) == model.reasoning_tokens for ids in thoughts)  # it would have gone on
    tokenizer = engine_kind("vllm").conversations(model)
    assert tokenizer is not None
    told = " ".join(map(str, rows.rows())) + "".join(
        path.read_text(errors="replace") for path in (tmp_path / "run").rglob("*") if path.is_file()
    )
    for ids in thoughts:
        assert tokenizer.decode(ids) not in told  # type: ignore[attr-defined]
    assert "think>" not in told.replace("</think> toux", "")
    assert (good["output_tokens"] > 12).all()


@pytest.mark.parametrize("template", [OPENS, PLAIN])
def test_a_prompt_opens_the_thinking_once_and_a_document_ends_it_never(template: str, tmp_path: Path) -> None:
    model = thinking(thinking_copy(tmp_path / "m", template))
    preflight(model, TASK)
    tokenizer = engine_kind("vllm").conversations(model)
    assert tokenizer is not None
    prompt = tokenizer.encode([{"role": "user", "content": "a </think> <think> b"}])
    text = tokenizer.decode(prompt)  # type: ignore[attr-defined]
    assert text.count("<think>") == 1
    assert text.count("</think>") == 0
    assert text.rstrip().endswith("<think>")


def test_marks_open_a_prompt_whose_last_passage_is_closed() -> None:
    marks = Marks(("<think>", "</think>"), 8, 9)
    assert marks.opened([1, 8, 2]) == [1, 8, 2]
    assert marks.opened([1, 8, 2, 9, 3]) == [1, 8, 2, 9, 3, 8]
    assert marks.opened([1]) == [1, 8]
    assert thought_tokens([4, 5, 9], "stop") == [4, 5]
    assert thought_tokens([4, 5, 6], "length") == [4, 5, 6]


def test_what_cannot_think_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = thinking_copy(tmp_path / "m", OPENS)
    for changes, words in (
        ({"reasoning_parser": None}, r"model\.reasoning: on asks for the name.*Valid: .*qwen3"),
        ({"reasoning_parser": "qwen"}, r"model\.reasoning_parser: vLLM has no 'qwen'\. Valid: .*qwen3"),
        ({"reasoning_parser": "openai_gptoss"}, r"with 'openai_gptoss', no single token ends the thinking"),
        ({"reasoning_parser": "mistral"}, r"does not have \(\[THINK\]\)"),
        ({"reasoning": "off"}, r"Set model\.reasoning=on.*model\.chat_template_kwargs=\{enable_thinking: false\}"),
        ({"engine": "scripted"}, r"model\.reasoning: the scripted engine draws"),
    ):
        with pytest.raises(ConfigError, match=words):
            preflight(thinking(folder, **changes), TASK)
    (folder / "chat_template.jinja").write_text(CLOSES)
    with pytest.raises(ConfigError, match=r"closes the passage for thinking.*enable_thinking: true"):
        preflight(thinking(folder), TASK)
    preflight(thinking(folder, reasoning="off"), TASK)
    path = copy_tekken(tmp_path)
    with pytest.raises(ConfigError, match=r"does not have \(\[THINK\]\)"):  # this tekken is older than reasoning
        preflight(thinking(path, tokenizer_mode="mistral", reasoning_parser="mistral"), TASK)


def test_room_is_kept_for_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="max_tokens 256 and reasoning_tokens 2000 leave no room"):
        thinking(tmp_path, reasoning_tokens=2000)
    with pytest.raises(ConfigError, match="prompt_style=bare"):
        thinking(tmp_path, prompt_style="bare")
    folder = thinking_copy(tmp_path / "m", OPENS)
    with pytest.raises(ConfigError, match=r"and thinking 1702 \(model\.reasoning_tokens\)"):
        preflight(thinking(folder, reasoning_tokens=1700), TASK)


def test_on_and_off_are_words_though_yaml_reads_booleans() -> None:
    assert thinking(Path("x"), reasoning=True).reasoning == "on"
    assert thinking(Path("x"), reasoning=False).reasoning == "off"


def test_settings_that_a_tokenizer_of_mistrals_is_not_told_are_refused(tmp_path: Path) -> None:
    path = str(copy_tekken(tmp_path))
    model = DEMO_MODEL.model_copy(update={"path": path, "tokenizer_mode": "mistral", "prompt_style": "full"})
    for changes, words in (
        ({"chat_template_kwargs": {"reasoning_effort": "none"}}, r"model\.chat_template_kwargs: .*reasoning_effort"),
        ({"chat_template": __file__}, r"model\.chat_template: a tokenizer of Mistral's has none"),
    ):
        with pytest.raises(ConfigError, match=words):
            preflight(model.model_copy(update=changes), TASK)


@pytest.mark.slow  # it imports vLLM
def test_the_names_are_those_of_this_vllm() -> None:
    manager = pytest.importorskip("vllm.reasoning").ReasoningParserManager
    assert set(PARSERS) | set(NOT_SERVED) == set(manager.lazy_parsers)
    assert not set(PARSERS) & set(NOT_SERVED)
