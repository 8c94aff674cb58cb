"""glane reads large collections of documents on your own cluster and returns typed, checkable Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glane.extraction.results import Run, open_run

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "open_run"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `import glane` stays instant for jobs that read no results.
    if name in {"Run", "open_run"}:
        from glane.extraction import results

        return getattr(results, name)
    raise AttributeError(f"module 'glane' has no attribute {name!r}")
