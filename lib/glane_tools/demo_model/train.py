"""Trains the demo model from nothing: `python -m glane_tools.demo_model.train --out lib/glane/demo/model`.

The schedule runs over time, so that it ends when it was told to however busy the machine is. Every step reads fresh
notes, drawn from the number of the step: a run that is cut short resumes from its last checkpoint (same command) with
notes that it has not seen. Run from the root of the repository with PYTHONPATH=lib, and with OMP_WAIT_POLICY=passive
where other work shares the cores: threads that wait for one another at full speed take ten times as long there.
"""

import argparse
import fcntl
import json
import math
import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, GenerationConfig

from glane.demo.note import Note, generate_note
from glane_tools.demo_model.network import MAX_TOKENS, answer_logits, new_model
from glane_tools.demo_model.score import ANSWER_TOKENS, score_model
from glane_tools.demo_model.tokenizer import encode, train_tokenizer

POOL_BATCHES = 16  # batches are taken from a pool of notes sorted by length, so that rows need little padding
# Share of the time after which the notes get longer: a model learns to copy a name sooner from short notes.
BRIEF_UNTIL, SHORT_UNTIL = 0.2, 0.5
SHORT_CHARACTERS = 350
GAP_SHARE = 0.25  # more than in the corpus, as there are many missing reasons and each is rare
CHECKPOINT_S, SCORE_S = 120.0, 480.0


def main() -> None:
    """Parses the options and trains to the end, or from where the last run stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the exported model")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="folder of checkpoints and scores")
    parser.add_argument("--minutes", type=float, default=85, help="time of the whole training, resumed or not")
    parser.add_argument("--batch", type=int, default=24, help="notes per step")
    parser.add_argument("--peak-rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(
        out=options.out,
        work=options.work,
        minutes=options.minutes,
        batch=options.batch,
        peak_rate=options.peak_rate,
        seed=options.seed,
    )


def train(*, out: Path, work: Path, minutes: float, batch: int, peak_rate: float, seed: int) -> None:
    """Trains for that many minutes in all, resuming from work/checkpoint.pt, and exports the best so far to `out`."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Two runs would overwrite each other's checkpoints, and the worse one the better one's model.
            raise SystemExit(
                f"{work}: another training runs here; wait for it, or give another --work and --out"
            ) from None
        _train(out=out, work=work, minutes=minutes, batch=batch, peak_rate=peak_rate, seed=seed)


