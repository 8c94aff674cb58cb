"""What can run as a batch job: the settings of either, and how the nodes read them."""

from __future__ import annotations

from pydantic import TypeAdapter

from glane.settings.embed import EmbedSettings
from glane.settings.extract import ExtractSettings, SeveralSettings
from glane.settings.ingest import IngestSettings

JobSettings = ExtractSettings | IngestSettings | EmbedSettings
_READER: TypeAdapter[JobSettings] = TypeAdapter(SeveralSettings | JobSettings)


def read_job(content: str | bytes) -> JobSettings:
    """The settings of a job from their JSON. No key is unknown to the one kind and none is lacking: they differ."""
    return _READER.validate_json(content)
