"""`glane.new_task`: a task drafted by a model from a few documents and a sentence, for an analyst to edit."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, get_args

import polars as pl

from glane.api.extract import extract
from glane.api.first_texts import first_texts
from glane.cluster.scratch import text_folder
from glane.composition.files import as_yaml
from glane.errors import ConfigError, UnusableError
from glane.extraction.results import Run, open_run
from glane.languages import Spoken
from glane.storage import storage_errors, write_once
from glane.task.draft import ABOUT, Drafted, drafted, drafting_task, with_examples
from glane.task.task import load_task
from glane.toys import notice
from glane.types import Language

_PARTED = "\n\n-----\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask(Spoken):
    """A drafted task. `str()` of it says what it asks, and what of the proposals it does not."""

    path: Path
    values: Mapping[str, Any]
    left_out: tuple[str, ...]
    as_text: tuple[str, ...]
    without_examples: str | None = None  # why there are none, where the model's answers could not be used

    def _in_english(self) -> str:
        return self.told()

    def told(self, *, with_descriptions: bool = True) -> str:
        """The same. Descriptions are the model's words, and may repeat a document: they are for eyes, not for logs."""
        lines = [f"{len(self.values['fields'])} field(s) drafted:"]
        for name, field in self.values["fields"].items():
            said = f": {field['description']}" if with_descriptions else ""
            lines.append(f"  {name} ({field['type']}){said}")
        if not with_descriptions:
            lines.append("descriptions are in the file alone: they may repeat documents, and this is no terminal")
        lines += [f"as text    {one}" for one in self.as_text]
        lines += [f"left out   {one}" for one in self.left_out]
        examples = len(self.values.get("examples", ()))
        if self.without_examples is not None:
            lines.append(f"examples   none: {self.without_examples}")
        else:
            lines.append(f"examples   {examples}, with text of documents: keep {self.path} as you keep these")
        lines.append(f"edit       {self.path}: a draft by a model, which nobody has checked")
        return "\n".join(lines)


def new_task(
    documents: pl.DataFrame | str | Path,
    about: str,
    *,
    model: str | Path | Mapping[str, Any],
    out: str | Path,
    language: Language = "fr",
    text_column: str = "text",
    num_documents: int = 3,
    num_examples: int = 1,
    most_fields: int = 12,
    longest: int = 4000,
    **overrides: Any,
) -> NewTask:
    """Have a model draft a task, check it as a run would, and write it as YAML.

    The model is asked twice: which fields answer the question; and then the drafted task, of the first documents, whose
    answers become the examples. Both answers follow a schema. A field that cannot be asked is left out, a category
    without values is asked as text, and both are told.

    Args:
        documents: A frame, or what `data.path` takes: a Parquet file, a table of another format, as CSV or XLSX, a
            folder, as `glane ingest` makes it, or a glob. The first texts that are not blank are shown to the model.
        about: What the analyst looks for, in a sentence.
        model: As `glane.extract` takes it.
        out: The YAML file, which must not be there. Its name is the name of the task.
        language: Of the prompt.
        text_column: That holds the texts.
        num_documents: Shown to the model.
        num_examples: Documents among these that become examples; 0 for none.
        most_fields: That may be proposed.
        longest: Characters of each document that are shown, at most.
        overrides: As `glane.extract` takes them, for example `model__max_tokens=4000`.

    Raises:
        ConfigError: if the file is there, the sentence is empty, or no field that was proposed can be asked.
        DataError: if there is no text, or the documents cannot be read.
        UnusableError: if the model's answer is cut off or breaks the schema.
    """
    path = Path(out).expanduser()
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"out: {path} is no name of a task's file. Write a name that ends in .yaml.")
    if path.exists():
        raise ConfigError(f"out: {path} is there already. Choose another name, or move the file.")
    if not about.strip():
        raise ConfigError("about: say in a sentence what you look for in these documents.")
    texts = [text[:longest] for text in first_texts(documents, text_column, num_documents, place="from")]
    with text_folder() as folder:

        def ask(name: str, task: Mapping[str, Any], rows: pl.DataFrame) -> Run:
            options = {"progress": "none", **overrides}
            return extract(rows, task=dict(task), model=model, run_dir=folder / name, **options)

        question = pl.DataFrame({"id": ["question"], "text": [_PARTED.join(texts)], ABOUT: [about]})
        try:
            answer = ask("fields", drafting_task(language, most_fields=most_fields), question)
        except UnusableError:
            raise UnusableError(
                f"model: what it proposed cannot be used ({_why(folder / 'fields')}). Ask a larger model, or for less: "
                "most_fields=5, documents=1; a proposal that was cut off needs more model.max_tokens."
            ) from None
        proposals = answer.usable().select("fields").collect().item()
        draft = drafted(proposals.to_list(), name=path.stem, about=about, language=language)
        values, without = dict(draft.values), None
        if num_examples:
            shown = pl.DataFrame({"text": texts[:num_examples]}).with_row_index("id", offset=1)
            try:
                values = _with_examples(draft, ask("examples", draft.values, shown), shown)
            except UnusableError:
                without = f"the model could not answer its own draft ({_why(folder / 'examples')}): write them yourself"
        content = _as_yaml(values, answer).encode()
    load_task(values)
    with storage_errors(path, setting="out"):
        path.parent.mkdir(parents=True, exist_ok=True)

    if not write_once(path, lambda stream: stream.write(content), mode=0o600, setting="out"):
        raise ConfigError(f"out: {path} has come to be meanwhile. Choose another name.")
    return NewTask(path=path, values=values, left_out=draft.left_out, as_text=draft.as_text, without_examples=without)