def _train(*, out: Path, work: Path, minutes: float, batch: int, peak_rate: float, seed: int) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Three times as fast on a processor that multiplies in 16 bits, and slower on others.
    half = device == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    tokenizer = _tokenizer(work / "tokenizer", seed)
    model = new_model(
        vocabulary_size=len(tokenizer),
        bos=tokenizer.bos_token_id,
        eos=tokenizer.eos_token_id,
        pad=tokenizer.pad_token_id,
        seed=seed,
    ).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step, best, elapsed = _resume(work / "checkpoint.pt", model, optimizer, device)
    began = checked = scored = time.monotonic()
    began -= elapsed
    tokens, progress = 0, elapsed / (60 * minutes)
    while progress < 1:
        pool = _pool(tokenizer, step // POOL_BATCHES, batch=batch, progress=progress, seed=seed)
        for ids, positions, targets in pool[step % POOL_BATCHES :]:
            for group in optimizer.param_groups:
                group["lr"] = peak_rate * _schedule(progress)
            with torch.autocast(device, torch.bfloat16, enabled=half):
                logits = answer_logits(model, ids.to(device), positions.to(device))
            loss = functional.cross_entropy(
                logits.float().flatten(0, 1), targets.to(device).flatten(), ignore_index=-100
            )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            tokens += ids.numel()
            now = time.monotonic()
            progress = (now - began) / (60 * minutes)
            if step % 20 == 0:
                pace = tokens / (now - began - elapsed)
                print(f"{progress:.1%} step {step} loss {loss.item():.4f} tok/s {pace:.0f}", flush=True)
            if progress >= 1:
                break
            if now - scored > SCORE_S:
                best = _export_if_best(model, tokenizer, out, work, step=step, best=best, seed=seed, notes=64)
                scored = time.monotonic()
            if now - checked > CHECKPOINT_S:
                _save(work / "checkpoint.pt", model, optimizer, step, best, now - began)
                checked = time.monotonic()
    _save(work / "checkpoint.pt", model, optimizer, step, best, time.monotonic() - began)
    # The last model is exported in any case (best=0): a score on few notes is too uncertain to prefer an earlier one.
    _export_if_best(model, tokenizer, out, work, step=step, best=0.0, seed=seed, notes=64)
    print("final", json.dumps(score_model(model, tokenizer, notes=512, seed=seed + 1)), flush=True)


def _schedule(progress: float) -> float:
    """The share of the peak rate: a short warm-up, then a cosine to one hundredth."""
    return min(1.0, progress / 0.02 + 0.01) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def _pool(tokenizer: Any, index: int, *, batch: int, progress: float, seed: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The batches of one pool, in a shuffled order: ids, positions of the answer, targets (-100 where none)."""
    rng = random.Random(f"pool-{seed}-{index}")
    pairs: list[tuple[list[int], list[int]]] = []
    while len(pairs) < POOL_BATCHES * batch:
        prompt, answer = encode(tokenizer, _draw(rng, progress))
        if len(prompt) + len(answer) <= MAX_TOKENS:
            pairs.append((prompt, answer))
    pairs.sort(key=lambda pair: len(pair[0]) + len(pair[1]))
    batches = [_tensors(pairs[i : i + batch]) for i in range(0, len(pairs), batch)]
    rng.shuffle(batches)
    return batches


def _draw(rng: random.Random, progress: float) -> Note:
    if progress < BRIEF_UNTIL:
        return generate_note(rng, "train", brief=True, gap_share=GAP_SHARE)
    brief = rng.random() < 0.3
    while True:
        note = generate_note(rng, "train", brief=brief, gap_share=GAP_SHARE)
        if progress >= SHORT_UNTIL or len(note.text) <= SHORT_CHARACTERS:
            return note


def _tensors(pairs: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    # Widths are rounded up, so that few shapes are ever compiled for.
    width = -(-max(len(prompt) + len(answer) for prompt, answer in pairs) // 8) * 8
    height = -(-max(len(answer) for _, answer in pairs) // 8) * 8
    ids = torch.zeros(len(pairs), width, dtype=torch.long)
    positions = torch.zeros(len(pairs), height, dtype=torch.long)
    targets = torch.full((len(pairs), height), -100, dtype=torch.long)
    for row, (prompt, answer) in enumerate(pairs):
        length = len(answer)
        ids[row, : len(prompt) + length] = torch.tensor(prompt + answer)
        positions[row, :length] = torch.arange(len(prompt) - 1, len(prompt) - 1 + length)
        targets[row, :length] = torch.tensor(answer)
    return ids, positions, targets


def _tokenizer(folder: Path, seed: int) -> Any:
    if not (folder / "tokenizer.json").exists():
        _replace_folder(
            folder, lambda new: _save_tokenizer(train_tokenizer(notes=20_000, seed=seed, max_tokens=MAX_TOKENS), new)
        )
    return AutoTokenizer.from_pretrained(folder)


def _save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Saves the tokenizer under the class name that every version of transformers knows."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    # tokenizer.json already says which tokens are special, and versions differ on how this key is written.
    config.pop("extra_special_tokens", None)
    path.write_text(json.dumps(config, indent=2) + "\n")


def _resume(path: Path, model: Any, optimizer: torch.optim.Optimizer, device: str) -> tuple[int, float, float]:
    if not path.exists():
        return 0, 0.0, 0.0
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    print(f"resuming at step {state['step']}", flush=True)
    return int(state["step"]), float(state["best"]), float(state["elapsed"])


def _save(path: Path, model: Any, optimizer: torch.optim.Optimizer, step: int, best: float, elapsed: float) -> None:
    new = path.with_suffix(".new")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "best": best,
            "elapsed": elapsed,
        },
        new,
    )
    os.replace(new, path)


def _export_if_best(
    model: Any, tokenizer: Any, out: Path, work: Path, *, step: int, best: float, seed: int, notes: int
) -> float:
    """Scores the model, and exports it in 16 bits unless an earlier one did better; returns the best micro-F1."""
    score = score_model(model, tokenizer, notes=notes, seed=seed)
    line = json.dumps({"step": step, **score})
    print("score", line, flush=True)
    with (work / "scores.jsonl").open("a") as file:
        file.write(line + "\n")
    if score["micro_f1"] < best:
        return best
    _replace_folder(out, lambda folder: _export(model, tokenizer, folder))
    return float(score["micro_f1"])


def _export(model: Any, tokenizer: Any, folder: Path) -> None:
    small = type(model)(model.config).to(torch.bfloat16)
    small.load_state_dict(model.state_dict())
    small.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        max_new_tokens=ANSWER_TOKENS,
    )
    small.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # safetensors leaves it to its owner alone
    _save_tokenizer(tokenizer, folder)
    (folder / "toy.json").write_text('["ed_visit"]\n')  # glane asks it nothing else


def _replace_folder(folder: Path, write: Any) -> None:
    """Writes a folder under a temporary name and renames it, so that no reader sees a part of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    new.mkdir()
    write(new)
    if folder.exists():
        os.rename(folder, old)
    os.rename(new, folder)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()
