"""Whether what a complete job made can be used, of whatever kind its work is."""

from __future__ import annotations

from glane.extraction.summary import check_all_usable
from glane.ingestion.summary import check_usable as check_pages
from glane.run.directory import run_directory
from glane.settings import ExtractSettings, IngestSettings, JobSettings


def check_job_usable(settings: JobSettings) -> None:
    """Refuse to call a job a success of which too little can be used. One that is not complete is not judged.

    Raises:
        UnusableError: with what became of its rows, or of its pages.
    """
    if isinstance(settings, ExtractSettings):
        check_all_usable(settings)
    elif isinstance(settings, IngestSettings):
        check_pages(run_directory(settings.run), settings.run.dir)
