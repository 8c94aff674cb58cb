"""LoRA adapters: served over their weights, part of the fingerprint, and refused in a sentence where they cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import DEMO_MODEL, ROOT, read_yaml
from glane.corpus.unchanged import content_digest
from glane.engine.adapter import lora_arguments
from glane.engine.arguments import engine_arguments
from glane.engine.protocol import Sampling
from glane.engine.registry import start_engine
from glane.engine.weights import model_digests, resolve_weights
from glane.errors import ConfigError
from glane.settings import ModelSettings
from glane.task.form import answer_form
from glane.task.prompt import messages
from glane.task.task import load_task

LAYERS, HIDDEN, KEYS = 4, 256, 128  # of the demo model


def write_adapter(folder: Path, *, rank: int = 4, scale: float = 1.0) -> Path:
    """A random adapter for the demo model."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    draw = torch.Generator().manual_seed(1)
    tensors = {}
    for layer in range(LAYERS):
        for name, size in (("q_proj", HIDDEN), ("v_proj", KEYS)):
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{place}.lora_A.weight"] = torch.randn(rank, HIDDEN, generator=draw)
            tensors[f"{place}.lora_B.weight"] = scale * torch.randn(size, rank, generator=draw)
    save_file(tensors, folder / "adapter_model.safetensors")
    told = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": ["q_proj", "v_proj"],
        "bias": "none",
    }
    (folder / "adapter_config.json").write_text(json.dumps(told))
    return folder


def demo(**changes: object) -> ModelSettings:
    return DEMO_MODEL.model_copy(update=changes)


@pytest.mark.engine
def test_an_adapter_changes_the_answers_and_one_of_zeros_does_not(tmp_path: Path) -> None:
    task = load_task(read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml"))
    text = "Patient de 40 ans, fièvre à 39 et toux depuis 3 jours. RAD."
    said = []
    for adapter in (None, write_adapter(tmp_path / "zeros", scale=0.0), write_adapter(tmp_path / "random")):
        model = resolve_weights(demo(adapter=None if adapter is None else str(adapter)))
        engine = start_engine(model, device="cpu", cpus=2)
        try:
            prompt = engine.encode(messages(task, {"text": text}, style="bare"))
            greedy = Sampling(temperature=0.0, seed=0, max_tokens=model.max_tokens)
            engine.add("a", prompt, form=answer_form(task), text=text, sampling=greedy)
            done: list[tuple[str, object]] = []
            while not done:
                done = list(engine.step())
            said.append(done[0][1].text)  # type: ignore[attr-defined]
        finally:
            engine.close()
    assert said[0] == said[1]
    assert said[2] != said[0]


def test_an_adapter_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    one, other = write_adapter(tmp_path / "one"), write_adapter(tmp_path / "other", scale=2.0)
    digests = [
        model_digests(resolve_weights(demo(adapter=adapter and str(adapter))), content_digest)
        for adapter in (None, one, other)
    ]
    assert "adapter" not in digests[0]
    assert digests[1]["adapter"] != digests[2]["adapter"]
    assert digests[1]["weights"] == digests[0]["weights"]


@pytest.mark.parametrize(("rank", "told"), [(1, 8), (8, 8), (9, 16), (512, 512)])
def test_the_engine_is_told_a_rank_that_it_knows(rank: int, told: int, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": rank}))
    model = demo(adapter=str(tmp_path))
    assert lora_arguments(model) == {"enable_lora": True, "max_loras": 1, "max_lora_rank": told}
    assert engine_arguments(model, "gpu")["max_lora_rank"] == told
    assert "enable_lora" not in engine_arguments(demo(), "gpu")


def test_what_cannot_be_served_is_told_in_a_sentence(tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter")
    with pytest.raises(ConfigError, match=rf"is a LoRA adapter, and no model\. .*model\.adapter={adapter}"):
        resolve_weights(demo(path=str(adapter)))
    with pytest.raises(ConfigError, match="is a GGUF file"):
        resolve_weights(demo(path=str(tmp_path / "model.gguf")))
    with pytest.raises(ConfigError, match=r"model\.adapter: no directory"):
        resolve_weights(demo(adapter=str(tmp_path / "absent")))
    (adapter / "adapter_model.safetensors").write_bytes(b"\x08" + bytes(20))
    with pytest.raises(ConfigError, match=r"model\.adapter: .*damaged"):
        resolve_weights(demo(adapter=str(adapter)))
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"model\.adapter: .*incomplete: no adapter_model\.safetensors"):
        resolve_weights(demo(adapter=str(adapter)))
    for header in (b"[]", b"null", b"[" * 100_000):
        (adapter / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(ConfigError, match=r"model\.adapter: .*damaged"):
            resolve_weights(demo(adapter=str(adapter)))
    (adapter / "adapter_config.json").unlink()
    with pytest.raises(ConfigError, match=r"incomplete: no adapter_config\.json"):
        resolve_weights(demo(adapter=str(adapter)))
    for told in ("{", "{}", '{"r":' + "[" * 100_000, '{"r": 0}', '{"r": 1000}', '{"r": true}', "[]"):
        (adapter / "adapter_config.json").write_text(told)
        with pytest.raises(ConfigError, match="does not tell a rank r"):
            resolve_weights(demo(adapter=str(adapter)))
