"""`glane.embed`: documents become vectors, from a notebook or a program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.given import given_documents, given_values
from glane.embedding.results import Embedded, open_embedded
from glane.errors import ConfigError
from glane.job.here import embed_here
from glane.run.written import refuse_inside_run
from glane.settings import embed_settings


def embed(
    documents: pl.DataFrame | str | Path,
    *,
    model: str | Path | Mapping[str, Any],
    run_dir: str | Path,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Embedded:
    """Make vectors of every document, on this machine, and return the complete run.

    The same call on the same `run_dir` goes on where it stopped, and does nothing where all is done.

    Args:
        documents: A Parquet file, a folder or a glob of them; a table of another format, as CSV or XLSX; or a frame,
            which is kept beside the run as `<run_dir>.documents.parquet`, readable by its owner only.
        model: The name of a model, the path of a YAML file or its values, or a folder with weights.
        run_dir: Where the run lives.
        config_dir: A folder of your own with models, as `--config-dir` names it.
        overrides: Further keys of the configuration, with two underscores for each dot: `split__max_tokens=256`,
            `prefix__document="passage: "`, `model__max_model_len=512`.

    Raises:
        GlaneError: for what can be mended, as the command line says it.
    """
    run = Path(run_dir).expanduser()
    refuse_inside_run(run, setting="run_dir", itself=False)
    settings = embed_settings(
        given_values("embed", {"model": model}, run=run, config_dir=config_dir, overrides=overrides)
    )
    if settings.cluster.kind != "local":
        raise ConfigError(
            f"cluster: glane.embed works on this machine, and cannot submit to {settings.cluster.kind}. "
            f"On the command line: glane embed … cluster={settings.cluster.kind}"
        )
    with given_documents(documents, run) as path:
        data = settings.data.model_copy(update={"path": path})
        embed_here(settings.model_copy(update={"data": data}))
    return open_embedded(run)
