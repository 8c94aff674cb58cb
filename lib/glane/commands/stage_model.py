"""Take a model into the catalogue of this site: looked at, copied with SHA-256, verified, there whole or not at all.

  glane stage-model source=downloads/Mistral-Small-3.2-24B-Instruct-2506 models.dir=/shared/models
  glane stage-model source=… leave_out=['*.bin','original/*']        files that are not needed

Weights as pickles, whatever their name, and code of the model's own are refused. A run compares all files of a staged
model with what they held, and refuses what was changed, removed or added. What was killed is gone on with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Stage, and say what was found."""
    from glane.job.models import stage_model
    from glane.languages import say
    from glane.settings import stage_model_settings

    stage_model(stage_model_settings(values), say=say)
