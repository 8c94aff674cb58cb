"""What is no part of the product: set-up, the benchmark, the recipe of the demo model, a private Slurm."""
