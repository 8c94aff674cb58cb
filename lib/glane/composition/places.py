"""Where glane's own configuration is, and which groups it has."""

from __future__ import annotations

from pathlib import Path

CONF = Path(__file__).resolve().parents[1] / "conf"
GROUPS = ("reading", "task", "data", "model", "cluster", "table", "brief", "linkage", "experiment")
"""What a command line chooses from by name. All but the last set only keys of their own."""
