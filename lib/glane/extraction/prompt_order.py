"""Whether prompts of several tasks begin with the document or with the instructions: what an engine has to compute.

Instructions first, the prefix cache holds what a task says to all documents. Text first, it holds the document for all
tasks. Which is less depends on the lengths of both, so it is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from glane.engine.prefix_cache import uncached
from glane.engine.protocol import Conversations
from glane.extraction.prompts import PromptBuilder, shape_of
from glane.reading.parse import Outcome
from glane.settings import ModelSettings
from glane.task.prompt import PromptShape
from glane.task.task import Task
from glane.types import Document, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The prompts of all tasks to some documents in one shape. Tokens are per document."""

    shape: PromptShape
    asked: float
    computed: float  # of these, what the cache would not have, once the first document has been asked


def counted(
    tasks: Sequence[Task], documents: Sequence[Sequence[Document]], model: ModelSettings,
    conversations: Conversations, *, block: int | None,
) -> Order:  # fmt: skip
    """Count the prompts in the shape of `model`. `documents` are the same ones as each of the tasks sees them."""
    encoder = _Encoder(model, conversations)
    builders = [PromptBuilder(encoder, task, model) for task in tasks]
    groups = [
        [prompt for builder, document in zip(builders, same, strict=True) for prompt in _prompts(builder, document)]
        for same in zip(*documents, strict=True)
    ]
    computed = iter(uncached((prompt for group in groups for prompt in group), block=block))
    costs = [(sum(map(len, group)), sum(next(computed) for _ in group)) for group in groups]
    costs = [cost for cost in costs if cost[0]] or [(0, 0)]
    after = costs[1:] or costs  # what all documents share is computed with the first one
    return Order(
        shape=shape_of(model),
        asked=sum(asked for asked, _ in after) / len(after),
        computed=sum(found for _, found in after) / len(after),
    )


def order_line(chosen: Order, other: Order, *, num_documents: int, block: int | None) -> str:
    """The choice as a sentence."""

    def told(one: Order) -> str:
        return f"{one.computed:,.0f} of {one.asked:,.0f}"

    cache = "no prefix cache" if block is None else f"a prefix cache in blocks of {block}"
    return (
        f"prompts  {chosen.shape}: {told(chosen)} prompt tokens of all tasks are to be computed for a document, with "
        f"{other.shape} {told(other)} (mean of {num_documents}, {cache}); model.prompt_shape decides otherwise"
    )


def _prompts(builder: PromptBuilder, document: Document) -> Iterator[list[int]]:
    """The first prompts to a document. Samples repeat theirs, and are left out."""
    reading = builder.open(document)
    if isinstance(reading, Outcome):
        return
    for turn in reading.turns():
        if turn.sample == 0 and not isinstance(prompt := builder.prompt(reading, turn), Outcome):
            yield prompt.tokens


class _Encoder:
    """The tokenizer of a model in the place of its engine."""

    def __init__(self, model: ModelSettings, conversations: Conversations) -> None:
        self.max_prompt_tokens = model.max_model_len - model.max_tokens - model.thinking_room
        self._conversations = conversations

    def encode(self, messages: Sequence[Message]) -> list[int]:
        return self._conversations.encode(messages)

    def count_tokens(self, text: str) -> int:
        return self._conversations.count(text)
