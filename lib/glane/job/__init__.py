"""What a user starts: an extraction here or on Slurm, its preview, its sentinels, its status."""
