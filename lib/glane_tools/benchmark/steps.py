"""Counts the steps of right answers, without a model: `.venv/bin/python -m glane_tools.benchmark.steps`.

For the reference answers of the shipped tasks (tests/gold), in Mistral's vocabulary and under glane's own grammars: the
tokens, how many of them stand in quotes, how many are forced, and the steps that are left. A model that answers right
takes as many; another answer, and another vocabulary, other ones.

The last column is an upper bound for something that is not built: to propose, once a quote has begun, the tokens of the
document that follow it, and to have the model check them in one step.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import yaml

from glane.engine.preload import OFFLINE
from glane.task.form import answer_form
from glane.task.prompt import compact_json
from glane.task.schema import QUOTE
from glane.task.task import TEXT_INPUT, Task, load_task
from glane_tools.benchmark.spans import num_quoted, quote_at, quotes, starts
from glane_tools.random_model import ROOT, vocabulary

TASKS = (
    "ed_visit", "outbreak_report", "death_certificate", "outbreak_in_care_home", "literature_screening",
    "intervention_evaluation", "program_translation",
)  # fmt: skip
_DRAFTED = 8  # tokens of the document that are proposed at once
_LOOKED_AT = 64  # bytes of the document that they are taken from


class Grammar(Protocol):
    """What is needed of a grammar."""

    def forced_tokens(self) -> list[int]:
        """The tokens that must follow."""
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

    tokens: int = 0
    quoted: int = 0  # begin within a quote
    forced: int = 0
    drafted_steps: int = 0  # steps that would be left if quotes were drafted, too

    @property
    def steps(self) -> int:
        """The tokens that a model is asked for."""
        return self.tokens - self.forced

    def __add__(self, other: Count) -> Count:
        return Count(
            tokens=self.tokens + other.tokens,
            quoted=self.quoted + other.quoted,
            forced=self.forced + other.forced,
            drafted_steps=self.drafted_steps + other.drafted_steps,
        )


def count(answer: str, text: str, grammar: Grammar, vocabulary: Vocabulary, opener: bytes) -> Count:
    """Count one answer about a text, spelled as a decoder would: forced tokens are appended, the rest is asked for.

    `text` is the document as a JSON string spells it.

    Raises:
        ValueError: if the grammar does not allow the answer.
    """
    tokens, is_forced = decoded(answer, grammar, vocabulary)
    pieces = [vocabulary.piece(token) for token in tokens]
    whole, at = b"".join(pieces), starts(pieces)
    spans = quotes(whole, opener)
    return Count(
        tokens=len(tokens),
        quoted=num_quoted(pieces, opener),
        forced=sum(is_forced),
        drafted_steps=_drafted_steps(tokens, is_forced, [(place, quote_at(place, spans)) for place in at], whole, text,
                                     vocabulary),
    )  # fmt: skip


def decoded(answer: str, grammar: Grammar, vocabulary: Vocabulary) -> tuple[list[int], list[bool]]:
    """The tokens of an answer as a decoder would spell it, and of each whether the grammar forced it.

    Raises:
        ValueError: if the grammar does not allow the answer.
    """
    rest = vocabulary.spelled(answer)
    tokens: list[int] = []
    is_forced: list[bool] = []
    while rest:
        forced = grammar.forced_tokens()
        more = forced or rest[:1]
        if not grammar.accept_tokens("count", more):
            raise ValueError(f"the grammar does not allow token {len(tokens)} of the answer")
        if rest[: len(more)] != more:  # the same bytes in other tokens
            left = b"".join(map(vocabulary.piece, rest))
            done = b"".join(map(vocabulary.piece, more))
            if not left.startswith(done):
                raise ValueError(f"the grammar forces something else at token {len(tokens)} of the answer")
            rest = more + vocabulary.spelled(left[len(done) :].decode())
        tokens += more
        is_forced += [bool(forced)] * len(more)
        rest = rest[len(more) :]
    return tokens, is_forced


def _drafted_steps(
    tokens: Sequence[int],
    is_forced: Sequence[bool],
    places: Sequence[tuple[int, tuple[int, int] | None]],
    answer: bytes,
    text: str,
    vocabulary: Vocabulary,
) -> int:
    """The steps that are left if what follows a begun quote in the document is proposed, and what is right is kept."""
    spelled, steps, at = text.encode(), 0, 0
    while at < len(tokens):
        if is_forced[at]:
            at += 1
            continue
        steps, at = steps + 1, at + 1
        while at < len(tokens) and is_forced[at]:
            at += 1
        if at == len(tokens):
            break
        place, span = places[at]
        if span is None or place == span[0]:  # nothing of the quote is known yet
            continue
        begun = answer[span[0] : place]
        found = spelled.find(begun)
        if found < 0:
            continue
        follows = spelled[found + len(begun) :][:_LOOKED_AT].decode("utf-8", "ignore")
        for draft in vocabulary.spelled(follows)[:_DRAFTED]:
            if at == len(tokens) or tokens[at] != draft:
                break
            at += 1
    return steps


def count_task(task: Task, backend: Any, vocabulary: Vocabulary) -> Count:
    """Count the answers of a task's examples."""
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Kind

    form, total = answer_form(task), Count()
    opener = f'"{task.spelling.written(QUOTE)}":"'.encode()
    for example in task.examples:
        text = example.inputs[TEXT_INPUT]
        kind, rules = (Kind.JSON, form.schema) if form.quotes is None else (Kind.GRAMMAR, form.quotes.about(text))
        grammar = backend.compile_grammar(kind, rules)
        spelled = compact_json(text)[1:-1]
        total += count(compact_json(example.output), spelled, grammar, vocabulary, opener)
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
        "| task | tokens | in quotes | forced | steps | bound with drafted quotes (not built) |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for name, one in {**counts, "all": sum(counts.values(), Count())}.items():
        quoted, forced = (f"{100 * part / max(1, one.tokens):.0f} %" for part in (one.quoted, one.forced))
        lines.append(f"| {name} | {one.tokens:,} | {quoted} | {forced} | {one.steps:,} | {one.drafted_steps:,} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    import os

    os.environ.update(OFFLINE)
    backend, words = mistral()
    print(table({name: count_task(shipped_task(name), backend, words) for name in sys.argv[1:] or TASKS}))


if __name__ == "__main__":
    main()
