"""Scores a demo model on notes with unseen places: greedy decoding, exact values, micro-averaged F1, and quotes."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch

from glane.demo.marks import FIELDS
from glane.demo.note import Note, generate_note
from glane_tools.demo_model.tokenizer import encode

ANSWER_TOKENS = 320


def score_model(model: Any, tokenizer: Any, *, notes: int, seed: int, batch: int = 32) -> dict[str, Any]:
    """Micro-F1 over told values, accuracy of each field, and shares.

    The shares are: `unparsable`, of all answers; `reasons`, of the null fields, with the right reason; `quoted`, of the
    values found, with a quote that is an exact substring of the note; `overlapping`, of the values found, with a quote
    that overlaps a passage supporting the field.
    """
    rng = random.Random(f"score-{seed}")
    cases = sorted((generate_note(rng, "test") for _ in range(notes)), key=lambda note: len(note.text))
    right: Counter[str] = Counter()
    matched = predicted = expected = broken = nulls = reasons = exact = overlapping = 0
    for start in range(0, notes, batch):
        group = cases[start : start + batch]
        for note, answer in zip(group, _answers(model, tokenizer, group), strict=True):
            broken += answer is None
            for field in FIELDS:
                gold, found = _items(note.answer[field]), list(_found(answer, field))
                told, stated = set(gold), {value for value, _ in found}
                reason = _reason(answer, field)
                matched += len(told & stated)
                predicted += len(stated)
                expected += len(told)
                right[field] += gold == [value for value, _ in found] and reason == note.missing.get(field)
                if field in note.missing:
                    nulls += 1
                    reasons += reason == note.missing[field]
                for _, quote in found:
                    exact += quote in note.text
                    overlapping += any(
                        at < end and begin < at + len(quote)
                        for at in _places(note.text, quote)
                        for begin, end in note.spans.get(field, [])
                    )
    return {
        "micro_f1": round(2 * matched / max(predicted + expected, 1), 4),
        "unparsable": round(broken / notes, 4),
        "reasons": round(reasons / max(nulls, 1), 4),
        "quoted": round(exact / max(predicted, 1), 4),
        "overlapping": round(overlapping / max(predicted, 1), 4),
        "accuracy": {field: round(right[field] / notes, 3) for field in FIELDS},
    }


def _items(value: object) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [json.dumps(item) for item in values]


def _found(answer: dict[str, Any] | None, field: str) -> Iterator[tuple[str, str]]:
    """The values of a field and their quotes."""
    told = (answer or {}).get(field)
    for item in told if isinstance(told, list) else [told]:
        if isinstance(item, dict) and "value" in item:
            yield json.dumps(item["value"]), str(item.get("quote", ""))


def _reason(answer: dict[str, Any] | None, field: str) -> str | None:
    told = (answer or {}).get(field)
    reason = told.get("missing") if isinstance(told, dict) else None
    return reason if isinstance(reason, str) else None


def _places(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote) if quote else -1
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


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
