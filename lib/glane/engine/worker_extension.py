"""`glane.engine.mass_extension` and `glane.engine.forcing_extension` together: vLLM takes one name."""

from glane.engine import forcing_extension, mass_extension

__all__ = ["WorkerExtension", "forcing_extension", "mass_extension"]


class WorkerExtension:
    """An empty class; no child of theirs, as vLLM may add all three to its worker's class in one process."""
