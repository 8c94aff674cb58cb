"""Several tasks over one reading of the documents: one shape of prompts, and runs that can be gone on with together."""

from __future__ import annotations

from collections.abc import Sequence

from glane.engine.device import has_gpu
from glane.engine.prefix_cache import block_tokens
from glane.engine.registry import engine_kind
from glane.errors import RunError
from glane.extraction.prompt_order import counted, order_line
from glane.extraction.some_documents import some_documents
from glane.job.preflight import preflight
from glane.job.resolve import resolve
from glane.run.description import known_run
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun
from glane.settings import ExtractSettings, ModelSettings, ResolvedSettings
from glane.task.task import Task

Resolved = tuple[ResolvedSettings, Task]
_COUNTED = 64  # documents


def refuse_apart(runs: Sequence[PreparedRun]) -> None:
    """Refuse runs that cannot be gone on with together: of other shards, or with shards in the first one alone.

    Raises:
        RunError: naming the run, and how to go on with it.
    """
    first, *others = runs
    for other in others:
        if first.plan.shard_rows.tolist() != other.plan.shard_rows.tolist():
            raise RunError(f"{_cannot(other, first)} its rows were parted into other shards. {_alone(other)}")
        whole = range(first.plan.num_shards)
        shards = whole if first.directory.is_complete else first.directory.committed_shards()
        there = other.directory.committed_shards()
        if other.directory.is_complete:  # asked last: publication removes the shards that are listed
            continue
        if lacking := set(shards) - set(there):
            what = f"it lacks {len(lacking)} shard(s) that this one has"
            raise RunError(f"{_cannot(other, first)} {what}. {_alone(other)}")


def _cannot(other: PreparedRun, first: PreparedRun) -> str:
    return f"run.dir: {other.directory.root} cannot be gone on with together with {first.directory.root}:"


def _alone(other: PreparedRun) -> str:
    shape = other.description.settings["model"]["prompt_shape"]
    return f"Go on with each alone: its task, its run.dir and model.prompt_shape={shape}."


def resolve_all(settings: ExtractSettings) -> tuple[list[Resolved], list[str]]:
    """Resolve each task, with the shape of prompts that takes the fewest tokens. Also return lines to tell.

    What the user set is kept, and so is the shape that a run was begun with.

    Raises:
        GlaneError: naming what is wrong and the remedy.
    """
    found = [resolve(one) for one in settings.each()]
    if len(found) == 1 or settings.model.prompt_shape != "auto":
        return found, []
    begun = [known for one, _ in found if (known := known_run(run_directory(one.run))) is not None]
    if begun:
        shape = begun[0].settings["model"]["prompt_shape"]
        return [_shaped(one, task, shape) for one, task in found], []
    return _with_fewer_tokens(found)


def _with_fewer_tokens(found: list[Resolved]) -> tuple[list[Resolved], list[str]]:
    first = found[0][0]
    conversations = engine_kind(first.model.engine).conversations(first.model)
    if conversations is None:  # no tokenizer to count with
        return found, []
    device = "gpu" if has_gpu() else "cpu"
    block = block_tokens(first.model, device=device)
    data = first.data if first.data.sample or first.data.limit else first.data.model_copy(update={"sample": _COUNTED})
    documents = [some_documents(data, task, most=_COUNTED, shard_bytes=first.run.shard_bytes)[0] for _, task in found]
    tasks = [task for _, task in found]
    text_first = [_shaped(one, task, "text_first") for one, task in found]
    orders = [counted(tasks, documents, one[0][0].model, conversations, block=block) for one in (found, text_first)]
    is_text_first = orders[1].computed < orders[0].computed
    chosen, other = reversed(orders) if is_text_first else orders
    line = order_line(chosen, other, num_documents=len(documents[0]), block=block)
    return (text_first if is_text_first else found), [line]


def _shaped(settings: ResolvedSettings, task: Task, shape: str) -> Resolved:
    model = ModelSettings.model_validate({**dict(settings.model), "prompt_shape": shape})
    return settings.model_copy(update={"model": preflight(model, task)}), task
