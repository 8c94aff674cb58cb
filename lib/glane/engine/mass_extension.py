"""What vLLM imports in each of its worker processes, by the name in its argument `worker_extension_cls`: the mass.

The class adds nothing to vLLM's worker. That vLLM looks for it has this module run, before the worker is made.
"""

from vllm.platforms import current_platform

from glane.engine.allowed_mass import install
from glane.engine.vllm_compat import RUNNER_OF_CPU, RUNNERS_OF_GPU


class MassExtension:
    """An empty class."""


for _runner in (RUNNER_OF_CPU,) if current_platform.is_cpu() else RUNNERS_OF_GPU:
    install(_runner)
