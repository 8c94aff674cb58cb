"""Counts the steps of right answers, without a model: `.venv/bin/python -m glane_tools.benchmark.steps`.

For the reference answers of the shipped tasks (tests/gold), in Mistral's vocabulary and under glane's own grammars: the
tokens, how many of them stand in quotes, how many are forced, and the steps that are left. A model that answers right
takes as many; another answer, and another vocabulary, other ones.

With forced tokens and drafts, each answer must be the same byte for byte, or an error ends the command. How many of
them are spelled in other tokens is told.

The last columns are for `model.quote_drafts`: the steps with drafts, which the grammars themselves make, the tokens
that are drafted, and how many of them are right.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import yaml

from glane.engine.preload import OFFLINE
from glane.engine.quote_drafts import MOST_DRAFTED
from glane.task.form import answer_form
from glane.task.prompt import compact_json
from glane.task.schema import QUOTE
from glane.task.task import TEXT_INPUT, Task, load_task
from glane_tools.benchmark.spans import num_quoted
from glane_tools.random_model import ROOT, vocabulary

TASKS = (
    "ed_visit", "outbreak_report", "death_certificate", "outbreak_in_care_home", "literature_screening",
    "intervention_evaluation", "program_translation",
)  # fmt: skip


class Grammar(Protocol):
    """What is needed of a grammar."""

    def forced_tokens(self) -> list[int]:
        """The tokens that must follow."""
        ...

    def drafted_tokens(self, most: int) -> list[int]:
        """The tokens that the document goes on with."""
        ...

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
        """Advance by these tokens; False if one is not allowed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """How a tokenizer spells a text, and the bytes of its tokens."""

    spelled: Callable[[str], list[int]]
    piece: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The tokens of answers."""

    answers: int = 0
    respelled: int = 0  # answers whose bytes are other tokens than without forced ones
    tokens: int = 0
    quoted: int = 0  # begin within a quote
    forced: int = 0
    drafted: int = 0
    kept: int = 0  # of those drafted

    @property
    def steps(self) -> int:
        """The tokens that a model is asked for."""
        return self.tokens - self.forced

    @property
    def drafted_steps(self) -> int:
        """The steps that are left with drafts within quotes."""
        return self.steps - self.kept

    def __add__(self, other: Count) -> Count:
        return Count(
            answers=self.answers + other.answers,
            respelled=self.respelled + other.respelled,
            tokens=self.tokens + other.tokens,
            quoted=self.quoted + other.quoted,
            forced=self.forced + other.forced,
            drafted=self.drafted + other.drafted,
            kept=self.kept + other.kept,
        )


def count(answer: str, grammar: Grammar, vocabulary: Vocabulary, opener: bytes) -> Count:
    """Count one answer, spelled as a decoder would: forced tokens are appended, drafts checked, the rest asked for.

    Raises:
        ValueError: if the grammar does not allow the answer, or other bytes come out.
    """
    asked = rest = vocabulary.spelled(answer)
    tokens: list[int] = []
    num_forced = num_drafted = num_kept = 0
    while rest:
        if forced := grammar.forced_tokens():
            rest = respelled(rest, forced, vocabulary, place=len(tokens))
            more, num_forced = forced, num_forced + len(forced)
        else:
            draft = grammar.drafted_tokens(MOST_DRAFTED)
            kept = next((i for i, (one, other) in enumerate(zip(draft, rest, strict=False)) if one != other),
                        min(len(draft), len(rest)))  # fmt: skip
            more, num_drafted = rest[: kept + 1], num_drafted + len(draft)
            num_kept += len(more) - 1  # the last token of an answer would be asked for
        if not grammar.accept_tokens("count", more):
            raise ValueError(f"the grammar does not allow token {len(tokens)} of the answer")
        tokens += more
        rest = rest[len(more) :]
    if b"".join(map(vocabulary.piece, tokens)) != answer.encode():
        raise ValueError("with forced tokens the answer is another one")
    return Count(
        answers=1,
        respelled=int(tokens != asked),
        tokens=len(tokens),
        quoted=num_quoted([vocabulary.piece(token) for token in tokens], opener),
        forced=num_forced,
        drafted=num_drafted,
        kept=num_kept,
    )


def respelled(rest: list[int], forced: list[int], vocabulary: Vocabulary, *, place: int) -> list[int]:
    """The rest of an answer, spelled so that it begins with the tokens that a grammar forces at a place of it.

    Raises:
        ValueError: if they are other bytes than those of the answer.
    """
    if rest[: len(forced)] == forced:
        return rest
    left, done = (b"".join(map(vocabulary.piece, tokens)) for tokens in (rest, forced))
    if not left.startswith(done):
        raise ValueError(f"the grammar forces something else at token {place} of the answer")
    return forced + vocabulary.spelled(left[len(done) :].decode())


def count_task(task: Task, backend: Any, vocabulary: Vocabulary) -> Count:
    """Count the answers of a task's examples."""
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Kind

    form, total = answer_form(task), Count()
    opener = f'"{task.spelling.written(QUOTE)}":"'.encode()
    for example in task.examples:
        text = example.inputs[TEXT_INPUT]
        kind, rules = (Kind.JSON, form.schema) if form.quotes is None else (Kind.GRAMMAR, form.quotes.about(text))
        grammar = backend.compile_grammar(kind, rules)
        total += count(compact_json(example.output), grammar, vocabulary, opener)
    return total


