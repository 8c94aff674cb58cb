"""What is true of every document, found before the first: whether the task can be asked, and its answers be formed.

It needs no engine and no GPU, and takes a second or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from glane.engine.buildable import form_fault
from glane.engine.chat_template import CLOSES_THINKING, OPENS_THINKING, probes, template_fault
from glane.engine.checks import builds_any_grammar
from glane.engine.protocol import Conversations
from glane.engine.registry import engine_kind
from glane.errors import ConfigError
from glane.extraction.prompts import least_prompt, shape_of
from glane.settings import ModelSettings
from glane.task.fields import Field, ListField, inner_fields
from glane.task.form import answer_form
from glane.task.kinds.enum import EnumField
from glane.task.kinds.number import NumberField
from glane.task.kinds.string import StringField
from glane.task.prompt import SHAPES, PromptShape, PromptTemplate
from glane.task.recall import recall_task
from glane.task.shortest import shortest_answer
from glane.task.task import TEXT_INPUT, Task
from glane.types import Message

_LONG_LIST = 200  # values of an enum from which on a message advises something else
_LONGEST_PROBE = 400_000  # characters
_CHARACTERS_PER_TOKEN = 4


def preflight(model: ModelSettings, task: Task) -> ModelSettings:
    """Check what decides over every document. What needs a tokenizer is left out where none is at hand.

    Returns the model's settings with the shape of its prompts.

    Raises:
        ConfigError: naming the field or the setting, the figures and the remedy.
    """
    kind = engine_kind(model.engine)
    kind.check(model)
    check_quotes(model, task)
    own = Path(model.tokenizer or model.path) / "tokenizer.json"
    check_forms(task, own if kind.has_weights and own.is_file() else None)
    conversations = kind.conversations(model)
    if conversations is None:
        return model
    if conversations.has_template:
        model = model.model_copy(update={"prompt_shape": check_template(model, task, conversations)})
    check_length(model, task, conversations)
    return model


def check_quotes(model: ModelSettings, task: Task) -> None:
    """Check that copied quotes, if the task asks for them, are held by what builds the grammars.

    Raises:
        ConfigError: naming both settings.
    """
    if answer_form(task).quotes is not None and not builds_any_grammar(model):
        raise ConfigError(
            "task.quotes: only the backend guidance holds quotes to the text, and model.engine_args."
            "structured_outputs_config.backend names another. Leave that out, or set task.quotes=free."
        )


def check_forms(task: Task, vocabulary: Path | None = None) -> None:
    """Check that the engine can build the grammar of the answers, those of recall passes included.

    Raises:
        ConfigError: naming the field that it cannot build.
    """
    for asked in (task, *([recall_task(task)] if task.passes.recall else [])):
        if (fault := form_fault(answer_form(asked), vocabulary)) is not None:
            path, field = _culprit(asked, asked.fields, "task.fields", vocabulary) or ("task.fields", None)
            raise ConfigError(f"{path}: answers cannot be held to this ({fault}). {_remedy(field)}")


def _culprit(task: Task, fields: Mapping[str, Field], place: str, vocabulary: Path | None) -> tuple[str, Field] | None:
    """The innermost field whose answer cannot be built even alone; None if only all together cannot."""
    for name, field in fields.items():
        alone = task.model_copy(update={"fields": {name: field}, "examples": ()})
        if form_fault(answer_form(alone), vocabulary) is not None:
            inner = f"{place}.{name}.{'items.' if isinstance(field, ListField) else ''}fields"
            return _culprit(task, inner_fields(field), inner, vocabulary) or (f"{place}.{name}", field)
    return None


def _remedy(field: Field | None) -> str:
    kind = field.items if isinstance(field, ListField) else field
    match kind:
        case NumberField():
            return (
                "Bounds of numbers are built between 1e-17 and 1e17 or so, and 0: take nearer ones, leave one out, or "
                "ask for a string with a pattern."
            )
        case StringField(pattern=str()):
            return (
                "Write a simpler pattern: fewer counted repetitions {m,n}, anchored with ^ and $; or lower max_length."
            )
        case EnumField():
            return f"It lists {len(kind.values)} values. {_LONG_LIST_ADVICE}"
    return "Ask for less: fewer fields and values, smaller max_items and max_length; or split the task in two."


_LONG_LIST_ADVICE = (
    "Ask for a long list of codes as a string with their pattern, or for the diagnosis as it is written, and look the "
    "code up afterwards; or ask for chapters."
)


def check_template(model: ModelSettings, task: Task, conversations: Conversations) -> PromptShape:
    """Check that the model's chat template keeps prompt and document whole, and ends where the answer begins.

    Returns the shape that was asked for, or the first that the template takes: not all take a system message.

    Raises:
        ConfigError: saying what it does instead.
    """
    shapes = SHAPES if model.prompt_shape == "auto" else (model.prompt_shape,)
    for shape in shapes:
        try:
            fault = _template_fault(model, task, conversations, shape)
        except ConfigError:
            if shape == shapes[-1]:
                raise
            continue
        if fault is None:
            return shape
    place = model.chat_template or f"the tokenizer of {model.tokenizer or model.path}"
    raise ConfigError(
        f"model.chat_template: the template of {place} will not do: {fault}. {_about_thinking(fault or '')}Set "
        "model.chat_template to a Jinja file that shows the message of the role user once, whole and unchanged, and "
        "then begins the assistant's."
    )


def _about_thinking(fault: str) -> str:
    """What may be done, beside another template, about the passage for thinking."""
    if fault.startswith(OPENS_THINKING):
        return (
            "Set model.reasoning=on, with model.reasoning_parser, to have the model think first; or tell the template "
            "not to, as the model's card says: model.chat_template_kwargs={enable_thinking: false}, for example. Or: "
        )
    if fault.startswith(CLOSES_THINKING):
        return (
            "Leave model.chat_template_kwargs out, or tell the template to think, as the model's card says: "
            "{enable_thinking: true}, for example; or set model.reasoning=off. Or: "
        )
    return ""


def _template_fault(model: ModelSettings, task: Task, conversations: Conversations, shape: PromptShape) -> str | None:
    template = PromptTemplate(task, style=model.prompt_style, shape=shape)
    for text in probes(min(model.max_model_len * _CHARACTERS_PER_TOKEN, _LONGEST_PROBE)):
        shown = _messages(template, task, text)
        if (fault := template_fault(conversations.render, shown, thinking=conversations.thinking)) is not None:
            return fault
    return None


def _messages(template: PromptTemplate, task: Task, text: str) -> list[Message]:
    return template.messages({**dict.fromkeys(task.inputs, ""), TEXT_INPUT: text})


def check_length(model: ModelSettings, task: Task, conversations: Conversations) -> None:
    """Check that question and answer leave room for a document in the model's window.

    Raises:
        ConfigError: with the figures, and what makes the question long.
    """
    window, reserve = model.max_model_len, model.max_tokens
    thinking = f", and thinking {model.thinking_room} (model.reasoning_tokens)" if model.thinking_room else ""
    for asked in (task, *([recall_task(task)] if task.passes.recall else [])):
        is_recall = asked is not task
        template = PromptTemplate(asked, style=model.prompt_style, shape=shape_of(model), is_recall=is_recall)
        empty = _messages(template, asked, "")
        question, least = len(conversations.encode(empty)), least_prompt(task)
        if question + least > window - reserve - model.thinking_room:
            raise ConfigError(
                f"task {task.name!r}: no document fits. The question alone has {question} tokens, the model's window "
                f"(model.max_model_len) has {window}, the answer needs {reserve} of them (model.max_tokens)"
                f"{thinking}, and a document, with what a second look at it repeats, at least {least}. "
                f"{_shorter(asked, conversations)}"
            )
    if engine_kind(model.engine).is_random:
        return  # it heeds no max_tokens
    shortest = conversations.count(shortest_answer(task))
    if shortest > reserve:
        raise ConfigError(
            f"model.max_tokens: {reserve} tokens hold no answer to task {task.name!r}: the shortest has {shortest}. "
            "Set model.max_tokens to at least twice that, or ask for less."
        )


def _shorter(task: Task, conversations: Conversations) -> str:
    """What to do about a long question: its longest list of values is named, if it is long."""
    lists = [(len(kind.values), path, kind) for path, kind in _enums(task.fields, "task.fields")]
    number, path, kind = max(lists, key=lambda one: one[0], default=(0, "", None))
    if kind is None or number < _LONG_LIST:
        return (
            "Ask for less, shorten instructions, descriptions and examples, raise model.max_model_len if the model can "
            "do more, or take one with a longer window."
        )
    tokens = conversations.count(", ".join(kind.values))
    return f"{path} lists {number} values, some {tokens} tokens. {_LONG_LIST_ADVICE}"


def _enums(fields: Mapping[str, Field], place: str) -> Iterator[tuple[str, EnumField]]:
    for name, field in fields.items():
        kind = field.items if isinstance(field, ListField) else field
        if isinstance(kind, EnumField):
            yield f"{place}.{name}", kind
        yield from _enums(inner_fields(field), f"{place}.{name}.fields")
