"""As `glane.engine.mass_extension`, for forced tokens."""

from glane.engine.known_tokens import install
from glane.engine.vllm_compat import UPDATE


class ForcingExtension:
    """An empty class."""


install(UPDATE)
