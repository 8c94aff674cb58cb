"""The tokenizer of the demo model: byte-level BPE in which a key of the answer and a figure are one token each."""

import json
import random
from collections.abc import Iterator
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from glane.demo.note import Note, generate_note

VOCABULARY_SIZE = 2048
BOS, EOS, PAD, INST, END_INST = "<s>", "</s>", "<pad>", "[INST]", "[/INST]"
# One user message, then the answer: what the "bare" prompt of the extraction renders.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "[INST]{{ message['content'] }}[/INST]{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
# In order: a key of the answer with its punctuation; a category with its quotes; an empty list; one figure; a
# capitalised word without the space before it (so that a place name has the same tokens in the note and in the answer);
# a word; one other character.
_PIECES = r"""[{,]"[a-z_]+":|"(?:[a-z_]+|[FM])"(?!:)|\[\]|\d|\p{Lu}+\p{Ll}*| ?[\p{L}_]+| ?[^\s\p{L}\p{N}"]|\s|."""


def answer_text(note: Note) -> str:
    """The answer as the model writes it: compact JSON, fields in the order of the task."""
    return json.dumps(note.answer, ensure_ascii=False, separators=(",", ":"))


def train_tokenizer(*, notes: int, seed: int, max_tokens: int) -> PreTrainedTokenizerFast:
    """A tokenizer learnt on that many notes of the training half and on their answers."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[BOS, EOS, PAD, INST, END_INST],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(notes, seed), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        additional_special_tokens=[INST, END_INST],
        chat_template=CHAT_TEMPLATE,
        model_max_length=max_tokens,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def encode(tokenizer: Any, note: Note) -> tuple[list[int], list[int]]:
    """The token ids of the prompt, exactly as the chat template renders it, and those of the answer with its end."""
    rendered = tokenizer.apply_chat_template(
        [{"role": "user", "content": note.text}], add_generation_prompt=True, tokenize=False
    )
    prompt: list[int] = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    answer: list[int] = tokenizer(answer_text(note), add_special_tokens=False)["input_ids"]
    return prompt, [*answer, tokenizer.eos_token_id]


def _texts(notes: int, seed: int) -> Iterator[str]:
    rng = random.Random(f"tokenizer-{seed}")
    for _ in range(notes):
        note = generate_note(rng, "train")
        yield note.text
        yield answer_text(note)
