"""What the job that checks the audit log is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import HomePath
from glane.validation import Strict, validated


class AuditSettings(Strict):
    """What `jobs/audit.py` is told."""

    dir: HomePath | None = None  # the folder of the log
    show: int = Key(default=0, ge=0)  # so many of the last entries
    out: HomePath | None = None  # a JSON file of the heads
    against: HomePath | None = None  # such a file of an earlier day


def audit_settings(values: Mapping[str, Any]) -> AuditSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(AuditSettings, values, place="")
