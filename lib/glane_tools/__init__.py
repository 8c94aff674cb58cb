"""Tools beside the product: set-up, a browser for tests, the benchmark, training of the demo model, a private Slurm."""