def mistral() -> tuple[Any, Vocabulary]:
    """glane's maker of grammars in Mistral's vocabulary, and the vocabulary."""
    from vllm.tokenizers import get_tokenizer

    from glane.engine.grammars import SharedGrammars

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tekken.json").symlink_to(vocabulary())
        tokenizer: Any = get_tokenizer(folder, tokenizer_mode="mistral")
    own = tokenizer.llg_tokenizer
    rules = SimpleNamespace(disable_any_whitespace=True, disable_additional_properties=False)
    config: Any = SimpleNamespace(structured_outputs_config=rules)
    backend = SharedGrammars(config, tokenizer, len(tokenizer.get_vocab()))
    backend.drafts = True
    return backend, Vocabulary(spelled=own.tokenize_str, piece=lambda token: bytes(own.decode_bytes([token])))


def shipped_task(name: str) -> Task:
    """A task as glane ships it, with its reference cases as examples."""
    raw = yaml.safe_load((ROOT / "conf" / "task" / f"{name}.yaml").read_text(encoding="utf-8"))
    raw.pop("defaults", None)
    cases = yaml.safe_load((ROOT / "tests" / "gold" / f"{name}.yaml").read_text(encoding="utf-8"))
    return load_task({**raw, "examples": cases})


def table(counts: Mapping[str, Count]) -> str:
    """The counts in Markdown, with their sum."""
    lines = [
        "| task | tokens | in quotes | forced | steps | with drafts in quotes | drafted | right |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for name, one in {**counts, "all": sum(counts.values(), Count())}.items():
        quoted, forced = (f"{100 * part / max(1, one.tokens):.0f} %" for part in (one.quoted, one.forced))
        right = f"{100 * one.kept / max(1, one.drafted):.0f} %"
        steps = f"{one.steps:,} | {one.drafted_steps:,} | {one.drafted:,}"
        lines.append(f"| {name} | {one.tokens:,} | {quoted} | {forced} | {steps} | {right} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    import os

    os.environ.update(OFFLINE)
    backend, words = mistral()
    counts = {name: count_task(shipped_task(name), backend, words) for name in sys.argv[1:] or TASKS}
    whole = sum(counts.values(), Count())
    print(table(counts))
    print(f"\n{whole.answers} answers, the same bytes with forced tokens; {whole.respelled} of them in other tokens")


if __name__ == "__main__":
    main()
