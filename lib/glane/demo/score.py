"""How well a demo model reads notes of unseen places: greedy decoding, exact values, micro-averaged F1."""

import json
import random
from collections import Counter
from typing import Any

import torch

from glane.demo.marks import FIELDS
from glane.demo.note import Note, generate_note
from glane.demo.tokenizer import encode

ANSWER_TOKENS = 128


def score_model(model: Any, tokenizer: Any, *, notes: int, seed: int, batch: int = 32) -> dict[str, Any]:
    """Micro-F1 over told values, exact accuracy of each field, and the share of answers that do not parse."""
    rng = random.Random(f"score-{seed}")
    cases = sorted((generate_note(rng, "test") for _ in range(notes)), key=lambda note: len(note.text))
    right: Counter[str] = Counter()
    matched = predicted = expected = broken = 0
    for start in range(0, notes, batch):
        group = cases[start : start + batch]
        for note, answer in zip(group, _answers(model, tokenizer, group), strict=True):
            broken += answer is None
            for field in FIELDS:
                gold, found = note.answer[field], (answer or {}).get(field)
                right[field] += answer is not None and gold == found
                told, stated = _items(gold), _items(found)
                matched += len(told & stated)
                predicted += len(stated)
                expected += len(told)
    return {
        "micro_f1": round(2 * matched / max(predicted + expected, 1), 4),
        "unparsable": round(broken / notes, 4),
        "accuracy": {field: round(right[field] / notes, 3) for field in FIELDS},
    }


def _items(value: object) -> set[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return {json.dumps(item) for item in values}


def _answers(model: Any, tokenizer: Any, notes: list[Note]) -> list[dict[str, Any] | None]:
    prompts = [encode(tokenizer, note)[0] for note in notes]
    width = max(map(len, prompts))
    pad = tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    with torch.no_grad():
        out = model.generate(
            input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=ANSWER_TOKENS, pad_token_id=pad
        )
    return [_parse(tokenizer.decode(row[width:], skip_special_tokens=True)) for row in out]


def _parse(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
