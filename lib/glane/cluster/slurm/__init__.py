"""Slurm behind the scheduler protocol. The only place that imports submitit, and that knows Slurm's commands."""
