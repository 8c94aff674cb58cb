"""Slurm behind the scheduler protocol. The only place that imports submitit and calls Slurm's commands."""
