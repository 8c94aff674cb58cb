"""Code that a model's configuration or chat template would bring along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_OWN_MODULES = "sentence_transformers."
_NEEDLESS = ("Import", "FromImport", "Include", "Extends")
_TEMPLATES = ("chat_template", "template")


def named_code(values: Any) -> Iterator[str]:
    """The places in a JSON file that name code of the model's own, in words."""
    if isinstance(values, dict):
        for key, value in values.items():
            if key in ("auto_map", "custom_pipelines") and value:
                yield f"{key} names code of the model's own"
            elif key == "type" and isinstance(value, str) and _is_own_module(value):
                yield f"the module {value!r} is code of the model's own"
            else:
                yield from named_code(value)
    elif isinstance(values, list):
        for value in values:
            yield from named_code(value)


def _is_own_module(name: str) -> bool:
    """Whether this is a module of sentence-transformers' `modules.json` that does not come with that library."""
    return "." in name and name.replace(".", "_").isidentifier() and not name.startswith(_OWN_MODULES)


def templates_in(values: Any) -> Iterator[str]:
    """The chat templates in a JSON file."""
    if isinstance(values, dict):
        for key, value in values.items():
            if key in _TEMPLATES and isinstance(value, str):
                yield value
            else:
                yield from templates_in(value)
    elif isinstance(values, list):
        for value in values:
            yield from templates_in(value)


def beyond_a_template(text: str) -> str:
    """What a chat template does that none needs to, in words; empty if it does nothing of the kind.

    Templates are rendered in Jinja's sandbox; what is looked for are the ways out of it, and other files.
    """
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension, loopcontrols

    class Generation(Extension):
        """The tag by which templates mark the answers of an assistant."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    try:
        tree = jinja2.Environment(extensions=[loopcontrols, Generation]).parse(text)
    except (jinja2.TemplateSyntaxError, RecursionError):
        return "is no template that Jinja reads"
    for node in tree.find_all(nodes.Node):
        if type(node).__name__ in _NEEDLESS:
            return f"reads other templates ({type(node).__name__.lower()})"
        if isinstance(node, nodes.Filter) and node.name == "attr":
            return "reaches for attributes by their names (attr)"
        name = _reached(node)
        if isinstance(name, str) and name.startswith("_"):
            return f"reaches for {name!r}, which is a way out of the sandbox"
    return ""


def _reached(node: Any) -> Any:
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value
    return None
