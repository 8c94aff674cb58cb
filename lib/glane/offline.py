"""What DuckDB is told wherever it is opened: it could load extensions from the network."""

from __future__ import annotations

OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,  # it would fetch them
    "autoload_known_extensions": False,
    "threads": 2,
}
