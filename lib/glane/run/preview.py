"""A look at a few prompts and answers before anything is run: nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable

from glane.corpus.files import inspect_files
from glane.corpus.plan import make_plan
from glane.corpus.read import Reader
from glane.corpus.select import Selection, select_rows
from glane.engine.engine import Engine, RequestRefused, start_engine
from glane.extract.parse import parse
from glane.extract.split import split
from glane.settings import ExtractSettings
from glane.task.prompt import messages
from glane.task.task import TEXT_INPUT, Task
from glane.types import Document


def preview(settings: ExtractSettings, task: Task, *, show: Callable[[str], None]) -> None:
    """Show the rendered prompt and the answer of the first `settings.preview` selected documents.

    The text of documents appears here, on the terminal, because that is what was asked for; it goes nowhere else.

    Raises:
        GlaneError: as the job itself would.
    """
    data, model = settings.data, settings.model
    files = inspect_files(
        data.path,
        id_column=data.id_column,
        text_column=data.text_column,
        other_columns=[*data.carry_columns, *task.input_columns],
    )
    selection = Selection(where=data.where, sample=data.sample, sample_seed=data.sample_seed, limit=settings.preview)
    selected = select_rows(files, id_column=data.id_column, selection=selection)
    plan = make_plan(files, selected, shard_rows=settings.preview, shard_bytes=settings.run.shard_bytes)
    reader = Reader(
        plan.paths,
        id_column=data.id_column,
        text_column=data.text_column,
        input_columns=task.input_columns,
        carry_columns=(),
    )
    documents = [row for index in range(plan.num_shards) for row in reader.read(plan.shard(index)).documents]
    engine = start_engine(model, task, device="cpu" if _no_gpu() else "gpu", cpus=len(os.sched_getaffinity(0)))
    try:
        prompts: dict[str, Document] = {}
        for document in documents:
            _ask(settings, task, engine, document, prompts, show)
        while prompts:
            for request_id, completion in engine.step():
                result = parse(completion, task.fields)
                verdict = f"{result.status}{f' ({result.reason})' if result.reason else ''}"
                tokens = f"{completion.num_prompt_tokens} + {completion.num_output_tokens} tokens"
                show(f"=== {prompts.pop(request_id).id}: answer, {verdict}, {tokens}\n{completion.text}\n")
    finally:
        engine.close()


def _ask(
    settings: ExtractSettings,
    task: Task,
    engine: Engine,
    document: Document,
    prompts: dict[str, Document],
    show: Callable[[str], None],
) -> None:
    if document.text is None or not document.text.strip():
        show(f"=== {document.id}: nothing to ask ({document.problem or 'no text'})\n")
        return
    (chunk,) = split(document.text)
    asked = messages(task, {**document.inputs, TEXT_INPUT: chunk.text}, style=settings.model.prompt_style)
    prompt = engine.encode(asked)
    show(
        f"=== {document.id}: prompt, {len(prompt)} tokens\n"
        + "\n".join(f"[{m['role']}]\n{m['content']}" for m in asked)
        + "\n"
    )
    if len(prompt) > engine.max_prompt_tokens:
        show(f"=== {document.id}: TOO_LONG, a prompt may have {engine.max_prompt_tokens} tokens\n")
        return
    try:
        engine.add(str(document.id), prompt)
        prompts[str(document.id)] = document
    except RequestRefused as refusal:
        show(f"=== {document.id}: REJECTED ({refusal})\n")


def _no_gpu() -> bool:
    return not any(os.path.exists(f"/dev/nvidia{number}") for number in range(16))
