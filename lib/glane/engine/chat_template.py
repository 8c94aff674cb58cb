"""Whether a chat template keeps what is asked: the messages whole and once, and after them the cue for the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from glane.types import Message

Render = Callable[[Sequence[Message], bool], str]
"""The text of a conversation; with True, up to where the answer begins.

Raises `ConfigError` where the template refuses it.
"""

# What templates may cut, escape, fold or fill in.
_SHORT = "Ünïcode éèçœ’°µ± <b>&amp;</b> \"quoted\" 'so' {{ 7 * 7 }} {% if %}\tup  and\n\n  down #1 \\n."
_CUT = 10  # words at each end; where most of them are missing, it was cut
_ANSWER = "glane-answer"
OPENS_THINKING = "it opens a passage for thinking"
CLOSES_THINKING = "it closes the passage for thinking"
_THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis", "<|end|>"),
)


def probes(num_characters: int) -> tuple[str, str]:
    """Two documents for `template_fault`: one short, one of about `num_characters`, no part of which stands twice."""
    words = " ".join(f"w{number}" for number in range(num_characters // 7 + 1))
    return _SHORT, f"{_SHORT} {words} end."


def template_fault(
    render: Render, messages: Sequence[Message], *, thinking: tuple[str, str] | None = None
) -> str | None:
    """What a template does to these messages that would spoil each answer; None if it keeps them.

    White space around a message may go. `thinking` is what begins and ends the thinking of a model that is to think.

    Raises:
        ConfigError: as `render` does.
    """
    prompt = render(messages, True)
    end = 0
    for message in messages:
        content = message["content"].strip()
        if fault := _loss(prompt, content):
            return fault
        end = prompt.index(content) + len(content)
    tail = prompt[end:]
    return _thinking_fault(tail, thinking) or _without_cue(render, messages, prompt)


def _loss(prompt: str, content: str) -> str | None:
    if prompt.count(content) == 1:
        return None
    if content in prompt:
        return "it repeats what is asked"
    shown = set(prompt.split())
    kept = [word in shown for word in content.split()]
    if not any(kept):
        return "it leaves out what is asked, the document with it"
    if min(sum(kept[-_CUT:]), sum(kept[:_CUT])) < _CUT // 2:
        return f"it cuts what is asked: some {sum(kept)} of {len(kept)} words are left"
    return "it changes what is asked, the document with it"


def _thinking_fault(tail: str, thinking: tuple[str, str] | None) -> str | None:
    """What is wrong about the passage for thinking that a template opens or closes, behind the last message."""
    is_open = [opened for opened, closed in _THINKING if tail.count(opened) > tail.count(closed)]
    if thinking is None:
        return f"{OPENS_THINKING}, and the answer would be written into it" if is_open else None
    start, end = thinking
    if tail.count(start) <= tail.count(end) and end in tail:
        return f"{CLOSES_THINKING} ({start} … {end}), and model.reasoning is on"
    if other := [opened for opened in is_open if opened != start]:
        return f"it opens another passage for thinking ({other[0]}) than the one of model.reasoning_parser ({start})"
    return None


def _without_cue(render: Render, messages: Sequence[Message], prompt: str) -> str | None:
    """Why an answer would not begin where the prompt ends."""
    if render(messages, False) != prompt:
        return None  # the template has a cue of its own
    answered = render([*messages, Message(role="assistant", content=_ANSWER)], False)
    before, found, _ = answered.partition(_ANSWER)
    if found and before.rstrip() != prompt.rstrip():
        return "it ends without the cue for an answer (add_generation_prompt makes no difference)"
    return None
