"""The tokenizer of the demo model: byte-level BPE in which a quote has the same tokens as the passage in the note.

Figures, and the parts of an answer that are not values, are one token each.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from glane.demo.notation import words
from glane.demo.note import Note, generate_note
from glane.demo.syndromes import SYNDROMES
from glane.demo.vocabulary import COMORBIDITIES, DISPOSITIONS

VOCABULARY_SIZE = 3072
BOS, EOS, PAD, INST, END_INST = "<s>", "</s>", "<pad>", "[INST]", "[/INST]"
# One user message, then the answer, as in the "bare" prompt of the extraction.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "[INST]{{ message['content'] }}[/INST]{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
# Words of grammar, which keep the space after them. Other words have no space of their own: the passages that an answer
# quotes begin and end with such words, and have then the very tokens that they have in the note.
_GRAMMAR = words(
    "a à absence après au aucun aucune autre autres aux avec chez contre dans de depuis des du elle en est et il la le "
    "les leur mais même mêmes ne ni nie non ou où par pas plus pour puis que qui sa sans se selon ses si son sous sur "
    "tout toute un une vers"
)
_GRAMMAR_FORMS = [form for word in _GRAMMAR for form in (word, word.capitalize(), word.upper())]
_CATEGORIES = sorted({"F", "M", *SYNDROMES, *COMORBIDITIES, *DISPOSITIONS})
_PIECES = "|".join(
    (
        # Of the answer: a reason, with the quote that it opens; the start of a value; a category; the start and the end
        # of a quote; a key, with the end of what stands before it.
        r"""\{"missing":"not_stated"\}""",
        r"""\{"missing":"[a-z]+","quote":\"""",
        r"""[\[,]?\{"value":""",
        f'"(?:{"|".join(_CATEGORIES)})"',
        r""""?,"quote":\"""",
        r"""(?:"\},|\],|[{,])"[a-z_]+":""",
        r""""\}*""",
        # Of both: a figure; what stands between sentences and phrases, with the spaces around it; a word after a
        # figure; a word of grammar; any other word, capitals apart; one other character.
        r"\d",
        r"\n- | - | ?[)\]°+]| ?[^\s\p{L}\p{N}\"'-] ?",
        r"(?<=\d) \p{L}+",
        rf"(?<![\p{{L}}\d])(?:{'|'.join(_GRAMMAR_FORMS)}) ",
        r"(?<!\p{L})(?:[DdLlNnSs]|[Qq]u|QU)'",
        r"\p{Lu}*\p{Ll}+|\p{Lu}+",
        r"\s|.",
    )
)


def answer_text(note: Note) -> str:
    """The answer as the model writes it: compact JSON, fields in the order of the task."""
    quotes = {field: [note.text[start:end] for start, end in spans] for field, spans in note.spans.items()}
    answer: dict[str, object] = {}
    for field, value in note.answer.items():
        if isinstance(value, list):
            answer[field] = [{"value": item, "quote": quote} for item, quote in zip(value, quotes[field], strict=True)]
        else:
            told = {"missing": note.missing[field]} if value is None else {"value": value}
            answer[field] = {**told, "quote": quotes[field][0]} if field in quotes else told
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def train_tokenizer(*, notes: int, seed: int, max_tokens: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer on `notes` notes of the training set and on their answers."""
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
