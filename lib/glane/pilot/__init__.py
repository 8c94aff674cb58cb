"""What a run will take, from a small one: sampled, run for real, and carried over to the whole selection."""
