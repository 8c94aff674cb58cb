"""What is checked before files are read: that they are there, and that what is written goes to a place of its own."""

from __future__ import annotations

import os
from pathlib import Path

from glane.documents.read import require_packages
from glane.errors import RunError
from glane.ingestion.inventory import changes_since
from glane.ingestion.record import check_data_set
from glane.ingestion.source import check_sources, source_of
from glane.run.directory import RunDirectory, run_directory
from glane.run.written import refuse_inside_run
from glane.settings import IngestSettings
from glane.storage import exists


def check_ingest(settings: IngestSettings) -> None:
    """Check all that can be checked before a file is read: of absolute settings.

    Raises:
        GlaneError: what the job would be refused with.
    """
    require_packages()
    run_dir, folder = Path(settings.run.dir), Path(settings.data.path)
    refuse_inside_run(run_dir, setting="run.dir", itself=False)
    refuse_inside_run(folder, setting="data.path")
    check_sources(settings.source)
    for name, path in (("run.dir", run_dir), ("data.path", folder)):
        if (source := source_of(path, settings.source)) is not None:
            raise RunError(f"{name}: {path} lies in the source {source}, and would be read. Choose another {name}.")
    real_dir, real_folder = (Path(os.path.realpath(path)) for path in (run_dir, folder))  # whatever links lead there
    if real_folder == real_dir or real_folder in real_dir.parents or real_dir in real_folder.parents:
        raise RunError(f"data.path: {folder} and run.dir {run_dir} lie in one another. Choose another run.dir.")
    directory = run_directory(settings.run)
    check_data_set(folder, directory.identity() if exists(directory.marker) else None)


def absolute(settings: IngestSettings) -> IngestSettings:
    """The settings with paths that mean the same in any working directory."""

    def made(path: str) -> str:
        return str(Path(path).expanduser().absolute())

    others = {name: made(path) for name in ("metrics_dir", "site_log") if (path := getattr(settings.run, name))}
    return settings.model_copy(
        update={
            "source": tuple(map(made, settings.source)),
            "data": settings.data.model_copy(update={"path": made(settings.data.path)}),
            "run": settings.run.model_copy(update={"dir": made(settings.run.dir), **others}),
        }
    )


def refuse_lost(directory: RunDirectory, settings: IngestSettings) -> None:
    """Refuse a complete run whose data set is gone: it has kept no texts.

    Raises:
        RunError: with the remedy.
    """
    if directory.is_complete and not exists(Path(settings.data.path)):
        raise RunError(
            f"data.path: {settings.data.path} is gone, and its run is complete and keeps no texts. Put it back; or "
            f"remove {directory.root} and run the same command again, which reads all files anew."
        )


def changes_since_begun(settings: IngestSettings) -> list[str]:
    """What of the source has changed since the run was begun; see `glane.ingestion.inventory.changes_since`."""
    directory = run_directory(settings.run)
    return changes_since(directory) if exists(directory.inventory) else []
