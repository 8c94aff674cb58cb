"""What is checked before documents are embedded, and settings whose paths mean the same anywhere."""

from __future__ import annotations

from pathlib import Path

from glane.cluster.layout import check_asked_network
from glane.corpus.find import find_files, refuse_absent
from glane.embedding.prepare import checked_files, selected_rows
from glane.engine.registry import embedder_of, engine_kind
from glane.engine.weights import resolve_weights
from glane.job.licences import refuse_unlicensed
from glane.job.resolve import absolute_data, absolute_run
from glane.job.tables import passing_tables
from glane.run.written import refuse_inside_run
from glane.settings import EmbedSettings

_FEW_ROWS = 200_000  # whose ids are read in a moment, on a login node, too


def absolute(settings: EmbedSettings) -> EmbedSettings:
    """The settings with paths that mean the same in any working directory."""
    return settings.model_copy(update={"run": absolute_run(settings.run), "data": absolute_data(settings.data)})


def resolved(settings: EmbedSettings) -> EmbedSettings:
    """The settings with absolute paths and the weights found: all that can be wrong before the data is read.

    Raises:
        GlaneError: naming what is wrong and the remedy.
    """
    refuse_inside_run(settings.run.dir, setting="run.dir", itself=False)
    refuse_unlicensed(settings.model)
    refuse_absent(settings.data.path)
    model = resolve_weights(settings.model)
    engine_kind(model.engine).check(model)
    embedder_of(model)
    return absolute(settings).model_copy(update={"model": model})


def check_submission(settings: EmbedSettings) -> None:
    """Check all that can be checked before a node is asked for: of few rows, the ids and the condition, too.

    Raises:
        GlaneError: what the job would be refused with.
    """
    told = resolved(settings)
    check_asked_network(told.model, told.cluster)
    with passing_tables(told) as readable:
        data = readable.data
        found = find_files(data.path)
        found.refuse_overlap(Path(told.run.dir))
        files = checked_files(found, data)
        if sum(file.num_rows for file in files) <= _FEW_ROWS:
            selected_rows(files, data)
