"""A private, real Slurm cluster of two nodes on one machine, for newcomers and tests. Standard library only.

From a shell: `python3 lib/glane_tools/slurm up`. From Python, with lib/glane_tools in sys.path:

    import slurm
    cluster = slurm.start(folder)
    subprocess.run(["sinfo"], env=cluster.environment)
    slurm.stop(folder)
"""

from slurm.cluster import Cluster, find, start, stop
from slurm.errors import MissingError, SlurmError

__all__ = ["Cluster", "MissingError", "SlurmError", "find", "start", "stop"]