def _why(run_dir: Path) -> str:
    """The status and the reason of what a model answered; they hold no text of it."""
    status, reason = open_run(run_dir).rejected().select("status", "reason").head(1).collect().row(0)
    return f"{status}: {reason}" if reason else str(status)


def _with_examples(draft: Drafted, run: Run, shown: pl.DataFrame) -> dict[str, Any]:
    """The draft with the answers of the model as examples; without those that the task itself would refuse."""
    texts = dict(shown.select(pl.col("id").cast(pl.String), "text").iter_rows())
    kept: list[dict[str, Any]] = []
    for row in run.usable().collect().iter_rows(named=True):
        output = {name: told for name in draft.values["fields"] for told in _told(row, name)}
        tried = [*kept, {"text": texts[str(row[run.id_column])], "output": output}]
        try:
            load_task(with_examples(draft, tried))
        except ConfigError:
            continue
        kept = tried
    return with_examples(draft, kept)


def _told(row: Mapping[str, Any], name: str) -> Iterator[Any]:
    """What an example says of a field: values whose quote shows them, or why there is none; nothing if neither."""
    value, evidence = row[name], row.get(f"{name}__evidence")
    if value is None:
        if (reason := row.get(f"{name}__missing")) is not None and reason != "not_stated":
            yield {"missing": reason, **({"quote": evidence["quote"]} if evidence and evidence["quote"] else {})}
    elif isinstance(value, list):
        pairs = zip(value, evidence or (), strict=False)
        yield [{"value": one, "quote": found["quote"]} for one, found in pairs if _shows(found)]
    elif _shows(evidence):
        yield {"value": value, "quote": evidence["quote"]}


def _shows(evidence: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    return evidence is not None and bool(evidence["quote"]) and evidence["supports"] is not False


def _as_yaml(values: Mapping[str, Any], answer: Run) -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    model = answer.description().model
    head = (
        f"# Brouillon du modèle {model}, du {today} : relisez chaque champ et chaque exemple avant de vous en servir.\n"
        f"# A draft by the model {model} of {today}: read each field and each example before you use it.\n"
    )
    if answer.toy is not None:
        head += "".join(f"# {notice(answer.toy, language)}\n" for language in get_args(Language))
    return head + as_yaml(values)
