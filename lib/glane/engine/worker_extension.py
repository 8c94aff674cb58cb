"""`glane.engine.mass_extension` and `glane.engine.forcing_extension` together: vLLM takes one name."""

from glane.engine.forcing_extension import ForcingExtension
from glane.engine.mass_extension import MassExtension


class WorkerExtension(MassExtension, ForcingExtension):
    """An empty class."""
