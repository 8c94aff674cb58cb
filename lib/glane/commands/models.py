"""List the staged models: what each is, its licence, the GPUs that it needs, how to use it, whether it was changed.

glane models models.dir=/shared/models
glane models verify=true                            reads every file; exit code 2 if one is not as it was staged

json=true        a JSON list
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look, and list."""
    from glane.job.models import list_models
    from glane.languages import say
    from glane.settings import models_settings

    if not list_models(models_settings(values), say=say):
        sys.exit(2)
